"""Routing: who gets a person, whose turn it is, and who was passed over and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.routing import Desk, Incoming, Router, Standing, as_owner, given_today, keeper, may_take, standings
from syncd.model.lifecycle import SYSTEM, Team, Teams
from syncd.model.persona import Persona
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.routing import (
    How,
    Order,
    Passed,
    Pool,
    Routing,
    RoutingRule,
    TakesFrom,
    ToCompanyOwner,
    ToCrmRules,
    ToOwner,
    ToPool,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = frozenset({"country", "title", "employees", "company", "owner"})
ANN, BEN, CAM, INBOUND = "user:ann@x.example", "user:ben@x.example", "user:cam@x.example", "queue:Inbound"
TRIO = Pool("trio", (ANN, BEN, CAM))
USERS = dict.fromkeys((ANN, BEN, CAM, INBOUND), Standing.ACTIVE)
DESK = Desk(USERS)
TURNS = Routing("owner", (RoutingRule("all", ToPool("trio")),), (TRIO,), INBOUND, created=True)


def somebody(number: int = 0, **values: str) -> Incoming:
    """One person; they come in by number."""
    return Incoming(f"p{number:04}", NOW + timedelta(seconds=number), values)


def owners(routing: Routing, desk: Desk, number: int) -> list[str | None]:
    """Who gets so many people, one after the other."""
    decided = Router(routing, NAMES).all([somebody(n) for n in range(number)], desk, NOW)
    return [decided[each].owner for each in sorted(decided)]


# -- turns -------------------------------------------------------------------------------------------------------------
def test_three_take_turns() -> None:
    """In the order of the pool, again and again."""
    assert owners(TURNS, DESK, 7) == [ANN, BEN, CAM, ANN, BEN, CAM, ANN]


def test_turns_go_on_where_they_ended() -> None:
    """Who has waited longest is next, whoever was given somebody last."""
    desk = replace(DESK, turns={("trio", ANN): 8, ("trio", BEN): 6, ("trio", CAM): 7}, number=8)
    assert owners(TURNS, desk, 4) == [BEN, CAM, ANN, BEN]


def test_a_turn_that_was_lost_comes_first() -> None:
    """Somebody else's later write was done and theirs was not: they have waited longest."""
    assert owners(TURNS, replace(DESK, turns={("trio", BEN): 2, ("trio", CAM): 3}, number=3), 2) == [ANN, BEN]


def test_turns_of_another_pool_are_none() -> None:
    """Who serves in two pools has a turn in each."""
    assert owners(TURNS, replace(DESK, turns={("other", ANN): 9}, number=9), 1) == [ANN]


def test_the_inactive_the_unknown_and_the_ambiguous_are_passed_over() -> None:
    """Nobody of them is given anybody, and each is told with the reason."""
    users = {ANN: Standing.INACTIVE, BEN: Standing.AMBIGUOUS, INBOUND: Standing.ACTIVE}
    routed = Router(TURNS, NAMES).route(somebody(), Desk(users), NOW)
    assert (routed.how, routed.owner) == (How.FALLBACK, INBOUND)
    assert routed.passed == (
        Passed("all", ANN, "is not active"),
        Passed("all", BEN, "is the name of several"),
        Passed("all", CAM, "is no user or queue of the CRM"),
    )


def test_who_has_a_later_turn_is_told() -> None:
    """Also those who could have been given the person."""
    routed = Router(TURNS, NAMES).route(somebody(), DESK, NOW)
    assert routed.passed == (Passed("all", BEN, "has a later turn"), Passed("all", CAM, "has a later turn"))
    assert (routed.rule, routed.pool, routed.number) == ("all", "trio", 1)


def test_the_limit_of_a_day_sends_the_rest_to_the_queue() -> None:
    """What was given before counts, and so does what is given in this batch."""
    routing = replace(TURNS, pools=(replace(TRIO, per_day=2),))
    assert owners(routing, replace(DESK, today={ANN: 2, BEN: 1}), 5) == [BEN, CAM, CAM, INBOUND, INBOUND]


def test_the_limit_of_open_people_sends_the_rest_to_the_queue() -> None:
    """A member with as many open people as they may have is told as full."""
    routing = replace(TURNS, pools=(replace(TRIO, open=3),))
    desk = replace(DESK, open={ANN: 3, BEN: 3, CAM: 4})
    routed = Router(routing, NAMES).route(somebody(), desk, NOW)
    assert routed.how is How.FALLBACK
    assert routed.passed[0] == Passed("all", ANN, "has 3 open people, of 3 at most")
    routed = Router(replace(TURNS, pools=(replace(TRIO, open=1),)), NAMES).route(
        somebody(), replace(DESK, open={ANN: 1}), NOW
    )
    assert routed.passed[0] == Passed("all", ANN, "has 1 open person, of 1 at most")


