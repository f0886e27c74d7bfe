"""What an operator does while a scenario is played, and what happens to the machine that syncd runs on.

Each wish is a function of the play and of a number that picks; it says whether it met anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from syncd.engine.cycle import sync
from syncd.engine.world import World
from syncd.lab.arena import Arena
from syncd.lab.crowd import Crowd
from syncd.lab.ledger import Ledger
from syncd.lab.lives import Killed, Life
from syncd.lab.scenario import Happening
from syncd.lab.upsets import spoil
from syncd.model.errors import SyncdError
from syncd.operations.braking import Part, Stands, approve, parts, reject
from syncd.operations.deciding import Choice, resolution
from syncd.operations.drift import let_go_on, resting
from syncd.operations.resyncing import Words, ask, understood

ENDS: Final = ("after begin", "before settle")
"""Where a process ends so that a write is under way, or answered and not remembered."""


class Daemon(Protocol):
    """A play as its operator sees it: what runs, whether in the middle of a turn, and what the next turn is told."""

    arena: Arena
    crowd: Crowd
    world: World | None
    life: Life | None
    turning: bool
    full: bool
    remap: int | None


Trace = Callable[[str], None]
Wish = Callable[[Daemon, int, Trace], bool]


def operate(daemon: Daemon, wish: Happening, trace: Trace) -> bool:
    """Has a wish carried out; whether it met anything."""
    return _WISHES[wish.does](daemon, wish.pick, trace)


def let_all_go_on(arena: Arena, ledger: Ledger) -> None:
    """Whatever waits for a person goes on: what rests after a change of a schema, what is held, what was given up. The
    ledger notes what was approved.
    """
    store, now = arena.store, arena.clock.now()
    rests = resting(store)
    if rests:
        let_go_on(store, {(rest.kind, rest.field) for rest in rests}, now)
    for part in parts(store, now):
        if part.asks:
            _approve(arena, part, ledger)
    for letter in store.dead_letters():
        store.mark_dead_letter(letter.id, True)


# -- the machine -------------------------------------------------------------------------------------------------------
def _skew(daemon: Daemon, pick: int, _trace: Trace) -> bool:
    """From the next start on its clock is wrong by up to ten minutes."""
    daemon.arena.skew = pick % 1_200_000 - 600_000
    return True


def _pause(daemon: Daemon, pick: int, trace: Trace) -> bool:
    """It stands still in the middle of a call for up to 15 minutes, and a second daemon takes a turn meanwhile."""
    daemon.arena.clock.ms += pick % 900 * 1000
    world, _ = daemon.arena.start()
    try:
        sync(world, wait=0.0, steady=True)
    except (SyncdError, Killed) as trouble:
        trace(f"rival: {type(trouble).__name__}")
    return True


def _stop(daemon: Daemon, _pick: int, _trace: Trace) -> bool:
    """It is told to stop, at whatever step it is."""
    if daemon.life is None:
        return False
    daemon.life.told = daemon.arena.clock.ms
    return daemon.turning


def _remap(daemon: Daemon, pick: int, _trace: Trace) -> bool:
    """Another mapping is put in force, and the process ends while a write is under way: that counts once it is met."""
    daemon.remap = pick
    daemon.arena.effects.ends_at = ENDS[pick % len(ENDS)]
    return False


def _spoil(daemon: Daemon, pick: int, trace: Trace) -> bool:
    """A stored position is not what was stored."""
    told = spoil(daemon.arena.store, pick, daemon.arena.clock.now())
    trace(f"spoilt {told}")
    return bool(told)


# -- the operator ------------------------------------------------------------------------------------------------------
def _full(daemon: Daemon, _pick: int, _trace: Trace) -> bool:
    daemon.full = True
    return True


def _resync(daemon: Daemon, _pick: int, trace: Trace) -> bool:
    if daemon.world is not None:
        try:
            ask(daemon.world, understood(daemon.world, Words(everything=True)))
        except (SyncdError, Killed) as trouble:
            trace(f"resync not asked for: {type(trouble).__name__}")
    return True


def _answer(daemon: Daemon, pick: int, word: str) -> bool:
    """People say what becomes of what the brake holds; whether it holds anything that asks for it."""
    store, now = daemon.arena.store, daemon.arena.clock.now()
    held = [each for each in parts(store, now) if each.asks]
    if held and word == "reject":
        reject(store, held[pick % len(held)].digest, who="ann", reason="simulated", now=now)
    elif held:
        _approve(daemon.arena, held[pick % len(held)], daemon.crowd.ledger)
    return bool(held)


def _approve(arena: Arena, part: Part, ledger: Ledger) -> None:
    """It may take two of them."""
    store, now = arena.store, arena.clock.now()
    if approve(store, part.digest, who="ann", reason="simulated", now=now).stands is Stands.SECOND:
        approve(store, part.digest, who="bob", reason="simulated", now=now)
    kind, _, side, name, _ = part.lot.key
    ledger.approved[kind, str(side), name] += len(part.lot.changes)


def _resolve(daemon: Daemon, pick: int, _trace: Trace) -> bool:
    open_ = daemon.arena.store.conflicts()
    if open_:
        conflict = open_[pick % len(open_)]
        choices = (Choice(take="crm"), Choice(take="marketing"), Choice(apart=True))
        for choice in choices[pick % 2 :]:
            try:
                daemon.arena.store.resolve_conflict(conflict.id, resolution(conflict, choice))
            except SyncdError:
                continue
            for side, ref in conflict.refs:  # whoever decides has seen both values
                daemon.crowd.ledger.touched[side, ref.id] = daemon.arena.clock.ms
                daemon.crowd.ledger.decided.add((side, ref.id))
            break
    return bool(open_)


_WISHES: Final[Mapping[str, Wish]] = {
    "skew": _skew,
    "pause": _pause,
    "stop": _stop,
    "remap": _remap,
    "spoil": _spoil,
    "full": _full,
    "resync": _resync,
    "approve": lambda daemon, pick, _: _answer(daemon, pick, "approve"),
    "reject": lambda daemon, pick, _: _answer(daemon, pick, "reject"),
    "resolve": _resolve,
}
