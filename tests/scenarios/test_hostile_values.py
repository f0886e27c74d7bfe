"""Values that no form should let through and every CRM holds: they travel as they are, are held alone, or are refused
by name; no record waits for another one's value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import orjson
import pytest

from connectors.transport import read_json
from tests.scenarios.steps import Steps
from tests.worlds import open_both

ODD = {
    "emoji": "Ann 👩‍👩‍👧 🏳️‍🌈",
    "right to left": "שלום \u202eabc\u202c مرحبا",
    "combining": "Z\u0335\u0321a\u0300\u0301\u0302lgo",
    "control characters": "a\x01\x07\x1b[31mb",
    "no character": "a\ufffe\uffffb",
    "separators": "a\u2028b\u2029c\u0085d",
    "quotes": "'; DROP TABLE l; -- \" \\ %_",
    "templates": "{{x}} ${x} @{c0_0.id} %s",
    "html": "<script>alert(1)</script>&amp;",
    "formula": '=HYPERLINK("http://x")',
    "half a pair as text": "\\ud83d",
    "outside the plane": "𝒜𝓃𝓃 𠮷",
}


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Two stand-ins over the example configuration."""
    both = open_both()
    yield Steps(both)
    both.store.close()


@pytest.mark.parametrize("value", ODD.values(), ids=list(ODD))
def test_an_odd_text_travels_both_ways(steps: Steps, value: str) -> None:
    """What one side holds stands on the other after a cycle, and the next ones have nothing to do."""
    contact, lead = steps.pair()
    steps.market(contact, city=value)
    steps.sell(lead, Title=value)
    steps.cycle()
    written = unicodedata.normalize("NFC", value)
    assert steps.sold(lead, "City") == written
    assert steps.marketed(contact, "jobtitle") == written
    steps.quiet()


@pytest.mark.parametrize("letters", [1_000, 65_000])
def test_a_text_too_long_for_the_other_side_is_parked_alone(steps: Steps, letters: int) -> None:
    """Its field waits for a person, with a reason one can read; all else of the record and of the others goes on."""
    contact, lead = steps.pair()
    other = steps.contact(email="bob@example.com", company="Bob")
    steps.market(contact, jobtitle="x" * letters, city="Graz")
    steps.cycle()
    assert steps.sold(lead, "City") == "Graz"
    assert steps.marketed(other, "syncd_crm_id") is not None
    (parked,) = steps.both.store.parked()
    assert parked.field == "title"
    assert len(parked.reason) < 600
    steps.quiet()


@pytest.mark.parametrize("value", ["a\x00b", "\x00"])
def test_a_nul_is_held_and_told(steps: Steps, value: str) -> None:
    """No side can store it: the field is a conflict that says so, once, and the rest of the record goes on."""
    contact, lead = steps.pair()
    steps.market(contact, city=value, jobtitle="Boss")
    steps.cycle()
    assert steps.sold(lead, "City") is None
    assert steps.sold(lead, "Title") == "Boss"
    assert "holds NUL" in steps.conflict().reason
    steps.quiet()


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (rb'"a\ud83d"', "a\x00"),
        (rb'"\udc69b"', "\x00b"),
        (rb'"\ud83d\ud83d\udc69"', "\x00👩"),
        (rb'"\uD83D\uDC69"', "👩"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \x00"),
        (rb'"\\\ud83d"', "\\\x00"),
    ],
)
def test_half_a_surrogate_pair_spoils_no_page(told: bytes, read: str) -> None:
    """A text that was cut inside an emoji is read with U+0000, which is refused; backslashes and whole pairs stay."""
    assert read_json(b'{"results":[' + told + b',"ok"]}') == {"results": [read, "ok"]}


@pytest.mark.parametrize("body", [b'"a', b'{"a":NaN}', rb'{"a":"\ud83d"', b"\xff", b"[" * 5_000])
def test_what_is_no_json_stays_none(body: bytes) -> None:
    """The look for halves makes nothing readable that is broken in another way."""
    with pytest.raises(orjson.JSONDecodeError):
        read_json(body)
