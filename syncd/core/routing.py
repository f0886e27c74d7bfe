"""Who gets a person: the declared rules, held against who there is, what they have and whose turn it is.

Pure: values, users, loads and turns come in, one decision comes out, with everybody who was passed over and why. It
promises that nobody inactive or unknown is ever chosen, that no pool's limit is exceeded, that in a pool who has waited
longest is next, and that the same people get the same owners in whatever order they are told.

The first rule that holds decides. A rule to the company's owner holds only where there is one who can be given
somebody; any other rule that holds and has nobody with room sends the person to the fallback queue, since whoever
declared a territory wants nobody from elsewhere in it. A condition without an answer is passed over, and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from syncd.core.expressions import compile_expression
from syncd.core.normalize import owner_name
from syncd.core.persona import holds
from syncd.core.rating import Profiles
from syncd.core.remembering import Condition, remembering
from syncd.core.teams import Membership
from syncd.model.lifecycle import SYSTEM, Author, AuthorSort
from syncd.model.persona import GRADE, PERSONA
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.routing import (
    QUEUE,
    USER,
    How,
    Order,
    Passed,
    Pool,
    Routed,
    Routing,
    RoutingRule,
    ToCompanyOwner,
    ToCrmRules,
    ToOwner,
    ToPool,
)
from syncd.model.values import Canonical, Instant

FALLBACK: Final = "fallback"
"""The name of the last rule, which is always there."""
KEPT: Final = "kept by their owner on the marketing side"
"""The name of the rule before all others: whom a salesperson has already is not given to somebody else."""

JOINED: Final = "joins the open handoff of the company"
"""The name of the rule after that one: one company is one handoff, with one owner."""

_FEW: Final = frozenset({PERSONA, GRADE})
JUST_NOW: Final = "was given somebody of the company a moment ago"


class Standing(StrEnum):
    """Whether somebody can be given a person; if not, why, in words that follow a name."""

    ACTIVE = "is active"
    INACTIVE = "is not active"
    AMBIGUOUS = "is the name of several"
    AUTOMATION = "is no person"
    UNKNOWN = "is no user or queue of the CRM"
    LATE = "has let the time pass"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One person to be routed. ``at`` and ``id`` say who comes first; ``company`` is the link of their company.

    ``company_owners`` are who has the company, the first choice first, each with how that is known. ``keeper`` is who
    has the person already, on the other side; ``late`` who has let their time pass, and is not given them again.
    ``joins`` is the company whose open handoff the person would join, ``joint_owner`` who has that now.
    """

    id: str
    at: Instant
    values: Mapping[str, Canonical]
    company: str | None = None
    company_owners: tuple[tuple[str, str], ...] = ()
    keeper: str | None = None
    late: str | None = None
    joins: str | None = None
    joint_owner: str | None = None


@dataclass(slots=True)
class Desk:
    """What is known when somebody comes in: who there is, whose last turn was when, and who has how much.

    ``turns`` are the numbers of the last decisions by pool and member, ``number`` that of the last of all. ``today``
    and ``open`` are how many people each owner was given today and has open; ``companies`` are those of which somebody
    was given to an owner a moment ago, ``joint`` those of which a handoff was begun so.
    """

    users: Mapping[str, Standing]
    turns: dict[tuple[str, str], int] = field(default_factory=dict)
    today: dict[str, int] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    number: int = 0
    companies: dict[str, str] = field(default_factory=dict)
    joint: dict[str, str] = field(default_factory=dict)

    def standing(self, owner: str) -> Standing:
        """Whether this owner can be given somebody."""
        return self.users.get(owner, Standing.UNKNOWN)

    def copied(self) -> Desk:
        """One whose turns and loads are its own."""
        mine = dict(self.turns), dict(self.today), dict(self.open)
        return Desk(self.users, *mine, self.number, dict(self.companies), dict(self.joint))

    def without(self, owner: str) -> Desk:
        """The same desk for somebody whom this owner is not to have; turns and loads are shared."""
        users = {**self.users, owner: Standing.LATE}
        return Desk(users, self.turns, self.today, self.open, self.number, self.companies, self.joint)

    def note(self, routed: Routed, company: str | None, joins: str | None = None) -> None:
        """Takes somebody's turn: of a desk that nobody else looks at."""
        self.number, owner = routed.number, routed.owner
        if owner is None:
            return
        if routed.pool:
            self.turns[routed.pool, owner] = routed.number
        self.today[owner] = self.today.get(owner, 0) + 1
        self.open[owner] = self.open.get(owner, 0) + 1
        if company is not None and not owner.startswith(QUEUE):
            self.companies[company] = owner
        if joins is not None:
            self.joint[joins] = owner


