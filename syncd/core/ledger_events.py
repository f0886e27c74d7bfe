"""From what a cycle has decided about one person to the events of the ledger.

The engine calls ``ledger_events`` once it has settled what it decided: with the path that the lifecycle took
(``core.lifecycle.Take.path`` or ``Agree.paths``), the values both sides agree on, and when the CRM confirmed them. What
nobody can date happened when it was noticed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from syncd.core.lifecycle import Step
from syncd.model.episode import FACTS, NO, YES, Contacted, Delivered, Event, Moved, Told
from syncd.model.lifecycle import NEW, HandoffRules
from syncd.model.values import Canonical, Instant


def ledger_events(  # noqa: PLR0913 - one thing each that the engine knows
    person: str,
    *,
    rules: HandoffRules,
    path: Sequence[Step],
    cycle: int,
    values: Mapping[str, Canonical],
    noticed: Instant,
    entry: Collection[str] = (),
    reachable: Collection[str] = ("email",),
    persona: str | None = None,
    grade: str | None = None,
    delivered: Instant | None = None,
) -> tuple[Event, ...]:
    """The events of one person; the same arguments give the same ones.

    To be called where a stage or a fact of theirs has changed: what is told again at another time is kept again.

    :param person: the id of the link.
    :param path: how the person came where they are; empty if they stayed.
    :param cycle: in which cycle they were before it.
    :param values: shared fields by name, as both sides have them now.
    :param entry: shared fields that must be filled to be qualified; whether all were is marketing's commitment.
    :param reachable: shared fields one of which must be filled for a person that can be reached.
    :param delivered: when the CRM confirmed what a person qualified on the marketing side looks like.
    """
    events: list[Event] = []
    for step in path:
        cycle += step.transition is not None and step.transition.recycles
        if step.move.stage is None:
            continue
        events.append(
            Moved(
                person=person,
                at=step.move.at or noticed,
                cycle=cycle,
                stage=step.move.stage,
                start=step.start or NEW,
                team=min(step.teams, default=""),
                by=step.move.author.user,
                reason=step.move.reason or "",
            )
        )
    told = {name: _text(values.get(field)) for name, field in rules.facts.items() if name in FACTS}
    told |= {"persona": persona, "grade": grade}
    if any(stage in rules.qualified for stage in (step.move.stage for step in path)):
        told["complete"] = YES if all(values.get(name) is not None for name in entry) else NO
        told["valid"] = YES if any(values.get(name) is not None for name in reachable) else NO
    facts = tuple(sorted((name, value) for name, value in told.items() if value is not None))
    if facts:
        events.append(Told(person, noticed, facts))
    first = _instant(values.get(rules.facts.get("contacted", "")))
    if first is not None:
        events.append(Contacted(person, first))
    if delivered is not None:
        events.append(Delivered(person, delivered, told.get("owner") or "", cycle))
    return tuple(events)


def _text(value: Canonical) -> str | None:
    """A value as credit is counted by it: one text, or nothing."""
    if value is None or value == "":
        return None
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _instant(value: Canonical) -> Instant | None:
    """A shared date or instant as an instant: a day is its first moment in UTC. What is neither tells nothing."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == len("2026-03-31"):
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo is not None else None
