"""Limits and outages: what the vendor answers when it cannot or will not."""

from __future__ import annotations

import pytest

from sandbox.salesforce.limits import DailyCalls, allowance
from tests.unit.sandbox.salesforce_bulk import done, look, results
from tests.unit.sandbox.salesforce_client import ROOT, Client

LEAD = {"LastName": "Doe", "Company": "Acme"}


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


@pytest.mark.fact("salesforce 6.3")
def test_a_query_that_finds_too_much_times_out(org: Client) -> None:
    """400, at the query and at queryAll; a smaller window or a limit cures it."""
    org.kernel.load("Lead", [{"LastName": f"L{number}", "Company": "C"} for number in range(4)])
    org.kernel.switches.slow_query_rows = 3
    for resource in ("query", "queryAll"):
        status, (refusal,) = org.call("GET", f"/{resource}?q=SELECT+Id+FROM+Lead")
        assert (status, refusal["errorCode"]) == (400, "QUERY_TIMEOUT")
        assert org.query("SELECT Id FROM Lead LIMIT 3", resource)["totalSize"] == 3
        assert org.query("SELECT Id FROM Lead WHERE LastName < 'L2'", resource)["totalSize"] == 2


@pytest.mark.fact("salesforce 6.4")
@pytest.mark.parametrize(("status", "code"), [(500, "UNKNOWN_EXCEPTION"), (503, "SERVER_UNAVAILABLE")])
def test_servers_in_trouble_say_so(org: Client, status: int, code: str) -> None:
    """In the usual body; nothing is written and nothing counted."""
    org.kernel.break_down(status, times=2)
    for _ in range(2):
        answered, body = org.call("POST", "/sobjects/Lead", LEAD)
        assert (answered, body[0]["errorCode"]) == (status, code)
    assert org.query("SELECT COUNT() FROM Lead")["totalSize"] == 0
    assert org.kernel.limits.used(org.clock.now()) == 1


@pytest.mark.fact("salesforce 6.4")
@pytest.mark.parametrize("status", [420, 502])
def test_the_edge_answers_a_page(org: Client, status: int) -> None:
    """No JSON and no limit header, at the token endpoint too."""
    org.kernel.break_down(status, times=2)
    for target in ("/limits", "/services/oauth2/token"):
        answer = org.send("POST", target)
        assert (answer.status, answer.headers["Content-Type"], answer.body[:6]) == (status, "text/html", b"<html>")
        assert "Sforce-Limit-Info" not in answer.headers
    assert org.call("GET", "/limits")[0] == 200
    with pytest.raises(ValueError, match="420, 500, 502, 503"):
        org.kernel.break_down(504)


