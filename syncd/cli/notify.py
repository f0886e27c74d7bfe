"""``syncd notify``: who is told when something needs a person, and whether they can be reached."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call

app = typer.Typer(help="Who is told when something needs a person, and whether they get it.", rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
UNREACHED = 3


@app.command("test")
def try_targets(
    context: typer.Context,
    *,
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="Only this one.")] = None,
    as_json: Json = False,
) -> None:
    """Sends one message to each target now and says what came back. Needs no credentials of the vendors.

    Exit 3 if one did not take it.

    JSON: targets [{name, taken, said, events [NAME]}].
    """
    from syncd.bootstrap import post_to
    from syncd.cli.out import print_json, say
    from syncd.operations.trying import meant, tried

    call: Call = context.obj
    loaded, _ = call.loaded_without_secrets()
    told = []
    for each in meant(loaded.notify.telling.targets, target):
        found = tried(each, lambda name, message: post_to(loaded, name, message))
        told.append(found)
        if not as_json:
            how = "taken" if found.taken else "not taken"
            more = "" if found.said == how else f": {found.said}"
            say(f"{each.name}: {how}{more}", style="green" if found.taken else "red")
    if as_json:
        print_json({"targets": [each.document() for each in told]})
    raise typer.Exit(0 if all(each.taken for each in told) else UNREACHED)


@app.command("list")
def list_waiting(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists what waits to be sent, oldest first; needs no credentials and no network. Exit 1 if something does.

    JSON: waiting [{target, id, at, attempts, title}].
    """
    from syncd.cli.out import print_json, say, table, when
    from syncd.operations.kept_notices import waiting_document
    from syncd.operations.telling import waiting

    call: Call = context.obj
    with call.memory() as store:
        rows = [(target, notice) for target, notice in waiting(store)]
    if as_json:
        print_json({"waiting": [waiting_document(target, notice) for target, notice in rows]})
    elif not rows:
        say("nothing waits")
    else:
        heads = ("target", "notice", "since (UTC)", "attempts", "about")
        lines = [
            (target, notice.id, when(notice.at), str(notice.tries), notice.message.title) for target, notice in rows
        ]
        table("", heads, lines)
        say(f"  try a target: `{call.again('notify', 'test', '--target', rows[0][0])}`")
    raise typer.Exit(1 if rows else 0)
