"""Recorded assignments held against changed routing rules: to whom the rule that holds now would have given each.

The last assignment of each person is remembered, with the rule by which it was made. Both configurations are asked with
what both sides agree on now; where the rules in use name another rule than the recorded one, what decided then is not
known any more. Who of a pool would have been next hung on turns and loads that nobody kept: only the pool is told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from syncd.core.expressions import compile_expression
from syncd.core.normalize import Lens
from syncd.core.persona import holds
from syncd.core.rating import Profiles
from syncd.core.replay_profiles import standing_values
from syncd.core.routing import FALLBACK, KEPT
from syncd.model.link import Linked
from syncd.model.persona import GRADE, PERSONA
from syncd.model.routing import (
    NOT_TOUCHED,
    Assignment,
    Routing,
    RoutingRule,
    To,
    ToCompanyOwner,
    ToCrmRules,
    ToOwner,
    ToPool,
)
from syncd.model.values import Canonical, Instant
from syncd.operations.backtest_profiles import alike
from syncd.operations.report import Figure, Section, Table
from syncd.ports.store import Store

LISTED: Final = 1_000
LOT: Final = 500
VALUES_CHANGED: Final = "what is known of them now calls for another rule than the one that decided"
NOT_OF_A_RULE: Final = "nobody had room, or they were taken from somebody who was late"
NO_ANSWER: Final = "a condition has no answer for what is known now"
COMPANY: Final = "whether somebody had the company then was not kept"
GONE: Final = "the rule that decided is in neither configuration"


@dataclass(slots=True)
class RoutingTally:
    """``apart`` counts assignments by where they went and where they would have gone; ``untold`` by reason."""

    known: bool = False
    same: int = 0
    apart: Counter[tuple[str, str]] = field(default_factory=Counter)
    people: dict[tuple[str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    untold: Counter[str] = field(default_factory=Counter)

    @property
    def differs(self) -> bool:
        """Whether anybody would have gone elsewhere."""
        return self.apart.total() > 0

    @property
    def all(self) -> int:
        """Every assignment that was looked at."""
        return self.same + self.apart.total() + self.untold.total()


class _Asked:
    """The rules of one configuration, asked for the first that holds."""

    def __init__(self, routing: Routing, lens: Lens, profiles: Profiles, agreed: Mapping[str, str]) -> None:
        names = frozenset(each.name for each in lens.kind.fields)
        self.routing, self._lens, self._profiles = routing, lens, profiles
        self._agreed = agreed
        readable = names | {PERSONA, GRADE}
        self._rules = [
            (rule, None if rule.when is None else compile_expression(rule.when, readable)) for rule in routing.rules
        ]

    def first(self, linked: Linked, now: Instant, *, company: bool | None) -> RoutingRule | str | None:
        """The first rule that holds; ``None`` for the fallback; why it cannot be told.

        :param company: whether somebody has the company; ``None`` where nobody knows.
        """
        assert linked.base is not None, "only people with a Base are asked"
        objects = linked.link.refs.map(lambda ref: ref.object)
        values, unsettled = standing_values(self._lens, objects, linked.base, self._agreed)
        profile = self._profiles.of(values, now, unsettled=unsettled)
        more: dict[str, Canonical] = {
            PERSONA: None if profile.persona is None else profile.persona.key,
            GRADE: None if profile.rated is None else profile.rated.grade,
        }
        told = {**values, **more}
        for rule, when in self._rules:
            answer = True if when is None else holds(when, told, unsettled)
            if not isinstance(answer, bool):
                if any(name in unsettled for name in (() if when is None else when.names)):
                    return NO_ANSWER
                continue
            if answer and isinstance(rule.to, ToCompanyOwner):
                if company is None:
                    return COMPANY
                if not company:
                    continue
            if answer:
                return rule
        return None


def routings_apart(
    store: Store,
    old: Lens | None,
    new: Lens | None,
    profiles: tuple[Profiles, Profiles],
    *,
    since: Instant,
    now: Instant,
    told: RoutingTally,
) -> None:
    """Counts the assignments since then by where both configurations would have sent the people."""
    in_use = None if old is None else old.kind.routing
    changed = None if new is None else new.kind.routing
    if old is None or new is None or in_use is None or changed is None:
        return
    told.known = True
    own = {each.name: each.name for each in old.kind.fields}
    asked = _Asked(in_use, old, profiles[0], own), _Asked(changed, new, profiles[1], alike(old, new))
    rows = [each for each in store.live_assignments() if each.at >= since]
    for place in range(0, len(rows), LOT):
        lot = rows[place : place + LOT]
        linked = store.by_link([each.link for each in lot])
        for each in lot:
            if each.link in linked and linked[each.link].base is not None:
                _judge(each, linked[each.link], asked, now, told)


def _judge(each: Assignment, linked: Linked, asked: tuple[_Asked, _Asked], now: Instant, told: RoutingTally) -> None:
    in_use, changed = asked
    if each.routed.rule == KEPT:
        told.same += 1
        return
    if each.routed.rule == FALLBACK or each.routed.rule.startswith(NOT_TOUCHED):
        told.untold[NOT_OF_A_RULE] += 1
        return
    recorded = next((rule for rule in in_use.routing.rules if rule.name == each.routed.rule), None)
    if recorded is None:
        told.untold[GONE] += 1
        return
    company = _had_company(in_use.routing, recorded)
    was = in_use.first(linked, now, company=company)
    if was is not recorded:
        told.untold[was if isinstance(was, str) else VALUES_CHANGED] += 1
        return
    would = changed.first(linked, now, company=company)
    if isinstance(would, str):
        told.untold[would] += 1
        return
    before = _place(recorded.to, each.routed.owner)
    after = _fallback(changed.routing) if would is None else _place(would.to, None)
    if before == after or (would is not None and isinstance(would.to, ToOwner) and would.to.owner == each.routed.owner):
        told.same += 1
        return
    told.apart[before, after] += 1
    if len(told.people[before, after]) < LISTED:
        told.people[before, after][each.link] = None


def _had_company(routing: Routing, recorded: RoutingRule) -> bool | None:
    """Whether somebody had the person's company then, as far as the rule that decided tells."""
    if isinstance(recorded.to, ToCompanyOwner):
        return True
    for rule in routing.rules:
        if rule is recorded:
            return None
        if isinstance(rule.to, ToCompanyOwner) and rule.when is None:
            return False
    return None


