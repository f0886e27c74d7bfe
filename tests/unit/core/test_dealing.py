"""What a deal says by its Base, what is kept of it beside a person, and the move that is called for by it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from syncd.core.dealing import (
    Closer,
    Saying,
    called,
    calling,
    changed_at,
    deals_of,
    saying,
    state_of,
    still_called,
    told,
    with_call,
    without,
)
from syncd.model.beside import DEALS, called_of, moved_of
from syncd.model.episode import Deal, DealState
from syncd.model.handoff import DealRules, Outcome
from syncd.model.lifecycle import Author, AuthorSort, Move, Standing, Teams
from syncd.model.link import VERSION, Base
from syncd.model.values import Canonical, Pair
from tests.unit.core.test_deal_stage import LIFECYCLE, START

OPEN, WON, LOST, GONE = DealState.OPEN, DealState.WON, DealState.LOST, DealState.GONE
OUTCOME = Outcome("stage", ("won", "renewed"), ("lost",), "contact", "amount", "reason", "owner")
BARE = Outcome("stage", ("won",), ("lost",), "contact")
RULES = DealRules(OUTCOME, LIFECYCLE, Teams(()))
TICK = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
SYSTEM = Author(AuthorSort.SYSTEM)


def base(**agreed: Canonical) -> Base:
    """What both sides agreed on."""
    return Base(agreed, Pair({}, {}))


def deal(**agreed: Canonical) -> Base:
    """An open deal of Ann's, with some fields told differently."""
    return base(**{"stage": "open", "contact": "ann", **agreed})


@pytest.mark.parametrize(
    ("outcome", "agreed", "says"),
    [
        (OUTCOME, deal(), Saying("ann", OPEN, None, "", "", "")),
        (OUTCOME, None, None),
        (OUTCOME, base(stage="open"), None),
        (OUTCOME, base(contact="ann"), None),
        (OUTCOME, deal(stage=None), None),
        (OUTCOME, deal(contact=None), None),
        (OUTCOME, deal(stage="won"), Saying("ann", WON, None, "", "", "")),
        (OUTCOME, deal(stage="renewed"), Saying("ann", WON, None, "", "", "")),
        # -- why is told of a lost one alone
        (OUTCOME, deal(stage="lost", reason="price"), Saying("ann", LOST, None, "", "price", "")),
        (OUTCOME, deal(stage="lost", reason=None), Saying("ann", LOST, None, "", "", "")),
        (OUTCOME, deal(stage="won", reason="price"), Saying("ann", WON, None, "", "", "")),
        (OUTCOME, deal(reason="price"), Saying("ann", OPEN, None, "", "", "")),
        # -- hundredths, half of one to the even side; what is no amount is none
        (OUTCOME, deal(amount="12.5 EUR"), Saying("ann", OPEN, 1250, "EUR", "", "")),
        (OUTCOME, deal(amount="-3 USD"), Saying("ann", OPEN, -300, "USD", "", "")),
        (OUTCOME, deal(amount="7"), Saying("ann", OPEN, 700, "", "", "")),
        (OUTCOME, deal(amount="0.005 EUR"), Saying("ann", OPEN, 0, "EUR", "", "")),
        (OUTCOME, deal(amount="0.015 EUR"), Saying("ann", OPEN, 2, "EUR", "", "")),
        (OUTCOME, deal(amount="much EUR"), Saying("ann", OPEN, None, "", "", "")),
        (OUTCOME, deal(amount=None), Saying("ann", OPEN, None, "", "", "")),
        # -- who has it, if that is a person
        (OUTCOME, deal(owner="user:bo@example.com"), Saying("ann", OPEN, None, "", "", "bo@example.com")),
        (OUTCOME, deal(owner="user:bot@example.com"), Saying("ann", OPEN, None, "", "", "")),
        (OUTCOME, deal(owner="queue:West"), Saying("ann", OPEN, None, "", "", "")),
        (OUTCOME, deal(owner=None), Saying("ann", OPEN, None, "", "", "")),
        # -- of what nobody names, nothing is known
        (BARE, deal(stage="lost", amount="1 EUR", reason="x", owner="user:bo"), Saying("ann", LOST, None, "", "", "")),
    ],
)
def test_what_a_deal_says(outcome: Outcome, agreed: Base | None, says: Saying | None) -> None:
    """As soon as both sides agree on its stage and its contact."""
    assert saying(outcome, agreed, ("user:bot@example.com",)) == says
    if says is not None:
        assert state_of(outcome, agreed.agreed["stage"] if agreed else None) is says.state


