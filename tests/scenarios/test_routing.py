"""Routing through whole cycles: who gets a person in the CRM, and who is never taken away from anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from syncd.engine.cycle import plan_only
from syncd.model.plan import Create
from syncd.observe import log
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, WORKING
from tests.scenarios.routings import EVERYBODY, Desk, address, configured, routing
from tests.scenarios.steps import HOUR


@pytest.fixture
def heard() -> Callable[[str], list[object]]:
    """The log lines of one event."""
    lines: list[tuple[str, object]] = []
    log.listen(lambda event, keys: lines.append((event, keys)))  # type: ignore[arg-type]
    return lambda name: [keys for event, keys in lines if event == name]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three take turns."""
    return Desk.of(tmp_path)


def test_three_take_turns_and_the_owner_is_told_on_both_sides(desk: Desk) -> None:
    """In one cycle and over several; HubSpot shows the owner in the same cycle, also as text."""
    first = desk.qualified(4)
    desk.cycle()
    assert desk.owners(first) == ["ann", "ben", "cam", "ann"]
    assert [desk.shown(each) for each in first] == ["ann", "ben", "cam", "ann"]
    assert desk.marketed(first[1], "sales_owner_email") == address("ben")
    later = desk.qualified(2, begin=4)
    desk.cycle()
    assert desk.owners(later) == ["ben", "cam"]
    desk.quiet()


def test_an_owner_whom_no_other_field_tells_is_told_all_the_same(tmp_path: Path) -> None:
    """Where nothing but the owner itself is mapped, it is still the CRM's own edit, which flows on to HubSpot."""
    config = configured(tmp_path, routing())
    person = config / "schema" / "person.yaml"
    tree = yaml.safe_load(person.read_text(encoding="utf-8"))
    for name in ("sales_owner_name", "sales_owner_email"):
        del tree["fields"][name]
    person.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    desk = Desk.over(config)
    people = desk.qualified(2)
    desk.cycle()
    assert [desk.shown(each) for each in people] == desk.owners(people) == ["ann", "ben"]
    desk.quiet()


def test_a_plan_moves_nobodys_turn(desk: Desk) -> None:
    """Planned twice it is the same plan with the same owners, which the cycle then carries out."""
    contacts = desk.qualified(2)
    desk.both.clock.advance(HOUR)
    plans = [plan_only(desk.both.world).plan for _ in range(2)]
    assert plans[0].digest == plans[1].digest
    told = [change.after for action in plans[1].actions() if isinstance(action, Create) for change in action.changes
            if change.field == "owner"]  # fmt: skip
    assert sorted(map(str, told)) == [f"user:{address('ann')}", f"user:{address('ben')}"]
    desk.cycle()
    assert desk.owners(contacts) == ["ann", "ben"]


def test_who_is_not_active_is_passed_over(desk: Desk) -> None:
    """Nobody loses a turn by it: whoever comes back has waited longest."""
    desk.both.salesforce.deactivate_user(desk.user("ben"))
    first = desk.qualified(3)
    desk.cycle()
    assert desk.owners(first) == ["ann", "cam", "ann"]
    (row,) = (row for row in desk.both.salesforce.export()["User"] if row["Email"] == address("ben"))
    desk.sell(row["Id"], object_name="User", IsActive=True)
    later = desk.qualified(3, begin=3)
    desk.cycle()
    assert desk.owners(later) == ["ben", "cam", "ann"]


# -- limits ------------------------------------------------------------------------------------------------------------
def test_a_full_day_sends_the_rest_to_the_queue(tmp_path: Path, heard: Callable[[str], list[object]]) -> None:
    """The next day there is room again; whoever is in the queue stays there until somebody picks them up."""
    desk = Desk.of(tmp_path, pools={"team": {"members": [address("ann")], "per_day": 2}})
    first = desk.qualified(3)
    desk.cycle()
    assert desk.owners(first) == ["ann", "ann", "New Leads"]
    assert len(heard("routing.fell_back")) == 1
    assert desk.marketed(first[2], "sales_owner_name") == "New Leads"
    desk.quiet()
    later = desk.qualified(1, begin=3)
    desk.cycle(after=24 * HOUR)
    assert desk.owners([*later, first[2]]) == ["ann", "New Leads"]
    desk.market(first[2], jobtitle="Head")
    desk.cycle()
    assert desk.owners([first[2]]) == ["New Leads"], "who is in a stage does not come into it"
    desk.quiet()


def test_open_people_count_for_whoever_has_them_now(tmp_path: Path) -> None:
    """One who was picked up from the queue counts as given; one who was accepted is open no more."""
    pool = {"members": [address("ann"), address("ben")], "open": 1}
    desk = Desk.of(tmp_path, pools={"team": pool})
    first = desk.qualified(3)
    desk.cycle()
    assert desk.owners(first) == ["ann", "ben", "New Leads"]
    desk.sell(desk.lead_of(first[0]), Status=WORKING)  # ann accepts, and has room again
    desk.sell(desk.lead_of(first[2]), OwnerId=desk.user("ann"))  # and picks somebody up
    desk.cycle()
    later = desk.qualified(1, begin=3)
    desk.cycle()
    assert desk.owners([*later, first[2]]) == ["New Leads", "ann"]
    assert desk.shown(first[2]) == "ann"
    desk.sell(desk.lead_of(first[1]), Status=WORKING)
    desk.cycle()
    last = desk.qualified(1, begin=4)
    desk.cycle()
    assert desk.owners(last) == ["ben"]
    desk.quiet()


