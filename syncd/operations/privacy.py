"""Forgetting a person by hand, and what remains of people who were forgotten, as an operator sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.engine.forgetting import wish
from syncd.engine.unlinking import links_to_end
from syncd.engine.world import World
from syncd.model.errors import BadUsage
from syncd.model.link import LinkState, OptedOut, Remnant
from syncd.model.values import Side
from syncd.operations.finding import Hit

OPTED_OUT: Final[Mapping[OptedOut, str]] = {
    OptedOut.YES: "yes",
    OptedOut.REFUSED: "NO: the vendor refused it",
    OptedOut.UNMAPPED: "NO: no opt_out field is mapped",
}
"""What the list says of mailings."""


def ask_to_forget(world: World, hit: Hit | None, text: str) -> list[str]:
    """Stores the wish for the next cycle; returns the records it is about as ``side:object/id``. Of two records that a
    person said are not one it is about the one that was named.

    :param text: what the operator typed, for the error only.
    :raises BadUsage: if nobody is meant, the person was forgotten already, or it may be either of two who are not one.
    """
    if hit is None:
        raise BadUsage(f"neither side has a record {text}, and no link remembers one; look for another spelling")
    if hit.link is not None and hit.link.state is LinkState.FORGOTTEN:
        raise BadUsage(f"the person of {text} was forgotten already; `syncd privacy` lists what remains")
    if hit.kind != "person":
        raise BadUsage(f"{text} is a {hit.kind} and no person; delete it in the system it is in")
    refs = [(side, ref) for side in Side if (ref := hit.refs.of(side)) is not None]
    if hit.link is not None and (hit.link.unlinked or hit.link.id in links_to_end(world.store.requests())):
        if hit.named is None:
            both = " or ".join(f"{side}:{ref}" for side, ref in refs)
            raise BadUsage(f"{text} is two records that a person said are not one; name the one that is meant: {both}")
        refs = [(side, ref) for side, ref in refs if side is hit.named]
    world.store.approve(wish(world, hit.kind, refs, asked=None, salt=world.clock.now().isoformat()))
    return [f"{side}:{ref}" for side, ref in refs]


def remnant_document(row: Remnant) -> dict[str, Any]:
    """One record that remains as plain values with stable keys."""
    return {
        "side": row.side.value,
        "record": str(row.ref),
        "kind": row.kind,
        "opted_out": row.opted_out.value,
        "since": row.since,
    }
