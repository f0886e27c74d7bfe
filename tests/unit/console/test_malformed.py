"""What no browser and no client library sends: each call is refused as what it is, and none ends as our own failure."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from syncd.model.operator import Role
from tests.furnished import furnished
from tests.visits import House

C = "/api/v1/connections/main"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Both stand-ins with people in step."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, _):
        yield made


def raw(made: House, path: str, host: bytes) -> tuple[int, bytes]:
    """The status and all of the answer to a call with this Host, as its bytes are."""
    lines = [f"GET {path} HTTP/1.1".encode(), b"Host: " + host, b"Accept: application/json", b"Connection: close"]
    with socket.create_connection(("127.0.0.1", made.port), timeout=10) as line:
        line.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        got = b"".join(iter(lambda: line.recv(65_536), b""))
    return int(got.split(b" ", 2)[1]), got


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"reason":"x"}',
        '{"reason":"x"}'.encode("utf-16"),
        b'{"reason": "\xff"}',
        b'{"reason": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"reason": NaN}',
        b"reason=done",
        b"[" * 5_000,
    ],
)
@pytest.mark.parametrize("path", ["pause", "resume"])
def test_a_body_that_is_no_json_is_refused(made: House, path: str, body: bytes) -> None:
    """Also where nothing of it is needed; nothing was done then, and the advice says how to send it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body == b"reason=done" else JSON
    program = made.program(Role.OPERATOR)
    before = len(made.desk.entrance.doors.deeds(99))
    told = program.call("POST", f"{C}/{path}", body=body, headers=headers)
    assert (told.status, told.headers["content-type"]) == (400, "application/problem+json")
    assert told.json["type"] == "urn:syncd:problem:no-json"
    assert "UTF-8" in told.json["detail"]
    assert len(made.desk.entrance.doors.deeds(99)) == before


def test_who_may_not_call_is_told_so_first(made: House) -> None:
    """Nobody learns anything by what they send before it is known who they are."""
    told = made.caller(headers={"Accept": "application/json"}).call("POST", f"{C}/pause", body=b"\xff", headers=JSON)
    assert told.status == 403


@pytest.mark.parametrize(
    "host",
    [
        *(b"[", b"[::1", b"]", b"", b"127.0.0.1/x", b"127.0.0.1?", b"127.0.0.1#", b"127.0.0.1\\x", b"a@127.0.0.1"),
        *(b"localhost:abc", b"localhost:", b"localhost:123456", b"::1", b"example.com", b"\xff"),
    ],
)
def test_a_host_that_is_none_of_ours_is_refused(made: House, host: bytes) -> None:
    """One that cannot be read, too, and one that would bend the path; with everything that every answer carries."""
    for path in ("/login", "/api/v1/deeds"):
        status, told = raw(made, path, host)
        assert status == 421, told
        assert b"application/problem+json" in told
        assert b"x-content-type-options: nosniff" in told
    assert raw(made, "/healthz", host)[0] == 200


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:8080", b"127.0.0.1", b"127.1.2.3:1", b"[::1]", b"[::1]:80"])
def test_a_host_that_is_this_machine_is_ours(made: House, host: bytes) -> None:
    """By each of its names."""
    assert raw(made, "/login", host)[0] == 200


@pytest.mark.parametrize("when", ["999999w", "0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00"])
def test_a_time_before_or_behind_the_calendar_is_no_time(made: House, when: str) -> None:
    """For a resync, its estimate and a rollback."""
    program = made.program(Role.OPERATOR)
    for path in ("resyncs", "resyncs/estimate", "rollbacks/plan"):
        told = program.post(f"{C}/{path}", {"since": when})
        assert (told.status, told.json["type"]) == (422, "urn:syncd:problem:not-understood"), told.text
        assert "is no time" in told.json["detail"]


def test_a_report_of_all_days_there_are(made: House) -> None:
    """From the first day of the calendar to its last one; a month at its ends has none beside it."""
    program = made.program(Role.VIEWER)
    told = program.get(f"{C}/reports/handoff?since=0001-01-01&until=9999-12-31")
    assert told.status == 200, told.text
    for month in ("0001-01", "9999-12"):
        assert program.get(f"{C}/reports/review?month={month}").status == 422
