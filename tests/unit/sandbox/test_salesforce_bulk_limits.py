"""Query jobs of Bulk API 2.0, and the limits of all jobs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from sandbox.salesforce.limits import BATCH_SECONDS, BATCH_TRIES, JOB_DAYS, BulkLimits
from tests.unit.sandbox.salesforce_bare import BareOrg
from tests.unit.sandbox.salesforce_bulk import asked, close, done, look, opened, results, upload
from tests.unit.sandbox.salesforce_client import Client


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def page(org: Client, job: str, query: str = "") -> tuple[list[list[str]], str, str]:
    """One page of results: its lines, the locator of the next and the number of rows."""
    answer = org.send("GET", f"/jobs/query/{job}/results{query}")
    assert answer.status == 200, answer.body
    lines = list(csv.reader(io.StringIO(answer.body.decode())))
    return lines, answer.headers["Sforce-Locator"], answer.headers["Sforce-NumberOfRecords"]


@pytest.mark.fact("salesforce 7.4")
def test_a_query_job_is_read_page_by_page(org: Client) -> None:
    """Each page repeats the header and names the next; the last one's locator is the text null."""
    org.kernel.load("Lead", [{"LastName": f"L{number}", "Company": "C"} for number in range(5)])
    job = asked(org, "SELECT LastName, Owner.Name, Email, IsConverted, SystemModstamp FROM Lead ORDER BY Id")
    assert look(org, job, "query")["state"] == "JobComplete"
    lines, locator, count = page(org, job, "?maxRecords=3")
    assert lines[0] == ["LastName", "Owner.Name", "Email", "IsConverted", "SystemModstamp"]
    assert lines[1] == ["L0", "Org Admin", "", "false", "2026-01-05T12:00:00.000Z"]
    assert (len(lines), count) == (4, "3")
    rest, last, count = page(org, job, f"?maxRecords=3&locator={locator}")
    assert (rest[0], [line[0] for line in rest[1:]], last, count) == (lines[0], ["L3", "L4"], "null", "2")
    assert org.call("GET", f"/jobs/query/{job}/results?locator=zzz")[1][0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.fact("salesforce 7.4")
@pytest.mark.parametrize(("operation", "names"), [("query", ["Kept"]), ("queryAll", ["Gone", "Kept"])])
def test_query_all_sees_deleted_rows(org: Client, operation: str, names: list[str]) -> None:
    """QueryAll does, query does not."""
    gone = org.lead(LastName="Gone")
    org.lead(LastName="Kept")
    org.kernel.delete("Lead", gone)
    lines, _, _ = page(org, asked(org, "SELECT LastName FROM Lead", operation))
    assert sorted(line[0] for line in lines[1:]) == names


def test_a_query_job_queues_and_can_be_aborted(org: Client) -> None:
    """No results before its end; an aborted one has none."""
    job = org.call("POST", "/jobs/query", {"operation": "query", "query": "SELECT Id FROM Lead"})[1]["id"]
    assert look(org, job, "query")["state"] == "UploadComplete"
    org.clock.advance(2)
    assert look(org, job, "query")["state"] == "InProgress"
    assert org.call("PATCH", f"/jobs/query/{job}", {"state": "Aborted"})[1]["state"] == "Aborted"
    org.clock.advance(60)
    assert org.call("GET", f"/jobs/query/{job}/results")[1][0]["errorCode"] == "INVALIDJOBSTATE"
    assert org.call("DELETE", f"/jobs/query/{job}") == (204, None)


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nope FROM Lead", "INVALID_FIELD"),
        ("SELECT FROM Lead", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Lead", "API_ERROR"),
        ("SELECT Address FROM Lead", "API_ERROR"),
    ],
)
def test_what_no_query_job_answers(org: Client, soql: str, code: str) -> None:
    """It is refused before there is a job."""
    assert org.call("POST", "/jobs/query", {"operation": "query", "query": soql})[1][0]["errorCode"] == code


@pytest.mark.fact("salesforce 7.5")
def test_the_limits_are_the_vendors() -> None:
    """Records, batches and bytes per day and per file, seconds and tries per batch, days of keeping."""
    limits = BulkLimits()
    assert (limits.daily_records, limits.daily_batches, limits.batch_rows) == (150_000_000, 15_000, 10_000)
    assert (limits.file_bytes, limits.daily_query_jobs, limits.daily_result_bytes) == (150_000_000, 10_000, 10**12)
    assert (BATCH_SECONDS, BATCH_TRIES, JOB_DAYS) == (300, 20, 7)


