"""What ``doctor`` says of the native connector: whether it is at work, and which fields both would write.

One that was switched off is not mentioned, whatever it left on the records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syncd.engine.drift import still_written
from syncd.engine.native import LATELY, look
from syncd.engine.world import World
from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.model.fitting import Finding, Severity, Topic
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteSchema
from syncd.model.values import Pair, Side

_HOURS: Final = LATELY.total_seconds() / 3600
_OFF: Final = "HubSpot > Settings > Integrations > Connected apps > Salesforce"


def native_findings(world: World, kind: KindMapping, schemas: Pair[RemoteSchema]) -> Iterator[Finding]:
    """One finding if the native connector is at work on records of a kind; four calls at most, and none without it."""
    try:
        seen = look(world, kind, schemas, world.connectors.crm.users)
    except (NeedsOperator, RetryLater, Bug) as why:
        what = f"{kind.kind}: it could not be looked for the native connector: {why}"
        breaks = "whether it writes fields that syncd writes, too, is not known"
        yield Finding(Side.MARKETING, Topic.NATIVE, Severity.NOTICE, what, breaks, "`syncd doctor` again")
        return
    if seen.last is None:
        return
    last = seen.last.isoformat(timespec="seconds")
    works = f"{kind.kind}: HubSpot's own Salesforce connector is at work, last at {last}"
    rivals = still_written(world.store, kind.kind, seen.rivals)
    looked = f"the {seen.records} records it touched last, of the last {_HOURS:g} hours"
    if not rivals:
        yield Finding(
            Side.MARKETING,
            Topic.NATIVE,
            Severity.NOTICE,
            f"{works}; in {looked}, it wrote no field that syncd writes",
            "nothing now; a field that both write is left alone by syncd as soon as that is seen",
            "docs/migrate.md, to go in parts",
        )
        return
    written = "; ".join(f"{kind.kind}.{name}: {rival}" for name, rival in sorted(rivals.items()))
    shadow = world.connection.mode == "shadow"
    yield Finding(
        Side.MARKETING,
        Topic.NATIVE,
        Severity.NOTICE if shadow else Severity.BROKEN,
        f"{works}, and writes {len(rivals)} of the fields that syncd writes; in {looked}: {written}",
        "nothing in shadow mode; once live, syncd writes none of these fields while this goes on"
        if shadow
        else "syncd writes none of these fields while this goes on: each sync would take the other's writes for edits",
        f"let one of the two write them: take them out of its mapping or switch it off ({_OFF}), then `syncd drift "
        "accept`, or out of `fields` of syncd's mapping",
    )
