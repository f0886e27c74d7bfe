"""An assessment as a report: each figure with its count, its key, and the records behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from syncd.core.figures import SMALL, median, quantile, wilson
from syncd.model.mapping import KindMapping
from syncd.model.values import SIDES, Instant, Pair
from syncd.operations.assess import AGREE, BOTH_EMPTY, DIFFERENT, FORM, LISTED, Count, KindFound, PeopleFound
from syncd.operations.assess_company import Associations, company_section
from syncd.operations.assess_delays import Delays, delay_section
from syncd.operations.assess_stuck import AGES, DAY_MS, Stuck, in_days, stuck_section
from syncd.operations.report import Bar, Chart, Figure, Period, Report, Section, Table, Unit
from syncd.ports.scratch import Shared

_CAUSES: Final = ("empty in marketing", "empty in crm", FORM, DIFFERENT)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything found. ``systems`` is what people call the two systems; ``stages`` names stages by key."""

    kinds: tuple[tuple[KindMapping, KindFound], ...]
    people: PeopleFound
    stages: Mapping[str, str]
    personas: Mapping[str, str]
    systems: Pair[str]
    now: Instant
    calls: Pair[int]
    associations: tuple[Associations, ...] = ()
    delays: Delays | None = None
    stuck: tuple[Stuck, ...] | None = None
    native: Section | None = None


def assess_report(told: Assessment) -> Report:
    """The whole report."""
    sections = tuple(section for section in _sections(told) if section.figures or section.tables or section.words)
    when = f"{told.now:%Y-%m-%d %H:%M} UTC"
    return Report(
        "assess", "What is wrong today", Period(), sections, when=when, command="syncd", docs="docs/assess.md"
    )


def _sections(told: Assessment) -> Iterator[Section]:
    yield _glance(told)
    yield _unseen(told)
    yield from (stuck_section(each, told.stages, told.systems, told.now) for each in (told.stuck,) if each is not None)
    yield from (delay_section(each, told.systems) for each in (told.delays,) if each is not None)
    for mapping, found in sorted(told.kinds, key=lambda each: each[0].kind != "person"):
        yield _counterparts(told, found)
        yield _agreement(told, mapping, found)
        if mapping.kind == "person":
            yield from (company_section(each, told.systems) for each in told.associations)
            yield from (make(told) for make in (_stages, _owners, _entry, _personas))
    yield from (each for each in (told.native,) if each is not None)
    yield from (make(told) for make in (_opt_outs, _refused, _left_out))


def _many(key: str, name: str, count: Count | None, *, of: int | None = None, note: str = "") -> Figure:
    count = count or Count()
    return Figure(key, name, count.number, of=of, rows=count.names, note=note)


def _shared(key: str, name: str, shared: Shared, note: str = "") -> Figure:
    return Figure(key, name, shared.records, rows=shared.names, note=note or f"in {shared.groups:,} groups")


# -- at a glance -------------------------------------------------------------------------------------------------------
def _glance(told: Assessment) -> Section:
    """What hurts most, in one list."""
    people = next((found for mapping, found in told.kinds if mapping.kind == "person"), None)
    figures: list[Figure] = []
    if people is not None:
        apart = sum(count.number for count in told.people.stages.values())
        staged = sum(each.number for each in people.fields.get("stage", {}).values())
        figures = [
            Figure("glance:unseen", "qualified, and sales cannot see them", len(told.people.unseen),
                   rows=_unseen_names(told)),
            Figure("glance:stuck", "qualified on both sides, and nobody has answered", len(told.stuck or ()),
                   rows=[each.names for each in told.stuck or ()]),
            Figure("glance:stages", "pairs in two different stages", apart, of=staged or None,
                   rows=_names(told.people.stages.values())),
            Figure("glance:opt_out", "opted out on one side only", _sum(people.opt_outs.values()), of=people.pairs,
                   rows=_names(people.opt_outs.values())),
            Figure("glance:doubles", "records that share an identity with another of their side",
                   sum(each.records for each in people.doubles.values()),
                   rows=[name for each in people.doubles.values() for name in each.names][:LISTED]),
            Figure("glance:unowned", "qualified, with nobody of sales as their owner",
                   _sum(told.people.unowned.values()), rows=_names(told.people.unowned.values())),
            Figure("glance:refused", "values the other system would refuse, or nobody can read",
                   _sum(people.refused.values()), rows=_names(people.refused.values())),
        ]  # fmt: skip
    calls = f"{told.calls.marketing:,} calls of {told.systems.marketing}, {told.calls.crm:,} of {told.systems.crm}"
    words = f"Both systems were read once, with {calls}. Nothing was written to either."
    return Section("glance", "At a glance", (words,), tuple(figures))


