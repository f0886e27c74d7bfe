"""A console over both stand-ins, with people in step, some at odds, some refused, and something held: for its pages.

The cycles of a daemon are taken by hand, so that a test says when what was asked for is carried out.
"""

from __future__ import annotations

import copy
import functools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.salesforce.kernel import SalesforceKernel
from syncd.bootstrap.reports import Reports
from syncd.engine.booking import book_in
from syncd.engine.readonly import ReadOnly
from syncd.engine.world import World
from syncd.model.brake import HeldChange, Lot, Why
from syncd.model.drift import Definition, Drift, Resting, write_drift
from syncd.model.episode import Event
from syncd.model.held import write_lots
from syncd.model.link import DeadLetter, Parked
from syncd.model.remote import RemoteRef
from syncd.model.run import Worker
from syncd.model.values import Pair, Side
from syncd.operations.definitions import MAPPED, Term, note_definitions
from syncd.operations.glance import Quota
from syncd.operations.report import Report
from syncd.operations.reporting import Question
from syncd.ports.memory import AGREEMENT, BRAKE_HELD, DRIFT
from syncd.ports.store import Settlement, Store
from syncd.ports.system import Clock
from syncd.settings.accounts import ConnectionSettings
from syncd.store import open_store
from tests.fakes import START, FakeChance, FakeClock
from tests.scenarios.steps import Steps
from tests.unit.core.ledgers import BOOK, deal, delivered, moved, told, touched
from tests.visits import House, house
from tests.worlds import Both, agreed, open_both, open_world

PEOPLE = (
    ("ada.lovelace", "Ada", "Lovelace", "Analytical Engines"),
    ("grace.hopper", "Grace", "Hopper", "Compilers Inc"),
    ("zoe.angstroem", "Zoë", "Ångström", "Messtechnik GmbH"),
    ("kurt.goedel", "Kurt", "Gödel", "Incomplete Ltd"),
    ("emmy.noether", "Emmy", "Noether", "Invariants KG"),
    ("alan.turing", "Alan", "Turing", "Bletchley Ltd"),
)


AT_ODDS = "kurt.goedel"
"""Both teams change his address in the same cycle."""


@contextmanager
def furnished(folder: Path) -> Iterator[tuple[House, Steps]]:
    """The console and what can be done at both vendors: a copy, whatever becomes of it, of what was made once."""
    both = _copied(folder)
    steps = Steps(both)

    @contextmanager
    def world(_: str, who: str) -> Iterator[World]:
        connectors = Pair(*(ReadOnly(each) for each in both.world.connectors))
        yield replace(both.world, connectors=connectors, who=who, terms={}, verified={}, checked={})

    config = agreed(folder / "agreed")

    def report(_: str, asked: Question) -> Report:
        return Reports(_Shop(made.store, both.clock, SimpleNamespace(files=[config])))("main", asked)  # type: ignore[arg-type]

    with house(folder, world=world, clock=both.clock, quota=_quota, report=report) as made:
        yield made, steps
    both.store.close()


@dataclass(frozen=True)
class _Pattern:
    """Both vendors, and the files of a store in which they are in step."""

    vendors: tuple[FakeClock, HubSpotKernel, SalesforceKernel]
    settings: ConnectionSettings
    files: Mapping[str, bytes]


def _copied(folder: Path) -> Both:
    """A fresh process's view of a copy of the pattern; its store lies in that folder."""
    made = _pattern()
    for name, content in made.files.items():
        (folder / name).write_bytes(content)
    clock, hubspot, salesforce = copy.deepcopy(made.vendors)
    salesforce.bulk._calls = lambda: salesforce.calls  # a copied function still speaks of what it was made with
    url = f"sqlite:///{folder}/state.db"
    store = open_store(url, made.settings.connection.name, clock=clock, chance=FakeChance(8))
    world = open_world(hubspot, salesforce, clock, store, made.settings)
    return Both(hubspot, salesforce, clock, world, store, made.settings)


@functools.cache
def _pattern() -> _Pattern:
    """Six people whom both sides know, a dozen runs, and a change that clashes."""
    with tempfile.TemporaryDirectory(prefix="syncd-furnished-") as place:
        folder = Path(place)
        both = open_both(f"sqlite:///{folder}/state.db")
        _lived(Steps(both))
        both.store.close()
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
    return _Pattern((both.clock, both.hubspot, both.salesforce), both.settings, files)


def _lived(steps: Steps) -> None:
    """What happened until a page is looked at."""
    for name, first, last, company in PEOPLE:
        steps.contact(email=f"{name}@example.com", firstname=first, lastname=last, company=company, jobtitle="Engineer")
        steps.lead(Email=f"{name}@example.com", FirstName=first, LastName=last, Company=company, Title="Engineer")
    steps.cycle(after=120)
    for number in range(12):
        if number % 3 == 1:
            for each in steps.contacts()[: number + 1]:
                steps.market(each, phone=f"+49 30 90120{number:02}")
        steps.cycle(after=120)
    for id_, (name, *_) in zip(steps.contacts(), PEOPLE, strict=True):
        if name == AT_ODDS:
            steps.market(id_, email="kurt.g@example.com")
            (lead,) = [row for row in steps.live("Lead") if row["Email"] == f"{name}@example.com"]
            steps.sell(str(lead["Id"]), Email="goedel@example.com")
    steps.cycle(after=120)


