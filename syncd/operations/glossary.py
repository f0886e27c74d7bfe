"""The glossary: one page for both teams, made of nothing but what they agreed on and how the two systems show it.

What is an MQL, who may say so, what it looks like in each system, who acts next and within what time, which moves are
allowed and which reasons there are. Everything comes from the lifecycle, the teams and the mapping, so the page cannot
say anything else than what syncd does. It holds no date but those in ``changed`` and those of the history it is given:
what a definition said before. The same files and the same history make the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from syncd.model.lifecycle import (
    NEW,
    OTHER,
    SYSTEM,
    Amendment,
    FirstLink,
    Lifecycle,
    Stage,
    Teams,
    Transition,
    Undeclared,
)
from syncd.model.mapping import FieldMapping, KindMapping, TableRow
from syncd.model.values import SIDES, Pair, Side, Wire
from syncd.operations.definitions import Change
from syncd.operations.glossary_history import listed, of_stage
from syncd.operations.page import (
    Arrow,
    Card,
    Code,
    Diagram,
    Page,
    Paragraph,
    Section,
    Table,
    Terms,
    Words,
)

AUTOMATION: Final = "automation"
SOMEBODY_NEW: Final = "somebody new"
REFUSED: Final = {
    Undeclared.REPORT: "It is listed, while both systems keep what they show.",
    Undeclared.HOLD: "A person is asked to decide.",
    Undeclared.REVERT: "It is taken back in the system where it was made.",
}
COUNTS_AS: Final = {
    "qualified": "Marketing asks sales to act: an episode begins",
    "accepted": "Sales says yes",
    "offered": "There is a deal, which is a yes, too",
    "won": "Won",
    "rejected": "Sales says no; after a yes, nothing came of it",
    "lost": "Lost",
    "recycled": "Back to marketing",
    "born": "Whom sales found itself begins here",
}
"""What a stage means for the handoff, by the name of the rule that lists it."""
FOUND: Final = {
    FirstLink.HOLD: "a person is asked which of the two is right",
    FirstLink.MARKETING: "the one in {marketing} counts",
    FirstLink.CRM: "the one in {crm} counts",
}


def glossary(
    lifecycle: Lifecycle,
    teams: Teams,
    kind: KindMapping,
    *,
    systems: Pair[str],
    more: Sequence[Section] = (),
    files: Sequence[str] = (),
    history: Sequence[Change] = (),
) -> Page:
    """The page.

    :param kind: the mapping of the lifecycle's kind.
    :param systems: what people call the two systems.
    :param more: sections about what else both teams agreed on; they stand after the stages.
    :param files: where these are written.
    :param history: what definitions said before, oldest first.
    """
    return _Glossary(lifecycle, teams, kind, systems, history).page(more, files)


class _Glossary:
    """One page being made."""

    def __init__(
        self, lifecycle: Lifecycle, teams: Teams, kind: KindMapping, systems: Pair[str], history: Sequence[Change]
    ) -> None:
        self.history = history
        self.lifecycle = lifecycle
        self.teams = teams
        self.systems = systems
        self.fields: dict[str, FieldMapping] = {field.name: field for field in kind.fields}
        self.slots = self.fields[lifecycle.field].slots
        self.rows: dict[str, TableRow] = {row.value: row for row in self.fields[lifecycle.field].table}
        self.names = {NEW: SOMEBODY_NEW, **{stage.key: stage.name for stage in lifecycle.stages}}
        self.team_names = {SYSTEM: AUTOMATION, **{team.key: team.name for team in teams.teams}}

    def page(self, more: Sequence[Section], further: Sequence[str]) -> Page:
        sections = [self._glance(), self._stages(), *more, self._moves(), *self._reasons(), self._who()]
        if self.lifecycle.changed:
            sections.append(self._changes())
        word_by_word = listed(self.history, self.names, self.systems)
        sections += [] if word_by_word is None else [word_by_word]
        lead = "What both teams mean by each word, who may say so, and what happens next."
        names = ("lifecycle.yaml", "teams.yaml", *further, f"schema/{self.lifecycle.kind}.yaml")
        files = f"{', '.join(names[:-1])} and {names[-1]}"
        foot: Words = (
            "Made by ",
            Code("syncd glossary"),
            f" from {files}. Whoever changes a definition changes it there.",
        )
        return Page("Marketing and sales: our words", (lead,), tuple(sections), foot)

    # -- stages --------------------------------------------------------------------------------------------------------
    def _glance(self) -> Section:
        arrows = tuple(
            Arrow(
                edge.start,
                edge.end,
                f"{self.names[edge.start]} → {self.names[edge.end]}: {self._by(edge)}",
                again=edge.recycles,
            )
            for edge in self.lifecycle.transitions
        )
        shown = {edge.start for edge in self.lifecycle.transitions} | {stage.key for stage in self.lifecycle.stages}
        nodes = tuple((key, _capital(name)) for key, name in self.names.items() if key in shown)
        words = "The way of a person from stage to stage. A dashed line begins a new cycle."
        return Section("The way of a person", (Diagram(nodes, arrows, words),))

    def _stages(self) -> Section:
        return Section("The stages", (), tuple(self._stage(stage) for stage in self.lifecycle.stages))

    def _stage(self, stage: Stage) -> Card:
        entries: list[tuple[str, tuple[Words, ...]]] = []
        needs = tuple(self._needs(stage))
        if needs:
            entries.append(("What must be known", needs))
        entries.append(("Who may say so", tuple(self._ways_in(stage.key))))
        entries += [(f"In {self.systems.of(side)}", tuple(self._looks(stage.key, side))) for side in SIDES]
        answer = tuple(self._answer(stage))
        if answer:
            entries.append(("Who acts, and how soon", answer))
        handed = tuple(self._handed_over(stage))
        if handed:
            entries.append(("In the handoff", handed))
        ways_out = tuple(self._ways_out(stage.key))
        entries.append(("What comes next", ways_out or (("Nothing: this is where it ends",),)))
        for each in self.lifecycle.changed:
            if stage.key in each.stages:
                entries.append((f"Changed {each.on.isoformat()}", ((f"{each.what} ({each.who})",),)))
        entries += of_stage(self.history, stage.key, self.systems)
        notes = () if stage.owner is None else (self.team_names[stage.owner],)
        return Card(stage.key, stage.name, notes, (Paragraph((stage.definition,)), Terms(tuple(entries))))

    def _needs(self, stage: Stage) -> Iterator[Words]:
        entry = stage.entry
        for name in entry.filled:
            places = ((self.systems.of(side), _places(self.fields[name], side)) for side in SIDES)
            yield (
                Code(name),
                ": ",
                *_listed([(*_listed(fields), f" in {system}") for system, fields in places if fields]),
            )
        if entry.when is not None:
            yield (f"{entry.words} ", Code(entry.when)) if entry.words else (Code(entry.when),)

    def _ways_in(self, key: str) -> Iterator[Words]:
        for edge in self.lifecycle.transitions:
            if edge.end == key:
                start = f"for {SOMEBODY_NEW}" if edge.start == NEW else f"after {self.names[edge.start]}"
                again = ", as a new cycle" if edge.recycles else ""
                yield (f"{_capital(self._by(edge))}, {start}{again}",)

    def _ways_out(self, key: str) -> Iterator[Words]:
        for edge in self.lifecycle.transitions:
            if edge.start == key:
                reason = "" if edge.reasons is None else f", with a reason ({_title(edge.reasons)})"
                again = ", as a new cycle" if edge.recycles else ""
                yield (f"{self.names[edge.end]}: by {self._by(edge)}{reason}{again}",)

    def _answer(self, stage: Stage) -> Iterator[Words]:
        who = None if stage.owner is None else self.team_names[stage.owner]
        if not stage.leave_within:
            if who is not None:
                yield (f"{who}; no time is set",)
            return
        graded = len(stage.leave_within) > 1
        for grade, span in stage.leave_within.items():
            whom = "" if not graded and grade == OTHER else "everybody else: " if grade == OTHER else f"grade {grade}: "
            yield (f"{_capital(whom)}{'' if who is None else f'{who} '}within {span}",)

    def _handed_over(self, stage: Stage) -> Iterator[Words]:
        """What a stage counts as in the handoff, and how soon sales answers whoever is in it."""
        rules = self.lifecycle.handoff
        if rules is None:
            return
        for meaning, words in COUNTS_AS.items():
            if stage.key in getattr(rules, meaning):
                yield (words,)
        if stage.key in rules.accepted:
            for whom, span in rules.work_within.items():
                who = "" if whom == OTHER and len(rules.work_within) == 1 else f" ({whom})"
                yield (f"An activity or a deal{who}: within {span} of the yes",)
        if stage.key in rules.qualified:
            decide = {} if rules.decide_within == stage.leave_within else rules.decide_within  # said above already
            for what, spans in (("First touch", rules.touch_within), ("Yes or no", decide)):
                for whom, span in spans.items():
                    who = (
                        "" if len(spans) == 1 and whom == OTHER else f", {'everybody else' if whom == OTHER else whom}"
                    )
                    yield (f"{what}{who}: within {span} of when sales can see them",)

    def _looks(self, key: str, side: Side) -> Iterator[Words]:
        """The vendor fields and their values, per vendor object."""
        row = self.rows[key]
        written, read = row.writes.of(side), row.reads.of(side)
        for object, fields in self.slots.of(side).items():
            if written is not None:
                yield (f"{object}: ", *_form(fields, written))
            for form in read:
                if form != written:
                    also = "also read: " if written is not None else "read, and never written by syncd: "
                    yield (f"{object}, {also}", *_form(fields, form))
        if written is None and not read:
            yield ("Has no value of its own here",)

    # -- moves and words -----------------------------------------------------------------------------------------------
    def _moves(self) -> Section:
        place = {key: number for number, key in enumerate(self.names)}
        rows = tuple(
            (
                (_capital(self.names[edge.start]),),
                (self.names[edge.end],),
                (_capital(self._by(edge)),),
                () if edge.reasons is None else (_title(edge.reasons),),
                tuple(self._besides(edge)),
            )
            for edge in sorted(self.lifecycle.transitions, key=lambda edge: (place[edge.start], place[edge.end]))
        )
        unlisted = (
            "A move that is not in this table is not agreed, and is not to be carried to the other system. "
            f"{REFUSED[self.lifecycle.undeclared]} A move that lacks its reason, or what must be known, waits until it "
            "has both."
        )
        found = FOUND[self.lifecycle.first_link].format(marketing=self.systems.marketing, crm=self.systems.crm)
        first = f"Where two records are linked for the first time and stand in different stages, {found}."
        heads = ("From", "To", "By", "Reason", "Besides")
        return Section("Allowed moves", (Table(heads, rows), Paragraph((unlisted,)), Paragraph((first,))))

    def _besides(self, edge: Transition) -> Iterator[str]:
        """What else a move does, where it is not what most do."""
        if edge.recycles:
            yield "begins a new cycle"
        if not edge.restarts:
            yield ", the time to act runs on" if edge.recycles else "the time to act runs on"

    def _reasons(self) -> Iterator[Section]:
        if not self.lifecycle.reasons:
            return
        heads = ("Reason", f"In {self.systems.marketing}", f"In {self.systems.crm}")
        cards = tuple(
            Card(
                name,
                _capital(_title(name)),
                (),
                (
                    Table(
                        heads,
                        tuple(((Code(each.key),), (each.words.marketing,), (each.words.crm,)) for each in listed),
                    ),
                ),
            )
            for name, listed in self.lifecycle.reasons.items()
        )
        yield Section("Reasons", (), cards)

    def _who(self) -> Section:
        """Teams by role, queue and profile. People named one by one are counted, not named: the page is passed on."""
        rows: list[tuple[Words, ...]] = []
        for team in self.teams.teams:
            groups = (("role", team.roles), ("queue", team.queues), ("profile", team.profiles))
            known = [f"{sort} {name}" for sort, names in groups for name in names]
            if team.users:
                known.append("1 person by name" if len(team.users) == 1 else f"{len(team.users)} people by name")
            unknown = [self.systems.of(side) for side in SIDES if self.teams.unknown.of(side) == team.key]
            rows.append(((team.name,), (", ".join(known),), (f"moves in {' and '.join(unknown)}" if unknown else "",)))
        rows.append(((_capital(AUTOMATION),), ("workflows and rules of either system",), ("",)))
        words = "Who made a move decides for which team it counts, not the system in which it was made."
        heads = ("Team", "Who is in it", "Counts for it where nobody is told")
        return Section("Who is who", (Paragraph((words,)), Table(heads, tuple(rows))))

    def _changes(self) -> Section:
        def row(each: Amendment) -> tuple[Words, ...]:
            about = ", ".join(self.names[key] for key in each.stages)
            return (each.on.isoformat(),), (each.what,), (about,), (each.who,)

        heads = ("Since", "What", "About", "Decided by")
        return Section("What changed", (Table(heads, tuple(row(each) for each in reversed(self.lifecycle.changed))),))

    def _by(self, edge: Transition) -> str:
        *most, last = (self.team_names[team] for team in edge.by)
        return f"{', '.join(most)} or {last}" if most else last


def _form(fields: tuple[str, ...], form: tuple[Wire, ...]) -> Words:
    """``field = value`` for each vendor field that matters."""
    told: list[Words] = [
        (Code(name), " is empty") if value == "" else (Code(name), " = ", Code(str(value)))
        for name, value in zip(fields, form, strict=True)
        if value is not None
    ]
    return _listed(told)


def _places(field: FieldMapping, side: Side) -> list[Words]:
    """The vendor fields that hold a shared field on one side, each once."""
    return [(Code(name),) for name in dict.fromkeys(chain.from_iterable(field.slots.of(side).values()))]


def _listed(parts: Sequence[Words]) -> Words:
    """Several words in a row, with commas between them."""
    return tuple(word for number, part in enumerate(parts) for word in ((", ", *part) if number else part))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(key: str) -> str:
    """A key of a file as people read it."""
    return key.replace("_", " ")
