"""``syncd link``: which two records are one, and a person's word that they are not, or that two others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.engine.world import World
    from syncd.model.link import Link
    from syncd.operations.linking import LinkStands

app = typer.Typer(help="Which two records are one, and a person's word about it.", rich_markup_mode=None)

RECORD = typer.Argument(metavar="RECORD", help="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID.")


@app.command("list")
def list_unlinked(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists pairs that somebody unlinked, oldest link first; needs no credentials and no network.

    JSON: links [{link, kind, state (unlinked), gone, proof, since, marketing, crm, asked (relink) or null}].
    """
    from syncd.cli.out import print_json, say
    from syncd.operations.linking import stands, unlinked

    call: Call = context.obj
    with call.memory() as store:
        found = stands(store, unlinked(store))
    if as_json:
        print_json({"links": [each.document() for each in found]})
        return
    _print(found)
    if not found:
        say("nobody was unlinked")


@app.command("show")
def show(
    context: typer.Context,
    record: Annotated[str, RECORD],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows which records are one with this one, how syncd knows, and what waits. Exit 1 if several links are meant.

    JSON: links [{link, kind, state (live, unlinked, tombstone, forgotten), gone (the side whose record left) or null,
    proof, since, marketing, crm, asked (unlink or relink, by the next cycle) or null}].
    """
    from syncd.cli.out import print_json, say
    from syncd.operations.linking import stands

    call: Call = context.obj
    with call.looking() as world:
        found = stands(world.store, _links(world, record))
    if as_json:
        print_json({"links": [each.document() for each in found]})
    elif found:
        _print(found)
        if len(found) == 1 and found[0].link.unlinked:
            say(f"join them again: {call.again('link', 'relink', *_refs(found[0].link))}")
    else:
        say(f"{record}: linked with nobody; {call.again('explain', record)} says why")
    raise typer.Exit(1 if len(found) > 1 else 0)


@app.command("unlink")
def unlink(context: typer.Context, record: Annotated[str, RECORD]) -> None:
    """The two records of this link are not one: the next cycle ends it, and they stay apart until you relink them.

    No value is changed; the key fields that name each other are emptied. Neither record is given another counterpart
    by itself: `syncd link relink` joins it with another one, `syncd sync --recreate RECORD` makes one. Exit 1 if
    several links are meant; they are listed and nothing is stored.
    """
    from syncd.cli.out import say
    from syncd.model.errors import BadUsage
    from syncd.operations.linking import not_in_shadow, stands
    from syncd.operations.linking import unlink as unlinked

    call: Call = context.obj
    with call.looking() as world:
        found = _links(world, record)
        if len(found) > 1:
            _print(stands(world.store, found))
            say(f"name one of them: {call.again('link', 'unlink', 'link:ID')}")
            raise typer.Exit(1)
        if not found:
            raise BadUsage(f"{record} is linked with nobody; `syncd explain {record}` says why")
        not_in_shadow(world.connection)
        call.tell(f"link:{found[0].id}")
        said = unlinked(
            world.store, found[0].id, connection=world.connection.name, who=world.who, now=world.clock.now()
        )
    told = f"marketing:{said.refs.marketing} and crm:{said.refs.crm}"
    if said.what == "nothing":
        say(f"{told} are unlinked already")
        return
    say(f"{told}: unlinked by the next cycle", f"look first: {call.again('plan')}")
    say(f"next:       {call.again('sync')}")


@app.command("relink")
def relink(
    context: typer.Context,
    marketing: Annotated[str, typer.Argument(metavar="MARKETING_REF", help="contacts/51")],
    crm: Annotated[str, typer.Argument(metavar="CRM_REF", help="Lead/00Q...")],
    *,
    force: Annotated[bool, typer.Option("--force", help="End the links that they are in with others.")] = False,
) -> None:
    """These two records are one from now on: the next cycle joins them and merges their values as at a first meeting.

    Both must be there, be of one kind and be linked with nobody else; with --force what they are linked with stays
    apart, and the cycle after the next joins them.
    """
    from syncd.cli.out import say
    from syncd.engine.world import make_ready
    from syncd.model.values import Pair
    from syncd.operations.linking import not_in_shadow
    from syncd.operations.linking import relink as relinked

    call: Call = context.obj
    with call.looking() as world:
        not_in_shadow(world.connection)
        make_ready(world)
        said = relinked(world, Pair(marketing, crm), force=force)
    told = f"marketing:{said.refs.marketing} and crm:{said.refs.crm}"
    if said.what == "nothing":
        say(f"{told} are linked already")
        return
    for each in said.ends:
        say(f"link:{each}: ended by the next cycle")
    when = "the cycle after the next" if said.ends else "the next cycle"
    say(f"{told}: linked by {when}", f"next: {call.again('sync')}")


def _links(world: World, record: str) -> Sequence[Link]:
    from syncd.engine.world import make_ready
    from syncd.operations.finding import find_hits, named_by

    named_by(world, record)
    make_ready(world)
    return [hit.link for hit in find_hits(world, record) if hit.link is not None]


def _refs(link: Link) -> tuple[str, str]:
    return str(link.refs.marketing), str(link.refs.crm)


def _print(found: Sequence[LinkStands]) -> None:
    from syncd.cli.out import table, when

    heads = ("link", "state", "marketing", "CRM", "known by", "since (UTC)", "next cycle")
    rows = [
        (each.link.id, each.state, *_refs(each.link), each.link.proof.value, when(each.link.since), each.asked or "-")
        for each in found
    ]
    if rows:
        table("links", heads, rows)
