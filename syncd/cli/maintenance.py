"""``syncd maintenance``: alerts rest while somebody works, the daemon goes on, and what is still wrong is told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.notice import Rest

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400}
LONGEST: Final = timedelta(days=7)
"""Maintenance that nobody ends ends by itself; longer than this it was forgotten."""


def maintenance(
    context: typer.Context,
    *,
    lasts: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="From now on for so long: 30m, 2h, 1d. At most a week.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Told when it is over.")] = "",
    end: Annotated[bool, typer.Option("--end", help="It is over now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lets alerts of a connection (of all, where none is named) rest; without an option, shows whether they do.

    The daemon goes on as before. What it would have told of waits; when the time is over each target of `notify` is
    told what still is wrong, and what happened. Said again, it ends at another time. Prometheus knows nothing of it.

    JSON: connections [{name, until, since, who, reason}], null where alerts do not rest.
    """
    from syncd.bootstrap import open_memory
    from syncd.cli.call import who
    from syncd.cli.out import print_json, say, when
    from syncd.model.errors import BadUsage
    from syncd.model.notice import Rest
    from syncd.operations.resting import closed, rest, resting
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    length = None if lasts is None else _length(lasts)
    if end and length is not None:
        raise BadUsage("--for and --end say two things; give one of them")
    if reason and length is None:
        raise BadUsage("--reason says why alerts rest; say for how long, too: --for 2h")
    names = sorted(outline.connections) if call.connection is None else [outline.chosen(call.connection)]
    now, told = SystemClock().now(), dict[str, "Rest | None"]()
    for name in names:
        with open_memory(outline, name) as store:
            if length is not None:
                rest(store, Rest(now + length, who(), now, reason), now)
            elif end:
                closed(store, now)
            known = resting(store)
            told[name] = known if known is not None and known.until > now else None
    if as_json:
        rows = [
            {
                "name": name,
                "until": known and known.until,
                "since": known and known.at,
                "who": known and known.who,
                "reason": known and known.reason,
            }
            for name, known in told.items()
        ]
        print_json({"connections": rows})
        return
    for name, known in told.items():
        if known is None:
            say(f"{name}: alerts are told")
        else:
            why = f": {known.reason}" if known.reason else ""
            say(f"{name}: alerts rest until {when(known.until)} UTC, by {known.who}{why}", style="yellow")


def _length(text: str) -> timedelta:
    from syncd.model.errors import BadUsage

    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    length = timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else None
    if length is None or length > LONGEST:
        raise BadUsage(f"--for {text:.20}: write a number and a unit, as 30m, 2h or 1d; at most a week")
    return length
