"""When the day's calls are used up, and what waits by lane, as ``syncd status`` says it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from syncd.core.pace import Count, written
from syncd.model.run import Request
from syncd.model.values import Side
from syncd.ports.memory import CALLS
from syncd.store import SqlStore
from syncd.system import SystemClock
from tests.unit.cli.conftest import Run


def heard(store: SqlStore, side: Side, *used: int) -> None:
    """What a vendor counted every half hour until now, of 100,000."""
    now = SystemClock().now()
    counts = [Count(now - timedelta(minutes=30 * n), each, 100_000) for n, each in enumerate(reversed(used))]
    store.remember(CALLS.format(side=side), written(counts[::-1]), now)


def test_the_hour_is_told_or_that_they_last(run: Run, store: SqlStore) -> None:
    """Per side, in words and as JSON."""
    heard(store, Side.CRM, 40_000, 60_000, 80_000)
    heard(store, Side.MARKETING, 500, 600, 700)
    told = run("status", "--json").json["connections"][0]["calls"]
    crm, marketing = told["crm"], told["marketing"]
    assert (crm["used"], crm["limit"], crm["known"], crm["lasts"]) == (80_000, 100_000, True, False)
    ahead = datetime.fromisoformat(crm["exhausted_at"]) - datetime.fromisoformat(crm["counted_at"])
    assert ahead == timedelta(minutes=30)
    assert crm["per_hour"] == 40_000
    assert (marketing["lasts"], marketing["exhausted_at"]) == (True, None)
    words = re.sub(r"told [0-9] s ago", "told 0 s ago", run("status").out)
    assert "80,000 of 100,000 calls of the day, told 0 s ago; at this pace all 100,000 are used up at" in words
    assert "at this pace they last until there are new ones" in words


def test_what_is_kept_for_other_programs_is_told(run: Run, store: SqlStore) -> None:
    """How far each lane goes and which one waits; an old count says of none that it waits."""
    now = SystemClock().now()
    store.remember(CALLS.format(side=Side.CRM), written([Count(now, 91_000, 100_000, reserve=10)]), now)
    told = run("status", "--json").json["connections"][0]["calls"]["crm"]
    assert told["reserve"] == 10
    assert {lane for lane, each in told["lanes"].items() if each["waits"]} == {"ordinary", "bulk"}
    assert "bulk waits from 80 % used, ordinary waits from 90 % used; opt-outs and handoffs go on" in run("status").out
    old = now - timedelta(hours=1)
    store.remember(CALLS.format(side=Side.CRM), written([Count(old, 91_000, 100_000, reserve=10)]), old)
    words = run("status").out
    assert "bulk stops from 80 % used, ordinary stops from 90 % used" in words
    assert "91,000 of 100,000 calls of the day, told 60 min ago; " in words, "a count is no older than it says"


def test_nothing_is_made_up(run: Run, store: SqlStore) -> None:
    """Before anything was heard, and of one count alone."""
    heard(store, Side.CRM, 40_000)
    told = run("status", "--json").json["connections"][0]["calls"]
    assert (told["crm"]["used"], told["crm"]["known"], told["crm"]["exhausted_at"]) == (40_000, False, None)
    assert (told["marketing"]["used"], told["marketing"]["known"]) == (None, False)
    assert "not known yet when they are used up: too little was observed" in run("status").out


def test_what_waits_is_told_by_lane(run: Run, store: SqlStore) -> None:
    """Only lanes in which something waits are words; all of them are JSON."""
    store.approve(Request("f", "main", "forget", "person operator crm:Lead/00Q1", "ana", SystemClock().now()))
    told = run("status", "--json").json["connections"][0]["lanes"]
    assert set(told) == {"opt_out", "handoff", "ordinary", "bulk"}
    assert told["opt_out"]["waiting"] == 1
    assert told["bulk"] == {"waiting": 0, "since": None}
    words = run("status").out
    assert "waits to be carried out: opt-out 1, the oldest for" in words
    assert "bulk" not in words
