"""CEL expressions of the configuration: scopes, create rules, filters and transforms over shared fields.

Compiled once, when the configuration is loaded. Refused then, with line, column and advice: a syntax error, a name or
function nobody defined, a regular expression that does not compile, and everything that could run away, because CEL
itself has no time limit (seven nested macros over ten items run for seconds): more than ``MAX_LENGTH`` characters,
brackets deeper than ``MAX_NESTING``, macros nested deeper than ``MAX_MACROS``.

When evaluated, a shared field that is empty or not there is ``null``. Three answers are kept apart: yes, no, and
``Unclear`` with a reason; an expression that stumbles over an empty field has not said no. Reasons never hold values.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cache, lru_cache
from math import isfinite
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from syncd.core.domains import domain_of, is_freemail
from syncd.model.values import Canonical, stamp

if TYPE_CHECKING:
    import cel

MAX_LENGTH: Final = 1_000
MAX_NESTING: Final = 12
MAX_MACROS: Final = 2
MAX_MEMBERS: Final = 1_000
"""A set with more members is not handed to an expression that loops: two nested macros over it would take seconds."""

MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})
STANDARD: Final = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "string", "int", "double", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds"),
    }
)
WORDS: Final = frozenset({"true", "false", "null", "in"})
_COMMAND_LINE: Final = "cel.cli"


def _text_function(change: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A function of one text that answers ``null`` for anything else.

    It must not raise: the library prints the error of a Python function, and with it the value, to the terminal.
    """

    def answer(text: Any = None, *_: Any) -> Any:  # noqa: ANN401 - whatever the expression holds at that place
        return change(text) if isinstance(text, str) else None

    return answer


def _replace(text: Any = None, old: Any = None, new: Any = None, *_: Any) -> str | None:  # noqa: ANN401 - as above
    if isinstance(text, str) and isinstance(old, str) and old and isinstance(new, str):
        return text.replace(old, new)
    return None


def _split(text: Any = None, mark: Any = None, *_: Any) -> list[str] | None:  # noqa: ANN401 - as above
    return text.split(mark) if isinstance(text, str) and isinstance(mark, str) and mark else None


def _join(parts: Any = None, mark: Any = "", *_: Any) -> str | None:  # noqa: ANN401 - as above
    if isinstance(parts, list) and isinstance(mark, str) and all(isinstance(part, str) for part in parts):
        return mark.join(parts)
    return None


OWN: Final[Mapping[str, Callable[..., Any]]] = {
    "lower": _text_function(str.lower),
    "upper": _text_function(str.upper),
    "trim": _text_function(str.strip),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "domain": _text_function(domain_of),
    "freemail": _text_function(is_freemail),
}
"""What syncd adds to CEL; each answers ``null`` where its first argument is empty."""

FUNCTIONS: Final = STANDARD | OWN.keys()


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

    def holds(self, values: Mapping[str, Canonical]) -> bool | Unclear:
        """Whether the condition is true for these shared values; ``Unclear`` if it gives neither yes nor no."""
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
        raise _flaw(text, MAX_LENGTH, f"longer than {MAX_LENGTH} characters", "split it into several rules")
    if not text.strip():
        raise _flaw(text, 0, "the expression is empty", "write a condition, or leave the key out")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _flaw(text, error.start, "half of a surrogate pair", "remove that character") from None
    used = _Reading(text, names)
    used.read()
    try:
        program = _cel().compile(text)
    except ValueError as error:
        raise _syntax_flaw(str(error)) from None
    return Expression(
        text=text,
        names=tuple(sorted(used.fields)),
        loops=used.loops,
        _program=program,
        _functions={name: OWN[name] for name in used.functions if name in OWN},
    )


@cache
def _cel() -> ModuleType:
    """The library, imported on first use, and without its own command line, which would take half of its time."""
    sys.modules.setdefault(_COMMAND_LINE, ModuleType(_COMMAND_LINE))
    try:
        import cel  # noqa: PLC0415 - see above
    finally:
        del sys.modules[_COMMAND_LINE]
    return cel


