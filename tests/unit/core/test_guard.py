"""The brake's rules by themselves, over generated plans: no limit is ever passed, in whatever lots the same comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.guard import HELD, Guard, Known
from syncd.core.planner import Planner
from syncd.core.windows import Windows
from syncd.model.brake import HOUR, WEEK, Expectation, Key, Limit, Limits, Measure, Wave, Why
from syncd.model.derived import Definitions, Derivation, Derived
from syncd.model.link import FieldChange, Link, Proof
from syncd.model.mapping import FieldMapping, TableRow
from syncd.model.plan import Create, Decision, Detach, Nothing, Update
from syncd.model.rating import GradeRule, Rating
from syncd.model.remote import Departure, RemoteRef, Succession
from syncd.model.routing import How, Routed
from syncd.model.values import Canonical, FieldType, Lane, Pair, Side
from tests.fakes import START

GRADES = tuple(GradeRule(letter, least) for letter, least in (("A", 50), ("B", 20), ("C", None)))
SLOTS = {name: (name,) for name in ("title", "city", "country", "active", "stage", "since", "opt_out")}
TABLE = tuple(TableRow(name, Pair((), ()), Pair((name,), (name,))) for name in ("lead", "mql", "sql"))
FIELDS = {
    "title": FieldMapping("title", FieldType.STRING, Pair({}, {})),
    "city": FieldMapping("city", FieldType.STRING, Pair({}, {})),
    "country": FieldMapping("country", FieldType.COUNTRY, Pair({}, {})),
    "active": FieldMapping("active", FieldType.BOOLEAN, Pair({}, {})),
    "stage": FieldMapping("stage", FieldType.ENUM, Pair({}, {}), table=TABLE, lane=Lane.HANDOFF),
    "since": FieldMapping("since", FieldType.DATETIME, Pair({}, {}), derive=Derivation(Derived.STAGE_ENTERED)),
    "grade": FieldMapping("grade", FieldType.ENUM, Pair({}, {}), derive=Derivation(Derived.GRADE)),
    "opt_out": FieldMapping("opt_out", FieldType.OPT_OUT, Pair({}, {}), lane=Lane.OPT_OUT),
}
SMALL = Limits(
    hour=dict.fromkeys(Measure, Limit(5, 0.0)),
    day=dict.fromkeys(Measure, Limit(8, 0.0)),
)
NOBODY = Known({})


class _Planner:
    """What the guard asks a planner for."""

    class kind:  # noqa: N801 - stands in for an attribute
        """The kind."""

        kind = "person"
        definitions = Definitions(("title", "stage"), rating=Rating(GRADES, ()), stage="stage")
        fields = tuple(FIELDS.values())

    def field(self, name: str) -> FieldMapping:
        """The mapping of one shared field."""
        return FIELDS[name]

    def slots(self, _side: Side, _object: str) -> dict[str, tuple[str, ...]]:
        """Every field is called alike at the vendor."""
        return SLOTS


def guard(
    windows: Windows, *, after: timedelta = timedelta(0), known: Known = NOBODY, limits: Limits = SMALL, linked: int = 0
) -> Guard:
    """A guard over these windows, so long after the beginning."""
    planner = cast("Planner", _Planner())
    return Guard(
        planner, windows, limits=limits, linked=linked, known=known, now=START + after, mark=lambda *words: repr(words)
    )


def link(number: int) -> Link:
    """The link of one person."""
    refs = Pair(RemoteRef("contacts", str(number)), RemoteRef("Lead", str(number)))
    return Link(f"L{number}", "person", refs, Proof.KEY, START)


def update(number: int, *, key: str | None = None, before: Canonical = "old", **changes: Canonical) -> Decision:
    """One write to the CRM."""
    told = tuple(FieldChange(name, before, after, "rule", Side.MARKETING) for name, after in changes.items())
    lane = min((FIELDS[name].lane for name in changes), key=list(Lane).index, default=Lane.ORDINARY)
    fields = {name: str(after) for name, after in changes.items()}
    action = Update(Side.CRM, RemoteRef("Lead", str(number)), fields, {}, told, lane, key=key)
    return Decision("person", link(number), None, Pair(None, None), (action,), changes, lane=lane)


def written(decisions: Sequence[Decision], name: str) -> int:
    """Writes of one field."""
    return sum(
        1
        for decision in decisions
        for action in decision.actions
        if isinstance(action, Update)
        for change in action.changes
        if change.field == name
    )


def carry(
    windows: Windows, decisions: Sequence[Decision], *, after: timedelta, known: Known = NOBODY
) -> tuple[list[Decision], Guard]:
    """One share: judged, then charged as its writes are begun."""
    judging = guard(windows, after=after, known=known)
    sifted = judging.sift(decisions)
    writes = [(decision.link.id, side) for decision in sifted for side in Side]
    windows.add(START + after, judging.charged(writes))
    return sifted, judging


SHARES = st.lists(
    st.tuples(st.integers(0, 4 * 3600), st.integers(0, 12), st.sampled_from(["Same", None, "unique"])), max_size=12
)


@given(SHARES)
def test_no_window_is_ever_passed(shares: list[tuple[int, int, str | None]]) -> None:
    """Whatever comes whenever: in any hour five records, in any day eight, of a clear and of one value."""
    windows, moment, number = Windows(), timedelta(0), 0
    charged: dict[Key, list[tuple[timedelta, int]]] = {}
    for seconds, size, value in shares:
        moment += timedelta(seconds=seconds)
        plan = []
        for _ in range(size):
            number += 1
            plan.append(update(number, title=f"V{number}" if value == "unique" else value))
        judging = guard(windows, after=moment)
        sifted = judging.sift(plan)
        counts = judging.charged([(decision.link.id, Side.CRM) for decision in sifted])
        windows.add(START + moment, counts)
        assert len(judging.stops) + written(sifted, "title") == size
        for key, records in counts:
            charged.setdefault(key, []).append((moment, records))
    for rows in charged.values():
        for end, _ in rows:
            assert sum(n for at, n in rows if end - HOUR < at <= end) <= 5
            assert sum(n for at, n in rows if end - timedelta(days=1) < at <= end) <= 8


@given(st.integers(0, 60), st.integers(1, 20), st.sampled_from(["Same", None]))
def test_in_what_lots_it_comes_does_not_matter(records: int, lot: int, value: str | None) -> None:
    """One plan of so many records, or many of a few: as many flow."""
    plan = [update(number, title=value) for number in range(records)]
    at_once, _ = carry(Windows(), plan, after=timedelta(0))
    windows, flowed = Windows(), 0
    for start in range(0, records, lot):
        sifted, _ = carry(windows, plan[start : start + lot], after=timedelta(seconds=start))
        flowed += written(sifted, "title")
    assert flowed == written(at_once, "title") == min(records, 5)


@given(st.lists(st.sampled_from(["title", "city", "both", "opt_out"]), max_size=40))
def test_opt_outs_always_flow_and_are_not_counted(sorts: list[str]) -> None:
    """Also those that travel with a field that is held, which is left out then."""
    plan = []
    for number, sort in enumerate(sorts):
        changes: dict[str, Canonical] = {}
        if sort in ("title", "both"):
            changes["title"] = "Same"
        if sort == "city":
            changes["city"] = "Same"
        if sort in ("opt_out", "both"):
            changes["opt_out"] = True
        plan.append(update(number, **changes))
    sifted, judging = carry(Windows(), plan, after=timedelta(0))
    assert written(sifted, "opt_out") == sum(1 for sort in sorts if sort in ("opt_out", "both"))
    assert written(sifted, "title") == min(5, sum(1 for sort in sorts if sort in ("title", "both")))
    assert written(sifted, "city") == min(5, sorts.count("city"))
    assert not [stop for stop in judging.stops if stop.key[3] == "opt_out"]
    for before, after in zip(plan, sifted, strict=True):
        assert after.actions, "a decision is never empty"
        for action in after.actions:
            if isinstance(action, Update):
                assert set(action.fields) == {change.field for change in action.changes}
        assert before.link == after.link


@given(st.sets(st.integers(0, 39)))
def test_what_people_approved_flows_and_fills_no_window(chosen: set[int]) -> None:
    """Exactly what was approved, beside what is usual."""
    plan = [update(number, title="Same") for number in range(40)]
    windows = Windows()
    _, first = carry(windows, plan[:0], after=timedelta(0))
    judged = guard(windows)
    judged.sift(plan)
    held = {stop.change.mark: stop.key for stop in judged.stops}
    by_record = {stop.change.record: stop.change.mark for stop in judged.stops}
    marks = frozenset(by_record[f"link:L{n}"] for n in chosen if f"link:L{n}" in by_record)
    again = [update(number, title="Same") for number in range(40) if f"link:L{number}" in by_record]
    sifted, after = carry(windows, again, after=timedelta(days=9), known=Known(held, approved=marks))
    assert written(sifted, "title") == len(marks)
    assert after.released == marks
    assert first.stops == []
    fresh = [update(number, title="Same") for number in range(100, 120)]
    assert written(carry(windows, fresh, after=timedelta(days=9))[0], "title") == 5


def test_a_key_is_written_though_its_field_is_held() -> None:
    """Which record is which does not wait; a decision of which nothing is left does nothing, and says why."""
    limits = Limits(hour=dict.fromkeys(Measure, Limit(0, 0.0)), day=dict.fromkeys(Measure, Limit(0, 0.0)))
    keyed, plain = guard(Windows(), limits=limits).sift([update(1, key="1", title="A"), update(2, title="B")])
    (action,) = keyed.actions
    assert isinstance(action, Update)
    assert (action.key, action.changes) == ("1", ())
    assert plain.actions == (Nothing(HELD),)


def test_many_equal_values_of_a_list_are_its_nature() -> None:
    """A country that is known is not held for being common; one that the field never had is."""
    windows = Windows()
    carry(windows, [update(1, country="DE")], after=timedelta(0))
    limits = Limits(
        hour={**SMALL.hour, Measure.UPDATES: Limit(100, 0.0)}, day={**SMALL.day, Measure.UPDATES: Limit(100, 0.0)}
    )
    judging = guard(windows, after=timedelta(hours=25), limits=limits)
    # 25 hours old, so the usual rate is known too: the new-value rule is looked at with the rate out of the way
    windows.add(START + timedelta(hours=1), [(("person", Measure.UPDATES, Side.CRM, "country", ""), 40)])
    assert written(judging.sift([update(n, country="DE") for n in range(9)]), "country") == 8
    other = guard(windows, after=timedelta(hours=25), limits=limits)
    assert written(other.sift([update(n, country="XX") for n in range(9)]), "country") == 5
    assert other.bound(other.stops[0].key).why is Why.NEW_VALUE


def test_five_times_the_usual_rate() -> None:
    """A switch that flips twenty times an hour may flip a hundred times in one, and not two hundred."""
    windows = Windows()
    key: Key = ("person", Measure.UPDATES, Side.CRM, "active", "")
    value: Key = ("person", Measure.VALUE, Side.CRM, "active", repr(("active", True)))
    for hour in range(168):
        windows.add(START + hour * HOUR, [(key, 20), (value, 20)])
    many = Limits(
        hour={**SMALL.hour, Measure.UPDATES: Limit(10_000, 0.0)}, day={**SMALL.day, Measure.UPDATES: Limit(10_000, 0.0)}
    )
    judging = guard(windows, after=timedelta(hours=168, minutes=30), limits=many)
    flowed = written(judging.sift([update(n, active=True) for n in range(200)]), "active")
    assert 75 <= flowed <= 102
    assert judging.bound(key).why is Why.RATE


def test_stages_go_the_latest_first_and_back_is_counted() -> None:
    """The excess waits in line under the stage's own count; a step back has its own limit."""
    plan = [update(n, before="lead", stage="mql") for n in range(7)]
    judging = guard(Windows())
    judging.sift(plan)
    assert {stop.key[1] for stop in judging.stops} <= {Measure.STAGES, Measure.STAGE_VALUE}
    windows = Windows()
    windows.add(START, [(("person", Measure.KNOWN, Side.CRM, "stage", repr(("stage", "lead"))), 1)])
    wide = Limits(
        hour={**SMALL.hour, Measure.STAGES: Limit(100, 0.0)}, day={**SMALL.day, Measure.STAGES: Limit(100, 0.0)}
    )
    back = guard(windows, limits=wide)
    assert written(back.sift([update(n, before="sql", stage="lead") for n in range(9)]), "stage") == 5
    assert {stop.key[1] for stop in back.stops} == {Measure.BACKWARD}


