"""``syncd drift``: fields that rest because a vendor changed what they are or the native connector writes them, too,
and letting them go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.drift import Resting
    from syncd.model.run import Request

app = typer.Typer(help="Fields that rest: a vendor changed or writes them.", rich_markup_mode=None)


@app.command("list")
def list_resting(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists the fields that rest; needs no credentials and no network. Exit 1 if there is one.

    A field rests when its type was changed at a vendor, or its list lost an option: carried on, what that did to the
    records there would be done to the other side too. It rests, too, while the vendors' own connector writes it, until
    a day after its last write.

    JSON: resting [{kind, field, side, place, change, since, native}]; native is when that connector wrote it last.
    """
    from dataclasses import asdict

    from syncd.cli.out import print_json, say
    from syncd.operations.drift import resting

    call: Call = context.obj
    with call.memory() as store:
        found = resting(store)
    if as_json:
        print_json({"resting": [asdict(each) for each in found]})
    elif not found:
        say("no field rests")
    for each in () if as_json else found:
        say(str(each), style="yellow")
        when = "both systems hold what they should" if each.native is None else "it writes the field no more"
        say(f"    once {when}: {call.again('drift', 'accept', each.name)}")
    raise typer.Exit(1 if found else 0)


def print_resting(found: Sequence[Resting], call: Call) -> None:
    """What a plan leaves out since it rests."""
    from syncd.cli.out import say

    for each in found:
        say(f"at rest, so left out: {each}", style="yellow")
    if found:
        say(f"  {call.again('drift', 'list')}", style="bold")


@app.command("accept")
def accept(
    context: typer.Context,
    fields: Annotated[list[str] | None, typer.Argument(metavar="KIND.FIELD...", help="Fields to let go on.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every field that rests.")] = False,
) -> None:
    """Takes what these fields are in both systems now: from the next cycle on they are carried again. Of one that the
    vendors' own connector wrote it says that it does no more: take it out of its mapping, or switch that off, first.

    A cycle reads only what changes, so all records are compared by these fields once more, and what differs is merged
    as any change is: by a running daemon by itself, else by the `syncd resync` that is printed. Look first at what the
    vendor's change did to the records, and pause the connection if it must not be carried on: `syncd plan --full` shows
    what would be, and `syncd resume` lets it happen. Exit 1 if a field does not fit what its vendor has now and rests
    on, 3 if a vendor cannot be reached; then nothing is accepted.
    """
    from syncd.cli.out import say

    call: Call = context.obj
    wanted = _all(call) if everything else _named(call, fields or [])
    if not wanted:
        say("no field rests that could go on")
        return
    from syncd.operations.accepting import accept as let_go

    with call.world(read_only=True) as world:
        accepted = let_go(world, {(each.kind, each.field) for each in wanted})
        shadow = world.connection.mode == "shadow"
    for each in accepted.ended:
        say(f"{each.name} goes on with the next cycle")
    for each in accepted.unfit:
        say(f"{each.name} rests on: the mapping does not fit what its vendor has now; see {call.again('doctor')}")
    for name in sorted({each.name for each in wanted} - {each.name for each in (*accepted.ended, *accepted.unfit)}):
        say(f"{name} rests no longer: it was accepted meanwhile, or is not in the mapping any more")
    when = "once the connection is live" if shadow else "by the daemon" if call.daemon_works() else ""
    for request in accepted.resyncs:
        say(f"    {_compared(call, request, when=when)}")
    if accepted.resyncs and when:
        call.hasten()
    raise typer.Exit(1 if accepted.unfit else 0)


def _all(call: Call) -> list[Resting]:
    """Every field that waits for a person; one without a place waits for its vendor."""
    from syncd.operations.drift import resting

    with call.memory() as store:
        return [each for each in resting(store) if each.place]


def _named(call: Call, names: Sequence[str]) -> list[Resting]:
    """The fields that were typed. :raises BadUsage: if one of them cannot go on."""
    from syncd.operations.drift import named_resting

    with call.memory() as store:
        return named_resting(store, names)


def _compared(call: Call, request: Request, *, when: str) -> str:
    """Who finds what came to differ in the records that are there; ``when`` is empty if nobody is there to do it."""
    from syncd.model.resync import Resync

    wanted = Resync.read(request.argument)
    (kind,), fields = wanted.kinds, ",".join(wanted.fields)
    what = f"every {kind} is compared by {fields}"
    if when:
        return f"{what} {when}; see {call.again('resync', '--list')}"
    again = call.again("resync", "--all", "--kind", kind, "--fields", fields)
    return f"no daemon works: {what} by {again}, else by the next daemon"
