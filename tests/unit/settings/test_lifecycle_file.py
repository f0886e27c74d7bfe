"""lifecycle.yaml and teams.yaml: read into frozen values, and every mistake told with file, line and advice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from syncd.model.lifecycle import (
    NEW,
    OTHER,
    Amendment,
    Entry,
    FirstLink,
    Reason,
    Span,
    Stage,
    Team,
    Teams,
    Transition,
    Undeclared,
    Unit,
)
from syncd.model.values import Pair
from syncd.settings.loading import load
from tests.unit.settings.conftest import Folder

CONFIG = Path(__file__).parents[3] / "config"
TEAMS = """\
teams:
  marketing: {name: Marketing, roles: [Marketing]}
  sales: {name: Sales, roles: [SDR, AE], queues: [Inbound], users: [pat@example.com], profiles: [Standard]}
unknown: {crm: sales}
"""
LIFECYCLE = """\
field: stage
stages:
  mql:
    name: MQL
    definition: Marketing asks sales to speak to them.
    owner: sales
    leave_within: {A: 1 hour, other: 2 days}
    entry:
      filled: [email]
      when: "email != null"
      words: There is an address.
  sql: {name: SQL, definition: Sales has spoken to them., final: true}
reasons:
  skipped:
    hot: {marketing: Could not wait, crm: Hot}
    known: {marketing: Known to sales, crm: Known}
transitions:
  - {from: new, to: mql, by: [marketing, system]}
  - {from: mql, to: sql, by: sales, reasons: skipped}
changed:
  - {date: 2026-01-31, what: Began, who: Kim and Pat}
  - {date: 2026-03-02, what: MQL needs an address, who: Kim, stages: [mql]}
"""


@pytest.fixture
def agreed(folder: Folder) -> Folder:
    """A sound configuration with a small lifecycle of two stages."""
    folder.rated()
    folder.write("teams.yaml", TEAMS)
    folder.write("lifecycle.yaml", LIFECYCLE)
    folder.person("crm: {Lead: Status}\n", "crm: {Lead: Status}\n    policy: lifecycle\n")
    return folder


def test_without_the_files_nothing_is_agreed(folder: Folder) -> None:
    """A configuration without them is what it was."""
    settings = folder.load().connection(None)
    assert (settings.lifecycle, settings.teams) == (None, None)


def test_both_files_become_values(agreed: Folder) -> None:
    """Every key arrives, and what is not said is the choice that cannot hurt."""
    loaded = agreed.load()
    settings = loaded.connection(None)
    assert {path.name for path in loaded.files} >= {"lifecycle.yaml", "teams.yaml"}
    assert settings.teams == Teams(
        (
            Team("marketing", "Marketing", roles=("Marketing",)),
            Team("sales", "Sales", ("pat@example.com",), ("SDR", "AE"), ("Inbound",), ("Standard",)),
        ),
        Pair(None, "sales"),
    )
    lifecycle = settings.lifecycle
    assert lifecycle is not None
    assert (lifecycle.kind, lifecycle.field, lifecycle.undeclared) == ("person", "stage", Undeclared.REPORT)
    assert lifecycle.first_link is FirstLink.HOLD
    assert lifecycle.stages == (
        Stage(
            "mql",
            "MQL",
            "Marketing asks sales to speak to them.",
            "sales",
            Entry(("email",), "email != null", "There is an address."),
            {"A": Span(1, Unit.HOUR), OTHER: Span(2, Unit.DAY)},
        ),
        Stage("sql", "SQL", "Sales has spoken to them.", final=True),
    )
    assert lifecycle.transitions == (
        Transition(NEW, "mql", ("marketing", "system")),
        Transition("mql", "sql", ("sales",), "skipped"),
    )
    assert lifecycle.reasons["skipped"][0] == Reason("hot", Pair("Could not wait", "Hot"))
    assert lifecycle.changed[1] == Amendment(date(2026, 3, 2), "MQL needs an address", "Kim", ("mql",))


def test_lists_are_every_pair(agreed: Folder) -> None:
    """`from` and `to` may be lists: each of the one to each of the other; one time for all grades is everybody's."""
    agreed.change("lifecycle.yaml", "{from: new, to: mql,", "{from: new, to: [mql, sql],")
    agreed.change("lifecycle.yaml", "{A: 1 hour, other: 2 days}", "15 minutes")
    lifecycle = agreed.load().connection(None).lifecycle
    assert lifecycle is not None
    assert [each.end for each in lifecycle.transitions] == ["mql", "sql", "sql"]
    assert lifecycle.stages[0].leave_within == {OTHER: Span(15, Unit.MINUTE)}
    assert [str(Span(1, Unit.DAY)), str(Span(2, Unit.HOUR))] == ["1 business day", "2 business hours"]


