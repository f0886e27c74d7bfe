"""The stage of one linked person: what is asked for, how it is merged, and what is kept beside it.

Length: one small world of stages, records and moves carries every question about them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.core.known import Moved, Person
from syncd.core.layout import Layouts
from syncd.core.merge import KEEP, NEEDS_MOVES, Agree, Clashing, Seen, Take, Unite, Verdict
from syncd.core.news import News
from syncd.core.sight import Sight
from syncd.core.stages import Stages
from syncd.core.staging import Moves
from syncd.model.beside import answered_of, called_of, journey_of, moved_of, news_of
from syncd.model.episode import Moved as Happened
from syncd.model.lifecycle import NEW, Agreed, HandoffRules, Move, Undeclared
from syncd.model.link import Base, Link, Linked, Proof, Topic
from syncd.model.mapping import Policy, TableRow
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import MISSING, Canonical, FieldType, Pair, Side, Told, Wire
from tests.unit.core.courses import COURSE, NINE, TEAMS, WHO
from tests.unit.core.lenses import CRM, MARKETING, field, lens, row

NOW = NINE + timedelta(days=1)
CONTACT, LEAD, ACCOUNT = RemoteRef("contacts", "51"), RemoteRef("Lead", "00Q"), RemoteRef("Account", "001")
LINK = Link("L1", "person", Pair(CONTACT, LEAD), Proof.MATCHED, NINE)
ROWS = tuple(row(key, (key,)) for key in ("lead", "mql", "sal", "sql", "out"))
SHY = TableRow("won", Pair((("won",),), (("won",),)), Pair(("won",), None))
"""A stage that the CRM has no form for."""
STAGE = field(FieldType.ENUM, name="stage", marketing=("stage",), crm=("Status",), policy=Policy.LIFECYCLE,
              table=(*ROWS, SHY))  # fmt: skip
REASON = field(name="reason", marketing=("why",), crm=("Why__c",))
EMAIL = field(name="email", marketing=("email",), crm=("Email",))
TITLE = field(name="title", marketing=("title",), crm=("Title",))
HANDOFF = HandoffRules(
    qualified=("mql",), accepted=("sal",), rejected=("out",), won=("won",), offered=("sql",), lost=("gone",),
    recycled=("later",), born=("sql",), facts={"title": "title", "mail": "email"},
)  # fmt: skip


def stages(
    *, first: bool = False, handoff: HandoffRules | None = HANDOFF, undeclared: Undeclared = Undeclared.REPORT
) -> Stages:
    """The course of the tables, with reasons and a handoff."""
    lifecycle = replace(COURSE, handoff=handoff, undeclared=undeclared)
    made = lens(STAGE, REASON, EMAIL, TITLE, agreed=Agreed(lifecycle, TEAMS, ("email", "title", "reason", "stage")))
    layouts = Layouts(made)
    return Stages(made, layouts, Sight(made, layouts), now=NOW, first=first)


def contact(stage: Wire = "mql", **fields: Wire) -> RemoteRecord:
    """Ann in HubSpot."""
    told = {"stage": stage, "email": "a@example.com", "title": "CEO", **fields}
    return RemoteRecord(CONTACT, "1", NOW, told)


def lead(stage: Wire = "mql", **fields: Wire) -> RemoteRecord:
    """Ann in Salesforce."""
    return RemoteRecord(LEAD, "1", NOW, {"Status": stage, "Email": "a@example.com", "Title": "CEO", **fields})


def base(stage: str | None = "mql", confirmed: Pair[Wire] | None = None, **more: Canonical) -> Base:
    """What both agreed on; ``confirmed`` is the stage that each side confirmed, if that is not the same."""
    shown = confirmed or Pair(stage, stage)
    wires = Pair({"stage": shown.marketing, "email": "a@example.com"}, {"Status": shown.crm, "Email": "a@example.com"})
    return Base({"stage": stage, "email": "a@example.com", **more}, wires)


NEVER = Base({}, Pair({}, {}))


def merged(
    marketing: RemoteRecord | None,
    crm: RemoteRecord | None,
    moves: Moves | None = None,
    *,
    at: Base | None = None,
    by: Stages | None = None,
    link: Link = LINK,
    decided: Mapping[str, Canonical] | None = None,
) -> tuple[Verdict, list[tuple[Side, str | None]]]:
    """The verdict, and on which side each step of the way was made and where it led."""
    rules, at = by or stages(), at or base()
    person = Person(link, at, Pair(marketing, crm), decided or {})
    layouts = rules._layouts
    sight = Sight(layouts.lens, layouts)

    def look(side: Side) -> Seen:
        record = person.seen.of(side)
        return sight.of(side, "stage", object_name=person.ref(side).object, base=at, record=record)

    verdict, path = rules.merge(STAGE, person, sides=Pair(look(MARKETING), look(CRM)), moves=moves)
    return verdict, [(step.side, step.move.stage) for step in path]


def by_sales(stage: str, hour: int = 9) -> Moves:
    """One move in the CRM."""
    return Pair((), (Move(stage, WHO["s"], NINE.replace(hour=hour)),))


def test_whose_history_is_asked_for() -> None:
    """Only of a side that shows another stage than it confirmed, with its vendor fields and what it was before."""
    rules = stages()

    def moved(at: Base | None, marketing: RemoteRecord | None, crm: RemoteRecord | None) -> Pair[Moved | None]:
        return rules.moved(Linked(LINK, at), Pair(marketing, crm))

    assert moved(base(), contact(), lead()) == moved(base(), None, None) == Pair(None, None)
    assert moved(base(), contact("sal"), lead()) == Pair(Moved(contact("sal"), ("stage",), "mql"), None)
    assert moved(base(), contact(), lead("sal")) == Pair(None, Moved(lead("sal"), ("Status",), "mql"))
    both = moved(base(confirmed=Pair("lead", "mql")), contact("sal"), lead("out"))
    assert both == Pair(Moved(contact("sal"), ("stage",), "lead"), Moved(lead("out"), ("Status",), "mql"))
    assert moved(None, contact(), None) == Pair(Moved(contact(), ("stage",), MISSING), None)
    assert rules.read(CRM, "Lead", ("won",)) == "won"
    assert rules.name == "stage"


@pytest.mark.parametrize(
    ("at", "marketing", "crm", "moves", "verdict", "path"),
    [
        (base(), contact(), lead(), None, KEEP, []),
        (base(), contact(), lead("sal"), None, NEEDS_MOVES, []),
        (base(), contact(), lead("sal"), by_sales("sal"), Take(CRM, "sal", "lifecycle: mql -> sal by s"),
         [(CRM, "sal")]),
        (base(), None, lead("sal"), by_sales("sal"), Take(CRM, "sal", "lifecycle: mql -> sal by s"), [(CRM, "sal")]),
        # -- the reason that its own side shows
        (base(), contact(), lead("out", Why__c="timing"), by_sales("out"),
         Take(CRM, "out", "lifecycle: mql -> out by s"), [(CRM, "out")]),
        (base(), contact(), lead("out", Why__c="Timing"), by_sales("out"),
         Take(CRM, "out", "lifecycle: mql -> out by s"), [(CRM, "out")]),
        (base(), contact(why="timing"), lead("out", Why__c=None), by_sales("out"), Topic.WAITS, []),
        # -- entry criteria are held against what is decided, agreed, or told by either side
        (base("lead"), contact("mql"), lead("lead"), Pair((Move("mql", WHO["m"], NINE),), ()),
         Take(MARKETING, "mql", "lifecycle: lead -> mql by m"), [(MARKETING, "mql")]),
        (base("lead", email=None), contact("mql"), lead("lead"), Pair((Move("mql", WHO["m"], NINE),), ()),
         Topic.WAITS, []),
        (base("lead", title="CEO of all"), contact("mql"), lead("lead"), Pair((Move("mql", WHO["m"], NINE),), ()),
         Topic.WAITS, []),
        (base("lead"), contact("mql", title="CEO of all"), lead("lead"), Pair((Move("mql", WHO["m"], NINE),), ()),
         Topic.WAITS, []),
        # -- never in step
        (NEVER, contact("sql"), lead("sql"), None, NEEDS_MOVES, []),
        (NEVER, contact("lead"), lead("lead"), None, Agree("lead"), [(MARKETING, "lead")]),
        (NEVER, contact("lead"), lead("sal"), None, NEEDS_MOVES, []),
        (NEVER, contact("sal"), lead(None), Pair((), ()), Take(MARKETING, "sal", "lifecycle: first link"),
         [(MARKETING, "sal")]),
        # -- in the Base's own words since: what both confirmed may be another stage by now, and nobody has moved
        (base("old", Pair("mql", "mql")), contact(), lead("sal"), by_sales("sal"),
         Take(CRM, "sal", "lifecycle: mql -> sal by s"), [(CRM, "sal")]),
    ],
)  # fmt: skip
def test_how_a_stage_is_merged(
    at: Base,
    marketing: RemoteRecord | None,
    crm: RemoteRecord | None,
    moves: Moves | None,
    verdict: Verdict | Topic,
    path: list[tuple[Side, str]],
) -> None:
    """As the lifecycle judges, of Base and records."""
    found, way = merged(marketing, crm, moves, at=at)
    assert ((found.topic if isinstance(found, Clashing) else found), way) == (verdict, path)


def test_what_is_decided_now_counts_for_entry_criteria() -> None:
    """Before what was agreed on."""
    moves: Moves = Pair((Move("mql", WHO["m"], NINE),), ())
    at = base("lead", email=None)
    found, _ = merged(contact("mql"), lead("lead"), moves, at=at, decided={"email": "a@example.com"})
    assert isinstance(found, Take)


def test_a_side_without_a_place_for_the_stage_contradicts_nobody() -> None:
    """An Account has none: what the other side shows is so; and no stage can be put back there."""
    link = replace(LINK, refs=Pair(CONTACT, ACCOUNT))
    account = RemoteRecord(ACCOUNT, "1", NOW, {})
    known = Base({"email": "a@example.com"}, Pair({}, {}))
    found, _ = merged(contact("lead"), account, None, at=known, link=link)
    assert found == Agree("lead")


def test_a_stage_that_a_side_has_no_form_for_is_left_to_it() -> None:
    """What its vendor made a new record with by itself is no move; what somebody does afterwards is one."""
    at = Base({"stage": "won", "email": "a@example.com"}, Pair({"stage": "won"}, {}))
    assert merged(contact("won"), lead("mql"), None, at=at) == (Agree("won"), [])
    call = json.dumps(["sql", "2026-03-02T09:00:00.000Z", None])
    called = Base({**at.agreed, called_of("stage"): call}, at.confirmed)
    assert merged(contact("won"), lead("mql"), None, at=called)[0] != Agree("won")
    confirmed = Base(at.agreed, Pair({"stage": "won"}, {"Status": "mql"}))
    assert merged(contact("won"), lead("sal"), None, at=confirmed)[0] is NEEDS_MOVES
    back = stages(undeclared=Undeclared.REVERT)
    refused, _ = merged(contact("won"), lead("lead"), by_sales("lead"), at=confirmed, by=back)
    assert isinstance(refused, Clashing)
    unsaid = "it cannot be put back: the value table never writes this value on this side"
    assert (refused.topic, refused.reason.endswith(unsaid)) == (Topic.MOVE, True)


def test_a_move_that_deals_call_for() -> None:
    """Is written to both sides, and over once both show it or somebody moved them on."""
    call = json.dumps(["won", "2026-03-02T09:00:00.000Z", None])
    at = base("sql", **{called_of("stage"): call})
    assert merged(contact("sql"), lead("sql"), at=at) == (
        Unite("won", "lifecycle: sql -> won by system"), [(CRM, "won")]
    )  # fmt: skip
    there = base("won", Pair("won", "sql"), **{called_of("stage"): call})
    assert merged(contact("won"), lead("sql"), at=there)[0] == Unite("won", "lifecycle: carried to both sides")
    lost = json.dumps(["out", "2026-03-02T09:00:00.000Z", "Timing"])
    at = base("mql", **{called_of("stage"): lost})
    assert merged(contact(), lead(), at=at)[0] == Unite("out", "lifecycle: mql -> out by system")
    never = json.dumps(["won", "2026-03-02T09:00:00.000Z", None])
    undeclared, _ = merged(contact(), lead(), at=base("mql", **{called_of("stage"): never}))
    assert isinstance(undeclared, Clashing)
    assert (undeclared.topic, undeclared.reason.startswith("not declared: mql -> won on the crm side")) == (
        Topic.MOVE, True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "counts", "between", "asked", "asked_first"),
    [
        ("mql", True, True, True, True),
        ("sal", True, True, True, True),
        ("sql", True, True, True, True),
        ("won", True, False, True, False),
        ("out", True, False, True, False),
        ("gone", True, False, True, False),
        ("later", True, False, True, False),
        ("lead", False, False, False, False),
        (None, False, False, False, False),
        (MISSING, False, False, False, False),
    ],
)
def test_what_a_stage_means_for_the_handoff(
    stage: Told, *, counts: bool, between: bool, asked: bool, asked_first: bool
) -> None:
    """Of whom it is asked how they came: of all in a part of it, but at first only of those between the teams."""
    rules, first, none = stages(), stages(first=True), stages(handoff=None)
    assert (rules.counts(stage), rules.between(stage), rules.asks_after(stage)) == (counts, between, asked)
    assert first.asks_after(stage) is asked_first
    assert (none.counts(stage), none.between(stage), none.asks_after(stage)) == (False, False, False)
    born = stages(handoff=replace(HANDOFF, born=("lead",)))
    assert born.between("lead")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"stage": "mql", "email": "a", "title": "x"}, ""),
        ({"stage": "mql", "title": "x"}, "mql needs email to be filled"),
        ({"stage": "mql", "email": "a", "title": "CEO of all"}, "mql wants: title != 'CEO of all'"),
        ({"stage": "sal"}, ""),
        ({"stage": None}, ""),
        ({}, ""),
    ],
)
def test_why_nobody_is_made_in_a_stage(values: Mapping[str, Canonical], why: str) -> None:
    """Its entry criteria are held against the values they would be made with."""
    assert stages().unready(values) == why


CAME = Happened("L1", NINE, 1, "sal", "mql", "s", side="crm")


def told(at: Base, agreed: Mapping[str, Canonical], moves: Moves, *, by: Stages | None = None, shown: bool = True,
         settled: bool = False) -> dict[str, Canonical]:  # fmt: skip
    """What goes into the Base beside what is agreed on."""
    rules = by or stages()
    person = Person(LINK, at, Pair(contact(), lead("sal")), {})
    seen = Pair(Seen(at.agreed.get("stage", MISSING), changed=False), Seen("sal", changed=True))
    _, path = rules.merge(STAGE, person, sides=seen, moves=moves)
    return rules.beside(person, path, agreed, shown=shown, settled=settled)


def test_what_is_kept_beside_another_stage() -> None:
    """The journey, when it was entered and who moved last by hand, and the news for the ledger."""
    at = base(**{journey_of("stage"): "1 1:mql=2026-03-01T09:00:00.000Z"})
    found = told(at, {"stage": "sal"}, by_sales("sal"))
    assert found == {
        journey_of("stage"): "1 1:mql=2026-03-01T09:00:00.000Z 1:sal=2026-03-02T09:00:00.000Z",
        moved_of("stage"): "2026-03-02T09:00:00.000Z 2026-03-02T09:00:00.000Z",
        news_of("stage"): News((CAME,), shown=True).text,
    }
    assert told(at, {"stage": "sal"}, by_sales("sal"), shown=False)[news_of("stage")] == News((CAME,), shown=False).text
    plain = told(at, {"stage": "sal"}, by_sales("sal"), by=stages(handoff=None))
    assert plain == {journey_of("stage"): found[journey_of("stage")]}
    assert told(at, {"title": "x"}, by_sales("sal")) == {news_of("title"): "2026-03-03T09:00:00.000Z"}


def test_when_somebody_was_moved_by_hand_is_kept() -> None:
    """Until a person moves them again: automation is nobody's hand."""
    kept = base("lead", **{moved_of("stage"): "2026-03-01T08:00:00.000Z 2026-03-01T07:00:00.000Z"})
    rules = stages()
    person = Person(LINK, kept, Pair(contact(), lead()), {})
    auto: Moves = Pair((), (Move("mql", WHO["auto"], NINE),))
    sides = Pair(Seen("lead", changed=False), Seen("mql", changed=True))
    _, path = rules.merge(STAGE, person, sides=sides, moves=auto)
    found = rules.beside(person, path, {"stage": "mql"}, shown=True, settled=False)
    assert found[moved_of("stage")] == "2026-03-02T09:00:00.000Z 2026-03-01T07:00:00.000Z"
    without = replace(person, base=base("lead"))
    assert rules.beside(without, path, {"stage": "mql"}, shown=True, settled=False)[moved_of("stage")] == (
        "2026-03-02T09:00:00.000Z "
    )


