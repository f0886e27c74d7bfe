"""``routing.yaml`` made into frozen values, with every check that needs no vendor.

Found here: a pool there is not, one without members or that no rule gives anybody to, somebody twice in one; conditions
that do not compile, read an unmapped field, or ask for a persona there is not; rules that nobody ever reaches; stages
there are not; an owner that the mapping does not have, or that the CRM never learns of. Who is a user of the CRM, and
active, only the CRM knows: ``syncd doctor`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from syncd.core.meanings import Meaning, meanings_of, word_of
from syncd.model.calendar import Calendars
from syncd.model.lifecycle import Teams
from syncd.model.mapping import Direction, FieldMapping, KindMapping, Policy
from syncd.model.persona import GRADE, PERSONA
from syncd.model.routing import (
    NOT_TOUCHED,
    QUEUE,
    USER,
    Joining,
    Late,
    Pool,
    Routing,
    RoutingRule,
    TakesFrom,
    To,
    ToCompanyOwner,
    ToCrmRules,
    ToOwner,
    ToPool,
)
from syncd.model.values import FieldType, Side
from syncd.settings.declared import PERSON, Declared
from syncd.settings.kinds import STAGE
from syncd.settings.personas_file import ALWAYS
from syncd.settings.routing_file import RoutingFile, TargetSection
from syncd.settings.rules import check_expression
from syncd.settings.tree import Loc, Tree
from syncd.settings.validate import validated

ROUTING = "routing.yaml"


def with_routing(
    kinds: Sequence[KindMapping],
    directory: Path,
    told: Declared,
    teams: Teams | None,
    *,
    read: Callable[[Path], Tree],
) -> tuple[tuple[KindMapping, ...], Tree | None]:
    """The kinds, of which people know how they are routed; and the file's tree, whose flaws are still to be told."""
    path = directory / ROUTING
    known = {kind.kind: kind for kind in kinds}
    if not path.exists() or PERSON not in known:  # a kind without a sound mapping is told where it is mapped
        return tuple(kinds), None
    tree = read(path)
    section = validated(RoutingFile, tree)
    if section is None:
        return tuple(kinds), tree
    routing = _Reading(section, tree, known, told, teams).routing()
    if routing is None or not routing.on:  # declared, and to be switched on: until then nothing changes
        return tuple(kinds), tree
    return tuple(replace(kind, routing=routing) if kind.kind == PERSON else kind for kind in kinds), tree


def owner_field(kind: KindMapping) -> FieldMapping | None:
    """The shared field that holds the owner: the first of its type that the CRM has."""
    return next((field for field in kind.fields if field.type is FieldType.OWNER and any(field.slots.crm)), None)


