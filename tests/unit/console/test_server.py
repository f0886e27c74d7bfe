"""The console: loopback only, health and readiness told apart, three pages and nothing else."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from syncd.console.server import Console, application, read_address
from syncd.model.errors import BadUsage, NeedsOperator


@pytest.fixture
def troubles() -> list[str]:
    """Why it is not ready."""
    return []


@pytest.fixture
def url(troubles: list[str]) -> Iterator[str]:
    """A running console."""
    console = Console(
        application(troubles=lambda: tuple(troubles), metrics=lambda: b"syncd_x 1\n"), host="127.0.0.1", port=0
    )
    console.start()
    yield f"http://127.0.0.1:{console.port}"
    console.close()


def get(url: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["Content-Type"], refused.read().decode()


def test_three_pages_and_nothing_else(url: str, troubles: list[str]) -> None:
    """Readiness says what is wrong; health does not care."""
    assert get(f"{url}/readyz")[0] == 200
    troubles.append("main: crm was last polled 99 s ago")
    status, _, body = get(f"{url}/readyz")
    assert (status, json.loads(body)) == (503, {"ready": False, "troubles": troubles})
    assert get(f"{url}/healthz")[0] == 200
    assert get(f"{url}/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "syncd_x 1\n")
    assert [get(f"{url}{path}")[0] for path in ("/", "/docs", "/openapi.json", "/metrics/x")] == [404] * 4


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:0", ("::1", 0)), ("127.8.0.1:1", ("127.8.0.1", 1))],
)
def test_loopback_addresses(text: str, address: tuple[str, int]) -> None:
    """Of both families."""
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0:9464",
        "10.0.0.1:80",
        "[::]:80",
        "localhost:80",
        "9464",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1:x",
        "",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    """With what to give instead."""
    with pytest.raises(BadUsage, match=r"give 127\.0\.0\.1:PORT"):
        read_address(text)


def test_a_port_that_is_taken_is_told() -> None:
    """Before the daemon begins to work."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NeedsOperator, match="name a free port"):
            Console(application(troubles=tuple, metrics=bytes), host="127.0.0.1", port=taken.getsockname()[1])