def test_a_stage_that_is_the_same_says_nothing() -> None:
    """Neither does none; a stage that nobody moved to was entered now, by nobody known."""
    rules = stages()
    person = Person(LINK, base(), Pair(contact(), lead()), {})
    assert rules.beside(person, (), {"stage": "mql"}, shown=True, settled=True) == {}
    assert rules.beside(person, (), {}, shown=True, settled=True) == {}
    found = rules.beside(person, (), {"stage": "sal"}, shown=True, settled=True)
    came = Happened("L1", NOW, 1, "sal", "mql")
    assert found[news_of("stage")] == News((came,), shown=True).text
    emptied = rules.beside(person, (), {"stage": None}, shown=True, settled=True)
    assert emptied == {journey_of("stage"): "1"}


def test_who_was_here_before_us_is_told_of_between_the_teams_alone() -> None:
    """At the first sync of accounts that were never in step; whoever is linked was moved by nobody yet."""
    for stage, first, news in (("won", True, False), ("mql", True, True), ("won", False, True), ("lead", False, True)):
        person = Person(LINK, NEVER, Pair(contact(stage), lead(stage)), {})
        found = stages(first=first).beside(person, (), {"stage": stage}, shown=True, settled=True)
        assert (news_of("stage") in found) is news
        assert found[moved_of("stage")] == "2026-03-03T09:00:00.000Z "
        assert found[journey_of("stage")] == f"1 1:{stage}=2026-03-03T09:00:00.000Z"


