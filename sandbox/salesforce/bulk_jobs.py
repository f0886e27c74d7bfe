"""A job of Bulk API 2.0: what it was asked, which state it is in, how far it has come, and how it is shown.

Ingest and query jobs share their states (Open, UploadComplete, InProgress, JobComplete, Failed, Aborted) and their
course: a job queues, then works batch by batch. Both take time of the org's own clock, or a number of polls, whichever
is over first; nothing runs beside the requests. Keys of the JSON as in the Bulk API 2.0 developer guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.salesforce.errors import Refusal, plain
from sandbox.salesforce.limits import BATCH_SECONDS, BATCH_TRIES
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.salesforce.wire_time import stamp

OPEN, UPLOADED, WORKING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
OVER = frozenset({COMPLETE, FAILED, ABORTED})
QUEUED = frozenset({UPLOADED, WORKING})
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
TIMED_OUT = f"InternalServerError : a batch was not done in {BATCH_SECONDS} seconds in {BATCH_TRIES} tries"


@dataclass(slots=True, kw_only=True)
class Job:
    """One job; ``asked`` holds what its creator chose, under the names of the wire. ``done`` counts finished batches.

    ``error`` may be known before the job fails of it: a file is judged only when its turn has come.
    """

    id: str
    kind: str
    asked: dict[str, object]
    user_id: str
    created: datetime
    version: str
    state: str = OPEN
    changed: datetime = field(init=False)
    queued: datetime | None = None
    batches: int = 0
    done: int = 0
    polls: int = 0
    processed: int = 0
    failed: int = 0
    error: str | None = None

    def __post_init__(self) -> None:
        self.changed = self.created

    @property
    def delimiter(self) -> str:
        """The sign between two cells."""
        return DELIMITERS[str(self.asked["columnDelimiter"])]

    @property
    def line_ending(self) -> str:
        """What ends a line."""
        return LINE_ENDINGS[str(self.asked["lineEnding"])]

    def enter(self, state: str, now: datetime, *, error: str | None = None) -> None:
        """Changes the state."""
        self.state, self.changed, self.error = state, now, error

    def enqueue(self, now: datetime, *, batches: int) -> None:
        """The job is complete as asked; from now on it takes its course."""
        self.queued, self.batches = now, batches
        self.enter(UPLOADED, now)

    def steps(self, now: datetime, switches: SalesforceSwitches) -> int:
        """How many steps are over: 0 in the queue, 1 at work, and one more for each batch that is due."""
        waited = (now - (self.queued or now)).total_seconds() - switches.bulk_queue_seconds
        each = switches.bulk_batch_seconds
        timed = 0 if waited < 0 else 1 + (int(waited // each) if each > 0 else self.batches)
        if each > BATCH_SECONDS:  # no try of a batch ever comes to its end
            timed = min(timed, 1)
        polled = self.polls // switches.bulk_polls if switches.bulk_polls else 0
        return max(timed, polled)

    def times_out(self, now: datetime, switches: SalesforceSwitches) -> bool:
        """Whether a batch that needs longer than the vendor allows has been tried for the last time."""
        if switches.bulk_batch_seconds <= BATCH_SECONDS or self.queued is None:
            return False
        return (now - self.queued).total_seconds() - switches.bulk_queue_seconds >= BATCH_SECONDS * BATCH_TRIES

    def shown(self, *, counts: bool) -> dict[str, object]:
        """The job on the wire; the answer to its creation has no ``counts``."""
        query = self.kind == "query"
        body: dict[str, object] = {
            "id": self.id,
            **self.asked,
            "createdById": self.user_id,
            "createdDate": stamp(self.created),
            "systemModstamp": stamp(self.changed),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
        }
        if not query and self.state == OPEN:
            body["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
        if counts:
            seconds = (self.changed - (self.queued or self.changed)).total_seconds()
            body |= {
                "jobType": "V2Query" if query else "V2Ingest",
                "numberRecordsProcessed": self.processed,
                "retries": 0,
                "totalProcessingTime": int(seconds * 1000),
            }
            if not query:
                body |= {"numberRecordsFailed": self.failed, "apiActiveProcessingTime": 0, "apexProcessingTime": 0}
        if self.state == FAILED:
            body["errorMessage"] = self.error
        return body


def chosen_format(body: dict[str, object]) -> dict[str, object]:
    """Delimiter and line ending as asked, or their defaults; refuses what is no choice."""
    found: dict[str, object] = {}
    for name, choices, default in (("lineEnding", LINE_ENDINGS, "LF"), ("columnDelimiter", DELIMITERS, "COMMA")):
        value = body.get(name, default)
        if value not in choices:
            raise plain("INVALIDJOB", f"{name} must be one of {', '.join(choices)}")
        found[name] = value
    if body.get("contentType", "CSV") != "CSV":
        raise plain("INVALIDJOB", "contentType must be CSV")
    return found


def wrong_state(job: Job, wish: str) -> Refusal:
    """The job's state does not allow what is asked."""
    return plain("INVALIDJOBSTATE", f"{wish} is not possible while job {job.id} is {job.state}")


def listed(jobs: Sequence[Job]) -> dict[str, object]:
    """All jobs of one kind, the oldest first."""
    return {"done": True, "nextRecordsUrl": None, "records": [job.shown(counts=False) for job in jobs]}
