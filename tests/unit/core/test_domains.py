"""Registrable domains and lookup keys, offline."""

from __future__ import annotations

import socket

import pytest

from syncd.core.domains import FREEMAIL, bare, domain_of, host_of, is_freemail, match_keys, narrowed


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("jo@mail.acme.co.uk", "acme.co.uk"),
        ("https://www.acme.co.uk:8443/x?y", "acme.co.uk"),
        ("WWW.Acme.com", "acme.com"),
        ("acme.com.", "acme.com"),
        ("https://www.bücher.de", "xn--bcher-kva.de"),
        ("jo@bücher.de", "xn--bcher-kva.de"),
        ("localhost", None),
        ("192.168.0.1", None),
        ("co.uk", None),
        ("http://[::1", None),
        ("Acme Corp", None),
        ("", None),
    ],
)
def test_registrable_domains(text: str, domain: str | None) -> None:
    """By the public suffix list; what has no registrable domain has none."""
    assert domain_of(text) == domain


def test_no_network_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suffix list is the library's own snapshot (it fetches nothing)."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    domain_of.cache_clear()
    assert domain_of("jo@shop.acme.com.br") == "acme.com.br"


def test_freemail_says_nothing_about_a_company() -> None:
    """Addresses and bare domains; a company of its own domain is none."""
    assert is_freemail("jo@gmail.com")
    assert is_freemail("YAHOO.co.uk")
    assert not is_freemail("jo@acme.com")
    assert not is_freemail("")
    assert all(host_of(domain) == domain for domain in FREEMAIL)


def test_match_keys() -> None:
    """By e-mail, by domain (freemail and partners excluded), by value."""
    assert match_keys("email", ["A@b.co", ("c@d.co", "a@B.co"), None, ""]) == ("a@b.co", "c@d.co")
    assert match_keys("domain", ["jo@acme.com", "https://www.acme.com", "x@gmail.com"]) == ("acme.com",)
    assert match_keys("domain", ["jo@partner.com"], excluded=frozenset({"partner.com"})) == ()
    assert match_keys("value", ["  Acme  GmbH ", 17]) == ("17", "acme gmbh")
    with pytest.raises(ValueError, match="use email, domain or value"):
        match_keys("name", [])


def test_narrowed_keys_want_more_to_be_alike() -> None:
    """Equal in everything, emptiness included; what to look for is the rule's own field."""
    one = narrowed(("big one",), ["link", "5 EUR", None])
    assert one == narrowed(("big one",), ["LINK", "5 EUR", None])
    assert one != narrowed(("big one",), ["link", "6 EUR", None])
    assert one != narrowed(("big one",), ["link", None, "5 EUR"])
    assert [bare(key) for key in one] == ["big one"]
    assert narrowed(("a", "b"), []) == ("a", "b")
    assert bare("a") == "a"
