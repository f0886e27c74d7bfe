"""The shared HTTP call: charged, judged, repeated only where safe; faults of the network become typed errors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import responses
import urllib3

from connectors.transport import (
    Accept,
    Again,
    Answer,
    Raise,
    Resend,
    Transport,
    Unauthorized,
    Usage,
    Verdict,
    check_base_url,
    open_session,
    surely_not_sent,
)
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.values import Instant, Lane, Side
from syncd.ports.budget import Grant, Granted, Rate, WaitUntil
from tests.fakes import START, FakeChance, FakeClock, FreeBudget

URL = "https://api.example.com/x"
RATE = Rate("burst", 10, 1.0, 10)


def judge(answer: Answer) -> Verdict:
    """A small vendor: 429 says surely not executed, 5xx says maybe."""
    if answer.status == 429:
        return Again("limit", after=timedelta(seconds=3), executed=False)
    if answer.status >= 500:
        return Again(f"status {answer.status}")
    if answer.status == 401:
        return Raise(Unauthorized("token refused"))
    return Accept()


@pytest.fixture
def transport(clock: FakeClock, chance: FakeChance, budget: FreeBudget) -> Transport:
    """A transport over simulated time."""
    session = open_session(pool=2, base_url="https://api.example.com")
    return Transport(
        side=Side.CRM, session=session, clock=clock, chance=chance, budget=budget, classify=judge, attempts=3
    )


def call(transport: Transport, resend: Resend, *, url: str = URL) -> Answer:
    """One call of the small vendor."""
    method = "GET" if resend is Resend.SAFE else "POST"
    return transport.call(operation="op", method=method, url=url, rate=RATE, lane=Lane.ORDINARY, resend=resend)


@responses.activate
def test_a_read_is_repeated_and_every_attempt_is_charged(
    transport: Transport, budget: FreeBudget, clock: FakeClock
) -> None:
    """A 503 is asked again after a growing wait, and the budget sees both calls."""
    responses.get(URL, status=503, body="<html>")
    responses.get(URL, json={"ok": 1})
    assert call(transport, Resend.SAFE).json() == {"ok": 1}
    assert len(budget.calls) == 2
    assert transport.calls == 2
    assert len(clock.slept) == 1
    assert 0.5 <= clock.slept[0] <= 0.75


@responses.activate
@pytest.mark.parametrize("body", [b"<html>busy</html>", b'{"results":[{"id"'])
def test_what_is_not_json_never_crashes(transport: Transport, body: bytes) -> None:
    """HTML on a 200 and JSON that was cut off are failures of the call: a write may have happened."""
    responses.post(URL, status=200, body=body, content_type="application/json")
    with pytest.raises(RetryLater, match="is no JSON") as caught:
        call(transport, Resend.NEVER)
    assert caught.value.sent
    assert transport.calls == 1


@responses.activate
def test_a_write_is_not_repeated_after_5xx(transport: Transport) -> None:
    """After a 502 nobody knows whether a write was executed, so it is not sent twice."""
    responses.post(URL, status=502)
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER)
    assert caught.value.sent
    assert transport.calls == 1


@responses.activate
def test_a_write_is_repeated_when_it_was_surely_not_executed(transport: Transport, clock: FakeClock) -> None:
    """A 429 executed nothing: the write is sent again after the vendor's wait."""
    responses.post(URL, status=429, json={})
    responses.post(URL, status=200, json={})
    assert call(transport, Resend.NEVER).status == 200
    assert clock.slept[0] >= 3


@responses.activate
def test_a_write_that_stays_limited_was_not_sent(transport: Transport) -> None:
    """When all attempts meet a limit, the error says that nothing was executed."""
    responses.post(URL, status=429, json={})
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER)
    assert not caught.value.sent
    assert caught.value.after == timedelta(seconds=3)
    assert transport.calls == 3


