"""Laws of the ledger, for any history whatever."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.ledger import episode_of, episodes_of, shared_legs
from syncd.core.legs import Leg
from syncd.core.sales import sold_later
from syncd.model.episode import IMPOSSIBLE, OPEN, Deal, DealState, Departed, Event, HandedOn, Moved, Oddity, Told
from syncd.model.lifecycle import NEW
from tests.unit.core.ledgers import BOOK, at, contacted, deal, delivered, moved, of, told, touched

STAGES = ("lead", "mql", "sql", "opportunity", "customer", "disqualified", "nurture")
hours = st.integers(0, 400)
people = st.sampled_from(("P", "Q", "R"))
owners = st.sampled_from(("", "ann", "kim@example.com", "queue:Berlin Inbound"))
moves = st.builds(
    lambda stage, when, person, cycle, team, start: moved(stage, when, person, cycle=cycle, team=team, start=start),
    st.sampled_from(STAGES),
    hours,
    people,
    st.integers(1, 3),
    st.sampled_from(("sales", "system")),
    st.sampled_from((NEW, "lead", "mql", "sql")),
)
others = st.one_of(
    st.builds(delivered, hours, people, owners),
    st.builds(lambda when, who, owner: told(when, who, owner=owner), hours, people, owners.filter(bool)),
    st.builds(lambda when, who, owner: HandedOn(who, at(when), owner, "ann"), hours, people, owners.filter(bool)),
    st.builds(touched, hours, people),
    st.builds(lambda when, who, back: Departed(who, at(when), back), hours, people, st.booleans()),
    st.builds(contacted, hours, people),
    st.builds(
        lambda when, who, company, grade: told(when, who, company=company, grade=grade),
        hours,
        people,
        st.sampled_from(("C", "D")),
        st.sampled_from(("A", "B")),
    ),
    st.builds(
        lambda state, when, who, which: deal(state, when, who, deal=which),
        st.sampled_from([state.value for state in DealState]),
        hours,
        people,
        st.sampled_from(("D", "E")),
    ),
)
histories = st.lists(st.one_of(moves, moves, others), max_size=25)


@given(histories, st.randoms(use_true_random=False))
def test_what_is_sold_later_is_a_part_of_what_was_won(events: list[Event], chance: random.Random) -> None:
    """Read from moves, deals and facts of its people alone, in any order; it comes after the win, oldest first."""
    told_of = [event for event in events if isinstance(event, (Moved, Deal, Told))]
    chance.shuffle(told_of)
    for episode in of(*events):
        cycles = frozenset((member.person, member.cycle) for member in episode.members)
        sales = sold_later(cycles, told_of, BOOK)
        assert not sales or Oddity.SOLD_AGAIN in episode.oddities
        assert sum(sale.amount or 0 for sale in sales) <= (episode.amount or 0)
        assert [sale.at for sale in sales] == sorted(sale.at for sale in sales)
        assert all(episode.won_at is not None and sale.at.date() > episode.won_at.date() for sale in sales)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(events: list[Event], chance: random.Random) -> None:
    """Vendors tell late and in any order."""
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert of(*shuffled) == of(*events)


@given(histories)
def test_an_event_told_twice_is_one(events: list[Event]) -> None:
    """An echo adds nothing."""
    assert of(*events, *events) == of(*events)


@given(histories)
def test_every_qualification_is_in_exactly_one_episode(events: list[Event]) -> None:
    """However people of a company join each other; and every yes, too, is in one."""
    members = [(each.person, each.cycle) for episode in of(*events) for each in episode.members]
    assert len(members) == len(set(members))
    stages = {"mql", "sql", "opportunity", "customer"}
    begun = {(each.person, each.cycle) for each in events if isinstance(each, Moved) and each.stage in stages}
    assert begun <= set(members)


@given(histories)
def test_no_clock_is_negative_and_what_cannot_be_true_is_listed(events: list[Event]) -> None:
    """A time before the one it follows from is an oddity, never a clock."""
    for episode in of(*events):
        assert all(clock is None or clock >= 0 for clock in (episode.system, episode.touch, episode.decision))
        times = episode.qualified_at, episode.accepted_at or episode.rejected_at
        if times[0] is not None and times[1] is not None and times[1] < times[0]:
            assert IMPOSSIBLE.intersection(episode.oddities)


@given(histories)
def test_an_episode_is_open_or_it_has_an_end(events: list[Event]) -> None:
    """And warnings come before breaches, members in their order."""
    for episode in of(*events):
        assert (episode.state in OPEN) == (episode.closed_at is None)
        assert list(episode.members) == sorted(episode.members, key=lambda each: (each.at, each.person, each.cycle))
        assert episode.opened_at == episode.members[0].at
        if episode.touch_due is not None:
            assert episode.delivered_at is not None
            assert episode.touch_warned is not None
            assert episode.delivered_at < episode.touch_warned < episode.touch_due


@given(histories)
def test_nobody_is_handed_over_twice_at_once(events: list[Event]) -> None:
    """When a person's next cycle begins, the one before has ended."""
    theirs: dict[str, list[Leg]] = {}
    for leg in (leg for shared in shared_legs(events, BOOK) for leg in shared):
        theirs.setdefault(leg.person, []).append(leg)
    for legs in theirs.values():
        legs.sort(key=lambda leg: leg.cycle)
        assert all(leg.ended is not None for leg in legs[:-1])


