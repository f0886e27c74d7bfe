"""``syncd store``: the state store itself: how large it is, its backups, and what to do after one was put back."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli import backups, sizes
from syncd.cli.call import Call

app = typer.Typer(help="The state store: its size, its backups, and after one was put back.", rich_markup_mode=None)
app.command("size")(sizes.size)
app.command("backup")(backups.backup)
app.command("backups")(backups.listed)
app.command("verify")(backups.verify)
app.command("restore")(backups.restore)


@app.command("mark-restored")
def mark(context: typer.Context) -> None:
    """Says that the store was put back from a backup: the next cycle compares both sides and writes nothing.

    A SQLite store notices that by itself. On PostgreSQL a planted sentinel notices most of it: call this right after a
    restore, or after a failover that lost commits, before any daemon or `syncd sync` runs again. Needs no credentials
    and no network.
    """
    from syncd.cli.call import who
    from syncd.cli.out import say
    from syncd.operations.restoring import mark_restored
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        fresh = mark_restored(store, SystemClock().now(), who())
    say("noted: nothing is written until both sides were compared" if fresh else "that was known already")
    say(f"next: {call.again('sync')}")


@app.command("accept-restored")
def accept(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lets a connection go on whose store was put back, once it was compared.

    Look first at `syncd conflicts list`: values that differ and of which nobody knows which is newer. They stay
    conflicts, each until it is resolved or both sides agree, and no policy decides them; everything else goes on with
    the next cycle. Needs no credentials and no network.

    JSON: accepted, open_conflicts.
    """
    from syncd.cli.call import who
    from syncd.cli.out import count, print_json, say
    from syncd.operations.restoring import accept_restored

    call: Call = context.obj
    with call.memory() as store:
        accepted = accept_restored(store, who())
        waiting = sum(1 for row in store.conflicts() if row.asks)
    if accepted:
        call.hasten()
    if as_json:
        print_json({"accepted": accepted, "open_conflicts": waiting})
        return
    say("accepted: the next cycle goes on" if accepted else "the store was not restored; nothing to accept")
    if waiting:
        say(f"{count(waiting, 'conflict')} to decide: {call.again('conflicts', 'list')}")
