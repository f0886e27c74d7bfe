"""``syncd pause`` and ``syncd resume``: a connection stands still, and knows where it stood."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.call import Call


def pause(
    context: typer.Context,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Shown by `status` until resumed.")] = "",
) -> None:
    """Stops polling a connection from its next turn on; a turn under way ends. What is known of it is kept.

    Changes made meanwhile are read after `syncd resume`. Works with or without a daemon; `sync` refuses meanwhile.
    """
    from syncd.bootstrap import open_roster
    from syncd.cli.call import who
    from syncd.cli.out import say
    from syncd.model.run import Pause
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    name = outline.chosen(call.connection)
    now = SystemClock().now()
    with open_roster(outline) as roster:
        if roster.pause(name, Pause(who(), now, reason), now):
            say(f"{name} is paused; go on with {call.again('resume')}")
            return
        paused = roster.turns([name], now)[name].paused
    by = f" by {paused.who}: {paused.reason}" if paused else ""
    say(f"{name} was paused already{by}")


def resume(context: typer.Context) -> None:
    """Polls a connection again that was paused; a daemon takes its turn at once.

    Also where nobody paused it, but a vendor said to wait since calls are used up: it is asked again now.
    """
    from syncd.bootstrap import open_roster
    from syncd.cli.out import say
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    name = outline.chosen(call.connection)
    now = SystemClock().now()
    with open_roster(outline) as roster:
        resumed = roster.pause(name, None, now)
        roster.hasten(name, now)
    say(f"{name} goes on" if resumed else f"{name} was not paused; both vendors are asked again at once")
