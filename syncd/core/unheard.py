"""Of what is told of people, what the ledger does not know yet in other words.

A ledger that was kept by looking only (shadow mode) hears the same again when syncd begins to write: from the other
side's copy of a move, minutes later and under the name of whoever copied it, or without any date. Goes in: events, and
what is known of the same people. Comes out: the events that say something new. It promises that no move, no delivery
and no fact counts twice, and that a move into a stage where the person was not yet is kept, however late it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from syncd.model.episode import Delivered, Event, Moved, Told
from syncd.model.values import Instant


def unheard(told: Sequence[Event], known: Iterable[Event], *, now: Instant, qualified: Collection[str]) -> list[Event]:
    """The events that are new, in their order. A fact that is new without a move is dated with now.

    :param qualified: the stages by which somebody is handed over.
    """
    heard: defaultdict[str, list[Event]] = defaultdict(list)
    for event in known:
        heard[event.person].append(event)
    fresh: list[Event] = []
    for person in dict.fromkeys(event.person for event in told):
        mine = [event for event in told if event.person == person]
        fresh += _fresh(mine, heard[person], now, qualified) if person in heard else mine
    return fresh


def _fresh(told: Sequence[Event], known: Sequence[Event], now: Instant, qualified: Collection[str]) -> Iterator[Event]:
    moves = set(_moves([each for each in told if isinstance(each, Moved)], known))
    there = moves.union(known)  # the copy of a move is neither, and asks for no delivery
    entered = [each for each in told if isinstance(each, Moved) and each.stage in qualified and each in there]
    facts = facts_of(known)
    for event in told:
        if isinstance(event, Moved):
            if event in moves:
                yield event
        elif isinstance(event, Delivered):
            if _is_delivered_anew(event, entered, known):
                yield event
        elif isinstance(event, Told):
            if moves:
                yield event
            elif any(facts.get(name) != value for name, value in event.facts):
                yield replace(event, at=now)
        else:
            yield event


def _is_delivered_anew(told: Delivered, entered: Iterable[Moved], known: Iterable[Event]) -> bool:
    """Whether sales sees somebody for the first time in this cycle, or once more since they were handed over anew."""
    times = [each.at for each in known if isinstance(each, Delivered) and each.cycle == told.cycle]
    return not times or any(move.at > max(times) for move in entered if told.cycle in {None, move.cycle})


def _moves(told: Iterable[Moved], known: Sequence[Event]) -> Iterator[Moved]:
    heard = sorted((each for each in known if isinstance(each, Moved)), key=lambda each: each.at)
    stages = {(each.cycle, each.stage) for each in heard}
    here = heard[-1] if heard else None
    for move in sorted(told, key=lambda each: each.at):
        if here is None or move.at > here.at:
            if here is None or move.stage != here.stage:
                here = move
                yield move
        elif (move.cycle, move.stage) not in stages:  # told late
            yield move


def facts_of(known: Iterable[Event]) -> dict[str, str]:
    """The facts of one person as they were told last."""
    told = sorted((each for each in known if isinstance(each, Told)), key=lambda each: each.at)
    return {name: value for each in told for name, value in each.facts}