def test_news_of_facts_are_told_of_whoever_has_a_part() -> None:
    """Of those that are others now, once; not of whoever never was a part of the handoff."""
    inside = {journey_of("stage"): "1 1:mql=2026-03-01T09:00:00.000Z"}
    outside = {journey_of("stage"): "1 1:lead=2026-03-01T09:00:00.000Z"}
    rules, now = stages(), "2026-03-03T09:00:00.000Z"

    def facts(kept: Mapping[str, Canonical], agreed: Mapping[str, Canonical], by: Stages = rules) -> object:
        person = Person(LINK, base(**kept), Pair(contact(), lead()), {})
        return by.beside(person, (), agreed, shown=True, settled=False)

    assert facts(inside, {"title": "x"}) == {news_of("title"): now}
    assert facts(inside, {"title": "x", "email": "b"}) == {news_of("title"): now, news_of("email"): now}
    assert facts(inside, {"email": "a@example.com"}) == {}
    assert facts(inside, {"reason": "x"}) == {}
    assert facts(outside, {"title": "x"}) == {}
    assert facts({}, {"title": "x"}) == {}
    assert facts(inside, {"title": "x"}, stages(handoff=None)) == {}
    just_now = facts({}, {"stage": "sal", "title": "x"})
    assert isinstance(just_now, dict)
    assert just_now[news_of("title")] == now


