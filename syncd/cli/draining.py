"""``syncd drain``: ends what is in flight and begins nothing, before an upgrade."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE: Final = 2.0
"""Seconds in which a turn that was asked for just before the pause takes its lease, if it takes it at all."""


def drain(
    context: typer.Context,
    *,
    wait: Annotated[
        float, typer.Option("--wait", metavar="S", min=0, help="Seconds that what is in flight has to end.")
    ] = 900.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ends what is in flight and begins nothing new, for all connections (or the one of --connection).

    Turns under way end, writes without an answer are settled by reading. A daemon then stays still until
    `syncd resume`, or until it is started again. Resyncs that wait or are half done go on then. Exit 0 when nothing is
    in flight, 1 if a write may still be carried out at a vendor, 3 if somebody still works on a connection.

    JSON: connections [{connection, in_flight}].
    """
    from syncd.bootstrap import open_roster
    from syncd.cli.call import who
    from syncd.cli.out import count, print_json, say
    from syncd.engine.drain import drain as ended
    from syncd.operations.draining import stand_still
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    names = [outline.chosen(call.connection)] if call.connection is not None else sorted(outline.connections)
    deadline = time.monotonic() + wait
    with open_roster(outline) as roster:
        now = SystemClock().now()
        for name in names:
            stand_still(roster, name, who(), now)
    if call.daemon_works():
        time.sleep(min(GRACE, wait))
    loaded = call.loaded()
    found: dict[str, int] = {}
    for name in names:
        with replace(call, connection=name).world(read_only=False, loaded=loaded) as world:
            found[name] = ended(world, wait=max(0.0, deadline - time.monotonic()))
    if as_json:
        print_json({"connections": [{"connection": name, "in_flight": left} for name, left in found.items()]})
    else:
        for name, left in found.items():
            if left:
                say(f"{name}: {count(left, 'write')} may still be carried out; the next start settles them by reading")
            else:
                say(f"{name}: nothing is in flight")
        say(f"it stands still until it is started again, or: {_resuming(call, names)}")
    raise typer.Exit(1 if any(found.values()) else 0)


def _resuming(call: Call, names: Iterable[str]) -> str:
    """The commands that let it go on."""
    return "; ".join(replace(call, connection=name).again("resume") for name in names)
