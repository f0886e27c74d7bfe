"""What both teams' words meant and since when: the definitions that were in force, remembered as they change.

Whenever syncd begins to work with other definitions than before, what changed is remembered with that moment: term by
term, as it was and as it is. It is kept in the store under one name, since there are a few changes a year; people who
are named one by one are counted in it and not named, so nothing of it is about a person. Only what somebody works with
is remembered: a plan, a check or a page changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

import orjson

from syncd.model.calendar import NO_CALENDARS, WEEK, Calendars, Holidays
from syncd.model.calendar import Span as OpenSpan
from syncd.model.lifecycle import NEW, Lifecycle, Span, Teams
from syncd.model.mapping import FieldMapping, KindMapping, Transform
from syncd.model.persona import Persona
from syncd.model.rating import Rating, points_text
from syncd.model.values import SIDES, Instant, Wire, instant, stamp
from syncd.ports.store import Store

DEFINITIONS: Final = "definitions"
"""Under which name the definitions in force and their changes are remembered, as JSON."""
STAGE: Final = "stage"
CALENDAR: Final = "calendar"
MAPPED: Final = "field"
_ADDED: Final = (CALENDAR, MAPPED)
"""Sorts of terms that stores of before know nothing of. That these are told now is no change of what anybody meant."""


class Term(NamedTuple):
    """What a definition is of: a sort (``stage``, ``move``, ``reason``, ...), the key of one, and which part of it."""

    sort: str
    key: str
    part: str


Definitions = Mapping[Term, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One term that came to say something else; ``None`` is a term that was not there. ``at`` is ``None`` where nobody
    works with it yet.
    """

    at: Instant | None
    term: Term
    before: str | None
    after: str | None


class Words(NamedTuple):
    """A run of words that stayed, went (``-``) or came (``+``)."""

    sign: str
    text: str


# -- what is said ------------------------------------------------------------------------------------------------------
def definitions(
    lifecycle: Lifecycle | None,
    teams: Teams | None,
    field: FieldMapping | None,
    personas: Sequence[Persona],
    rating: Rating | None,
    calendars: Calendars = NO_CALENDARS,
    kinds: Sequence[KindMapping] = (),
) -> dict[Term, str]:
    """Everything that is defined, by term.

    :param field: the shared field that holds the stage.
    :param kinds: the mapping, field by field.
    """
    found: dict[Term, str] = {}
    for said in (
        *(_stages(lifecycle), _looks(field), _agreed(lifecycle), _teams(teams), _people(personas, rating)),
        *(_hours(calendars), _mapped(kinds, staged=field)),
    ):
        for term, text in said:
            found[term] = f"{found[term]}; {text}" if term in found else text
    return {term: text for term, text in found.items() if text}


def _stages(lifecycle: Lifecycle | None) -> Iterator[tuple[Term, str]]:
    for stage in () if lifecycle is None else lifecycle.stages:
        yield Term(STAGE, stage.key, "name"), stage.name
        yield Term(STAGE, stage.key, "definition"), stage.definition
        yield Term(STAGE, stage.key, "who acts"), stage.owner or ""
        yield Term(STAGE, stage.key, "time to act"), _spans(stage.leave_within)
        needed = [*stage.entry.filled, *([stage.entry.words or stage.entry.when] if stage.entry.when else [])]
        yield Term(STAGE, stage.key, "what must be known"), ", ".join(each for each in needed if each)
        yield Term(STAGE, stage.key, "condition"), stage.entry.when or ""


def _looks(field: FieldMapping | None) -> Iterator[tuple[Term, str]]:
    for row in () if field is None else field.table:
        for side in SIDES:
            written, read = row.writes.of(side), row.reads.of(side)
            forms = [*([written] if written is not None else []), *(form for form in read if form != written)]
            yield Term(STAGE, row.value, f"in {side}"), " or ".join(map(_form, forms))


def _form(form: tuple[Wire, ...]) -> str:
    return " + ".join("any" if wire is None else str(wire) or "(empty)" for wire in form)


