"""Ingest jobs of Bulk API 2.0: make one, upload its file once, close or abort it, look at it, fetch its results.

A closed job works through its file batch by batch when the org's clock (or the number of polls) says so; what it saves
is logged as one line per batch, since it is no call of anybody. A file that does not fit fails the whole job, a row
only itself. Results are not in the order of the upload. Bodies and states as in the Bulk API 2.0 developer guide.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.salesforce.bulk_csv import Unreadable, read_csv, write_csv
from sandbox.salesforce.bulk_jobs import (
    ABORTED,
    COMPLETE,
    FAILED,
    OPEN,
    OVER,
    QUEUED,
    TIMED_OUT,
    UPLOADED,
    WORKING,
    Job,
    chosen_format,
    wrong_state,
)
from sandbox.salesforce.bulk_rows import Cells, Refused, Saved, Upload
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import not_found, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import BulkLimits, DailyCalls
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.rights import seen_by
from sandbox.salesforce.single import refuse_shared_key

OPERATIONS = ("insert", "update", "upsert", "delete")
EXCEEDED = "ExceededQuota : ApiBatchItems Limit exceeded."
Log = Callable[[Job, "list[Saved | Refused]"], None]
"""Gets each finished batch."""


@dataclass(slots=True, kw_only=True)
class Ingest(Job):
    """One ingest job with its file and what came of it."""

    content: bytes | None = None
    header: list[str] = field(default_factory=list)
    rows: list[Cells] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class IngestJobs:
    """Makes and drives the ingest jobs of one org."""

    def __init__(self, org: Org, limits: BulkLimits, log: Log) -> None:
        self._org = org
        self._limits = limits
        self._log = log
        self.records = DailyCalls(limits.daily_records)
        self.batches = DailyCalls(limits.daily_batches)

    def make(self, org: Org, call: ApiCall) -> Ingest:
        """``POST jobs/ingest``; ``org`` is the org as the session sees it."""
        body = call.json_object()
        entity = org.schema.find(str(body.get("object", "")))
        if entity is None:
            raise plain("INVALIDENTITY", f"Entity '{body.get('object')}' is not supported by the Bulk API")
        operation = body.get("operation")
        if operation not in OPERATIONS:
            raise plain("INVALIDJOB", f"operation must be one of {', '.join(OPERATIONS)}")
        asked: dict[str, object] = {"operation": operation, "object": entity.name}
        if operation == "upsert":
            refuse_shared_key(entity, str(body.get("externalIdFieldName")))
            asked["externalIdFieldName"] = _key_name(entity, body.get("externalIdFieldName"))
        if body.get("assignmentRuleId") is not None:
            asked["assignmentRuleId"] = body["assignmentRuleId"]
        return Ingest(
            id=self._org.ids.take("750"),
            kind="ingest",
            asked=asked | chosen_format(body),
            user_id=call.user_id,
            created=self._org.clock.now(),
            version=call.version,
        )

    def upload(self, job: Ingest, content: bytes) -> None:
        """``PUT jobs/ingest/{id}/batches``: the file, once."""
        if job.state != OPEN:
            raise wrong_state(job, "an upload")
        if job.content is not None:
            raise plain("INVALIDJOBSTATE", f"job {job.id} has its file already: make another job for another file")
        if len(content) * 4 / 3 > self._limits.file_bytes:
            message = f"the file is longer than {self._limits.file_bytes} bytes after base64"
            raise plain("REQUEST_ENTITY_TOO_LARGE", message, status=413)
        job.content = content

    def close(self, job: Ingest, wish: object) -> None:
        """``PATCH jobs/ingest/{id}``: to work with it, or away with it."""
        now = self._org.clock.now()
        if wish == UPLOADED:
            if job.state != OPEN:
                raise wrong_state(job, "closing")
            self._enqueue(job, now)
        elif wish == ABORTED:
            if job.state in OVER:
                raise wrong_state(job, "aborting")
            job.enter(ABORTED, now)
        else:
            raise plain("INVALIDJOB", f"state can be set to {UPLOADED} or {ABORTED}")

    def _enqueue(self, job: Ingest, now: datetime) -> None:
        try:
            content = job.content if job.content is not None else b""
            job.header, job.rows = read_csv(content, delimiter=job.delimiter, line_ending=job.line_ending)
        except Unreadable as why:
            job.enqueue(now, batches=0)
            job.error = str(why)
            return
        batches = -(-len(job.rows) // self._limits.batch_rows)
        job.enqueue(now, batches=batches)
        over = self.records.used(now) + len(job.rows) > self._limits.daily_records
        if over or self.batches.used(now) + batches > self._limits.daily_batches:
            job.error = EXCEEDED
            return
        self.records.spend(len(job.rows), now=now)
        self.batches.spend(batches, now=now)

    def advance(self, job: Ingest, now: datetime) -> None:
        """Does what is due."""
        steps = job.steps(now, self._org.switches)
        if job.state not in QUEUED or steps == 0:
            return
        if job.state == UPLOADED:
            job.enter(WORKING, now, error=job.error)
        upload = self._upload(job)
        if upload is None:
            return
        if job.times_out(now, self._org.switches):
            job.enter(FAILED, now, error=TIMED_OUT)
            return
        while job.done < min(steps - 1, job.batches):
            self._work(job, upload)
        if job.done >= job.batches:
            job.enter(COMPLETE, now)

    def _upload(self, job: Ingest) -> Upload | None:
        """What to do with the rows, or ``None`` where the job has just failed."""
        org = seen_by(self._org, job.user_id) if self._org.switches.enforces_rights else self._org
        entity = org.schema.find(str(job.asked["object"]))
        try:
            if job.error is not None:
                raise Unreadable(job.error)
            if entity is None:
                raise Unreadable(f"InvalidEntity : {job.asked['object']} is not there any more")
            name = job.asked.get("externalIdFieldName")
            author = Author(user_id=job.user_id, auto_assign=job.asked.get("assignmentRuleId") is not None)
            key = entity.field(str(name)) if name is not None else None
            upload = Upload(org, entity, str(job.asked["operation"]), key, job.header, author)
            upload.check()
        except Unreadable as why:
            job.enter(FAILED, self._org.clock.now(), error=str(why))
            return None
        return upload

    def _work(self, job: Ingest, upload: Upload) -> None:
        size = self._limits.batch_rows
        results = list(upload.save(job.rows[job.done * size : (job.done + 1) * size]))
        self._org.store.commit()
        job.done += 1
        job.processed += len(results)
        job.saved += [each for each in results if isinstance(each, Saved)]
        job.refused += [each for each in results if isinstance(each, Refused)]
        job.failed = len(job.refused)
        self._log(job, results)

    def results(self, job: Ingest, resource: str) -> Reply:
        """``successfulResults``, ``failedResults`` or ``unprocessedrecords``, whatever their case."""
        if job.state not in OVER:
            raise wrong_state(job, "fetching results")
        header, rows = job.header, list[list[str]]()
        match resource.lower():
            case "successfulresults":
                header = ["sf__Id", "sf__Created", *header]
                rows = [[each.id, str(each.created).lower(), *each.cells] for each in job.saved]
            case "failedresults":
                header = ["sf__Id", "sf__Error", *header]
                rows = [[each.id, each.why, *each.cells] for each in job.refused]
            case "unprocessedrecords":
                rows = job.rows[job.processed :]
            case _:
                raise not_found()
        mixed = _mixed(rows, job.id)
        body = write_csv(header, mixed, delimiter=job.delimiter, line_ending=job.line_ending)
        return Reply(200, body, "bulk.results", {"Content-Type": "text/csv"}, records=len(rows))


def _mixed(rows: list[list[str]], seed: str) -> list[list[str]]:
    """Another order than that of the upload, the same each time it is asked for."""
    mixed = rows.copy()
    random.Random(seed).shuffle(mixed)
    return mixed if mixed != rows else rows[::-1]


def _key_name(entity: Entity, name: object) -> str:
    found = entity.field(str(name)) if name is not None else None
    if found is None or not (found.id_lookup or found.external_id):
        raise plain("INVALIDJOB", f"externalIdFieldName must be an external id of {entity.name}, not {name}")
    return found.name