@pytest.mark.parametrize(
    ("stage", "settled", "answered"),
    [("sal", False, False), ("sal", True, True), ("mql", False, False), ("mql", True, True), ("out", False, True)],
)
def test_what_deals_called_for_is_answered(stage: str, *, settled: bool, answered: bool) -> None:
    """Made on both sides, or another move was; the write of one side is no answer."""
    call = json.dumps(["sal", "2026-03-02T09:00:00.000Z", None])
    person = Person(LINK, base(**{called_of("stage"): call}), Pair(contact(), lead()), {})
    found = stages().beside(person, (), {"stage": stage}, shown=True, settled=settled)
    assert found.get(answered_of("stage")) == (call if answered else None)
    title = stages().beside(person, (), {"title": "x"}, shown=True, settled=True)
    assert answered_of("stage") not in title
    uncalled = Person(LINK, base(), Pair(contact(), lead()), {})
    assert answered_of("stage") not in stages().beside(uncalled, (), {"stage": "out"}, shown=True, settled=True)


def test_how_somebody_came_whose_counterpart_is_made() -> None:
    """On the side that shows them, as far as its vendor tells; in the CRM it is shown already."""
    moves: Moves = Pair((Move("mql", WHO["m"], NINE),), (Move("sql", WHO["s"], NINE),))
    found = stages().arrival(LINK, MARKETING, {"stage": "mql", "title": "x"}, moves)
    came = Happened("L1", NINE, 1, "mql", NEW, "m", side="marketing")
    assert found == {
        journey_of("stage"): "1 1:mql=2026-03-02T09:00:00.000Z",
        moved_of("stage"): "2026-03-02T09:00:00.000Z ",
        news_of("stage"): News((came,), shown=False).text,
    }
    crm = stages().arrival(LINK, CRM, {"stage": "sql"}, moves)
    came = Happened("L1", NINE, 1, "sql", NEW, "s", side="crm")
    assert crm[news_of("stage")] == News((came,), shown=True).text
    assert stages().arrival(LINK, CRM, {"title": "x"}, moves) == {}
    assert stages().arrival(LINK, CRM, {"stage": None}, moves) == {journey_of("stage"): "1"}


def test_how_somebody_came_whom_others_keep_in_step() -> None:
    """By what each side shows and its history tells, with the reason that it shows."""
    moves: Moves = Pair((Move("mql", WHO["m"], NINE),), (Move("out", WHO["s"], NINE + timedelta(hours=1)),))
    values = Pair({"stage": "out", "reason": None}, {"stage": "out", "reason": "Timing"})
    found = stages().beheld(LINK, values, moves)
    assert found == (
        Happened("L1", NINE, 1, "mql", NEW, "m", side="marketing"),
        Happened("L1", NINE + timedelta(hours=1), 1, "out", "mql", "s", reason="timing", side="crm"),
    )
    assert stages().beheld(LINK, Pair({}, {}), Pair((), ())) == ()
    (only,) = stages().beheld(LINK, Pair({"stage": "mql"}, {}), Pair((), ()))
    assert only == Happened("L1", NOW, 1, "mql", NEW, side="marketing")
