"""Records while they are matched: paired one to one, doubles and what is ambiguous told, nothing left afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.model.values import Side
from syncd.ports.scratch import Kept, Shared
from syncd.store.scratch import SqlScratch


@pytest.fixture
def scratch() -> Iterator[SqlScratch]:
    """An empty one."""
    opened = SqlScratch()
    yield opened
    opened.close()


def one(side: Side, name: str, *tokens: tuple[int, str]) -> Kept:
    """A record that is recognised by these tokens."""
    return Kept(side, name, name.encode(), tuple((step, token.encode()) for step, token in tokens))


def test_pairs_are_one_to_one_and_steps_in_order(scratch: SqlScratch) -> None:
    """An earlier step's pair is not taken apart; a record with two tokens is in one pair."""
    scratch.keep([
        one(Side.MARKETING, "m1", (0, "k"), (1, "a")), one(Side.CRM, "c1", (0, "k")), one(Side.CRM, "c2", (1, "a")),
        one(Side.MARKETING, "m2", (1, "b"), (1, "c")), one(Side.CRM, "c3", (1, "b")), one(Side.CRM, "c4", (1, "c")),
    ])  # fmt: skip
    assert scratch.pair(0) == 1
    assert scratch.pair(1) == 1
    assert [(step, a, c) for step, a, _, c, _ in scratch.pairs()] == [(0, "m1", "c1"), (1, "m2", "c3")]
    assert [name for name, _ in scratch.alone(Side.CRM)] == ["c2", "c4"]
    assert (scratch.count(Side.MARKETING), scratch.count(Side.CRM)) == (2, 4)


def test_doubles_and_what_is_ambiguous(scratch: SqlScratch) -> None:
    """Two of one side share a token; with one of the other side nobody says which of them it is."""
    scratch.keep([one(Side.CRM, name, (0, "a"), (0, "a")) for name in ("c1", "c2")])
    scratch.keep([one(Side.MARKETING, "m1", (0, "a")), one(Side.MARKETING, "m2", (0, "b"))])
    assert scratch.pair(0) == 0
    assert scratch.doubles(Side.CRM, 0, 9) == Shared(1, 2, ("c1", "c2"))
    assert scratch.doubles(Side.CRM, 0, 1) == Shared(1, 2, ("c1",))
    assert scratch.doubles(Side.MARKETING, 0, 9) == Shared(0, 0, ())
    ambiguous = scratch.ambiguous(0, 9)
    assert (ambiguous.groups, set(ambiguous.names)) == (1, {"m1", "c1", "c2"})


def test_whoever_is_paired_is_nobody_elses(scratch: SqlScratch) -> None:
    """A double of somebody who was paired by a stronger proof is left over, and is told as ambiguous."""
    scratch.keep([
        one(Side.MARKETING, "m1", (0, "k"), (1, "a")), one(Side.CRM, "c1", (0, "k"), (1, "a")),
        one(Side.CRM, "c2", (1, "a")),
    ])  # fmt: skip
    assert (scratch.pair(0), scratch.pair(1)) == (1, 0)
    assert scratch.ambiguous(1, 9) == Shared(1, 1, ("c2",))
