"""Signals that are only ever added on the other side: the last thing a cycle does, after everybody is linked."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.engine.appending import recovered
from syncd.engine.campaigns import fill_campaigns, find_members
from syncd.engine.running import Running
from syncd.engine.world import World
from syncd.model.link import Intent


def append_signals(at_work: Running) -> None:
    """Campaign members, then activities."""
    fill_campaigns(at_work)


def recover_signals(world: World, intents: Sequence[Intent]) -> list[Intent]:
    """Settles open intents of one kind and action by reading; returns those that may still be carried out."""
    return recovered(world, intents, find_members(world, intents))