@pytest.mark.fact("salesforce 6.5")
@pytest.mark.parametrize("status", [400, 503])
def test_maintenance_takes_no_writes(org: Client, status: int) -> None:
    """Create, update, delete, collection and Bulk rows under one code, whose status is a switch; reads work."""
    org.kernel.switches.maintenance_status = status
    lead = org.lead()
    org.kernel.begin_maintenance()
    for method, target in (("POST", "/sobjects/Lead"), ("PATCH", f"/sobjects/Lead/{lead}"),
                           ("DELETE", f"/sobjects/Lead/{lead}")):  # fmt: skip
        answered, body = org.call(method, target, LEAD)
        assert (answered, body[0]["errorCode"]) == (status, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE")
    records = [{"attributes": {"type": "Lead"}, **LEAD}]
    answered, body = org.call("POST", "/composite/sobjects", {"records": records})
    assert (answered, body[0]["success"]) == (200, False)
    (failed,) = results(org, done(org, "insert", "LastName,Company\nA,C\n"), "failedResults")
    assert failed["sf__Error"].startswith("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE:")
    assert org.query("SELECT COUNT() FROM Lead")["totalSize"] == 1
    org.kernel.end_maintenance()
    assert org.call("POST", "/sobjects/Lead", LEAD)[0] == 201


@pytest.mark.fact("salesforce 6.6")
def test_a_locked_row_fails_alone_and_is_free_later(org: Client) -> None:
    """In a collection the others are saved."""
    locked, free = org.lead(), org.lead()
    org.kernel.lock_rows([locked])
    records = {"records": [{"attributes": {"type": "Lead"}, "id": each, "City": "x"} for each in (locked, free)]}
    answers = org.call("PATCH", "/composite/sobjects", records)[1]
    assert [each["success"] for each in answers] == [False, True]
    assert answers[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert all(each["success"] for each in org.call("PATCH", "/composite/sobjects", records)[1])


@pytest.mark.fact("salesforce 6.16")
@pytest.mark.parametrize(("address", "header", "status"), [(16_300, 0, 431), (9_000, 9_000, 431), (9_000, 100, 200)])
def test_address_and_headers_are_judged_together(org: Client, address: int, header: int, status: int) -> None:
    """More than 16,384 bytes of both is 431; the session's header is one of them."""
    target = "/limits?x=" + "y" * address
    assert org.send("GET", target, Long="z" * header).status == status


@pytest.mark.fact("salesforce 6.2", "salesforce 8.3")
def test_no_limit_says_when_to_come_back(org: Client) -> None:
    """Any number of calls in one second is answered; the spent total is 403 without Retry-After."""
    answers = [org.send("GET", "/limits") for _ in range(200)]
    assert {answer.status for answer in answers} == {200}
    assert answers[-1].headers["Sforce-Limit-Info"] == "api-usage=200/15000"
    org.kernel.limits.spend(14_800, now=org.clock.now())
    refused = org.send("GET", "/limits")
    assert refused.status == 403
    assert b"REQUEST_LIMIT_EXCEEDED" in refused.body
    for answer in (*answers, refused):
        assert not [name for name in answer.headers if name.lower().startswith(("retry-after", "x-ratelimit"))]


@pytest.mark.fact("salesforce 8.3", "salesforce 8.5")
def test_an_app_may_have_a_quota_of_its_own(org: Client) -> None:
    """The header tells it beside the total; only our own calls are in it."""
    org.kernel.limits.app = ("syncd", DailyCalls(250))
    org.kernel.limits.spend(10, now=org.clock.now())
    org.call("GET", "/limits")
    told = org.send("GET", "/limits").headers["Sforce-Limit-Info"]
    assert told == "api-usage=12/15000; per-app-api-usage=2/250(appName=syncd)"


@pytest.mark.fact("salesforce 8.1")
@pytest.mark.parametrize(
    ("edition", "licences", "daily", "concurrent"),
    [
        ("Developer", 0, 15_000, 5),
        ("Professional", 10, 110_000, 25),
        ("Enterprise", 15, 115_000, 25),
        ("Unlimited", 15, 175_000, 25),
        ("Performance", 1, 105_000, 25),
        ("Full Sandbox", 0, 5_000_000, 25),
    ],
)
def test_calls_a_day_by_edition(edition: str, licences: int, daily: int, concurrent: int) -> None:
    """A base, more for each licence, and what was bought on top."""
    found = allowance(edition, licences=licences)
    assert (found.daily, found.concurrent) == (daily, concurrent)
    assert allowance(edition, licences=licences, add_ons=1000).daily == daily + 1000


@pytest.mark.fact("salesforce 8.1", "salesforce 8.4")
def test_a_new_org_is_a_developer_edition(org: Client) -> None:
    """15,000 calls a day, and asking for the limits is one of them."""
    assert org.column("SELECT OrganizationType FROM Organization", "OrganizationType") == ["Developer Edition"]
    told = org.call("GET", "/limits")[1]
    assert told["DailyApiRequests"] == {"Max": 15_000, "Remaining": 14_998}
    assert told["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 10_000}


@pytest.mark.fact("salesforce 6.2", "salesforce 8.2")
def test_only_long_calls_count_as_concurrent(org: Client) -> None:
    """Of 20 seconds and more; at the limit the next call is refused, until one of them is over."""
    assert org.kernel.long_calls.maximum == 5
    for seconds in (19.9, 20):
        for _ in range(5):
            org.kernel.long_calls.begin(seconds, now=org.clock.now())
        if seconds < 20:
            assert org.call("GET", "/limits")[0] == 200
    status, (refusal,) = org.call("GET", "/limits")
    assert (status, refusal["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    org.clock.advance(20)
    assert org.call("GET", "/limits")[0] == 200


@pytest.mark.fact("salesforce 8.2")
@pytest.mark.parametrize(("seconds", "delay", "status"), [(30.0, 30.0, 201), (600.0, 600.0, 201), (601.0, 600.0, 400)])
def test_a_call_is_cut_after_ten_minutes(org: Client, seconds: float, delay: float, status: int) -> None:
    """What it did is undone."""
    org.kernel.switches.call_seconds = seconds
    answer = org.send("POST", "/sobjects/Lead", LEAD)
    assert (answer.status, answer.delay) == (status, delay)
    assert (b"REQUEST_RUNNING_TOO_LONG" in answer.body) == (status == 400)
    assert len(org.kernel.export()["Lead"]) == (status == 201)
    statuses = [org.send("GET", "/limits").status for _ in range(6)]
    assert [each == 403 for each in statuses] == [False] * 4 + [True] * 2
    org.clock.advance(delay)
    assert org.send("GET", "/limits").status != 403


@pytest.mark.fact("salesforce 7.7")
@pytest.mark.parametrize(("rows", "cheaper"), [(200, False), (3000, True)])
def test_when_a_job_is_worth_its_calls(org: Client, rows: int, cheaper: bool) -> None:
    """Far above 2,000 rows it costs fewer than collections of 200, far below it more."""

    def spent() -> int:
        return org.kernel.limits.used(org.clock.now())

    records = [{"attributes": {"type": "Lead"}, "LastName": f"L{number}", "Company": "C"} for number in range(rows)]
    for start in range(0, rows, 200):
        org.call("POST", "/composite/sobjects", {"records": records[start : start + 200]})
    collections = spent()
    lines = "".join(f"L{number},C\n" for number in range(rows))
    job = done(org, "insert", f"LastName,Company\n{lines}")
    look(org, job)
    assert len(results(org, job, "successfulResults")) == rows
    assert results(org, job, "failedResults") == []
    assert (spent() - collections < collections) is cheaper


@pytest.mark.fact("salesforce 5.12")
def test_a_composite_batch_costs_what_is_in_it(org: Client) -> None:
    """25 subrequests are 25 calls, which Composite would have for one."""
    parts = [{"method": "GET", "url": "v60.0/limits"}] * 25
    assert org.call("POST", "/composite/batch", {"batchRequests": parts})[0] == 200
    assert org.kernel.limits.used(org.clock.now()) == 25
    steps = [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": f"r{number}"} for number in range(25)]
    assert org.call("POST", "/composite", {"compositeRequest": steps})[0] == 200
    assert org.kernel.limits.used(org.clock.now()) == 26