def stamped(marketing: str | None, crm: str | None) -> Base:
    """A Base whose records bear these versions."""
    return Base({}, Pair(*({} if each is None else {VERSION: each} for each in (marketing, crm))))


@pytest.mark.parametrize(
    ("before", "after", "at"),
    [
        (None, stamped(None, None), "12:00"),
        (None, stamped("2026-03-01T10:00:00+00:00", None), "10:00"),
        (None, stamped("2026-03-01T10:00:00+00:00", "2026-03-01T09:00:00+00:00"), "09:00"),
        # -- only what is new since
        (
            stamped("2026-03-01T10:00:00+00:00", "2026-03-01T09:00:00+00:00"),
            stamped("2026-03-01T10:00:00+00:00", "2026-03-01T11:00:00+00:00"),
            "11:00",
        ),
        (stamped(None, "2026-03-01T09:00:00+00:00"), stamped(None, "2026-03-01T09:00:00+00:00"), "12:00"),
        # -- now itself; not what is to come, and nothing that is no time of some zone
        (None, stamped("2026-03-01T12:00:00+00:00", None), "12:00"),
        (None, stamped("2026-03-01T12:00:01+00:00", "2026-03-01T11:00:00+00:00"), "11:00"),
        (None, stamped("2026-03-01T13:00:00+00:00", None), "12:00"),
        (None, stamped("7", "2026-03-01T11:00:00"), "12:00"),
    ],
)
def test_when_a_deal_came_to_be_as_it_is(before: Base | None, after: Base, at: str) -> None:
    """The record that was edited is older than the write that carried it over."""
    now = START.replace(hour=12)
    assert changed_at(before, after, now) == datetime.fromisoformat(f"2026-03-01T{at}:00+00:00")


def test_who_closed_it_is_kept_as_text() -> None:
    """In their own letters; nothing is kept where nobody told."""
    closer = Closer(START, "zoë@example.com", "s", "crm")
    assert closer.text == '["2026-03-01T00:00:00.000Z", "zoë@example.com", "s", "crm"]'
    assert Closer.read(closer.text) == closer
    assert Closer.read(None) is None


WINS = Saying("ann", WON, 1250, "EUR", "", "bo@example.com")
LOSES = Saying("ann", LOST, None, "", "größer", "")
OPENS = Saying("ann", OPEN, 1250, "EUR", "", "")


def test_what_is_told_of_a_deal_is_kept_beside_the_person() -> None:
    """All else that both agreed on stays; nothing was ever kept is not the same as no deal."""
    person = Base({"title": "CEO"}, Pair({"a": "1"}, {}))
    kept, event = told("ann", person, "d1", WINS, at=START)
    assert event == Deal("ann", START, "d1", WON, 1250, "EUR", owner="bo@example.com")
    assert kept.confirmed == person.confirmed
    assert kept.agreed == {
        "title": "CEO", DEALS: '[["d1","2026-03-01T00:00:00.000Z","won",1250,"EUR",""]]'
    }  # fmt: skip
    assert deals_of("ann", kept.agreed) == (Deal("ann", START, "d1", WON, 1250, "EUR"),)
    assert deals_of("ann", person.agreed) is None
    both, _ = told("ann", kept, "d0", LOSES, at=START + HOUR)
    assert both.agreed[DEALS] == (
        '[["d0","2026-03-01T01:00:00.000Z","lost",null,"","größer"],'
        '["d1","2026-03-01T00:00:00.000Z","won",1250,"EUR",""]]'
    )
    closer = Closer(START, "bo", "s", "crm")
    _, closed = told("ann", person, "d1", WINS, at=START, closer=closer)
    assert (closed.by, closed.team, closed.side) == ("bo", "s", "crm")


