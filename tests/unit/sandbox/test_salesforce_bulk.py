"""Ingest jobs of Bulk API 2.0: their life, what becomes of the rows, and the results."""

from __future__ import annotations

import pytest

from sandbox.salesforce.org import DuplicateRule
from tests.unit.sandbox.salesforce_bulk import close, done, look, opened, results, upload
from tests.unit.sandbox.salesforce_client import Client

KEY = "Syncd_Marketing_Id__c"


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


@pytest.mark.fact("salesforce 7.1", "salesforce 7.2")
def test_the_life_of_an_ingest_job(org: Client) -> None:
    """Open, UploadComplete, InProgress, JobComplete, as the org's clock goes on; the rows are there at the end only."""
    status, job = org.call("POST", "/jobs/ingest", {"object": "Lead", "operation": "insert"})
    assert (status, job["state"], job["contentType"], job["lineEnding"], job["columnDelimiter"]) == (
        200, "Open", "CSV", "LF", "COMMA")  # fmt: skip
    assert job["contentUrl"] == f"services/data/v60.0/jobs/ingest/{job['id']}/batches"
    assert upload(org, job["id"], "LastName,Company\nA,X\nB,Y\n") == (201, None)
    assert close(org, job["id"])[1]["state"] == "UploadComplete"
    seen = []
    for _ in range(5):
        seen.append((look(org, job["id"])["state"], org.query("SELECT COUNT() FROM Lead")["totalSize"]))
        org.clock.advance(1)
    assert seen == [("UploadComplete", 0), ("UploadComplete", 0), ("InProgress", 0), ("InProgress", 0),
                    ("JobComplete", 2)]  # fmt: skip
    told = look(org, job["id"])
    assert (told["jobType"], told["numberRecordsProcessed"], told["numberRecordsFailed"]) == ("V2Ingest", 2, 0)
    assert org.read(org.column("SELECT Id FROM Lead", "Id")[0], "SystemModstamp") == "2026-01-05T12:00:04.000+0000"


def test_polls_may_drive_a_job(org: Client) -> None:
    """With a number of polls set, looking is enough, however still the clock stands."""
    org.kernel.switches.bulk_polls = 2
    job = opened(org, "insert")
    upload(org, job, "LastName,Company\nA,X\n")
    close(org, job)
    states = [look(org, job)["state"] for _ in range(6)]
    assert states == ["UploadComplete"] * 2 + ["InProgress"] * 2 + ["JobComplete"] * 2


@pytest.mark.fact("salesforce 7.2")
def test_a_complete_job_may_have_failed_rows(org: Client) -> None:
    """The state says nothing of the rows: the number of the failed ones does."""
    job = done(org, "insert", "LastName,Company,Email\nA,X,a@x.example\nB,,b@x.example\nC,Z,no\n")
    told = look(org, job)
    assert (told["state"], told["numberRecordsProcessed"], told["numberRecordsFailed"]) == ("JobComplete", 3, 2)
    why = [row["sf__Error"] for row in results(org, job, "failedResults")]
    assert sorted(why) == [
        "INVALID_EMAIL_ADDRESS:Email: invalid email address: no:Email --",
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --",
    ]


@pytest.mark.fact("salesforce 7.3")
@pytest.mark.parametrize("name", ["unprocessedrecords", "unprocessedRecords", "UNPROCESSEDRECORDS"])
def test_results_are_files_in_another_order(org: Client, name: str) -> None:
    """Each with its own leading columns and the columns of the upload, not in its order; names in any case."""
    lines = [f"L{number},C" for number in range(9)]
    job = done(org, "insert", "\n".join(["LastName,Company", *lines, "L9,"]))
    raw = org.send("GET", f"/jobs/ingest/{job}/successfulResults").body.decode().splitlines()
    assert raw[0] == '"sf__Id","sf__Created","LastName","Company"'
    order = [line.split(",")[2].strip('"') for line in raw[1:]]
    assert order != sorted(order)
    assert sorted(order) == [f"L{number}" for number in range(9)]
    rows = results(org, job, "successfulresults")
    assert all(org.read(row["sf__Id"], "LastName") == row["LastName"] for row in rows)
    assert {row["sf__Created"] for row in rows} == {"true"}
    assert [list(row) for row in results(org, job, "failedResults")] == [["sf__Id", "sf__Error", "LastName", "Company"]]
    assert results(org, job, name) == []


