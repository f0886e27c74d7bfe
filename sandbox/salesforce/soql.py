"""SOQL text to a tree: tokens, then a recursive descent over the part of the language that clients use.

Knows SELECT of fields and parent paths, COUNT(), FIELDS(...), child subqueries one level deep and the functions that
put rows together, FROM, WHERE with AND, OR, NOT, parentheses, ``= != <> < <= > >=``, LIKE, [NOT] IN, INCLUDES,
EXCLUDES, GROUP BY, ORDER BY, LIMIT, OFFSET, and semi-joins one level deep (``ParentId IN (SELECT PermissionSetId FROM
...)``). Everything else (HAVING, TYPEOF, other functions) is refused as MALFORMED_QUERY, naming the place, so that a
client never gets an answer to a question that was not understood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.soql_tree import (
    FIELDS,
    Both,
    Comparison,
    Condition,
    Either,
    Function,
    Literal,
    Negation,
    Order,
    Path,
    Query,
    Selected,
    SemiJoin,
)
from sandbox.salesforce.soql_words import Token, malformed, tokens_of, unescape

FUNCTIONS = frozenset(("COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG", FIELDS))
_T = TypeVar("_T")


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

    @property
    def behind(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def is_word(self, word: str) -> bool:
        return self._tokens[self._place].name == word

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self._place += 1
        return token

    def accept(self, word: str) -> bool:
        token = self._tokens[self._place]
        if token.name == word or (token.kind == "sign" and token.text == word):
            self._place += 1
            return True
        return False

    def accept_all(self, *words: str) -> bool:
        place = self._place
        if all(self.accept(word) for word in words):
            return True
        self._place = place
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


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Parses one query or refuses it as MALFORMED_QUERY. Clients ask the same ones again and again."""
    reader = _Reader(text)
    query = _query(reader)
    if reader.token.kind != "end":
        raise reader.unexpected()
    return replace(query, joins=True) if reader.joined else query


def _query(reader: _Reader) -> Query:
    text = reader.text
    reader.expect("select")
    counts = reader.accept_all("count", "(", ")")
    selected = () if counts else _listed(reader, lambda: _selected(reader))
    reader.expect("from")
    origin = reader.name()
    where = _either(reader) if reader.accept("where") else None
    group: tuple[Path, ...] = ()
    if reader.accept("group"):
        reader.expect("by")
        group = _listed(reader, reader.path)
    order: tuple[Order, ...] = ()
    if reader.accept("order"):
        reader.expect("by")
        order = _listed(reader, lambda: _order(reader))
    limit = reader.number() if reader.accept("limit") else None
    offset = reader.number() if reader.accept("offset") else 0
    query = Query(text, selected, counts, origin.text, origin.at, where, group, order, limit, offset)
    if not query.aggregates and any(each.alias for each in selected):
        raise malformed(text, origin.at, "only aggregate expressions use field aliasing")
    return query


def _selected(reader: _Reader) -> Selected:
    """A field, a function of a field, or a child subquery."""
    if reader.is_word("from"):
        raise reader.unexpected("expecting a field")
    if reader.is_word("typeof"):
        raise reader.unexpected("TYPEOF is not known here")
    if reader.token.text == "(":
        return Selected(_child(reader))
    what: Path | Function = Function(reader.take().text.upper(), _argument(reader)) if _calls(reader) else reader.path()
    named = reader.token.kind == "name" and not reader.is_word("from")
    return Selected(what, reader.take().text if named else None)


def _calls(reader: _Reader) -> bool:
    return reader.token.text.upper() in FUNCTIONS and reader.behind.text == "("


def _argument(reader: _Reader) -> Path:
    reader.expect("(")
    path = reader.path()
    reader.expect(")")
    return path


def _child(reader: _Reader) -> Query:
    """The inner query of a child subquery; one level of them is answered."""
    if reader.nested:
        raise reader.unexpected("a subquery within a subquery is not known here")
    reader.expect("(")
    reader.nested = True
    inner = _query(reader)
    reader.nested = False
    reader.expect(")")
    if inner.counts or inner.aggregates or inner.functions:
        raise malformed(reader.text, inner.object_at, "a child subquery selects fields, and no functions of them")
    return inner


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
    if (
        len(inner.paths) != 1
        or len(inner.selected) != 1
        or inner.group
        or inner.order
        or inner.limit is not None
        or inner.offset
    ):
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
