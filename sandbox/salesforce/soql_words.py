"""SOQL text to words, and where each of them stands: what the parser reads, and how the vendor points at a mistake."""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.salesforce.errors import Refusal, plain

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:\\.|[^'\\])*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_][\w.]*(?::\d+)?)
  | (?P<sign><=|>=|!=|<>|[=<>(),])
  )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b", "f": "\f",
            "F": "\f", "'": "'", '"': '"', "\\": "\\", "_": "\\_", "%": "\\%"}  # fmt: skip
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_AROUND = 60


class Token(NamedTuple):
    """One word of the query and where it starts; ``name`` is a name in small letters, else empty."""

    kind: str
    text: str
    at: int
    name: str = ""


def located(text: str, at: int, message: str) -> str:
    """A message with the place in the query, in the vendor's form (recorded for INVALID_TYPE)."""
    start, end = max(0, at - _AROUND), at + _AROUND
    window = text[start:end].replace("\n", " ")
    return f"\n{window}\n{' ' * (at - start)}^\nERROR at Row:1:Column:{at + 1}\n{message}"


def malformed(text: str, at: int, message: str) -> Refusal:
    """The vendor's refusal of a query it cannot read."""
    return plain("MALFORMED_QUERY", located(text, at, message))


def tokens_of(text: str) -> list[Token]:
    """The words of a query, with an ``end`` token behind them."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            rest = text[place:]
            if not rest.strip():
                break
            at = place + len(rest) - len(rest.lstrip())
            raise malformed(text, at, f"unexpected token: '{text[at]}'")
        kind = match.lastgroup or ""
        word = match[kind]
        found.append(Token(kind, word, match.start(kind), word.lower() if kind == "name" else ""))
        place = match.end()
    found.append(Token("end", "<EOF>", len(text)))
    return found


def unescape(text: str, at: int, query: str) -> str:
    """The value of a quoted string; wildcard escapes are kept for LIKE."""

    def swap(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise malformed(query, at, f"Illegal string literal: invalid escape sequence '\\{match[1]}'")
        return _ESCAPES[match[1]]

    return _ESCAPE.sub(swap, text)
