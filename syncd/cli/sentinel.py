"""``syncd sentinel``: one record a side that tells that the side is itself, and that nobody else syncs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.operations.sentinel import Step

app = typer.Typer(
    help="One record a side that tells that the side is itself, and that no other syncd is at work there.",
    rich_markup_mode=None,
)
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without it, only show what would be done.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("show")
def show(context: typer.Context, *, as_json: Json = False) -> None:
    """Reads both sentinels and says how they stand. Writes to nobody.

    Exit 0 if both are as they were planted, 1 if not.

    JSON: sentinels [{side, account, record OBJECT/ID or null, state, says}].
    """
    from syncd.cli.out import print_json, say
    from syncd.operations.sentinel import look

    call: Call = context.obj
    with call.world(read_only=True) as world:
        sights = list(look(world))
    if as_json:
        print_json({"sentinels": [sight.document() for sight in sights]})
    for sight in () if as_json else sights:
        say(f"{sight.side}: {sight.ref or 'none'}: {sight.state}", style=None if sight.well else "yellow")
        if sight.says:
            say(f"    {sight.says}")
    well = all(sight.well for sight in sights)
    if not (well or as_json):
        say(f"plant them: {call.again('sentinel', 'plant')}")
    raise typer.Exit(0 if well else 1)


@app.command("plant")
def plant(context: typer.Context, *, apply: Apply = False, as_json: Json = False) -> None:
    """Makes one record a side, with syncd's own credentials, whose name says what it is and who keeps it.

    syncd reads both every ten minutes, and before it clears a value or ends a link. If one is gone or says something
    else, that account may have been emptied, restored or exchanged, and nothing is written to either side. The records
    are companies, or people without an address where no company is mapped; the sync leaves them alone. Shows what it
    would do, and does it with --apply; running it again makes what is lacking or mends what was edited. Exit 1 if
    something is left to do, 3 if a vendor refused it or another store's sentinel stands there.

    JSON: steps [{side, deed, record OBJECT/ID or null, object, says}], applied.
    """
    _do(context.obj, adopt=False, apply=apply, as_json=as_json)


@app.command("adopt")
def adopt(context: typer.Context, *, apply: Apply = False, as_json: Json = False) -> None:
    """Makes another store's sentinels this store's. Stop the other syncd first, for good.

    The other store has written what this one does not know. So both sides are compared before anything is written, and
    `syncd store accept-restored` lets it go on, as after a restored backup. Exit 1 if something is left to do.

    JSON: as `sentinel plant`.
    """
    _do(context.obj, adopt=True, apply=apply, as_json=as_json)


@app.command("remove")
def remove(context: typer.Context, *, apply: Apply = False) -> None:
    """Reads the sentinels no longer; needs no credentials and no network.

    The records stay, since syncd deletes nothing at a vendor, and the sync goes on leaving them alone.
    """
    from syncd.cli.out import say
    from syncd.model.values import SIDES
    from syncd.operations.watching import give_up, remembered
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        left = give_up(store, SystemClock().now()) if apply else remembered(store)
    for side in SIDES:
        if side in left:
            told = "is watched no longer; delete it by hand if you like" if apply else "would be watched no longer"
            say(f"{side}: {left[side]} {told}")
    if not left:
        say("no sentinel is planted")
    elif not apply:
        say("nothing was done; run it again with --apply")
    raise typer.Exit(1 if left and not apply else 0)


def _do(call: Call, *, adopt: bool, apply: bool, as_json: bool) -> None:
    from syncd.cli.out import print_json, say
    from syncd.operations.sentinel import carry_out, look, steps

    with call.world(read_only=not apply) as world:
        done = carry_out(world, adopt=adopt) if apply else steps(world, look(world), adopt=adopt)
        compare = world.store.restored() is not None
    if as_json:
        print_json({"steps": [_step_document(step) for step in done], "applied": apply})
    else:
        _print(call, done, apply=apply)
        if apply and compare:
            say(f"nothing is written until both sides were compared: {call.again('sync')}", style="yellow")
    raise typer.Exit(1 if done and not apply else 0)


def _print(call: Call, done: Sequence[Step], *, apply: bool) -> None:
    from syncd.cli.out import say

    for step in done:
        say(f"{step.side}: {step.deed} {step.ref or step.object}")
        say(f"    {step.text}")
    if not done:
        say("nothing to do; both stand as they should" if not apply else "nothing was to be done")
    elif apply:
        say(f"done; look at them with {call.again('sentinel', 'show')}")
    else:
        say("nothing was done; run it again with --apply")


def _step_document(step: Step) -> dict[str, object]:
    return {
        "side": str(step.side),
        "deed": str(step.deed),
        "record": None if step.ref is None else str(step.ref),
        "object": step.object,
        "says": step.text,
    }
