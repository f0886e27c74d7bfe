"""Reports over a large ledger, against a count of the plainest sort."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from statistics import mean
from statistics import median as middle_of

import pytest

from benchmarks.ledger import BEGAN, CALENDARS, DAYS, RULES, story
from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.model.episode import Episode
from syncd.model.lifecycle import Commitments
from syncd.model.values import Instant
from syncd.operations.report import NONE, Period
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.operations.report_handoff import handoff
from tests.unit.operations.ledgers import LATER, figure, stored, value

STAGES = {key: key for key in ("lead", "mql", "sql", "opportunity", "customer", "disqualified", "nurture")}


def latest(episode: Episode) -> Instant:
    """The latest time that is told of an episode."""
    times = [getattr(episode, each.name) for each in fields(episode) if each.name.endswith("_at")]
    times += [at for member in episode.members for at in (member.at, member.closed_at)]
    return max(at for at in times if at is not None)


def test_large_reports_are_what_one_counts_plainly(tmp_path: Path) -> None:
    """Two thousand made-up people: every figure below is computed again from the episodes themselves."""
    chance = random.Random(3)
    events = [event for number in range(2_000) for event in story(number, chance)]
    book = Book(RULES, CALENDARS)
    episodes = episodes_of(events, book)
    store = stored(tmp_path, events, book)
    now = BEGAN + timedelta(days=DAYS)
    report = credit(store, Period(), by=("origin",), top=0, now=LATER)
    by_origin: dict[str, list[bool]] = defaultdict(list)
    days = []
    for each in episodes:
        by_origin[each.origin or NONE].append(each.won_at is not None)
        if each.won_at is not None and each.contacted_at is not None:
            gap = (each.won_at.date() - each.contacted_at.date()).days
            days += [gap] if gap >= 0 else []
    assert value(report, "all:won") == sum(map(sum, by_origin.values()))
    for origin, wins in by_origin.items():
        assert value(report, f"origin:{origin}:conversion") == sum(wins) / len(wins)
    report = funnel(store, Period(), now=now, names=STAGES)
    assert value(report, "days:sum") == sum(days)
    assert value(report, "days:mean") == pytest.approx(mean(days))
    assert value(report, "days:median") == middle_of(days)
    report = handoff(store, Period(), now=now, promised=Commitments())
    there = [each for each in episodes if each.delivered_at is not None]
    yes = [each for each in there if each.accepted_at is not None]
    no = [each for each in there if each.rejected_at is not None]
    assert value(report, "acceptance") == len(yes) / (len(yes) + len(no))
    known = [each for each in there if latest(each) <= now]
    assert value(report, "touch:median") == middle_of(each.touch for each in known if each.touch is not None)
    assert value(report, "oddity:in_future") == sum(1 for each in episodes if latest(each) > now) > 0
    late = [
        each
        for each in there
        if each.touch_due is not None
        and (each.touched_at or now) > each.touch_due
        and not (each.touched_at is None and each.closed_at is not None and each.closed_at <= each.touch_due)
    ]
    in_time = [each for each in there if each.touched_at and each.touch_due and each.touched_at <= each.touch_due]
    assert figure(report, "touch:kept").of == len(late) + len(in_time)
    assert len(figure(report, "touch:kept").rows) == len(in_time)
