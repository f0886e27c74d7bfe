"""``syncd uninstall``: what to take away on both sides and on this machine, in which order; it takes nothing away."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call


def uninstall(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists fields, rights, apps and files that are there for syncd alone, in the order to remove them by hand.

    Deletes nothing and reaches no vendor. Needs no credentials.

    JSON: steps [{where (here, marketing or crm), what, how}].
    """
    from syncd.bootstrap import leftovers
    from syncd.cli.out import print_json, say

    call: Call = context.obj
    loaded, _ = call.loaded_without_secrets()
    with call.memory() as store:
        steps = leftovers(loaded, call.connection, store)
    if as_json:
        print_json({"steps": [{"where": each.where, "what": each.what, "how": each.how} for each in steps]})
        return
    where = ""
    for number, each in enumerate(steps, 1):
        if each.where != where:
            say(each.where, style="bold")
            where = each.where
        say(f"  {number}. {each.what}", f"     {each.how}")
    say("nothing was taken away; what these fields hold is lost once they are deleted")