def _agreed(lifecycle: Lifecycle | None) -> Iterator[tuple[Term, str]]:
    if lifecycle is None:
        return
    for edge in lifecycle.transitions:
        way = f"{'somebody new' if edge.start == NEW else edge.start} to {edge.end}"
        besides = [f"by {', '.join(edge.by)}"]
        besides += [f"with a reason of {edge.reasons}"] if edge.reasons else []
        besides += ["begins a new cycle"] if edge.recycles else []
        besides += [] if edge.restarts else ["the time to act runs on"]
        yield Term("move", way, "allowed"), ", ".join(besides)
    yield Term("move", "not declared", "consequence"), str(lifecycle.undeclared)
    for name, listed in lifecycle.reasons.items():
        for reason in listed:
            yield Term("reason", f"{name}: {reason.key}", "words"), f"{reason.words.marketing} / {reason.words.crm}"
    if lifecycle.handoff is not None:
        rules = lifecycle.handoff
        for meaning in ("qualified", "accepted", "offered", "won", "rejected", "lost", "recycled", "born"):
            yield Term("handoff", meaning, "stages"), ", ".join(getattr(rules, meaning))
        yield Term("handoff", "first touch", "time"), _spans(rules.touch_within)
        yield Term("handoff", "yes or no", "time"), _spans(rules.decide_within)
        if rules.work_within:
            yield Term("handoff", "work after a yes", "time"), _spans(rules.work_within)


def _teams(teams: Teams | None) -> Iterator[tuple[Term, str]]:
    for team in () if teams is None else teams.teams:
        yield Term("team", team.key, "name"), team.name
        groups = (("roles", team.roles), ("queues", team.queues), ("profiles", team.profiles))
        named = [f"{sort}: {', '.join(names)}" for sort, names in groups if names]
        yield Term("team", team.key, "who is in it"), "; ".join(named)
        yield Term("team", team.key, "people named one by one"), str(len(team.users) or "")


def _people(personas: Sequence[Persona], rating: Rating | None) -> Iterator[tuple[Term, str]]:
    for each in personas:
        yield Term("persona", each.key, "name"), each.name
        yield Term("persona", each.key, "definition"), each.definition
        yield Term("persona", each.key, "condition"), each.when
        yield Term("persona", each.key, "who answers for it"), each.owner
    if rating is None:
        return
    yield Term("rating", "score", "from"), rating.source or ""
    for rule in rating.rules:
        fades = "" if rule.decay is None else f", half of it every {rule.decay.half_life} days since {rule.decay.field}"
        yield Term("rating", rule.name, "points"), f"{points_text(rule.points)}{fades}"
        yield Term("rating", rule.name, "what for"), rule.words
        yield Term("rating", rule.name, "condition"), rule.when
    for grade in rating.grades:
        least = "all others" if grade.at_least is None else f"from {points_text(grade.at_least)} points"
        yield Term("grade", grade.grade, "from"), least
        yield Term("grade", grade.grade, "what it means"), grade.words


def _hours(calendars: Calendars) -> Iterator[tuple[Term, str]]:
    """Whose time counts when; whoever keeps a calendar of their own is counted and not named."""
    yield Term(CALENDAR, "default", "which"), calendars.default or ""
    for each in calendars.by_key.values():
        yield Term(CALENDAR, each.key, "name"), each.name
        yield Term(CALENDAR, each.key, "zone"), each.zone
        days = (f"{day} {', '.join(map(_opening, spans))}" for day, spans in zip(WEEK, each.week, strict=True) if spans)
        yield Term(CALENDAR, each.key, "hours"), "; ".join(days)
        yield Term(CALENDAR, each.key, "holidays"), _holidays(each.holidays)
        yearly = (f"{month:02}-{day:02}" for month, day in sorted(each.closed_yearly))
        yield Term(CALENDAR, each.key, "closed on"), ", ".join((*yearly, *map(str, sorted(each.closed))))
        whose = sum(1 for key in (*calendars.users.values(), *calendars.queues.values()) if key == each.key)
        yield Term(CALENDAR, each.key, "owners named one by one"), str(whose or "")