@pytest.mark.parametrize(
    ("says", "hours", "at", "since"),
    [
        (WINS, 1, HOUR, HOUR),
        # -- as it stood before: another amount is news, and it has stood so ever since
        (OPENS, 1, HOUR, timedelta()),
        # -- the last word is the last one in any order
        (WINS, 0, TICK, TICK),
        (WINS, -1, TICK, TICK),
    ],
)
def test_the_last_word_of_a_deal_is_the_latest(says: Saying, hours: int, at: timedelta, since: timedelta) -> None:
    """The event is later than what this deal said before; what is kept is when it came to be in its state."""
    before, _ = told("ann", base(), "d1", OPENS, at=START)
    kept, event = told("ann", before, "d1", says, at=START + hours * HOUR)
    assert event.at == START + at
    assert [each.at for each in deals_of("ann", kept.agreed) or ()] == [START + since]
    _, other = told("ann", before, "d2", says, at=START - HOUR)
    assert other.at == START - HOUR, "another deal is another one"


def test_a_deal_that_is_gone_is_told_once() -> None:
    """Later than whatever it said; it stays known, so that it cannot come back as older."""
    before, _ = told("ann", base(title="CEO"), "d1", WINS, at=START)
    for at, then in ((START + HOUR, START + HOUR), (START - HOUR, START + TICK)):
        kept, gone = without("ann", before, "d1", at=at)
        assert gone == Deal("ann", then, "d1", GONE)
        assert deals_of("ann", kept.agreed) == ()
        assert (kept.agreed["title"], "gone" in str(kept.agreed[DEALS])) == ("CEO", True)
        assert without("ann", kept, "d1", at=at) == (kept, None)
    assert without("ann", before, "d2", at=START) == (before, None)
    _, back = told("ann", kept, "d1", WINS, at=START)
    assert back.at == START + 2 * TICK


def stands(stage: str | None, *states: tuple[str, DealState, int], reason: str = "", **more: Canonical) -> Base:
    """Ann in a stage, whose deals came to be so, so many hours after the start."""
    found = base(**({} if stage is None else {"stage": stage}), **more)
    for name, state, hours in states:
        says = Saying("ann", state, None, "", reason if state is LOST else "", "")
        found, _ = told("ann", found, name, says, at=START + hours * HOUR)
    return found


@pytest.mark.parametrize(
    ("before", "now", "given", "call"),
    [
        (stands("sql"), stands("sql", ("d1", OPEN, 1)), None, ["opportunity", "2026-03-01T01:00:00.000Z", None]),
        (
            stands("opportunity", ("d1", OPEN, 1)), stands("opportunity", ("d1", WON, 2)), None,
            ["customer", "2026-03-01T02:00:00.000Z", None],
        ),
        (
            stands("opportunity", ("d1", OPEN, 1)), stands("opportunity", ("d1", LOST, 2), reason="zu groß"), None,
            ["recycled", "2026-03-01T02:00:00.000Z", "zu groß"],
        ),
        # -- nothing earlier than when they were given the deal
        (stands("sql"), stands("sql", ("d1", WON, 1)), 5, ["customer", "2026-03-01T05:00:00.000Z", None]),
        (stands("sql"), stands("sql", ("d1", WON, 5)), 1, ["customer", "2026-03-01T05:00:00.000Z", None]),
        (stands(None), stands(None, ("d1", OPEN, 1)), None, ["opportunity", "2026-03-01T01:00:00.000Z", None]),
        # -- what decides is as it was: what was called for stays
        (stands("sql", ("d1", OPEN, 1)), stands("sql", ("d1", OPEN, 1), ("d2", OPEN, 2)), None, "kept"),
        (stands("sql"), stands("sql"), None, "kept"),
        # -- it is another one now, and calls for nothing: nothing is called for any more
        (stands("customer", ("d1", OPEN, 1)), stands("customer", ("d1", WON, 2)), None, None),
    ],
)  # fmt: skip
def test_what_a_change_calls_for(before: Base, now: Base, given: int | None, call: object) -> None:
    """In place of what was called for before, and beside all else that is kept."""
    now = Base({**now.agreed, called_of("stage"): "kept", "title": "CEO"}, Pair({"a": "1"}, {}))
    found = calling("ann", before, now, RULES, given=None if given is None else START + given * HOUR)
    kept = found.agreed.get(called_of("stage"))
    assert (json.loads(str(kept)) if kept not in (None, "kept") else kept) == call
    assert (found.agreed["title"], found.confirmed) == ("CEO", now.confirmed)
    assert {*now.agreed} - {*found.agreed} <= {called_of("stage")}
    if isinstance(call, list):
        at = datetime.fromisoformat(call[1])
        assert called(found.agreed, "stage") == Move(call[0], SYSTEM, at, call[2])
        assert "\\u" not in str(kept), "in their own letters"


