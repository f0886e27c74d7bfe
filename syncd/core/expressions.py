"""CEL expressions of the configuration: scopes, create rules, filters and transforms over shared fields.

Compiled once, when the configuration is loaded. Refused then, with line, column and advice: a syntax error, a name or
function nobody defined, a regular expression that does not compile, and everything that could run away, because CEL
itself has no time limit (``core.bounds``).

When evaluated, a shared field that is empty or not there is ``null``. Three answers are kept apart: yes, no, and
``Unclear`` with a reason; an expression that stumbles over an empty field has not said no. Reasons never hold values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from syncd.core.bounds import MAX_LENGTH, Reading, flaw
from syncd.core.cel_library import OWN, library
from syncd.core.shortcut import Ask, Shortcut, shortcut
from syncd.model.values import Canonical, stamp

if TYPE_CHECKING:
    import cel

MAX_MEMBERS: Final = 1_000
"""A set with more members is not handed to an expression that loops: two nested macros over it would take seconds."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The expression has no answer for these values; ``reason`` says why, without the values."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. ``names`` are the shared fields it reads; ``loops`` whether it holds a macro."""

    text: str
    names: tuple[str, ...]
    loops: bool
    _program: cel.Program
    _functions: Mapping[str, Callable[..., Any]]
    _shortcut: Shortcut | None

    def holds(self, values: Mapping[str, Canonical]) -> bool | Unclear:
        """Whether the condition is true for these shared values; ``Unclear`` if it gives neither yes nor no."""
        if self._shortcut is not None:
            try:
                return self._shortcut(values)
            except Ask:  # only the library knows why there is no answer
                pass
        answer = self._run(values)
        if isinstance(answer, bool | Unclear):
            return answer
        return Unclear(f"gives {_kind_of(answer)}, not true or false")

    def value(self, values: Mapping[str, Canonical]) -> Canonical | Unclear:
        """The value for these shared values, in canonical form (a double becomes decimal text, a list a set)."""
        answer = self._run(values)
        if answer is None or isinstance(answer, str | bool | int | Unclear):
            return answer
        if isinstance(answer, float) and isfinite(answer):
            return format(Decimal(repr(answer)).normalize() + 0, "f")
        if isinstance(answer, datetime):
            return stamp(answer)
        if isinstance(answer, list) and all(isinstance(member, str) for member in answer):
            return tuple(sorted(set(answer)))
        return Unclear(f"gives {_kind_of(answer)}, which no shared field can hold")

    def _run(self, values: Mapping[str, Canonical]) -> Any:  # noqa: ANN401 - any CEL value
        context: dict[str, Any] = dict(self._functions)
        for name in self.names:
            value = values.get(name)
            if isinstance(value, tuple):
                if self.loops and len(value) > MAX_MEMBERS:
                    return Unclear(f"{name} has more than {MAX_MEMBERS} members")
                context[name] = list(value)
            else:
                context[name] = value
        try:
            return self._program.execute(context)
        except Exception as error:  # noqa: BLE001 - the library raises six kinds; each means "no answer"
            return Unclear(self._why(error, context))

    def _why(self, error: Exception, context: Mapping[str, Any]) -> str:
        """Our own words, since the library's may quote values."""
        empty = [name for name in self.names if context[name] is None]
        where = f" (empty: {', '.join(empty)})" if empty else ""
        if isinstance(error, ZeroDivisionError):
            return "divides by zero" + where
        if isinstance(error, OverflowError):
            return "a number grows too large" + where
        if isinstance(error, TypeError | RuntimeError):
            return "an operation or function meets an empty value or one of another type" + where
        return f"cannot be evaluated ({type(error).__name__})" + where


@lru_cache(maxsize=1_024)
def compile_expression(text: str, names: frozenset[str]) -> Expression:
    """Compiles and bounds an expression; the same one again is the same one, since each cycle asks for all rules.

    :param names: the shared fields it may read.
    :raises ValueError: with ``line L, column C: what; advice``, both counted from 1.
    """
    if len(text) > MAX_LENGTH:
        raise flaw(text, MAX_LENGTH, f"longer than {MAX_LENGTH} characters", "split it into several rules")
    if not text.strip():
        raise flaw(text, 0, "the expression is empty", "write a condition, or leave the key out")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise flaw(text, error.start, "half of a surrogate pair", "remove that character") from None
    used = Reading(text, names)
    used.read()
    try:
        program = library().compile(text)
    except ValueError as error:
        raise _syntax_flaw(str(error)) from None
    return Expression(
        text=text,
        names=tuple(sorted(used.fields)),
        loops=used.loops,
        _program=program,
        _functions={name: OWN[name] for name in used.functions if name in OWN},
        _shortcut=shortcut(text),
    )


_LIBRARY_FLAW = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")


def _syntax_flaw(said: str) -> ValueError:
    found = _LIBRARY_FLAW.search(said)
    if found is None:
        return ValueError("line 1, column 1: not a CEL expression; see docs/config.md for examples")
    what = found[3].split(" expecting ")[0].replace("mismatched input '<EOF>'", "it ends too early")
    return ValueError(f"line {found[1]}, column {found[2]}: {what}; mend the CEL syntax at this place")


def _kind_of(answer: object) -> str:
    if answer is None:
        return "null"
    words = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return words.get(type(answer), f"a {type(answer).__name__}")
