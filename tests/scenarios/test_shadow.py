"""The ledger in shadow mode: both vendors' own connector keeps the sides in step, syncd looks on and writes to nobody.

The connector is played by hand: minutes after a move it writes the same on the other side, under a name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.lateness import overdue
from syncd.engine.readonly import ReadOnly
from syncd.engine.shadowed import people_seen, shadowed
from syncd.model.episode import Delivered, Event, Moved, State
from syncd.model.values import Instant
from syncd.operations.report import Period, Report, Section
from syncd.operations.report_writing import saying_how
from tests.scenarios.handoffs import ANN, episodes
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, SQL, WORKING
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_crashes import Killed, fresh, until_quiet
from tests.worlds import Both, agreed, open_both

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Two systems that something else keeps in step, and a shadow of them."""

    steps: Steps

    @property
    def both(self) -> Both:
        """The world."""
        return self.steps.both

    def look(self, *, after: float = 5 * MINUTE) -> None:
        """A cycle in shadow mode; nobody is written."""
        self.both.clock.advance(after)
        before = self.steps.written()
        world = self.both.world
        shade = replace(
            world, connection=replace(world.connection, mode="shadow"), connectors=world.connectors.map(ReadOnly)
        )
        sync(shade)
        assert self.steps.written() == before
        assert not list(self.both.store.links("person"))
        assert not [row for row in self.both.store.cursors() if row.stream == "changes"]

    def wait(self, seconds: float) -> Instant:
        """Time passes; when it is then."""
        self.both.clock.advance(seconds)
        return self.both.clock.now()

    def events(self) -> list[Event]:
        """What the ledger heard, oldest first."""
        people = {person for person, _, _ in self.both.store.stage_moves()}
        return sorted(self.both.store.ledger_of(sorted(people)), key=lambda each: (each.at, repr(each)))

    def moves(self) -> list[tuple[int, str, str, str, str]]:
        """Every move: cycle, from where, to where, by which team, in which system."""
        return [(e.cycle, e.start, e.stage, e.team, e.side) for e in self.events() if isinstance(e, Moved)]

    def deliveries(self) -> list[Instant]:
        """When sales could see people."""
        return [each.at for each in self.events() if isinstance(each, Delivered)]


def onlooker(folder: Path, *, url: str = "sqlite://") -> Onlooker:
    """Two stand-ins with the teams' agreement, never linked."""
    return Onlooker(Steps(open_both(url, config=agreed(folder / "agreed"))))


@pytest.fixture
def shade(tmp_path: Path) -> Iterator[Onlooker]:
    """Never linked, and never will be written."""
    made = onlooker(tmp_path)
    yield made
    made.both.store.close()


def handed_over(shade: Onlooker) -> tuple[str, str, Instant, Instant]:
    """A lead that marketing makes an MQL, and the Lead that the other connector makes of it ten minutes later."""
    steps = shade.steps
    contact = steps.contact(email=ANN, company="Acme", lifecyclestage="lead", hs_lead_status="")
    shade.look()
    moment = shade.wait(HOUR)
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    shade.look()
    arrived = shade.wait(10 * MINUTE)
    lead = steps.lead(Email=ANN, Status=NEW)
    shade.look()
    return contact, lead, moment, arrived


