"""``syncd parked``: single fields that are left alone, and asking for another try."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call

app = typer.Typer(
    help="Single fields that are left alone: refused, or put back again and again.", rich_markup_mode=None
)


@app.command("list")
def list_parked(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists parked fields, oldest first; needs no credentials and no network. Exit 1 if one is in quarantine.

    A field that a vendor refused is tried again by itself when its value, the mapping or the vendor's schema changes.
    One in quarantine (QUARANTINED) was put back by something else again and again; it waits for a person.

    JSON: parked [{id, kind, side that refused, ref OBJECT/ID, record SIDE:OBJECT/ID, link, field, code, reason, advice,
    since, last, heat {grade, points, lane}}]. The record is the one that refused the field, or the one of the other
    side that asks for it to be created.
    """
    from syncd.cli.out import print_json, say, table, when
    from syncd.model.link import QUARANTINED
    from syncd.operations.parking import id_of, parked_document

    call: Call = context.obj
    with call.memory() as store:
        rows = store.parked()
    if as_json:
        print_json({"parked": [parked_document(row) for row in rows]})
    elif not rows:
        say("no field is parked")
    else:
        heads = ("id", "record", "field", "since (UTC)", "reason", "advice")
        lines = [
            (
                id_of(row),
                row.record,
                f"{row.kind}.{row.field}",
                when(row.since),
                f"{row.code}: {row.reason}",
                row.advice,
            )
            for row in rows
        ]
        table("", heads, lines)
        say(f"mend the cause, then: {call.again('parked', 'retry', 'ID')}")
    raise typer.Exit(1 if any(row.code == QUARANTINED for row in rows) else 0)


@app.command("retry")
def retry(
    context: typer.Context,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Id of the parked field, or how it begins.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every parked field.")] = False,
) -> None:
    """Asks the next cycle to try again; ends a quarantine. What was written before is not counted any more."""
    from syncd.cli.call import who
    from syncd.cli.out import count, say
    from syncd.model.errors import BadUsage
    from syncd.operations.parking import named, try_again
    from syncd.system import SystemClock

    if (id is None) != everything:
        raise BadUsage("name one parked field, or say --all")
    call: Call = context.obj
    loaded, _ = call.loaded_without_secrets()
    connection = loaded.connection(call.connection).connection.name
    with call.memory() as store:
        rows = store.parked()
        chosen = list(rows) if id is None else [named(rows, id)]
        try_again(store, chosen, connection=connection, who=who(), now=SystemClock().now())
    call.hasten()
    say(f"{count(len(chosen), 'parked field')} tried again by the next cycle", f"next: {call.again('sync')}")
