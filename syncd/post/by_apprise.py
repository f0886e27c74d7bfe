"""``ports.post.Post`` over apprise: one address per target, read anew for every message.

Promises: an address, which holds tokens and passwords, is in nothing that is returned or logged; a receiver that does
not answer is given up after some seconds; nothing that apprise or a service does raises. What apprise logs is taken as
its answer, without the parts of the address in it, and goes nowhere else.

It imports apprise when the first message is sent or the first address is looked at, not before: it takes half a second
and 26 MB (measured).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
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
"""Seconds until a part of its answer must have come."""
IN_ALL: Final = 12.0
"""Seconds that a message may take in all."""
UNREADABLE: Final = "this is no address that apprise knows"
ADVICE: Final = (
    "write one of apprise's, such as jsons://HOST/PATH, mailtos://USER:PASSWORD@HOST?to=ADDRESS or slack://TOKENS"
)
_KEYS: Final = {"Pager Duty": "dedup", "Opsgenie": "alias"}
"""Where services that open and close incidents are told which one is meant."""
_REMEMBERS: Final = frozenset({"Opsgenie"})
_HOSTED: Final = frozenset(["json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"])
"""Schemes whose host is a host, and no token."""
_PARTS: Final = re.compile(r"[/:@?&=+,;]+")
_SHORT: Final = 3
"""Parts of an address up to this length are no secret; without them no sentence would be left."""


def trouble_with(url: str) -> str | None:
    """Why an address cannot be used; ``None`` if it can, as far as reading it tells. Reaches nobody."""
    return None if _read(url) is not None else UNREADABLE


class ApprisePost:
    """Sends to targets. ``urls`` gives the address of each by its name, and may change what it says at any time.

    :param patience: seconds until a message must have been taken, however slowly the receiver answers.
    """

    def __init__(self, urls: Callable[[], Mapping[str, Callable[[], str]]], *, patience: float = IN_ALL) -> None:
        self._urls = urls
        self._patience = patience
        self._plugins: dict[str, tuple[str, NotifyBase]] = {}

    def __call__(self, target: str, message: Message) -> Posted:
        """Sends one message."""
        known = self._urls().get(target)
        if known is None:
            return Posted(taken=False, said="no target has that name any more")
        try:
            url = known()
        except NeedsOperator as trouble:
            return Posted(taken=False, said=str(trouble))
        plugin = self._plugin(target, url)
        if plugin is None:
            return Posted(taken=False, said=f"{UNREADABLE}; {ADVICE}")
        _keyed(plugin, message)
        connect, answer = min(CONNECT, self._patience / 3), min(ANSWER, self._patience / 2)
        plugin.socket_connect_timeout = min(plugin.socket_connect_timeout or connect, connect)
        plugin.socket_read_timeout = min(plugin.socket_read_timeout or answer, answer)
        try:
            taken, lines = _notify(plugin, message, self._patience)
        except Exception as error:  # noqa: BLE001 - what a service's plugin raises is that service's answer
            return Posted(taken=False, said=f"apprise raised {type(error).__name__}")
        said = without(url, lines) or ("taken" if taken else "the service did not take it and said nothing")
        return Posted(taken=taken, said=said)

    def _plugin(self, target: str, url: str) -> NotifyBase | None:
        """The plugin of an address; one that remembers by what numbers to close alerts is the same for each message."""
        known = self._plugins.get(target)
        if known is not None and known[0] == url:
            return known[1]
        plugin = _read(url)
        if plugin is not None and str(plugin.service_name) in _REMEMBERS:
            plugin.request_rate_per_sec = 0  # it would wait for seconds between two messages
            self._plugins[target] = url, plugin
        return plugin


def _keyed(plugin: NotifyBase, message: Message) -> None:
    """Lets a service for incidents close by the end of a state what its beginning has opened."""
    if not message.key:
        return
    key = blake2b(message.key.encode(), digest_size=16).hexdigest()
    name = _KEYS.get(str(plugin.service_name))
    if name is not None:
        setattr(plugin, name, key)
        setattr(plugin, "action", "map")  # noqa: B010 - what apprise has declared for none of its plugins


def _notify(plugin: NotifyBase, message: Message, patience: float) -> tuple[bool, str]:
    from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415 - see the module

    sorts = {
        "success": NotifyType.SUCCESS,
        "info": NotifyType.INFO,
        "warning": NotifyType.WARNING,
        "error": NotifyType.FAILURE,
    }
    one = Apprise()
    one.add(plugin)
    with _out_of_the_log():
        result = one.notify(
            body=message.body,
            title=message.title,
            notify_type=sorts[message.gravity],
            body_format=NotifyFormat.TEXT,
            timeout=patience,
        )
    return bool(result), " ".join(entry.message for entry in result.logs())


def _read(url: str) -> NotifyBase | None:
    from apprise import Apprise  # noqa: PLC0415 - see the module

    with _out_of_the_log():
        return Apprise.instantiate(url, suppress_exceptions=True)


@contextmanager
def _out_of_the_log() -> Iterator[None]:
    """Keeps what apprise logs from the log for good: its sentences may quote an address."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    yield


def without(url: str, text: str) -> str:
    """A text without any part of an address that may be a secret: all but scheme and, where it is one, host."""
    split = urlsplit(url)
    host = (split.hostname or "") if split.scheme in _HOSTED else ""
    parts = {each for part in _PARTS.split(url) for each in (part, unquote(part))} - {split.scheme, host}
    secrets = sorted((part for part in parts if len(part) > _SHORT), key=len, reverse=True)
    pieces = text.split(host) if host else [text]
    for part in secrets:
        pieces = [piece.replace(part, "***") for piece in pieces]
    text = host.join(pieces)
    return masked(" ".join(text.split()))
