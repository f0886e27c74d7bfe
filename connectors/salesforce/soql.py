"""SOQL from checked parts: a value can never become syntax.

Promises: names of objects and fields match a strict pattern; texts are always quoted and escaped; ids are checked;
instants are written in UTC without quotes, as the vendor wants them. Refuses every other way to make a query: callers
join conditions that come from here, they never format text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final, NewType
from urllib.parse import quote_plus

from connectors.salesforce.ids import to18
from syncd.model.values import Instant

Condition = NewType("Condition", str)
"""A piece of a WHERE clause that was made here."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_ESCAPES: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}


@dataclass(frozen=True, slots=True)
class Query:
    """A finished query. ``all_rows`` asks ``queryAll``: rows of the recycle bin and losers of merges too.

    ``counts`` marks one that is answered by a number of rows and no rows.
    """

    text: str
    all_rows: bool = False
    counts: bool = False

    @property
    def path(self) -> str:
        """The resource and its encoded query, below the version: ``queryAll?q=SELECT+Id...``."""
        return f"{'queryAll' if self.all_rows else 'query'}?q={quote_plus(self.text)}"


def is_name(text: str) -> bool:
    """Whether this can be the API name of an object or a field."""
    return _NAME.fullmatch(text) is not None


def name(text: str) -> str:
    """The name itself. :raises ValueError: if it cannot be the API name of an object or field."""
    if not is_name(text):
        raise ValueError(f"{text!r} is no API name of Salesforce; names have letters, digits and underscores only")
    return text


def literal(value: str) -> str:
    """A text as a quoted literal."""
    return "'" + "".join(_ESCAPES.get(letter, letter) for letter in value) + "'"


def moment(value: Instant) -> str:
    """An instant as an unquoted literal in UTC with milliseconds. :raises ValueError: if it has no offset."""
    if value.tzinfo is None:
        raise ValueError("a datetime literal needs an instant with an offset; a naive one would be off by hours")
    shown = value.astimezone(UTC)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{shown.microsecond // 1000:03d}Z"


def equals(field: str, value: str | bool) -> Condition:  # noqa: FBT001 - the value compared with, not a switch
    """``field = value``."""
    shown = str(value).lower() if isinstance(value, bool) else literal(value)
    return Condition(f"{name(field)} = {shown}")


def is_in(field: str, values: Iterable[str]) -> Condition:
    """``field IN ('a', 'b')``."""
    return Condition(f"{name(field)} IN ({_listed(values)})")


def ids_in(field: str, ids: Iterable[str]) -> Condition:
    """``field IN (...)`` for record ids."""
    return is_in(field, map(to18, ids))


def ids_not_in(field: str, ids: Iterable[str]) -> Condition:
    """``field NOT IN (...)`` for record ids."""
    return Condition(f"{name(field)} NOT IN ({_listed(map(to18, ids))})")


def within(field: str, of: str, object: str, *where: Condition) -> Condition:
    """``field IN (SELECT of FROM object WHERE ...)``."""
    return Condition(f"{name(field)} IN ({select((of,), object, *where).text})")


def contains(field: str, part: str) -> Condition:
    """``field LIKE '%part%'``; ``%`` and ``_`` in the part stand for themselves."""
    plain = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Condition(f"{name(field)} LIKE '%{_inner(plain)}%'")


def after_id(field: str, id: str) -> Condition:
    """``field > id``."""
    return Condition(f"{name(field)} > {literal(to18(id))}")


def later(field: str, than: Instant) -> Condition:
    """``field > instant``."""
    return Condition(f"{name(field)} > {moment(than)}")


def since(field: str, at: Instant) -> Condition:
    """``field >= instant``."""
    return Condition(f"{name(field)} >= {moment(at)}")


def until(field: str, at: Instant) -> Condition:
    """``field <= instant``."""
    return Condition(f"{name(field)} <= {moment(at)}")


def either(*conditions: Condition) -> Condition:
    """At least one of them."""
    return conditions[0] if len(conditions) == 1 else Condition("(" + " OR ".join(conditions) + ")")


def both(*conditions: Condition) -> Condition:
    """All of them."""
    return conditions[0] if len(conditions) == 1 else Condition("(" + " AND ".join(conditions) + ")")


def select(
    fields: Sequence[str],
    object: str,
    *where: Condition,
    through: tuple[str, str] | None = None,
    also: Sequence[tuple[str, str]] = (),
    order: Sequence[str] = (),
    limit: int | None = None,
    all_rows: bool = False,
) -> Query:
    """A whole query; the conditions must all hold. ``through`` is a lookup and one more field, of the row behind it;
    ``also`` are more of the sort.
    """
    behind = [*([through] if through else []), *also]
    columns = [*map(name, fields), *(".".join(map(name, each)) for each in behind)]
    text = f"SELECT {', '.join(columns)} FROM {name(object)}"  # noqa: S608 - of checked parts only
    if where:
        text += " WHERE " + " AND ".join(where)
    if order:
        text += " ORDER BY " + ", ".join(map(name, order))
    if limit is not None:
        text += f" LIMIT {limit:d}"
    return Query(text, all_rows)


def count(object: str, *where: Condition) -> Query:
    """A query whose ``totalSize`` is the number of rows for which the conditions hold."""
    text = f"SELECT COUNT() FROM {name(object)}"  # noqa: S608 - of checked parts only
    return Query(text + (" WHERE " + " AND ".join(where) if where else ""), counts=True)


def lots(values: Sequence[str], *, count: int = 300, size: int = 12_000) -> list[list[str]]:
    """The values cut into lists that fit into one query's URL: at most ``count`` values and ``size`` encoded bytes.

    The vendor answers 414 beyond 16,384 bytes of URI; the rest is left to the field names.
    """
    cut: list[list[str]] = []
    used = size + 1
    for value in values:
        cost = len(quote_plus(literal(value))) + len("%2C+")
        if used + cost > size or len(cut[-1]) >= count:
            cut.append([])
            used = 0
        cut[-1].append(value)
        used += cost
    return cut


def _inner(text: str) -> str:
    """The inside of a LIKE literal, whose backslashes already escape wildcards."""
    return "".join(letter if letter == "\\" else _ESCAPES.get(letter, letter) for letter in text)


def _listed(values: Iterable[str]) -> str:
    listed = ", ".join(map(literal, values))
    if not listed:
        raise ValueError("an IN list needs at least one value")
    return listed
