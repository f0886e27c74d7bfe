"""What a sentinel says, and what is made of what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from syncd.core.sentinel import Amiss, Expected, judged
from syncd.model.remote import Departure, Gone, Moved, RemoteRecord, RemoteRef, Succession
from syncd.model.run import Mark
from syncd.model.sentinel import LONGEST, MARKER, TITLE, Inscription, Planted
from syncd.model.values import Wire

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
IDENTITY = "0123456789abcdef0123456789abcdef"
REF = RemoteRef("companies", "51")
OURS = Inscription("main", "4711", IDENTITY[:12], date(2026, 3, 2), 500, "0a1b2c3d")
PLANTED = Planted(REF, "company", str(OURS), 7, AT)
EXPECTED = Expected("main", "4711", Mark(IDENTITY, 500, 7, "ab"))


def told(name: Wire, key: Wire = MARKER) -> RemoteRecord:
    """The sentinel as a vendor tells it."""
    return RemoteRecord(REF, "1", AT, {"name": name, "key": key})


def test_a_person_can_read_it_and_so_can_syncd() -> None:
    """One line that fits into any name; anything else is no inscription."""
    assert str(OURS) == (
        f"{TITLE} (connection main, account 4711, store 0123456789ab, since 2026-03-02, mark 500-0a1b2c3d)"
    )
    assert Inscription.read(str(OURS)) == OURS
    long = replace(OURS, connection="c" * 200, account="00D5g000001abcdEAA", generation=10**12)
    assert len(str(long)) < 255
    assert Inscription.read(str(long)) == replace(long, connection="c" * LONGEST)
    for other in (f"{OURS} ", str(OURS).upper(), str(OURS).replace("2026-03-02", "2026-13-02"), "", None, 7):
        assert Inscription.read(other) is None


def test_it_is_stored_whole() -> None:
    """Also the text before, while nobody knows whether the new one was taken."""
    for planted in (PLANTED, replace(PLANTED, before="x")):
        assert Planted.read((planted.stored(), AT)) == planted
    assert Planted.read(None) is None
    assert Planted.read((b"", AT)) is None


@pytest.mark.parametrize(
    ("answer", "amiss"),
    [
        (told(str(OURS)), None),
        (told(str(OURS), None), Amiss.EDITED),
        (told(str(OURS), "00Q1"), Amiss.EDITED),
        (told(str(OURS).title()), Amiss.EDITED),
        (told(None), Amiss.EDITED),
        (RemoteRecord(REF, "1", AT, {"key": MARKER}, missing=frozenset({"name"})), Amiss.EDITED),
        (Gone(REF, Departure.ARCHIVED), Amiss.GONE),
        (Gone(REF, Departure.INVISIBLE), Amiss.GONE),
        (Moved(REF, RemoteRef("companies", "9"), Succession.MERGED), Amiss.MERGED),
        (told(str(replace(OURS, account="9"))), Amiss.ACCOUNT),
        (told(str(replace(OURS, store="ffff"))), Amiss.STORE),
        (told(str(replace(OURS, generation=501))), Amiss.COPY),
        (told(str(replace(OURS, token="ffffffff"))), Amiss.COPY),
        (told(str(replace(OURS, since=date(2026, 3, 3)))), Amiss.EDITED),
        (told(str(replace(OURS, connection="other", generation=501))), Amiss.EDITED),
    ],
)
def test_the_table(answer: RemoteRecord | Gone | Moved, amiss: Amiss | None) -> None:
    """What is read, and what is wrong with it."""
    assert judged(PLANTED, answer, EXPECTED, key="key", field="name").amiss is amiss


def test_two_texts_are_right_while_a_write_is_not_known() -> None:
    """The new one and the one before; no third, and no empty one."""
    before = str(replace(OURS, generation=400))
    begun = replace(PLANTED, before=before)
    for text in (str(OURS), before):
        assert judged(begun, told(text), EXPECTED, key="key", field="name").amiss is None
    assert judged(PLANTED, told(before), EXPECTED, key="key", field="name").amiss is Amiss.COPY
    assert judged(begun, told(""), EXPECTED, key="key", field="name").amiss is Amiss.EDITED


def test_a_store_without_a_name_owns_nothing() -> None:
    """Before its first lease a store has no identity, and no inscription is its own."""
    nameless = replace(EXPECTED, mark=Mark("", 0, 0, ""))
    assert not nameless.is_ours(replace(OURS, store=""))
    assert judged(PLANTED, told(str(replace(OURS, generation=1))), nameless, key="key", field="name").amiss is (
        Amiss.STORE
    )
