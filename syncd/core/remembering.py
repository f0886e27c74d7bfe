"""Conditions that remember their answers, for those that are slow to work out.

The CEL library makes a regular expression anew each time it meets one, which takes longer than everything else about a
person. Titles and the like are the same for many people, and an answer follows from the values alone, so the last
``MOST`` answers are kept. What is kept of the values is a digest, so that nobody's data outlives their being forgotten.

A condition on nothing but what has few values, all of them ours (the persona), keeps an answer for each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, Protocol

from syncd.core.expressions import Expression, Unclear
from syncd.model.values import Canonical

MOST: Final = 4_096
_SLOW: Final = "matches("


class Condition(Protocol):
    """What can be asked of shared values. ``names`` are those it reads."""

    @property
    def names(self) -> tuple[str, ...]:
        """The shared fields that it reads."""

    def holds(self, values: Mapping[str, Canonical]) -> bool | Unclear:
        """Whether it is true for these values."""


def remembering(expression: Expression, *, few: frozenset[str] = frozenset()) -> Condition:
    """The expression; one that holds a regular expression, or reads nothing but ``few``, with a memory.

    :param few: names that have few values, each a text or empty, and none of them somebody's own.
    """
    if few.issuperset(expression.names) and len(expression.names) == 1:
        return _OfFew(expression, expression.names[0])
    return _Remembering(expression) if _SLOW in expression.text else expression


class _OfFew:
    """One expression with its answer for each value of the one name that it reads."""

    def __init__(self, expression: Expression, name: str) -> None:
        self.names = expression.names
        self._name = name
        self._expression = expression
        self._answers: dict[Canonical, bool | Unclear] = {}

    def holds(self, values: Mapping[str, Canonical]) -> bool | Unclear:
        """The answer that was given for the same value, else a new one."""
        value = values.get(self._name)
        answer = self._answers.get(value)
        if answer is None:
            answer = self._answers[value] = self._expression.holds(values)
        return answer


class _Remembering:
    """One expression with its last answers, the oldest first."""

    def __init__(self, expression: Expression) -> None:
        self.names = expression.names
        self._expression = expression
        self._answers: OrderedDict[bytes, bool | Unclear] = OrderedDict()

    def holds(self, values: Mapping[str, Canonical]) -> bool | Unclear:
        """The answer that was given for the same values, else a new one."""
        told = repr([values.get(name) for name in self.names]).encode(errors="surrogatepass")
        key = blake2b(told, digest_size=16).digest()
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._expression.holds(values)
            if len(self._answers) > MOST:
                self._answers.popitem(last=False)
        else:
            self._answers.move_to_end(key)
        return answer
