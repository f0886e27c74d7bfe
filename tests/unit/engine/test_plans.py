"""In which order what needs no vendor is settled."""

from __future__ import annotations

import pytest

from syncd.engine.plans import ends_first
from syncd.model.link import Link, LinkState, Proof
from syncd.model.plan import Action, Decision, Detach, Relink
from syncd.model.remote import RemoteRef, Succession
from syncd.model.values import Pair, Side
from tests.fakes import START

pytestmark = pytest.mark.beyond


def decision(id_: str, state: LinkState, *actions: Action) -> Decision:
    """What is to happen with one link."""
    link = Link(id_, "person", Pair(RemoteRef("contacts", id_), RemoteRef("Lead", "1")), Proof.KEY, START, state=state)
    return Decision("person", link, None, Pair(None, None), actions)


def test_a_link_ends_before_another_takes_its_record() -> None:
    """A large plan is settled in lots; a record that is in two live links after one of them would be a fault."""
    takes = decision(
        "a", LinkState.LIVE, Relink(Side.CRM, RemoteRef("Lead", "2"), RemoteRef("Lead", "1"), Succession.MERGED)
    )
    ends = decision("b", LinkState.TOMBSTONE, Detach(Side.MARKETING, RemoteRef("contacts", "b"), Succession.MERGED))
    assert ends_first([takes, ends]) == [ends, takes]
