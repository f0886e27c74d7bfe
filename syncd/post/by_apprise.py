"""``ports.post.Post`` over apprise: one address per target, read anew for every message.

Promises: an address, which holds tokens and passwords, is in nothing that is returned or logged; a receiver that does
not answer is given up after some seconds; nothing that apprise or a service does raises. What apprise logs is taken as
its answer, without the parts of the address in it, and goes nowhere else.

It imports apprise when the first message is sent or the first address is looked at (0.3 s, measured), not before.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from syncd.model.errors import NeedsOperator
from syncd.model.notice import Message
from syncd.observe.log import masked
from syncd.ports.post import Posted

if TYPE_CHECKING:
    from apprise import NotifyBase

CONNECT: Final = 4.0
"""Seconds until a receiver must be reached."""
ANSWER: Final = 6.0
"""Seconds until it must have answered."""
UNREADABLE: Final = "this is no address that apprise knows"
ADVICE: Final = (
    "write one of apprise's, such as jsons://HOST/PATH, mailtos://USER:PASSWORD@HOST?to=ADDRESS or slack://TOKENS"
)
_HOSTED: Final = frozenset(["json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"])
"""Schemes whose host is a host, and no token."""
_PARTS: Final = re.compile(r"[/:@?&=+,;]+")
_SHORT: Final = 3
"""Parts of an address up to this length are no secret; without them no sentence would be left."""


def trouble_with(url: str) -> str | None:
    """Why an address cannot be used; ``None`` if it can, as far as reading it tells. Reaches nobody."""
    return None if _read(url) is not None else UNREADABLE


class ApprisePost:
    """Sends to targets. ``urls`` gives the address of each by its name, and may change what it says at any time."""

    def __init__(self, urls: Callable[[], Mapping[str, Callable[[], str]]]) -> None:
        self._urls = urls

    def __call__(self, target: str, message: Message) -> Posted:
        """Sends one message."""
        known = self._urls().get(target)
        if known is None:
            return Posted(taken=False, said="no target has that name any more")
        try:
            url = known()
        except NeedsOperator as trouble:
            return Posted(taken=False, said=str(trouble))
        with _listening() as lines:
            plugin = _read(url)
            if plugin is None:
                return Posted(taken=False, said=f"{UNREADABLE}; {ADVICE}")
            plugin.socket_connect_timeout = min(plugin.socket_connect_timeout or CONNECT, CONNECT)
            plugin.socket_read_timeout = min(plugin.socket_read_timeout or ANSWER, ANSWER)
            try:
                taken = _notify(plugin, message)
            except Exception as error:  # noqa: BLE001 - what a service's plugin raises is that service's answer
                return Posted(taken=False, said=f"apprise raised {type(error).__name__}")
        said = without(url, " ".join(lines)) or ("taken" if taken else "the service did not take it and said nothing")
        return Posted(taken=taken, said=said)


def _notify(plugin: NotifyBase, message: Message) -> bool:
    from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415 - see the module

    sorts = {"info": NotifyType.INFO, "warning": NotifyType.WARNING, "error": NotifyType.FAILURE}
    one = Apprise()
    one.add(plugin)
    return bool(
        one.notify(
            body=message.body,
            title=message.title,
            notify_type=sorts[message.gravity],
            body_format=NotifyFormat.TEXT,
        )
    )


def _read(url: str) -> NotifyBase | None:
    from apprise import Apprise  # noqa: PLC0415 - see the module

    with _listening():
        return Apprise.instantiate(url, suppress_exceptions=True)


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What apprise warns of in this thread meanwhile; it is kept from the log, where an address might stand in it."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    lines: list[str] = []
    mine = threading.get_ident()

    class Taken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == mine:
                lines.append(record.getMessage())

    taken = Taken(level=logging.WARNING)
    logger.addHandler(taken)
    try:
        yield lines
    finally:
        logger.removeHandler(taken)


def without(url: str, text: str) -> str:
    """A text without any part of an address that may be a secret: all but scheme and, where it is one, host."""
    split = urlsplit(url)
    open_ones = {split.scheme, *((split.hostname or "",) if split.scheme in _HOSTED else ())}
    parts = {each for part in _PARTS.split(url) for each in (part, unquote(part))} - open_ones
    for part in sorted(parts, key=len, reverse=True):
        if len(part) > _SHORT:
            text = text.replace(part, "***")
    return masked(" ".join(text.split()))
