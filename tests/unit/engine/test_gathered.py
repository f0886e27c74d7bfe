"""What is known of a record that was found beside another one."""

from __future__ import annotations

import pytest

from syncd.engine.gathered import Gathered, Meeting, seen_again
from syncd.model.link import VERSION, Base, Link, Linked, Proof
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Pair, Side
from tests.fakes import START

pytestmark = pytest.mark.beyond
REF = RemoteRef("contacts", "1")


@pytest.mark.parametrize(("told", "counts"), [("099", False), ("100", True), ("101", True)])
def test_an_older_state_than_is_known_is_looked_at_by_id_and_counts_for_nothing(told: str, *, counts: bool) -> None:
    """A search index may show a record as it was before what it last confirmed: that is nobody's edit."""
    link = Link("l1", "person", Pair(REF, RemoteRef("Lead", "00Q1")), Proof.KEY, START)
    gathered = Gathered("person", full=False)
    gathered.meetings["l1"] = Meeting(Linked(link, Base({}, Pair({VERSION: "100"}, {}))), Pair(None, None))
    record = RemoteRecord(REF, told, START, {}, {}, frozenset())
    seen_again(gathered, "l1", Side.MARKETING, record)
    assert gathered.meetings["l1"].seen.marketing is (record if counts else None)
    assert gathered.again == ([] if counts else [(Side.MARKETING, REF)])
