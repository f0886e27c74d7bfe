"""Who is who changes: records merge, convert, vanish and come back, addresses move, swap and are shared, keys clash.

Done once, to records that exist, chosen by the seed. Right before a call (``nth`` or ``probability``) a record that the
call itself names is preferred: that is how a Lead is converted between a plan and its write. Nothing here is a call,
and nothing is undone when faults are cleared.
"""

from __future__ import annotations

import orjson

from sandbox.faults.calls import hubspot_create
from sandbox.faults.entry import Entry, Site, Told
from sandbox.faults.targets import OBJECT, a_contact, a_row, at_hubspot, at_salesforce
from sandbox.kernel import Fault, HttpRequest
from sandbox.salesforce.definitions import KEY_FIELD
from sandbox.salesforce.errors import Refusal

_CONVERTED = "Closed - Converted"


def _merge_hubspot(site: Site, request: HttpRequest | None) -> Told:
    first = a_contact(site, request)
    others = [record for record in site.records(None) if record is not first]
    other = site.pick(others, "records to merge with")
    new = site.hubspot.merge(site.store().kind.name, str(first.id), str(other.id))
    return at_hubspot(site, first.id, other.id, now=new)


def _merge_salesforce(site: Site, request: HttpRequest | None) -> Told:
    loser = a_row(site, request)
    winner = site.pick([row for row in site.rows(None) if row["Id"] != loser["Id"]], "rows to merge with")
    site.salesforce.merge(site.entity().name, str(winner["Id"]), [str(loser["Id"])])
    return at_salesforce(site, winner["Id"], loser["Id"], now=winner["Id"])


def _convert(site: Site, request: HttpRequest | None) -> Told:
    org = site.salesforce.org
    rows = [row for row in site.rows(request) if (org.row(row["OwnerId"]) or {}).get("IsActive", True)]
    lead = str(site.pick(rows, "Leads whose owner may own a Contact")["Id"])
    contact, account, _ = site.salesforce.convert(lead, status=_CONVERTED)
    return {"object": "Lead", "ids": [lead], "now": contact, "account": account}


def _delete_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record = a_contact(site, request)
    site.hubspot.archive(site.store().kind.name, str(record.id))
    return at_hubspot(site, record.id)


def _delete_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row = a_row(site, request)
    site.salesforce.delete(site.entity().name, str(row["Id"]))
    return at_salesforce(site, row["Id"])


def _restore_hubspot(site: Site, _: HttpRequest | None) -> Told:
    number = site.pick(site.store().gone, "archived records")
    site.hubspot.restore(site.store().kind.name, str(number))
    return at_hubspot(site, number)


def _restore_salesforce(site: Site, _: HttpRequest | None) -> Told:
    binned = [row for row in site.entity().table.by_id() if row.get("IsDeleted") and not row.get("MasterRecordId")]
    row = site.pick(binned, "rows in the recycle bin")
    site.salesforce.undelete(site.entity().name, str(row["Id"]))
    return at_salesforce(site, row["Id"])


def _erase_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record = a_contact(site, request)
    site.hubspot.gdpr_delete(site.store().kind.name, str(record.id))
    return at_hubspot(site, record.id)


def _erase_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row = a_row(site, request)
    site.salesforce.delete(site.entity().name, str(row["Id"]))
    site.salesforce.erase(site.entity().name, str(row["Id"]))
    return at_salesforce(site, row["Id"])


def _contact_exists(site: Site) -> Fault:
    """Somebody makes the contact that a call is about to make."""

    def prepare(request: HttpRequest) -> HttpRequest:
        body = orjson.loads(request.body)
        wanted = [body, *body.get("inputs", ())]
        addresses = [str(each["properties"]["email"]) for each in wanted if each.get("properties", {}).get("email")]
        store = site.hubspot.portal.store("contacts")
        free = [address for address in addresses if store.holder("email", address) is None]
        site.hubspot.create("contacts", {"email": site.pick(free, "new e-mail addresses in the call")})
        return request

    return Fault(site.name, hubspot_create, when="around", prepare=prepare)


def _key_twice(site: Site, _: HttpRequest | None) -> Told:
    """Two rows share a key, as after a load with rules switched off."""
    first = a_row(site, None, KEY_FIELD)
    other = site.pick([row for row in site.rows(None) if row["Id"] != first["Id"]], "other rows")
    site.entity().table.put({**other, KEY_FIELD: first[KEY_FIELD]})
    return at_salesforce(site, first["Id"], other["Id"], field=KEY_FIELD, value=first[KEY_FIELD])


# Addresses


def _email_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record = a_contact(site, request, "email")
    new = f"moved.{site.chance.randrange(10**6)}.{record.values['email']}"
    site.hubspot.edit("contacts", str(record.id), {"email": new})
    return at_hubspot(site, record.id, value=new)


def _email_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row = a_row(site, request, "Email")
    new = f"moved.{site.chance.randrange(10**6)}.{row['Email']}"[-80:]
    site.salesforce.edit(site.entity().name, str(row["Id"]), {"Email": new})
    return at_salesforce(site, row["Id"], value=new)


