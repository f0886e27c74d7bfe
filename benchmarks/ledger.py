"""Reports over 100,000 made-up handoffs: each is a command of its own, from start-up to the last line."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from benchmarks.figures import Figure
from benchmarks.lab import ROOT
from benchmarks.measures import children_seconds
from syncd.core.ledger import episodes_of
from syncd.core.terms import book_of, text_of
from syncd.model.calendar import Calendar, Calendars, Holidays, Span
from syncd.model.episode import Contacted, Deal, DealState, Delivered, Event, Moved, Told, Touched
from syncd.model.handoff import Handoff
from syncd.model.lifecycle import NEW, OTHER, HandoffRules, Unit
from syncd.model.lifecycle import Span as Time
from syncd.ports.memory import AGREEMENT, TERMS
from syncd.ports.store import Settlement, Store
from syncd.store import open_store
from syncd.system import SystemChance, SystemClock

BEGAN: Final = datetime(2025, 1, 1, tzinfo=UTC)
DAYS: Final = 480
ORIGINS: Final = ("organic_search", "paid_search", "social", "email", "referral", "direct_traffic", "unknown", None)
WEIGHTS: Final = (29, 20, 17, 6, 4, 6, 14, 4)
GRADES: Final = {"A": (0.85, 0.35), "B": (0.6, 0.2), "C": (0.4, 0.1), "D": (0.2, 0.04)}
"""By grade, the chance to be accepted, and of an accepted one to be won."""
REASONS: Final = ("not_a_fit", "no_contact", "timing", "duplicate", "bad_contact")
LOT: Final = 5_000
PEOPLE: Final = 103_000
"""More than episodes, since people of a company share some."""
MANY: Final = 100_000
AGAIN: Final = 5
"""Of so many who were won one buys once more."""
ROUNDS: Final = 3
COMMANDS: Final = {
    "handoff": ("handoff", "--json"),
    "funnel": ("funnel", "--json"),
    "credit": ("credit", "--json"),
    "reasons": ("reasons", "--json"),
    "rating": ("rating", "--json"),
    "review": ("review", "--month", "2026-02", "--json"),
    "handoff --html": ("handoff", "--html"),
    "funnel --html": ("funnel", "--html"),
    "credit --html": ("credit", "--html"),
    "reasons --html": ("reasons", "--html"),
    "rating --html": ("rating", "--html"),
    "review --html": ("review", "--month", "2026-02", "--html"),
    "agreement": ("agreement", "--json"),
}
RULES: Final = HandoffRules(
    qualified=("mql",),
    accepted=("sql",),
    offered=("opportunity",),
    won=("customer",),
    rejected=("disqualified",),
    born=("sql",),
    touch_within={"A": Time(1, Unit.HOUR), OTHER: Time(1, Unit.DAY)},
    decide_within={"A": Time(8, Unit.HOUR), OTHER: Time(2, Unit.DAY)},
)
_DAYTIME: Final = (Span(540, 1_050),)
CALENDARS: Final = Calendars(
    {"ny": Calendar("ny", "New York", "America/New_York", (_DAYTIME,) * 5 + ((), ()), Holidays("US", "NY"))}, "ny"
)


def story(number: int, chance: random.Random) -> Iterator[Event]:
    """What happened to one made-up person."""
    person = f"p{number:07d}"
    grade = chance.choices(tuple(GRADES), (1, 2, 3, 2))[0]
    yes, buys = GRADES[grade]
    at = BEGAN + timedelta(days=chance.random() * DAYS)
    sales = chance.random() < 0.08
    met = at - timedelta(days=chance.random() * 30)
    if chance.random() < 0.002:
        met = at + timedelta(days=40)  # somebody typed the wrong year
    facts = {
        "origin": chance.choices(ORIGINS, WEIGHTS)[0],
        "last_touch": f"campaign {chance.randrange(40)}",
        "asset": f"page {chance.randrange(200)}",
        "persona": chance.choice(("leader", "runner", "evaluator")),
        "grade": grade,
        "company": f"company {chance.randrange(40_000)}" if chance.random() < 0.3 else None,
        "owner": f"owner{chance.randrange(20)}@example.com",
        "sdr": f"sdr{chance.randrange(12)}@example.com",
        "ae": f"ae{chance.randrange(15)}@example.com",
        "complete": "yes" if chance.random() < 0.93 else "no",
        "valid": "yes" if chance.random() < 0.97 else "no",
    }
    yield Contacted(person, met)
    yield Told(person, met, tuple(sorted((name, value) for name, value in facts.items() if value is not None)))
    if sales:
        yield Moved(person, at, 1, "sql", NEW, "sales", f"bdr{chance.randrange(8)}@example.com")
    else:
        yield Moved(person, at - timedelta(days=3), 1, "lead", NEW, "marketing")
        yield Moved(person, at, 1, "mql", "lead", "marketing", f"kim{chance.randrange(5)}@example.com")
        at += timedelta(minutes=chance.expovariate(1 / 20))
        yield Delivered(person, at)
        at += timedelta(hours=chance.expovariate(1 / 20))
        if chance.random() < 0.1:
            return
        yield Touched(person, at, facts["sdr"] or "")
        at += timedelta(days=chance.expovariate(1 / 4))
        if chance.random() > yes:
            yield Moved(person, at, 1, "disqualified", "mql", "sales", facts["sdr"] or "", chance.choice(REASONS))
            return
        yield Moved(person, at, 1, "sql", "mql", "sales", facts["sdr"] or "")
    at += timedelta(days=chance.expovariate(1 / 10))
    amount = round(chance.lognormvariate(13.5, 0.8))
    yield Deal(person, at, f"d{number}", DealState.OPEN, amount, "USD")
    yield Moved(person, at, 1, "opportunity", "sql", "system")
    at += timedelta(days=chance.expovariate(1 / 40))
    if at > BEGAN + timedelta(days=DAYS):
        return
    ending = DealState.WON if chance.random() < buys else DealState.LOST
    yield Deal(person, at, f"d{number}", ending, amount, "USD", "" if ending is DealState.WON else "price")
    yield Moved(person, at, 1, "customer" if ending is DealState.WON else "disqualified", "opportunity", "system")
    if ending is DealState.WON and number % AGAIN == 0:
        yield Deal(person, at + timedelta(days=60), f"d{number}b", DealState.WON, amount // 2, "USD")


def filled(store: Store, count: int, *, seed: int = 1) -> int:
    """Fills the ledger of a store with so many people. Returns how many episodes that are."""
    chance = random.Random(seed)
    text = text_of(Handoff("stage", ("stage",), RULES, calendars=CALENDARS))
    book = book_of(text)
    store.remember(TERMS.format(terms=book.terms), text.encode(), BEGAN)
    events = [event for number in range(count) for event in story(number, chance)]
    for start in range(0, len(events), LOT):
        store.settle(Settlement(events=events[start : start + LOT]), BEGAN)
    episodes = episodes_of(events, book)
    for start in range(0, len(episodes), LOT):
        store.settle(Settlement(episodes=list(episodes[start : start + LOT])), BEGAN)
    return len(episodes)


def reports() -> Iterator[Figure]:
    """Reports over 100,000 made-up handoffs of 103,000 people, a third of whom have one of 40,000 companies. Each is a
    command of its own, from start-up to the last line; the least of three rounds. A command waits for nothing, so that
    on a processor of its own it takes its processor time; the clock also shows what else the machine did meanwhile.
    Others worked on it, and a busy machine lengthens processor time, too.
    """
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/state.db"
        store = open_store(url, "main", clock=SystemClock(), chance=SystemChance())
        episodes = filled(store, PEOPLE)
        moves = len(store.stage_moves())
        swept = {"person": [PEOPLE, PEOPLE - 1_000], "company": [40_000, 39_900], "deal": [20_000, 19_990]}
        store.remember(AGREEMENT, orjson.dumps(swept), BEGAN)
        store.close()
        assert episodes > MANY, episodes
        yield Figure("episodes", episodes, "episodes")
        yield Figure("moves between stages", moves, "moves")
        for name, options in COMMANDS.items():
            command = [sys.executable, "-m", "syncd.cli.main", "report", *options, "--out", f"{folder}/out"]
            rounds = [_spent(command, url) for _ in range(ROUNDS)]
            yield Figure(f"processor time of `syncd report {name}`", min(cpu for _, cpu in rounds), "s", 2)
            yield Figure(f"from start to end on the clock, `syncd report {name}`", min(wall for wall, _ in rounds), "s")


def _spent(command: list[str], url: str) -> tuple[float, float]:
    """Seconds on the clock and of processor of one command."""
    prefix = "SYNCD_CONNECTIONS__MAIN__"
    environment = {
        **os.environ,
        "SYNCD_STORE__URL": url,
        "SYNCD_CONFIG": str(ROOT / "config"),
        f"{prefix}MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",
        f"{prefix}CRM__CLIENT_SECRET": "sandbox",
    }
    before, began = children_seconds(), time.perf_counter()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began, children_seconds() - before
