"""``syncd drift``: fields that rest because a vendor changed what they are, and letting them go on."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call

app = typer.Typer(help="Fields that rest because a vendor changed what they are.", rich_markup_mode=None)


@app.command("list")
def list_resting(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists the fields that rest; needs no credentials and no network. Exit 1 if there is one.

    A field rests when its type was changed at a vendor, or its list lost an option: carried on, what that did to the
    records there would be done to the other side too.

    JSON: resting [{kind, field, side, place, change, since}].
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
        say(
            f"    once both systems hold what they should: {call.again('drift', 'accept', f'{each.kind}.{each.field}')}"
        )
    raise typer.Exit(1 if found else 0)


@app.command("accept")
def accept(
    context: typer.Context,
    fields: Annotated[list[str] | None, typer.Argument(metavar="KIND.FIELD...", help="Fields to let go on.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every field that rests.")] = False,
) -> None:
    """Takes the definitions of these fields as they are now: from the next cycle on they are carried again.

    A cycle reads only what changes, so what differs since is found by the daemon's sweep, by `syncd sync --full`, or at
    once by `syncd resync --all --fields FIELD`, and merged as any change is. Look first at what the vendor's change did
    to the records, and pause the connection if it must not be carried on: `syncd plan --full` shows it.
    """
    from syncd.cli.out import say
    from syncd.model.errors import BadUsage
    from syncd.operations.drift import let_go_on, resting
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        found = {f"{each.kind}.{each.field}": each for each in resting(store)}
        wanted = list(found) if everything else list(fields or ())
        if not wanted and not everything:
            raise BadUsage("name the fields as KIND.FIELD, or say --all")
        strange = [name for name in wanted if name not in found]
        if strange:
            known = f"those that do: {', '.join(found)}" if found else "no field does"
            raise BadUsage(f"{', '.join(strange)} does not rest; {known}")
        unfit = [found[name] for name in wanted if not found[name].place]
        if unfit and not everything:
            raise BadUsage(f"{unfit[0]}; it goes on by itself once it fits again")
        names = {(found[name].kind, found[name].field) for name in wanted if found[name].place}
        ended = let_go_on(store, names, SystemClock().now())
    for each in ended:
        say(f"{each.kind}.{each.field} goes on with the next cycle")
        say(f"    what differs since: {call.again('plan', '--full')}")
        say(f"    to carry it now: {call.again('resync', '--all', '--fields', each.field)}")
