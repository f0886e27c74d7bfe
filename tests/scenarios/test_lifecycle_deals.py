"""The law of the lifecycle where the Lead is converted and Opportunities come and go, with edits on both sides and
faults: nobody comes into a stage by an undeclared edge through syncd.

Judged as in ``test_lifecycle_laws``. A conversion is a move of whoever converts; a deal calls for a stage in the name
of the vendors' automation. ``STORIES=N`` plays N stories instead of a few.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.bootstrap import read_only_fields
from syncd.model.lifecycle import Undeclared
from syncd.settings.accounts import ConnectionSettings
from syncd.settings.loading import load
from tests.scenarios.lives import told
from tests.scenarios.steps import Schema
from tests.scenarios.stories import (
    CONTACT_STAGE,
    CRM,
    FAULTS,
    MARKETING,
    ROLES,
    Convert,
    Cycle,
    Deal,
    Edit,
    Happening,
    by_role,
    with_a_status_for_leads,
)
from tests.worlds import agreed, config_environment

SELLERS = ["Marketing", "SDR", "Facilities"]
EDITS = st.one_of(
    st.builds(Edit, st.just("crm"), st.sampled_from(SELLERS), st.sampled_from(sorted(CRM))),
    st.builds(Edit, st.just("marketing"), st.sampled_from(sorted(ROLES)), st.sampled_from(sorted(MARKETING))),
)
CONVERSIONS = st.builds(Convert, st.sampled_from(SELLERS), st.booleans())
DEALS = st.builds(Deal, st.sampled_from(["won", "open", "lost"]), st.booleans())
CYCLES = st.builds(
    Cycle, dies=st.none() | st.integers(0, 20), carried_out=st.booleans(), fault=st.none() | st.sampled_from(FAULTS)
)
BEFORE = st.lists(st.one_of(EDITS, CYCLES), max_size=3)
AFTER = st.lists(st.one_of(EDITS, DEALS, DEALS, CYCLES), max_size=7)
STORIES = st.builds(lambda before, turn, after: [*before, turn, *after], BEFORE, CONVERSIONS, AFTER)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the configurations lie."""
    return tmp_path_factory.mktemp("deals")


@cache
def configured(folder: Path, way: Undeclared, on_contacts: str) -> ConnectionSettings:
    """What both teams agreed on, with deals, and one way with undeclared moves; the stage stands on Contacts, or not.

    A loss gives people back, and a deal that is open again takes them up, in the name of the automation.
    """
    config = agreed(folder / f"{way.value}-{on_contacts}")
    shutil.copytree(config / "optional" / "deals", config, dirs_exist_ok=True)

    def lifecycle(tree: Schema) -> None:
        tree["undeclared"] = way.value
        tree["transitions"] += [
            {"from": "opportunity", "to": "disqualified", "by": "system"},
            {"from": "disqualified", "to": "opportunity", "by": "system"},
        ]

    def person(tree: Schema) -> None:
        with_a_status_for_leads(tree)
        if on_contacts == "stage on Contacts":
            tree["fields"]["stage"]["crm"] = {"Lead": "Status", "Contact": CONTACT_STAGE}

    for name, edit in (("lifecycle", lifecycle), ("teams", by_role), ("schema/person", person)):
        path = config / f"{name}.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(tree)
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return load(config, config_environment(), read_only=read_only_fields()).connection(None)


@settings(max_examples=int(os.environ.get("STORIES", "8")))
@given(way=st.sampled_from(Undeclared), on_contacts=st.sampled_from(["stage on Contacts", "none there"]), story=STORIES)
@example(way=Undeclared.REPORT, on_contacts="none there", story=[Convert("Facilities"), Deal("won")])
@example(
    way=Undeclared.REVERT, on_contacts="stage on Contacts",
    story=[Edit("crm", "SDR", "disqualified"), Convert("Marketing"), Cycle()],
)  # fmt: skip
@example(
    way=Undeclared.HOLD, on_contacts="none there",
    story=[Convert("Marketing"), Edit("marketing", "Facilities", "opportunity")],
)  # fmt: skip
@example(
    way=Undeclared.REPORT, on_contacts="stage on Contacts",
    story=[Convert("SDR", opportunity=True), Cycle(), Deal("lost"), Cycle(), Cycle(), Deal("open"), Cycle(dies=9)],
)  # fmt: skip
@example(
    way=Undeclared.REPORT, on_contacts="stage on Contacts",
    story=[Convert("SDR"), Cycle(), Deal("open"), Edit("marketing", "SDR", "disqualified"), Cycle(), Cycle()],
)  # fmt: skip
@example(
    way=Undeclared.REPORT, on_contacts="none there",
    story=[Convert("SDR"), Edit("marketing", "workflow", "sql"), Cycle(), Deal("won"),
           Edit("marketing", "workflow", "mql"), Cycle(), Cycle()],
)  # fmt: skip
@example(
    way=Undeclared.REPORT, on_contacts="stage on Contacts",
    story=[Edit("marketing", "Facilities", "disqualified"), Convert("Marketing"), Deal("lost")],
)  # fmt: skip
@pytest.mark.slow
@pytest.mark.always
def test_nobody_is_brought_into_a_stage_by_an_undeclared_edge(
    folder: Path, way: Undeclared, on_contacts: str, story: list[Happening]
) -> None:
    """Whatever sales makes of the Lead and its deals, and whoever edits the person meanwhile."""
    played = told(configured(folder, way, on_contacts), story)
    played.steps.both.store.close()
