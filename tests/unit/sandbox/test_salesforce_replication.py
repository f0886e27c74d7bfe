"""What changed and what went: /updated, /deleted, reads by id, counts and conditional describes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.salesforce import single
from sandbox.salesforce.limits import MAX_LISTED_IDS
from tests.unit.sandbox.salesforce_client import START, Client


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def window(org: Client, resource: str, start: float, end: float, object_name: str = "Lead") -> tuple[int, Any]:
    """What ``resource`` says of the time between, in seconds since the start of the clock."""
    ends = [quote((START + timedelta(seconds=seconds)).isoformat()) for seconds in (start, end)]
    return org.call("GET", f"/sobjects/{object_name}/{resource}/?start={ends[0]}&end={ends[1]}")


@pytest.mark.fact("salesforce 3.12")
@pytest.mark.parametrize("cuts", [True, False])
def test_updated_goes_by_the_system_stamp_and_cuts_seconds(org: Client, cuts: bool) -> None:
    """A touched row is in it; 12:01:30 is 12:01, unless a switch says otherwise."""
    org.kernel.switches.updated_ignores_seconds = cuts
    lead = org.lead()
    org.clock.advance(75)
    org.kernel.touch("Lead", [lead])
    org.clock.advance(600)
    assert window(org, "updated", 60, 90) == (
        (400, [{"message": "startDate must be at least one minute before endDate",
                "errorCode": "INVALID_REPLICATION_DATE"}])
        if cuts else (200, {"ids": [lead], "latestDateCovered": "2026-01-05T12:01:30.000+0000"})
    )  # fmt: skip
    assert window(org, "updated", 60, 125)[1]["ids"] == [lead]
    assert window(org, "updated", 0, 60)[1]["ids"] == []
    covered = window(org, "updated", 0, 125)[1]["latestDateCovered"]
    assert covered == ("2026-01-05T12:02:00.000+0000" if cuts else "2026-01-05T12:02:05.000+0000")


@pytest.mark.fact("salesforce 3.12", "salesforce 3.14")
@pytest.mark.parametrize(("resource", "days"), [("updated", 30), ("deleted", 15)])
def test_a_window_reaches_back_so_many_days(org: Client, resource: str, days: int) -> None:
    """Beyond, it is refused."""
    reach = days * 86_400
    assert window(org, resource, -reach, 0)[0] == 200
    status, (refusal,) = window(org, resource, -reach - 60, 0)
    assert (status, refusal["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


@pytest.mark.fact("salesforce 3.12")
def test_updated_has_a_most(org: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """600,000 ids; with more the window must be smaller."""
    assert MAX_LISTED_IDS == 600_000
    monkeypatch.setattr(single, "MAX_LISTED_IDS", 2)
    for _ in range(3):
        org.lead()
    org.clock.advance(60)
    status, (refusal,) = window(org, "updated", 0, 60)
    assert (status, refusal["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


@pytest.mark.fact("salesforce 3.13")
def test_what_is_covered_waits_for_open_transactions(org: Client) -> None:
    """At its start while it is open, at the end of the window afterwards."""
    org.clock.advance(120)
    org.kernel.commit_later(300)
    org.lead()
    org.kernel.commit_later(0)
    org.clock.advance(240)
    assert window(org, "updated", 0, 300)[1]["latestDateCovered"] == "2026-01-05T12:02:00.000+0000"
    org.clock.advance(60)
    assert window(org, "updated", 0, 300)[1]["latestDateCovered"] == "2026-01-05T12:05:00.000+0000"


@pytest.mark.fact("salesforce 3.14")
def test_the_log_of_deletions_can_be_purged(org: Client) -> None:
    """Two hours of it remain; the earliest date tells that the answer is not whole."""
    early, late = org.lead(), org.lead()
    org.kernel.delete("Lead", early)
    org.clock.advance(4 * 3600)
    org.token = org.kernel.login()
    org.kernel.delete("Lead", late)
    org.clock.advance(60)
    _, whole = window(org, "deleted", 0, 15_000)
    assert [row["id"] for row in whole["deletedRecords"]] == [early, late]
    assert whole["deletedRecords"][1]["deletedDate"] == "2026-01-05T16:00:00.000+0000"
    assert whole["earliestDateAvailable"] == "2026-01-05T12:00:00.000+0000"
    org.kernel.purge_deletions()
    _, rest = window(org, "deleted", 0, 15_000)
    assert [row["id"] for row in rest["deletedRecords"]] == [late]
    assert rest["earliestDateAvailable"] == "2026-01-05T14:01:00.000+0000"


@pytest.mark.fact("salesforce 3.14")
@pytest.mark.parametrize("refuses", [True, False])
def test_a_window_from_before_the_log_may_be_refused(org: Client, refuses: bool) -> None:
    """By the switch; one that begins with the log is answered in any case."""
    org.kernel.switches.purged_log_refuses = refuses
    assert window(org, "deleted", 0, 60)[0] == 200
    status, told = window(org, "deleted", -60, 60)
    assert status == (400 if refuses else 200)
    assert not refuses or told[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_deleted_has_a_most(org: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as updated; with more the window must be smaller."""
    monkeypatch.setattr(single, "MAX_LISTED_IDS", 2)
    for _ in range(3):
        org.kernel.delete("Lead", org.lead())
    org.clock.advance(60)
    status, (refusal,) = window(org, "deleted", 0, 60)
    assert (status, refusal["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


@pytest.mark.fact("salesforce 3.15")
@pytest.mark.parametrize("named", [True, False])
def test_where_deletes_and_merge_losers_are_told(org: Client, named: bool) -> None:
    """Neither is in updated; losers are in deleted, unless a switch says otherwise."""
    org.kernel.switches.deleted_names_merge_losers = named
    winner, loser, gone = org.lead(), org.lead(), org.lead()
    org.clock.advance(60)
    org.kernel.merge("Lead", winner, [loser])
    org.kernel.delete("Lead", gone)
    org.clock.advance(60)
    assert window(org, "updated", 60, 120)[1]["ids"] == [winner]
    told = [row["id"] for row in window(org, "deleted", 60, 120)[1]["deletedRecords"]]
    assert sorted(told) == sorted([loser, gone] if named else [gone])


@pytest.mark.fact("salesforce 3.16")
@pytest.mark.parametrize("largest", [2000, 800])
def test_a_read_by_id_has_a_most(org: Client, largest: int) -> None:
    """So many in one call, which costs one."""
    org.kernel.switches.largest_retrieve = largest
    ids = org.kernel.load("Lead", [{"LastName": f"L{number}", "Company": "C"} for number in range(largest + 1)])
    status, rows = org.call("POST", "/composite/sobjects/Lead", {"ids": ids[1:], "fields": ["Id"]})
    assert (status, [row["Id"] for row in rows]) == (200, ids[1:])
    assert org.kernel.limits.used(org.clock.now()) == 1
    assert org.call("POST", "/composite/sobjects/Lead", {"ids": ids, "fields": ["Id"]})[0] == 400


@pytest.mark.fact("salesforce 3.16")
def test_a_read_by_id_as_a_get(org: Client) -> None:
    """In the order of the request, null for what is not there."""
    one, two = org.lead(LastName="A"), org.lead(LastName="B")
    asked = f"/composite/sobjects/Lead?ids={two},00Q000000000001,{one}&fields=LastName"
    assert [row and row["LastName"] for row in org.call("GET", asked)[1]] == ["B", None, "A"]


@pytest.mark.fact("salesforce 3.17")
def test_rows_of_several_objects_are_counted_in_one_call(org: Client) -> None:
    """Deleted ones are not counted; objects nobody knows are left out."""
    org.kernel.delete("Lead", org.lead())
    org.lead()
    org.kernel.insert("Account", {"Name": "A"})
    status, told = org.call("GET", "/limits/recordCount?sObjects=Lead,Account,Nope")
    assert status == 200
    assert told == {"sObjects": [{"count": 1, "name": "Lead"}, {"count": 1, "name": "Account"}]}
    assert org.kernel.limits.used(org.clock.now()) == 1


@pytest.mark.fact("salesforce 3.18")
@pytest.mark.parametrize("path", ["/sobjects/Lead/describe", "/sobjects"])
def test_a_describe_names_its_version(org: Client, path: str) -> None:
    """By ETag and Last-Modified, and it tells the limit; the ETag changes with the schema."""
    first = org.send("GET", path)
    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert first.headers["Last-Modified"] == "Mon, 05 Jan 2026 12:00:00 GMT"
    unchanged = org.send("GET", path, **{"If-Modified-Since": first.headers["Last-Modified"]})
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", first.headers["ETag"])
    org.clock.advance(1)
    org.kernel.hide_field("Lead", "Rating")
    changed = org.send("GET", path, **{"If-Modified-Since": first.headers["Last-Modified"]})
    assert (changed.status, changed.headers["Last-Modified"]) == (200, "Mon, 05 Jan 2026 12:00:01 GMT")
    assert (changed.headers["ETag"] != first.headers["ETag"]) == (path != "/sobjects")
