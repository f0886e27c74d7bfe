"""What marketing and sales declare about people beside the mapping: personas, rating, calendars, signals.

Each file is optional; what is not there changes nothing. They are read after the mapping, whose shared fields their
conditions name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncd.core.meanings import meanings_of
from syncd.model.calendar import NO_CALENDARS, Calendars
from syncd.model.derived import LEDGERED
from syncd.model.handoff import Handoff
from syncd.model.lifecycle import Lifecycle
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.persona import Persona
from syncd.model.rating import Rating
from syncd.model.signal import NO_SIGNALS, Signals
from syncd.model.values import FieldType, Side
from syncd.settings.calendars_file import CalendarsFile, calendars_of
from syncd.settings.lifecycle_times import Groups
from syncd.settings.personas_file import PersonasFile, personas_of
from syncd.settings.rating_file import RatingFile, rating_of
from syncd.settings.signals_file import SignalsFile, signals_of
from syncd.settings.tree import Tree
from syncd.settings.validate import validated

PERSON = "person"
_REACHABLE = frozenset({FieldType.EMAIL, FieldType.PHONE})


@dataclass(frozen=True, slots=True)
class Declared:
    """What was declared, and the trees of the files, whose flaws are still to be told.

    ``personas_read`` is ``False`` where there is such a file and it could not be read.
    """

    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    calendars: Calendars = NO_CALENDARS
    signals: Signals = NO_SIGNALS
    trees: tuple[Tree, ...] = ()
    personas_read: bool = True
    sound: frozenset[str] = frozenset()
    """The names of the files that are there and have no flaw."""

    @property
    def groups(self) -> Groups | None:
        """By what times may be given; ``None`` where the files that say it cannot be believed."""
        if any(Path(tree.file).name not in self.sound for tree in self.trees):
            return None
        grades = () if self.rating is None else tuple(each.grade for each in self.rating.grades)
        return Groups(grades, tuple(each.key for each in self.personas))


def handoff_between(kinds: Sequence[KindMapping], told: Declared) -> Handoff | None:
    """What the ledger is kept by; ``None`` where no kind has a lifecycle that says what its stages mean."""
    for kind in kinds:
        if kind.agreed is not None and kind.agreed.lifecycle.handoff is not None:
            lifecycle = kind.agreed.lifecycle
            return Handoff(
                stage=lifecycle.field,
                fields=kind.agreed.fields,
                rules=kind.agreed.lifecycle.handoff,
                entry={stage.key: stage.entry.filled for stage in lifecycle.stages if stage.entry.filled},
                reachable=tuple(each.name for each in kind.fields if _reaches(each)),
                owners=tuple(each.name for each in kind.fields if each.type is FieldType.OWNER),
                calendars=told.calendars,
                personas=told.personas,
                rating=told.rating,
                back=_back(lifecycle),
                sales=frozenset(team for team in _sales(lifecycle) if team is not None),
                shown=any(each.derive is not None and each.derive.sort in LEDGERED for each in kind.fields),
            )
    return None


def _reaches(field: FieldMapping) -> bool:
    """Whether somebody can be reached by a field. What flows to marketing alone is nothing that marketing brings: most
    often it is the address of who owns the record.
    """
    return field.type in _REACHABLE and field.direction.flows_to(Side.CRM)


def _back(lifecycle: Lifecycle) -> frozenset[str]:
    """Stages that are no part of the handoff, and of another team than those that begin and go on with it."""
    rules = lifecycle.handoff
    assert rules is not None, "only a lifecycle with a handoff is asked"
    meant = {*rules.qualified, *rules.accepted, *rules.offered, *rules.won, *rules.rejected, *rules.lost}
    meant |= {*rules.recycled, *rules.born}
    teams = _sales(lifecycle)
    return frozenset(stage.key for stage in lifecycle.stages if stage.key not in meant and stage.owner not in teams)


def _sales(lifecycle: Lifecycle) -> set[str | None]:
    """The teams that have to act once a person is handed over, until something is won."""
    rules = lifecycle.handoff
    assert rules is not None, "only a lifecycle with a handoff is asked"
    handed_over = {*rules.qualified, *rules.accepted, *rules.offered}
    return {stage.owner for stage in lifecycle.stages if stage.key in handed_over}


def declared(directory: Path, kinds: Mapping[str, KindMapping], read: Callable[[Path], Tree]) -> Declared:
    """Reads the files that are there.

    :param kinds: the sound mappings. Where people have none, conditions cannot be held against its fields: the flaw of
        that mapping is told then, and these files are not read.
    :param read: reads one file and notes that it was read.
    """
    trees: list[Tree] = []

    def tree_of(name: str) -> Tree | None:
        path = directory / name
        if not path.exists():
            return None
        trees.append(read(path))
        return trees[-1]

    calendars = NO_CALENDARS
    if (tree := tree_of("calendars.yaml")) is not None and (dates := validated(CalendarsFile, tree)) is not None:
        calendars = calendars_of(dates, tree)
    if PERSON not in kinds:
        return Declared(calendars=calendars, trees=tuple(trees))
    signals = NO_SIGNALS
    if (tree := tree_of("signals.yaml")) is not None and (signs := validated(SignalsFile, tree)) is not None:
        signals = signals_of(signs, tree)
    fields = kinds[PERSON].fields
    meanings = meanings_of(each for each in fields if each.derive is None)
    derived = frozenset(each.name for each in fields) - meanings.keys()
    personas: tuple[Persona, ...] = ()
    keys: list[str] | None = []
    if (tree := tree_of("personas.yaml")) is not None:
        people = validated(PersonasFile, tree)
        personas = () if people is None else personas_of(people, tree, meanings=meanings, derived=derived)
        keys = None if people is None else [each.key for each in personas]
    rating: Rating | None = None
    if (tree := tree_of("rating.yaml")) is not None and (rules := validated(RatingFile, tree)) is not None:
        rating = rating_of(rules, tree, meanings=meanings, personas=keys, derived=derived)
    sound = frozenset(Path(tree.file).name for tree in trees if not tree.flaws)
    return Declared(personas, rating, calendars, signals, tuple(trees), personas_read=keys is not None, sound=sound)