@pytest.mark.fact("salesforce 7.1")
def test_an_upsert_by_key(org: Client) -> None:
    """Creates or updates by the external id, which stands in each row; twice the same key in a file fails."""
    first = org.lead(**{KEY: "1"})
    content = f"{KEY},LastName,Company\n1,New,X\n2,Made,Y\n3,Twice,Z\n3,Twice,Z\n"
    job = done(org, "upsert", content, externalIdFieldName=KEY)
    made = {row[KEY]: (row["sf__Id"], row["sf__Created"]) for row in results(org, job, "successfulResults")}
    assert made["1"] == (first, "false")
    assert made["2"][1] == "true"
    assert org.read(first, "LastName") == "New"
    assert {row["sf__Error"].partition(":")[0] for row in results(org, job, "failedResults")} == {"DUPLICATE_VALUE"}
    assert org.call("POST", "/jobs/ingest", {"object": "Lead", "operation": "upsert"})[0] == 400


def test_update_and_delete_by_id(org: Client) -> None:
    """A delete has the column Id and no other."""
    one, two = org.lead(), org.lead()
    done(org, "update", f"Id,City\n{one},Bonn\n{two[:15]},Ulm\n")
    assert (org.read(one, "City"), org.read(two, "City")) == ("Bonn", "Ulm")
    job = done(org, "delete", f"Id\n{one}\n00Q000000000001\n")
    assert org.read(one, "IsDeleted") is True
    (failed,) = results(org, job, "failedResults")
    assert (failed["sf__Id"], failed["sf__Error"]) == (
        "00Q000000000001", "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id: --")  # fmt: skip
    assert look(org, done(org, "delete", f"Id,City\n{two},x\n"))["state"] == "Failed"


@pytest.mark.fact("salesforce 7.6")
@pytest.mark.parametrize(("clears", "expected"), [(True, None), (False, "#N/A")])
def test_an_empty_cell_changes_nothing(org: Client, clears: bool, expected: str | None) -> None:
    """Only #N/A sets null, or, by the switch, it is a text."""
    org.kernel.switches.bulk_na_clears = clears
    lead = org.lead(City="Bonn", Title="CEO")
    done(org, "update", f"Id,City,Title\n{lead},,#N/A\n")
    assert (org.read(lead, "City"), org.read(lead, "Title")) == ("Bonn", expected)


def test_a_bulk_row_is_a_write_like_any_other(org: Client) -> None:
    """Rules, duplicates, locks, stamps and the log hold for it, each row for itself."""
    rules = org.kernel.org
    rules.validation_rules["Lead"] = [lambda _, new: ("No", "City") if new.get("City") == "x" else None]
    rules.duplicate_rules["Lead"] = [DuplicateRule("Same_Email", ("Email",), action="alert")]
    taken, locked = org.lead(Email="a@x.example"), org.lead()
    org.kernel.lock_rows([locked])
    rows = [f"{locked},,Bonn", f"{taken},,Ulm", ",a@x.example,Ulm", ",b@x.example,x", ",c@x.example,Ulm"]
    job = done(org, "upsert", "\n".join(["Id,Email,City,LastName,Company", *(f"{row},L,C" for row in rows)]),
               externalIdFieldName="Id")  # fmt: skip
    failed = {
        row["Email"] or row["Id"]: row["sf__Error"].partition(":")[0] for row in results(org, job, "failedResults")
    }
    assert failed == {locked: "UNABLE_TO_LOCK_ROW", "a@x.example": "DUPLICATES_DETECTED",
                      "b@x.example": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}  # fmt: skip
    (line,) = [call for call in org.kernel.calls if call.operation == "bulk.rows"]
    (made,) = line.created
    assert org.read(made, "Email") == "c@x.example"
    assert sorted(line.written) == sorted([taken, made])
    assert (line.cost, line.records) == (0, 5)


