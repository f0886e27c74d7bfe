"""Which hints a cycle reads, which it knows already, and what that may cost."""

from __future__ import annotations

import pytest

from syncd.engine.hinted import IN_A_CALL, take
from syncd.model.hint import Hint, Noted
from syncd.model.link import VERSION, Base, Link, Linked, LinkState, Proof
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Pair
from tests.fakes import START

pytestmark = pytest.mark.beyond


def noted(number: int, version: str | None = "100") -> Noted:
    """A hint that waits."""
    return Noted(Hint(RemoteRef("contacts", str(number)), version), START)


def linked(number: int, version: str | None, state: LinkState = LinkState.LIVE) -> Linked:
    """A link whose marketing record was last confirmed in a version."""
    refs = Pair(RemoteRef("contacts", str(number)), RemoteRef("Lead", f"00Q{number}"))
    link = Link(f"l{number}", "person", refs, Proof.KEY, START, state=state)
    return Linked(link, Base({}, Pair({} if version is None else {VERSION: version}, {})))


def record(number: int, version: str) -> RemoteRecord:
    """A record as a stream shows it."""
    return RemoteRecord(RemoteRef("contacts", str(number)), version, START, {}, {}, frozenset())


@pytest.mark.parametrize(
    ("told", "known", "seen", "read"),
    [
        ("100", "100", None, False),
        ("100", "101", None, False),
        ("100", "099", None, True),
        ("100", None, None, True),
        (None, "999", None, True),
        ("100", "050", "100", False),
        ("100", "050", "099", True),
        (None, "999", "999", True),
    ],
)
def test_who_is_known_in_that_version_is_not_read(
    told: str | None,
    known: str | None,
    seen: str | None,
    read: bool,
) -> None:
    """By the Base, or by what this cycle's stream showed; but in any case whoever left or came back."""
    ref = RemoteRef("contacts", "1")
    shown = {} if seen is None else {ref: record(1, seen)}
    taken = take([noted(1, told)], {ref: linked(1, known)}, shown, calls=20)
    assert (taken.live == [ref], taken.strangers, len(taken.done)) == (read, [], 1)


def test_the_forgotten_are_not_looked_at_and_tombstones_are_strangers() -> None:
    """A record in the bin costs what a made-up id costs."""
    gone, buried = RemoteRef("contacts", "1"), RemoteRef("contacts", "2")
    known = {gone: linked(1, "1", LinkState.FORGOTTEN), buried: linked(2, "1", LinkState.TOMBSTONE)}
    taken = take([noted(1, None), noted(2, None), noted(3)], known, {}, calls=20)
    assert (taken.live, taken.strangers) == ([], [buried, RemoteRef("contacts", "3")])
    assert len(taken.done) == 3


@pytest.mark.parametrize("calls", [6, 7, 20, 200, 1_000])
def test_f70_what_is_read_in_a_cycle_fits_into_its_calls(calls: int) -> None:
    """At worst: every lot is full, the strangers are nowhere, so they are asked for in the bin and then one by one."""
    storm = [noted(number) for number in range(200_000)]
    known = {each.hint.ref: linked(1, "1") for each in storm[::2]}
    taken = take(storm, known, {}, calls=calls)
    lots = -(-(len(taken.live)) // IN_A_CALL) + -(-len(taken.strangers) // IN_A_CALL)
    bin_lots = -(-len(taken.strangers) // IN_A_CALL)
    assert lots + bin_lots + len(taken.strangers) <= calls
    assert len(taken.strangers) >= 1
    assert len(taken.live) >= 200
    assert taken.done == sorted(taken.done, key=lambda each: int(each.hint.ref.id))
    assert taken.done[0] == storm[0]
