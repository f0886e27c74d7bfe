"""``syncd audit``: whether the history of writes is what was written."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call

app = typer.Typer(help="The history of writes to both vendors.", rich_markup_mode=None)


@app.callback()
def audit() -> None:
    """The history of writes to both vendors."""


@app.command("verify")
def verify(
    context: typer.Context,
    *,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="HASH", help="A hash that was the head before: it must be in the chain."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Walks the chain over the audit, and that over the entries of reading, and says whether anything was altered,
    removed, inserted or moved.

    Needs no credentials and no network, and may run beside a daemon. Prints the head: keep it elsewhere, or keep the
    logs elsewhere (`audit_head` of `run.finished`); with --head a chain whose end was cut is noticed, too. Exit 1 if
    anything is amiss.

    What `keep.audit` pruned is told apart, with the entry that the rest goes on from.

    JSON: rows, unfinished, before_chain, entries, reads (of all connections), pruned {number, hash, upto, rows, at,
    days} or null, head {number, hash} or null, flaws [text], more_flaws.
    """
    from syncd.cli.out import count, print_json, say
    from syncd.operations.proving import head_of, verified_document

    known = head_of(head)
    call: Call = context.obj
    with call.memory() as store:
        found = store.verify_audit(known)
    if as_json:
        print_json(verified_document(found))
    else:
        for flaw in found.flaws:
            say(flaw, style="red")
        if found.more:
            say(f"and {found.more:,} more", style="red")
        say(f"{count(found.rows, 'audit row')} in {count(found.entries, 'entry', 'entries')} of the chain")
        if (gone := found.pruned) is not None:
            say(
                f"  {count(gone.rows, 'row')} up to {gone.upto:%Y-%m-%d %H:%M} UTC were pruned by rule (keep.audit, "
                f"{gone.age.days} days), the last on {gone.at:%Y-%m-%d}"
            )
            say(f"  what stays goes on from entry {gone.number}: {gone.hash}")
        if found.unfinished:
            say(f"  {found.unfinished:,} of them without an ending yet")
        if found.before:
            say(f"  {count(found.before, 'row')} from before there was a chain, of which nothing can be said")
        if found.reads:
            say(f"{count(found.reads, 'entry', 'entries')} of reading, of all connections, in a chain of their own")
        say(f"head: {found.head.hash} (entry {found.head.number})" if found.head else "no entry yet")
        say("nothing was altered" if found else "the audit is not what was written", style=None if found else "red")
    raise typer.Exit(0 if found else 1)
