"""Worlds in which the mass-change brake has its own limits, and the words that its scenarios are told in."""

from __future__ import annotations

from syncd.operations.braking import Part, approve, parts
from tests.scenarios.steps import Steps

PEOPLE = 300
DAY = 86_400.0


def linked(steps: Steps, number: int = PEOPLE, **properties: str) -> list[tuple[str, str]]:
    """So many people in step, two days ago."""
    ids = [steps.contact(email=f"p{n}@example.com", company="Acme", **properties) for n in range(number)]
    steps.cycle()
    steps.cycle(after=2 * DAY)
    return [(id_, str(steps.marketed(id_, "syncd_crm_id"))) for id_ in ids]


def held(steps: Steps) -> list[Part]:
    """What an operator sees."""
    return parts(steps.both.store, steps.both.clock.now())


def only(steps: Steps) -> Part:
    """The one held lot there is."""
    (part,) = held(steps)
    return part


def approved(steps: Steps, part: Part, *, who: str = "ann") -> Part:
    """A person approves what they saw."""
    return approve(steps.both.store, part.digest, who=who, reason="meant", now=steps.both.clock.now())


def titles(steps: Steps) -> int:
    """Leads that have a title."""
    return sum(1 for lead in steps.live("Lead") if lead["Title"])


def calls(steps: Steps) -> int:
    """Calls to both vendors so far."""
    return len(steps.both.hubspot.calls) + len(steps.both.salesforce.calls)
