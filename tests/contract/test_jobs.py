"""The job engine on SQLite and PostgreSQL: a turn runs once, survives its process, and never beside another of its own.

dbos is one per process, so each test works in processes of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, select

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
PICKLED = ("gAS", "gAN")
"""How base64 of a pickle begins: protocols 4 and 3."""
PRELUDE = """
import json, sys, time, os, threading
from syncd.jobs import DbosJobs
from syncd.observe.log import configure_logs
from syncd.store import open_database, open_guest, typed
from syncd.system import SystemClock
configure_logs(level="warning")
url, jobs_url, worker = sys.argv[1:4]
database = open_database(url)
schema = database.neighbour("jobs")
def open_jobs(threads=4):
    alone = lambda deed: database.one_at_a_time(deed, SystemClock())
    return DbosJobs(
        open_guest(jobs_url), schema=schema, alone=alone, typed=lambda deed: typed("jobs", deed), worker=worker,
        threads=threads, every=0.1,
    )
done, at_once, most, lock = [], {}, 0, threading.Lock()
def wait(holds, seconds=20):
    over = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < over, done
        time.sleep(0.02)
"""
KILLED = """
def perform(connection, number):
    os._exit(9)
jobs = open_jobs()
jobs.launch(perform)
jobs.enqueue("a", 7)
time.sleep(20)
"""
"""A worker that dies in the middle of a turn."""


def run(store_url: str, tmp_path: Path, code: str, *, worker: str = "one", code_expected: int = 0) -> object:
    """Runs code in a process with an engine; what it prints as JSON."""
    jobs_url = f"sqlite:///{tmp_path}/jobs.db" if store_url.startswith("sqlite") else store_url
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code), store_url, jobs_url, worker],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == code_expected, done.stderr[-3000:]
    for line in done.stderr.splitlines():
        json.loads(line)
    return json.loads(done.stdout) if done.stdout else None


def test_a_turn_asked_for_twice_runs_once_and_never_beside_another_of_its_connection(
    store_url: str, tmp_path: Path
) -> None:
    """Also not after it ended; turns of several connections run side by side."""
    code = """
        def perform(connection, number):
            global most
            with lock:
                at_once[connection] = at_once.get(connection, 0) + 1
                most = max(most, at_once[connection])
            time.sleep(0.2)
            with lock:
                at_once[connection] -= 1
                done.append([connection, number])
        jobs = open_jobs()
        jobs.launch(perform)
        asked = [jobs.enqueue(name, number) for number in (1, 2, 3) for name in ("a", "b") for _ in range(2)]
        wait(lambda: len(done) == 6)
        time.sleep(0.5)
        again = jobs.enqueue("a", 1)
        purged = jobs.purge(SystemClock().now())
        jobs.close()
        print(json.dumps({"asked": all(asked), "again": again, "done": sorted(done), "most": most, "purged": purged}))
    """
    assert run(store_url, tmp_path, code) == {
        "asked": True,
        "again": False,
        "done": sorted([name, number] for name in "ab" for number in (1, 2, 3)),
        "most": 1,
        "purged": 6,
    }


def test_a_turn_whose_process_was_killed_is_taken_up_again(store_url: str, tmp_path: Path) -> None:
    """On SQLite by the next process of the same name, on PostgreSQL by whoever takes over from the dead one."""
    taken_up = """
        def perform(connection, number):
            done.append([connection, number])
        jobs = open_jobs()
        jobs.launch(perform)
        taken = 0 if worker == "one" else jobs.take_over("one")
        wait(lambda: done)
        time.sleep(0.5)
        jobs.close()
        print(json.dumps([taken, done]))
    """
    run(store_url, tmp_path, KILLED, code_expected=9)
    sqlite = store_url.startswith("sqlite")
    survivor = "one" if sqlite else "two"
    assert run(store_url, tmp_path, taken_up, worker=survivor) == [0 if sqlite else 1, [["a", 7]]]


def test_a_turn_of_a_worker_that_is_no_more_is_begun_again(store_url: str, tmp_path: Path) -> None:
    """It ended and could not say that its turn is over: who looks twice puts the turn back, but none of the living."""
    if store_url.startswith("sqlite"):
        pytest.skip("a SQLite store has one daemon")
    begun_again = """
        def perform(connection, number):
            done.append([connection, number])
        jobs = open_jobs()
        jobs.launch(perform)
        back = [jobs.take_back(living) for living in ({"one", "two"}, {"one", "two"}, {"two"}, {"two"})]
        wait(lambda: done)
        jobs.close()
        print(json.dumps([back, done]))
    """
    run(store_url, tmp_path, KILLED, code_expected=9)
    assert run(store_url, tmp_path, begun_again, worker="two") == [[0, 0, 0, 1], [["a", 7]]]


def test_no_record_and_no_pickle_reaches_the_engine_s_tables(store_url: str, tmp_path: Path) -> None:
    """Arguments are JSON: a name and a number."""
    code = """
        jobs = open_jobs()
        jobs.launch(lambda connection, number: done.append(number))
        jobs.enqueue("a", 1)
        wait(lambda: done)
        time.sleep(0.3)
        jobs.close()
        print(json.dumps(schema))
    """
    schema = run(store_url, tmp_path, code)
    sqlite = store_url.startswith("sqlite")
    engine = create_engine(
        f"sqlite:///{tmp_path}/jobs.db" if sqlite else store_url.replace("postgresql://", "postgresql+psycopg://")
    )
    tables = MetaData(schema=None if sqlite else str(schema))
    tables.reflect(engine)
    with engine.connect() as connection:
        stored = [
            value
            for table in tables.tables.values()
            for row in connection.execute(select(table))
            for value in row
            if isinstance(value, str)
        ]
    engine.dispose()
    arguments = [json.loads(value)["positionalArgs"] for value in stored if "positionalArgs" in value]
    assert arguments == [["a", 1]]
    assert "portable_json" in stored
    assert not [value for value in stored if value.startswith(PICKLED)]


def test_several_workers_may_start_at_once_on_a_new_database(store_url: str, tmp_path: Path) -> None:
    """The engine's tables are made once; none of the workers fails over the others."""
    if store_url.startswith("sqlite"):
        pytest.skip("a SQLite store has one daemon")
    code = PRELUDE + textwrap.dedent(
        """
        jobs = open_jobs()
        jobs.launch(lambda connection, number: None)
        jobs.close()
        """
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, store_url, store_url, f"worker {number}"],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number in range(3)
    ]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], errors


