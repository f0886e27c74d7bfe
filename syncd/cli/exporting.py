"""``syncd export``: links, ledger, audit and the rest as open files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncd.cli.call import Call
from syncd.cli.readings import EVERYTHING, note


def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, which is made for you alone.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Writes what is known of a connection as open files: links, ledger, audit, runs, conflicts, dead letters.

    CSV for links and handoffs, JSON lines for the rest, and a manifest with the SHA-256 of each. Values of people who
    were forgotten are not in it; all others are: it is personal data. May run beside a daemon; needs no credentials
    and no network.
    """
    from importlib.metadata import version

    from syncd.bootstrap import exported_tables, store_versions
    from syncd.cli.out import print_json, say, table
    from syncd.operations.exporting import MANIFEST
    from syncd.operations.exporting import export as written
    from syncd.system import SystemClock

    call: Call = context.obj
    name = call.outlined().chosen(call.connection)
    with call.memory() as store:
        note(store, "export", name, EVERYTHING)
        about = {
            "connection": name,
            "syncd": version("syncd"),
            "schema": store_versions()["store_schema"],
            "accounts": {str(side): each.account for side, each in store.bound().items()},
        }
        files = written(store, exported_tables(), folder, about=about, now=SystemClock().now)
    if as_json:
        import orjson

        print_json(orjson.loads((folder / MANIFEST).read_bytes()))
        return
    table(str(folder), ("file", "rows", "bytes"), [(each.name, f"{each.rows:,}", f"{each.size:,}") for each in files])
    say("it holds personal data: keep it like the store, and no longer than you may")
