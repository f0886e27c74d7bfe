"""Routing and the writes that carry it out: what is refused, what changed meanwhile, and processes that die."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from syncd.engine.cycle import plan_only, sync
from syncd.model.routing import How
from syncd.operations.parking import try_again
from syncd.store import open_store
from tests.fakes import FakeChance
from tests.scenarios.lifecycles import CLOSED, MQL, NEW
from tests.scenarios.routings import TEAM, Desk, address
from tests.scenarios.steps import HOUR, parked
from tests.scenarios.test_crashes import Killed, Mortal
from tests.worlds import open_world


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three take turns."""
    return Desk.of(tmp_path)


# -- refused -----------------------------------------------------------------------------------------------------------
def forbid(desk: Desk, owner: str) -> list[bool]:
    """The org refuses Leads of this owner while the answer's one element is true."""
    on = [True]

    def rule(_before: object, after: dict[str, object]) -> tuple[str, str] | None:
        return ("Not to them", "OwnerId") if on[0] and after.get("OwnerId") == owner else None

    desk.both.salesforce.org.validation_rules.setdefault("Lead", []).append(rule)
    return on


def test_an_owner_whom_the_crm_refuses_is_parked_and_the_person_arrives(desk: Desk) -> None:
    """Nobody's turn is taken by it; once a person has mended it, the person is routed."""
    on = forbid(desk, desk.user("ann"))
    contacts = desk.qualified(2)
    desk.cycle()
    assert desk.owners(contacts) == ["integration.user@sandbox.example", "ben"]
    assert (parked(desk).field, parked(desk).side) == ("owner", "crm")
    desk.quiet()
    on[0] = False
    try_again(desk.both.store, [parked(desk)], connection="main", who="ops", now=desk.both.clock.now())
    desk.cycle()
    assert desk.owners(contacts) == ["ann", "ben"]
    assert desk.shown(contacts[0]) == "ann"
    desk.quiet()


def test_a_record_that_cannot_be_made_takes_no_turn_and_is_not_tried_for_another(desk: Desk) -> None:
    """A dead letter stays one, whoever would be next."""

    def rule(_before: object, after: dict[str, object]) -> str | None:
        return "Never" if after.get("LastName") == "King" else None

    desk.both.salesforce.org.validation_rules.setdefault("Lead", []).append(rule)
    desk.contact(email="king@acme-works.com", company="Acme", lastname="King")
    desk.cycle()
    assert len(desk.both.store.dead_letters()) == 1
    contacts = desk.qualified(2)
    desk.cycle()
    assert desk.owners(contacts) == ["ann", "ben"]
    assert desk.both.store.dead_letters()[0].attempts == 1
    desk.quiet()


# -- changed meanwhile -------------------------------------------------------------------------------------------------
def requalified(desk: Desk, owner: str) -> tuple[str, str]:
    """A linked person whom marketing has just made an MQL again; the Lead lies in a queue, or with somebody."""
    contact = desk.contact(email="ann@acme-works.com", company="Acme", hs_lead_status="UNQUALIFIED")
    lead = desk.lead(Email="ann@acme-works.com", Status=CLOSED, OwnerId=desk.user(owner))
    desk.cycle()
    desk.market(contact, **MQL)
    return contact, lead


@pytest.mark.parametrize(("edit", "gets"), [("OwnerId", "cam"), ("Title", "ann")])
def test_an_edit_between_look_and_write(desk: Desk, edit: str, gets: str) -> None:
    """Whoever picked the person up from the queue a moment ago keeps them; any other edit changes nothing."""
    contact, lead = requalified(desk, "New Leads")
    value = desk.user("cam") if edit == "OwnerId" else "Head"
    meanwhile(desk, lead, **{edit: value})
    desk.cycle()
    assert desk.who(lead) == gets
    assert desk.shown(contact) == gets
    assert desk.sold(lead, "Status") == "Open - Not Contacted"
    desk.quiet()


