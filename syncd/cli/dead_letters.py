"""``syncd dead-letters``: records that cannot be written, and what to do with them."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call

app = typer.Typer(help="Records that a vendor refuses as a whole.", rich_markup_mode=None)


@app.command("list")
def list_dead_letters(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists dead letters, oldest first; needs no credentials and no network. Exit 1 if one waits for a person.

    JSON: dead_letters [{id, kind, side (refusing), origin OBJECT/ID, code, reason, advice, since, last, heat {grade,
    points, lane}, attempts, retry}]. Grade and points are those of the person when they were refused last.
    """
    from syncd.cli.out import print_json, say, table, when
    from syncd.operations.letters import letter_document

    call: Call = context.obj
    with call.memory() as store:
        rows = store.dead_letters()
    if as_json:
        print_json({"dead_letters": [letter_document(row) for row in rows]})
    elif not rows:
        say("no dead letter")
    else:
        heads = ("id", "record", "refused by", "since (UTC)", "tries", "reason", "advice", "")
        lines = [
            (
                row.id,
                f"{row.side.other}:{row.origin}",
                row.side.value,
                when(row.since),
                str(row.attempts),
                f"{row.code}: {row.reason}",
                row.advice,
                "retried next cycle" if row.retry else "",
            )
            for row in rows
        ]
        table("", heads, lines)
        waiting = [row for row in rows if not row.retry]
        if waiting:
            say(f"mend the cause, then: {call.again('dead-letters', 'retry', '--all')}")
        else:
            say(f"next: {call.again('sync')}")
    raise typer.Exit(1 if any(not row.retry for row in rows) else 0)


@app.command("retry")
def retry(
    context: typer.Context,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Id of the dead letter, or how it begins.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
) -> None:
    """Asks the next cycle to try again."""
    from syncd.cli.out import count, say
    from syncd.model.errors import BadUsage
    from syncd.operations.deciding import named_dead_letter

    if (id is None) != everything:
        raise BadUsage("name one dead letter, or say --all")
    call: Call = context.obj
    with call.memory() as store:
        rows = store.dead_letters()
        chosen = rows if id is None else [named_dead_letter(rows, id)]
        for row in chosen:
            store.mark_dead_letter(row.id, True)
    say(f"{count(len(chosen), 'dead letter')} tried again by the next cycle", f"next: {call.again('sync')}")


@app.command("drop")
def drop(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the dead letter, or how it begins.")],
) -> None:
    """Forgets a dead letter. If its record changes again, it is tried as if for the first time."""
    from syncd.cli.out import say
    from syncd.operations.deciding import named_dead_letter

    call: Call = context.obj
    with call.memory() as store:
        row = named_dead_letter(store.dead_letters(), id)
        store.mark_dead_letter(row.id, False)
    say(f"dead letter {row.id} of {row.side.other}:{row.origin} is forgotten")
