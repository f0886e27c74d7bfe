"""Deals through the HubSpot connector: whose they are, in the vendor's type ids, and what a token must be allowed."""

from __future__ import annotations

from connectors.hubspot.fitting import admin_scopes, scopes
from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.fitting import Needs, ObjectNeeds
from syncd.model.remote import RemoteRecord, RemoteRef, Shape
from syncd.model.write import CreateRecord, UpdateRecord, Written
from tests.contract.test_connector_hubspot import KEY, Portal

DEAL = Shape(
    "deal",
    {"deals": ("dealname", "pipeline", "dealstage", "amount", "closedate")},
    key=KEY,
    refs={"company": {"deals": "companies"}, "buyer": {"deals": "contacts"}},
)


def fetched(portal: Portal, deal: RemoteRef) -> RemoteRecord:
    """A deal as the connector reads it."""
    (record,) = portal.connector.fetch(DEAL, [deal])
    assert isinstance(record, RemoteRecord)
    return record


def test_a_deal_gets_a_primary_company_and_contacts_that_nothing_ranks() -> None:
    """Type 5, which is primary, and type 3, of which there may be many; the connector says which is which."""
    portal = Portal()
    firm = RemoteRef("companies", portal.kernel.create("companies", {"name": "Acme"}))
    ann, bob = (RemoteRef("contacts", portal.kernel.create("contacts", {"lastname": name})) for name in ("A", "B"))
    fields = {"dealname": "D", "pipeline": "default", "dealstage": "qualifiedtobuy"}
    (made,) = portal.write(CreateRecord("i", "deals", "006", fields, {"company": firm, "buyer": bob}), shape=DEAL)
    assert isinstance(made, Written)
    (row,) = portal.kernel.export()["deals"]
    types = {kind: each["types"] for kind, (each,) in row["associations"].items()}
    assert types == {"companies": [5, 341], "contacts": [3]}
    record = fetched(portal, made.ref)
    assert record.refs == {"company": (firm,), "buyer": (bob,)}
    assert not record.unranked
    (again,) = portal.write(UpdateRecord("j", made.ref, {}, {"buyer": ann}), shape=DEAL)
    assert isinstance(again, Written)
    record = fetched(portal, made.ref)
    assert set(record.refs["buyer"]) == {ann, bob}, "who was there stays"
    assert record.unranked == {"buyer"}


def test_several_companies_of_which_none_is_primary_rank_alike() -> None:
    """Where an account leaves the first one without the label, none is taken for it; the primary one ranks."""
    portal = Portal(switches=HubSpotSwitches(first_company_is_primary=False))
    deal = RemoteRef("deals", portal.kernel.create("deals", {"dealname": "D"}))
    one, two = (portal.kernel.create("companies", {"name": name}) for name in ("A", "B"))
    for firm in (one, two):
        portal.kernel.relate("deals", deal.id, "companies", firm)
    assert fetched(portal, deal).unranked == {"company"}
    portal.write(UpdateRecord("j", deal, {}, {"company": RemoteRef("companies", two)}), shape=DEAL)
    record = fetched(portal, deal)
    assert not record.unranked
    assert record.refs["company"][0].id == two


def test_the_scopes_and_the_key_property_of_deals() -> None:
    """Named with what breaks without them, and made in the group that deals have."""
    needs = Needs({"deals": ObjectNeeds(frozenset({KEY}), frozenset({KEY}), KEY)})
    assert set(scopes(needs)) == {"crm.objects.deals.read", "crm.objects.deals.write", "crm.schemas.deals.read"}
    assert admin_scopes(needs) == ["crm.schemas.deals.read", "crm.schemas.deals.write"]
    portal = Portal()
    portal.kernel.remove_property("deals", KEY)
    fitting = portal.connector.fitting()
    (step,) = fitting.survey(needs, user=None).steps
    fitting.make(step)
    made = portal.kernel.portal.store("deals").definitions[KEY]
    assert made.unique
    assert not fitting.survey(needs, user=None).steps
