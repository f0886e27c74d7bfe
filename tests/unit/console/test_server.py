"""What machines ask of the console: loopback only, health and readiness told apart, nothing without a login beside."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.console.server import Console, application, read_address
from syncd.console.shield import Front
from syncd.model.errors import BadUsage, NeedsOperator
from tests.visits import house


@pytest.fixture
def troubles() -> list[str]:
    """Why it is not ready."""
    return []


@pytest.fixture
def url(troubles: list[str], tmp_path: Path) -> Iterator[str]:
    """A running console."""
    with house(tmp_path, troubles=lambda: tuple(troubles)) as made:
        yield f"http://127.0.0.1:{made.port}"


def get(url: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["Content-Type"], refused.read().decode()


def test_what_machines_ask_needs_no_login(url: str, troubles: list[str]) -> None:
    """Readiness says what is wrong; health does not care."""
    assert get(f"{url}/readyz")[0] == 200
    troubles.append("main: crm was last polled 99 s ago")
    status, _, body = get(f"{url}/readyz")
    assert (status, json.loads(body)) == (503, {"ready": False, "troubles": troubles})
    assert get(f"{url}/healthz")[0] == 200
    assert get(f"{url}/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "syncd_x 1\n")
    assert [get(f"{url}{path}")[0] for path in ("/docs", "/openapi.json", "/metrics/x", "/healthz/")] == [404] * 4


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


def test_another_address_needs_a_proxy() -> None:
    """With one before it that ends TLS, the configuration says so."""
    assert read_address("0.0.0.0:80", front=Front("https://syncd.example.com")) == ("0.0.0.0", 80)
    with pytest.raises(BadUsage, match="public_url"):
        read_address("0.0.0.0:80", front=Front())


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """Before the daemon begins to work."""
    with house(tmp_path) as made, pytest.raises(NeedsOperator, match="name a free port"):
        Console(application(troubles=tuple, metrics=bytes, desk=made.desk), host="127.0.0.1", port=made.port)