class Router:
    """A routing, compiled. ``reads`` are the shared fields that it asks a person for."""

    def __init__(self, routing: Routing, names: frozenset[str]) -> None:
        """:param names: the shared fields of a person.
        :raises ValueError: if a condition does not compile; ``syncd check`` says so beforehand.
        """
        self.routing = routing
        pools = {pool.key: pool for pool in routing.pools}
        self._turns = {
            rule.name: _Turns(rule.name, pools[rule.to.pool]) for rule in routing.rules if isinstance(rule.to, ToPool)
        }
        readable = names | {PERSONA, GRADE}
        self._rules: tuple[tuple[RoutingRule, Condition | None], ...] = tuple(
            (rule, None if rule.when is None else remembering(compile_expression(rule.when, readable), few=_FEW))
            for rule in routing.rules
        )
        read = {name for _, when in self._rules if when is not None for name in when.names}
        profiled = not read.isdisjoint(_FEW)
        rating = routing.rating if GRADE in read else None
        self._profiles = Profiles(routing.personas, rating, names) if profiled else None
        joining = () if routing.joining is None else (routing.joining.company, routing.stage)
        self.reads = names if profiled else names & (read | {routing.owner, routing.company, *joining})

    def all(self, people: Iterable[Incoming], desk: Desk, now: Instant) -> dict[str, Routed]:
        """Everybody's decision by id: whoever came first is first, and two of one moment go by their id."""
        decided: dict[str, Routed] = {}
        mine = desk.copied()  # below, `desk` is it, as one person is to see it
        for person in sorted(people, key=lambda each: (each.at, each.id)):
            desk = mine if person.late is None else mine.without(person.late)
            decided[person.id] = routed = self.route(person, desk, now)
            mine.note(routed, person.company, person.joins)
        return decided

    def route(self, person: Incoming, desk: Desk, now: Instant) -> Routed:
        """Who gets this person."""
        passed: list[Passed] = []
        number = desk.number + 1
        joint = desk.joint.get(person.joins or "", person.joint_owner)
        for name, has in ((KEPT, person.keeper), (JOINED, joint)):
            if has is not None:
                standing = desk.standing(has)
                if standing is Standing.ACTIVE:
                    return Routed(How.GIVEN, has, name, number, passed=tuple(passed))
                passed.append(Passed(name, has, standing.value))
        values, unsettled = self._profiled(person.values, now)
        for rule, when in self._rules:
            answer = True if when is None else holds(when, values, unsettled)
            if answer is not True:
                why = "does not hold" if answer is False else f"no answer: {answer.reason}"
                passed.append(Passed(rule.name, "", why))
                continue
            match rule.to:
                case ToCrmRules():
                    return Routed(How.CRM_RULES, None, rule.name, number, passed=tuple(passed))
                case ToCompanyOwner():
                    owner, pool = self._company_owner(rule, person, desk, passed), ""
                    if owner is None:
                        continue
                case ToOwner():
                    owner, pool = _one(rule, rule.to.owner, desk, passed), ""
                case ToPool():
                    owner, pool = self._turns[rule.name].next(desk, passed), rule.to.pool
                case _:
                    assert_never(rule.to)
            if owner is None:
                break
            return Routed(How.GIVEN, owner, rule.name, number, pool, tuple(passed))
        return self._fallback(desk, number, passed)

    def _profiled(
        self, values: Mapping[str, Canonical], now: Instant
    ) -> tuple[Mapping[str, Canonical], Mapping[str, str]]:
        """The values with persona and grade, where a rule asks for one of them; and what of it is not clear."""
        if self._profiles is None:
            return values, {}
        profile = self._profiles.of(values, now)
        persona, rated = profile.persona, profile.rated
        doubt = "" if persona is None else persona.doubt
        more = {PERSONA: None if persona is None else persona.key, GRADE: None if rated is None else rated.grade}
        return {**values, **more}, {PERSONA: f"is not clear ({doubt})"} if doubt else {}

    def _company_owner(self, rule: RoutingRule, person: Incoming, desk: Desk, passed: list[Passed]) -> str | None:
        if person.company is None:
            passed.append(Passed(rule.name, "", "no company is linked to the person"))
            return None
        given = desk.companies.get(person.company)
        owners = person.company_owners if given is None else ((given, JUST_NOW), *person.company_owners)
        if not owners:
            passed.append(Passed(rule.name, "", "nobody has the company"))
        for owner, how in owners:
            standing = desk.standing(owner)
            if owner.startswith(QUEUE):
                passed.append(Passed(rule.name, owner, "is a queue, and so nobody's company"))
            elif standing is Standing.ACTIVE:
                return owner
            else:
                passed.append(Passed(rule.name, owner, f"{standing.value} ({how})"))
        return None

    def _fallback(self, desk: Desk, number: int, passed: list[Passed]) -> Routed:
        queue = self.routing.fallback
        standing = desk.standing(queue)
        if standing is Standing.ACTIVE:
            return Routed(How.FALLBACK, queue, FALLBACK, number, passed=tuple(passed))
        passed.append(Passed(FALLBACK, queue, standing.value))
        return Routed(How.NOBODY, None, FALLBACK, number, passed=tuple(passed))


