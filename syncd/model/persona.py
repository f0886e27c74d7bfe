"""Personas: whom marketing and sales want to reach, defined once, in words and as a condition.

A definition belongs to somebody (``owner``), who is asked when it is to change. Personas are tried in the order of the
file and the first whose condition holds is the person's; a condition without an answer is a doubt, never a no.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from syncd.model.swift import swift

PERSONA: Final = "persona"
"""The name by which rules of the rating read a person's persona: its key, or null."""
GRADE: Final = "grade"
"""The name of the grade, which neither personas nor rules of the rating may read: it follows from them."""


@dataclass(frozen=True, slots=True)
class Persona:
    """One persona. ``when`` is CEL over the shared fields of a person; ``owner`` is who answers for the definition."""

    key: str
    name: str
    definition: str
    when: str
    owner: str


class Doubt(NamedTuple):
    """A persona whose condition gave neither yes nor no, and why, in words without values."""

    key: str
    reason: str


@swift
@dataclass(frozen=True, slots=True)
class PersonaAnswer:
    """Which persona a person is, ``None`` for none of them.

    ``doubts`` are the conditions without an answer among those tried: all, or those before the one that held.
    """

    persona: Persona | None
    doubts: tuple[Doubt, ...] = ()

    @property
    def key(self) -> str | None:
        """The key of the persona."""
        return None if self.persona is None else self.persona.key

    @property
    def doubt(self) -> str:
        """Why it is not known that the person has no persona; empty if it has one, or surely none."""
        if self.persona is not None or not self.doubts:
            return ""
        return "; ".join(f"{key}: {reason}" for key, reason in self.doubts)
