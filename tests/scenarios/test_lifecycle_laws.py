"""Whatever people do, however often syncd dies or is not answered: nobody comes into a stage by an undeclared edge.

Judged from what the vendors' own logs say that syncd wrote, with transitions read from the file and none of syncd's
code: a stage that it wrote was the agreed one, or was reached from it by moves that somebody made on either side in
that order, each declared for a team of theirs. What it wrote and took back at once counts, too.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.model.lifecycle import Undeclared
from syncd.settings.accounts import ConnectionSettings
from tests.scenarios.lives import told
from tests.scenarios.steps import Schema, relived
from tests.scenarios.stories import CRM, FAULTS, MARKETING, ROLES, Cycle, Edit, by_role, with_a_status_for_leads

EDITS = st.one_of(
    st.builds(Edit, st.just("crm"), st.sampled_from(["Marketing", "SDR", "Facilities"]), st.sampled_from(sorted(CRM))),
    st.builds(Edit, st.just("marketing"), st.sampled_from(sorted(ROLES)), st.sampled_from(sorted(MARKETING))),
)
CYCLES = st.builds(
    Cycle,
    dies=st.none() | st.integers(0, 12),
    carried_out=st.booleans(),
    fault=st.none() | st.sampled_from(FAULTS),
)
STORIES = st.lists(st.one_of(EDITS, EDITS, CYCLES), min_size=2, max_size=10)


class Configured:
    """One configuration for each way with undeclared moves, read once."""

    def __init__(self, folder: Path) -> None:
        self._settings: dict[Undeclared, ConnectionSettings] = {}
        for way in Undeclared:

            def change(tree: Schema, way: Undeclared = way) -> None:
                tree["undeclared"] = way.value

            both = relived(folder / way.value, change, teams=by_role, person=with_a_status_for_leads)
            self._settings[way] = both.settings
            both.store.close()

    def of(self, way: Undeclared) -> ConnectionSettings:
        """The configuration for one of them."""
        return self._settings[way]


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Configured:
    """All of them."""
    return Configured(tmp_path_factory.mktemp("laws"))


@settings(max_examples=40, deadline=None)
@given(way=st.sampled_from(Undeclared), story=STORIES)
@example(way=Undeclared.REVERT, story=[Edit("marketing", "Marketing", "customer"), Edit("crm", "SDR", "sql")])
@example(
    way=Undeclared.REVERT,
    story=[
        Edit("crm", "Marketing", "disqualified"), Edit("marketing", "Facilities", "lead"),
        Edit("marketing", "Facilities", "customer"), Edit("crm", "Marketing", "lead"),
    ],
)  # fmt: skip
@example(way=Undeclared.REPORT, story=[Edit("crm", "Facilities", "sql"), Cycle(dies=6, carried_out=True)])
@example(way=Undeclared.REPORT, story=[Edit("crm", "SDR", "sql"), Cycle(fault=("hubspot", "ghost-write"))])
@pytest.mark.slow
def test_nobody_is_brought_into_a_stage_by_an_undeclared_edge(
    configured: Configured, way: Undeclared, story: list[Edit | Cycle]
) -> None:
    """Edits by anybody on both sides, cycles that die or are not answered: each write of a stage is declared, and
    where the sides differ in the end a person is told.
    """
    played = told(configured.of(way), story)
    marketing, crm = played.shows()
    if marketing != crm and marketing in CRM:
        assert played.steps.conflicts() or played.steps.both.store.parked()
    played.steps.both.store.close()