# -- the bounds ------------------------------------------------------------------------------------------------------
_TOKEN = re.compile(
    r"""
      (?P<blank>\s+|//[^\n]*)
    | (?P<string>[rRbB]{0,2}(?:\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''))
    | (?P<raw>(?:[rR][bB]?|[bB][rR])(?:"[^"\n]*"|'[^'\n]*'))
    | (?P<quoted>[bB]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    sort: str
    text: str
    at: int


@dataclass(slots=True)
class _Frame:
    """One open bracket; ``variable`` is set if it is the bracket of a macro."""

    closes: str
    variable: str | None = None


_NOTHING = _Token("end", "", 0)
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


class _Reading:
    """One walk over the tokens that checks names, functions and bounds, and collects what is used."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self.fields: set[str] = set()
        self.functions: set[str] = set()
        self.loops = False
        self._frames: list[_Frame] = []
        self._tokens = [token for token in _tokens(text) if token.sort != "blank"]

    def read(self) -> None:
        for number, token in enumerate(self._tokens):
            if token.sort == "name":
                self._name(number, token)
            elif token.text in _CLOSING:
                self._open(token, _Frame(_CLOSING[token.text], self._macro_variable(number)))
            elif self._frames and token.text == self._frames[-1].closes:
                self._frames.pop()

    def _at(self, number: int) -> _Token:
        return self._tokens[number] if 0 <= number < len(self._tokens) else _NOTHING

    def _open(self, token: _Token, frame: _Frame) -> None:
        self._frames.append(frame)
        if len(self._frames) > MAX_NESTING:
            raise _flaw(self.text, token.at, f"brackets nested deeper than {MAX_NESTING}", "simplify the expression")
        if frame.variable is not None:
            self.loops = True
            if sum(1 for open_one in self._frames if open_one.variable is not None) > MAX_MACROS:
                raise _flaw(
                    self.text, token.at, f"macros nested deeper than {MAX_MACROS}", "a macro in a macro is the limit"
                )

    def _macro_variable(self, number: int) -> str | None:
        """The variable of the macro whose bracket this is, ``None`` if it is no macro's bracket."""
        called, dot, variable = self._at(number - 1), self._at(number - 2), self._at(number + 1)
        if called.text not in MACROS or dot.text != ".":
            return None
        if variable.sort != "name" or self._at(number + 2).text != ",":
            raise _flaw(
                self.text,
                called.at,
                f"{called.text} has no variable",
                f"write it as list.{called.text}(x, ... x ...)",
            )
        return variable.text

    def _name(self, number: int, token: _Token) -> None:
        member = self._at(number - 1).text == "."
        if self._at(number + 1).text == "(":
            self._function(number, token, member=member)
        elif member:
            what = f".{token.text} is no part of a field"
            raise _flaw(self.text, token.at, what, "shared fields have no parts; name the field alone")
        elif token.text not in WORDS and not any(frame.variable == token.text for frame in self._frames):
            if token.text not in self.names:
                raise _flaw(self.text, token.at, f"unknown field {token.text}", _did_you_mean(token.text, self.names))
            self.fields.add(token.text)

    def _function(self, number: int, token: _Token, *, member: bool) -> None:
        if token.text == "has":
            raise _flaw(self.text, token.at, "has() is for parts of messages", "write `field != null` instead")
        if member and token.text in MACROS:
            return
        if token.text not in FUNCTIONS:
            raise _flaw(self.text, token.at, f"unknown function {token.text}", _did_you_mean(token.text, FUNCTIONS))
        self.functions.add(token.text)
        pattern = self._at(number + 2)
        if token.text == "matches" and pattern.sort in {"quoted", "raw", "string"}:
            self._pattern(pattern)

    def _pattern(self, pattern: _Token) -> None:
        try:
            _cel().evaluate(f"''.matches({pattern.text})")
        except ValueError:
            return  # the literal itself is broken; the parser says so with its place
        except RuntimeError:
            raise _flaw(
                self.text, pattern.at, "the regular expression is not valid", "use RE2 syntax, without look-around"
            ) from None


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        assert found.lastgroup is not None
        yield _Token(found.lastgroup, found.group(), found.start())


def _did_you_mean(word: str, known: frozenset[str]) -> str:
    near = get_close_matches(word, sorted(known), n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are: {', '.join(sorted(known))}"


def _flaw(text: str, at: int, what: str, advice: str) -> ValueError:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return ValueError(f"line {line}, column {column}: {what}; {advice}")


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
