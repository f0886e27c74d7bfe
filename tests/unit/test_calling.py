"""Calls of a dead man's switch over real sockets: where it may lead, and what of it is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from syncd.post.calling import Calling, trouble_with_beat
from tests.receivers import pulse

WORD = "geheimes9wort"


@contextmanager
def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Iterator[list[tuple[str, int]]]:
    """Every name stands for these addresses; what is connected to is listed, and refused."""
    tried: list[tuple[str, int]] = []

    def looked_up(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]

    def connect(address: tuple[str, int], *_: object) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", looked_up)
        patched.setattr(socket, "create_connection", connect)
        yield tried


def test_it_is_called_with_get_and_its_whole_path() -> None:
    """And nothing of syncd but its name."""
    with pulse() as heart:
        assert Calling()(f"http://127.0.0.1:{heart.port}/{WORD}?rid=1", private=False) == ""
    ((path, headers),) = heart.got
    assert path == f"/{WORD}?rid=1"
    assert headers["User-Agent"] == "syncd"
    assert set(headers) == {"User-Agent", "Host", "Accept-Encoding"}


@pytest.mark.parametrize("status", [301, 302, 404, 500])
def test_no_other_answer_is_one_and_no_redirect_is_followed(status: int) -> None:
    """The address stays unsaid."""
    with pulse() as other, pulse() as heart:
        heart.status, heart.location = status, f"http://127.0.0.1:{other.port}/"
        assert Calling()(f"http://127.0.0.1:{heart.port}/{WORD}", private=True) == f"it answered {status}"
    assert len(heart.got) == 1
    assert not other.got


@pytest.mark.parametrize(
    "url",
    [
        f"http://beat.example.com/{WORD}",
        f"ftp://127.0.0.1/{WORD}",
        f"https://user:{WORD}@beat.example.com/",
        f"https:///{WORD}",
        f"https://beat.example.com:99999/{WORD}",
        f"http://localhost/{WORD}",
        WORD,
        "",
    ],
)
def test_addresses_that_are_not_called(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told when the configuration is read, and again at each call; without the secret."""
    wrong = trouble_with_beat(url)
    assert wrong is not None
    assert WORD not in wrong
    with names(monkeypatch, "93.184.216.34") as tried:
        assert Calling()(url, private=True) == wrong
    assert not tried


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "::1"]
)
def test_a_name_that_leads_into_a_private_network_is_not_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that leads there with one of its addresses alone; unless that is allowed."""
    url = "https://beat.example.com/x"
    for addresses in ([address], ["93.184.216.34", address]):
        with names(monkeypatch, *addresses) as tried:
            assert "private: true" in Calling()(url, private=False)
        assert not tried
    with names(monkeypatch, address) as tried:
        assert Calling()(url, private=True) == "not reached (ConnectionRefusedError)"
    assert tried == [(address, 443)]


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name cannot say another thing in between."""
    with names(monkeypatch, "93.184.216.34") as tried:
        Calling()("https://beat.example.com:8443/x", private=False)
    assert tried == [("93.184.216.34", 8443)]


def test_who_is_silent_is_given_up() -> None:
    """After its patience; a port that nobody listens on, at once."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        assert Calling(patience=0.2)(f"http://127.0.0.1:{port}/{WORD}", private=False) == "no answer (TimeoutError)"
    assert Calling(patience=0.2)(f"http://127.0.0.1:{port}/{WORD}", private=False).startswith("not reached")
