"""Primary contacts of Opportunities through the Salesforce connector: what is read, sent, counted and refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from sandbox.kernel import Fault
from syncd.model.remote import RemoteRecord, RemoteRef, Shape
from syncd.model.values import Lane
from syncd.model.write import CreateRecord, Deferred, Indeterminate, Refused, UpdateRecord, WriteResult, Written
from tests.contract.test_connector_salesforce import KEY, World

ROLE = "OpportunityContactRole"
DEAL = Shape(
    kind="deal",
    objects={"Opportunity": ("Name", "StageName", "CloseDate", "Amount")},
    key=KEY,
    refs={"company": {"Opportunity": "AccountId"}, "buyer": {"Opportunity": "ContactId"}},
)
FIELDS = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01"}


@dataclass
class Sales:
    """One org with two people and an Opportunity of the first of them."""

    world: World
    ann: str
    bob: str
    deal: str

    def write(self, *batch: CreateRecord | UpdateRecord) -> Sequence[WriteResult]:
        """Writes with time enough."""
        return self.world.connector.write(DEAL, batch, self.world.clock.now() + timedelta(minutes=5))

    def give(self, contact: str, **fields: str | int) -> WriteResult:
        """Writes the primary contact, and fields beside it."""
        update = UpdateRecord(
            "i1", RemoteRef("Opportunity", self.deal), fields, {"buyer": RemoteRef("Contact", contact)}
        )
        (result,) = self.write(update)
        return result

    def primary(self) -> list[object]:
        """Whose role is the primary one."""
        return [row["ContactId"] for row in self.world.org.export()[ROLE] if row["IsPrimary"]]


@pytest.fixture
def sales() -> Sales:
    """A new org."""
    world = World()
    ann, bob = (world.org.insert("Contact", {"LastName": name}) for name in ("Ann", "Bob"))
    return Sales(world, ann, bob, world.org.insert("Opportunity", {**FIELDS, "ContactId": ann}))


def test_a_new_opportunity_brings_its_contact_in_the_same_call(sales: Sales) -> None:
    """The vendor makes the role; nothing is asked for or made beside it."""
    mark = sales.world.mark()
    refs = {"buyer": RemoteRef("Contact", sales.bob)}
    (made,) = sales.write(CreateRecord("i", "Opportunity", "51", dict(FIELDS), refs, None))
    assert isinstance(made, Written)
    assert sales.primary() == [sales.ann, sales.bob]
    assert len(sales.world.operations(mark)) == 2, "the write, and its rows read back"


def test_another_contact_gets_a_role_and_then_the_old_one_its_place_again(sales: Sales) -> None:
    """A role is made once and edited from then on; who is primary already costs no write."""
    assert isinstance(sales.give(sales.bob, Amount=5), Written)
    assert sales.primary() == [sales.bob]
    assert sales.world.org.export()["Opportunity"][0]["Amount"] == 5
    assert isinstance(sales.give(sales.ann), Written)
    assert sales.primary() == [sales.ann]
    assert len(sales.world.org.export()[ROLE]) == 2
    writes = sum(bool(call.written or call.created) for call in sales.world.org.calls)
    assert isinstance(sales.give(sales.ann), Written)
    assert sum(bool(call.written or call.created) for call in sales.world.org.calls) == writes


def test_a_refused_contact_is_told_by_the_name_of_its_reference(sales: Sales) -> None:
    """On creation, where it is a lookup, and afterwards, where it is a role; the fields of an update are written."""
    lost = sales.world.org.insert("Contact", {"LastName": "Lost"})
    sales.world.org.delete("Contact", lost)
    told = sales.give(lost, Amount=7)
    assert isinstance(told, Refused)
    assert told.fields == ("buyer",)
    assert sales.world.org.export()["Opportunity"][0]["Amount"] == 7
    refs = {"company": RemoteRef("Account", "001000000000001AAA")}
    (told,) = sales.write(CreateRecord("i", "Opportunity", "52", dict(FIELDS), refs, None))
    assert isinstance(told, Refused)
    assert told.fields in {("company",), ()}


def test_a_role_without_an_answer_is_not_known(sales: Sales) -> None:
    """It may have been made: nothing more is sent until that is over, and then it is not made a second time."""
    made = Fault("cut", lambda each: each.method == "POST" and each.path.endswith("/composite/sobjects"), when="drop")
    sales.world.org.faults.arm(made)
    told = sales.give(sales.bob)
    assert isinstance(told, Indeterminate)
    assert sales.primary() == [sales.bob]
    assert isinstance(sales.give(sales.bob), Written)
    assert len(sales.world.org.export()[ROLE]) == 2


def test_a_role_that_is_locked_waits_and_the_rest_is_written(sales: Sales) -> None:
    """The fields of the Opportunity are there, so that its write counts as done in part."""
    (role,) = [row["Id"] for row in sales.world.org.export()[ROLE]]
    assert isinstance(sales.give(sales.bob), Written)
    sales.world.org.lock_rows([role], times=50)
    told = sales.give(sales.ann, Amount=9)
    assert isinstance(told, Deferred)
    assert told.fields == ("buyer",)
    assert sales.world.org.export()["Opportunity"][0]["Amount"] == 9


def test_a_primary_role_shows_its_opportunity_though_no_stamp_of_it_moves(sales: Sales) -> None:
    """Read once more for an overlap, then never again."""
    connector = sales.world.connector.for_lane(Lane.ORDINARY)
    sales.world.clock.advance(300)
    *_, last = connector.changes(DEAL, connector.start(DEAL))
    sales.world.clock.advance(300)
    *_, last = connector.changes(DEAL, last.cursor)
    assert not last.records
    sales.world.org.insert(ROLE, {"OpportunityId": sales.deal, "ContactId": sales.bob, "IsPrimary": True})
    sales.world.clock.advance(5)
    pages = list(connector.changes(DEAL, last.cursor))
    (record,) = [record for page in pages for record in page.records]
    assert isinstance(record, RemoteRecord)
    assert record.refs["buyer"] == (RemoteRef("Contact", sales.bob),)
    sales.world.clock.advance(300)
    pages = list(connector.changes(DEAL, pages[-1].cursor))
    sales.world.clock.advance(300)
    assert not [record for page in connector.changes(DEAL, pages[-1].cursor) for record in page.records]


def test_the_history_of_opportunities_has_a_table_of_its_own_name(sales: Sales) -> None:
    """``OpportunityFieldHistory``, with the stages that people chose."""
    sales.world.org.edit("Opportunity", sales.deal, {"StageName": "Closed Won"})
    ref = RemoteRef("Opportunity", sales.deal)
    events = sales.world.connector.history([ref], ["StageName"], sales.world.clock.now() - timedelta(days=1))
    assert [(event.ref, event.value) for event in events] == [(ref, "Closed Won")]