def routed(number: int, **changes: Canonical) -> Decision:
    """One write to the CRM by which routing also gives an owner, since a stage was entered."""
    decision = update(number, **changes)
    (action,) = (each for each in decision.actions if isinstance(each, Update))
    given = FieldChange("title", None, "user:ann@x.example", "routing: all", None)
    action = replace(action, changes=(*action.changes, given), fields={**action.fields, "title": "005"})
    found = Routed(How.GIVEN, "user:ann@x.example", "all", number, entered="stage")
    return replace(decision, actions=(action,), routed=found)


def test_an_owner_goes_with_the_stage_that_was_entered() -> None:
    """Routing is not counted by itself, however many get one owner; whose stage is held is given to nobody."""
    held = guard(Windows()).sift([routed(n, before="lead", stage="mql") for n in range(7)])
    assert written(held, "stage") == written(held, "title") == 5
    alone = guard(Windows())
    assert written(alone.sift([routed(n) for n in range(20)]), "title") == 20
    assert not alone.stops
    assert not alone.charged([(f"L{n}", Side.CRM) for n in range(20)])


def test_what_shows_the_stage_goes_with_it() -> None:
    """Whose stage waits in line shows no other one meanwhile, and nobody is asked about the mirror of a stage; where no
    stage is written, such as in a full compare that fills a new field, it is counted like any other.
    """
    judging = guard(Windows())
    held = judging.sift([update(n, before="lead", stage="mql", since=f"2026-03-02T09:00:0{n}.000Z") for n in range(7)])
    assert written(held, "stage") == written(held, "since") == 5
    assert {stop.key[3] for stop in judging.stops} == {"stage"}
    alone = guard(Windows())
    assert written(alone.sift([update(n, since=f"2026-03-02T09:00:0{n}.000Z") for n in range(7)]), "since") == 5


