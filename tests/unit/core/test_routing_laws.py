"""Laws of routing, for any pools, people, turns and loads."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.routing import Desk, Incoming, Router, Standing
from syncd.model.routing import How, Order, Pool, Routing, RoutingRule, ToCompanyOwner, ToPool

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = frozenset({"country", "company", "owner"})
QUEUE = "queue:Inbound"
MEMBERS = [f"user:m{number}@x.example" for number in range(6)]
COUNTS = st.dictionaries(st.sampled_from(MEMBERS), st.integers(0, 5))


@st.composite
def pools(draw: st.DrawFn, key: str) -> Pool:
    """Any pool of one to six members."""
    members = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, unique=True))
    limits = st.none() | st.integers(1, 6)
    return Pool(key, tuple(members), draw(st.sampled_from(Order)), draw(limits), draw(limits))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Routing, Desk, list[Incoming]]:
    """Any routing over two pools, any desk, any people."""
    rules = (
        RoutingRule("company", ToCompanyOwner()),
        RoutingRule("west", ToPool("west"), "country == 'US'"),
        RoutingRule("rest", ToPool("rest")),
    )
    routing = Routing("owner", rules, (draw(pools("west")), draw(pools("rest"))), QUEUE, created=True)
    people = st.builds(
        lambda id_, second, country, company, owner: Incoming(
            id_,
            NOW + timedelta(seconds=second),
            {"country": country},
            company,
            ((owner, "the account"),) if owner else (),
        ),
        st.text("abcdef", min_size=1, max_size=3),
        st.integers(0, 3),
        st.sampled_from(["US", "DE", None]),
        st.sampled_from([None, "c1", "c2"]),
        st.sampled_from([None, *MEMBERS[:3]]),
    )
    turns = draw(
        st.dictionaries(st.tuples(st.sampled_from(["west", "rest"]), st.sampled_from(MEMBERS)), st.integers(1, 99))
    )
    users = draw(st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(Standing))) | {QUEUE: Standing.ACTIVE}
    desk = Desk(users, turns, draw(COUNTS), draw(COUNTS), number=100)
    return routing, desk, draw(st.lists(people, max_size=30, unique_by=lambda each: each.id))


@given(worlds())
def test_nobody_who_is_not_active_is_chosen_and_no_limit_is_exceeded(
    world: tuple[Routing, Desk, list[Incoming]],
) -> None:
    """Whatever anybody had before, and however many come at once."""
    routing, desk, people = world
    decided = Router(routing, NAMES).all(people, desk, NOW)
    assert decided.keys() == {each.id for each in people}
    today, opened = Counter(desk.today), Counter(desk.open)
    limits = {pool.key: pool for pool in routing.pools}
    for person in sorted(people, key=lambda each: (each.at, each.id)):
        routed = decided[person.id]
        assert routed.owner is not None, "there is a queue for whom nobody has room"
        assert desk.users[routed.owner] is Standing.ACTIVE
        if pool := limits.get(routed.pool):
            assert routed.owner in pool.members
            assert pool.per_day is None or today[routed.owner] < pool.per_day
            assert pool.open is None or opened[routed.owner] < pool.open
        today[routed.owner] += 1
        opened[routed.owner] += 1


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_told_does_not_matter(
    world: tuple[Routing, Desk, list[Incoming]], chance: random.Random
) -> None:
    """The same people get the same owners, again and in any order, and from dictionaries in any order."""
    routing, desk, people = world
    router = Router(routing, NAMES)
    first = router.all(people, desk, NOW)
    shuffled = chance.sample(people, len(people))
    users = dict(chance.sample(list(desk.users.items()), len(desk.users)))
    assert router.all(shuffled, replace(desk, users=users), NOW) == first


@given(st.integers(1, 6), st.lists(st.sampled_from(["US", "DE"]), max_size=60), st.booleans())
def test_turns_are_fair_within_one(members: int, countries: list[str], cut: bool) -> None:
    """After any sequence of people nobody of a pool is ahead by more than one, also if it comes in two batches."""
    pool = Pool("all", tuple(MEMBERS[:members]))
    rules = (RoutingRule("west", ToPool("west"), "country == 'US'"), RoutingRule("rest", ToPool("all")))
    routing = Routing("owner", rules, (pool, replace(pool, key="west")), QUEUE, created=True)
    desk = Desk(dict.fromkeys([*MEMBERS, QUEUE], Standing.ACTIVE))
    router = Router(routing, NAMES)
    given_: Counter[tuple[str, str]] = Counter()
    people = [Incoming(f"{n:03}", NOW + timedelta(seconds=n), {"country": each}) for n, each in enumerate(countries)]
    half = len(people) // 2 if cut else len(people)
    for batch in (people[:half], people[half:]):
        for routed in router.all(batch, desk, NOW).values():
            assert routed.how is How.GIVEN
            assert routed.owner is not None
            given_[routed.pool, routed.owner] += 1
            desk = desk.copied()
            desk.note(routed, None)
            for key in ("all", "west"):
                had = [given_[key, member] for member in pool.members]
                assert max(had) - min(had) <= 1
