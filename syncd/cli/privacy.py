"""``syncd privacy`` and ``syncd forget``: what remains of forgotten people, and forgetting one by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call


def privacy(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists records of forgotten people that are still there; needs no credentials and no network.

    syncd deletes nothing at a vendor: delete them there, and they leave the list within an hour. Exit 1 if there are
    any.

    JSON: remnants [{side, record, kind, opted_out (yes, refused, unmapped), since}].
    """
    from syncd.cli.out import print_json, say, table, when
    from syncd.operations.privacy import OPTED_OUT, remnant_document

    call: Call = context.obj
    with call.memory() as store:
        rows = store.remnants()
    if as_json:
        print_json({"remnants": [remnant_document(row) for row in rows]})
    elif rows:
        heads = ("side", "record", "out of mailings", "since (UTC)")
        shown = [(row.side.value, str(row.ref), OPTED_OUT[row.opted_out], when(row.since)) for row in rows]
        table("records of forgotten people that are still there", heads, shown)
        say("delete them in the system they are in; they leave this list within an hour")
    else:
        say("nothing remains of anybody who was forgotten")
    raise typer.Exit(1 if rows else 0)


def forget(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID.")
    ],
) -> None:
    """Forgets a person for good: the next cycle opts both records out, destroys what syncd knows and never links again.

    The records themselves stay until you delete them (`syncd privacy` lists them). There is no way back. Exit 1 if
    several records are meant; they are listed and nothing is stored.
    """
    from syncd.cli.out import say
    from syncd.engine.world import make_ready
    from syncd.operations.finding import find_hits, named_by
    from syncd.operations.privacy import ask_to_forget

    call: Call = context.obj
    with call.looking() as world:
        named_by(world, record)
        make_ready(world)
        hits = find_hits(world, record)
        if len(hits) > 1:
            from syncd.cli.explain import print_hits

            print_hits(hits, call.again("forget", "RECORD"))
            raise typer.Exit(1)
        refs = ask_to_forget(world, hits[0] if hits else None, record)
        call.tell(*refs)
    say(f"{', '.join(refs)}: forgotten by the next cycle", f"look first: {call.again('plan')}")
    say(f"next:       {call.again('sync')}")
