"""Linked people who are in step, edits of all of them, and whether both sides and the audit tell of each."""

from __future__ import annotations

from sandbox.kernel import Call
from tests.scenarios.steps import Steps

PEOPLE = 6


def furnish(steps: Steps) -> list[tuple[str, str]]:
    """Linked people in step: ids of contact and Lead."""
    made = [steps.contact(email=f"p{n}@example.com", firstname="A", city="Old", company="C") for n in range(PEOPLE)]
    steps.cycle()
    steps.quiet()
    return [(contact, str(steps.marketed(contact, "syncd_crm_id"))) for contact in made]


def edit(steps: Steps, people: list[tuple[str, str]], value: str) -> None:
    """Everybody moves, in turn by an edit of either side."""
    for n, (contact, lead) in enumerate(people):
        if n % 2:
            steps.market(contact, city=f"{value} {n}")
        else:
            steps.sell(lead, City=f"{value} {n}")


def agreed(steps: Steps, people: list[tuple[str, str]], value: str, *, first: int = 0) -> bool:
    """Whether both sides say so of everybody; ``first`` is the number of the first of them."""
    return all(
        steps.marketed(contact, "city") == steps.sold(lead, "City") == f"{value} {n}"
        for n, (contact, lead) in enumerate(people, first)
    )


def lines(steps: Steps) -> int:
    """How many calls both vendors have had."""
    return len(calls(steps))


def calls(steps: Steps) -> list[Call]:
    """All of them, in the order of time."""
    both = steps.both
    return sorted([*both.hubspot.calls, *both.salesforce.calls], key=lambda call: call.at)


def written(steps: Steps, before: int) -> set[str]:
    """The records that were written since there were so many calls."""
    return {id_ for call in calls(steps)[before:] for id_ in call.written}


def sound(steps: Steps) -> bool:
    """Whether the audit tells of every write its ending, and its chain holds."""
    found = steps.both.store.verify_audit()
    return not found.flaws and not found.unfinished and not steps.both.store.open_intents()