def test_open_people_whom_routing_never_gave_to_anybody_count(tmp_path: Path) -> None:
    """Both teams knew her before the first link: no move, so nobody is routed, but she is Ann's handoff."""
    pool = {"members": [address("ann"), address("ben")], "open": 1}
    desk = Desk.of(tmp_path, pools={"team": pool})
    lead = desk.lead(Email="p0@acme-works.com", OwnerId=desk.user("ann"), Status=NEW)
    first = desk.qualified(1)
    desk.cycle()
    assert desk.lead_of(first[0]) == lead
    assert not desk.both.store.live_assignments()
    later = desk.qualified(2, begin=1)
    desk.cycle()
    assert desk.owners([*first, *later]) == ["ann", "ben", "New Leads"]
    desk.quiet()


# -- rules -------------------------------------------------------------------------------------------------------------
def test_the_companys_owner_comes_first(tmp_path: Path) -> None:
    """Whoever has the account gets its people, and takes nobody's turn; a second person without an account joins."""
    desk = Desk.of(tmp_path, rules=[{"name": "company", "to": "company_owner"}, EVERYBODY])
    company = desk.both.hubspot.create("companies", {"name": "Acme", "domain": "acme-works.com"})
    account = desk.both.salesforce.insert(
        "Account", {"Name": "Acme", "Website": "acme-works.com", "OwnerId": desk.user("cam")}
    )
    other = desk.both.hubspot.create("companies", {"name": "Foo", "domain": "foo-works.com"})
    robot = desk.both.salesforce.org.integration_user
    desk.both.salesforce.insert("Account", {"Name": "Foo", "Website": "foo-works.com", "OwnerId": robot})
    desk.cycle()
    assert desk.sold(account, "Syncd_Marketing_Id__c", object_name="Account") == company
    contacts = desk.qualified(4)
    desk.both.hubspot.associate(contact_id=contacts[0], company_id=company, primary=True)
    for each in contacts[1:3]:
        desk.both.hubspot.associate(contact_id=each, company_id=other, primary=True)
    desk.cycle()
    assert desk.owners(contacts) == ["cam", "ann", "ann", "ben"]


def test_the_crms_own_rules_choose_where_they_are_to(tmp_path: Path) -> None:
    """Only for those who are routed so: the others are saved without any assignment rule, in the same cycle."""
    rules = [{"name": "German", "when": "country == 'DE'", "to": "crm_rules"}, EVERYBODY]
    desk = Desk.of(tmp_path, rules=rules)
    queue = desk.both.salesforce.add_queue("Rule")
    desk.both.salesforce.org.assignment_rules["Lead"] = lambda _row: queue
    german = desk.qualified(2, country="Germany")
    others = desk.qualified(2, begin=2)
    desk.cycle()
    assert desk.owners([*german, *others]) == ["Rule", "Rule", "ann", "ben"]
    desk.market(german[0], jobtitle="Head")
    desk.sell(desk.lead_of(german[1]), OwnerId=desk.user("cam"))
    desk.cycle()
    assert desk.owners(german) == ["Rule", "cam"]
    desk.quiet()


# -- whom a person is taken from ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("owner", "gets"),
    [("dan", "dan"), ("ben", "ben"), ("New Leads", "ann"), ("", "ann")],
    ids=["a salesperson of no pool", "one of the pool", "a queue", "syncd's own user"],
)
def test_nobody_is_taken_away_from_a_salesperson(desk: Desk, owner: str, gets: str) -> None:
    """Somebody sales has known for long becomes an MQL: only who is in a queue or with an integration is given away."""
    desk.both.salesforce.add_user(address("dan"), "Dan")
    contact = desk.contact(email="ann@acme-works.com", company="Acme", hs_lead_status="UNQUALIFIED")
    has = desk.user(owner) if owner else desk.both.salesforce.org.integration_user
    lead = desk.lead(Email="ann@acme-works.com", Status=CLOSED, OwnerId=has)
    desk.cycle()
    before = desk.who(lead)
    desk.market(contact, jobtitle="Head")
    desk.cycle()
    assert desk.who(lead) == before, "nobody is routed for a change of something else"
    desk.market(contact, **MQL)
    desk.cycle()
    assert desk.who(lead) == gets
    assert desk.shown(contact) == (None if gets == "dan" else gets)
    desk.quiet()


def test_who_has_somebody_in_hubspot_keeps_them(desk: Desk) -> None:
    """A salesperson who made the contact is not routed away by its Lead; one of marketing has nobody in the CRM."""
    mia = desk.both.hubspot.add_owner("mia@marketing.example", "Mia", "M")
    owners = {row["email"]: row["id"] for row in desk.both.hubspot.export()["owners"]}
    hers = desk.qualified(1, hubspot_owner_id=mia)
    bens = desk.qualified(1, begin=1, hubspot_owner_id=owners[address("ben")])
    desk.cycle()
    assert desk.owners([*hers, *bens]) == ["ann", "ben"]
    assert desk.shown(hers[0]) == "ann"
    desk.quiet()


def test_whoever_stood_in_two_stages_came_into_the_one_both_agree_on(tmp_path: Path) -> None:
    """A Lead that lay in a queue as new while marketing nurtured its contact: now both say MQL."""
    desk = Desk.of(tmp_path, first_link="hold")
    contact = desk.contact(email="ann@acme-works.com", company="Acme", lifecyclestage="lead", hs_lead_status="")
    lead = desk.lead(Email="ann@acme-works.com", OwnerId=desk.user("New Leads"))
    desk.cycle()
    assert desk.conflict().field == "stage"
    assert desk.who(lead) == "New Leads", "a first link is no move"
    desk.market(contact, **MQL)
    desk.cycle()
    assert not desk.conflicts()
    assert (desk.who(lead), desk.shown(contact)) == ("ann", "ann")
    desk.quiet()
