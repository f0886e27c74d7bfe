"""What a cycle would do now, with what the brake would leave unwritten and what rests: one look, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.engine.brake import would_hold
from syncd.engine.cycle import plan_only
from syncd.engine.world import World
from syncd.model.brake import Key
from syncd.model.drift import Resting
from syncd.model.errors import BadUsage
from syncd.model.plan import Plan
from syncd.model.values import SIDES
from syncd.operations.drift import resting
from syncd.operations.forecast import Forecast, forecast, forecast_document
from syncd.operations.recreating import tombstones


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan in figures, how many of its changes the brake would hold, and the fields that are at rest."""

    plan: Plan
    told: Forecast
    braked: Mapping[Key, int]
    rests: Sequence[Resting]

    def document(self) -> dict[str, Any]:
        """As ``syncd plan --json`` says it."""
        would = [[*map(str, key[:4]), number] for key, number in sorted(self.braked.items())]
        at_rest = [each.name for each in self.rests]
        return {**forecast_document(self.told), "would_be_held": would, "resting": at_rest}

    def links(self) -> list[str]:
        """Ids of those of whom values are among the samples."""
        return [each.decision.link.id for each in self.told.samples]


def planned(world: World, *, full: bool = False, recreate: Sequence[str] | None = None) -> Planned:
    """Reads both sides and decides.

    :param recreate: records whose counterparts are to be made anew, as they were typed.
    :raises BadUsage: if one of these means nobody, or several.
    """
    prepared = plan_only(world, full=full, recreate=tombstones(world, recreate))
    told = forecast(world, prepared.plan)
    return Planned(prepared.plan, told, would_hold(world, prepared.plan), resting(world.store))


def refuse_everything(world: World) -> None:
    """:raises BadUsage: where a plan has to read both systems whole: before the first link, and after a restore."""
    known = {(row.kind, row.side) for row in world.store.cursors() if row.stream == "changes"}
    unread = [kind.kind for kind in world.connection.kinds if any((kind.kind, side) not in known for side in SIDES)]
    if unread:
        raise BadUsage(
            f"{', '.join(unread)} was never linked, so all of it would be read; look with `syncd plan` on the host, "
            "and approve what it shows with `syncd sync --approve`"
        )
    if world.store.restored() is not None:
        raise BadUsage("the store was put back, and both sides are compared first; look with `syncd plan` on the host")
