"""``syncd audit``: whether the history of writes is what was written, here and where it was taken, signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call
from syncd.cli.readings import EVERYTHING, note

if TYPE_CHECKING:
    from syncd.model.audit import Verified

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
    folder: Annotated[
        Path | None, typer.Option("--export", metavar="FOLDER", help="Prove what `audit export` wrote, not the store.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PUB", help="With --export: the public key of who signed it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Walks the chain over the audit, and that over what operators did and whom they read, and says whether anything
    was altered, removed, inserted or moved.

    Needs no credentials and no network, and may run beside a daemon. Prints the head: keep it elsewhere, or keep the
    logs elsewhere (`audit_head` of `run.finished`); with --head a chain whose end was cut is noticed, too. Exit 1 if
    anything is amiss.

    With --export neither configuration nor store is needed: it is proven that FOLDER is what was signed with the key
    that belongs to PUB, and the chain in it whole; the first row that was altered, removed or slipped in is named.

    What `keep.audit` pruned is told apart, with the entry that the rest goes on from.

    JSON: rows, unfinished, before_chain, entries, reads, commands (both of all connections), pruned {number, hash,
    upto, rows, at, days} or null, head {number, hash} or null, flaws [text], more_flaws; with --export also connection,
    at and key (the fingerprint), which are null where the signature is not good.
    """
    from syncd.bootstrap import prove_audit
    from syncd.cli.out import print_json, say
    from syncd.model.errors import BadUsage
    from syncd.operations.proving import head_of, verified_document

    known = head_of(head)
    call: Call = context.obj
    if (folder is None) != (key is None):
        raise BadUsage("--export and --key belong together: which folder, and whose signature?")
    if folder is not None and key is not None:
        carried = prove_audit(folder, key, known)
        found, told = carried.found, carried.told
        of_it = {"connection": told.get("connection"), "at": told.get("ended"), "key": told.get("key")}
        if as_json:
            print_json({**verified_document(found), **of_it})
        else:
            if told:
                say(f"the audit of {told['connection']} at {told['ended']}, signed with the key {told['key']}")
            _print(found)
        raise typer.Exit(0 if found else 1)
    with call.memory() as store:
        found = store.verify_audit(known)
    if as_json:
        print_json(verified_document(found))
    else:
        _print(found)
    raise typer.Exit(0 if found else 1)


@app.command("key")
def key_to_sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the private key, for you alone.")],
) -> None:
    """Makes the key that `audit export` signs with, and its public one, in FILE.pub, for whoever proves it.

    Give them the fingerprint on another way than the export. Ed25519, in PEM; keep the private key where those who can
    write to the store cannot read it.
    """
    from syncd.bootstrap import new_key
    from syncd.cli.out import say

    public, told = new_key(file)
    say(f"private key: {file}", f"public key:  {public}", f"fingerprint: {told}")


@app.command("export")
def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, which is made for you alone.")],
    *,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key, as `audit key` makes it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Writes the audit with its chain, who read whom and who gave which command, as files with a signature that others
    prove without the store: `syncd audit verify --export FOLDER --key FILE.pub`.

    Values stay sealed: it tells which fields of which records were written when and why, and no value. May run beside
    a daemon; needs no credentials and no network. Exit 1 if the audit is not what was written: it is signed as it is.
    """
    from importlib.metadata import version

    from syncd.bootstrap import carry_audit, store_versions
    from syncd.cli.out import print_json, say, table

    call: Call = context.obj
    outline = call.outlined()
    name = outline.chosen(call.connection)
    with call.memory() as store:
        note(store, "audit.export", name, EVERYTHING)
        about = {
            "syncd": version("syncd"),
            "schema": store_versions()["store_schema"],
            "accounts": {str(side): each.account for side, each in store.bound().items()},
        }
    carried = carry_audit(outline, name, folder, key, about)
    told, found = carried.told, carried.found
    if as_json:
        print_json(told)
    else:
        rows = [(each["name"], f"{each['rows']:,}", f"{each['bytes']:,}") for each in told["files"]]
        table(str(folder), ("file", "rows", "bytes"), rows)
        say(f"signed with the key {told['key']}")
        for flaw in found.flaws:
            say(flaw, style="red")
    raise typer.Exit(0 if found else 1)


def _print(found: Verified) -> None:
    """What a walk found, in words."""
    from syncd.cli.out import count, say

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
    if found.reads or found.commands:
        deeds = f"{count(found.commands, 'command')} of operators and {count(found.reads, 'look')} at personal data"
        say(f"{deeds}, of all connections, in a chain of their own")
    say(f"head: {found.head.hash} (entry {found.head.number})" if found.head else "no entry yet")
    say("nothing was altered" if found else "the audit is not what was written", style=None if found else "red")