CALL = Move("customer", SYSTEM, START + 2 * HOUR, "price")
TOLD = json.dumps(["customer", "2026-03-01T02:00:00.000Z", "price"])


@pytest.mark.parametrize(
    ("stage", "moved", "at"),
    [
        ("opportunity", None, 2 * HOUR),
        # -- after the move that led to where they are, if that is later
        ("opportunity", "2026-03-01T01:00:00.000Z ", 2 * HOUR),
        ("opportunity", "2026-03-01T03:00:00.000Z ", 3 * HOUR + TICK),
        ("opportunity", "2026-03-01T02:00:00.000Z ", 2 * HOUR + TICK),
        # -- moved by hand since: none; before it, or at the same moment, it stands
        ("opportunity", "2026-03-01T03:00:00.000Z 2026-03-01T03:00:00.000Z", None),
        ("opportunity", "2026-03-01T03:00:00.000Z 2026-03-01T02:00:00.000Z", 3 * HOUR + TICK),
        ("opportunity", "2026-03-01T03:00:00.000Z 2026-03-01T01:00:00.000Z", 3 * HOUR + TICK),
        # -- they are there already
        ("customer", "2026-03-01T03:00:00.000Z 2026-03-01T03:00:00.000Z", 2 * HOUR),
    ],
)
def test_what_is_called_for_still(stage: str, moved: str | None, at: timedelta | None) -> None:
    """None where a person moved somebody by hand after the deal changed."""
    agreed: dict[str, Canonical] = {"stage": stage, called_of("stage"): TOLD}
    if moved is not None:
        agreed[moved_of("stage")] = moved
    found = still_called(agreed, "stage")
    assert found == (None if at is None else Move("customer", SYSTEM, START + at, "price"))
    assert still_called({"stage": stage}, "stage") is None


def made(*hours: int | None) -> tuple[Move, ...]:
    """Moves that were made at these hours."""
    return tuple(Move(f"s{n}", SYSTEM, None if hour is None else START + hour * HOUR) for n, hour in enumerate(hours))


@pytest.mark.parametrize(
    ("hours", "place", "stage"),
    [
        ((), 0, "customer"),
        ((1,), 1, "customer"),
        ((2,), 1, "customer"),
        ((3,), 0, "last"),
        ((1, 3, 4), 1, "last"),
        ((None,), 1, "customer"),
        ((None, 3), 1, "last"),
    ],
)
def test_a_call_is_a_move_of_its_time(hours: tuple[int | None, ...], place: int, stage: str) -> None:
    """After what was done before it, before what came later; where it is the last one it leads to where they are."""
    moves = made(*hours)
    found = with_call(CALL, Standing("last", moves))
    assert found == Standing(stage, (*moves[:place], CALL, *moves[place:]))
    undated = Move("customer", SYSTEM)
    assert with_call(undated, Standing("last", moves)) == Standing("customer", (*moves, undated))