class _Reading:
    """One file being read."""

    def __init__(
        self, section: RoutingFile, tree: Tree, kinds: Mapping[str, KindMapping], told: Declared, teams: Teams | None
    ) -> None:
        self.section = section
        self.tree = tree
        self.kinds = kinds
        self.told = told
        self.teams = teams
        self.person = kinds[PERSON]

    def routing(self) -> Routing | None:
        """The frozen routing; ``None`` where there is no owner to give anybody to."""
        section, calendars = self.section, self.told.calendars
        owner = self._owner()
        stage = next((each for each in self.person.fields if each.policy is Policy.LIFECYCLE), None) or next(
            (each for each in self.person.fields if each.name == STAGE), None
        )
        self._stages(stage)
        pools = tuple(self._pool(key) for key in section.pools)
        rules = self._rules()
        used = {rule.to.pool for rule in rules if isinstance(rule.to, ToPool)}
        for key in section.pools:
            if key not in used and len(rules) == len(section.rules):
                self.tree.flaw(("pools", key), f"no rule gives anybody to the pool {key}", "remove it", key=True)
        company = self._company() if any(isinstance(rule.to, ToCompanyOwner) for rule in rules) else None
        if owner is None:
            return None
        return Routing(
            owner=owner.name,
            rules=rules,
            pools=pools,
            fallback=f"{QUEUE}{section.fallback}",
            created=section.on.created,
            stages=tuple(section.on.stages),
            open_in=tuple(section.open_in or section.on.stages),
            takes_from=TakesFrom(
                queues=section.takes_from.queues,
                automation=section.takes_from.automation,
                inactive=section.takes_from.inactive,
                users=tuple(_user(each) for each in section.takes_from.users),
            ),
            late=self._late(owner.name),
            joining=self._joining(),
            stage=None if stage is None else stage.name,
            company=None if company is None else company.name,
            company_kind=None if company is None else company.kind,
            personas=self.told.personas,
            rating=self.told.rating,
            teams=self.teams,
            zones=_zones(calendars),
            zone="UTC" if calendars.default is None else calendars.by_key[calendars.default].zone,
        )

    # -- the mapping -------------------------------------------------------------------------------------------------
    def _owner(self) -> FieldMapping | None:
        owner = owner_field(self.person)
        if owner is None:
            what = "no shared field of a person holds the owner in the CRM"
            self.tree.flaw((), what, "map one of `type: owner`, as schema/person.yaml of the example does")
        elif owner.direction is Direction.TO_CRM:
            what = f"{owner.name} goes to the CRM only, so the owner on the marketing side would replace who was chosen"
            self.tree.flaw((), what, f"let {owner.name} go `to_marketing`, or both ways")
        return owner

    @property
    def _off(self) -> bool:
        """Whether nobody is routed."""
        return not (self.section.on.created or self.section.on.stages or self.section.late)

    def _late(self, owner: str) -> Late | None:
        """What becomes of people whom nobody touched in time; the handoff says what that is, and whose they are."""
        section = self.section.late
        if section is None:
            return None
        agreed = self.person.agreed
        handoff = None if agreed is None else agreed.lifecycle.handoff
        if section.to is None and not section.accepted:
            what = "nobody is taken from anybody"
            self.tree.flaw(("late",), what, "say `to: next`, `to: queue` or `accepted: true`, or remove it", key=True)
        elif section.accepted and (handoff is None or not handoff.work_within):
            what = "nothing says how long sales may do nothing about somebody whom it accepted"
            self.tree.flaw(("late", "accepted"), what, "say `work_within` under `handoff` in lifecycle.yaml", key=True)
        elif section.accepted and not any(each.side is Side.CRM for each in self.told.signals.activities):
            what = "no activity of the CRM is read, so everybody whom sales accepted would go back"
            advice = "say `activities: { to_marketing: ... }` in signals.yaml"
            self.tree.flaw(("late", "accepted"), what, advice, key=True)
        if section.to is not None and (handoff is None or not handoff.touch_within):
            what = "nothing says when somebody is late"
            self.tree.flaw(("late",), what, "say `touch_within` under `handoff` in lifecycle.yaml", key=True)
        elif handoff is not None and handoff.facts.get("owner") != owner:
            what = "the ledger is not told whose a person is, so it cannot say who was late"
            advice = f"say `facts: {{ owner: {owner} }}` under `handoff` in lifecycle.yaml"
            self.tree.flaw(("late",), what, advice, key=True)
        return Late(section.to, section.per_day, section.accepted)

    def _joining(self) -> Joining | None:
        """How people come into a handoff of their company; none do where the ledger hears of no company or no owner."""
        agreed = self.person.agreed
        handoff = None if agreed is None else agreed.lifecycle.handoff
        if handoff is None or "company" not in handoff.facts or "owner" not in handoff.facts:
            return None
        return Joining(handoff.facts["company"], handoff.qualified)

    def _stages(self, stage: FieldMapping | None) -> None:
        known = [] if stage is None else [row.value for row in stage.table]
        if self._off:  # whoever names their stages anew is not to be held up by a file that does nothing
            return
        for name, loc in (
            *((each, ("on", "stages", n)) for n, each in enumerate(self.section.on.stages)),
            *((each, ("open_in", n)) for n, each in enumerate(self.section.open_in)),
        ):
            if stage is None:
                self.tree.flaw(loc, "no shared field of a person holds the stage", f"map one that is called {STAGE}")
            else:
                self.tree.knows(name, "stage", known, loc, none="declare a stage first")

    def _company(self) -> FieldMapping | None:
        """The reference to the company, whose owner is mapped, too; not asked for while nobody is routed."""
        for field in self.person.fields:
            kind = None if field.kind is None else self.kinds.get(field.kind)
            if kind is not None and owner_field(kind) is not None:
                return field
        if self._off:
            return None
        self.tree.flaw(
            ("rules", next(n for n, each in enumerate(self.section.rules) if each.to == "company_owner"), "to"),
            "people refer to no company whose owner is mapped",
            "map a reference in schema/person.yaml and an owner in schema/company.yaml, or remove the rule",
        )
        return None

    # -- pools and rules ---------------------------------------------------------------------------------------------
    def _pool(self, key: str) -> Pool:
        section, loc = self.section.pools[key], ("pools", key, "members")
        members = [_user(each) for each in section.members]
        if not members:
            self.tree.flaw(loc, f"the pool {key} has no members", "name them by their e-mail addresses")
        for number, each in enumerate(members):
            if each in members[:number]:
                self.tree.flaw(
                    (*loc, number), f"{section.members[number]} is in the pool already", "name everybody once"
                )
            elif "@" not in each:
                what = f"{section.members[number]} is no e-mail address"
                self.tree.flaw((*loc, number), what, "users of the CRM are named by theirs; queues are no members")
        return Pool(key, tuple(dict.fromkeys(members)), section.order, section.per_day, section.open)

    def _rules(self) -> tuple[RoutingRule, ...]:
        rules: list[RoutingRule] = []
        readable = self._readable()
        names: dict[str, int] = {}
        end: int | None = None
        for number, each in enumerate(self.section.rules):
            loc: Loc = ("rules", number)
            first = names.setdefault(each.name, number)
            if first != number:
                line = self.tree.at(("rules", first, "name")).line
                what = f"the name {each.name!r} is that of the rule in line {line}"
                self.tree.flaw((*loc, "name"), what, "name it otherwise")
            if each.name.startswith(NOT_TOUCHED):
                self.tree.flaw((*loc, "name"), f"{NOT_TOUCHED!r} begins what syncd itself decides", "name it otherwise")
            if end is not None:
                line = self.tree.at(("rules", end)).line
                what = f"nobody ever comes to this rule: the one in line {line} takes everybody"
                self.tree.flaw(loc, what, "put that one last, or give it a `when`")
            to = self._to(each.to, (*loc, "to"))
            always = each.when is None or each.when.strip() == ALWAYS
            if each.when is not None:
                check_expression(each.when, readable, tree=self.tree, loc=(*loc, "when"))
            if to is not None:
                rules.append(RoutingRule(each.name, to, each.when))
            if always and end is None and not isinstance(to, ToCompanyOwner):
                end = number
        return tuple(rules)

    def _readable(self) -> dict[str, Meaning]:
        """What the conditions may read. While nobody is routed, no word is doubted: it may be named anew elsewhere."""
        personas = [each.key for each in self.told.personas] if self.told.personas_read else None
        grades = None if self.told.rating is None else [each.grade for each in self.told.rating.grades]
        readable = meanings_of(self.person.fields)
        readable |= {PERSONA: word_of(personas, PERSONA), GRADE: word_of(grades, GRADE)}
        return {name: replace(each, values=None) for name, each in readable.items()} if self._off else readable

    def _to(self, given: str | TargetSection, loc: Loc) -> To | None:
        """Whom a rule gives people to; ``None`` if it does not say so in one way."""
        if not isinstance(given, TargetSection):
            return ToCompanyOwner() if given == "company_owner" else ToCrmRules()
        named = {name: value for name, value in given.model_dump().items() if value is not None}
        if len(named) != 1:
            self.tree.flaw(loc, f"the rule names {len(named)} of owner, pool and queue", "name one")
            return None
        ((sort, name),) = named.items()
        if sort == "pool":
            return (
                ToPool(name)
                if self.tree.knows(name, "pool", self.section.pools, (*loc, "pool"), none="declare a pool first")
                else None
            )
        return ToOwner(_user(name) if sort == "owner" else f"{QUEUE}{name}")


def _user(address: str) -> str:
    return f"{USER}{address.lower()}"


def _zones(calendars: Calendars) -> dict[str, str]:
    return {_user(name): calendars.by_key[key].zone for name, key in calendars.users.items() if key in calendars.by_key}