def _mapped(kinds: Sequence[KindMapping], *, staged: FieldMapping | None) -> Iterator[tuple[Term, str]]:
    """Each mapped field; how the stages look is told with the stages."""
    for kind in kinds:
        for each in kind.fields:
            key = f"{kind.kind}.{each.name}"
            yield Term(MAPPED, key, "type"), each.type
            for side in SIDES:
                places = (f"{object} {' + '.join(names)}" for object, names in each.slots.of(side).items())
                yield Term(MAPPED, key, f"in {side}"), ", ".join(places)
                steps = (*each.steps.of(side).read, *each.steps.of(side).write)
                yield Term(MAPPED, key, f"through, in {side}"), ", ".join(map(_step, steps))
                given = each.create_default.of(side)
                yield Term(MAPPED, key, f"for new records in {side}"), "" if given is None else str(given)
            yield Term(MAPPED, key, "flows"), each.direction
            yield Term(MAPPED, key, "both changed it"), each.policy + (f", tie {each.tie}" if each.tie else "")
            yield Term(MAPPED, key, "emptied"), each.clear
            yield Term(MAPPED, key, "written"), each.confirm
            for row in each.table if each is not staged else ():
                for side in SIDES:
                    forms = " or ".join(map(_form, row.reads.of(side)))
                    yield Term(MAPPED, key, f"value {row.value}, in {side}"), forms


def _step(step: Transform) -> str:
    return step.name if step.argument is None else f"{step.name} {step.argument}"


def _opening(span: OpenSpan) -> str:
    return f"{span.opens // 60:02}:{span.opens % 60:02}-{span.closes // 60:02}:{span.closes % 60:02}"


def _holidays(kept: Holidays | None) -> str:
    if kept is None:
        return ""
    place = kept.country + (f", {kept.subdivision}" if kept.subdivision else "")
    return place + (f", worked: {', '.join(kept.worked)}" if kept.worked else "")


def _spans(spans: Mapping[str, Span]) -> str:
    return ", ".join(f"{whom}: {span}" for whom, span in spans.items())


# -- what is remembered ------------------------------------------------------------------------------------------------
def note_definitions(store: Store, now: Instant, current: Definitions) -> tuple[Change, ...]:
    """Remembers that these are in force; what changed by that. The first time that anything is defined nothing has."""
    known = _remembered(store)
    first = known is None or not known[0]
    changed = () if known is None or first else tuple(differences(known[0], _comparable(current, known[2]), now))
    learnt = known is not None and known[2] != _ADDED
    if known is None or changed or learnt or (first and current):
        earlier = () if known is None else known[1]
        content = {
            "sorts": list(_ADDED),
            "in_force": [[*term, text] for term, text in current.items()],
            "changes": [
                [None if each.at is None else stamp(each.at), *each.term, each.before, each.after]
                for each in (*earlier, *changed)
            ],
        }
        store.remember(DEFINITIONS, orjson.dumps(content), now)
    return changed


def history(store: Store, current: Definitions) -> tuple[Change, ...]:
    """Every change there was, oldest first; then those that nobody works with yet."""
    known = _remembered(store)
    return () if known is None else (*known[1], *differences(known[0], _comparable(current, known[2]), None))


def change_document(change: Change) -> dict[str, Any]:
    """One change as plain values with stable keys."""
    return {"at": change.at, **change.term._asdict(), "before": change.before, "after": change.after}


def _comparable(current: Definitions, sorts: Sequence[str]) -> Definitions:
    """Without the sorts of terms that were not remembered yet."""
    return {term: text for term, text in current.items() if term.sort not in _ADDED or term.sort in sorts}


def differences(before: Definitions, after: Definitions, at: Instant | None) -> Iterator[Change]:
    """The terms that say something else."""
    for term in dict.fromkeys((*after, *before)):
        if before.get(term) != after.get(term):
            yield Change(at, term, before.get(term), after.get(term))


def word_by_word(before: str | None, after: str | None) -> tuple[Words, ...]:
    """What went and what came, in runs of words."""
    one, other = (before or "").split(), (after or "").split()
    found: list[Words] = []
    for sort, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if sort == "equal":
            found.append(Words("", " ".join(one[a:b])))
            continue
        if b > a:
            found.append(Words("-", " ".join(one[a:b])))
        if d > c:
            found.append(Words("+", " ".join(other[c:d])))
    return tuple(found)


def _remembered(store: Store) -> tuple[dict[Term, str], tuple[Change, ...], tuple[str, ...]] | None:
    remembered = store.recall(DEFINITIONS)
    if remembered is None:
        return None
    content = orjson.loads(remembered[0])
    in_force = {Term(*row[:3]): row[3] for row in content["in_force"]}
    changes = tuple(
        Change(None if at is None else instant(at), Term(sort, key, part), before, after)
        for at, sort, key, part, before, after in content["changes"]
    )
    return in_force, changes, tuple(content.get("sorts", ()))
