"""Bulk jobs in a few lines: make one, upload, close, look, fetch."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from sandbox.kernel import HttpRequest
from tests.unit.sandbox.salesforce_client import ROOT, Client

WAITING = 3600.0


def opened(org: Client, operation: str, object_name: str = "Lead", **more: object) -> str:
    """A new ingest job; returns its id."""
    body = {"object": object_name, "operation": operation, "contentType": "CSV", "lineEnding": "LF", **more}
    status, job = org.call("POST", "/jobs/ingest", body)
    assert (status, job["state"]) == (200, "Open"), job
    return str(job["id"])


def upload(org: Client, job: str, content: str) -> tuple[int, Any]:
    """Puts the file of a job."""
    headers = {"Authorization": f"Bearer {org.token}", "Content-Type": "text/csv"}
    request = HttpRequest.from_target("PUT", f"{ROOT}/jobs/ingest/{job}/batches", headers, content.encode())
    answer = org.kernel.handle(request)
    return answer.status, orjson.loads(answer.body) if answer.body else None


def close(org: Client, job: str, state: str = "UploadComplete") -> tuple[int, Any]:
    """Closes or aborts a job."""
    return org.call("PATCH", f"/jobs/ingest/{job}", {"state": state})


def look(org: Client, job: str, kind: str = "ingest") -> Any:
    """The job as it is now."""
    return org.call("GET", f"/jobs/{kind}/{job}")[1]


def results(org: Client, job: str, resource: str) -> list[dict[str, str]]:
    """The rows of one of the results, sorted by what stands in them."""
    answer = org.send("GET", f"/jobs/ingest/{job}/{resource}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv"), answer.body
    return sorted(csv.DictReader(io.StringIO(answer.body.decode())), key=lambda row: list(row.items()))


def done(org: Client, operation: str, content: str, object_name: str = "Lead", **more: object) -> str:
    """A job that has run; returns its id."""
    job = opened(org, operation, object_name, **more)
    assert upload(org, job, content)[0] == 201
    assert close(org, job)[0] == 200
    org.clock.advance(WAITING)
    org.token = org.kernel.login()
    look(org, job)
    return job


def asked(org: Client, soql: str, operation: str = "query", **more: object) -> str:
    """A query job that has run; returns its id."""
    status, job = org.call("POST", "/jobs/query", {"operation": operation, "query": soql, **more})
    assert status == 200, job
    org.clock.advance(WAITING)
    org.token = org.kernel.login()
    look(org, str(job["id"]), "query")
    return str(job["id"])
