"""Only ``teams.yaml`` is changed: what becomes of moves that travelled, by whoever made them.

The record of the write names teams, the ledger the author; where neither does, no move is told as one that travels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.core.rehearsal import Fate
from syncd.core.replay import Turn
from syncd.operations.backtest_authors import NOT_NAMED, OTHERWISE
from syncd.operations.backtest_report import backtest_document, backtest_report
from tests.scenarios.backtests import changed, replayed, turns
from tests.scenarios.lifecycles import CLOSED, MQL, WORKING, ann
from tests.scenarios.steps import Schema, Steps
from tests.worlds import agreed, open_both

SQL = ("mql", "sql")
NO = ("sql", "disqualified")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Both teams have agreed on who may move whom."""
    return agreed(tmp_path / "agreed")


@pytest.fixture
def steps(config: Path) -> Iterator[Steps]:
    """Two empty stand-ins over that configuration."""
    both = open_both(config=config)
    yield Steps(both)
    both.store.close()


def worked(steps: Steps) -> tuple[str, str]:
    """An MQL whom an SDR takes up and an account executive says no to."""
    contact, lead = ann(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    steps.sell(lead, by=steps.seller("Account Executive"), Status=CLOSED)
    steps.cycle()
    assert not steps.conflicts()
    return contact, lead


def without(role: str) -> Callable[[Schema], None]:
    """Whoever has this role serves nobody, and whoever is in no team moves nobody."""

    def edit(tree: Schema) -> None:
        del tree["unknown"]
        tree["teams"]["sales"]["roles"].remove(role)
        tree["teams"]["sales"]["profiles"].remove("Standard User")

    return edit


def moved_to_marketing(role: str) -> Callable[[Schema], None]:
    """Whoever has this role serves marketing from now on."""

    def edit(tree: Schema) -> None:
        tree["teams"]["sales"]["roles"].remove(role)
        tree["teams"]["marketing"]["roles"].append(role)

    return edit


@pytest.mark.parametrize("edit", [without("SDR"), moved_to_marketing("SDR")])
def test_who_may_not_any_more_would_have_been_refused(
    steps: Steps, config: Path, tmp_path: Path, edit: Callable[[Schema], None]
) -> None:
    """The SDR's move is known to be an SDR's: it would not have travelled; that of the other role would have."""
    worked(steps)
    told = replayed(steps, config, changed(config, tmp_path, {"teams": edit}))
    assert dict(told.moves.counts) == {
        (*SQL, Fate.ALLOWED, Fate.REFUSED): 1,
        (*NO, Fate.ALLOWED, Fate.ALLOWED): 1,
    }
    assert turns(told, "stage")[Turn.NOT_WRITTEN] == 1
    assert told.moves.teams_changed
    assert told.differs
    assert told.verdict == "something would have been different"


def test_one_person_by_name(steps: Steps, config: Path, tmp_path: Path) -> None:
    """A user who is named in a team counts for it, whatever their role says: one of two SDRs is marketing's now."""
    _, lead = ann(steps)
    first, second = "first.sdr@example.com", "second.sdr@example.com"
    ids = [steps.both.salesforce.add_user(each, f"U {each[0]}", role="SDR") for each in (first, second)]
    steps.sell(lead, by=ids[0], Status=WORKING)
    steps.cycle()
    steps.sell(lead, by=ids[1], Status=CLOSED)
    steps.cycle()

    def named(tree: Schema) -> None:
        tree["teams"]["marketing"]["users"] = [second]

    told = replayed(steps, config, changed(config, tmp_path, {"teams": named}))
    assert dict(told.moves.counts) == {(*SQL, Fate.ALLOWED, Fate.ALLOWED): 1, (*NO, Fate.ALLOWED, Fate.REFUSED): 1}


def test_a_move_that_both_sides_made_alike(steps: Steps, config: Path, tmp_path: Path) -> None:
    """Nothing was written, so the ledger alone tells of it, and who was first: an SDR, who may not any more."""
    contact, lead = ann(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.both.clock.advance(60)
    steps.market(contact, by=steps.marketer("SDR"), lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    steps.cycle()
    told = replayed(steps, config, changed(config, tmp_path, {"teams": moved_to_marketing("SDR")}))
    assert dict(told.moves.counts) == {(*SQL, Fate.ALLOWED, Fate.REFUSED): 1}
    told = replayed(steps, config, changed(config, tmp_path, {"teams": moved_to_marketing("BDR")}))
    assert dict(told.moves.counts) == {(*SQL, Fate.ALLOWED, Fate.ALLOWED): 1}


def test_another_name_for_a_team_changes_nothing(steps: Steps, config: Path, tmp_path: Path) -> None:
    """What people read decides nothing, nor does the order in which members are listed."""
    worked(steps)

    def words(tree: Schema) -> None:
        tree["teams"]["sales"]["name"] = "The closers"
        tree["teams"]["sales"]["roles"].reverse()

    told = replayed(steps, config, changed(config, tmp_path, {"teams": words}))
    assert {(was, now) for _, _, was, now in told.moves.counts} == {(Fate.ALLOWED, Fate.ALLOWED)}
    assert not told.moves.teams_changed
    assert not told.moves.untold
    assert told.verdict == "nothing would have been different"


def test_whom_nobody_named_counts_for_the_team_of_the_side(steps: Steps, config: Path, tmp_path: Path) -> None:
    """Without ``unknown`` a user whom HubSpot does not list may move nobody; the same move travelled before."""
    contact, _ = ann(steps)
    steps.sell(_, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    steps.market(contact, **MQL)
    steps.cycle()

    def strict(tree: Schema) -> None:
        tree["unknown"] = {"crm": "sales"}

    told = replayed(steps, config, changed(config, tmp_path, {"teams": strict}))
    assert told.moves.counts["disqualified", "mql", Fate.ALLOWED, Fate.REFUSED] == 1
    assert told.moves.counts["mql", "disqualified", Fate.ALLOWED, Fate.ALLOWED] == 1


def test_who_changed_their_role_since_cannot_be_told(steps: Steps, config: Path, tmp_path: Path) -> None:
    """Whoever moved people as an SDR is in marketing today: neither answer is given, and the last word says so."""
    _, lead = ann(steps)
    seller = steps.seller("SDR")
    steps.sell(lead, by=seller, Status=WORKING)
    steps.cycle()
    marketer = steps.both.salesforce.org.row(steps.seller("Marketing"))
    assert marketer is not None
    steps.sell(seller, object_name="User", UserRoleId=marketer["UserRoleId"])
    steps.both.clock.advance(7 * 86_400)
    steps.cycle()

    def more(tree: Schema) -> None:
        tree["teams"]["marketing"]["roles"].append("Events")

    told = replayed(steps, config, changed(config, tmp_path, {"teams": more}))
    assert not told.moves.counts
    assert dict(told.moves.untold) == {OTHERWISE: 1}
    assert not told.differs
    assert told.verdict.startswith("nothing that can be told would have been different")


def test_without_a_ledger_nobody_is_known(tmp_path: Path) -> None:
    """The record names the team alone: neither move is told. Where no team may make it any more, it is."""
    config = agreed(tmp_path / "agreed")

    def no_ledger(tree: Schema) -> None:
        del tree["handoff"]

    def nobody(tree: Schema) -> None:
        tree["transitions"] = [each for each in tree["transitions"] if each["from"] != "sql"]

    config = changed(config, tmp_path, {"lifecycle": no_ledger})
    steps = Steps(open_both(config=config))
    worked(steps)
    teams = moved_to_marketing("SDR")
    told = replayed(steps, config, changed(config, tmp_path, {"teams": teams}))
    assert (dict(told.moves.untold), dict(told.moves.counts)) == ({NOT_NAMED: 2}, {})
    assert backtest_document(told, steps.both.store)["cannot_be_told"][NOT_NAMED] >= 2
    told = replayed(steps, config, changed(config, tmp_path, {"teams": teams, "lifecycle": nobody}))
    assert (dict(told.moves.untold), dict(told.moves.counts)) == (
        {NOT_NAMED: 1}, {(*NO, Fate.ALLOWED, Fate.REFUSED): 1},
    )  # fmt: skip
    steps.both.store.close()


def test_the_report_says_how_teams_were_judged(steps: Steps, config: Path, tmp_path: Path) -> None:
    """In a sentence beside the moves; where the teams are the same it is not there."""
    worked(steps)
    for edit, said in ((without("SDR"), True), (lambda _: None, False)):
        told = replayed(steps, config, changed(config, tmp_path, {"teams": edit}))
        (section,) = [each for each in backtest_report(told, steps.both.store).sections if each.key == "moves"]
        assert any(words.startswith("The teams have changed") for words in section.words) is said
