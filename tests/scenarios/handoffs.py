"""People who are handed over, what the ledger heard of them, and cycles that are killed at each of their effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from syncd.model.episode import Event, Moved
from syncd.model.values import Instant
from tests.sampled import effects
from tests.scenarios.lifecycles import MQL
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_crashes import killed_at, until_quiet
from tests.worlds import open_both

ANN = "ann@acme-works.com"


def events(steps: Steps) -> Sequence[Event]:
    """What the ledger heard of everybody, oldest first."""
    people = [link.id for link in steps.both.store.links("person")]
    return sorted(steps.both.store.ledger_of(people), key=lambda event: (event.at, type(event).__name__))


def moves(steps: Steps) -> list[tuple[int, str, str, str]]:
    """Every move: cycle, from where, to where, by which team."""
    return [(each.cycle, each.start, each.stage, each.team) for each in events(steps) if isinstance(each, Moved)]


def episodes(steps: Steps, *names: str) -> list[tuple[object, ...]]:
    """Some columns of every episode, oldest first."""
    return list(steps.both.store.episode_columns(names))


def qualified(steps: Steps, **properties: str) -> tuple[str, str, Instant]:
    """A lead of marketing's that it makes an MQL; the contact, its Lead, and when that was."""
    contact = steps.contact(email=ANN, company="Acme", lifecyclestage="lead", hs_lead_status="", **properties)
    steps.cycle()
    steps.both.clock.advance(600)
    moment = steps.both.clock.now()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    lead = steps.marketed(contact, "syncd_crm_id")
    assert lead is not None
    return contact, lead, moment


def killed_at_each_effect(
    folder: Path,
    begin: Callable[[Steps], Callable[[], object]],
    *,
    config: Path,
    opened: Callable[[Path, str], Steps] = lambda config, store: Steps(open_both(store, config=config)),
) -> Iterator[tuple[Steps, int]]:
    """One effect of a cycle after the other kills it, until one is not killed; each world once all is quiet.

    :param begin: plays what comes before that cycle, and returns what is done just before it.
    :param opened: opens two accounts over a configuration and a store.
    """
    for effect in effects(40):
        place = folder / str(effect)
        place.mkdir()
        steps = opened(config, f"sqlite:///{place}/state.db")
        both = steps.both
        steps.cycle()
        begin(steps)()
        killed = killed_at(both, place, effect, after=HOUR)
        until_quiet(both, place)
        yield steps, effect
        both.store.close()
        if not killed:
            assert effect > 4, "there must have been something to kill"
            return
    raise AssertionError("no run went through")
