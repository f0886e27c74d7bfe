"""What an expression of the configuration may hold: names, functions and sizes, checked token by token.

CEL itself has no time limit (seven nested macros over ten items run for seconds), so everything that could run away is
refused: more than ``MAX_LENGTH`` characters, brackets deeper than ``MAX_NESTING``, macros nested deeper than
``MAX_MACROS``. What is refused is told with line, column and advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from syncd.core.cel_library import OWN, library

MAX_LENGTH: Final = 1_000
MAX_NESTING: Final = 12
MAX_MACROS: Final = 2
MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})
STANDARD: Final = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "string", "int", "double", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds"),
    }
)
WORDS: Final = frozenset({"true", "false", "null", "in"})
FUNCTIONS: Final = STANDARD | OWN.keys()

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
class Token:
    """One token of an expression, and the character at which it begins.

    ``sort`` is ``blank``, ``string``, ``raw``, ``quoted``, ``number``, ``name`` or ``mark``.
    """

    sort: str
    text: str
    at: int


@dataclass(slots=True)
class _Frame:
    """One open bracket; ``variable`` is set if it is the bracket of a macro."""

    closes: str
    variable: str | None = None


_NOTHING = Token("end", "", 0)
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


class Reading:
    """One walk over the tokens that checks names, functions and bounds, and collects what is used."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self.fields: set[str] = set()
        self.functions: set[str] = set()
        self.loops = False
        self._frames: list[_Frame] = []
        self._tokens = [token for token in tokens(text) if token.sort != "blank"]

    def read(self) -> None:
        """Reads it all, once. Raises ``ValueError`` at the first flaw."""
        for number, token in enumerate(self._tokens):
            if token.sort == "name":
                self._name(number, token)
            elif token.text in _CLOSING:
                self._open(token, _Frame(_CLOSING[token.text], self._macro_variable(number)))
            elif self._frames and token.text == self._frames[-1].closes:
                self._frames.pop()

    def _at(self, number: int) -> Token:
        return self._tokens[number] if 0 <= number < len(self._tokens) else _NOTHING

    def _open(self, token: Token, frame: _Frame) -> None:
        self._frames.append(frame)
        if len(self._frames) > MAX_NESTING:
            raise flaw(self.text, token.at, f"brackets nested deeper than {MAX_NESTING}", "simplify the expression")
        if frame.variable is not None:
            self.loops = True
            if sum(1 for open_one in self._frames if open_one.variable is not None) > MAX_MACROS:
                raise flaw(
                    self.text, token.at, f"macros nested deeper than {MAX_MACROS}", "a macro in a macro is the limit"
                )

    def _macro_variable(self, number: int) -> str | None:
        """The variable of the macro whose bracket this is, ``None`` if it is no macro's bracket."""
        called, dot, variable = self._at(number - 1), self._at(number - 2), self._at(number + 1)
        if called.text not in MACROS or dot.text != ".":
            return None
        if variable.sort != "name" or self._at(number + 2).text != ",":
            raise flaw(
                self.text,
                called.at,
                f"{called.text} has no variable",
                f"write it as list.{called.text}(x, ... x ...)",
            )
        return variable.text

    def _name(self, number: int, token: Token) -> None:
        member = self._at(number - 1).text == "."
        if self._at(number + 1).text == "(":
            self._function(number, token, member=member)
        elif member:
            what = f".{token.text} is no part of a field"
            raise flaw(self.text, token.at, what, "shared fields have no parts; name the field alone")
        elif token.text not in WORDS and not any(frame.variable == token.text for frame in self._frames):
            if token.text not in self.names:
                raise flaw(self.text, token.at, f"unknown field {token.text}", _did_you_mean(token.text, self.names))
            self.fields.add(token.text)

    def _function(self, number: int, token: Token, *, member: bool) -> None:
        if token.text == "has":
            raise flaw(self.text, token.at, "has() is for parts of messages", "write `field != null` instead")
        if member and token.text in MACROS:
            return
        if token.text not in FUNCTIONS:
            raise flaw(self.text, token.at, f"unknown function {token.text}", _did_you_mean(token.text, FUNCTIONS))
        self.functions.add(token.text)
        pattern = self._at(number + 2)
        if token.text == "matches" and pattern.sort in {"quoted", "raw", "string"}:
            self._pattern(pattern)

    def _pattern(self, pattern: Token) -> None:
        try:
            library().evaluate(f"''.matches({pattern.text})")
        except ValueError:
            return  # the literal itself is broken; the parser says so with its place
        except RuntimeError:
            raise flaw(
                self.text, pattern.at, "the regular expression is not valid", "use RE2 syntax, without look-around"
            ) from None


def tokens(text: str) -> Iterator[Token]:
    """Every token of an expression, in its order."""
    for found in _TOKEN.finditer(text):
        assert found.lastgroup is not None
        yield Token(found.lastgroup, found.group(), found.start())


def _did_you_mean(word: str, known: frozenset[str]) -> str:
    near = get_close_matches(word, sorted(known), n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are: {', '.join(sorted(known))}"


def flaw(text: str, at: int, what: str, advice: str) -> ValueError:
    """The error for a flaw at this character, with line and column, both counted from 1."""
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return ValueError(f"line {line}, column {column}: {what}; {advice}")