def test_records_that_are_made_and_links_that_end() -> None:
    """Each counts as one, held whole; two records that people merged are nobody's loss."""

    def made(number: int) -> Decision:
        origin = RemoteRef("contacts", str(number))
        action = Create(Side.CRM, "Lead", origin, {}, {}, (), Lane.HANDOFF)
        return Decision("person", link(number), None, Pair(None, None), (action,))

    def ended(number: int, how: Departure | Succession) -> Decision:
        action = Detach(Side.CRM, RemoteRef("Lead", str(number)), how)
        return Decision("person", link(number), None, Pair(None, None), (action,))

    judging = guard(Windows())
    sifted = judging.sift(
        [
            *(made(n) for n in range(9)),
            *(ended(n, Departure.DELETED) for n in range(20, 29)),
            *(ended(n, Succession.MERGED) for n in range(40, 49)),
        ]
    )
    doing = [type(decision.actions[0]) for decision in sifted]
    assert (doing.count(Create), doing.count(Detach)) == (5, 5 + 9)
    assert {stop.change.record for stop in judging.stops[:4]} == {f"marketing:contacts/{n}" for n in range(5, 9)}


@given(st.integers(1, 30), st.integers(0, 60))
def test_an_expected_wave_flows_once_beside_what_is_usual(expected: int, records: int) -> None:
    """So many records and no more, however they come; a record with two fields is one."""
    wave = Expectation(
        "expect:1", Wave.UPDATES, expected, "person", "", START + timedelta(days=3), "import", "ann", START
    )
    windows, flowed = Windows(), 0
    for number in range(records):
        sifted, _ = carry(
            windows,
            [update(number, title="Same", city="Same")],
            after=timedelta(seconds=number),
            known=Known({}, expected=(wave,)),
        )
        flowed += written(sifted, "title")
    assert flowed == min(records, expected + 5)


def test_old_charges_are_forgotten() -> None:
    """A week for what is compared with the week, a day for single values."""
    windows = Windows()
    usual: Key = ("person", Measure.UPDATES, Side.CRM, "title", "")
    single: Key = ("person", Measure.SAME_VALUE, Side.CRM, "title", "x")
    windows.add(START, [(usual, 1), (single, 1)])
    assert windows.prune(START + timedelta(days=2))
    assert windows.used(single, START + timedelta(days=2)).first is None
    assert windows.used(usual, START + timedelta(days=2)).before == 1
    assert not windows.prune(START + timedelta(days=2, minutes=1))
    assert windows.prune(START + WEEK)
    assert windows.used(usual, START + WEEK).first is None
