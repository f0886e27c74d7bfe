"""What of the audit goes back, and why the rest stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.core.merge import Seen
from syncd.core.undoing import befores, standing
from syncd.model.derived import Derivation, Derived
from syncd.model.link import AuditRow, FieldChange, IntentKind
from syncd.model.mapping import FieldMapping
from syncd.model.remote import RemoteRef
from syncd.model.undoing import Before, Undo
from syncd.model.values import MISSING, FieldType, Pair, Side, Told
from tests.fakes import START

UNDO = Undo(START + timedelta(hours=1), run="r1")


def mapped(name: str, sort: FieldType = FieldType.STRING, derived: Derived | None = None) -> FieldMapping:
    """A field that both sides have."""
    slots = Pair({"contacts": (name,)}, {"Lead": (name,)})
    return FieldMapping(name, sort, slots, derive=None if derived is None else Derivation(derived))


FIELDS = {
    each.name: each
    for each in (
        mapped("title"),
        mapped("stage", FieldType.ENUM),
        mapped("opt_out", FieldType.OPT_OUT),
        mapped("company", FieldType.REFERENCE),
        mapped("grade", FieldType.STRING, Derived.GRADE),
    )
}


def row(*changes: FieldChange, at: int = 0, run: str = "r1", side: Side = Side.CRM, outcome: str = "done") -> AuditRow:
    """One write, so many minutes after the start."""
    return AuditRow(
        intent=f"i{at}",
        attempt=1,
        link="l",
        kind="person",
        side=side,
        ref=RemoteRef("Lead", "00Q"),
        action=IntentKind.UPDATE,
        changes=changes,
        run=run,
        at=START + timedelta(minutes=at),
        outcome=outcome,
    )


def change(name: str = "title", before: str | None = "A", after: str = "B", *, unread: bool = False) -> FieldChange:
    """What a write did to one field."""
    return FieldChange(name, before, after, "changed", Side.MARKETING, unread)


def of(*rows: AuditRow, undo: Undo = UNDO) -> tuple[dict[str, Pair[Before | None]], list[str]]:
    """What goes back, and the reasons of what stays."""
    found, left = befores(rows, undo, FIELDS, staged="stage", only=())
    return dict(found), [each.reason for each in left]


def test_the_first_before_and_the_last_after() -> None:
    """Of several writes in a span, in whatever order they are told; other runs and later writes are not meant."""
    found, left = of(row(change(before="B", after="C"), at=2), row(change(before="A", after="B"), at=1))
    assert found == {"title": Pair(None, Before("A", "C"))}
    assert left == []
    assert of(row(change(), run="r2"), row(change(), at=61)) == ({}, [])
    span = Undo(START + timedelta(minutes=2), since=START + timedelta(minutes=1))
    assert of(row(change(), at=0), row(change(), at=3), undo=span) == ({}, [])
    assert of(row(change(), at=1, run="r9"), undo=span)[0] == {"title": Pair(None, Before("A", "B"))}


def test_both_sides_of_one_field() -> None:
    """A value that was written on both goes back on each to what that one had."""
    found, _ = of(row(change(before="A")), row(change(before="X"), side=Side.MARKETING, at=1))
    assert found == {"title": Pair(Before("X", "B"), Before("A", "B"))}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param(row(change(unread=True)), "could not be read", id="unread"),
        pytest.param(row(change("stage")), "lifecycle.yaml", id="stage"),
        pytest.param(row(change("opt_out")), "never lifted", id="opt-out"),
        pytest.param(row(change("grade")), "computes it", id="computed"),
        pytest.param(row(change("company", before=None)), "never emptied", id="reference"),
        pytest.param(row(change("dropped")), "not mapped any more", id="unmapped"),
        pytest.param(replace(row(change()), destroyed=True), "forgotten", id="forgotten"),
        pytest.param(row(change(), outcome=""), "nobody knows yet", id="unanswered"),
        pytest.param(replace(row(change()), action=IntentKind.CREATE), "made by it", id="made"),
    ],
)
def test_what_can_never_go_back(written: AuditRow, reason: str) -> None:
    """Each with its reason, and nothing of it is put back."""
    found, left = of(written)
    assert found == {}
    assert len(left) == 1
    assert reason in left[0]


def test_a_refused_write_was_none() -> None:
    """Nothing is taken back that never arrived, and nothing needs to be told of it."""
    assert of(row(change(), outcome="refused INVALID")) == ({}, [])


def test_what_was_written_beside_a_new_record_stays_with_it() -> None:
    """The key and what the vendor made of it would be half of a record that nobody deletes."""
    found, left = of(replace(row(change()), action=IntentKind.CREATE), row(change(), side=Side.MARKETING, at=1))
    assert found == {}
    assert left == ["the record was made by it: delete it by hand where it is not wanted"]


@pytest.mark.parametrize(
    ("shown", "back", "stays"),
    [
        ("B", {Side.CRM: "A"}, False),
        ("A", {}, False),
        ("C", {}, True),
        (None, {}, True),
        (MISSING, {}, True),
    ],
)
def test_only_where_ours_still_stands(shown: Told, back: dict[Side, str], *, stays: bool) -> None:
    """What is back already is neither written nor told; anything else is somebody's."""
    told = standing(Pair(None, Before("A", "B")), Pair(Seen("B", changed=False), Seen(shown, changed=True)))
    assert told[0] == back
    assert (Side.CRM in told[1]) is stays
