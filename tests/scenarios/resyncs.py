"""The words in which resyncs are told: who is linked, what changed unseen, what is asked for and carried out."""

from __future__ import annotations

from collections.abc import Callable

from syncd.engine.resync import Met, carry_on
from syncd.engine.world import make_ready
from syncd.model.resync import Resync
from syncd.model.run import Run
from syncd.operations.resyncing import Words, ask, understood
from tests.scenarios.steps import Steps

PEOPLE = 7


def linked_people(steps: Steps) -> list[tuple[str, str]]:
    """Linked people in step: ids of contact and lead."""
    contacts = [steps.contact(email=f"p{n}@example.com", company="Acme", country="Germany") for n in range(PEOPLE)]
    steps.cycle()
    steps.cycle()
    return [(contact, str(steps.marketed(contact, "syncd_crm_id"))) for contact in contacts]


def unseen(steps: Steps, contact: str, title: str) -> None:
    """HubSpot holds another value, and no stamp, no index and no history tells of it."""
    steps.both.hubspot.portal.store("contacts").records[int(contact)].values["jobtitle"] = title


def latest(steps: Steps) -> Run:
    """The one resync that there was."""
    (run,) = [run for run in steps.both.store.runs(100) if run.command == "resync"]
    return run


def wanted(steps: Steps, **words: object) -> Resync:
    """What these words ask for."""
    make_ready(steps.both.world)
    return understood(steps.both.world, Words(**words))  # type: ignore[arg-type]


def carried_out(steps: Steps, asked: Resync, *, leave_off: Callable[[], bool] = lambda: False) -> bool:
    """Asks for it and carries it out."""
    return carry_on(steps.both.world, ask(steps.both.world, asked), Met(), leave_off=leave_off)
