"""Which persona a person is: the first, in the order of the file, whose condition holds for the shared values.

Pure and total: every person has one answer. A condition that gives neither yes nor no does not stop the search; it is
kept as a doubt, and where no later persona holds, the answer is "none, but that one may be".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.core.expressions import Unclear, compile_expression
from syncd.core.remembering import Condition, remembering
from syncd.model.persona import Doubt, Persona, PersonaAnswer
from syncd.model.values import Canonical


class Personas:
    """The personas of a configuration, compiled."""

    def __init__(self, personas: Sequence[Persona], names: frozenset[str]) -> None:
        """:param names: the shared fields of a person.
        :raises ValueError: if a condition does not compile; ``syncd check`` says so beforehand.
        """
        self.personas = tuple(personas)
        self._tried = tuple(
            (each, remembering(compile_expression(each.when, names)), PersonaAnswer(each)) for each in self.personas
        )
        self._none = PersonaAnswer(None)
        self.reads = frozenset(name for _, when, _ in self._tried for name in when.names)

    def answer(self, values: Mapping[str, Canonical], *, unsettled: Mapping[str, str] | None = None) -> PersonaAnswer:
        """The persona for these shared values; ``unsettled`` are fields whose value is not known, with the reason."""
        doubts: list[Doubt] = []
        for persona, when, plain in self._tried:
            answer = holds(when, values, unsettled)
            if answer is True:
                return PersonaAnswer(persona, tuple(doubts)) if doubts else plain
            if isinstance(answer, Unclear):
                doubts.append(Doubt(persona.key, answer.reason))
        return PersonaAnswer(None, tuple(doubts)) if doubts else self._none


def holds(when: Condition, values: Mapping[str, Canonical], unsettled: Mapping[str, str] | None) -> bool | Unclear:
    """Whether a condition is true; ``Unclear`` also where it reads a field whose value is not known."""
    if unsettled:
        reasons = [f"{name} {unsettled[name]}" for name in when.names if name in unsettled]
        if reasons:
            return Unclear("; ".join(reasons))
    return when.holds(values)
