"""The real funnel: 8,000 qualified leads in marketing, 842 won deals in sales that know nothing of them.

The data is not part of the project; the tests are skipped where it is not beside it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.hubspot.limits import HubSpotLimits
from sandbox.olist import load_olist
from sandbox.server import RunningSandbox
from syncd.settings.brake import raised
from tests.forked import Forked
from tests.shared import HERE, SHARED

ROOT = Path(__file__).resolve().parents[2]
OLIST = SHARED / "data" / "olist"
KILLS = 10

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HERE, reason=f"no shared material: the Olist data set is not at {OLIST}"),
]


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    """Both stand-ins on loopback, filled with the funnel."""
    running = RunningSandbox.start(
        seed=3,
        hubspot_limits=HubSpotLimits(rolling=100_000, search_per_second=1_000),
        salesforce_daily=1_000_000,
    )
    load_olist(OLIST, running.hubspot, running.salesforce)
    yield running
    running.stop()


def environment(box: RunningSandbox, folder: Path) -> dict[str, str]:
    """The example configuration, pointed at the stand-ins."""
    prefix = "SYNCD_CONNECTIONS__MAIN__"
    return {
        **os.environ,
        "SYNCD_STORE__URL": f"sqlite:///{folder}/state.db",
        f"{prefix}MARKETING__BASE_URL": box.hubspot_url,
        f"{prefix}MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",  # not a secret
        f"{prefix}MARKETING__RATE__PER_10_SECONDS": "1000",
        f"{prefix}MARKETING__RATE__SEARCH_PER_SECOND": "50",
        f"{prefix}CRM__LOGIN_URL": box.salesforce_url,
        f"{prefix}CRM__CLIENT_ID": "sandbox-client",
        f"{prefix}CRM__CLIENT_SECRET": "sandbox-secret",  # not a secret
        f"{prefix}HORIZON__MARKETING": "1",
        f"{prefix}HORIZON__CRM": "1",
        f"{prefix}SCOPE": "all",
        f"{prefix}BRAKE": json.dumps(raised(1_000_000)),
    }


def start(env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """The real command, in a process of its own."""
    command = [sys.executable, "-m", "syncd.cli.main", "--config", str(ROOT / "config"), *arguments]
    return Forked(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)


def finish(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard output, with the end of the log where it failed."""
    process = start(env, *arguments)
    out, log = process.communicate(timeout=300)
    return process.returncode, out if process.returncode in {0, 1} else out + log[-2000:]


def check_end(box: RunningSandbox) -> None:
    """842 linked and won, 7,158 made once each, every pair pointing at each other: told by the stand-ins alone."""
    contacts = box.hubspot.export()["contacts"]
    leads = {row["Id"]: row for row in box.salesforce.export()["Lead"]}
    assert len(contacts) == len(leads) == 8_000
    created = [id_ for call in box.salesforce.calls for id_ in call.created]
    assert len(created) == len(set(created)) == 7_158
    assert len({row["Syncd_Marketing_Id__c"] for row in leads.values()}) == 8_000
    stages: Counter[tuple[str, str]] = Counter()
    for row in contacts:
        lead = leads[row["properties"]["syncd_crm_id"]]
        assert lead["Syncd_Marketing_Id__c"] == row["id"]
        assert lead["Email"].lower() == row["properties"]["email"].lower()
        stages[row["properties"]["lifecyclestage"], lead["Status"]] += 1
    assert stages == {("customer", "Closed - Won"): 842, ("marketingqualifiedlead", "Open - Not Contacted"): 7_158}


def writes(box: RunningSandbox) -> int:
    """Records written so far, as both stand-ins counted them."""
    return sum(
        len(call.written) + len(call.created) for kernel in (box.hubspot, box.salesforce) for call in kernel.calls
    )


def at_work(process: subprocess.Popen[str], box: RunningSandbox) -> None:
    """Returns once the command has called a vendor: a kill during its imports would prove nothing."""
    before = len(box.hubspot.calls) + len(box.salesforce.calls)
    while process.poll() is None and len(box.hubspot.calls) + len(box.salesforce.calls) == before:
        time.sleep(0.02)


def test_ten_kills_end_in_the_same_state(box: RunningSandbox, tmp_path: Path) -> None:
    """Preview, approval, kill -9 at ten random moments, restart: linked, made and won once; then nothing to write."""
    env = environment(box, tmp_path)
    code, out = finish(env, "sync")
    assert code == 1, out
    assert writes(box) == 0
    digest = next(line.split()[-1] for line in out.splitlines() if "--approve" in line)
    chance = random.Random(7)
    for _ in range(KILLS):
        process = start(env, "sync", "--approve", digest)
        at_work(process, box)
        time.sleep(chance.uniform(0.1, 2.5))
        ended = process.poll()
        process.send_signal(signal.SIGKILL)
        _, log = process.communicate()
        assert ended is None, f"it ended with {ended} before it was killed:\n{log[-2000:]}"
    process = start(env, "sync", "--approve", digest)
    process.communicate(timeout=300)
    for _ in range(5):
        code, out = finish(env, "sync")
        if code == 0 and "nothing to write" in out:
            break
    assert code == 0, out
    check_end(box)
    before = writes(box)
    code, out = finish(env, "sync")
    assert code == 0, out
    assert writes(box) == before
