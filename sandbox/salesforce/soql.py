"""SOQL text to a tree: tokens, then a recursive descent over the part of the language that clients use.

Knows SELECT of fields and parent paths or COUNT(), FROM, WHERE with AND, OR, NOT, parentheses, ``= != <> < <= > >=``,
LIKE, [NOT] IN, INCLUDES, EXCLUDES, ORDER BY, LIMIT, OFFSET, and semi-joins one level deep (``ParentId IN (SELECT
PermissionSetId FROM ...)``). Everything else (aggregates, child subqueries) is refused as
MALFORMED_QUERY, naming the place, so that a client never gets an answer to a question that was not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

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
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the query and where it starts."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    r"""A value in a condition: ``kind`` is string, number, boolean, null, date, datetime or day (``TODAY`` ...).

    In a string, ``\%`` and ``\_`` stay escaped: only LIKE gives them a meaning.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: ``("Owner", "Name")``, with its place in the text for error messages."""

    parts: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``path operator values``; operators are lower case, lists have several values."""

    path: Path
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """``path [NOT] IN (SELECT ...)``."""

    path: Path
    operator: str
    query: Query


@dataclass(frozen=True, slots=True)
class Both:
    """All of the conditions hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the conditions holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The condition does not hold."""

    condition: Condition


Condition = Comparison | SemiJoin | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    path: Path
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; ``counts`` is ``SELECT COUNT()``, which has no paths; ``joins``: it has semi-joins."""

    text: str
    paths: tuple[Path, ...]
    counts: bool
    object_name: str
    object_at: int
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    joins: bool = False


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
        found.append(Token(kind, match[kind], match.start(kind)))
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


class _Reader:
    """Walks over the tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens_of(text)
        self._place = 0
        self.nested = False
        self.joined = False

    @property
    def token(self) -> Token:
        return self._tokens[self._place]

    def is_word(self, word: str) -> bool:
        return self.token.kind == "name" and self.token.text.lower() == word

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self._place += 1
        return token

    def accept(self, word: str) -> bool:
        if self.is_word(word) or (self.token.kind == "sign" and self.token.text == word):
            self._place += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.unexpected(f"expecting '{word}'")

    def name(self) -> Token:
        if self.token.kind != "name":
            raise self.unexpected("expecting a name")
        return self.take()

    def number(self) -> int:
        if self.token.kind != "number" or not self.token.text.isdigit():
            raise self.unexpected("expecting a number")
        return int(self.take().text)

    def unexpected(self, hint: str = "") -> Refusal:
        word = self.token.text
        return malformed(self.text, self.token.at, f"unexpected token: '{word}'" + (f" ({hint})" if hint else ""))

    def path(self) -> Path:
        token = self.name()
        if self.token.text == "(":
            raise self.unexpected(f"the function {token.text}() is not known here")
        return Path(tuple(token.text.split(".")), token.at)


def parse(text: str) -> Query:
    """Parses one query or refuses it as MALFORMED_QUERY."""
    reader = _Reader(text)
    query = _query(reader)
    if reader.token.kind != "end":
        raise reader.unexpected()
    return replace(query, joins=True) if reader.joined else query


def _query(reader: _Reader) -> Query:
    text = reader.text
    reader.expect("select")
    counts = reader.is_word("count")
    if counts:
        reader.take()
        reader.expect("(")
        reader.expect(")")
        paths: tuple[Path, ...] = ()
    else:
        paths = _listed(reader, reader.path)
    reader.expect("from")
    origin = reader.name()
    where = _either(reader) if reader.accept("where") else None
    order: tuple[Order, ...] = ()
    if reader.accept("order"):
        reader.expect("by")
        order = _listed(reader, lambda: _order(reader))
    limit = reader.number() if reader.accept("limit") else None
    offset = reader.number() if reader.accept("offset") else 0
    return Query(text, paths, counts, origin.text, origin.at, where, order, limit, offset)


def _listed(reader: _Reader, item: Callable[[], _T]) -> tuple[_T, ...]:
    found = [item()]
    while reader.accept(","):
        found.append(item())
    return tuple(found)


def _order(reader: _Reader) -> Order:
    path = reader.path()
    descending = reader.accept("desc")
    if not descending:
        reader.accept("asc")
    nulls_last = False
    if reader.accept("nulls"):
        nulls_last = reader.accept("last")
        if not nulls_last:
            reader.expect("first")
    return Order(path, descending, nulls_last)


def _either(reader: _Reader) -> Condition:
    """A chain of ANDs or of ORs; the vendor refuses to mix them without parentheses."""
    first = _single(reader)
    for word, made in (("and", Both), ("or", Either)):
        if reader.is_word(word):
            found = [first]
            while reader.accept(word):
                found.append(_single(reader))
            if reader.is_word("and") or reader.is_word("or"):
                raise reader.unexpected("AND and OR need parentheses when mixed")
            return made(tuple(found))
    return first


def _single(reader: _Reader) -> Condition:
    if reader.accept("not"):
        return Negation(_single(reader))
    if reader.accept("("):
        inner = _either(reader)
        reader.expect(")")
        return inner
    path = reader.path()
    token = reader.take()
    operator = token.text.lower()
    if operator == "not":
        reader.expect("in")
        operator = "not in"
    if operator in ("in", "not in", "includes", "excludes"):
        reader.expect("(")
        if reader.is_word("select"):
            return _semi_join(reader, path, operator)
        values = _listed(reader, lambda: _literal(reader))
        reader.expect(")")
        return Comparison(path, operator, values)
    if operator not in ("=", "!=", "<>", "<", "<=", ">", ">=", "like"):
        raise malformed(reader.text, token.at, f"unexpected token: '{token.text}'")
    return Comparison(path, "!=" if operator == "<>" else operator, (_literal(reader),))


def _semi_join(reader: _Reader, path: Path, operator: str) -> SemiJoin:
    """The inner query of a semi-join, up to its closing parenthesis; the vendor allows one level of them."""
    at = reader.token.at
    if operator not in ("in", "not in") or reader.nested:
        raise malformed(reader.text, at, "Nesting of semi join sub-selects is not supported")
    reader.nested = reader.joined = True
    inner = _query(reader)
    reader.nested = False
    reader.expect(")")
    if len(inner.paths) != 1 or inner.order or inner.limit is not None or inner.offset:
        raise malformed(reader.text, at, "a semi join sub-select has one field and neither ORDER BY nor LIMIT")
    return SemiJoin(path, operator, inner)


def _literal(reader: _Reader) -> Literal:
    token = reader.take()
    if token.kind == "string":
        return Literal("string", unescape(token.text[1:-1], token.at, reader.text))
    if token.kind in ("number", "date", "datetime"):
        return Literal(token.kind, token.text)
    word = token.text.lower()
    if token.kind == "name" and word in ("true", "false"):
        return Literal("boolean", word)
    if token.kind == "name" and word == "null":
        return Literal("null", word)
    if token.kind == "name":
        return Literal("day", word)
    raise malformed(reader.text, token.at, f"unexpected token: '{token.text}'")
