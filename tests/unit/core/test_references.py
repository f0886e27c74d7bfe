"""References: which of several ends counts, and whether the other side can point there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncd.core.layout import Layouts
from syncd.core.normalize import Codec, Context, Lens, Unlinked
from syncd.core.parking import Parking
from syncd.core.planner import Planner
from syncd.model.link import Base, Link, Linked, Proof
from syncd.model.mapping import Direction, FieldMapping, KindMapping
from syncd.model.plan import Decision, Update
from syncd.model.remote import RemoteRecord, RemoteRef, wire_of
from syncd.model.values import MISSING, FieldType, Missing, Pair, Side, Wire

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN, BOB, ZOE = (RemoteRef("contacts", key) for key in "123")
BUYER = FieldMapping(
    "buyer", FieldType.REFERENCE, Pair({"deals": ("contacts",)}, {"Opportunity": ("ContactId",)}), kind="person"
)
DEAL = KindMapping("deal", Pair(("deals",), ("Opportunity",)), Pair("syncd_crm_id", "Key__c"), (BUYER,))


def deal(*contacts: RemoteRef, unranked: bool = True) -> RemoteRecord:
    """A deal and its contacts."""
    names = frozenset({"buyer"} if unranked else ())
    return RemoteRecord(RemoteRef("deals", "9"), "1", NOW, {}, {"buyer": contacts}, unranked=names)


@pytest.mark.parametrize(
    ("ends", "held", "expected"),
    [
        # ends that nothing ranks; what was confirmed last; the one that counts
        ((), MISSING, None),
        ((), "contacts/1", None),
        ((ANN,), MISSING, "contacts/1"),
        ((ANN,), "contacts/2", "contacts/1"),
        ((ANN, BOB), "contacts/2", "contacts/2"),
        ((ANN, BOB), "contacts/1", "contacts/1"),
        ((ANN, BOB), "contacts/3", None),
        ((ANN, BOB), MISSING, None),
        ((ANN, BOB), None, None),
    ],
)
def test_of_several_ends_the_confirmed_one_counts_and_none_is_picked(
    ends: tuple[RemoteRef, ...], held: Wire | Missing, expected: Wire
) -> None:
    """One more contact is no change, and the first of several is nobody in particular."""
    assert wire_of(deal(*ends), "ref:buyer", held) == expected


def test_where_one_end_ranks_first_it_counts() -> None:
    """A primary company stays the first, whatever was confirmed before."""
    assert wire_of(deal(ANN, BOB, unranked=False), "ref:buyer", "contacts/2") == "contacts/1"


def test_what_the_other_side_cannot_point_to_is_not_told_yet() -> None:
    """A person who is a Lead waits where only a Contact can be pointed to; once she is one, she is told."""
    context = Context()
    context.links.marketing["contacts/1"] = "ann"
    context.points.crm["Opportunity", "ContactId"] = frozenset({"Contact"})
    lens = Lens(DEAL, context, Pair(Codec.TEXT, Codec.JSON))
    context.refs.crm["ann"] = "Lead/00Q"
    assert isinstance(lens.read(Side.MARKETING, "deals", "buyer", ("contacts/1",)), Unlinked)
    context.refs.crm["ann"] = "Contact/003"
    assert lens.read(Side.MARKETING, "deals", "buyer", ("contacts/1",)) == "ann"
    del context.refs.crm["ann"]  # made in this cycle: its record is known when it is sent
    assert lens.read(Side.MARKETING, "deals", "buyer", ("contacts/1",)) == "ann"


def test_one_more_contact_writes_nothing_and_another_one_does() -> None:
    """The Base remembers whom both sides agreed on; a deal that loses him for one other is moved."""
    context = Context()
    for key, name in (("1", "ann"), ("2", "bob")):
        context.links.marketing[f"contacts/{key}"] = name
        context.links.crm[f"Contact/{key}"] = name
        context.refs.crm[name] = f"Contact/{key}"
        context.refs.marketing[name] = f"contacts/{key}"
    lens = Lens(DEAL, context, Pair(Codec.TEXT, Codec.JSON))
    parking = Parking(DEAL, Pair("", ""), Pair(NOW, NOW))
    planner = Planner(Layouts(lens), connection="c", parking=parking, now=NOW)
    link = Link("l", "deal", Pair(RemoteRef("deals", "9"), RemoteRef("Opportunity", "8")), Proof.KEY, NOW)
    base = Base({"buyer": "bob"}, Pair({"ref:buyer": "contacts/2"}, {"ref:buyer": "Contact/2"}))

    def decided(*contacts: RemoteRef) -> list[Update]:
        decision = planner.linked(Linked(link, base), Pair(deal(*contacts), None))
        assert isinstance(decision, Decision)
        return [each for each in decision.actions if isinstance(each, Update) and each.changes]

    assert not decided(ANN, BOB)
    assert not decided(BOB)
    (update,) = decided(ANN)
    assert (update.side, update.refs) == (Side.CRM, {"buyer": "ann"})
    assert BUYER.direction is Direction.BOTH
