"""``syncd setup``: key fields and rights, made once with an administrator's credentials."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.operations.fitting import Offer
    from syncd.settings.accounts import Secret

File = Path | None


def setup(
    context: typer.Context,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Make what is lacking; without it, only show it.")] = False,
    token_file: Annotated[
        File,
        typer.Option("--marketing-token-file", metavar="FILE", help="An administrator's token at the marketing side."),
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--crm-client-id", metavar="ID", help="Consumer key of an administrator's app.")
    ] = None,
    secret_file: Annotated[
        File, typer.Option("--crm-client-secret-file", metavar="FILE", help="File with its consumer secret.")
    ] = None,
    username: Annotated[
        str | None, typer.Option("--crm-username", metavar="NAME", help="Administrator to act as, with --crm-key-file.")
    ] = None,
    key_file: Annotated[
        File, typer.Option("--crm-key-file", metavar="FILE", help="File with the private key of the app's certificate.")
    ] = None,
    export: Annotated[
        str | None,
        typer.Option("--export", metavar="sfdx", help="Write an SFDX project of it to DIR instead; reaches nobody."),
    ] = None,
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Folder for --export.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Makes the key fields, the permission set `syncd` with its rights, and its assignment to syncd's user.

    Shows what is there and what is lacking, and makes it with --apply. The credentials given here are used for this one
    command and kept nowhere; without them the daemon's own are tried. Running it again makes only what is lacking.
    Exit 0 if nothing is lacking, 1 if something is, 3 if a vendor refused.

    JSON: there {side: [text]}, steps [{side, what, why}], by_hand [{side, what}], troubles [text], applied.
    """
    from syncd.bootstrap import open_admins, open_world
    from syncd.cli.call import who
    from syncd.cli.out import say
    from syncd.model.errors import BadUsage
    from syncd.model.values import Side
    from syncd.operations.fitting import copies_on, daemon, make, survey
    from syncd.settings.accounts import Admin

    call: Call = context.obj
    if export is not None or directory is not None:
        if export != "sfdx" or directory is None:
            raise BadUsage("write `setup --export sfdx DIR`: sfdx is the only form there is")
        _export(call, directory)
        return
    loaded = call.loaded()
    admin = Admin(
        token=_secret("--marketing-token-file", token_file),
        client_id=client_id,
        client_secret=_secret("--crm-client-secret-file", secret_file),
        username=username,
        private_key=_secret("--crm-key-file", key_file),
    )
    kinds = loaded.connection(call.connection).connection.kinds
    with (
        open_admins(loaded, call.connection, admin) as admins,
        open_world(loaded, call.connection, who=who(), read_only=True) as world,
    ):
        user, troubles = daemon(world.connectors, admins, world.store.bound())
        fittings = admins.map(lambda connector: connector.fitting())
        more = copies_on(world.connection, world.connectors, Side.MARKETING)
        offer = survey(kinds, fittings, user=user, more=more)
        if not as_json:
            say(*troubles, style="yellow")
            _print(offer, "making" if apply else "lacking")
        if apply:
            make(offer, fittings)
            left = survey(
                kinds, fittings, user=user, more=more
            )  # looked at again: an answer that something is there may mislead
        else:
            left = offer
    if as_json:
        _print_json(offer, troubles, applied=apply)
    elif apply:
        _print_left(offer, left, call)
    elif offer.steps:
        say("nothing was made; run it again with --apply")
    raise typer.Exit(1 if left.by_hand or left.steps else 0)


def _secret(option: str, file: Path | None) -> Secret | None:
    from syncd.settings.accounts import Secret

    return None if file is None else Secret(option, file=file)


def _export(call: Call, directory: Path) -> None:
    from syncd.bootstrap import sfdx_package
    from syncd.cli.out import count, say
    from syncd.model.errors import BadUsage

    loaded, _ = call.loaded_without_secrets()
    files = sfdx_package(loaded, call.connection)
    try:
        if directory.exists() and any(directory.iterdir()):
            raise BadUsage(f"{directory} is not empty; name a new folder, so that nothing of yours is overwritten")
        for name, text in files.items():
            file = directory / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadUsage(f"{directory} cannot be written ({error.strerror}); name a folder of yours") from error
    say(
        f"{count(len(files), 'file')} written to {directory}",
        f"deploy: cd {directory} && sf project deploy start --source-dir force-app --target-org ORG",
        "assign: sf org assign permset --name syncd --target-org ORG --on-behalf-of USERNAME",
    )
    if any(name.startswith("lead-conversion/") for name in files):
        say("compare: sf project retrieve start --metadata LeadConvertSettings; add what lead-conversion/ has to yours")


def _print(offer: Offer, verb: str) -> None:
    from syncd.cli.out import count, say
    from syncd.model.values import SIDES

    for side in SIDES:
        fitted = offer.sides.of(side)
        say(f"{side}: there are {count(len(fitted.there), 'thing')}, lacking {len(fitted.steps):,}", style="bold")
        for group, together in groupby(fitted.steps, key=lambda step: step.group or step.what):
            steps = list(together)
            parts = ", ".join(step.part for step in steps if step.part)
            say(f"  {verb}: {f'{group}: {parts}' if parts else group}  ({steps[0].why})")
        for what in fitted.by_hand:
            say(f"  by hand: {what}", style="yellow")


def _print_left(offer: Offer, left: Offer, call: Call) -> None:
    """What came of it."""
    from syncd.cli.out import count, say

    for step in left.steps:
        say(f"not made, though the vendor did not refuse it: {step.side}: {step.what}", style="red")
    if offer.steps:
        say(f"{count(len(offer.steps) - len(left.steps), 'step')} done; look at it with {call.again('doctor')}")


def _print_json(offer: Offer, troubles: Sequence[str], *, applied: bool) -> None:
    from syncd.cli.out import print_json
    from syncd.model.values import SIDES

    print_json(
        {
            "there": {str(side): list(offer.sides.of(side).there) for side in SIDES},
            "steps": [{"side": str(step.side), "what": step.what, "why": step.why} for step in offer.steps],
            "by_hand": [{"side": str(side), "what": what} for side, what in offer.by_hand],
            "troubles": list(troubles),
            "applied": applied,
        }
    )