@responses.activate
@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (requests.exceptions.ConnectTimeout("slow"), False),
        (requests.exceptions.ReadTimeout("slow"), True),
        (requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("reset")), True),
        (requests.exceptions.ChunkedEncodingError("cut"), True),
    ],
)
def test_faults_of_the_connection(transport: Transport, fault: Exception, sent: bool) -> None:
    """Only a connection that was never made is known to have carried nothing."""
    responses.post(URL, body=fault)
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER)
    assert caught.value.sent is sent
    assert transport.calls == (1 if sent else 3)


@responses.activate
def test_a_refused_token_is_an_error_of_its_own(transport: Transport) -> None:
    """A connector can tell a refused token from other refusals, to renew it once."""
    responses.get(URL, status=401, json={})
    with pytest.raises(Unauthorized):
        call(transport, Resend.SAFE)
    assert transport.calls == 1


@responses.activate
def test_redirects_are_not_followed(transport: Transport) -> None:
    """A redirect would carry the token to another host; the error names that host."""
    responses.get(URL, status=302, headers={"Location": "https://evil.example.net/x"})
    with pytest.raises(NeedsOperator, match=r"redirects to evil\.example\.net"):
        call(transport, Resend.SAFE)


@responses.activate
def test_an_answer_is_capped(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end does not fill the memory."""
    monkeypatch.setattr("connectors.transport.MAX_BODY", 10)
    responses.post(URL, body=b'"' + b"x" * 100 + b'"')
    with pytest.raises(RetryLater, match="larger than 10 bytes"):
        call(transport, Resend.NEVER)


@responses.activate
def test_total_deadline_ends_the_repeats(clock: FakeClock, chance: FakeChance, budget: FreeBudget) -> None:
    """No call goes on beyond its deadline, however many attempts are left."""
    session = open_session(pool=1, base_url=URL)
    transport = Transport(
        side=Side.CRM, session=session, clock=clock, chance=chance, budget=budget, classify=judge,
        attempts=50, total_deadline=10.0,
    )  # fmt: skip
    responses.get(URL, status=500)
    with pytest.raises(RetryLater):
        call(transport, Resend.SAFE)
    assert clock.monotonic() <= 10.0


class Dry(FreeBudget):
    """A budget that makes everybody wait once."""

    def __init__(self, at: Instant) -> None:
        super().__init__()
        self.at = at
        self.asked = 0

    def acquire(self, rate: Rate, lane: Lane, cost: int = 1) -> Grant:
        """First a wait, then a grant."""
        self.asked += 1
        return WaitUntil(self.at) if self.asked == 1 else Granted()


@responses.activate
def test_waiting_for_the_budget(clock: FakeClock, chance: FakeChance) -> None:
    """A wait up to a minute happens on the injected clock; a longer one is the caller's, and nothing was sent."""
    responses.get(URL, json={})
    session = open_session(pool=1, base_url=URL)
    for seconds, waits in ((20, True), (3600, False)):
        budget = Dry(clock.now() + timedelta(seconds=seconds))
        transport = Transport(side=Side.CRM, session=session, clock=clock, chance=chance, budget=budget, classify=judge)
        if waits:
            call(transport, Resend.SAFE)
            assert clock.slept == [20.0]
        else:
            with pytest.raises(RetryLater, match="burst") as caught:
                call(transport, Resend.SAFE)
            assert not caught.value.sent
            assert transport.calls == 0


class Keeping(FreeBudget):
    """A budget of which what is left is kept for others."""

    def acquire(self, rate: Rate, lane: Lane, cost: int = 1) -> Grant:
        """For a quarter of an hour."""
        return WaitUntil(START + timedelta(minutes=15), kept=True)


def test_what_is_kept_for_others_is_said_to_be(clock: FakeClock, chance: FakeChance) -> None:
    """The limit is not used up, so nobody need buy calls: which lane waits, and for how long. Nothing was sent."""
    session = open_session(pool=1, base_url=URL)
    transport = Transport(
        side=Side.CRM, session=session, clock=clock, chance=chance, budget=Keeping(), classify=judge
    )  # fmt: skip
    with pytest.raises(RetryLater, match=r"kept for other programs, and the lane \w+ waits for another 900") as caught:
        call(transport, Resend.SAFE)
    assert (caught.value.sent, transport.calls) == (False, 0)
    assert "used up" not in str(caught.value)


@responses.activate
def test_a_spent_limit_is_told_to_all_workers(clock: FakeClock, chance: FakeChance, budget: FreeBudget) -> None:
    """A 429 that names its limit penalizes it in the shared budget, and quota headers are reported."""
    until = clock.now() + timedelta(seconds=5)
    answers: Iterator[Verdict] = iter([Again("limit", spent=RATE, until=until, executed=False), Accept()])
    transport = Transport(
        side=Side.CRM, session=open_session(pool=1, base_url=URL), clock=clock, chance=chance, budget=budget,
        classify=lambda answer: next(answers), usage=lambda answer: Usage(7, 100),
    )  # fmt: skip
    responses.get(URL, json={})
    call(transport, Resend.SAFE)
    assert budget.penalties == [(RATE, until)]
    assert budget.reports[-1] == (7, 100)
    assert clock.now() >= until


@pytest.mark.parametrize(
    "url", ["https://api.hubapi.com/", "http://127.0.0.1:8081", "http://[::1]:8081", "https://a.my.salesforce.com"]
)
def test_base_urls_that_may_be_called(url: str) -> None:
    """TLS anywhere, plain http on loopback."""
    assert check_base_url(url, what="base_url") == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["http://api.hubapi.com", "http://localhost:1", "ftp://127.0.0.1", "http://127.0.0.1:80@evil.example", "x", ""],
)
def test_base_urls_that_are_refused(url: str) -> None:
    """A credential never travels in the clear, nor to a host hidden behind user information."""
    with pytest.raises(NeedsOperator, match="base_url"):
        check_base_url(url, what="base_url")


