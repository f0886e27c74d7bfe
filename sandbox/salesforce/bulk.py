"""Bulk API 2.0 of one org: the resources below ``jobs/`` and the engine behind them.

The engine has no thread: before anybody does anything in the org, the jobs that are due go on by the org's clock. Jobs
and their results are kept seven days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.kernel import Call
from sandbox.salesforce.bulk_ingest import Ingest, IngestJobs
from sandbox.salesforce.bulk_jobs import OPEN, WORKING, Job, listed, wrong_state
from sandbox.salesforce.bulk_query import QueryJob, QueryJobs
from sandbox.salesforce.bulk_rows import Refused, Saved
from sandbox.salesforce.errors import not_found
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import JOB_DAYS, BulkLimits
from sandbox.salesforce.org import Org


class Bulk:
    """All jobs of one org; ``limits`` may be changed while it runs."""

    def __init__(self, org: Org, calls: Callable[[], list[Call]]) -> None:
        self._org = org
        self._calls = calls
        self.limits = BulkLimits()
        self.ingest = IngestJobs(org, self.limits, self._log)
        self.queries = QueryJobs(org, self.limits)
        self._jobs: dict[str, Job] = {}
        org.background.append(self.advance)

    def advance(self, now: datetime) -> None:
        """Lets every job take the steps that are due, and forgets those that are old."""
        for job in list(self._jobs.values()):
            if isinstance(job, Ingest):
                self.ingest.advance(job, now)
            elif isinstance(job, QueryJob):
                self.queries.advance(job, now)
            if now - job.changed >= timedelta(days=JOB_DAYS):
                del self._jobs[job.id]

    def jobs(self) -> list[Job]:
        """All that are kept, the oldest first, as they stand by now."""
        self.advance(self._org.clock.now())
        return list(self._jobs.values())

    def remaining(self) -> dict[str, dict[str, int]]:
        """The entries of ``/limits``."""
        now, limits = self._org.clock.now(), self.limits
        used = {
            "DailyBulkApiBatches": (limits.daily_batches, self.ingest.batches),
            "DailyBulkV2QueryJobs": (limits.daily_query_jobs, self.queries.jobs),
        }
        return {
            name: {"Max": most, "Remaining": max(0, most - spent.used(now))} for name, (most, spent) in used.items()
        }

    def answer(self, org: Org, call: ApiCall, rest: tuple[str, ...]) -> Reply:
        """One call; ``org`` is the org as the session sees it."""
        match call.method, rest:
            case "POST", ("ingest",):
                return self._made(self.ingest.make(org, call))
            case "POST", ("query",):
                return self._made(self.queries.make(org, call))
            case "GET", (("ingest" | "query") as kind,):
                jobs = [job for job in self._jobs.values() if job.kind == kind]
                return Reply(200, listed(jobs), "bulk.list")
            case _, (("ingest" | "query") as kind, job_id, *more) if len(more) <= 1:
                job = self._jobs.get(job_id) or next((each for each in self._jobs.values() if each.id[:15] == job_id),
                                                     None)  # fmt: skip
                if job is not None and job.kind == kind:
                    return self._job(call, job, "".join(more))
        raise not_found()

    def _made(self, job: Job) -> Reply:
        self._jobs[job.id] = job
        return Reply(200, job.shown(counts=False), "bulk.create")

    def _job(self, call: ApiCall, job: Job, resource: str) -> Reply:
        if call.method == "GET" and not resource:
            job.polls += 1
            return Reply(200, job.shown(counts=True), "bulk.poll")
        if call.method == "PATCH" and not resource:
            wish = call.json_object().get("state")
            if isinstance(job, Ingest):
                self.ingest.close(job, wish)
            elif isinstance(job, QueryJob):
                self.queries.close(job, wish)
            return Reply(200, job.shown(counts=False), "bulk.close")
        if call.method == "DELETE" and not resource:
            if job.state in (OPEN, WORKING):
                raise wrong_state(job, "deleting")
            del self._jobs[job.id]
            return Reply(204, None, "bulk.delete")
        if call.method == "PUT" and resource == "batches" and isinstance(job, Ingest):
            self.ingest.upload(job, call.body)
            return Reply(201, None, "bulk.upload")
        if call.method == "GET" and isinstance(job, Ingest):
            return self.ingest.results(job, resource)
        if call.method == "GET" and isinstance(job, QueryJob) and resource == "results":
            return self.queries.results(job, call)
        raise not_found()

    def _log(self, job: Job, results: list[Saved | Refused]) -> None:
        """One line per batch in the log of calls: nobody called, yet rows were written."""
        saved = [each for each in results if isinstance(each, Saved)]
        calls = self._calls()
        calls.append(
            Call(
                number=len(calls) + 1,
                at=self._org.clock.now(),
                method="JOB",
                path=f"/services/data/v{job.version}/jobs/ingest/{job.id}",
                operation="bulk.rows",
                status=200,
                records=len(results),
                cost=0,
                created=tuple(each.id for each in saved if each.created),
                written=tuple(each.id for each in saved),
            )
        )