# changed piece of lifecycle.yaml, what it becomes, start of the flaw, advice in it
FLAWS = [
    # -- the field and its table
    ("field: stage", "field: stag", "1:8: there is no shared field 'stag'", "did you mean 'stage'?"),
    ("field: stage", "field: email", "1:8: the field email has no value table", "type: enum"),
    ("field: stage", "field: stage\nkind: company", "2:7: there is no mapping of the kind 'company'", "company.yaml"),
    ("  sql: {", "  sqk: {", "12:3: the stage sqk is no value of the field stage", "did you mean 'sql'?"),
    ("  sql: {", "  sqk: {", "2:1: the value sql of the field stage (schema/person.yaml:15)", "add the stage"),
    # -- entry criteria
    ("[email]", "[emial]", "9:16: there is no shared field 'emial'", "did you mean 'email'?"),
    ("email != null", "emial != null", "10:13: CEL does not compile: line 1, column 1", "did you mean email?"),
    ('      when: "email != null"\n', "", "10:14: these words explain no condition", "add `when:`"),
    # -- times
    ("1 hour", "1 week", "7:19: stages.mql.leave_within: this is no span", "`8 hours`"),
    ("1 hour", "0 hours", "7:19: stages.mql.leave_within: this is no span", "`8 hours`"),
    # -- teams
    ("owner: sales", "owner: sale", "6:12: there is no team 'sale'", "did you mean 'sales'?"),
    ("[marketing, system]", "[marketing, systm]", "18:30: there is no team 'systm'", "did you mean 'system'?"),
    # -- ways in and out
    ("from: mql, to: sql", "from: mqll, to: sql", "19:12: there is no stage 'mqll'", "did you mean 'mql'?"),
    ("from: mql, to: sql", "from: mqll, to: sql", "3:3: there is no way out of the stage mql", "final: true"),
    ("from: mql, to: sql", "from: mqll, to: sql", "12:3: nobody can ever come into the stage sql", "`new`"),
    ("to: mql,", "to: new,", "18:21: there is no stage 'new'", "use one of mql, sql"),
    ("from: mql, to: sql", "from: sql, to: sql", "19:5: a move from sql to sql leads nowhere", "another stage"),
    ("from: mql, to: sql", "from: [mql, sql], to: sql", "12:66: the stage sql is final", "remove `final`"),
    (
        "changed:",
        "  - {from: mql, to: sql, by: [marketing, sales]}\nchanged:",
        "20:5: mql -> sql by sales is declared in line 19 already",
        "keep one",
    ),
    ("system]}", "system], recycles: true}", "18:61: nobody who is new", "remove `recycles`"),
    # -- reasons
    ("reasons: skipped}", "reasons: skiped}", "19:46: there is no list of reasons 'skiped'", "did you mean 'skipped'?"),
    (", reasons: skipped}", "}", "14:3: no transition asks for a reason of the list skipped", "remove the list"),
    ("  skipped:\n", "  none: {}\n  skipped:\n", "14:3: the list none has no reasons", "remove the list"),
    ("crm: Known}", "crm: hot}", "16:45: hot and known are both 'hot' on the crm side", "tell them apart"),
    # -- what was agreed
    ("2026-01-31", "2026-02-30", "21:12: changed.0.date: the calendar has no 2026-02-30", "a day that there is"),
    ("2026-01-31", "31.1.2026", "21:12: changed.0.date: this is no date", "2026-03-31"),
    ("2026-01-31", "2026-03-31", "22:12: 2026-03-02 stands below 2026-03-31", "oldest first"),
    ("stages: [mql]}", "stages: [mq]}", "22:70: there is no stage 'mq'", "did you mean 'mql'?"),
    # -- the file itself
    ("definition: Sales", "defintion: Sales", "12:20: unknown key 'defintion'", "did you mean 'definition'?"),
    ("name: MQL", "name: ''", "4:11: stages.mql.name: this says nothing", "write it in words"),
    ("to: sql, by", "by", "19:5: the key 'to' is missing in transitions.1", "add it"),
    ("field: stage", "field: stage\nundeclared: force", "2:13: undeclared: input should be 'report'", "write one of"),
    (LIFECYCLE, "", "the file is empty", "it needs field, stages, transitions"),
]