def _one(rule: RoutingRule, owner: str, desk: Desk, passed: list[Passed]) -> str | None:
    standing = desk.standing(owner)
    if standing is Standing.ACTIVE:
        return owner
    passed.append(Passed(rule.name, owner, standing.value))
    return None


class _Turns:
    """The members of a pool as one rule asks them, compiled: it is asked for every person, of every member."""

    def __init__(self, rule: str, pool: Pool) -> None:
        self.pool = pool
        self._rule = rule
        self._by_load = pool.order is Order.LEAST_LOADED
        later = "has more open people, or was given somebody later" if self._by_load else "has a later turn"
        self._members = tuple((member, (pool.key, member), Passed(rule, member, later)) for member in pool.members)

    def next(self, desk: Desk, passed: list[Passed]) -> str | None:
        """Whose turn it is. Who was never given anybody out of this pool comes first, then by place in the pool."""
        users, turns, today, opened = desk.users, desk.turns, desk.today, desk.open
        per_day, most = self.pool.per_day, self.pool.open
        can: list[tuple[str, Passed]] = []
        first, chosen = (0, 0), ""
        for member, turn, later in self._members:
            has = opened.get(member, 0)
            if users.get(member) is not Standing.ACTIVE:
                passed.append(Passed(self._rule, member, desk.standing(member).value))
            elif per_day is not None and (given := today.get(member, 0)) >= per_day:
                passed.append(Passed(self._rule, member, f"was given {given:,} today, of {per_day:,} at most"))
            elif most is not None and has >= most:
                people = "person" if has == 1 else "people"
                passed.append(Passed(self._rule, member, f"has {has:,} open {people}, of {most:,} at most"))
            else:
                rank = (has if self._by_load else 0, turns.get(turn, 0))
                if not can or rank < first:
                    first, chosen = rank, member
                can.append((member, later))
        passed += [later for member, later in can if member != chosen]
        return chosen or None


# -- what is known of owners -------------------------------------------------------------------------------------------
def standings(users: Iterable[RemoteUser], routing: Routing) -> dict[str, Standing]:
    """Every user and queue of the CRM by shared name. Who is named as automation is never given anybody."""
    membership = None if routing.teams is None else Membership(routing.teams)
    found: dict[str, Standing] = {}
    for user in users:
        name = owner_name(user)
        standing = Standing.ACTIVE if user.active else Standing.INACTIVE
        if membership is not None and _is_automation(user, membership):
            standing = Standing.AUTOMATION
        known = found.get(name)
        if known is None or known is Standing.INACTIVE:
            found[name] = standing
        elif standing is not Standing.INACTIVE:
            found[name] = Standing.AMBIGUOUS
    return found


def _is_automation(user: RemoteUser, membership: Membership) -> bool:
    if user.sort is UserSort.QUEUE:
        return False
    author = Author(AuthorSort.USER, user=user.email or user.name, role=user.role, profile=user.profile)
    return membership.named(author) == {SYSTEM}


def may_take(owner: Canonical, routing: Routing, users: Mapping[str, Standing]) -> bool:
    """Whether a person may be taken from whoever has them now: from nobody, and from whom the file says."""
    if owner is None:
        return True
    name, takes = str(owner), routing.takes_from
    if name.startswith(QUEUE):
        return takes.queues
    if name in takes.users:
        return True
    standing = users.get(name)
    return (takes.automation and standing is Standing.AUTOMATION) or (takes.inactive and standing is Standing.INACTIVE)


def keeper(owner: Canonical, routing: Routing, users: Mapping[str, Standing]) -> str | None:
    """Who has a person on the marketing side, if that is somebody of the CRM whom they are not to be taken from."""
    if owner is None or may_take(owner, routing, users):
        return None
    return str(owner) if users.get(str(owner)) in (Standing.ACTIVE, Standing.INACTIVE) else None


def as_owner(told: str) -> str:
    """The shared name of an owner that the handoff ledger tells, as it is or as an address alone."""
    return told if told.startswith((USER, QUEUE)) else f"{USER}{told.strip().lower()}"


def given_today(given: Sequence[tuple[str, Instant]], routing: Routing, now: Instant) -> dict[str, int]:
    """How many people each owner was given on the day that it is where they are."""
    days: dict[str, tuple[ZoneInfo, date]] = {}
    counted: dict[str, int] = {}
    for owner, at in given:
        zone = routing.zones.get(owner, routing.zone)
        if zone not in days:
            place = ZoneInfo(zone)
            days[zone] = place, now.astimezone(place).date()
        place, today = days[zone]
        if at.astimezone(place).date() == today:
            counted[owner] = counted.get(owner, 0) + 1
    return counted