@pytest.mark.fact("salesforce 7.5")
@pytest.mark.parametrize("limit", ["daily_records", "daily_batches"])
def test_a_day_takes_so_many_rows_and_batches(org: Client, limit: str) -> None:
    """The job that exceeds them fails; the limit rolls, and query jobs use no batches of it."""
    limits = org.kernel.bulk.limits
    limits.batch_rows = 1
    setattr(limits, limit, 2)
    asked(org, "SELECT Id FROM Lead")
    assert look(org, done(org, "insert", "LastName,Company\nA,X\nB,X\n"))["state"] == "JobComplete"
    if limit == "daily_batches":
        assert org.call("GET", "/limits")[1]["DailyBulkApiBatches"] == {"Max": 2, "Remaining": 0}
    failed = look(org, done(org, "insert", "LastName,Company\nC,X\n"))
    assert (failed["state"], failed["errorMessage"].partition(" ")[0]) == ("Failed", "ExceededQuota")
    org.clock.advance(86_400)
    org.token = org.kernel.login()
    assert look(org, done(org, "insert", "LastName,Company\nC,X\n"))["state"] == "JobComplete"


@pytest.mark.fact("salesforce 7.5")
def test_a_file_counts_by_its_base64(org: Client) -> None:
    """Four bytes for three: a file of 15 bytes fits into 20, one of 16 does not."""
    org.kernel.bulk.limits.file_bytes = 20
    assert upload(org, opened(org, "insert"), "x" * 16)[0] == 413
    assert upload(org, opened(org, "insert"), "x" * 15)[0] == 201


@pytest.mark.fact("salesforce 7.5")
def test_query_jobs_of_a_day(org: Client) -> None:
    """So many jobs, and so many bytes of results."""
    limits = org.kernel.bulk.limits
    limits.daily_query_jobs = 1
    asked(org, "SELECT Id FROM Lead")
    body = {"operation": "query", "query": "SELECT Id FROM Lead"}
    assert org.call("POST", "/jobs/query", body)[1][0]["errorCode"] == "LIMIT_EXCEEDED"
    limits.daily_query_jobs, limits.daily_result_bytes = 10, 20
    org.lead()
    org.lead()
    assert look(org, asked(org, "SELECT Id FROM Lead"), "query")["state"] == "Failed"


@pytest.mark.fact("salesforce 7.5")
def test_a_batch_has_five_minutes_and_twenty_tries(org: Client) -> None:
    """A batch that needs longer holds its job in progress for all of its tries; then the job fails, unprocessed."""
    org.kernel.switches.bulk_batch_seconds = 301.0
    job = opened(org, "insert")
    upload(org, job, "LastName,Company\nA,X\n")
    close(org, job)
    org.clock.advance(300 * 20 - 1)
    assert look(org, job)["state"] == "InProgress"
    org.clock.advance(3)
    assert look(org, job)["state"] == "Failed"
    assert [row["LastName"] for row in results(org, job, "unprocessedrecords")] == ["A"]


@pytest.mark.fact("salesforce 7.5")
def test_jobs_are_kept_seven_days(org: Client) -> None:
    """Then they are not there any more, nor are their results."""
    job = done(org, "insert", "LastName,Company\nA,X\n")
    look(org, job)
    for seconds, status in ((7 * 86_400 - 1, 200), (1, 404)):
        org.clock.advance(seconds)
        org.token = org.kernel.login()
        assert org.call("GET", f"/jobs/ingest/{job}")[0] == status


@pytest.mark.fact("salesforce 7.8")
@pytest.mark.parametrize("counted", [True, False])
def test_whether_calls_about_jobs_count(org: Client, counted: bool) -> None:
    """By the switch, they cost a call each, refused ones too, or nothing; then not even the spent limit stops them."""
    org.kernel.switches.bulk_calls_count = counted
    job = opened(org, "insert")
    upload(org, job, "LastName,Company\nA,X\n")
    close(org, job)
    assert org.call("GET", "/jobs/ingest/750000000000000")[0] == 404
    assert org.kernel.limits.used(org.clock.now()) == (4 if counted else 0)
    org.kernel.limits.spend(org.kernel.limits.maximum, now=org.clock.now())
    assert org.call("GET", f"/jobs/ingest/{job}")[0] == (403 if counted else 200)


def test_a_job_has_the_rights_of_who_made_it() -> None:
    """Where rights are enforced, an object that may not be read is none, and rows that may not be made fail."""
    bare = BareOrg()
    refused = bare.daemon.call("POST", "/jobs/ingest", {"object": "Lead", "operation": "insert"})
    assert refused[1][0]["errorCode"] == "INVALIDENTITY"
    bare.allow(bare.permission_set(), "Lead", "Read")
    job = done(bare.daemon, "insert", "LastName,Company\nA,X\n")
    bare.daemon.token = bare.kernel.login()
    (failed,) = results(bare.daemon, job, "failedResults")
    assert failed["sf__Error"].startswith("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


def test_limits_may_be_replaced_field_by_field(org: Client) -> None:
    """The limits of a running stand-in are its own."""
    assert org.kernel.bulk.limits == replace(BulkLimits())
    assert org.kernel.bulk.limits is not Client().kernel.bulk.limits
