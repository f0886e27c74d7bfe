"""When things happen, and to whom nothing can: imports in one instant, late commits, wrong clocks, changes without a
stamp, several edits between two polls, records that always fail, owners whom nobody knows yet.

Done once, to records that exist, chosen by the seed; see ``identity_deeds``. A clock that was set wrong and a record
that always fails are put right when faults are cleared.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from sandbox.faults.calls import hubspot_write
from sandbox.faults.entry import Entry, Site, Told
from sandbox.faults.targets import OBJECT, a_contact, a_row, at_hubspot, at_salesforce
from sandbox.hubspot.stamps import iso
from sandbox.kernel import ENDLESS, Fault, HttpRequest, HttpResponse, NothingToHit, VendorClock
from sandbox.salesforce.wire_time import stamp


def _one_stamp_hubspot(site: Site, _: HttpRequest | None) -> Told:
    store, at = site.store(), iso(site.hubspot.portal.now())
    first = {"contacts": "lastname", "companies": "name"}.get(store.kind.name, "hs_object_source")
    number = int(site.options["count"])
    rows = [{first: f"Imported {place}", "createdate": at, store.kind.stamp: at} for place in range(number)]
    site.hubspot.load(store.kind.name, rows)
    return {"object": store.kind.name, "count": number, "at": at}


def _one_stamp_salesforce(site: Site, _: HttpRequest | None) -> Told:
    number, at = int(site.options["count"]), stamp(site.kernel.clock.now())
    rows = [{"LastName": f"Imported {place}", "Company": "Imported", "SystemModstamp": at} for place in range(number)]
    site.salesforce.load("Lead", rows)
    return {"object": "Lead", "count": number, "at": at}


def _commit_late(site: Site, request: HttpRequest | None) -> Told:
    row = a_row(site, request)
    title = f"Committed late {site.chance.randrange(10**6)}"
    site.salesforce.commit_later(site.seconds)
    try:
        site.salesforce.edit("Lead", str(row["Id"]), {"Title": title})
    finally:
        site.salesforce.commit_later(0)
    return {"object": "Lead", "ids": [str(row["Id"])], "field": "Title", "value": title}


def _skew(site: Site, _: HttpRequest | None) -> Told:
    clock = site.kernel.clock
    if not isinstance(clock, VendorClock):
        raise NothingToHit("the clock of this stand-in cannot be set; start it with a VendorClock")
    clock.offset += site.seconds
    site.lasts(lambda: setattr(clock, "offset", clock.offset - site.seconds))
    return {"seconds": site.seconds, "now": clock.now().isoformat()}


def _move_hubspot(site: Site, _: HttpRequest | None) -> Told:
    account, before = site.hubspot.account, site.hubspot.account.time_zone
    # The account is frozen, yet all parts of the kernel share one object and read it anew each time.
    object.__setattr__(account, "time_zone", str(site.options["zone"]))
    site.lasts(lambda: object.__setattr__(account, "time_zone", before))
    return {"zone": account.time_zone, "was": before}


def _move_salesforce(site: Site, _: HttpRequest | None) -> Told:
    """The org, and with it everybody who works there."""
    zone, tables = str(site.options["zone"]), site.salesforce.org.schema.entities
    moved = [(tables[name].table, row) for name in ("Organization", "User") for row in tables[name].table.by_id()]
    before = [(table, str(row["Id"]), row["TimeZoneSidKey"]) for table, row in moved]

    def give_back() -> None:
        for table, record_id, old in before:
            table.put({**table.rows[record_id], "TimeZoneSidKey": old})

    for table, row in moved:
        table.put({**row, "TimeZoneSidKey": zone})
    site.lasts(give_back)
    return {"zone": zone, "was": before[0][2]}


def _silent_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record, value = a_contact(site, request), f"Recalculated {site.chance.randrange(10**6)}"
    record.values = {**record.values, "city": value}
    site.store().index.overtake(record.id, record.values, stamp=record.updated)
    return at_hubspot(site, record.id, field="city", value=value)


def _silent_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row, value = a_row(site, request), f"Recalculated {site.chance.randrange(10**6)}"
    site.entity().table.put({**row, "City": value})
    return at_salesforce(site, row["Id"], field="City", value=value)


def _thrice_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record = a_contact(site, request)
    values = [f"Edit {number} {site.chance.randrange(10**6)}" for number in (1, 2, 3)]
    for value in values:
        site.hubspot.edit("contacts", str(record.id), {"jobtitle": value})
    return at_hubspot(site, record.id, field="jobtitle", values=values)


def _thrice_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row = a_row(site, request)
    values = [f"Edit {number} {site.chance.randrange(10**6)}" for number in (1, 2, 3)]
    for value in values:
        site.salesforce.edit(site.entity().name, str(row["Id"]), {"Title": value})
    return at_salesforce(site, row["Id"], field="Title", values=values)


def _poison_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record = a_contact(site, request)
    quoted = f'"{record.id}"'.encode()
    body = {"status": "error", "message": "The record cannot be processed", "category": "VALIDATION_ERROR"}
    fault = Fault(
        site.name,
        lambda each: hubspot_write(each) and (quoted in each.body or each.path.endswith(f"/{record.id}")),
        times=ENDLESS,
        answer=HttpResponse(400, orjson.dumps(body), {"Content-Type": "application/json"}),
    )
    site.kernel.faults.arm(fault)  # it is disarmed with the others
    return at_hubspot(site, record.id)


def _poison_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row, entity = a_row(site, request), site.entity()
    rules = site.salesforce.org.validation_rules.setdefault(entity.name, [])

    def refuse(old: Mapping[str, object] | None, _: Mapping[str, object]) -> str | None:
        return "This record cannot be processed" if old is not None and old["Id"] == row["Id"] else None

    rules.append(refuse)
    site.lasts(lambda: rules.remove(refuse))
    return at_salesforce(site, row["Id"])


def _owner_hubspot(site: Site, request: HttpRequest | None) -> Told:
    record, number = a_contact(site, request), site.chance.randrange(10**6)
    owner = site.hubspot.add_owner(f"new.{number}@owners.example", "New", f"Owner {number}")
    site.hubspot.edit(site.store().kind.name, str(record.id), {"hubspot_owner_id": owner})
    return at_hubspot(site, record.id, owner=owner)


def _owner_salesforce(site: Site, request: HttpRequest | None) -> Told:
    row, number = a_row(site, request), site.chance.randrange(10**6)
    owner = site.salesforce.add_user(f"new.{number}@owners.example", f"New Owner{number}")
    site.salesforce.edit(site.entity().name, str(row["Id"]), {"OwnerId": owner})
    return at_salesforce(site, row["Id"], owner=owner)


ENTRIES = (
    Entry(
        name="one-stamp", number="F24", hits="new records, 10,001 unless `count` says otherwise",
        what="An import makes more records within one instant than a search can page through.",
        takes={"count": 10_001},
        deeds={"hubspot": _one_stamp_hubspot, "salesforce": _one_stamp_salesforce},
    ),
    Entry(
        name="shared-stamp", number="F26", hits="250 new records unless `count` says otherwise",
        what="An import makes so many records within one instant that a page ends among them.",
        takes={"count": 250},
        deeds={"hubspot": _one_stamp_hubspot, "salesforce": _one_stamp_salesforce},
    ),
    Entry(
        name="late-commit", number="F27", hits="a Lead", takes={"seconds": 60.0},
        what="Somebody's edit belongs to a long transaction: it appears late, with the stamp of when it was made.",
        deeds={"salesforce": _commit_late},
    ),
    Entry(
        name="clock-skew", number="F28", hits="everything, until cleared", takes={"seconds": 600.0},
        what="The vendor's clock is set forward, or back where `seconds` is below zero.",
        deeds={"hubspot": _skew, "salesforce": _skew},
    ),
    Entry(
        name="zone-changed", number="F53", hits="the account or the org with its users, until cleared",
        takes={"zone": "Pacific/Kiritimati"},
        what="An admin moves the account or the org to another time zone, 14 hours ahead unless `zone` names another.",
        deeds={"hubspot": _move_hubspot, "salesforce": _move_salesforce},
    ),
    Entry(
        name="silent-change", number="F32", hits="the city of a record", takes=OBJECT,
        what="A value changes and no stamp moves, as with a formula or a repair by the vendor.",
        deeds={"hubspot": _silent_hubspot, "salesforce": _silent_salesforce},
    ),
    Entry(
        name="edited-thrice", number="F56", hits="the title of a person",
        what="Somebody edits one field three times between two polls.",
        deeds={"hubspot": _thrice_hubspot, "salesforce": _thrice_salesforce},
    ),
    Entry(
        name="poison-record", number="F57", hits="every write of one record, until cleared", takes=OBJECT,
        what="One record can never be written: whatever names it is refused.",
        deeds={"hubspot": _poison_hubspot, "salesforce": _poison_salesforce},
    ),
    Entry(
        name="owner-unknown", number="F58", hits="a record", takes=OBJECT,
        what="A record gets an owner who was added a moment ago and whom the other side does not know.",
        deeds={"hubspot": _owner_hubspot, "salesforce": _owner_salesforce},
    ),
)  # fmt: skip
