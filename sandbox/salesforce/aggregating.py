"""Aggregate queries: ``SELECT Status, COUNT(Id) FROM Lead GROUP BY Status``, answered as AggregateResult rows.

What is selected and not put together must be grouped, and so must what sorts; a function whose value has no alias is
``expr0``, ``expr1`` and so on. Empty values count for nothing. HAVING, sorting by a function and the functions of dates
are not understood, and so are refused where the query is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sandbox.salesforce.definitions import NUMBER_TYPES, Row, Value
from sandbox.salesforce.errors import Refusal, plain
from sandbox.salesforce.limits import MAX_PAGE
from sandbox.salesforce.org import Org
from sandbox.salesforce.showing import Shown
from sandbox.salesforce.soql_eval import Getter, Meaning
from sandbox.salesforce.soql_run import run
from sandbox.salesforce.soql_tree import FIELDS, Function, Path, Query
from sandbox.salesforce.soql_words import located, malformed

_OF_NUMBERS = ("SUM", "AVG")
_VALUES: dict[str, Callable[[list[Any]], Value]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len(set(values)),
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
    "SUM": lambda values: sum(values) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
}
Column = Callable[[Sequence[Row]], Value]


def aggregated(org: Org, query: Query, *, with_deleted: bool) -> list[Shown]:
    """The rows of an aggregate query, in its order."""
    if not query.group and query.limit is not None:
        message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
        raise malformed(query.text, query.object_at, message)
    entity, rows = run(org, replace(query, limit=None, offset=0), with_deleted=with_deleted)
    meaning = Meaning(org, entity, query.text)
    keys = [_key(meaning, path) for path in query.group]
    grouped = {_name(path) for path in query.group}
    for order in query.order:
        if _name(order.path) not in grouped:
            message = f"Ordered field must be grouped or aggregated: {order.path.parts[-1]}"
            raise malformed(query.text, order.path.at, message)
    columns = _columns(meaning, query, grouped)
    # The rows come in the order asked for, so their groups do as well.
    groups: dict[tuple[Value, ...], list[Row]] = {} if query.group else {(): []}
    for row in rows:
        groups.setdefault(tuple(key(row) for key in keys), []).append(row)
    stop = None if query.limit is None else query.offset + query.limit
    found = list(groups.values())[query.offset : stop]
    if len(found) > MAX_PAGE:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise plain("EXCEEDED_ID_LIMIT", message)
    return [
        {"attributes": {"type": "AggregateResult"}, **{name: column(group) for name, column in columns.items()}}
        for group in found
    ]


def _columns(meaning: Meaning, query: Query, grouped: set[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    unnamed = 0
    for each in query.selected:
        what = each.what
        if isinstance(what, Query):
            raise malformed(query.text, what.object_at, "a query that puts rows together has no child subqueries")
        if isinstance(what, Function):
            name, column = each.alias or f"expr{unnamed}", _function(meaning, what)
            unnamed += each.alias is None
        else:
            found = meaning.resolve(what)
            if _name(what) not in grouped:
                raise malformed(query.text, what.at, f"Field must be grouped or aggregated: {found.field.name}")
            name, column = each.alias or found.field.name, _first(found.get)
        if name in columns:
            at = what.path.at if isinstance(what, Function) else what.at
            raise malformed(query.text, at, f"duplicate alias: {name}")
        columns[name] = column
    return columns


def _key(meaning: Meaning, path: Path) -> Getter:
    found = meaning.resolve(path)
    if not found.field.groupable:
        message = f"field '{found.field.name}' can not be grouped in a query call"
        raise plain("INVALID_FIELD", located(meaning.text, path.at, message))
    return found.get


def _function(meaning: Meaning, function: Function) -> Column:
    if function.name == FIELDS:
        raise _unfit(meaning, function, FIELDS)
    found = meaning.resolve(function.path)
    if not found.field.aggregatable or (function.name in _OF_NUMBERS and found.field.type not in NUMBER_TYPES):
        raise _unfit(meaning, function, found.field.name)
    get, value_of = found.get, _VALUES[function.name]
    return lambda group: value_of([value for row in group if (value := get(row)) is not None])


def _unfit(meaning: Meaning, function: Function, name: str) -> Refusal:
    message = f"field {name} does not support aggregate operator {function.name}"
    return malformed(meaning.text, function.path.at, message)


def _first(get: Getter) -> Column:
    return lambda group: get(group[0])


def _name(path: Path) -> str:
    return ".".join(path.parts).lower()