def test_a_handoff_is_seen_from_qualified_to_the_no(shade: Onlooker) -> None:
    """Its times are the vendors', the copies of the other connector are nobody's moves, and sales' clock runs."""
    steps = shade.steps
    contact, lead, moment, arrived = handed_over(shade)
    assert shade.moves() == [
        (1, "new", "lead", "marketing", "marketing"), (1, "lead", "mql", "marketing", "marketing"),
    ]  # fmt: skip
    ((state, at, system),) = steps.both.store.episode_columns(("state", "qualified_at", "system"))
    assert state == State.DELIVERED
    assert abs(at - moment.timestamp() * 1000) < 1000
    assert system >= (arrived - moment).total_seconds() * 1000
    assert [(each.marketing, each.crm) for each in people_seen(steps.both.store).values()] == [
        (f"contacts/{contact}", f"Lead/{lead}")
    ]
    shade.wait(HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    shade.look()
    shade.wait(2 * MINUTE)
    steps.market(contact, **SQL)  # by the other connector, whom HubSpot does not list
    shade.look()
    assert shade.moves()[2:] == [(1, "mql", "sql", "sales", "crm")]
    shade.wait(HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    shade.look()
    known = shade.events()
    assert shade.moves()[3:] == [(1, "sql", "disqualified", "sales", "crm")]
    assert len(shade.deliveries()) == 1
    assert episodes(steps, "state", "touch")[0][0] == State.RECYCLED
    shade.look(after=6 * HOUR)
    shade.look(after=6 * HOUR)
    assert shade.events() == known


def test_all_of_it_before_the_first_look(shade: Onlooker) -> None:
    """Read at once, the histories tell the same: each move once, by whoever made it first."""
    steps = shade.steps
    contact = steps.contact(email=ANN, company="Acme", lifecyclestage="lead", hs_lead_status="")
    shade.wait(HOUR)
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    lead = steps.lead(Email=ANN, Status=NEW)
    shade.wait(HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    shade.wait(MINUTE)
    steps.market(contact, **SQL)
    shade.look()
    assert [each[1:] for each in shade.moves()] == [
        ("new", "lead", "marketing", "marketing"),
        ("lead", "mql", "marketing", "marketing"),
        ("mql", "sql", "sales", "crm"),
    ]


def test_whom_the_crm_never_got_is_handed_over_and_not_delivered(shade: Onlooker) -> None:
    """That is what the other connector's filters hide."""
    shade.steps.contact(email=ANN, company="Acme", lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    shade.look()
    shade.look(after=24 * HOUR)
    assert episodes(shade.steps, "state", "delivered_at") == [(State.QUALIFIED, None)]


def test_who_was_done_with_before_the_first_look_is_nobodys_handoff(shade: Onlooker) -> None:
    """Also if somebody edits them later; whoever comes to their end unseen between two looks is one."""
    steps = shade.steps
    old = steps.contact(email="old@acme-works.com", company="Old", **MQL)
    steps.market(old, lifecyclestage="customer", hs_lead_status="")
    shade.look(after=24 * HOUR)
    steps.market(old, city="Rome")
    young = steps.contact(email=ANN, company="Acme", **MQL)
    lead = steps.lead(Email=ANN, Status=NEW)
    shade.wait(MINUTE)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.market(young, lifecyclestage="other", hs_lead_status="UNQUALIFIED")
    shade.look()
    assert len(episodes(steps, "id")) == 1
    assert ("mql", "disqualified") in {(start, stage) for _, start, stage, *_ in shade.moves()}


def test_nobody_is_alarmed_in_shadow_nor_for_it_later(shade: Onlooker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is late is reported; the first live cycle does not tell of it either."""
    heard: list[str] = []
    monkeypatch.setattr("syncd.engine.lateness.emit", lambda event, **_: heard.append(event))
    handed_over(shade)
    for _ in range(10):
        shade.look(after=24 * HOUR)
    assert overdue(shade.both.store, shade.wait(0))["touch"] == 1
    shade.steps.cycle()
    shade.steps.cycle()
    assert not heard


def settled(shade: Onlooker) -> tuple[list[tuple[int, str, str, str, str]], list[tuple[object, ...]]]:
    """What the ledger says in the end."""
    return shade.moves(), [(state, at) for state, at in episodes(shade.steps, "state", "qualified_at")]


def test_from_shadow_to_live_nothing_is_lost_and_nothing_twice(shade: Onlooker) -> None:
    """What happened between the last look and the first link is heard, what was heard before is not told again, and
    whom the CRM lacked is delivered by the link.
    """
    steps = shade.steps
    _, lead, *_ = handed_over(shade)
    lone = steps.contact(email="lone@acme-works.com", company="Lone", **MQL)
    shade.look()
    before = shade.events()
    shade.wait(HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    assert not steps.cycle().needs_approval
    after = shade.events()
    assert set(before) < set(after)
    assert [each[1:] for each in shade.moves() if each[1] != "new"] == [
        ("lead", "mql", "marketing", "marketing"), ("mql", "disqualified", "sales", "crm"),
    ]  # fmt: skip
    assert len(shade.deliveries()) == 2
    assert {state for (state,) in episodes(steps, "state")} == {State.DELIVERED, State.REJECTED}
    assert steps.marketed(lone, "syncd_crm_id")
    (time,) = shadowed(steps.both.store)
    assert time.ended is not None
    report = Report("x", "X", Period(None, None), (Section("one", "One", ("Words.",)), Section("two", "Two")))
    told = saying_how(report, steps.both.store).sections
    assert "in shadow mode" in told[0].words[0]
    assert told[0].words[1:] + told[1].words == ("Words.",)
    steps.cycle()
    steps.quiet()
    assert shade.events() == after


def test_killed_at_any_effect_of_the_change_to_live(tmp_path: Path) -> None:
    """Wherever the first live cycle dies, in the end the ledger says the same."""
    expected: object = None
    for effect in range(1, 60):
        folder = tmp_path / str(effect)
        folder.mkdir()
        shade = onlooker(folder, url=f"sqlite:///{folder}/state.db")
        _, lead, *_ = handed_over(shade)
        shade.wait(HOUR)
        shade.steps.sell(lead, by=shade.steps.seller("SDR"), Status=CLOSED)
        preview = sync(shade.both.world)
        assert preview.plan is not None
        fresh(shade.both, folder, [effect])
        killed = False
        try:
            sync(shade.both.world, approve=preview.plan.digest)
        except Killed:
            killed = True
        shade.both.clock.advance(130)
        until_quiet(shade.both, folder)
        found = settled(shade)
        shade.both.store.close()
        expected = expected or found
        assert found == expected, f"killed at effect {effect}"
        if not killed:
            assert effect > 4
            return
    raise AssertionError("no run went through")


def test_killed_at_any_effect_a_look_is_looked_again(tmp_path: Path) -> None:
    """A look that dies tells nobody twice."""
    expected: object = None
    for effect in range(1, 20):
        folder = tmp_path / str(effect)
        folder.mkdir()
        shade = onlooker(folder, url=f"sqlite:///{folder}/state.db")
        _, lead, *_ = handed_over(shade)
        shade.steps.sell(lead, by=shade.steps.seller("SDR"), Status=WORKING)
        fresh(shade.both, folder, [effect])
        killed = False
        try:
            shade.look()
        except Killed:
            killed = True
        fresh(shade.both, folder, [10**9])
        shade.look(after=3 * HOUR)
        found = settled(shade)
        shade.both.store.close()
        expected = expected or found
        assert found == expected, f"killed at effect {effect}"
        if not killed:
            assert effect > 2
            return
    raise AssertionError("no run went through")


def test_between_two_times_of_writing_the_ledger_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was live, looks on for a while and is live again: each move once, by whoever made it, and no
    alarm of what became late meanwhile.
    """
    heard: list[str] = []
    monkeypatch.setattr("syncd.engine.lateness.emit", lambda event, **_: heard.append(event))
    shade = onlooker(tmp_path)
    steps = shade.steps
    steps.cycle()
    contact, lead = steps.pair(email=ANN)
    assert shade.moves() == [(1, "new", "mql", "marketing", "marketing")]
    world = steps.both.world
    looking = replace(
        world, connection=replace(world.connection, mode="shadow"), connectors=world.connectors.map(ReadOnly)
    )
    shade.wait(HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    shade.wait(5 * MINUTE)
    sync(looking)
    assert shade.moves()[1:] == [(1, "mql", "sql", "sales", "crm")]
    steps.market(contact, **SQL)
    shade.wait(5 * MINUTE)
    sync(looking)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    assert shade.moves()[1:] == [(1, "mql", "sql", "sales", "crm"), (1, "sql", "disqualified", "sales", "crm")]
    assert len(shade.deliveries()) == 1
    steps.quiet()
    steps.contact(email="bob@acme-works.com", company="Bob")
    steps.cycle()
    for _ in range(5):
        shade.wait(24 * HOUR)
        sync(looking)
    assert overdue(steps.both.store, shade.wait(0))["touch"] == 1
    steps.cycle()
    assert not heard
    steps.both.store.close()
