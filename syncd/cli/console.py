"""``syncd console``: who may use the console of the daemon, and their first way in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call
from syncd.cli.readings import deeds

if TYPE_CHECKING:
    from syncd.bootstrap import Absent
    from syncd.model.operator import Role
    from syncd.operations.doors import Entrance

ROLES = "viewer, operator or admin"

app = typer.Typer(help="Who may use the console and its API (`syncd run --http`).", rich_markup_mode=None)
app.command("deeds")(deeds)


@app.command("invite")
def invite(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name to log in with, such as ana or ana@example.com.")],
    *,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=f"{ROLES}.")] = "admin",
) -> None:
    """Prints a one-time invitation, good for 15 minutes: whoever redeems it at /join sets a password and is let in.

    For the first admin, and for one who forgot their password: their sessions and tokens end then.
    """
    from syncd.bootstrap import Absent
    from syncd.cli.call import who
    from syncd.cli.out import say

    with _entrance(context.obj, absent=Absent.MADE) as entrance:
        invitation = entrance.invite(name, role=_role(role), who=who())
    say(invitation, f"{name} redeems it at /join of the console within 15 minutes, as {role}; it is shown this once")


@app.command("list")
def list_operators(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists operators and API tokens; no secret is stored that could be shown.

    JSON: operators [{name, role, since, invited_by}], tokens [{id, operator, role, label, since, seen, until}].
    """
    from syncd.cli.out import print_json, say, table, when
    from syncd.operations.doors import operator_document, token_document

    with _entrance(context.obj) as entrance:
        operators, tokens = entrance.doors.operators(), entrance.tokens()
    if as_json:
        print_json(
            {
                "operators": [operator_document(each) for each in operators],
                "tokens": [token_document(each) for each in tokens],
            }
        )
        return
    if not operators:
        say("nobody can log in yet; begin with `syncd console invite NAME`")
    rows = [(each.name, str(each.role), when(each.since), each.invited_by) for each in operators]
    table("", ("operator", "role", "since (UTC)", "invited by"), rows)
    shown = [(each.id, each.operator, str(each.role), each.label, when(each.until)) for each in tokens]
    table("", ("token", "of", "role", "for", "until (UTC)"), shown)


@app.command("token")
def token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Operator that it belongs to.")],
    *,
    label: Annotated[str, typer.Option("--for", metavar="TEXT", help="What it is for.")],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=f"{ROLES}; not above the operator's.")] = "viewer",
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it is good, 366 at most.")] = 90,
) -> None:
    """Prints an API token of an operator. It is shown this once; `syncd console list` tells its id."""
    from syncd.cli.call import who
    from syncd.cli.out import say

    with _entrance(context.obj) as entrance:
        secret, _ = entrance.make_token(name, role=_role(role), label=label, days=days, who=who())
    say(secret)


@app.command("revoke")
def revoke(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of a token, as `syncd console list` shows it.")],
) -> None:
    """Ends an API token."""
    from syncd.cli.out import say
    from syncd.model.errors import BadUsage
    from syncd.model.operator import Sort

    with _entrance(context.obj) as entrance:
        if not entrance.doors.end(id, Sort.TOKEN):
            raise BadUsage(f"there is no token {id!r}; `syncd console list` shows those there are")
    say(f"token {id} is revoked")


@app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Operator to remove.")],
) -> None:
    """Removes an operator with every session and token; the only admin stays."""
    from syncd.cli.call import who
    from syncd.cli.out import say
    from syncd.model.errors import BadUsage

    with _entrance(context.obj) as entrance:
        if not entrance.remove(name, who=who()):
            raise BadUsage(f"there is no operator {name!r}; `syncd console list` shows those there are")
    say(f"{name} is removed, with every session and token")


@contextmanager
def _entrance(call: Call, *, absent: Absent | None = None) -> Iterator[Entrance]:
    from syncd.bootstrap import Absent, open_entrance

    with open_entrance(call.outlined(), absent=absent or Absent.REFUSED) as entrance:
        yield entrance


def _role(text: str) -> Role:
    from syncd.model.errors import BadUsage
    from syncd.model.operator import Role

    try:
        return Role(text)
    except ValueError:
        raise BadUsage(f"--role {text}: a role is {ROLES}") from None
