"""Two stand-ins with some of everything in them, twins loaded from what they saved, and calls to compare both by."""

from __future__ import annotations

from typing import Any

from sandbox import state
from sandbox.salesforce.org import DuplicateRule
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest
from tests.unit.sandbox.salesforce_bulk import close, opened, upload
from tests.unit.sandbox.salesforce_client import Client

HUBSPOT_PROPERTY = {"name": "tier", "type": "enumeration", "fieldType": "select", "options": [{"value": "a"}]}


def busy_account() -> HubSpotAccountUnderTest:
    """A HubSpot account after a day's work: edits, merges, the recycle bin, webhooks, tokens, search that lags."""
    box = HubSpotAccountUnderTest(lag=(0.0, 60.0))
    kernel = box.kernel
    owner = kernel.add_owner("o@x.com", "Ola", "Owner")
    kernel.add_property("contacts", HUBSPOT_PROPERTY)
    kernel.add_property("contacts", {"name": "code", "hasUniqueValue": True})
    kernel.require_property("contacts", "lastname")
    kernel.add_stage("Nearly", after="lead")
    kernel.add_object("cars", "car")
    kernel.create("cars", {"name": "Beetle"})
    company = kernel.create("companies", {"name": "Acme", "domain": "acme.com"})
    people = [box.contact(email=f"p{n}@x.com", code=f"c{n}", hubspot_owner_id=owner, tier="a") for n in range(8)]
    kernel.associate(contact_id=people[0], company_id=company, primary=True)
    box.clock.advance(30)
    kernel.edit("contacts", people[0], {"firstname": "Zoë", "email": "new@x.com"})
    kernel.edit("contacts", people[0], {"firstname": "Zo\u00eb 🌸"})
    kernel.merge("contacts", people[1], people[2])
    kernel.archive("contacts", people[3])
    kernel.gdpr_delete("contacts", people[4])
    kernel.unsubscribe("p5@x.com")
    kernel.add_app(target_url="https://example.com/hook")
    kernel.activate_webhook(kernel.add_webhook("contact.propertyChange", "firstname"))
    kernel.edit("contacts", people[5], {"firstname": "Told"})
    kernel.installations.buy(kernel.install_app(), at=kernel.portal.now())
    kernel.issue_token("pat-second")
    box.ok("POST", "/crm/v3/objects/contacts/search", {"filterGroups": []})
    return box


def busy_org() -> Client:
    """A Salesforce org after a day's work: edits, merges, a conversion, record types, rights, jobs, late commits."""
    org = Client()
    kernel = org.kernel
    kernel.add_record_type("Lead", "Inbound", picklists={"Industry": ["Banking"]})
    kernel.hide_field("Lead", "Website")
    kernel.track_fields("Lead", ["Status", "OwnerId"])
    kernel.map_conversion("Product_Interests__c", "Contact", "Product_Interests__c")
    kernel.org.duplicate_rules["Lead"] = [DuplicateRule("By address", ("Email",), action="alert")]
    user, queue = kernel.add_user("u@x.com", "Ulla User"), kernel.add_queue("Inbox")
    people = [org.lead(LastName=f"L{n}", Email=f"l{n}@x.com", Syncd_Marketing_Id__c=str(n)) for n in range(8)]
    org.clock.advance(90)
    kernel.edit("Lead", people[0], {"Status": "Working - Contacted", "OwnerId": user})
    kernel.edit("Lead", people[6], {"OwnerId": queue})
    kernel.merge("Lead", people[1], [people[2]])
    kernel.convert(people[3], status="Closed - Converted")
    kernel.delete("Lead", people[4])
    kernel.deactivate_user(user)
    kernel.lock_rows([people[5]])
    job = opened(org, "insert")
    upload(org, job, "LastName,Company\nBulky,Acme\n")
    close(org, job)
    kernel.commit_later(300)
    kernel.edit("Lead", people[7], {"Title": "Late"})
    kernel.commit_later(0)
    org.query("SELECT Id FROM Lead")
    return org


