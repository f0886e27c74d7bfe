"""Durable jobs on dbos: one queue, one partition per connection, one workflow per turn.

What is settled here and why (docs/decisions.md 43):

* Workflow ids are ``turn:CONNECTION:NUMBER``: the id is the de-duplication, which a partitioned queue has no other way
  of. A turn that was enqueued by two workers runs once.
* Arguments are a name and a number. No record data reaches the engine's database, and its serializer is JSON: the
  default is pickle, with which whoever can write to that database would run code here.
* The application version is constant, and raised only when a turn's meaning changes: dbos never recovers a workflow of
  another version.
* ``take_over`` names the queue when it resumes a workflow; without a name dbos moves it to a queue without partitions.
* A job that was claimed while the database went away may be ours without our knowing: the claim was stored, its answer
  lost. Who asks for it twice and finds it claimed here, but not at work, puts it back into the queue.
* A job that ended while the database was full or away could not say so, and what is not over keeps its whole partition
  waiting. Who asks twice for a turn that is still waiting lets such jobs run once more: they see that their turn is
  over, and end.
* What the database says went wrong is told in our words; dbos hands it on as the driver raised it.
* Threads are bounded. dbos' own log lines go through the standard library's loggers, hence through ours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Literal

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from syncd.model.values import Instant

if TYPE_CHECKING:
    from syncd.ports.jobs import Perform

QUEUE: Final = "turns"
VERSION: Final = "1"
APPLICATION: Final = "syncd"
_WAITING: Final = ("ENQUEUED", "PENDING", "DELAYED")
_LOT: Final = 500


class DbosJobs:
    """``ports.jobs.Jobs``; one object per process, since dbos is one per process.

    :param schema: where its tables are on PostgreSQL; SQLite has none.
    :param alone: a block that no two processes are in at once.
    :param typed: a block whose database errors are ours, given what is being done in it.
    :param worker: id of this worker. On SQLite it is the same after a restart, so that dbos recovers what was begun;
        on PostgreSQL every process has its own, and ``take_over`` recovers.
    :param threads: turns that may run at once.
    """

    def __init__(
        self,
        engine: Any,  # noqa: ANN401 - an engine of SQLAlchemy, which only the store may name
        *,
        schema: str,
        alone: Callable[[str], AbstractContextManager[None]],
        typed: Callable[[str], AbstractContextManager[None]],
        worker: str,
        threads: int,
        every: float = 0.5,
    ) -> None:
        self._engine = engine
        self._schema = schema
        self._alone = alone
        self._typed = typed
        self._worker = worker
        self._threads = threads
        self._every = every
        self._turn: Any = None
        self._at_work: set[str] = set()
        self._missed: set[str] = set()
        self._strays: set[str] = set()
        self._waiting: dict[str, str] = {}

    def launch(self, perform: Perform) -> None:
        """Begins to work."""
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": self._engine,
            "dbos_system_schema": self._schema,
            "application_version": VERSION,
            "executor_id": self._worker,
            "serializer": DBOSPortableJSONSerializer(),
            # The queue's own listener, the recovery and the workflows share one pool of threads.
            "max_executor_threads": self._threads + 4,
            "console_log_level": "ERROR",
            "log_level": "ERROR",
            "enable_otlp": False,
            "use_listen_notify": False,
            "scheduler_polling_interval_sec": 3_600.0,
            "notification_listener_polling_interval_sec": 1.0,
        }
        DBOS(config=config)
        for handler in list(logging.getLogger("dbos").handlers):
            logging.getLogger("dbos").removeHandler(handler)
        logging.getLogger("dbos").propagate = True

        @DBOS.workflow(name="turn", max_recovery_attempts=1_000_000)
        def turn(connection: str, number: int) -> None:
            id_ = _id(connection, number)
            self._missed.discard(id_)
            self._at_work.add(id_)
            try:
                perform(connection, number)
            finally:
                self._at_work.discard(id_)

        self._turn = turn
        DBOS.listen_queues([QUEUE])
        # Of two that make its tables at once, dbos lets one fail.
        with self._alone("launch the job engine"), self._typed("launch the job engine"):
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                partition_concurrency=1,
                worker_concurrency=self._threads,
                polling_interval_sec=self._every,
                on_conflict="always_update",
            )

    def enqueue(self, connection: str, number: int) -> bool:
        """Asks for a turn, once."""
        id_ = _id(connection, number)
        with self._typed("ask for a turn"):
            with SetWorkflowID(id_), SetEnqueueOptions(queue_partition_key=connection):
                DBOS.enqueue_workflow(QUEUE, self._turn, connection, number)
            status = DBOS.get_workflow_status(id_)
            if status is not None and status.status == "PENDING" and status.executor_id == self._worker:
                self._look_for(id_)
            elif status is not None and status.status == "ENQUEUED":
                self._make_way(connection, id_)
        return status is None or status.status in _WAITING

    def _look_for(self, id_: str) -> None:
        """A job that is said to be at work here; at the second look one that is not goes back into the queue."""
        if id_ in self._at_work:
            return
        if id_ in self._missed:
            DBOS.resume_workflow(id_, queue_name=QUEUE)
        self._missed ^= {id_}

    def _make_way(self, connection: str, id_: str) -> None:
        """A job that waits; at the second look, whatever of its partition is said to be at work here, but is not."""
        if self._waiting.get(connection) == id_:
            begun = DBOS.list_workflows(
                status="PENDING",
                executor_id=self._worker,
                workflow_id_prefix=_id(connection, ""),
                load_input=False,
                load_output=False,
            )
            for each in begun:
                if each.workflow_id not in self._at_work:
                    DBOS.resume_workflow(each.workflow_id, queue_name=QUEUE)
        self._waiting[connection] = id_

    def take_over(self, worker: str) -> int:
        """Puts the jobs that a dead worker had begun back into their queue."""
        with self._typed("take over the turns of a worker"):
            begun = DBOS.list_workflows(status="PENDING", executor_id=worker, load_input=False, load_output=False)
            for each in begun:
                DBOS.resume_workflow(each.workflow_id, queue_name=QUEUE)
        return len(begun)

    def take_back(self, living: Collection[str]) -> int:
        """Puts the jobs back that nobody alive is at."""
        with self._typed("look for turns that nobody is at"):
            begun = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
            stray = {each.workflow_id for each in begun if each.executor_id not in living}
            back = sorted(stray & self._strays)
            for each in back:
                DBOS.resume_workflow(each, queue_name=QUEUE)
            self._strays = stray.difference(back)
        return len(back)

    def purge(self, before: Instant) -> int:
        """Forgets jobs that ended before this."""
        when = before.astimezone(UTC).isoformat()
        with self._typed("forget ended turns"):
            ended: Sequence[Any] = DBOS.list_workflows(
                status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
                completed_before=when,
                limit=_LOT,
                load_input=False,
                load_output=False,
            )
            if ended:
                DBOS.delete_workflows([each.workflow_id for each in ended])
        return len(ended)

    def close(self) -> None:
        """Takes no more jobs."""
        DBOS.destroy(workflow_completion_timeout_sec=0)


def _id(connection: str, number: int | Literal[""]) -> str:
    return f"turn:{connection}:{number}"
