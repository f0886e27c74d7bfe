"""``syncd maintenance``: alerts rest while somebody works, the daemon goes on, and what is still wrong is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.notice import Rest


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
    from syncd.operations.resting import closed, length_of, rest, rest_document, resting_at
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    length = None if lasts is None else length_of(lasts)
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
            told[name] = resting_at(store, now)
    if as_json:
        print_json({"connections": [{"name": name, **rest_document(known)} for name, known in told.items()]})
        return
    for name, known in told.items():
        if known is None:
            say(f"{name}: alerts are told")
        else:
            why = f": {known.reason}" if known.reason else ""
            say(f"{name}: alerts rest until {when(known.until)} UTC, by {known.who}{why}", style="yellow")
