"""What a parsed query is made of: frozen values, which ``soql`` makes and ``soql_eval`` gives a meaning."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = "FIELDS"
"""The function that stands for many fields; all others put rows together."""


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
class Function:
    """``COUNT(Id)`` and its like, or ``FIELDS(ALL)``; the name is in upper case."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Selected:
    """One entry of the list of fields; ``Query`` is a child subquery."""

    what: Path | Function | Query
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; ``counts`` is ``SELECT COUNT()``, which selects nothing; ``joins``: it has semi-joins."""

    text: str
    selected: tuple[Selected, ...]
    counts: bool
    object_name: str
    object_at: int
    where: Condition | None = None
    group: tuple[Path, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    joins: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """The fields among what is selected."""
        return tuple(each.what for each in self.selected if isinstance(each.what, Path))

    @property
    def children(self) -> tuple[Query, ...]:
        """The child subqueries among it."""
        return tuple(each.what for each in self.selected if isinstance(each.what, Query))

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions among it."""
        return tuple(each.what for each in self.selected if isinstance(each.what, Function))

    @property
    def aggregates(self) -> bool:
        """Whether rows are put together: a group, or a function other than FIELDS."""
        return bool(self.group) or any(each.name != FIELDS for each in self.functions)
