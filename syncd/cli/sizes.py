"""``syncd store size``: how large the store is, what of it grows, and how large it will be."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call


def size(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tells how large the store is, and how large it will be if things go on as in the last thirty days.

    Counts all connections of the store, and the rules of `keep`. Needs no credentials and no network; takes seconds on
    a large store.

    JSON: used, free (bytes within the store), days (that growth was looked at), tables {NAME: {rows, lately,
    bytes_each, bytes_a_day}}, ahead [{days, bytes}], keep {audit, runs} (days or null).
    """
    from syncd.bootstrap import store_sizes
    from syncd.cli.out import print_json, say, table
    from syncd.operations.sizing import AHEAD, size_document

    call: Call = context.obj
    outline = call.outlined()
    found, keep = store_sizes(outline), outline.keep
    ages = {"audit": keep.audit, "runs": keep.runs}
    if as_json:
        print_json(size_document(found, keep))
        return
    say(f"{_mb(found.used)} used, {_mb(found.free)} free within it")
    table(
        f"what grows, by the last {found.days:.0f} days",
        ("table", "rows", "bytes each", "rows a day", "grows a day"),
        [
            (name, f"{each.rows:,}", f"{each.each:,.0f}", f"{each.lately / found.days:,.0f}", _mb(found.growth(name)))
            for name, each in found.tables.items()
        ],
    )
    for days in AHEAD:
        say(f"in {days} days: {_mb(found.after(days, keep))}")
    kept = ", ".join(f"{name} {'for good' if age is None else f'{age.days} days'}" for name, age in ages.items())
    say(f"kept: {kept}")


def _mb(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"
