"""How long an answer may take in all.

The timeout of a socket begins anew with every byte: a server that sends one now and then, of the headers or of the
body, would hold a call for ever. So connections made here look, before each reading, how long the call may take yet,
and wait no longer. No thread and no timer is needed for that: an ordinary answer is looked at once or twice.

What is said of the whole holds for TLS and for what a proxy answers, too. TLS within TLS, to a proxy that is called by
https, is the exception: there only each record is waited for no longer than that.
"""

from __future__ import annotations

import io
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any, Self

Left = Callable[[], float]
"""How many seconds the call may take yet."""
_LEFT: ContextVar[Left] = ContextVar("left", default=lambda: math.inf)


class Patience(tuple[float, float]):  # noqa: SLOT001 - a tuple has no slots to give
    """The timeouts of connecting and of each reading, as requests takes them, and the time ``left`` for the whole."""

    left: Left

    def __new__(cls, connect: float, read: float, left: Left) -> Self:
        """A pair as any other, that knows its end."""
        patience = super().__new__(cls, (connect, read))
        patience.left = left
        return patience


@contextmanager
def heard_within(left: Left) -> Iterator[None]:
    """What is answered to a request that is sent in here has this long, to its last byte."""
    before = _LEFT.set(left)
    try:
        yield
    finally:
        _LEFT.reset(before)


class Answering(HTTPResponse):
    """An answer of which every byte is waited for no longer than the call may take."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the base's, passed on
        super().__init__(_Watched(sock, _LEFT.get()), *args, **kwargs)  # type: ignore[arg-type]  # all it takes of one


class _Watched:
    """What an answer takes of a socket: a file of what comes."""

    def __init__(self, line: socket.socket, left: Left) -> None:
        self._line = line
        self._left = left

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As a socket makes one to read from, but with an end."""
        return io.BufferedReader(_Ending(self._line.makefile("rb", buffering=0), self._line, self._left))


class _Ending(io.RawIOBase):
    """The bytes that come over a line, as long as the call may take."""

    def __init__(self, raw: Any, line: socket.socket, left: Left) -> None:  # noqa: ANN401 - whatever the line reads by
        super().__init__()
        self._raw = raw
        self._line = line
        self._left = left

    def readable(self) -> bool:
        """It is for nothing else."""
        return True

    def readinto(self, room: Any) -> int | None:  # noqa: ANN401 - a buffer, which has no name in Python 3.11
        """What has come by now, however little."""
        left = self._left()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        usual = self._line.gettimeout()
        if usual is not None and usual <= left:
            return int(self._raw.readinto(room))
        self._line.settimeout(left)
        try:
            return int(self._raw.readinto(room))
        finally:
            self._line.settimeout(usual)  # the next request over this line has all its time

    def close(self) -> None:
        """Lets go of the line."""
        self._raw.close()
        super().close()
