"""Signals that are only ever added on the other side: the last thing a cycle does, after everybody is linked."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.engine.activities import copy_activities, find_copies
from syncd.engine.appending import recovered
from syncd.engine.campaigns import fill_campaigns, find_members
from syncd.engine.running import Running
from syncd.engine.world import World
from syncd.model.appended import CAMPAIGN_MEMBER
from syncd.model.link import Intent
from syncd.model.values import Side


def append_signals(at_work: Running) -> None:
    """Campaign members, then activities."""
    fill_campaigns(at_work)
    for rule in at_work.world.connection.signals.activities:
        copy_activities(at_work, rule)


def hears_of_sales(world: World) -> bool:
    """Whether the ledger hears of what sales does by activities too, and not by edits of people alone."""
    return world.booking is not None and any(rule.side is Side.CRM for rule in world.connection.signals.activities)


def recover_signals(world: World, intents: Sequence[Intent]) -> list[Intent]:
    """Settles open intents of one kind and action by reading; returns those that may still be carried out."""
    look = find_members if intents[0].kind == CAMPAIGN_MEMBER else find_copies
    return recovered(world, intents, look(world, intents))