def _sum(counts: Any) -> int:  # noqa: ANN401 - the values of a mapping
    return sum(each.number for each in counts)


def _names(counts: Any) -> list[str]:  # noqa: ANN401 - as above
    return [name for each in counts for name in each.names][:LISTED]


# -- who is whom -------------------------------------------------------------------------------------------------------
_SEVERAL: Final = {"person": "People", "company": "Companies"}


def _several(kind: str) -> str:
    return _SEVERAL.get(kind, kind.capitalize())


def _counterparts(told: Assessment, found: KindFound) -> Section:
    kind = found.kind
    figures = [Figure(f"{kind}:{side}", f"in {told.systems.of(side)}", found.records.of(side)) for side in SIDES]
    figures += [
        Figure(f"{kind}:by:{name}", f"counterparts by {name}", number, of=found.pairs or None)
        for name, number in found.steps.items()
        if number or not name.startswith(("key", "the vendor"))
    ]
    for side in SIDES:
        alone = found.alone.of(side)
        figures.append(
            _many(f"{kind}:only:{side}", f"only in {told.systems.of(side)}", alone, of=found.records.of(side))
        )
    for (side, name), shared in found.doubles.items():
        if shared.records:
            named = f"share {name} with another one in {told.systems.of(side)}"
            figures.append(_shared(f"{kind}:doubles:{side}:{name}", named, shared))
    for name, shared in found.ambiguous.items():
        if shared.records:
            named = f"have several possible counterparts by {name}"
            figures.append(_shared(f"{kind}:ambiguous:{name}", named, shared, "a person must say which"))
    for object_name, number in found.person_accounts.items():
        if number:
            figures.append(Figure(f"{kind}:person_accounts:{object_name}", f"{object_name} of person accounts", number))
    words = "Counterparts are found in this order; whoever was found by one way is not looked for by the next."
    bars = tuple(
        Bar(f"only in {told.systems.of(side)}", found.alone.of(side).number, f"{found.alone.of(side).number:,}")
        for side in SIDES
    )
    most = float(max(found.pairs, *(found.alone.of(side).number for side in SIDES)))
    chart = Chart(
        f"{_several(kind)} on both sides, and on one", (Bar("on both", found.pairs, f"{found.pairs:,}"), *bars), most
    )
    return Section(kind, f"{_several(kind)}: who is whom", (words,), tuple(figures), (), (chart,) if most else ())


# -- field by field ----------------------------------------------------------------------------------------------------
def _agreement(told: Assessment, mapping: KindMapping, found: KindFound) -> Section:
    kind = found.kind
    rows: list[tuple[str | Figure, ...]] = []
    bars: list[tuple[float, Bar]] = []
    empty_ones: list[str] = []
    for field in mapping.fields:
        counts = found.fields.get(field.name)
        if not counts:
            continue
        empty = counts[BOTH_EMPTY].number if BOTH_EMPTY in counts else 0
        of = sum(each.number for each in counts.values()) - empty
        agree = counts[AGREE].number if AGREE in counts else 0
        key = f"{kind}:field:{field.name}"
        if of == 0:
            empty_ones.append(field.name)
            continue
        whole = Figure(f"{key}:agree", f"{field.name} agrees", agree / of, Unit.SHARE, of)
        low, high = wilson(agree, of) or (None, None)
        causes = [_many(f"{key}:{cause}", f"{field.name}: {cause}", counts.get(cause)) for cause in _CAUSES]
        unread = [counts[name] for name in counts if name.startswith("cannot be read")]
        unreadable = Figure(f"{key}:unreadable", f"{field.name}: cannot be read", _sum(unread), rows=_names(unread))
        rows.append((field.name, whole, *causes, unreadable))
        text = f"{agree:,} of {of:,}"
        bars.append((agree / of, Bar(field.name, agree / of, text, low, high, of < SMALL)))
    if not rows:
        return Section(f"{kind}:fields", f"{_several(kind)}: field by field")
    names = [f"empty in {told.systems.of(side)}" for side in SIDES]
    table = Table(
        f"{kind}:fields",
        "",
        ("field", "agree", names[0], names[1], "in another form", "different", "cannot be read"),
        tuple(rows),
    )
    words = (
        "Of the pairs in which at least one side has a value. A one-way field that is empty where it is written has "
        "not arrived; one in another form (case, spaces) is put right by whoever writes it next."
    )
    if empty_ones:
        words += f" Empty on both sides of every pair: {', '.join(empty_ones)}."
    ordered = tuple(bar for _, bar in sorted(bars, key=lambda each: each[0]))
    chart = Chart("Share of pairs that hold the same, lowest first", ordered, 1.0)
    return Section(f"{kind}:fields", f"{_several(kind)}: field by field", (words,), (), (table,), (chart,))