def test_whoever_picks_up_whom_sales_has_opened_again_keeps_them(desk: Desk) -> None:
    """The CRM itself says the stage, so that nothing but the owner is written there: it is read again all the same."""
    contact = desk.contact(email="ann@acme-works.com", company="Acme", hs_lead_status="UNQUALIFIED")
    lead = desk.lead(Email="ann@acme-works.com", Status=CLOSED, OwnerId=desk.user("New Leads"))
    desk.cycle()
    desk.sell(lead, Status=NEW)
    meanwhile(desk, lead, OwnerId=desk.user("cam"))
    desk.cycle()
    assert (desk.who(lead), desk.shown(contact)) == ("cam", "cam")
    desk.quiet()


def meanwhile(desk: Desk, lead: str, **fields: object) -> None:
    """A cycle; somebody edits a Lead in the moment before the first write."""
    desk.both.clock.advance(HOUR)
    world = desk.both.world
    whole = world.store.begin

    def begin(*args: object, **words: object) -> None:
        world.store.begin = whole  # type: ignore[method-assign]
        whole(*args, **words)  # type: ignore[arg-type]
        desk.sell(lead, **fields)

    world.store.begin = begin  # type: ignore[method-assign]
    sync(world)


def test_whoever_was_grabbed_once_is_not_taken_from_another_queue_later(desk: Desk) -> None:
    """That routing once lost to a salesperson is over when it is seen: what they do with the person is theirs."""
    desk.both.salesforce.add_queue("Customer Success")
    _, lead = requalified(desk, "New Leads")
    meanwhile(desk, lead, OwnerId=desk.user("cam"))
    desk.cycle()
    assert desk.who(lead) == "cam"
    assert not desk.both.store.undone_assignments()
    desk.sell(lead, OwnerId=desk.user("Customer Success"))
    desk.cycle()
    assert desk.who(lead) == "Customer Success"
    desk.quiet()


@pytest.mark.parametrize("created", [False, True])
def test_who_goes_on_before_there_is_room_is_given_to_nobody_later(tmp_path: Path, created: bool) -> None:
    """Nobody had room, not even the queue was there; sales has closed the person since, and then there is room."""
    desk = Desk.of(tmp_path, on={"created": created, "stages": ["mql"]}, fallback="Elsewhere")
    for name in TEAM:
        desk.sell(desk.user(name), object_name="User", IsActive=False)
    (contact,) = desk.qualified(1)
    desk.cycle()
    lead = desk.lead_of(contact)
    (link,) = desk.both.store.links("person")
    assert list(desk.both.store.undone_assignments()) == [link.id]
    desk.sell(lead, Status=CLOSED, OwnerId=desk.user("New Leads"))
    desk.cycle()
    assert not desk.both.store.undone_assignments()
    desk.sell(desk.user("ann"), object_name="User", IsActive=True)
    desk.both.clock.advance(24 * HOUR)
    desk.sell(lead, Title="Head")
    desk.cycle()
    assert desk.who(lead) == "New Leads"


# -- dying -------------------------------------------------------------------------------------------------------------
def restarted(desk: Desk, folder: Path, countdown: int) -> Desk:
    """Another process over the same store and stand-ins, which dies after so many effects."""
    both = desk.both
    both.store.close()
    store = open_store(f"sqlite:///{folder}/state.db", "main", clock=both.clock, chance=FakeChance(countdown + 99))
    both.store = store
    world = open_world(both.hubspot, both.salesforce, both.clock, store, both.settings)
    left = [countdown]
    world.store = Mortal(store, frozenset({"begin", "settle"}), left)  # type: ignore[assignment]
    world.connectors = world.connectors.map(
        lambda connector: Mortal(connector, frozenset({"write"}), left)  # type: ignore[return-value]
    )
    both.world = world
    return desk


@pytest.mark.slow
def test_killed_at_any_step_no_turn_is_skipped_and_none_is_taken_twice(tmp_path: Path) -> None:
    """Four people at once, a process that dies at its n-th effect, for every n: in the end turns are fair within one,
    everybody is known to HubSpot, and the next is whoever has waited longest. Dying after one effect is dying before
    the next, so every other one will do.
    """
    for n in range(1, 60, 2):
        folder = tmp_path / str(n)
        folder.mkdir()
        desk = Desk.of(tmp_path, store=f"sqlite:///{folder}/state.db")
        desk.cycle()
        contacts = desk.qualified(4)
        desk.both.clock.advance(HOUR)
        died = False
        try:
            sync(restarted(desk, folder, n).both.world)
        except Killed:
            died = True
        restarted(desk, folder, 10**9)
        desk.cycle(after=300)
        if died:
            desk.cycle(after=300)
        owners = desk.owners(contacts)
        assert Counter(owners) == {"ann": 2, "ben": 1, "cam": 1}, (n, owners)
        assert [desk.shown(each) for each in contacts] == owners, n
        more = desk.qualified(2, begin=4)
        desk.cycle()
        assert sorted(desk.owners(more)) == ["ben", "cam"], n
        desk.both.store.close()
        if not died:
            assert n > 10, "too few effects to die at"
            return
    raise AssertionError("it died every time")


