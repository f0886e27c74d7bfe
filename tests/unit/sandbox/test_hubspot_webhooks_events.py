"""HubSpot stand-in: which events a change makes, and the keys of each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.hubspot_account import CONTACTS
from tests.unit.sandbox.hubspot_webhooks import COMMON, WebhookAccount


def types(events: list[dict[str, Any]]) -> list[str]:
    """The types of events, sorted: order is not promised."""
    return sorted(event["subscriptionType"] for event in events)


def without(event: dict[str, Any]) -> dict[str, Any]:
    """What an event has beside the keys that all have."""
    return {name: value for name, value in event.items() if name not in COMMON}


@pytest.mark.fact("hubspot 8.2")
def test_a_change_by_a_person() -> None:
    """Every documented key, with the person as its source and the moment of the change."""
    hub = WebhookAccount("contact.propertyChange email")
    person = hub.contact(email="a@x.com")
    hub.told()
    hub.clock.advance(60)
    hub.kernel.edit("contacts", person, {"email": "b@x.com", "city": "Kyiv"}, by="userId:5")
    [event] = hub.told()
    assert isinstance(event.pop("eventId"), int)
    assert event == {
        "subscriptionId": int(hub.subscriptions[0]),
        "portalId": 4_711_001,
        "appId": 900_001,
        "occurredAt": hub.now(),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": int(person),
        "propertyName": "email",
        "propertyValue": "b@x.com",
        "changeSource": "CRM_UI",
        "sourceId": "userId:5",
    }


@pytest.mark.fact("hubspot 8.2")
@pytest.mark.parametrize("first_values", [True, False])
def test_a_creation_by_the_api(first_values: bool) -> None:
    """It is flagged as new; by switch the properties it began with are told as changes."""
    hub = WebhookAccount("contact.creation", "contact.propertyChange city", webhook_tells_first_values=first_values)
    made = hub.ok("POST", CONTACTS, {"properties": {"city": "Kyiv", "lastname": "L"}})["id"]
    creation, *changes = hub.told()
    assert without(creation) == {"objectId": int(made), "changeFlag": "NEW"}
    assert (creation["changeSource"], creation["sourceId"]) == ("INTEGRATION", "900001")
    assert [event["propertyValue"] for event in changes] == (["Kyiv"] if first_values else [])


def test_only_what_really_changed_is_told() -> None:
    """A write of the same value makes no event, a cleared one has the empty text; the stamp moves with each."""
    hub = WebhookAccount("contact.propertyChange city", "contact.propertyChange lastmodifieddate")
    person = hub.contact(city="Kyiv")
    hub.told()
    for city in ("Kyiv", ""):
        hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"city": city}})
    told = [(event["propertyName"], event["propertyValue"]) for event in hub.told()]
    assert [value for name, value in told if name == "city"] == [""]
    assert len({value for name, value in told if name != "city"}) == 2


def test_each_way_of_writing_is_told() -> None:
    """Batches, imports, opt-outs and edits of other objects, with where they came from."""
    hub = WebhookAccount(
        "contact.creation", "company.creation", "deal.creation", "contact.propertyChange hs_email_optout"
    )
    inputs = [{"properties": {"email": f"{name}@x.com"}} for name in "ab"]
    hub.ok("POST", f"{CONTACTS}/batch/create", {"inputs": inputs})
    hub.kernel.load("contacts", [{"email": "c@x.com", "createdate": "2020-01-01T00:00:00Z"}])
    hub.kernel.create("companies", {"name": "F"})
    hub.kernel.create("deals", {"dealname": "D"})
    told = hub.told()
    assert types(told) == ["company.creation", *["contact.creation"] * 3, "deal.creation"]
    imported = next(event for event in told if event["changeSource"] == "IMPORT")
    assert imported["occurredAt"] == hub.now()
    hub.kernel.unsubscribe("c@x.com")
    assert [(event["objectId"], event["propertyValue"]) for event in hub.told()] == [(imported["objectId"], "true")]


def test_recycle_bin() -> None:
    """Archiving is told as a deletion, once however often it is asked for; taking it out as a restore."""
    hub = WebhookAccount("contact.deletion", "contact.restore", "company.deletion")
    person = hub.contact(lastname="L")
    for _ in range(2):
        assert hub.call("DELETE", f"{CONTACTS}/{person}")[0] == 204
    assert [(types([event]), without(event)) for event in hub.told()] == [
        (["contact.deletion"], {"objectId": int(person)})
    ]
    hub.kernel.restore("contacts", person)
    assert types(hub.told()) == ["contact.restore"]
    hub.ok("POST", f"{CONTACTS}/batch/archive", {"inputs": [{"id": person}]})
    assert types(hub.told()) == ["contact.deletion"]


@pytest.mark.fact("hubspot 8.6")
def test_a_privacy_deletion_is_a_deletion_too() -> None:
    """Two events of one record, in either order: both orders occur."""
    hub = WebhookAccount("contact.privacyDeletion", "contact.deletion")
    orders = set()
    for _ in range(20):
        person = hub.contact(lastname="L")
        hub.ok("POST", f"{CONTACTS}/gdpr-delete", {"objectId": person})
        told = hub.told()
        assert [event["objectId"] for event in told] == [int(person)] * 2
        orders.add(tuple(event["subscriptionType"] for event in told))
    both = ("contact.privacyDeletion", "contact.deletion")
    assert orders == {both, both[::-1]}


@pytest.mark.fact("hubspot 8.4")
def test_a_merge() -> None:
    """One event with both old ids, the new one and how many properties moved; nothing is created or deleted."""
    hub = WebhookAccount(
        "contact.merge", "contact.creation", "contact.deletion", "contact.propertyChange city",
        "contact.propertyChange lastname",
    )  # fmt: skip
    first = hub.contact(email="a@x.com", lastname="L")
    second = hub.contact(email="b@x.com", lastname="M", city="Kyiv", phone="1")
    hub.told()
    new = hub.kernel.merge("contacts", first, second)
    told = {event["subscriptionType"]: event for event in hub.told()}
    assert without(told.pop("contact.merge")) == {
        "primaryObjectId": int(first),
        "mergedObjectIds": [int(second)],
        "newObjectId": int(new),
        "numberOfPropertiesMoved": 2,
    }
    assert without(told.pop("contact.propertyChange")) == {
        "objectId": int(new),
        "propertyName": "city",
        "propertyValue": "Kyiv",
    }
    assert told == {}


@pytest.mark.fact("hubspot 8.4")
def test_associations_are_told_of_both_sides() -> None:
    """Either side's subscription hears of it, the primary one beside the unlabelled one; so it does when they end."""
    hub = WebhookAccount("contact.associationChange", "company.associationChange", first_company_is_primary=False)
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    url = f"/crm/v4/objects/contacts/{person}/associations"
    hub.ok("PUT", f"{url}/default/companies/{firm}")
    expected = [
        ("contact", "CONTACT_TO_COMPANY", int(person), int(firm)),
        ("company", "COMPANY_TO_CONTACT", int(firm), int(person)),
    ]
    assert [
        (e["subscriptionType"], without(e)) for e in hub.told()
    ] == [(f"{kind}.associationChange", _change(way, start, end)) for kind, way, start, end in expected]  # fmt: skip
    hub.ok("PUT", f"{url}/companies/{firm}", [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}])
    assert [without(event) for event in hub.told()] == [
        _change(way, start, end, isPrimaryAssociation=True) for _, way, start, end in expected
    ]
    hub.ok("DELETE", f"{url}/companies/{firm}")
    told = hub.told()
    assert {event["associationRemoved"] for event in told} == {True}
    assert sorted(event["isPrimaryAssociation"] for event in told) == [False, False, True, True]