def _place(to: To, owner: str | None) -> str:
    match to:
        case ToCompanyOwner():
            return "the company's owner"
        case ToCrmRules():
            return "the CRM's own rules"
        case ToPool(pool):
            return f"the pool {pool}"
        case ToOwner(named):
            return named if owner is None else owner


def _fallback(routing: Routing) -> str:
    return routing.fallback


def routing_section(told: RoutingTally) -> Iterator[Section]:
    """Where people would have gone; nothing where either configuration routes nobody."""
    if not told.known:
        return
    links: Mapping[str, None] = {link: None for people in told.people.values() for link in people}
    figures = (
        Figure("routing:all", "people with an assignment of these days", told.all),
        Figure("routing:same", "to the same place", told.same, of=told.all),
        Figure("routing:elsewhere", "elsewhere", told.apart.total(), of=told.all, rows=tuple(links)[:LISTED]),
        Figure("routing:untold", "cannot be told", told.untold.total(), of=told.all),
    )
    rows = tuple(
        (was, now, Figure(f"route:{was}:{now}", "", number, rows=tuple(told.people[was, now])))
        for (was, now), number in sorted(told.apart.items())
    )
    why = tuple(
        (reason, Figure(f"routing:untold:{n}", "", count)) for n, (reason, count) in enumerate(told.untold.items(), 1)
    )
    tables = (
        Table("routes", "elsewhere", ("went to", "would go to", "people"), rows),
        Table("routing:untold", "cannot be told", ("reason", "how many"), why),
    )
    words = ("By the first rule that holds for what both sides agree on now; in a pool the turn is not told.",)
    yield Section("routing", "Who gets whom", words, figures, tables)