def test_the_least_loaded_is_next() -> None:
    """Fewest open people first; of equals, who has waited longest."""
    routing = replace(TURNS, pools=(replace(TRIO, order=Order.LEAST_LOADED),))
    desk = replace(DESK, open={ANN: 4, BEN: 2, CAM: 1}, turns={("trio", ANN): 1, ("trio", BEN): 2}, number=2)
    assert owners(routing, desk, 4) == [CAM, BEN, CAM, BEN]


def test_people_of_one_moment_go_by_their_id() -> None:
    """The order in which they are told does not matter."""
    people = [replace(somebody(n), at=NOW) for n in range(6)]
    router = Router(TURNS, NAMES)
    assert router.all(people, DESK, NOW) == router.all(reversed(people), DESK, NOW)


# -- rules -------------------------------------------------------------------------------------------------------------
TERRITORY = replace(
    TURNS,
    rules=(
        RoutingRule("their company's owner", ToCompanyOwner()),
        RoutingRule("large", ToOwner(CAM), "int(employees) > 1000"),
        RoutingRule("german", ToPool("trio"), "country == 'DE'"),
        RoutingRule("french", ToOwner("queue:France"), "country == 'FR'"),
        RoutingRule("rest", ToCrmRules()),
    ),
)


def test_the_first_rule_that_holds_decides() -> None:
    """A condition that does not hold and one without an answer are passed over, told apart."""
    routed = Router(TERRITORY, NAMES).route(somebody(country="DE"), DESK, NOW)
    assert (routed.owner, routed.rule) == (ANN, "german")
    assert routed.passed[0] == Passed("their company's owner", "", "no company is linked to the person")
    assert routed.passed[1].rule == "large"
    assert routed.passed[1].why.startswith("no answer: ")


def test_a_rule_that_holds_and_has_nobody_is_the_last() -> None:
    """Somebody in France is not given to whoever serves the rest."""
    routed = Router(TERRITORY, NAMES).route(somebody(country="FR", employees="5"), DESK, NOW)
    assert (routed.how, routed.owner) == (How.FALLBACK, INBOUND)
    assert routed.passed[-1] == Passed("french", "queue:France", "is no user or queue of the CRM")


def test_the_rest_is_left_to_the_crm() -> None:
    """No owner is given then."""
    routed = Router(TERRITORY, NAMES).route(somebody(country="PL", employees="5"), DESK, NOW)
    assert (routed.how, routed.owner, routed.rule) == (How.CRM_RULES, None, "rest")


def test_without_a_queue_the_person_stays() -> None:
    """The fallback is no queue of the CRM: nobody is invented."""
    users = {ANN: Standing.INACTIVE}
    routed = Router(TURNS, NAMES).route(somebody(), Desk(users), NOW)
    assert (routed.how, routed.owner) == (How.NOBODY, None)
    assert routed.passed[-1] == Passed("fallback", INBOUND, "is no user or queue of the CRM")


@pytest.mark.parametrize(
    ("had", "owner", "passed"),
    [
        # the first who can be given somebody
        ([(BEN, "an open handoff"), (ANN, "the account")], BEN, None),
        ([("user:gone@x.example", "an open handoff"), (CAM, "the account")], CAM,
         Passed("their company's owner", "user:gone@x.example", "is no user or queue of the CRM (an open handoff)")),
        # a queue has nobody's company
        ([(INBOUND, "the account")], ANN,
         Passed("their company's owner", INBOUND, "is a queue, and so nobody's company")),
        ([], ANN, Passed("their company's owner", "", "nobody has the company")),
    ],
)  # fmt: skip
def test_whoever_has_the_company(had: list[tuple[str, str]], owner: str, passed: Passed | None) -> None:
    """The company's owner comes first, and where there is none the next rule does."""
    person = replace(somebody(country="DE"), company="c1", company_owners=tuple(had))
    routed = Router(TERRITORY, NAMES).route(person, DESK, NOW)
    assert routed.owner == owner
    assert passed is None or passed in routed.passed


def test_two_of_one_company_go_to_one_owner() -> None:
    """The second joins the first, and takes nobody's turn."""
    people = [replace(somebody(n, country="DE"), company="c1") for n in range(2)]
    people.append(somebody(2, country="DE"))
    decided = Router(TERRITORY, NAMES).all(people, DESK, NOW)
    assert [decided[each.id].owner for each in people] == [ANN, ANN, BEN]


def test_who_has_somebody_already_keeps_them() -> None:
    """Nobody takes a turn for it; a keeper who is gone keeps nobody."""
    router = Router(TURNS, NAMES)
    kept = router.route(replace(somebody(), keeper=CAM), DESK, NOW)
    assert (kept.owner, kept.pool) == (CAM, "")
    desk = DESK.copied()
    desk.note(kept, None)
    assert router.route(somebody(1), desk, NOW).owner == ANN
    left = router.route(replace(somebody(), keeper="user:gone@x.example"), DESK, NOW)
    assert left.owner == ANN