def test_a_claim_whose_answer_was_lost_is_found_again(store_url: str, tmp_path: Path) -> None:
    """The database goes away between storing that a job is ours and telling us: whoever asks again gets it done."""
    code = """
        from dbos._sys_db import SystemDatabase
        claim = SystemDatabase.start_queued_partitioned_workflows
        lost = []
        def losing(self, *words, **more):
            claimed = claim(self, *words, **more)
            if claimed and not lost:
                lost.append(True)
                raise ConnectionError("the answer was lost")
            return claimed
        SystemDatabase.start_queued_partitioned_workflows = losing
        jobs = open_jobs()
        jobs.launch(lambda connection, number: done.append([connection, number]))
        jobs.enqueue("a", 1)
        wait(lambda: lost)
        asked = [jobs.enqueue("a", 1) for _ in range(2)]
        wait(lambda: done, seconds=5)
        jobs.close()
        print(json.dumps([asked, done]))
    """
    assert run(store_url, tmp_path, code) == [[True, True], [["a", 1]]]


def test_a_job_that_could_not_say_that_it_ended_keeps_nobody_waiting(store_url: str, tmp_path: Path) -> None:
    """The disk is full just when a turn ends: its successor waits behind it until it is asked for a second time."""
    code = """
        from dbos._sys_db import SystemDatabase
        tell = SystemDatabase.update_workflow_outcome
        lost = []
        def losing(self, *words, **more):
            if not lost:
                lost.append(True)
                raise ConnectionError("the disk is full")
            return tell(self, *words, **more)
        SystemDatabase.update_workflow_outcome = losing
        jobs = open_jobs()
        jobs.launch(lambda connection, number: done.append([connection, number]))
        jobs.enqueue("a", 1)
        jobs.enqueue("b", 1)
        wait(lambda: lost and len(done) == 2)
        first = [jobs.enqueue(name, 2) for name in "ab"]
        time.sleep(0.5)
        stuck = len(done)
        again = [jobs.enqueue(name, 2) for name in "ab"]
        wait(lambda: ["a", 2] in done and ["b", 2] in done, seconds=5)
        time.sleep(0.5)
        jobs.close()
        print(json.dumps([first, stuck, done.count(["a", 2]), done.count(["b", 2])]))
    """
    assert run(store_url, tmp_path, code) == [[True, True], 3, 1, 1]
