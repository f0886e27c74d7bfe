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
    from syncd.model.errors import BadUsage
    from syncd.model.notice import Message

    call: Call = context.obj
    loaded, _ = call.loaded_without_secrets()
    targets = [each for each in loaded.notify.telling.targets if target in (None, each.name)]
    if not targets:
        known = ", ".join(each.name for each in loaded.notify.telling.targets)
        raise BadUsage(
            f"there is no target {target!r}; use one of {known}"
            if known
            else "notify.targets names nobody; docs/notifications.md says how to add somebody"
        )
    told = []
    for each in targets:
        lines = [
            "This is a test: whoever reads it gets what `notify.targets` sends to this target.",
            f"Events: {', '.join(sorted(each.events))}.",
            f"Connections: {', '.join(sorted(each.connections)) or 'all'}.",
        ]
        posted = post_to(loaded, each.name, Message(f"syncd: test of {each.name}", "\n".join(lines), "info"))
        told.append({"name": each.name, "taken": posted.taken, "said": posted.said, "events": sorted(each.events)})
        if not as_json:
            how = "taken" if posted.taken else "not taken"
            more = "" if posted.said == how else f": {posted.said}"
            say(f"{each.name}: {how}{more}", style="green" if posted.taken else "red")
    if as_json:
        print_json({"targets": told})
    raise typer.Exit(0 if all(each["taken"] for each in told) else UNREACHED)


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
