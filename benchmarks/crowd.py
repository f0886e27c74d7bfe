"""Many accounts at once: a pair of stand-ins per connection, all in one process, and a configuration that names them.

An account belongs to one connection only, so each pair has identities of its own. The accounts are empty: a turn of
theirs asks what a turn of a full account asks when nothing was edited.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.lab import CONFIG, ROOT, Watched
from benchmarks.people import CUSTOM
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.salesforce.definitions import text
from sandbox.server import RunningSandbox

STORE = "syncd.db"


@contextmanager
def crowd(count: int, *, poll: float) -> Iterator[Watched]:
    """One daemon on SQLite with so many connections, each between two empty accounts of its own."""
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
        folder = Path(name)
        standins = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crowd", str(count)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert standins.stdin is not None
        assert standins.stdout is not None
        try:
            _write_config(folder, json.loads(standins.stdout.readline()), poll=poll)
            with (folder / "daemon.log").open("w") as lines:
                process = subprocess.Popen(
                    [sys.executable, "-m", "syncd.cli.main", "--config", str(folder), "run"],
                    cwd=ROOT,
                    env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")},
                    stdout=subprocess.DEVNULL,
                    stderr=lines,
                )
            try:
                yield Watched(process.pid, folder / "daemon.log")
            finally:
                process.terminate()
                process.wait(timeout=30)
        finally:
            standins.stdin.close()
            standins.wait(timeout=60)


def _write_config(folder: Path, pairs: Sequence[tuple[str, str]], *, poll: float) -> None:
    shutil.copytree(CONFIG / "schema", folder / "schema")
    connections = {
        f"account{number}": {
            "directory": ".",
            "scope": "all",
            "poll": poll,
            "marketing": {"base_url": hubspot, "access_token": "pat-na1-sandbox"},  # not a secret
            "crm": {
                "login_url": salesforce,
                "flow": "client_credentials",
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",  # not a secret
                "daily_calls": 1_000_000,
            },
        }
        for number, (hubspot, salesforce) in enumerate(pairs, start=1)
    }
    settings = {"version": 1, "store": {"url": f"sqlite:///{folder / STORE}"}, "connections": connections}
    (folder / "syncd.yaml").write_text(json.dumps(settings))  # YAML holds JSON


def _pair(number: int) -> RunningSandbox:
    limits = HubSpotLimits(rolling=1_000_000, search_per_second=100_000, daily=100_000_000)
    running = RunningSandbox.start(seed=number, hubspot_limits=limits, salesforce_daily=100_000_000)
    hubspot, org = running.hubspot, running.salesforce.org
    object.__setattr__(hubspot.account, "portal_id", hubspot.account.portal_id + number)
    rows = org.schema.entities["Organization"].table
    row = rows.rows[org.organization_id]
    rows.drop(org.organization_id)
    for _ in range(number):
        org.organization_id = org.ids.take("00D")
    rows.put({**row, "Id": org.organization_id})
    for index in range(1, CUSTOM + 1):
        hubspot.add_property("contacts", {"name": f"bench_{index:02}"})
        running.salesforce.add_field("Lead", text(f"Bench_{index:02}__c", f"Bench {index:02}", 255, custom=True))
    return running


def main() -> None:
    """Serves so many pairs until standard input ends; the first line holds their addresses."""
    pairs = [_pair(number) for number in range(int(sys.argv[1]))]
    print(json.dumps([(pair.hubspot_url, pair.salesforce_url) for pair in pairs]), flush=True)
    sys.stdin.read()
    os._exit(0)  # hundreds of servers are stopped at once by that


if __name__ == "__main__":
    main()
