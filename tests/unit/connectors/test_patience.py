"""A server that never finishes holds no call beyond its deadline: real sockets, real time, but little of it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.patience import Answering, heard_within
from connectors.transport import Accept, Resend, Transport, open_session
from sandbox.certificates import SOUND, Authority
from syncd.model.errors import RetryLater
from syncd.model.values import Lane, Side
from syncd.ports.budget import Rate
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.unit.connectors.test_proxies import Proxy, listening

DEADLINE = 0.6
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ZIPPED = gzip.compress(bytes(range(256)) * 4)
DRIPS: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "status line": (b"HTTP/1.1 ", lambda _: b"2"),
    "headers": (HEAD, lambda number: b"X-More-%d: 1\r\n" % number),
    "body": (HEAD + b"Content-Length: 1000\r\n\r\n", lambda _: b" "),
    "body without a length": (HEAD + b"\r\n", lambda _: b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", lambda _: b"1\r\n \r\n"),
    "zipped body": (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED),
        lambda number: ZIPPED[number : number + 1],
    ),
}


class RealTime(FakeClock):
    """The monotonic clock of this machine."""

    def monotonic(self) -> float:
        """Seconds that truly go by."""
        return time.monotonic()


@dataclass
class Dripping:
    """Begins an answer and sends a little more of it every 50 ms, by TLS where it has a context."""

    head: bytes
    drop: Callable[[int], bytes]
    context: ssl.SSLContext | None = None

    def serve(self, line: socket.socket) -> None:
        """One caller, until it has enough."""
        with contextlib.ExitStack() as opened:
            if self.context is not None:
                line = opened.enter_context(self.context.wrap_socket(line, server_side=True))
            line.recv(65_536)
            line.sendall(self.head)
            for number in range(100):
                time.sleep(0.05)
                line.sendall(self.drop(number))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what was opened."""
    with ExitStack() as opened:
        yield opened


def given_up(url: str, ca_file: Path | None = None) -> float:
    """After how many seconds a call is given up, of which nobody knows whether it was carried out."""
    transport = Transport(
        side=Side.CRM, session=open_session(pool=1, base_url=url, ca_file=None if ca_file is None else str(ca_file)),
        clock=RealTime(), chance=FakeChance(), budget=FreeBudget(), classify=lambda _: Accept(),
        total_deadline=DEADLINE,
    )  # fmt: skip
    began = time.monotonic()
    with pytest.raises(RetryLater) as caught:
        transport.call(
            operation="op", method="GET", url=url, rate=Rate("r", 10, 1.0, 10), lane=Lane.BULK, resend=Resend.SAFE
        )
    assert caught.value.sent
    assert transport.calls == 1
    return time.monotonic() - began


@pytest.mark.parametrize("part", DRIPS)
def test_a_dripping_answer_ends_at_the_deadline(stack: ExitStack, part: str) -> None:
    """F15: the deadline of the call counts for the whole answer, not the timeout of each reading."""
    port = listening(stack, Dripping(*DRIPS[part]))
    assert DEADLINE <= given_up(f"http://127.0.0.1:{port}/") < DEADLINE + 1


@pytest.mark.parametrize("part", ["headers", "body"])
def test_so_it_does_within_tls(stack: ExitStack, tmp_path: Path, part: str) -> None:
    """Over TLS, as vendors are called."""
    authority = Authority(now=datetime.now(UTC))
    port = listening(stack, Dripping(*DRIPS[part], authority.context(SOUND)))
    assert DEADLINE <= given_up(f"https://127.0.0.1:{port}/", authority.write(tmp_path)) < DEADLINE + 1


@pytest.mark.parametrize("part", ["headers", "body"])
def test_so_it_does_through_a_proxy(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Behind a proxy, whose connections are of another sort."""
    authority = Authority(now=datetime.now(UTC))
    port = listening(stack, Dripping(*DRIPS[part], authority.context(SOUND)))
    through(monkeypatch, listening(stack, Proxy()))
    assert DEADLINE <= given_up(f"https://localhost:{port}/", authority.write(tmp_path)) < DEADLINE + 1


def test_a_proxy_that_drips_ends_at_the_deadline(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proxy says before it lets anybody through is no vendor's answer, and is bounded, too."""
    head, drop = DRIPS["headers"]
    through(monkeypatch, listening(stack, Dripping(head, drop)))
    assert DEADLINE <= given_up("https://localhost:1/") < DEADLINE + 1


def test_the_next_call_over_the_same_line_has_all_its_time() -> None:
    """The wait is made shorter for the end of a call alone: a line that is kept waits as long as ever after it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30)
        with heard_within(lambda: 0.5):
            answer = Answering(ours)
        theirs.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
        answer.begin()
        assert answer.read() == b"{}"
        assert ours.gettimeout() == 30
        answer.close()


def through(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The environment names a proxy; ``localhost`` by its name is no loopback address to a session."""
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