# -- the handoff -------------------------------------------------------------------------------------------------------
def _unseen_names(told: Assessment) -> list[str]:
    return [f"marketing:{each.ref}" for each in sorted(told.people.unseen, key=lambda each: each.at)][:LISTED]


def _unseen(told: Assessment) -> Section:
    title = f"Qualified in {told.systems.marketing}, unseen in {told.systems.crm}"
    unseen = sorted(told.people.unseen, key=lambda each: each.at)
    if not unseen:
        return Section("unseen", title, ("Nobody.",) if told.stages else ("No lifecycle says who is qualified.",))
    ages = [(told.now - each.at) // timedelta(milliseconds=1) for each in unseen][::-1]
    names = _unseen_names(told)
    surely = sum(1 for each in unseen if each.surely)
    figures = [
        Figure("unseen", "qualified people without a counterpart", len(unseen), rows=names),
        Figure("unseen:median", "days since, median", in_days(median(ages)), Unit.DAYS, len(ages), rows=names),
        Figure("unseen:p90", "days since, 90 % within", in_days(quantile(ages, 0.9)), Unit.DAYS, len(ages), rows=names),
    ]
    bars: list[Bar] = []
    low = 0
    for days, name in (*AGES, (1 << 40, "older")):
        number = sum(1 for age in ages if low * DAY_MS < age + 1 <= days * DAY_MS)
        bars.append(Bar(name, number, f"{number:,}"))
        low = days
    oldest = tuple(
        (
            f"marketing:{each.ref}",
            told.stages.get(each.stage, each.stage),
            f"{each.at:%Y-%m-%d}",
            "by its history" if each.surely else "at least",
        )
        for each in unseen[:10]
    )
    words = (
        f"The age is counted from when they came into their stage, which the history told of {surely:,} of them; of "
        "the others from the last change of the record, so that they are at least as old."
    )
    chart = Chart("How long they have waited", tuple(bars), float(max(bar.value for bar in bars)))
    table = Table("unseen:oldest", "the oldest", ("record", "stage", "since", "told"), oldest)
    return Section("unseen", title, (words,), tuple(figures), (table,), (chart,))


def _stages(told: Assessment) -> Section:
    if not told.people.stages:
        words = ("Every pair is in one stage.",) if told.stages else ()
        return Section("stages", "Stages that disagree", words)
    rows = tuple(
        (
            told.stages.get(one, one),
            told.stages.get(other, other),
            _many(f"stages:{one}:{other}", f"{one} in marketing, {other} in the CRM", count),
            "no way between them is declared" if (one, other) in told.people.undeclared else "",
        )
        for (one, other), count in sorted(told.people.stages.items(), key=lambda each: -each[1].number)
    )
    undeclared = [told.people.stages[pair] for pair in told.people.undeclared]
    figures = (
        Figure("stages:apart", "pairs in two different stages", _sum(told.people.stages.values()),
               rows=_names(told.people.stages.values())),
        Figure("stages:undeclared", "of these, with no declared way from one to the other", _sum(undeclared),
               rows=_names(undeclared)),
    )  # fmt: skip
    heads = (f"in {told.systems.marketing}", f"in {told.systems.crm}", "pairs", "note")
    return Section("stages", "Stages that disagree", (), figures, (Table("stages", "", heads, rows),))


def _owners(told: Assessment) -> Section:
    rows = tuple(
        (told.systems.of(side), who, state, _many(f"owners:{side}:{who}", f"records of {who}", count))
        for (side, who, state), count in sorted(told.people.owners.items(), key=lambda each: -each[1].number)
    )
    figures = tuple(
        _many(f"unowned:{who}", f"qualified, on both sides, and the owner in {told.systems.crm} is {who}", count)
        for who, count in told.people.unowned.items()
    )
    words = () if rows or figures else ("Every owner is active and known on the other side.",)
    table = Table("owners", "owners that do not carry over", ("in", "owner", "what", "records"), rows)
    return Section("owners", "Owners", words, figures, (table,) if rows else ())


def _opt_outs(told: Assessment) -> Section:
    figures = tuple(
        _many(
            f"opt_out:{found.kind}:{name}:{side}",
            f"{name}: out in {told.systems.of(side)}, not in {told.systems.other(side)}",
            count,
            of=found.pairs,
        )
        for _, found in told.kinds
        for (name, side), count in found.opt_outs.items()
    )
    words = "Whoever opted out on one side is still written to by the other." if figures else "No contradiction."
    return Section("opt_out", "Opt-outs that contradict each other", (words,), figures)


def _refused(told: Assessment) -> Section:
    rows = tuple(
        (
            f"{found.kind}.{name}",
            told.systems.of(side),
            reason,
            _many(f"refused:{found.kind}.{name}:{side}:{number}", f"{name}: {reason}", count),
        )
        for _, found in told.kinds
        for number, ((name, side, reason), count) in enumerate(
            sorted(found.refused.items(), key=lambda each: -each[1].number)
        )
    )
    if not rows:
        return Section("refused", "Values that would be refused", ("None was found.",))
    table = Table("refused", "", ("field", "in", "why", "values"), rows)
    words = ("Values that one side cannot take from the other as they are, or that cannot be read where they stand.",)
    return Section("refused", "Values that would be refused", words, (), (table,))


# -- what is known of people -------------------------------------------------------------------------------------------
def _entry(told: Assessment) -> Section:
    rows = tuple(
        (
            told.stages.get(stage, stage),
            name,
            _many(f"entry:{stage}:{name}", f"{stage} without {name}", count, of=told.people.staged[stage]),
        )
        for (stage, name), count in sorted(told.people.lacking.items(), key=lambda each: -each[1].number)
    )
    table = Table("entry", "", ("stage", "must be known", "people without it"), rows)
    words = () if rows else ("No stage asks for anything, or everything that is asked for is filled in.",)
    return Section("entry", "What must be known of a stage, and is not", words, (), (table,) if rows else ())


def _personas(told: Assessment) -> Section:
    of = told.people.people
    if not told.people.personas and not told.people.doubtful.number:
        return Section("personas", "Personas", ())
    counts = sorted(told.people.personas.items(), key=lambda each: -each[1].number)
    figures = [_many(f"persona:{key}", told.personas.get(key, "no persona"), count, of=of) for key, count in counts]
    if told.people.doubtful.number:
        figures.append(_many("persona:doubt", "a condition has no answer", told.people.doubtful, of=of))
    bars = tuple(Bar(each.name, each.value or 0, f"{each.value or 0:,.0f}") for each in figures)
    chart = Chart("People by persona", bars, float(of))
    return Section("personas", "Personas", (), tuple(figures), (), (chart,))


def _left_out(told: Assessment) -> Section:
    rows = tuple((f"{found.kind}.{name}", where) for _, found in told.kinds for name, where in found.absent.items())
    words = (
        "What no shared field maps is not compared. The rules are those of the configuration's schema, lifecycle and "
        "personas."
    )
    tables = (Table("absent", "not there, or hidden from these credentials", ("field", "where"), rows),)
    return Section("left_out", "What was not looked at", (words,), (), tables if rows else ())
