"""``syncd store backup``, ``backups``, ``verify`` and ``restore``: backups of the store, sealed and proven."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.backup import Proof

File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup, as `syncd store backups` lists them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def backup(context: typer.Context, *, as_json: Json = False) -> None:
    """Makes a backup now, while a daemon may work, and proves it by restoring it to a scratch file (PostgreSQL: to a
    scratch database, by pg_dump and pg_restore, which must be on the path).

    It goes into `backup.folder`, encrypted under `backup.key`. A daemon makes one each `backup.every` seconds by
    itself. Nothing older is deleted by this command.

    JSON: file, made, schema, bytes, rows {TABLE: n}, seconds.
    """
    from syncd.bootstrap import open_backups
    from syncd.cli.out import print_json, say

    call: Call = context.obj
    proof = open_backups(call.outlined()).make()
    if as_json:
        print_json(_document(proof))
        return
    say(f"{proof.backup.file}: {proof.backup.size / 1e6:,.1f} MB, restored beside the store and found sound")


def listed(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the backups in `backup.folder`, the latest first. Exit 1 if the latest is older than twice `backup.every`,
    or none are configured.

    JSON: backups [{file, made, schema, bytes}], overdue.
    """
    from syncd.bootstrap import open_backups
    from syncd.cli.out import age, print_json, say, table, when
    from syncd.model.backup import latest_by
    from syncd.operations.sizing import Shelf, backup_document
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    if outline.backup is None:
        if as_json:
            print_json({"backups": [], "overdue": True})
        else:
            say("no backups are configured: docs/backups.md", style="red")
        raise typer.Exit(1)
    known = open_backups(outline).known()
    now = SystemClock().now()
    latest = latest_by(now, known)
    overdue = Shelf(known, outline.backup.every).overdue(now)
    if as_json:
        print_json({"backups": [backup_document(each) for each in known], "overdue": overdue})
    else:
        rows = [(str(each.file), when(each.made), f"{each.size / 1e6:,.1f} MB", str(each.schema)) for each in known]
        table("backups", ("file", "made (UTC)", "size", "schema"), rows)
        if latest is None:
            future = " but those from the future: look at the clock" if known else ""
            say(f"there is no backup in {outline.backup.folder}{future}", style="red")
        elif overdue:
            say(f"the latest is {age(latest.made, now)} old: does the daemon run?", style="red")
    raise typer.Exit(1 if overdue else 0)


def verify(context: typer.Context, file: File, *, as_json: Json = False) -> None:
    """Restores a backup beside the store (a scratch file, a scratch database), looks it through, and walks its audit.

    The store is not touched. Exit 1 if the audit in it is not what was written; a file that cannot be opened is exit 2.

    JSON: file, made, schema, bytes, rows {TABLE: n}, seconds, flaws [text].
    """
    from syncd.bootstrap import open_backups
    from syncd.cli.out import print_json, say, when

    call: Call = context.obj
    proof = open_backups(call.outlined()).prove(file)
    if as_json:
        print_json({**_document(proof), "flaws": proof.flaws})
    else:
        for flaw in proof.flaws:
            say(flaw, style="red")
        what = ", ".join(f"{name} {number:,}" for name, number in proof.rows.items())
        say(f"made {when(proof.backup.made)} UTC, schema {proof.schema}: sound, restored in {proof.seconds:.1f} s")
        say(f"rows: {what}")
    raise typer.Exit(1 if proof.flaws else 0)


def restore(
    context: typer.Context,
    file: File,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also if a lease is held or the store is unreadable: look that nobody uses it."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Puts a backup in the store's place; nobody may work on it. The store that is there is kept under another name
    (PostgreSQL: as a backup, made first).

    Nothing is written to a vendor afterwards until both sides were compared and you accepted that:
    docs/backups.md#putting-one-back. What was killed is called again.

    JSON: file, made, schema, bytes, rows {TABLE: n}, seconds, aside (path or null).
    """
    from syncd.bootstrap import open_backups
    from syncd.cli.call import who
    from syncd.cli.out import print_json, say, when

    call: Call = context.obj
    backups = open_backups(call.outlined())
    if backups.there():
        _nobody_works(call, force=force)
    proof, aside = backups.put_back(file, who())
    if as_json:
        print_json({**_document(proof), "aside": None if aside is None else str(aside)})
        return
    say(f"put back: the store of {when(proof.backup.made)} UTC, in {proof.seconds:.1f} s")
    if aside is not None:
        say(f"the store that was there: {aside}; delete it once all is well")
    say("nothing is written to a vendor until both sides were compared", f"next: {call.again('sync')}")


def _nobody_works(call: Call, *, force: bool) -> None:
    """:raises BadUsage: if a daemon or another command works on the store, or nobody can tell."""
    from syncd.model.errors import BadUsage, SyncdError

    try:
        works = call.daemon_works()
        leases = call.leases()
    except SyncdError as trouble:
        if force:
            return
        raise BadUsage(
            f"whether a daemon works on the store cannot be told ({trouble}); look that none runs, then add --force"
        ) from trouble
    if works:
        raise BadUsage("a daemon works on this store; stop it first (`systemctl stop syncd`)")
    if leases and not force:
        held = ", ".join(f"{each.holder} writes for {each.connection}" for each in leases)
        raise BadUsage(
            f"somebody works on this store ({held}); wait for its end, or look that it is gone and add --force"
        )


def _document(proof: Proof) -> dict[str, Any]:
    from syncd.operations.sizing import backup_document

    return {**backup_document(proof.backup), "rows": dict(proof.rows), "seconds": round(proof.seconds, 3)}