@pytest.mark.parametrize(("old", "new", "start", "advice"), FLAWS)
def test_a_flaw_in_the_lifecycle(agreed: Folder, old: str, new: str, start: str, advice: str) -> None:
    """Each mistake has its file, line, column and a way out."""
    agreed.change("lifecycle.yaml", old, new)
    flaws = [flaw.replace(f"{agreed.path}/", "") for flaw in agreed.flaws()]
    place = "lifecycle.yaml:" + ("" if start[0].isdigit() else " ")
    assert any(flaw.startswith(place + start) and advice in flaw for flaw in flaws), flaws


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: Marketing, roles: [Marketing]", "name: Marketing", "teams.yaml:2:3: nobody is in the team marketing"),
        ("[SDR, AE]", "[SDR, sdr]", "teams.yaml:3:37: sdr stands here twice; keep one of the two"),
        ("crm: sales", "crm: sails", "teams.yaml:4:16: there is no team 'sails'; did you mean 'sales'?"),
        ("  marketing:", "  system: {name: x, roles: [Bot]}\n  marketing:", "teams.yaml:2:3: 'system' has a meaning"),
        ("profiles", "profils", "teams.yaml:3:87: unknown key 'profils'; did you mean 'profiles'?"),
    ],
)
def test_a_flaw_in_the_teams(agreed: Folder, old: str, new: str, expected: str) -> None:
    """The same for the teams, and the lifecycle is not blamed for teams that could not be read."""
    agreed.change("teams.yaml", old, new)
    (flaw,) = agreed.flaws()
    assert flaw.startswith(expected)


def test_a_lifecycle_needs_its_teams(agreed: Folder) -> None:
    """Who may move people is half of it."""
    (agreed.path / "teams.yaml").unlink()
    assert agreed.flaws() == ["teams.yaml: lifecycle.yaml names teams, and this file does not exist; add it"]


def test_teams_may_stand_alone(folder: Folder) -> None:
    """They are checked and known without a lifecycle."""
    folder.write("teams.yaml", TEAMS)
    settings = folder.load().connection(None)
    assert settings.lifecycle is None
    assert settings.teams is not None


def test_two_stages_that_look_the_same(agreed: Folder) -> None:
    """A table may allow it with `way_back`; a lifecycle cannot tell the move."""
    agreed.person('"*"], crm: Working}', '"*"], crm: Open, way_back: [crm]}')
    (flaw,) = agreed.flaws()
    assert flaw.startswith("lifecycle.yaml:12:3: mql and sql look the same on the crm side (Open)")


def test_a_field_that_goes_one_way(agreed: Folder) -> None:
    """The moves of the other side would be written over."""
    agreed.person("    type: enum\n", "    type: enum\n    direction: to_crm\n")
    (flaw,) = agreed.flaws()
    assert flaw.startswith("lifecycle.yaml:1:8: the field stage goes to_crm only")


def test_a_stage_called_new(agreed: Folder) -> None:
    """The word is taken."""
    agreed.person("      mql: {", "      new: {marketing: [x, y], crm: X}\n      mql: {")
    agreed.change("lifecycle.yaml", "  sql: {", "  new: {name: N, definition: D}\n  sql: {")
    assert any(flaw.startswith("lifecycle.yaml:12:3: 'new' is where people are") for flaw in agreed.flaws())


def test_the_example_declares_every_stage_of_the_example_mapping() -> None:
    """config/lifecycle.yaml is sound, and says of each stage who may bring people there."""
    environ = {
        "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "token",
        "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "secret",
    }
    settings = load(CONFIG, environ).connection("main")
    assert settings.lifecycle is not None
    ends = {each.end for each in settings.lifecycle.transitions}
    assert ends == {stage.key for stage in settings.lifecycle.stages}
    assert {each.start for each in settings.lifecycle.transitions if each.recycles} == {"disqualified"}
