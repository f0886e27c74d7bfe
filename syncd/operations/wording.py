"""The words of a notice: what happened, how often, which ones, and the command to type next.

The text of an event is that of ``observe.events``; nothing of a record's values is in it. Who several connections
belong to reads which one it is in each command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from syncd.core.later import Later
from syncd.core.notices import ENDS, NAMED
from syncd.model.notice import Gravity, Item, Message, News, Notice
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant
from syncd.observe.events import EVENTS, NOTHING

_COMMAND: Final = re.compile(r"`syncd ")
_LONGEST_TITLE: Final = 120
_GRAVEST: Final[tuple[Gravity, ...]] = ("error", "warning")


def message(
    connection: str, news: Sequence[News], *, several: bool, pages: Callable[[Item], Sequence[str]], key: str = ""
) -> Message:
    """One message about everything that a target is told of one connection."""
    gravity = _gravity(news)
    counted = ", ".join(f"{each.event} ({each.count:,})" if each.count > 1 else each.event for each in news)
    title = f"syncd {connection}: {counted}"
    return Message(
        title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 3]}...",
        "\n\n".join("\n".join(_part(connection, each, several=several, pages=pages)) for each in news),
        gravity,
        key,
    )


def _gravity(news: Sequence[News]) -> Gravity:
    if news and all(each.event in ENDS for each in news):
        return "success"
    levels = {EVENTS[each.event].level for each in news}
    return next((each for each in _GRAVEST if each in levels), "info")


def at_last(text: Message, connection: str, later: Later, standing: Sequence[str]) -> Message:
    """What waited, with what came and went, and after maintenance with what still is wrong."""
    body = [text.body] if text.body else []
    if later.passed:
        ones = "1 more began and was" if later.passed == 1 else f"{later.passed:,} more began and were"
        body.append(f"{ones} over before this was told.")
    if not later.rested:
        return replace(text, body="\n\n".join(body))
    wrong = f"{len(standing):,} still wrong" if standing else "all is well"
    listed = "\n".join(f"- {name.replace(chr(9), ' ')}" for name in standing[:NAMED])
    more = f"\n- and {len(standing) - NAMED:,} more" if len(standing) > NAMED else ""
    still = [f"Still so:\n{listed}{more}"] if standing else ["Nothing that was told of lasts."]
    title = f"syncd {connection}: maintenance is over, {wrong}"
    gravity = text.gravity if standing or later.entries else "success"
    return replace(text, title=title, body="\n\n".join([later.rested, *still, *body]), gravity=gravity)


def _part(connection: str, news: News, *, several: bool, pages: Callable[[Item], Sequence[str]]) -> Iterator[str]:
    event = EVENTS[news.event]
    times = f" ({news.count:,})" if news.count > 1 else ""
    yield f"{news.event}{times}: {event.meaning}"
    for item in news.named:
        yield f"- {' '.join(f'{key}={value}' for key, value in item.items())}".rstrip(" -") or "-"
        for page in pages(item):
            yield f"  {page}"
    if news.count > len(news.named):
        yield f"- and {news.count - len(news.named):,} more"
    if event.action != NOTHING:
        action = event.action.replace("read `what`", "read `what` in the log line of this event")
        if len(news.named) == news.count == 1 and "digest" in news.named[0]:
            action = action.replace("DIGEST", news.named[0]["digest"])
        yield "What to do: " + (_COMMAND.sub(f"`syncd --connection {connection} ", action) if several else action)


def as_sent(connection: str, notice: Notice, now: Instant) -> Message:
    """A notice as it is sent: signed, so that a second copy is known for one."""
    ago = (now - notice.at).total_seconds()
    lines = [notice.message.body, "", f"Notice {notice.id} of {connection}, {notice.at:%Y-%m-%d %H:%M} UTC."]
    if notice.tries:
        lines[-1] += " Sent again: it may have come before."
    if ago > 600:
        lines[-1] += f" It waited {ago / 3600:.1f} hours." if ago >= 3600 else f" It waited {ago / 60:.0f} minutes."
    return replace(notice.message, body="\n".join(lines))


def ref_in(item: Item) -> RemoteRef | None:
    """The record that an item names itself."""
    name, _, id = item.get("record", "").partition("/")
    return RemoteRef(name, id) if name and id else None
