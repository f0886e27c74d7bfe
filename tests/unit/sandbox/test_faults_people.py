"""What people do to records, as the records and the API show it afterwards; none of it is a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.faults import identity_deeds, moment_deeds, value_deeds
from sandbox.faults.value_deeds import HOSTILE_TEXTS
from tests.unit.sandbox.fault_stands import CONTACTS, PEOPLE, ROOT, Force, Hub, Proofs, Stand, faults_of, prove


def one(at: Stand, number: str) -> tuple[int, Any]:
    """A person by id."""
    if at.vendor == "hubspot":
        return at.call("GET", f"{CONTACTS}/{number}?properties=email")
    return at.call("GET", f"{ROOT}/sobjects/Lead/{number}?fields=Id,Email")


def address(at: Hub | Force, number: str) -> Any:
    """A person's e-mail address."""
    return at.value(number, "email" if isinstance(at, Hub) else "Email")


def converted(at: Force) -> None:
    """The Lead points to its Contact, and a write to it is refused."""
    told = at.done("lead-converted")
    (lead,) = told["ids"]
    assert at.value(lead, "ConvertedContactId") == told["now"]
    _, body = at.call("PATCH", f"{ROOT}/sobjects/Lead/{lead}", {"Title": "Late"})
    assert body[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def merged_hubspot(at: Hub) -> None:
    """Both ids lead to a third."""
    told = at.done("records-merged")
    assert {one(at, number)[1]["id"] for number in told["ids"]} == {told["now"]}
    assert told["now"] not in at.ids


def merged_salesforce(at: Force) -> None:
    """The loser is deleted and names the winner."""
    winner, loser = at.done("records-merged")["ids"]
    assert (at.value(loser, "IsDeleted"), at.value(loser, "MasterRecordId")) == (True, winner)
    assert one(at, winner)[0] == 200


def gone(name: str) -> Callable[[Stand], None]:
    """Proves that one record is gone from reads and by id."""

    def proof(at: Stand) -> None:
        (number,) = at.done(name)["ids"]
        assert one(at, number)[0] == 404
        assert set(at.seen()) == set(at.ids) - {number}

    return proof


def restored(at: Stand) -> None:
    """It needs a deleted one; then it is back."""
    (number,) = at.done("record-deleted")["ids"]
    assert at.done("record-restored")["ids"] == [number]
    assert set(at.seen()) == set(at.ids)


def exists(at: Hub) -> None:
    """The create hears of a conflict, which it would not have met alone."""
    at.arm("contact-exists")
    status, body = at.call(*at.create("new@x.com"))
    assert (status, body["category"]) == (409, "CONFLICT")
    assert len(at.seen()) == PEOPLE + 1


def key_twice(at: Force) -> None:
    """300 and both addresses, for whoever asks by the key."""
    told = at.done("external-id-twice")
    status, body = at.call("GET", f"{ROOT}/sobjects/Lead/{told['field']}/{told['value']}")
    assert (status, {url.rpartition("/")[2] for url in body}) == (300, set(told["ids"]))


def moved(at: Hub | Force) -> None:
    """One person has another address."""
    before = {number: address(at, number) for number in at.ids}
    told = at.done("email-changed")
    now = {number: address(at, number) for number in at.ids}
    assert [number for number in at.ids if now[number] != before[number]] == told["ids"]
    assert now[told["ids"][0]] == told["value"]


def swapped(at: Hub | Force) -> None:
    """Two persons have each other's."""
    before = {number: address(at, number) for number in at.ids}
    first, second = at.done("email-swap")["ids"]
    assert (address(at, first), address(at, second)) == (before[second], before[first])


def shared(at: Force) -> None:
    """Two Leads with one address."""
    told = at.done("email-shared")
    assert {address(at, number) for number in told["ids"]} == {told["value"]}
    assert len(at.seen()) == PEOPLE + 1


def of_a_lead(at: Force) -> None:
    """A Contact and a Lead with one address."""
    told = at.done("email-of-a-lead")
    rows = at.kernel.export()
    assert [row["Email"] for row in rows["Contact"] if row["Id"] in told["ids"]] == [told["value"]]
    assert address(at, told["lead"]) == told["value"]


def nameless(at: Hub | Force) -> None:
    """One person has no address."""
    (number,) = at.done("email-removed")["ids"]
    assert [each for each in at.ids if not address(at, each)] == [number]


def one_instant(name: str, default: int) -> Callable[[Stand], None]:
    """Proves that new records share one stamp; the default number is that of the catalogue."""

    def proof(at: Stand) -> None:
        told = at.done(name, count=30)
        stamps = [str(row.get("updatedAt") or row.get("SystemModstamp")) for row in at.rows()]
        assert max(stamps.count(each) for each in set(stamps)) == told["count"] == 30
        assert dict(moment_deeds_takes())[name] == default

    return proof


def moment_deeds_takes() -> list[tuple[str, Any]]:
    """How many records each import makes if nobody says."""
    return [(each.name, each.takes.get("count")) for each in moment_deeds.ENTRIES]


def late(at: Force) -> None:
    """Invisible and locked for a minute, then there with a stamp of a minute ago."""
    told = at.done("late-commit", seconds=60)
    (number,) = told["ids"]
    made = at.kernel.clock.now()
    assert at.value(number, "Title") == "Boss"
    at.clock.advance(61)
    row = next(row for row in at.rows() if row["Id"] == number)
    assert row["Title"] == told["value"]
    assert row["SystemModstamp"].startswith(made.isoformat()[:19])


def skewed(at: Stand) -> None:
    """Stamps and the Date header are ten minutes ahead, until cleared; `seconds` sets it back instead."""
    honest = at.kernel.clock.now()
    at.arm("clock-skew")
    assert (at.kernel.clock.now() - honest).total_seconds() == 600
    date = at.raw("GET", CONTACTS if at.vendor == "hubspot" else f"{ROOT}/limits").headers["Date"]
    assert "12:11:00" in date
    at.arm("clock-skew", seconds=-1200)
    assert (at.kernel.clock.now() - honest).total_seconds() == -600
    at.kernel.faults.clear()
    assert at.kernel.clock.now() == honest


def moved_hubspot(at: Hub) -> None:
    """The account tells another zone and offset, and its day ends elsewhere; dates and instants stay as they are."""
    told = at.call("GET", "/account-info/v3/details")[1]
    held = at.kernel.export()
    assert at.done("zone-changed") == {"zone": "Pacific/Kiritimati", "was": told["timeZone"]}
    now = at.call("GET", "/account-info/v3/details")[1]
    assert (now["timeZone"], now["utcOffset"]) == ("Pacific/Kiritimati", "+14:00")
    assert at.kernel.export() == held
    at.kernel.faults.clear()
    assert at.call("GET", "/account-info/v3/details")[1] == told


def moved_salesforce(at: Force) -> None:
    """The org and its users tell another zone, without a new stamp; nothing that people hold is touched."""
    asked = "SELECT Id, TimeZoneSidKey, SystemModstamp FROM"
    before = [at.query(f"{asked} {name}")[1]["records"] for name in ("Organization", "User")]
    leads = at.kernel.export()["Lead"]
    assert at.done("zone-changed", zone="Asia/Tokyo") == {"zone": "Asia/Tokyo", "was": "GMT"}
    after = [at.query(f"{asked} {name}")[1]["records"] for name in ("Organization", "User")]
    assert after == [[{**row, "TimeZoneSidKey": "Asia/Tokyo"} for row in rows] for rows in before]
    assert at.kernel.export()["Lead"] == leads
    at.kernel.faults.clear()
    assert [at.query(f"{asked} {name}")[1]["records"] for name in ("Organization", "User")] == before


def silent(at: Stand) -> None:
    """Another value under the same stamp."""
    before = {str(row.get("id") or row.get("Id")): row for row in at.rows()}
    at.clock.advance(60)
    told = at.done("silent-change")
    (number,) = told["ids"]
    now = next(row for row in at.rows() if number in (row.get("id"), row.get("Id")))
    assert now.get("properties", now)[told["field"]] == told["value"]
    for stamp in ("updatedAt", "SystemModstamp"):
        assert now.get(stamp) == before[number].get(stamp)


def thrice(at: Hub | Force) -> None:
    """The last of three values stands."""
    told = at.done("edited-thrice")
    assert at.value(told["ids"][0], told["field"]) == told["values"][2]
    assert len(set(told["values"])) == 3


def poison(at: Hub | Force) -> None:
    """Whatever names the record is refused, every time; others are written; then it is well again."""
    (number,) = at.done("poison-record")["ids"]
    sick = at.ids.index(number)
    well = (sick + 1) % PEOPLE
    assert [at.call(*at.write(sick))[0] for _ in range(3)] == [400, 400, 400]
    assert at.call(*at.write(well))[0] < 300
    at.kernel.faults.clear()
    assert at.call(*at.write(sick))[0] < 300


def owned(at: Hub | Force) -> None:
    """A record has an owner whom the API tells."""
    told = at.done("owner-unknown")
    held = at.value(told["ids"][0], "hubspot_owner_id" if isinstance(at, Hub) else "OwnerId")
    assert held == told["owner"]
    target = "/crm/v3/owners/" if isinstance(at, Hub) else f"{ROOT}/sobjects/User/"
    assert at.call("GET", target + told["owner"])[0] == 200


def typed(name: str, check: Callable[[Any, dict[str, Any]], bool]) -> Callable[[Any], None]:
    """Proves what one record holds after an edit of one field, and that no other record changed."""

    def proof(at: Any) -> None:
        told = at.done(name)
        (number,) = told["ids"]
        assert check(at.value(number, told["field"]), told), told
        others = [at.title(place) for place, each in enumerate(at.ids) if each != number]
        assert others == ["Boss"] * (PEOPLE - 1)

    return proof


def reordered(held: Any, told: dict[str, Any]) -> bool:
    """The same set, the other way round."""
    return held.split(";")[:2] == told["value"].split(";")[:2] and held.split(";")[0] in ("marketing", "Support")


def number(held: Any, told: dict[str, Any]) -> bool:
    """The number that was entered, in the vendor's own spelling."""
    return float(held) == pytest.approx(round(float(told["value"]), 0), abs=0.51)


EDITS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    "value-cleared": lambda held, told: not held,
    "look-alike-value": lambda held, told: held == told["value"].strip() or held == told["value"],
    "hostile-text": lambda held, told: held == told["value"] and held in HOSTILE_TEXTS,
    "oversize-value": lambda held, told: len(held) in (65_536, 32_000) and held == told["value"],
    "odd-number": number,
    "reordered-choices": reordered,
}
BOTH: dict[str, Callable[[Any], None]] = {
    "record-deleted": gone("record-deleted"),
    "record-restored": restored,
    "record-erased": gone("record-erased"),
    "email-changed": moved,
    "email-swap": swapped,
    "email-removed": nameless,
    "one-stamp": one_instant("one-stamp", 10_001),
    "shared-stamp": one_instant("shared-stamp", 250),
    "clock-skew": skewed,
    "silent-change": silent,
    "edited-thrice": thrice,
    "poison-record": poison,
    "owner-unknown": owned,
    **{name: typed(name, check) for name, check in EDITS.items()},
}
PROOFS: Proofs = {
    ("lead-converted", "salesforce"): converted,
    ("records-merged", "hubspot"): merged_hubspot,
    ("records-merged", "salesforce"): merged_salesforce,
    ("contact-exists", "hubspot"): exists,
    ("external-id-twice", "salesforce"): key_twice,
    ("email-shared", "salesforce"): shared,
    ("email-of-a-lead", "salesforce"): of_a_lead,
    ("late-commit", "salesforce"): late,
    ("zone-changed", "hubspot"): moved_hubspot,
    ("zone-changed", "salesforce"): moved_salesforce,
    ("blank-value", "hubspot"): typed("blank-value", lambda held, told: held == told["value"] and not held.strip()),
    ("odd-date", "hubspot"): typed("odd-date", lambda held, told: held[:4] == told["value"][:4]),
    **{(name, vendor): proof for name, proof in BOTH.items() for vendor in ("hubspot", "salesforce")},
}


@pytest.mark.parametrize(
    ("name", "vendor"), faults_of((*identity_deeds.ENTRIES, *moment_deeds.ENTRIES, *value_deeds.ENTRIES))
)
def test_what_is_there_afterwards(name: str, vendor: str) -> None:
    """Records and answers after every deed of people; the deed itself is no call."""
    prove(PROOFS, name, vendor)


@pytest.mark.parametrize("value", HOSTILE_TEXTS)
def test_every_hostile_text_is_kept_as_it_is(value: str) -> None:
    """HubSpot holds each of them to the letter."""
    hub = Hub()
    (number_,) = hub.done("hostile-text", value=value)["ids"]
    assert hub.value(number_, "jobtitle") == value
