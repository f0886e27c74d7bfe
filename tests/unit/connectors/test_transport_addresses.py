"""Where a call goes: an address is sent as it stands only where nothing is to be done to it."""

from __future__ import annotations

import re

import pytest
import requests
import responses
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.transport import _AS_SENT, Accept, Resend, Transport, open_session
from syncd.model.values import Lane, Side
from syncd.ports.budget import Rate
from tests.fakes import FakeChance, FakeClock, FreeBudget

HOST = "https://api.example.com"


@pytest.mark.parametrize(
    "rest",
    ["/", "/a/b?q=SELECT+Id%2CX&x=1", "/a/../b", "/.a/./b", "/a%2fb?x=[1]", "/ä b", "/a%zz", "/a#f", "//x/y", "/a?"],
)
def test_the_second_address_is_like_the_first(
    rest: str, clock: FakeClock, chance: FakeChance, budget: FreeBudget
) -> None:
    """What requests makes of an address is left out only where it would change nothing."""
    session = open_session(pool=1, base_url=HOST)
    transport = Transport(
        side=Side.CRM, session=session, clock=clock, chance=chance, budget=budget, classify=lambda _: Accept()
    )

    def call() -> None:
        transport.call(
            operation="read", method="GET", url=HOST + rest, rate=Rate("burst", 10, 1.0, 10), lane=Lane.ORDINARY,
            resend=Resend.SAFE,
        )  # fmt: skip

    with responses.RequestsMock() as vendor:
        vendor.get(re.compile(r"https://api\.example\.com/.*"), json=1)
        call()
        call()
        first, second = [each.request.url for each in vendor.calls]
    assert first is not None
    assert second is not None
    assert first == second


_PIECES = [*"aZ09-._~!$&'()*+,/:;=?@%é []#\"<>^`{|}\\", "%2F", "%2e", "%41", "%5A", "%5B", "%7E", "%30", "%3D", "%zz"]


@settings(max_examples=500)
@example(["?", "?"])
@example(["a", "?"])
@example(["a", "%41"])
@given(st.lists(st.sampled_from(_PIECES), max_size=20))
def test_what_is_sent_as_it_is_would_be_sent_so_by_requests(pieces: list[str]) -> None:
    """To the letter: quoted characters that need not be, and a question that asks for nothing, are left to requests."""
    rest = "/" + "".join(pieces)
    if _AS_SENT.fullmatch(rest):
        prepared = requests.PreparedRequest()
        prepared.prepare_url(HOST + rest, "")
        assert prepared.url == HOST + rest


@pytest.mark.parametrize(
    "rest", ["/crm/v3/objects/contacts/1", "/services/data/v64.0/query?q=SELECT+Id%2C+Name", "/a?b"]
)
def test_the_addresses_of_every_day_are_sent_as_they_are(rest: str) -> None:
    """Else it would be a shortcut that nobody takes."""
    assert _AS_SENT.fullmatch(rest)