def test_the_session_itself_refuses_plain_http() -> None:
    """Even a URL that an answer brought along cannot leave loopback without TLS."""
    with pytest.raises(requests.exceptions.InvalidURL):
        open_session(pool=1, base_url="https://x.example").get("http://x.example/")


@responses.activate
def test_netrc_does_not_replace_our_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone, requests would put an entry of ~/.netrc in place of a bearer token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.example.com login a password b\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    responses.get(URL, json={})
    open_session(pool=1, base_url=URL).get(URL, headers={"Authorization": "Bearer t"})
    assert responses.calls[0].request.headers["Authorization"] == "Bearer t"


@pytest.fixture
def cutting() -> Iterator[Callable[[bytes], str]]:
    """A loopback server that sends these bytes and hangs up; counts nothing, knows nothing."""
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(reply: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(65536)
                    peer.sendall(reply)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/x"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join()


def test_a_truncated_body_over_a_socket(transport: Transport, cutting: Callable[[bytes], str]) -> None:
    """A body shorter than its Content-Length is a broken connection, and a write may have happened."""
    url = cutting(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":')
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER, url=url)
    assert caught.value.sent
    assert transport.calls == 1


def test_urllib3_does_not_retry_behind_our_back(transport: Transport, cutting: Callable[[bytes], str]) -> None:
    """hubspot.md 1.6: urllib3 would silently repeat a 503 with Retry-After; each attempt here is one of ours."""
    url = cutting(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    with pytest.raises(RetryLater):
        call(transport, Resend.SAFE, url=url)
    assert transport.calls == 3


def test_a_closed_port_was_surely_not_reached(transport: Transport) -> None:
    """A refused connection is known to have carried nothing, as requests really reports it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER, url=url)
    assert not caught.value.sent
    assert caught.value.__cause__ is not None
    assert surely_not_sent(caught.value.__cause__)