@pytest.mark.slow
def test_killed_while_somebody_comes_into_a_stage(tmp_path: Path) -> None:
    """The owner arrives once, in both systems: also if it was written and nobody heard of it."""
    for n in range(1, 60, 2):
        folder = tmp_path / str(n)
        folder.mkdir()
        desk = Desk.of(tmp_path, store=f"sqlite:///{folder}/state.db")
        contact, lead = requalified(desk, "New Leads")
        desk.both.clock.advance(HOUR)
        died = False
        try:
            sync(restarted(desk, folder, n).both.world)
        except Killed:
            died = True
        restarted(desk, folder, 10**9)
        for _ in range(1 + died):
            desk.cycle(after=300)
        assert (desk.who(lead), desk.shown(contact)) == ("ann", "ann"), n
        assert desk.marketed(contact, "sales_owner_email") == address("ann"), n
        number, turns = desk.both.store.turns()
        assert turns == {("team", f"user:{address('ann')}"): number}, n
        desk.both.store.close()
        if not died:
            assert n > 6, "too few effects to die at"
            return
    raise AssertionError("it died every time")


@pytest.mark.slow
def test_killed_at_any_step_nobody_is_given_more_than_they_have_room_for(tmp_path: Path) -> None:
    """One person is room enough for Ann. Whoever is next goes to the queue, also in the cycle after a process that died
    once it had given her the first one: until the owner has come back from the CRM, whom she was given counts.
    """
    for n in range(1, 60, 2):
        folder = tmp_path / str(n)
        folder.mkdir()
        pools = {"team": {"members": [address("ann")], "open": 1}}
        desk = Desk.of(tmp_path, store=f"sqlite:///{folder}/state.db", pools=pools)
        _, lead = requalified(desk, "New Leads")
        desk.both.clock.advance(HOUR)
        died = False
        try:
            sync(restarted(desk, folder, n).both.world)
        except Killed:
            died = True
        restarted(desk, folder, 10**9)
        later = desk.qualified(1, begin=1)
        for _ in range(2):
            desk.cycle(after=300)
        assert (desk.who(lead), desk.owners(later)) == ("ann", ["New Leads"]), n
        desk.both.store.close()
        if not died:
            assert n > 6, "too few effects to die at"
            return
    raise AssertionError("it died every time")


# -- remembered --------------------------------------------------------------------------------------------------------
def test_the_decision_is_remembered_with_whom_it_passed_over(desk: Desk) -> None:
    """In the store, beside the audit's own row, whose rule names the rule."""
    (contact,) = desk.qualified(1)
    desk.cycle()
    (link,) = desk.both.store.links("person")
    (made,) = desk.both.store.assignments_of(link.id)
    assert (made.routed.how, made.routed.owner, made.routed.pool) == (How.GIVEN, f"user:{address('ann')}", "team")
    assert [each.owner for each in made.routed.passed] == [f"user:{address(each)}" for each in TEAM[1:]]
    assert made.outcome == "done"
    rows = [row for row in desk.both.store.audit_of(link.id, 10) if row.intent == made.intent]
    assert {change.rule for row in rows for change in row.changes if change.field == "owner"} == {"routing: everybody"}
    assert desk.shown(contact) == "ann"


def test_in_shadow_nobody_is_given_to_anybody(tmp_path: Path) -> None:
    """A planning run tells who would get whom, and stores nothing of it."""
    desk = Desk.of(tmp_path)
    desk.qualified(1)
    desk.both.clock.advance(HOUR)
    plan_only(desk.both.world)
    assert desk.both.store.turns() == (0, {})
