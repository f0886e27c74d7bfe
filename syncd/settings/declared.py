"""What marketing and sales declare about people beside the mapping: personas, rating, calendars, signals.

Each file is optional; what is not there changes nothing. They are read after the mapping, whose shared fields their
conditions name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from syncd.model.calendar import NO_CALENDARS, Calendars
from syncd.model.mapping import KindMapping
from syncd.model.persona import Persona
from syncd.model.rating import Rating
from syncd.model.signal import NO_SIGNALS, Signals
from syncd.model.values import FieldType
from syncd.settings.calendars_file import CalendarsFile, calendars_of
from syncd.settings.personas_file import PersonasFile, personas_of
from syncd.settings.rating_file import RatingFile, rating_of
from syncd.settings.signals_file import SignalsFile, signals_of
from syncd.settings.tree import Tree
from syncd.settings.validate import validated

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Declared:
    """What was declared, and the trees of the files, whose flaws are still to be told."""

    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    calendars: Calendars = NO_CALENDARS
    signals: Signals = NO_SIGNALS
    trees: tuple[Tree, ...] = ()


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
    types: dict[str, FieldType] = {each.name: each.type for each in kinds[PERSON].fields}
    personas: tuple[Persona, ...] = ()
    keys: list[str] | None = []
    if (tree := tree_of("personas.yaml")) is not None:
        people = validated(PersonasFile, tree)
        personas = () if people is None else personas_of(people, tree, names=frozenset(types))
        keys = None if people is None else [each.key for each in personas]
    rating: Rating | None = None
    if (tree := tree_of("rating.yaml")) is not None and (rules := validated(RatingFile, tree)) is not None:
        rating = rating_of(rules, tree, types=types, personas=keys)
    return Declared(personas, rating, calendars, signals, tuple(trees))