@dataclass
class _Shop:
    """What reports are made with."""

    kept: Store
    clock: Clock
    loaded: SimpleNamespace

    def store(self, _: str) -> Store:
        return self.kept


def handed_over(made: House) -> None:
    """Goes on with the ledger, in which our six were handed over: three accepted, one of them with a deal won, two
    rejected, one waits. Twenty others besides, days ago, whom nobody knows any more.
    """
    ids = [each.id for each in made.store.links_after("person", "", 10)]
    begin = -240.0
    events: list[Event] = []
    for number, name in enumerate((*ids, *(f"gone{n:02}" for n in range(20)))):
        ours = name in ids
        hours, pace = (1.0, 0.1) if ours else (begin + number, 4.0)
        if not ours:
            events += [moved("mql", hours, name, by="kim"), delivered(hours + 0.1, name)]
            facts = {"origin": ("web", "event", "referral")[number % 3], "grade": "ABC"[number % 3], "owner": "ann"}
            events.append(told(hours, name, **facts))
        if number % 6 < 3:
            events += [touched(hours + pace, name), moved("sql", hours + 2 * pace, name, by="sid")]
        elif number % 6 < 5:
            reason = ("timing", "no_contact")[number % 2]
            events.append(moved("disqualified", hours + 3 * pace, name, reason=reason))
    events += [deal("open", 1.3, ids[0]), deal("won", 1.4, ids[0], amount=5_000_000)]
    settlement = Settlement()
    book_in(settlement, events, store=made.store, book=BOOK)
    made.store.settle(settlement, made.clock.now())


def reconfigured(made: House) -> None:
    """Has the configuration say something else than lately, and a vendor have changed what a field is."""
    now, current = made.clock.now(), made.desk.configured("main").definitions
    policy, definition = Term(MAPPED, "person.title", "both changed it"), Term("stage", "mql", "definition")
    before = {**current, policy: "marketing", definition: f"Showed interest. {current[definition]}"}
    note_definitions(made.store, now - timedelta(days=9), before)
    note_definitions(made.store, now - timedelta(days=5), {**before, definition: current[definition]})
    note_definitions(made.store, now, current)
    found = Resting("person", "industry", Side.CRM, "Lead Industry", "its list has no 'Banking' any more", now)
    known = {"industry crm:Lead Industry": Definition("picklist", ("Banking",))}
    made.store.remember(DRIFT, write_drift({"person": Drift.of(known, {"industry": found}, "")}), now)


def _quota(_: str, side: Side) -> Quota:
    return (31_200, 250_000, START) if side is Side.MARKETING else (86_400, 100_000, START)


def troubled(made: House) -> None:
    """Puts something of everything that waits into the store, as cycles leave it."""
    now = made.clock.now()
    ids = [each.id for each in made.store.links_after("person", "", 10)]
    linked = made.store.by_link(ids)
    settlement = Settlement()
    causes = (
        ("REQUIRED_FIELD_MISSING", "Last name is missing", "fill the field, or give it a create_default", 14),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone must begin with +", "mend the rule or the value", 5),
        ("DUPLICATES_DETECTED", "A rule found another Lead", "merge them in Salesforce", 1),
    )
    for code, reason, advice, number in causes:
        for each in range(number):
            origin = RemoteRef("contacts", f"{code[:3]}{each}")
            since = now - timedelta(hours=each + 1)
            settlement.dead.append(
                DeadLetter(f"{code[:4].lower()}{each}", "person", Side.CRM, origin, "f", code, reason, advice, since, 3)
            )
    link = linked[ids[0]].link
    settlement.parked.append(
        Parked(link.id, "person", Side.CRM, link.refs.crm, "phone", "f", "STRING_TOO_LONG",
               "data value too large", "shorten it at marketing", now - timedelta(days=2))
    )  # fmt: skip
    made.store.settle(settlement, now)
    held(made)
    made.store.remember(AGREEMENT, b'{"person":[6,5]}', now)
    made.desk.roster.beat(Worker("daemon@test", now, now, "1"))


def held(made: House) -> None:
    """Has the brake hold a change of everybody."""
    now = made.clock.now()
    ids = [each.id for each in made.store.links_after("person", "", 10)]
    changes = tuple(HeldChange(f"m{number}", f"link:{id}", now) for number, id in enumerate(ids))
    lot = Lot(
        key=("person", "updates", "crm", "title", ""), changes=changes, why=Why.HOUR, limit=2, used=1, linked=6,
        since=now - timedelta(minutes=20),
        cause="changed on the marketing side within 12 s: an import, a script or a bulk edit there",
    )  # fmt: skip
    made.store.remember(BRAKE_HELD, write_lots([lot]), now)
