"""``lifecycle.yaml`` and ``teams.yaml`` made into frozen values, with every check that needs no vendor.

A lifecycle can only be agreed on if it is whole: each stage can be told apart on both sides, entered and left; each
move names stages, teams and reasons that there are; each criterion reads fields that there are. Nothing is repeated
from the mapping: what a stage looks like is the value table of the field, and the check proves that both know the same
stages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

from syncd.core.meanings import meanings_of
from syncd.model.errors import Flaw
from syncd.model.lifecycle import (
    NEW,
    SYSTEM,
    Amendment,
    Entry,
    Lifecycle,
    Reason,
    Stage,
    Team,
    Teams,
    Transition,
)
from syncd.model.mapping import Direction, Policy
from syncd.model.values import SIDES, FieldType, Pair, Side
from syncd.settings.handoff_rules import handoff_of
from syncd.settings.kinds import MappingSource
from syncd.settings.lifecycle_fields import check_reasons, undecided
from syncd.settings.lifecycle_file import LifecycleFile, TeamsFile, TransitionSection
from syncd.settings.lifecycle_times import Groups, check_times
from syncd.settings.mapping_file import ValueSection
from syncd.settings.rules import check_expression, derived_in
from syncd.settings.tree import Loc, Tree
from syncd.settings.validate import validated


def read_agreed(
    directory: Path,
    sources: Mapping[str, MappingSource],
    *,
    read: Callable[[Path], Tree],
    groups: Groups | None = None,
    refused: Collection[str] = (),
) -> tuple[Lifecycle | None, Teams | None, tuple[Flaw, ...]]:
    """What both teams have agreed on in a folder: the lifecycle and the teams, each where there is such a file.

    :param sources: the mapping files by kind.
    :param read: how a file is read.
    :param groups: by what times may be given; ``None`` where the files that name it are not sound themselves.
    :param refused: kinds whose mapping files have flaws of their own; nothing is held against these.
    """
    lifecycle, teams = None, None
    flaws: list[Flaw] = []
    told, agreed = directory / "teams.yaml", directory / "lifecycle.yaml"
    if told.exists():
        tree = read(told)
        named = validated(TeamsFile, tree)
        teams = None if named is None else teams_of(named, tree)
        flaws += tree.flaws
    elif agreed.exists():
        flaws.append(Flaw(str(told), 0, 0, "lifecycle.yaml names teams, and this file does not exist", "add it"))
    if agreed.exists():
        tree = read(agreed)
        section = validated(LifecycleFile, tree)
        lifecycle = None if section is None else _lifecycle(section, tree, teams, sources, refused)
        if section is not None and groups is not None:
            check_times(section, tree, groups)
        flaws += tree.flaws
    if lifecycle is not None or not agreed.exists():
        flaws += undecided(lifecycle, sources)
    return lifecycle, teams, tuple(flaws)


def teams_of(section: TeamsFile, tree: Tree) -> Teams:
    """The frozen teams; what is wrong is noted in the tree."""
    for key, each in section.teams.items():
        loc: Loc = ("teams", key)
        if key in {NEW, SYSTEM}:
            tree.flaw(loc, f"{key!r} has a meaning of its own in transitions", "give the team another key", key=True)
        named = {"users": each.users, "roles": each.roles, "queues": each.queues, "profiles": each.profiles}
        if not any(named.values()):
            tree.flaw(
                loc, f"nobody is in the team {key}", f"name its {', '.join(named)}; names count as written", key=True
            )
        for sort, names in named.items():
            _twice([name.casefold() for name in names], names, tree=tree, loc=(*loc, sort))
    for side in SIDES:
        name = getattr(section.unknown, side.value)
        if name is not None:
            tree.knows(name, "team", section.teams, ("unknown", side.value))
    return Teams(
        teams=tuple(
            Team(key, each.name, tuple(each.users), tuple(each.roles), tuple(each.queues), tuple(each.profiles))
            for key, each in section.teams.items()
        ),
        unknown=Pair(section.unknown.marketing, section.unknown.crm),
        automation=Team(
            SYSTEM,
            "Automation",
            users=tuple(section.automation.users),
            roles=tuple(section.automation.roles),
            profiles=tuple(section.automation.profiles),
        ),
    )


def _lifecycle(
    section: LifecycleFile,
    tree: Tree,
    teams: Teams | None,
    sources: Mapping[str, MappingSource],
    refused: Collection[str],
) -> Lifecycle:
    """The frozen lifecycle; what is wrong is noted in the tree.

    :param teams: ``None`` where these are not sound themselves; then nobody's name is doubted.
    :param sources: the mapping files by kind, and ``refused`` the kinds of those that have flaws.
    """
    if section.kind not in {*sources, *refused}:
        tree.flaw(("kind",), f"there is no mapping of the kind {section.kind!r}", f"add schema/{section.kind}.yaml")
    known = None if teams is None else frozenset(team.key for team in teams.teams)
    _Checking(section, tree, known, sources.get(section.kind)).run()
    return Lifecycle(
        kind=section.kind,
        field=section.field,
        stages=tuple(
            Stage(
                key=key,
                name=each.name,
                definition=each.definition,
                owner=each.owner,
                entry=Entry(tuple(each.entry.filled), each.entry.when, each.entry.words or ""),
                leave_within=dict(each.leave_within),
                final=each.final,
            )
            for key, each in section.stages.items()
        ),
        transitions=tuple(edge for each in section.transitions for edge in _edges(each)),
        reasons={
            name: tuple(Reason(key, Pair(each.marketing, each.crm)) for key, each in listed.items())
            for name, listed in section.reasons.items()
        },
        undeclared=section.undeclared,
        first_link=section.first_link,
        reason_field=section.reason_field,
        changed=tuple(Amendment(each.date, each.what, each.who, tuple(each.stages)) for each in section.changed),
        handoff=handoff_of(section, tree, sources=sources),
    )


def _edges(section: TransitionSection) -> tuple[Transition, ...]:
    return tuple(
        Transition(start, end, tuple(section.by), section.reasons, section.restarts, section.recycles)
        for start in section.from_
        for end in section.to
    )


class _Checking:
    """One lifecycle file being checked."""

    def __init__(
        self, section: LifecycleFile, tree: Tree, teams: frozenset[str] | None, source: MappingSource | None
    ) -> None:
        self.section = section
        self.tree = tree
        self.teams = teams
        self.source = source
        self.stages = section.stages

    def run(self) -> None:
        """Each part in turn."""
        if NEW in self.stages:
            what = f"{NEW!r} is where people are who have no stage"
            self.tree.flaw(("stages", NEW), what, "give the stage another key, here and in the table", key=True)
        if self.source is not None:
            self._table(self.source)
            self._entries(self.source)
            check_reasons(self.section, self.tree, self.source)
        for key, stage in self.stages.items():
            if stage.owner is not None and self.teams is not None:
                self.tree.knows(stage.owner, "team", self.teams, ("stages", key, "owner"))
        for number, each in enumerate(self.section.transitions):
            self._transition(each, ("transitions", number))
        self._ways()
        self._reasons()
        self._changed()

    # -- stages against the mapping ------------------------------------------------------------------------------------
    def _table(self, source: MappingSource) -> None:
        """The field holds these stages and no others, and shows each in a way of its own on either side."""
        name, fields = self.section.field, source.file.fields
        if not self.tree.knows(name, "shared field", fields, ("field",)):
            return
        mapping = fields[name]
        if mapping.type is not FieldType.ENUM or not mapping.values:
            what = f"the field {name} has no value table, so nothing says what a stage looks like"
            self.tree.flaw(("field",), what, "name a field of `type: enum` with `values:`")
            return
        if mapping.direction not in {None, Direction.BOTH}:
            what = f"the field {name} goes {mapping.direction} only, so the other side's moves would be written over"
            self.tree.flaw(("field",), what, f"let it go both ways in {source.tree.file}")
        if mapping.policy is not Policy.LIFECYCLE:
            where = source.tree.at(("fields", name), key=True)
            what = f"the field {name} ({where.file}:{where.line}) has the policy {mapping.policy}: two would decide"
            self.tree.flaw(("field",), what, f"say `policy: lifecycle` there, or remove {self.tree.file}")
        for key in self.stages:
            if key not in mapping.values:
                known = [each for each in mapping.values if each not in self.stages]
                what = f"the stage {key} is no value of the field {name}"
                advice = _near(key, known) or f"add a row for it to the table in {source.tree.file}"
                self.tree.flaw(("stages", key), what, advice, key=True)
        for value in mapping.values:
            if value not in self.stages:
                where = source.tree.at(("fields", name, "values", value), key=True)
                what = f"the value {value} of the field {name} ({where.file}:{where.line}) is no stage"
                self.tree.flaw(("stages",), what, "add the stage, or remove the value from the table", key=True)
        for side in SIDES:
            self._told_apart(mapping.values, side)

    def _told_apart(self, rows: Mapping[str, ValueSection], side: Side) -> None:
        seen: dict[tuple[str | bool | None, ...], str] = {}
        for value, row in rows.items():
            form = row.marketing if side is Side.MARKETING else row.crm
            if form is None or value not in self.stages:
                continue
            first = seen.setdefault(form, value)
            if first != value:
                shown = ", ".join(str(part) for part in form)
                what = f"{first} and {value} look the same on the {side} side ({shown}), so a move cannot be seen there"
                self.tree.flaw(("stages", value), what, "give one of them a value of its own in the table", key=True)

    def _entries(self, source: MappingSource) -> None:
        derived = derived_in(source.file)
        fields = meanings_of(each for each in source.kind.fields if each.name not in derived)
        for key, stage in self.stages.items():
            loc: Loc = ("stages", key, "entry")
            for number, name in enumerate(stage.entry.filled):
                self.tree.knows(name, "shared field", fields, (*loc, "filled", number))
            if stage.entry.when is not None:
                check_expression(stage.entry.when, fields, tree=self.tree, loc=(*loc, "when"), derived=derived)
            elif stage.entry.words is not None:
                self.tree.flaw((*loc, "words"), "these words explain no condition", "add `when:`, or remove them")

    # -- moves ---------------------------------------------------------------------------------------------------------
    def _transition(self, each: TransitionSection, loc: Loc) -> None:
        for key, names in (("from", each.from_), ("to", each.to)):
            for name in names:
                if name != NEW or key == "to":
                    self.tree.knows(name, "stage", self.stages, (*loc, key))
        if self.teams is not None:
            for name in each.by:
                self.tree.knows(name, "team", self.teams | {SYSTEM}, (*loc, "by"))
        for name in set(each.from_) & set(each.to):
            self.tree.flaw(loc, f"a move from {name} to {name} leads nowhere", "name another stage")
        if each.reasons is not None:
            self.tree.knows(each.reasons, "list of reasons", self.section.reasons, (*loc, "reasons"))
        if each.recycles and NEW in each.from_:
            what = "nobody who is new can have been here before"
            self.tree.flaw((*loc, "recycles"), what, "remove `recycles`, or take `new` out of `from`")

    def _ways(self) -> None:
        """Each stage can be entered by somebody new, and left unless it is final; each move is declared once a team."""
        edges = [(number, edge) for number, each in enumerate(self.section.transitions) for edge in _edges(each)]
        declared: dict[tuple[str, str, str], int] = {}
        for number, edge in edges:
            for team in edge.by:
                first = declared.setdefault((edge.start, edge.end, team), number)
                if first != number:
                    line = self.tree.at(("transitions", first)).line
                    what = f"{edge.start} -> {edge.end} by {team} is declared in line {line} already"
                    self.tree.flaw(("transitions", number), what, "keep one of the two")
        reached, before = {NEW}, 0
        while len(reached) > before:
            before = len(reached)
            reached |= {edge.end for _, edge in edges if edge.start in reached}
        leaving = {edge.start for _, edge in edges}
        for key, stage in self.stages.items():
            if key not in reached:
                what = f"nobody can ever come into the stage {key}"
                advice = f"add a transition to it, from `{NEW}` or from a stage that people reach"
                self.tree.flaw(("stages", key), what, advice, key=True)
            if stage.final and key in leaving:
                what = f"the stage {key} is final, and yet there is a way out of it"
                self.tree.flaw(("stages", key, "final"), what, "remove `final`, or the transitions from it")
            if not stage.final and key not in leaving:
                what = f"there is no way out of the stage {key}"
                self.tree.flaw(("stages", key), what, "add a transition from it, or say `final: true`", key=True)

    # -- words ---------------------------------------------------------------------------------------------------------
    def _reasons(self) -> None:
        used = {each.reasons for each in self.section.transitions if each.reasons is not None}
        unheard_of = used - self.section.reasons.keys()  # told where they stand
        for name, listed in self.section.reasons.items():
            loc: Loc = ("reasons", name)
            if not listed:
                self.tree.flaw(loc, f"the list {name} has no reasons", "add one, or remove the list", key=True)
            elif name not in used and not _near(name, unheard_of):
                what = f"no transition asks for a reason of the list {name}"
                self.tree.flaw(loc, what, f"say `reasons: {name}` in one, or remove the list", key=True)
            for side in SIDES:
                words: dict[str, str] = {}
                for key, reason in listed.items():
                    told = str(getattr(reason, side.value))
                    first = words.setdefault(told.casefold(), key)
                    if first != key:
                        what = f"{first} and {key} are both {told!r} on the {side} side"
                        self.tree.flaw((*loc, key, side.value), what, "tell them apart, or keep one")

    def _changed(self) -> None:
        listed = self.section.changed
        for number, each in enumerate(listed):
            loc: Loc = ("changed", number)
            if number and each.date < listed[number - 1].date:
                what = f"{each.date} stands below {listed[number - 1].date}, which is later"
                self.tree.flaw((*loc, "date"), what, "put the oldest first, or correct the date")
            for name in each.stages:
                self.tree.knows(name, "stage", self.stages, (*loc, "stages"))


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _twice(compared: list[str], names: list[str], *, tree: Tree, loc: Loc) -> None:
    for number, name in enumerate(compared):
        if name in compared[:number]:
            tree.flaw((*loc, number), f"{names[number]} stands here twice", "keep one of the two")