def test_a_rule_may_ask_for_the_persona() -> None:
    """A persona in doubt is no persona: the rule has no answer."""
    boss = Persona("boss", "Boss", "Decides", "title == 'CEO'", "us")
    large = Persona("large", "Large", "Big", "int(employees) > 100", "us")
    rules = (RoutingRule("bosses", ToOwner(CAM), "persona == 'boss'"), RoutingRule("all", ToPool("trio")))
    router = Router(replace(TURNS, rules=rules, personas=(large, boss)), NAMES)
    assert router.route(somebody(title="CEO", employees="5"), DESK, NOW).owner == CAM
    assert router.route(somebody(title="CFO", employees="5"), DESK, NOW).passed[0].why == "does not hold"
    assert router.route(somebody(title="CFO"), DESK, NOW).passed[0].why.startswith("no answer: persona is not clear")


# -- who there is ------------------------------------------------------------------------------------------------------
def user(name: str, *, active: bool = True, profile: str = "", sort: UserSort = UserSort.USER) -> RemoteUser:
    """One user, by the first part of the address."""
    email = f"{name}@x.example" if sort is UserSort.USER else None
    return RemoteUser(f"id-{name}-{active}-{profile}", sort, name, email, active, profile=profile)


ROBOTS = Teams((), automation=Team(SYSTEM, "Automation", profiles=("Integration",)))


def test_who_can_be_given_somebody() -> None:
    """An address that two active users share is nobody's; one that somebody had who left is the other's."""
    users = [
        user("ann"), user("ann", active=False), user("ben", active=False), user("cam"), user("cam", profile="Other"),
        user("sync", profile="Integration"), user("Inbound", sort=UserSort.QUEUE),
    ]  # fmt: skip
    assert standings(users, replace(TURNS, teams=ROBOTS)) == {
        ANN: Standing.ACTIVE,
        BEN: Standing.INACTIVE,
        CAM: Standing.AMBIGUOUS,
        "user:sync@x.example": Standing.AUTOMATION,
        INBOUND: Standing.ACTIVE,
    }


@pytest.mark.parametrize(
    ("owner", "takes", "may"),
    [
        (None, TakesFrom(queues=False, automation=False), True),
        (INBOUND, TakesFrom(), True),
        (INBOUND, TakesFrom(queues=False), False),
        ("user:sync@x.example", TakesFrom(), True),
        ("user:sync@x.example", TakesFrom(automation=False), False),
        # a salesperson, also one who left unless that is said, and one who is named
        (ANN, TakesFrom(), False),
        (BEN, TakesFrom(), False),
        (BEN, TakesFrom(inactive=True), True),
        (ANN, TakesFrom(inactive=True), False),
        (ANN, TakesFrom(users=(ANN,)), True),
        ("user:unknown@x.example", TakesFrom(inactive=True), False),
    ],
)
def test_whom_a_person_is_taken_from(owner: str | None, takes: TakesFrom, *, may: bool) -> None:
    """From nobody, queues and automation unless the file says otherwise; from no salesperson but those it names."""
    users = {ANN: Standing.ACTIVE, BEN: Standing.INACTIVE, "user:sync@x.example": Standing.AUTOMATION}
    assert may_take(owner, replace(TURNS, takes_from=takes), users) is may


def test_who_keeps_a_person_of_the_other_side() -> None:
    """Only somebody of the CRM; whoever the file takes people from keeps nobody."""
    users = {ANN: Standing.ACTIVE, "user:sync@x.example": Standing.AUTOMATION}
    assert keeper(ANN, TURNS, users) == ANN
    assert keeper(ANN, replace(TURNS, takes_from=TakesFrom(users=(ANN,))), users) is None
    assert keeper("user:mia@marketing.example", TURNS, users) is None
    assert keeper("user:sync@x.example", TURNS, users) is None
    assert keeper(None, TURNS, users) is None


def test_a_day_begins_where_the_owner_is() -> None:
    """Half past midnight in Berlin is yesterday in UTC."""
    midnight = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    given = [(ANN, midnight), (BEN, midnight), (BEN, NOW), (ANN, NOW - timedelta(days=1))]
    assert given_today(given, replace(TURNS, zones={ANN: "Europe/Berlin"}), NOW) == {ANN: 1, BEN: 1}


def test_owners_of_the_ledger() -> None:
    """As the shared name, or as an address alone."""
    assert [as_owner(each) for each in (ANN, INBOUND, "Ann@X.example")] == [ANN, INBOUND, ANN]