def _change(way: str, start: int, end: int, **more: bool) -> dict[str, Any]:
    plain = {"associationRemoved": False, "isPrimaryAssociation": False}
    return {"associationType": way, "fromObjectId": start, "toObjectId": end, **plain, **more}


def test_a_new_primary_company_takes_the_place_of_the_old_one() -> None:
    """The old primary association is told as removed, the new ones as made."""
    hub = WebhookAccount("contact.associationChange")
    person = hub.contact(lastname="L")
    first, second = (hub.kernel.create("companies", {"name": name}) for name in "AB")
    hub.kernel.associate(contact_id=person, company_id=first)
    hub.told()
    hub.kernel.associate(contact_id=person, company_id=second, primary=True)
    told = [(e["toObjectId"], e["isPrimaryAssociation"], e["associationRemoved"]) for e in hub.told()]
    assert sorted(told) == [(int(first), True, True), (int(second), False, False), (int(second), True, False)]


def test_an_erased_record_leaves_its_associations() -> None:
    """The company is told that the contact is gone from it."""
    hub = WebhookAccount("company.associationChange", first_company_is_primary=False)
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    hub.kernel.associate(contact_id=person, company_id=firm)
    hub.told()
    hub.kernel.gdpr_delete("contacts", person)
    [event] = hub.told()
    assert (event["fromObjectId"], event["toObjectId"], event["associationRemoved"]) == (int(firm), int(person), True)


def test_objects_without_types_of_their_own_are_not_told() -> None:
    """Tasks and leads have no events, yet the contact they hang on to hears of the association."""
    hub = WebhookAccount("contact.associationChange", "contact.creation")
    person = hub.contact(lastname="L")
    hub.told()
    task = hub.ok("POST", "/crm/v3/objects/tasks", {"properties": {"hs_timestamp": "2026-11-25T12:00:00Z"}})["id"]
    assert hub.told() == []
    hub.ok("PUT", f"/crm/v4/objects/tasks/{task}/associations/default/contacts/{person}")
    [event] = hub.told()
    assert (event["associationType"], event["toObjectId"]) == ("CONTACT_TO_TASK", int(task))
