"""Bulk API 2.0 of the Salesforce stand-in by jsforce: what each operation of ``node/bulk.mjs`` must come back with."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.server import RunningSandbox
from tests.foreign.running import Lines, Matching, fits, run

pytestmark = pytest.mark.slow

ID = Matching(r"[0-9a-zA-Z]{18}")
KEY = "Syncd_Marketing_Id__c"
JOB = {"id": Matching("750.{15}"), "object": "Contact", "operation": "insert", "contentType": "CSV"}


def results(saved: list[Any], failed: list[Any] | None = None) -> dict[str, Any]:
    """All results of a job; those saved come in any order."""

    def any_order(got: list[dict[str, Any]]) -> bool:
        return len(got) == len(saved) and all(any(fits(want, row) for row in got) for want in saved)

    return {"successfulResults": any_order, "failedResults": failed or [], "unprocessedRecords": []}


RESULTS: dict[str, Any] = {
    "bulk2.insert": results(
        [
            {"sf__Id": ID, "sf__Created": "true", "LastName": f'bulk-{number}, "quoted"', KEY: f"bulk-{number}"}
            for number in (1, 2, 3)
        ]
    ),
    "bulk2.insert.refused": results(
        [{"sf__Id": ID, "LastName": "Good"}],
        [{"sf__Id": "", "sf__Error": Matching("REQUIRED_FIELD_MISSING:.*Company.*"), "LastName": "Bad"}],
    ),
    "bulk2.update": results([{"sf__Id": ID, "sf__Created": "false", "Title": "Boss"}] * 3),
    "bulk2.upsert": results([{"sf__Created": "true", KEY: "bulk-4"}, {"sf__Created": "false", KEY: "bulk-1"}]),
    "bulk2.query": [{"Id": ID, "LastName": f'bulk-{number}, "quoted"', "Title": "Boss"} for number in (1, 2, 3)],
    "bulk2.delete": results([{"sf__Id": ID, "sf__Created": "false"}] * 3),
    "bulk2.query.scanAll": [{"Id": ID, "IsDeleted": "true"}] * 3,
    "bulk2.job.open": JOB | {"state": "Open", "contentUrl": Matching(r"services/data/v60\.0/jobs/ingest/.*/batches")},
    "bulk2.job.uploadData": None,
    "bulk2.job.close": None,
    "bulk2.job.poll": None,
    "bulk2.job.check": JOB | {"state": "JobComplete", "numberRecordsProcessed": 1, "numberRecordsFailed": 0},
    "bulk2.job.getSuccessfulResults": [{"sf__Id": ID, "sf__Created": "true", "LastName": "By hand"}],
    "bulk2.job.getFailedResults": [],
    "bulk2.job.getUnprocessedRecords": [],
    "bulk2.job.delete": None,
    "bulk2.job.abort": None,
    "bulk2.job.check.aborted": JOB | {"state": "Aborted"},
}
THROWN: dict[str, Any] = {"bulk2.query.refused": {"name": "INVALID_FIELD"}}


@pytest.fixture(scope="module")
def lines(box: RunningSandbox, token: str, modules: Any) -> Lines:
    """All lines of the script, run once."""
    return run("bulk.mjs", modules, SALESFORCE_URL=box.salesforce_url, SALESFORCE_TOKEN=token)


@pytest.mark.parametrize("operation", RESULTS)
def test_an_operation_works(lines: Lines, operation: str) -> None:
    """The operation came back with this."""
    assert fits({"result": RESULTS[operation]}, lines[operation]), lines[operation]


@pytest.mark.parametrize("operation", THROWN)
def test_an_operation_is_refused(lines: Lines, operation: str) -> None:
    """The operation threw this: the vendor's code reached the caller."""
    assert fits({"thrown": THROWN[operation]}, lines[operation]), lines[operation]


def test_every_line_is_judged(lines: Lines) -> None:
    """No operation of the script is left out here."""
    assert lines.keys() == RESULTS.keys() | THROWN.keys()
