"""What a record that became another one told last, and what is written again of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncd.core.former import LOST, Former, again, former_in, is_empty, with_former
from syncd.core.merge import KEEP, Agree, Clashing, Decided, Keep, Take, Unite
from syncd.model.beside import former_of
from syncd.model.link import Base, Topic
from syncd.model.mapping import Direction
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import MISSING, Pair, Side, Told, Wire
from tests.unit.core.laws import NOON, field

CRM, MARKETING = Side.CRM, Side.MARKETING
LEAD = RemoteRef("Lead", "00Q")


def record(**fields: Wire) -> RemoteRecord:
    """A Lead that tells these vendor fields."""
    return RemoteRecord(LEAD, "7", NOON, fields)


def test_a_record_is_kept_as_text_and_read_again() -> None:
    """Side, ref, stamp and vendor fields in their own letters; no version, which would say how new another one is."""
    kept = Former(CRM, record(Status="Größe", Rating=None, Score=3))
    assert kept.text == ('["crm","Lead","00Q","2026-03-02T12:00:00.000Z",{"Status":"Größe","Rating":null,"Score":3}]')
    told = RemoteRecord(LEAD, "", NOON, {"Status": "Größe", "Rating": None, "Score": 3})
    assert Former.read(kept.text) == Former(CRM, told)
    base = Base({former_of("status"): kept.text, "title": "CEO"}, Pair({}, {}))
    assert former_in(base, "status") == Former(CRM, told)
    assert former_in(base, "title") is None


@pytest.mark.parametrize(
    ("before", "now", "lacks"),
    [
        ({"A": "x"}, {"A": None}, True),
        ({"A": "x"}, {"A": ""}, True),
        ({"A": "x"}, {}, True),
        ({"A": "x"}, {"A": "y"}, False),
        ({"A": None}, {"A": None}, False),
        ({"A": ""}, {}, False),
        ({"A": 0}, {"A": None}, True),
        ({"A": "x", "B": "y"}, {"A": "x", "B": ""}, True),
        ({}, {"A": None}, False),
    ],
)
def test_what_a_successor_lacks(before: Mapping[str, Wire], now: Mapping[str, Wire], *, lacks: bool) -> None:
    """A vendor field that was filled and is empty now."""
    assert Former(CRM, record(**before)).lacks(record(**now)) is lacks


@pytest.mark.parametrize(
    ("value", "empty"),
    [(None, True), (False, True), ((), True), (0, False), ("", False), (True, False), (("a",), False)],
)
def test_what_says_nothing(value: Told, *, empty: bool) -> None:
    """No value, no members, a box that is not ticked; zero is a value."""
    assert is_empty(value) is empty


@pytest.mark.parametrize(
    ("verdict", "agreed", "bare", "expected"),
    [
        # what would be left as it is, since both sides said so before, is written there again
        (KEEP, "a", CRM, Unite("a", LOST)),
        (Agree("b"), "a", CRM, Unite("b", LOST)),
        (Agree("b"), MISSING, CRM, Unite("b", LOST)),
        (Agree(None), "a", CRM, Unite(None, LOST)),
        # but not what is kept on purpose, was never agreed on, or is written anyway
        (Keep("only on create"), "a", CRM, None),
        (KEEP, MISSING, CRM, None),
        (Take(MARKETING, "b", "changed"), "a", CRM, None),
        (Unite("b", "policy union"), "a", CRM, None),
        (KEEP, "a", None, None),
        (Agree("b"), "a", None, None),
    ],
)
def test_what_a_record_lost_is_written_again(
    verdict: Decided, agreed: Told, bare: Side | None, expected: Decided | None
) -> None:
    """Where the field flows to it; against its direction both are left as they stand."""
    assert again(field(), verdict, agreed=agreed, bare=bare) == (expected or verdict)
    one_way = again(field(direction=Direction.TO_MARKETING), verdict, agreed=agreed, bare=bare)
    assert one_way == (Agree(expected.value) if isinstance(expected, Unite) else verdict)
    assert not isinstance(one_way, Clashing)
    assert (LOST, Topic.FIELD) == ("lost in a conversion", "field")


SLOTS = {"status": ("Status",), "size": ("Low", "High")}


@pytest.mark.parametrize(
    ("told", "confirmed", "lost", "kept"),
    [
        # news: not what its side has confirmed, or never confirmed
        ({"Status": "new"}, {"Status": "old"}, (), {"status": {"Status": "new"}}),
        ({"Status": "new"}, {}, (), {"status": {"Status": "new"}}),
        ({"Status": None}, {"Status": "old"}, (), {"status": {"Status": None}}),
        ({"Status": None}, {}, (), {"status": {"Status": None}}),
        ({"Status": "old"}, {"Status": "old"}, (), {}),
        # kept in any case where the new record has a place for it
        ({"Status": "old"}, {"Status": "old"}, ("status",), {"status": {"Status": "old"}}),
        # of several vendor fields all must be told, and one that is news is enough
        ({"Low": "1", "High": "2"}, {"Low": "1", "High": "1"}, (), {"size": {"Low": "1", "High": "2"}}),
        ({"Low": "1"}, {"Low": "2", "High": "2"}, ("size",), {}),
        ({}, {"Status": "old"}, ("status",), {}),
        (
            {"Status": "new", "Low": "1", "High": "2"},
            {},
            (),
            {"status": {"Status": "new"}, "size": {"Low": "1", "High": "2"}},
        ),
    ],
)
def test_what_is_kept_of_a_record_at_its_end(
    told: Mapping[str, Wire],
    confirmed: Mapping[str, Wire],
    lost: tuple[str, ...],
    kept: Mapping[str, Mapping[str, Wire]],
) -> None:
    """Beside what was agreed on, which stays as it is; a Base of which nothing is kept is the same one."""
    base = Base({"title": "CEO"}, Pair({"status": "other"}, confirmed))
    found = with_former(base, CRM, record(**told), SLOTS, lost=lost)
    wanted = {former_of(name): Former(CRM, record(**fields)).text for name, fields in kept.items()}
    assert found == Base({"title": "CEO", **wanted}, base.confirmed)
    assert (found is base) is not bool(kept)
    swapped = Base(base.agreed, base.confirmed.swapped())
    mirrored = with_former(swapped, MARKETING, record(**told), SLOTS, lost=lost)
    assert [former_in(mirrored, name) for name in kept] == [
        Former(MARKETING, RemoteRecord(LEAD, "", NOON, fields)) for fields in kept.values()
    ]
    assert len(mirrored.agreed) == len(found.agreed), "by what its own side has confirmed"