def _swap_hubspot(site: Site, _: HttpRequest | None) -> Told:
    """The address is unique: one of both needs another one meanwhile."""
    one, two = site.several(site.records(None, "email"), 2, "contacts with an e-mail address")
    addresses = one.values["email"], two.values["email"]
    for record, address in ((one, f"meanwhile.{addresses[0]}"), (two, addresses[0]), (one, addresses[1])):
        site.hubspot.edit("contacts", str(record.id), {"email": address})
    return at_hubspot(site, one.id, two.id)


def _swap_salesforce(site: Site, _: HttpRequest | None) -> Told:
    """Both or neither: where a rule refuses the second, the first gets its own address back."""
    one, two = site.several(site.rows(None, "Email"), 2, "rows with an e-mail address")
    name = site.entity().name
    site.salesforce.edit(name, str(one["Id"]), {"Email": two["Email"]})
    try:
        site.salesforce.edit(name, str(two["Id"]), {"Email": one["Email"]})
    except Refusal:
        site.salesforce.edit(name, str(one["Id"]), {"Email": one["Email"]})
        raise
    return at_salesforce(site, one["Id"], two["Id"])


def _share_email(site: Site, _: HttpRequest | None) -> Told:
    row = a_row(site, None, "Email")
    twin = site.salesforce.insert("Lead", {"LastName": "Twin", "Company": "Twin Ltd", "Email": row["Email"]})
    return {"object": "Lead", "ids": [str(row["Id"]), twin], "value": row["Email"]}


def _email_of_a_lead(site: Site, _: HttpRequest | None) -> Told:
    row = a_row(site, None, "Email")
    twin = site.salesforce.insert("Contact", {"LastName": "Twin", "Email": row["Email"]})
    return {"object": "Contact", "ids": [twin], "lead": str(row["Id"]), "value": row["Email"]}


def _no_email_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record = a_contact(site, request, "email")
    site.hubspot.edit("contacts", str(record.id), {"email": ""})
    return at_hubspot(site, record.id)


def _no_email_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row = a_row(site, request, "Email")
    site.salesforce.edit(site.entity().name, str(row["Id"]), {"Email": None})
    return at_salesforce(site, row["Id"])


ENTRIES = (
    Entry(
        name="lead-converted", number="F39", hits="a Lead",
        what="A salesperson converts a Lead, for instance between our plan and our write.",
        deeds={"salesforce": _convert},
    ),
    Entry(
        name="records-merged", number="F40", hits="two records of one object", takes=OBJECT,
        what="Somebody merges two records: HubSpot gives the survivor a new id, Salesforce deletes the loser.",
        deeds={"hubspot": _merge_hubspot, "salesforce": _merge_salesforce},
    ),
    Entry(
        name="record-deleted", number="F41", hits="a record", takes=OBJECT,
        what="Somebody moves a record to the recycle bin.",
        deeds={"hubspot": _delete_hubspot, "salesforce": _delete_salesforce},
    ),
    Entry(
        name="record-restored", number="F41", hits="a record in the recycle bin", takes=OBJECT,
        what="Somebody takes a record out of the recycle bin.",
        deeds={"hubspot": _restore_hubspot, "salesforce": _restore_salesforce},
    ),
    Entry(
        name="record-erased", number="F41", hits="a record", takes=OBJECT,
        what="Somebody deletes a record for good: its id is unknown from now on.",
        deeds={"hubspot": _erase_hubspot, "salesforce": _erase_salesforce},
    ),
    Entry(
        name="contact-exists", number="F42", hits="creates of contacts with an e-mail address",
        what="Somebody makes a contact with the same address a moment before, so that HubSpot answers a conflict.",
        answers={"hubspot": _contact_exists},
    ),
    Entry(
        name="external-id-twice", number="F43", hits="two Leads", takes=OBJECT,
        what="Two rows get one external id, so that a call by that key answers 300 or an error of the row.",
        deeds={"salesforce": _key_twice},
    ),
    Entry(
        name="email-changed", number="F44", hits="a person with an e-mail address",
        what="Somebody gives a person another e-mail address.",
        deeds={"hubspot": _email_hubspot, "salesforce": _email_salesforce},
    ),
    Entry(
        name="email-swap", number="F45", hits="two persons with e-mail addresses",
        what="Somebody swaps the e-mail addresses of two persons.",
        deeds={"hubspot": _swap_hubspot, "salesforce": _swap_salesforce},
    ),
    Entry(
        name="email-shared", number="F46", hits="a Lead, and a new one",
        what="Somebody enters a second Lead with the e-mail address of another.",
        deeds={"salesforce": _share_email},
    ),
    Entry(
        name="email-of-a-lead", number="F46", hits="a new Contact, and a Lead",
        what="Somebody enters a Contact with the e-mail address of a Lead.",
        deeds={"salesforce": _email_of_a_lead},
    ),
    Entry(
        name="email-removed", number="F46", hits="a person with an e-mail address",
        what="Somebody takes a person's e-mail address away.",
        deeds={"hubspot": _no_email_hubspot, "salesforce": _no_email_salesforce},
    ),
)  # fmt: skip