def test_columns_name_parents_by_key(org: Client) -> None:
    """``Account.Key__c`` finds the account; a parent that is not there fails its row."""
    account = org.kernel.insert("Account", {"Name": "A", KEY: "acc"})
    job = done(org, "insert", f"LastName,Account.{KEY}\nA,acc\nB,none\n", "Contact")
    (made,) = results(org, job, "successfulResults")
    assert org.read(made["sf__Id"], "AccountId", "Contact") == account
    assert results(org, job, "failedResults")[0]["LastName"] == "B"


@pytest.mark.fact("salesforce 7.2")
@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("LastName,Foo\nA,1\n", "Field name not found : Foo"),
        ("LastName\r\nA\r\n", "lineEnding"),
        ("LastName,Company\nA\n", "another number of cells"),
        ("", "empty"),
    ],
)
def test_a_file_that_does_not_fit_fails_the_job(org: Client, content: str, part: str) -> None:
    """Nothing is saved, and all of its rows stay unprocessed."""
    job = done(org, "insert", content)
    told = look(org, job)
    assert (told["state"], part in told["errorMessage"]) == ("Failed", True)
    assert results(org, job, "successfulResults") == []
    assert org.query("SELECT COUNT() FROM Lead")["totalSize"] == 0
    if "Foo" in part:
        assert results(org, job, "unprocessedrecords") == [{"LastName": "A", "Foo": "1"}]


@pytest.mark.fact("salesforce 7.2", "salesforce 7.3")
def test_an_aborted_job_keeps_what_is_done(org: Client) -> None:
    """The batches that were done stay saved; the other rows are unprocessed."""
    org.kernel.bulk.limits.batch_rows = 2
    job = opened(org, "insert")
    upload(org, job, "LastName,Company\n" + "".join(f"L{number},C\n" for number in range(5)))
    close(org, job)
    org.clock.advance(4)
    assert look(org, job)["numberRecordsProcessed"] == 2
    assert close(org, job, "Aborted")[1]["state"] == "Aborted"
    org.clock.advance(60)
    assert len(results(org, job, "successfulResults")) == 2
    rest = [{"LastName": name, "Company": "C"} for name in ("L2", "L3", "L4")]
    assert results(org, job, "unprocessedRecords") == rest
    assert close(org, job, "Aborted")[1][0]["errorCode"] == "INVALIDJOBSTATE"


def test_what_a_state_does_not_allow_is_refused(org: Client) -> None:
    """One file per job, no results before the end, no deleting of an open job; a deleted one is gone."""
    job = opened(org, "insert")
    assert upload(org, job, "LastName,Company\nA,X\n")[0] == 201
    assert upload(org, job, "LastName,Company\nB,X\n")[0] == 400
    assert org.call("GET", f"/jobs/ingest/{job}/successfulResults")[0] == 400
    assert org.call("DELETE", f"/jobs/ingest/{job}")[1][0]["errorCode"] == "INVALIDJOBSTATE"
    close(org, job)
    assert upload(org, job, "LastName,Company\nB,X\n")[1][0]["errorCode"] == "INVALIDJOBSTATE"
    assert [each["id"] for each in org.call("GET", "/jobs/ingest")[1]["records"]] == [job]
    assert org.call("DELETE", f"/jobs/ingest/{job}") == (204, None)
    assert org.call("GET", f"/jobs/ingest/{job}")[0] == 404
    assert org.call("POST", "/jobs/ingest", {"object": "Nope", "operation": "insert"})[0] == 400
    assert org.call("POST", "/jobs/ingest", {"object": "Lead", "operation": "guess"})[0] == 400
