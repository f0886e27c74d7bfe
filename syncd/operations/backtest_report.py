"""A backtest as a report: every count with its key, down to the records, and what the record does not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syncd.core.rehearsal import Fate
from syncd.core.replay import Turn
from syncd.model.link import Linked
from syncd.model.values import MISSING, Canonical, Told, stamp
from syncd.operations.backtest import LISTED, Backtest, Example, FieldTally, rows_of
from syncd.operations.backtest_ledger import ledger_section
from syncd.operations.backtest_routing import routing_section
from syncd.operations.report import Bar, Chart, Figure, Period, Report, Section, Table
from syncd.ports.store import Store

SHOWN: Final = 20
"""Examples of a section that a table shows."""
WORDS: Final[Mapping[Turn, str]] = {
    Turn.SAME: "the same",
    Turn.ANOTHER: "another value",
    Turn.OTHER_SIDE: "the other side instead",
    Turn.NOT_WRITTEN: "not written",
    Turn.HELD: "held for a person",
    Turn.DECIDED: "not held any more",
    Turn.UNTOLD: "cannot be told",
}
_WRITTEN: Final = (
    Turn.SAME, Turn.ANOTHER, Turn.OTHER_SIDE, Turn.NOT_WRITTEN, Turn.HELD, Turn.UNTOLD,
)  # fmt: skip
FATES: Final[Mapping[Fate, str]] = {
    Fate.ALLOWED: "allowed",
    Fate.REFUSED: "refused",
    Fate.HELD: "held for a person",
    Fate.PUT_BACK: "put back",
    Fate.WAITS: "waits",
}


def backtest_report(told: Backtest, store: Store) -> Report:
    """The whole report."""
    sections = (
        _values(told, store),
        *_creations(told),
        *_held(told, store),
        *_moves(told),
        *_profiles(told),
        *ledger_section(told.ledger),
        *routing_section(told.routing),
        _untold(told),
    )
    title = "What would have been different"
    period = Period(told.since, told.until)
    when = f"{stamp(told.since)} to {stamp(told.until)}"
    return Report("backtest", title, period, sections, when=when, command="syncd", docs="docs/backtest.md")


def backtest_document(told: Backtest, store: Store) -> dict[str, Any]:
    """What a program wants beside the figures: examples with their records, and which configurations."""
    examples = [each for _, tally in _all(told) for several in tally.examples.values() for each in several]
    records = _records(store, examples)
    return {
        "configurations": {"in_use": told.old, "changed": told.new},
        "differs": told.differs,
        "fields": {"only_in_use": list(told.unmapped), "only_changed": list(told.added)},
        "not_judged": list(told.unjudged),
        "not_replayed": dict(told.aside),
        "cannot_be_told": dict(told.untold + told.moves.untold + told.routing.untold),
        "examples": [
            {
                "kind": each.kind,
                "link": each.link,
                "record": records[each.link],
                "field": each.field or None,
                "side": None if each.side is None else each.side.value,
                "at": stamp(each.at),
                "before": each.before,
                "after": each.after,
                "would": each.answer.turn.value,
                "value": None if each.answer.value is MISSING else each.answer.value,
                "why": each.answer.why,
            }
            for each in examples
        ],
    }


def _all(told: Backtest) -> Iterator[tuple[str, FieldTally]]:
    for kinds in (told.fields, told.held):
        for (kind, name), tally in kinds.items():
            yield f"{kind}.{name}", tally
    yield from told.creations.items()


# -- values ------------------------------------------------------------------------------------------------------------
def _values(told: Backtest, store: Store) -> Section:
    whole: Counter[Turn] = sum((each.turns for each in told.fields.values()), Counter())
    tallies = list(told.fields.values())
    figures = [Figure("writes", "writes recorded", told.rows), Figure("values", "values replayed", told.values)]
    figures += [
        _figure(f"values:{turn.name.lower()}", WORDS[turn], whole[turn], told.values, rows_of(tallies, turn))
        for turn in _WRITTEN
    ]
    rows: list[tuple[str | Figure, ...]] = []
    for (kind, name), tally in sorted(told.fields.items()):
        if set(tally.turns) - {Turn.SAME}:
            cells = (
                _figure(f"field:{kind}.{name}:{turn.name.lower()}", "", tally.turns[turn], None, tally.links.get(turn))
                for turn in _WRITTEN
            )
            rows.append((f"{kind}.{name}", *cells))
    heads = ("field", *(WORDS[turn] for turn in _WRITTEN))
    tables = [Table("fields", "fields with differences", heads, tuple(rows))]
    tables += _examples("values", tallies, store)
    charts = (_chart(whole, told.values),) if told.values else ()
    words = (
        f"Configuration {told.old} made the record; {told.new} is held against it. "
        "The values are those of the writes that were done, each decided anew from what was recorded of it."
    )
    return Section("values", "Values that were written", (words,), tuple(figures), tuple(tables), charts)


def _chart(whole: Counter[Turn], of: int) -> Chart:
    bars = tuple(Bar(WORDS[turn], whole[turn] / of, f"{whole[turn]:,}") for turn in _WRITTEN)
    return Chart("Values that were written, by what would have become of them", bars, 1.0)


def _examples(key: str, tallies: Sequence[FieldTally], store: Store) -> Iterator[Table]:
    """Some of what would have been different, a sort of each field at a time."""
    found: list[Example] = []
    for number in range(SHOWN):
        for tally in tallies:
            for turn, several in tally.examples.items():
                if turn is not Turn.UNTOLD and number < len(several):
                    found.append(several[number])
    found = found[:SHOWN]
    if found:
        records = _records(store, found)
        rows = tuple(
            (
                records[each.link],
                each.field or each.kind,
                f"{_shown(each.before)} -> {_shown(each.after)}" if each.side else
                f"{_shown(each.before)} | {_shown(each.after)}",
                _would(each),
                each.answer.why,
            )
            for each in found
        )  # fmt: skip
        recorded = "recorded" if key != "held" else "marketing | crm"
        yield Table(f"examples:{key}", "examples", ("record", "field", recorded, "would be", "why"), rows)


def _would(each: Example) -> str:
    value = each.answer.value
    return WORDS[each.answer.turn] + ("" if value is MISSING else f": {_shown(value)}")


def _shown(value: Told | Canonical) -> str:
    if value is None or value is MISSING:
        return "(empty)"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _records(store: Store, examples: Sequence[Example]) -> dict[str, str]:
    """Each link by the record that `explain` takes: the one in marketing."""
    links = list(dict.fromkeys(each.link for each in examples))
    found: Mapping[str, Linked] = store.by_link(links)
    return {link: f"marketing:{found[link].link.refs.marketing}" if link in found else f"link:{link}" for link in links}


# -- creations, clashes ------------------------------------------------------------------------------------------------
def _creations(told: Backtest) -> Iterator[Section]:
    for kind, tally in sorted(told.creations.items()):
        of = tally.turns.total()
        figures = tuple(
            _figure(f"made:{kind}:{turn.name.lower()}", _made(turn), tally.turns[turn], of, tally.links.get(turn))
            for turn in (Turn.SAME, Turn.ANOTHER, Turn.NOT_WRITTEN, Turn.UNTOLD)
        )
        whys = Counter[str]()
        for several in tally.examples.values():
            whys.update(each.answer.why for each in several if each.answer.why)
        yield Section(f"made:{kind}", f"Records that were made: {kind}", tuple(whys), figures)


def _made(turn: Turn) -> str:
    named = {Turn.SAME: "made as it was", Turn.ANOTHER: "made as another object", Turn.NOT_WRITTEN: "not made"}
    return named.get(turn, WORDS[turn])


def _held(told: Backtest, store: Store) -> Iterator[Section]:
    if not told.held:
        return
    rows: list[tuple[str | Figure, ...]] = []
    turns = (Turn.SAME, Turn.DECIDED, Turn.UNTOLD)
    for (kind, name), tally in sorted(told.held.items()):
        cells = (
            _figure(f"held:{kind}.{name}:{turn.name.lower()}", "", tally.turns[turn], None, tally.links.get(turn))
            for turn in turns
        )
        rows.append((f"{kind}.{name}", *cells))
    heads = ("field", "still held", "not held any more", "cannot be told")
    tables = (Table("held", "", heads, tuple(rows)), *_examples("held", list(told.held.values()), store))
    words = ("What waits for a person today, whenever it began.",)
    yield Section("held", "Clashes and listed moves", words, (), tables)


# -- moves, profiles ---------------------------------------------------------------------------------------------------
def _moves(told: Backtest) -> Iterator[Section]:
    tally = told.moves
    if not tally.counts and not tally.untold:
        return
    apart = Counter[tuple[Fate, Fate]]()
    for (_, _, was, now), number in tally.counts.items():
        apart[was, now] += number
    of = tally.counts.total() + tally.untold.total()
    figures = [
        Figure(
            f"moves:{was}:{now}",
            f"{FATES[was]}, {'and would be' if was is now else 'would be ' + FATES[now]}",
            number,
            of=of,
            rows=_people(tally.links, was, now),
        )
        for (was, now), number in sorted(apart.items())
    ]
    if tally.untold:
        figures.append(
            Figure("moves:untold", "cannot be told", tally.untold.total(), of=of, rows=tuple(tally.unreplayed))
        )
    rows = tuple(
        (
            start,
            stage,
            FATES[was],
            FATES[now],
            Figure(f"move:{start}:{stage}:{was}:{now}", "", number, rows=tuple(tally.links[start, stage, was, now])),
            tally.why[start, stage, was, now],
        )
        for (start, stage, was, now), number in sorted(tally.counts.items())
        if was is not now
    )
    words = ["Held against the declared transitions and entry criteria, with what is known of each person now."]
    if tally.teams_changed:
        words.append(
            "The teams have changed: a move that travelled is held against them by whoever the ledger says made it, "
            "with the role and profile they have now. Where the ledger does not say, or they are in another team by "
            "now, it is told only if the same would have become of it whoever made it."
        )
    heads = ("from", "to", "was", "would be", "moves", "why")
    yield Section("moves", "Moves of stage", tuple(words), tuple(figures), (Table("moves", "", heads, rows),))


def _people(links: Mapping[tuple[str, str, Fate, Fate], Mapping[str, None]], was: Fate, now: Fate) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(link for (_, _, one, other), each in links.items() if (one, other) == (was, now) for link in each)
    )


def _profiles(told: Backtest) -> Iterator[Section]:
    tally = told.profiles
    if not tally.people:
        return
    tables: list[Table] = []
    figures: list[Figure] = [Figure("people", "linked people", tally.people)]
    for what, counts in (("persona", tally.personas), ("grade", tally.grades)):
        changed = {pair: number for pair, number in counts.items() if pair[0] != pair[1]}
        links = [link for was, now in changed for link in tally.links[what, was, now]]
        figures.append(
            Figure(f"{what}s", f"with another {what}", sum(changed.values()), of=tally.people, rows=links[:LISTED])
        )
        rows = tuple(
            (was, now, Figure(f"{what}:{was}:{now}", "", number, rows=tuple(tally.links[what, was, now])))
            for (was, now), number in sorted(changed.items())
        )
        tables.append(Table(what, what, (what, "would be", "people"), rows))
    words = ("By what both sides last confirmed of the linked people; not by what was so then.",)
    yield Section("profiles", "Personas and grades", words, tuple(figures), tuple(tables))


# -- what the record does not tell -------------------------------------------------------------------------------------
def _untold(told: Backtest) -> Section:
    figures = [
        Figure(f"aside:{number}", f"not replayed: {why}", count)
        for number, (why, count) in enumerate(told.aside.most_common(), 1)
    ]
    why = told.untold + told.moves.untold
    rows = tuple((reason, Figure(f"untold:{n}", "", count)) for n, (reason, count) in enumerate(why.most_common(), 1))
    only = (
        "Only what syncd wrote, holds, or was told is recorded. A change of a field that was not mapped, and one that "
        "was not to be carried over, left no trace and is in no count."
    )
    words = [only]
    if told.added:
        words.append(f"Only in the changed configuration, so without any record: {', '.join(told.added)}.")
    if told.unmapped:
        words.append(f"Not in the changed configuration: {', '.join(told.unmapped)}.")
    words += [f"Changed and not judged: {part}." for part in told.unjudged]
    tables = (Table("untold", "cannot be told", ("reason", "how many"), rows),)
    return Section("untold", "What the record does not tell", tuple(words), tuple(figures), tables)


def _figure(key: str, name: str, value: int, of: int | None, rows: Mapping[str, None] | Sequence[str] | None) -> Figure:
    return Figure(key, name, value, of=of, rows=tuple(rows or ()))