@given(histories, st.lists(st.tuples(hours, people, owners.filter(bool)), max_size=4))
def test_no_later_owner_changes_a_clock_that_ended(events: list[Event], later: list[tuple[int, str, str]]) -> None:
    """Whoever has the person afterwards: what was done or missed was done or missed by somebody else."""
    known = [*events, *(told(0, each, owner="ann") for each in ("P", "Q", "R"))]
    end = max(each.at for each in known)
    new = [told((end - at(0)).total_seconds() / 3_600 + 1 + when, who, owner=owner) for when, who, owner in later]
    after = {episode.id: episode for episode in of(*known, *new)}
    for before in of(*known):
        now = after[before.id]
        if before.touched_at is not None:
            told_of = now.touch, now.touch_due, now.touch_owner, now.assigned_at
            assert told_of == (before.touch, before.touch_due, before.touch_owner, before.assigned_at)
        if before.accepted_at is not None or before.rejected_at is not None:
            told_of_it = now.decision, now.decision_due, now.decision_owner
            assert told_of_it == (before.decision, before.decision_due, before.decision_owner)


@given(histories)
def test_whoever_waits_has_an_alarm(events: list[Event]) -> None:
    """Each person of an episode who is with sales and not done: delivered, not ended, not answered or moved on."""
    for shared in shared_legs(events, BOOK):
        episode = episode_of(shared, BOOK)
        for leg, member in zip(shared, episode.members, strict=True):
            answered = leg.accepted is not None or leg.moved_on is not None
            waits = leg.ended is None and not answered and leg.delivered_after(leg.qualified) is not None
            assert (member.decision_due is not None) == (waits and member.grade == "A")
            touched = any(each >= (leg.qualified or leg.opened) for other in shared for each in other.by_sales())
            seen = leg.ended is None and leg.delivered_after(leg.qualified) is not None
            assert (member.touch_due is not None) == (seen and not touched)


@given(histories, histories)
def test_companies_are_told_apart(some: list[Event], more: list[Event]) -> None:
    """What others do changes nobody's episodes."""
    theirs = [
        type(each)(**{**_fields(each), "person": f"other {each.person}"}) for each in more if not isinstance(each, Told)
    ]
    together = {episode.id: episode for episode in episodes_of([*some, *theirs], BOOK)}
    assert all(together[episode.id] == episode for episode in of(*some))


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__slots__}
