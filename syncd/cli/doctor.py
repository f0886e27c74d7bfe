"""``syncd doctor``: are the accounts fit for what the configuration asks of them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.fitting import Diagnosis

UNREACHED = 3


def doctor(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Looks at both accounts with the daemon's credentials: rights, fields, lists, owners, quota, clock, sunsets and
    sentinels.

    Says of each finding what it breaks and where to mend it, and names rights beyond need. Writes to nobody. Exit 0 if
    nothing has to be mended, 1 if something has, 3 if a side could not be reached or refused the credentials.

    JSON: healthy, connections {NAME: {unreached [side], findings [{side, topic, severity, what, breaks, where}]}}.
    """
    call: Call = context.obj
    loaded = call.loaded()
    told = {name: _of(call, name) for name in ([call.connection] if call.connection else loaded.connections)}
    if as_json:
        _print_json(told)
    else:
        for name, diagnosis in told.items():
            _print(name if len(told) > 1 else "", diagnosis)
    if any(diagnosis.unreached for diagnosis in told.values()):
        raise typer.Exit(UNREACHED)
    raise typer.Exit(0 if all(diagnosis.healthy for diagnosis in told.values()) else 1)


def _of(call: Call, name: str) -> Diagnosis:
    from syncd.bootstrap import open_world
    from syncd.bootstrap.examining import examined
    from syncd.cli.call import who

    loaded = call.loaded()
    with open_world(loaded, name, who=who(), read_only=True) as world:
        return examined(loaded.connection(name), world)


def _print_json(told: dict[str, Diagnosis]) -> None:
    from syncd.cli.out import print_json

    print_json(
        {
            "healthy": all(each.healthy and not each.unreached for each in told.values()),
            "connections": {name: each.document() for name, each in told.items()},
        }
    )


def _print(name: str, diagnosis: Diagnosis) -> None:
    from syncd.cli.out import count, say

    if name:
        say(name, style="bold")
    for finding in diagnosis.findings:
        say(f"{finding.severity}: {finding.side}: {finding.what}", style=_STYLES.get(finding.severity))
        say(f"    breaks: {finding.breaks}")
        if finding.where:
            say(f"    mend:   {finding.where}")
    broken = sum(finding.severity == "broken" for finding in diagnosis.findings)
    risks = sum(finding.severity == "risk" for finding in diagnosis.findings)
    say("" if diagnosis.findings else "nothing to be mended")
    if broken or risks:
        say(f"{count(broken, 'thing is', 'things are')} broken, {count(risks, 'risk')}")


_STYLES = {"broken": "red", "risk": "yellow"}