def twin_account(box: HubSpotAccountUnderTest, content: bytes) -> HubSpotAccountUnderTest:
    """A fresh account filled from a saved one; its clock begins where every account under test begins."""
    twin = HubSpotAccountUnderTest()
    state.restore(twin.kernel, content)
    return twin


def twin_org(org: Client, content: bytes) -> Client:
    """A fresh org filled from a saved one, with the same session."""
    twin = Client.__new__(Client)
    fresh = Client()
    twin.clock, twin.kernel, twin.token = fresh.clock, fresh.kernel, org.token
    state.restore(twin.kernel, content)
    return twin


def asked_of_account(box: HubSpotAccountUnderTest) -> list[Any]:
    """What an account answers to reads, searches that wait for the index, writes and batches, in this order."""
    people = "/crm/v3/objects/contacts"
    every = [record["id"] for record in box.ok("GET", f"{people}?limit=50")["results"]]
    asked: list[Any] = [every, box.call("GET", f"{people}?archived=true")]
    asked.append(box.call("GET", "/crm/v3/properties/contacts"))
    asked += [box.call("GET", f"{people}/{number}?propertiesWithHistory=firstname,email") for number in every]
    for seconds in (0, 20, 40):
        box.clock.advance(seconds)
        for question in (("lastmodifieddate", "GT", "0"), ("email", "EQ", "new@x.com"), ("code", "IN", ["c0", "c5"])):
            asked.append(box.search(question, sorts=["lastmodifieddate"]))
    inputs = [{"properties": {"email": f"b{n}@x.com", "code": f"b{n}"}} for n in range(3)]
    asked.append(box.call("POST", f"{people}/batch/create", {"inputs": inputs}))
    asked.append(box.call("POST", people, {"properties": {"email": "new@x.com"}}))
    asked.append(box.call("PATCH", f"{people}/{every[0]}", {"properties": {"tier": "wrong"}}))
    asked.append(box.call("GET", "/crm/v3/owners"))
    asked.append(box.call("GET", "/crm/v3/objects/cars"))
    asked.append(box.kernel.webhook_tally())
    asked.append(box.send("GET", people, token="pat-second").headers)
    asked.append(box.send("GET", people, token="never issued").body)
    return [*asked, box.kernel.export(), [(call.number, call.at, call.status) for call in box.kernel.calls]]


def asked_of_org(org: Client) -> list[Any]:
    """What an org answers to describes, queries, deletions, writes and batches, in this order."""
    asked: list[Any] = [org.call("GET", f"/sobjects/{name}/describe") for name in ("Lead", "Contact")]
    for step in (0, 400):
        org.clock.advance(step)
        fields = "Id, Name, Title, Status, OwnerId, SystemModstamp"
        changed = f"SELECT {fields} FROM Lead ORDER BY SystemModstamp, Id"
        asked += [org.query(changed, resource) for resource in ("query", "queryAll")]
    asked.append(org.query("SELECT Id FROM Lead WHERE Email = 'L0@X.COM' OR Syncd_Marketing_Id__c = '5'"))
    asked.append(org.query("SELECT Field, OldValue, NewValue FROM LeadHistory"))
    asked.append(org.call("GET", "/jobs/ingest"))
    asked.append(org.call("GET", "/sobjects/Lead/deleted?start=2026-01-05T00:00:00Z&end=2026-01-05T13:00:00Z"))
    rows = [{"attributes": {"type": "Lead"}, "LastName": f"N{n}", "Company": "C"} for n in range(3)]
    asked.append(org.call("POST", "/composite/sobjects", {"records": rows}))
    asked.append(org.call("PATCH", "/sobjects/Lead/Syncd_Marketing_Id__c/5", {"Title": "Locked"}))
    asked.append(org.call("PATCH", "/sobjects/Lead/Syncd_Marketing_Id__c/6", {"Title": "Chief"}))
    asked.append(org.send("GET", "/limits").headers)
    asked.append(org.kernel.login())
    return [*asked, org.kernel.export(), [(call.number, call.at, call.status) for call in org.kernel.calls]]
