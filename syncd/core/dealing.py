"""What deals say of people, from the Bases that both sides agree on: how a deal stands, and what that calls for.

A deal says something as soon as both sides agree on its stage and its primary contact. Goes in: the Base of a deal as
it was and as it is, and what is kept of the person; comes out: the event for the ledger, and what is to be kept of the
person from then on. It promises that what has not changed says nothing, so that the same Base twice is told once.

Beside the fields of a person stands how each of their deals stands (``DEALS``), and the move that they call for
(``called_of``) until the stage is settled: both are texts, stored in the transaction that settles the deal.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from syncd.core.deal_stage import called_for, deciding
from syncd.core.normalize import USER
from syncd.model.beside import DEALS, called_of, moved_of
from syncd.model.episode import Deal, DealState
from syncd.model.handoff import DealRules, Outcome
from syncd.model.lifecycle import Author, AuthorSort, Move, Standing
from syncd.model.link import VERSION, Base
from syncd.model.values import SIDES, Canonical, Instant, Missing, Pair, instant, stamp

_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Saying:
    """What one deal says: of whom, and how it stands. ``amount`` is in hundredths, ``None`` where none is known;
    ``owner`` is empty for a deal that nobody has.
    """

    person: str
    state: DealState
    amount: int | None
    currency: str
    reason: str
    owner: str


@dataclass(frozen=True, slots=True)
class Closer:
    """Who won, lost or reopened a deal, for which team, in which system, and when; empty is not told."""

    at: Instant
    by: str
    team: str
    side: str

    @property
    def text(self) -> str:
        """As it is kept beside the stage until that is settled."""
        return json.dumps([stamp(self.at), self.by, self.team, self.side], ensure_ascii=False)

    @staticmethod
    def read(text: Canonical) -> Closer | None:
        """From its text; ``None`` where nothing is kept."""
        if not isinstance(text, str):
            return None
        at, by, team, side = json.loads(text)
        return Closer(instant(at), by, team, side)


def state_of(outcome: Outcome, stage: Canonical) -> DealState:
    """How a deal in this stage stands."""
    return DealState.WON if stage in outcome.won else DealState.LOST if stage in outcome.lost else DealState.OPEN


def saying(outcome: Outcome, base: Base | None, machines: Collection[str] = ()) -> Saying | None:
    """What a deal says by its Base; ``None`` as long as its stage or its contact was not agreed on.

    :param machines: the owners that are no people.
    """
    agreed: Mapping[str, Canonical] = {} if base is None else base.agreed
    stage, person = agreed.get(outcome.stage), agreed.get(outcome.contact)
    if not isinstance(stage, str) or not isinstance(person, str):
        return None
    state = state_of(outcome, stage)
    amount, currency = _hundredths(None if outcome.amount is None else agreed.get(outcome.amount))
    told = None if outcome.reason is None or state is not DealState.LOST else agreed.get(outcome.reason)
    owner = None if outcome.owner is None else agreed.get(outcome.owner)
    return Saying(person, state, amount, currency, "" if told is None else str(told), _who(owner, machines))


def changed_at(before: Base | None, after: Base, now: Instant) -> Instant:
    """When a deal came to be as it is: the first of the stamps that its records bear since; now, if they bear none.

    The record that was edited is older than the write that carried the edit to the other one.
    """
    times = []
    for side in SIDES:
        version = after.confirmed.of(side).get(VERSION)
        if version is not None and (before is None or before.confirmed.of(side).get(VERSION) != version):
            times.append(_read(str(version)))
    return min((at for at in times if at is not None and at <= now), default=now)


def deals_of(person: str, agreed: Mapping[str, Canonical]) -> tuple[Deal, ...] | None:
    """How the deals of a person stand, by what is kept beside their fields; ``None`` if nothing was ever kept.

    ``at`` is when each came to be in its state.
    """
    if not isinstance(agreed.get(DEALS), str):
        return None
    return tuple(deal for deal in _kept(person, agreed) if deal.state is not DealState.GONE)


def called(agreed: Mapping[str, Canonical], field: str) -> Move | None:
    """The move of a person that their deals call for and that was not settled yet."""
    kept = agreed.get(called_of(field))
    if not isinstance(kept, str):
        return None
    stage, at, reason = json.loads(kept)
    return Move(stage, author=Author(AuthorSort.SYSTEM), at=instant(at), reason=reason)


def still_called(agreed: Mapping[str, Canonical], field: str) -> Move | None:
    """That move as it is to be judged: none where a person has moved somebody by hand after the deal changed, at a time
    that a vendor tells; a time at which such a move was merely noticed takes no win away.

    It goes on from where both sides agreed to be, so it comes after the move that led there: the ledger's last word is
    the last one.
    """
    call, kept = called(agreed, field), agreed.get(moved_of(field))
    if call is None or call.at is None or not isinstance(kept, str) or agreed.get(field) == call.stage:
        return call
    last, _, by_hand = kept.partition(" ")
    if by_hand and instant(by_hand) > call.at:
        return None
    return replace(call, at=max(call.at, instant(last) + _TICK))


def is_over(call: Move, agreed: str | Missing | None, standing: Pair[Standing]) -> bool:
    """Whether a move was made, and they were moved on since. Whoever stands where they were before it has not been: of
    a write that a process died on, what the other side had confirmed is forgotten, and seems to be another stage.

    :param standing: each side, with what it did since both agreed.
    """
    if call.stage != agreed:
        return False
    last = (side.moves[-1] for side in standing if side.moves and side.stage != call.stage)
    return any(move.at is None or call.at is None or move.at > call.at for move in last)


def with_call(call: Move, standing: Standing) -> Standing:
    """A side as if a move had been made there at its time: after what was done before it, before what came later."""
    moves = standing.moves
    later = (n for n, move in enumerate(moves) if move.at is not None and call.at is not None and move.at > call.at)
    first = next(later, None)
    if first is None:
        return Standing(call.stage, (*moves, call))
    return Standing(standing.stage, (*moves[:first], call, *moves[first:]))


def without(person: str, base: Base, deal: str, *, at: Instant) -> tuple[Base, Deal | None]:
    """What is kept of a person who has a deal no longer, and the event that tells so; none where nothing was told of
    it. It calls for nothing by itself.
    """
    kept = {each.deal: each for each in _kept(person, base.agreed)}
    last = kept.get(deal)
    if last is None or last.state is DealState.GONE:
        return base, None
    gone = Deal(person, max(at, last.at + _TICK), deal, DealState.GONE)
    return Base({**base.agreed, DEALS: _text({**kept, deal: gone}.values())}, base.confirmed), gone


def told(
    person: str, base: Base, deal: str, says: Saying, *, at: Instant, closer: Closer | None = None
) -> tuple[Base, Deal]:
    """What is kept of a person one of whose deals says something else, and the event that tells so.

    An event is later than whatever this deal said before, so that the last word is the last one in any order.
    """
    before = {each.deal: each for each in _kept(person, base.agreed)}
    last = before.get(deal)
    at = at if last is None or at > last.at else last.at + _TICK
    event = Deal(person, at, deal, says.state, says.amount, says.currency, says.reason, owner=says.owner)
    if closer is not None:
        event = replace(event, by=closer.by, team=closer.team, side=closer.side)
    kept = event if last is None or last.state is not says.state else replace(event, at=last.at)
    return Base({**base.agreed, DEALS: _text({**before, deal: kept}.values())}, base.confirmed), event


def calling(person: str, before: Base, now: Base, rules: DealRules, *, given: Instant | None = None) -> Base:
    """A Base with the move that a change of what decides calls for, in place of what was called for before.

    :param given: when they were given a deal that had been won or lost before: it calls for nothing earlier.
    """
    field = rules.lifecycle.field
    was, is_ = deals_of(person, before.agreed) or (), deals_of(person, now.agreed) or ()
    decided, decides = deciding(was), deciding(is_)
    if decides is None or (decided is not None and decided.state is decides.state):
        return now
    stage = now.agreed.get(field)
    move = called_for(None if stage is None else str(stage), before=was, now=is_, lifecycle=rules.lifecycle)
    agreed = {name: value for name, value in now.agreed.items() if name != called_of(field)}
    if move is not None and move.at is not None:
        at = move.at if given is None else max(move.at, given)
        agreed[called_of(field)] = json.dumps([move.stage, stamp(at), move.reason], ensure_ascii=False)
    return Base(agreed, now.confirmed)


def _kept(person: str, agreed: Mapping[str, Canonical]) -> tuple[Deal, ...]:
    """The last word of each deal that was ever this person's; of those that are gone, too, or a deal that comes back
    could be told as older than it went.
    """
    kept = agreed.get(DEALS)
    if not isinstance(kept, str):
        return ()
    return tuple(
        Deal(person, instant(at), deal, DealState(state), amount, currency, reason)
        for deal, at, state, amount, currency, reason in json.loads(kept)
    )


def _text(deals: Iterable[Deal]) -> str:
    rows = sorted([each.deal, stamp(each.at), each.state, each.amount, each.currency, each.reason] for each in deals)
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _hundredths(value: Canonical) -> tuple[int | None, str]:
    """An amount of money in hundredths of its currency."""
    if not isinstance(value, str):
        return None, ""
    amount, _, currency = value.partition(" ")
    try:
        return int((Decimal(amount) * 100).to_integral_value(ROUND_HALF_EVEN)), currency
    except InvalidOperation:
        return None, ""


def _who(owner: Canonical, machines: Collection[str]) -> str:
    """The person who has a deal, as calendars name them; empty for nobody, a queue, or a user that is no person."""
    if not isinstance(owner, str) or not owner.startswith(USER) or owner in machines:
        return ""
    return owner.removeprefix(USER)


def _read(version: str) -> Instant | None:
    """The time that a version bears, as both vendors' do."""
    try:
        read = datetime.fromisoformat(version)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None
