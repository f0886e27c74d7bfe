"""Runs a parsed query: picks the order or index of the table that serves it, filters, sorts, cuts.

Promises that the three questions a synchronisation asks all day (what changed since, the next page by id, these
e-mails or keys) touch only the rows they answer. ``bounds`` understands the keyset form
``stamp > t OR (stamp = t AND Id > x)``: an OR is as wide as its widest part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cmp_to_key
from itertools import islice

from sandbox.salesforce.aging import not_too_old
from sandbox.salesforce.definitions import ID_TYPES, TEXT_TYPES, Row, Value
from sandbox.salesforce.entity import Entity, unknown_type
from sandbox.salesforce.errors import plain
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql_eval import Meaning, all_conditions
from sandbox.salesforce.soql_tree import Both, Comparison, Condition, Either, Literal, Negation, Query, SemiJoin
from sandbox.salesforce.soql_words import located

Bounds = tuple[str | None, str | None]
_NO_BOUNDS: Bounds = (None, None)
_SELECTIVE = ("=", "in")


def entity_of(org: Org, query: Query) -> Entity:
    """The object a query reads, or INVALID_TYPE with its place."""
    found = org.schema.find(query.object_name)
    if found is None:
        raise plain("INVALID_TYPE", located(query.text, query.object_at, unknown_type(query.object_name)))
    return found


def run(org: Org, query: Query, *, with_deleted: bool) -> tuple[Entity, list[Row]]:
    """All rows a query answers, in its order."""
    entity = entity_of(org, query)
    meaning = Meaning(org, entity, query.text)
    if query.joins and query.where is not None:
        query = replace(query, where=_answered(meaning, query.where))
    test = meaning.predicate(query.where) if query.where is not None else None
    for order in query.order:
        field = meaning.resolve(order.path).field
        if not field.sortable:
            message = f"field '{field.name}' can not be sorted in a query call"
            raise plain("INVALID_FIELD", located(query.text, order.path.at, message))
    if not org.switches.keyset_filters and query.where is not None and _is_keyset(query.where):
        raise plain("QUERY_TIMEOUT", "Your query request was running for too long.")
    candidates, ordered_by = _candidates(meaning, query)
    rows: Iterable[Row] = not_too_old(org, entity, candidates, with_deleted=with_deleted)
    if entity.sees is not None:
        rows = filter(entity.sees, rows)
    if not with_deleted:
        rows = (row for row in rows if not row.get("IsDeleted"))
    if test is not None:
        rows = filter(test, rows)
    wanted = tuple(order.path.parts[-1].lower() for order in query.order)
    plain_ascending = all(not order.descending and len(order.path.parts) == 1 for order in query.order)
    if not (plain_ascending and ordered_by[: len(wanted)] == wanted):
        rows = _sorted(meaning, query, list(rows))
    stop = None if query.limit is None else query.offset + query.limit
    return entity, list(islice(rows, query.offset, stop))


def _is_keyset(condition: Condition, *, within: bool = False) -> bool:
    """Whether a range of ids stands inside of an OR."""
    if isinstance(condition, Comparison):
        return within and condition.operator in ("<", ">", "<=", ">=") and condition.path.parts[-1].lower() == "id"
    if isinstance(condition, Negation):
        return _is_keyset(condition.condition, within=within)
    if isinstance(condition, SemiJoin):
        return False
    return any(_is_keyset(each, within=within or isinstance(condition, Either)) for each in condition.conditions)


def _answered(meaning: Meaning, condition: Condition) -> Condition:
    """The condition with its semi-joins answered: each becomes a list of ids."""
    if isinstance(condition, Comparison):
        return condition
    if isinstance(condition, Negation):
        return Negation(_answered(meaning, condition.condition))
    if not isinstance(condition, SemiJoin):
        return replace(condition, conditions=tuple(_answered(meaning, each) for each in condition.conditions))
    inner, rows = run(meaning.org, condition.query, with_deleted=False)
    found = Meaning(meaning.org, inner, meaning.text).resolve(condition.query.paths[0])
    for field, path in (
        (meaning.resolve(condition.path).field, condition.path),
        (found.field, condition.query.paths[0]),
    ):
        if field.type not in ID_TYPES:
            message = f"The selected field '{field.name}' in a semi join sub-select must be an ID or a reference field"
            raise plain("INVALID_FIELD", located(meaning.text, path.at, message))
    ids = {str(value) for row in rows if (value := found.get(row)) is not None}
    return Comparison(condition.path, condition.operator, tuple(Literal("string", text) for text in sorted(ids)))


def _candidates(meaning: Meaning, query: Query) -> tuple[Iterator[Row], tuple[str, ...]]:
    """The rows worth looking at, and the order they come in."""
    table = meaning.entity.table
    conditions = all_conditions(query.where)
    exact = ("id",) if meaning.org.switches.ids_compare_exactly else ()
    for condition in conditions:
        if not isinstance(condition, Comparison) or condition.operator not in _SELECTIVE:
            continue
        found = meaning.resolve(condition.path)
        if found.chain or any(literal.kind in ("null", "day") for literal in condition.values):
            continue
        values = [meaning.literal(found.field, literal, condition.path) for literal in condition.values]
        if found.field.name == "Id":
            ids = sorted({str(value) for value in values if value in table.rows})
            return (table.rows[row_id] for row_id in ids), exact
        if table.has_index(found.field.name):
            ids = sorted({row_id for value in values for row_id in table.lookup(found.field.name, value)})
            return (table.rows[row_id] for row_id in ids), exact
    if not meaning.org.switches.ids_compare_exactly:  # the orders of the table are not those of the question
        return table.by_id(), ()
    stamp_field = table.stamp_field
    whole = Both(conditions)
    by_stamp = bounds(meaning, whole, stamp_field)
    by_id = bounds(meaning, whole, "Id")
    first = query.order[0].path.parts[-1].lower() if query.order else "id"
    if by_stamp != _NO_BOUNDS or (by_id == _NO_BOUNDS and first == stamp_field.lower()):
        start = _log_start(meaning, whole, stamp_field)
        return table.modified(start, by_stamp[1]), (stamp_field.lower(), "id")
    return table.by_id(*by_id), ("id",)


def bounds(meaning: Meaning, condition: Condition, name: str) -> Bounds:
    """Between which values of the field a row must lie to satisfy the condition; ``None`` is open."""
    if isinstance(condition, Comparison):
        return _bounds_of(meaning, condition, name)
    if isinstance(condition, Both):
        inner = [bounds(meaning, each, name) for each in condition.conditions]
        lows = [low for low, _ in inner if low is not None]
        highs = [high for _, high in inner if high is not None]
        return max(lows, default=None), min(highs, default=None)
    if isinstance(condition, Either):
        inner = [bounds(meaning, each, name) for each in condition.conditions]
        lows = [low for low, _ in inner if low is not None]
        highs = [high for _, high in inner if high is not None]
        return (min(lows) if len(lows) == len(inner) else None, max(highs) if len(highs) == len(inner) else None)
    return _NO_BOUNDS


def _log_start(meaning: Meaning, condition: Condition, stamp_field: str) -> tuple[str, str]:
    """The place (stamp, id) in modification order before which no row satisfies the condition.

    Stamps tie by the thousand after a bulk load; a keyset page must not begin at the first of its second.
    """
    if isinstance(condition, Either):
        return min(_log_start(meaning, each, stamp_field) for each in condition.conditions)
    low, high = bounds(meaning, condition, stamp_field)
    if not isinstance(condition, Both):
        return low or "", ""
    start = max((_log_start(meaning, each, stamp_field) for each in condition.conditions), default=("", ""))
    after = bounds(meaning, condition, "Id")[0]
    return max(start, (low, after)) if low is not None and low == high and after is not None else start


def _bounds_of(meaning: Meaning, comparison: Comparison, name: str) -> Bounds:
    if len(comparison.path.parts) != 1 or comparison.path.parts[0].lower() != name.lower():
        return _NO_BOUNDS
    if len(comparison.values) != 1 or comparison.values[0].kind not in ("datetime", "string"):
        return _NO_BOUNDS
    literal = comparison.values[0]
    value = meaning.literal(meaning.resolve(comparison.path).field, literal, comparison.path)
    # Anything appended makes the shortest text behind a value, which is where "greater" begins.
    text = None if value is None else str(value)
    behind = None if text is None else text + "!"
    spans: dict[str, Bounds] = {
        "=": (text, text), ">": (behind, None), ">=": (text, None), "<": (None, text), "<=": (None, text),
    }  # fmt: skip
    return spans.get(comparison.operator, _NO_BOUNDS)


def _sorted(meaning: Meaning, query: Query, rows: list[Row]) -> list[Row]:
    """Sorts by the keys from last to first; null comes first unless asked otherwise, ties are broken by id."""
    exact = meaning.org.switches.ids_compare_exactly
    rows.sort(key=lambda row: str(row["Id"]) if exact else str(row["Id"]).lower())
    for order in reversed(query.order):
        found = meaning.resolve(order.path)
        is_text = found.field.type in TEXT_TYPES or (found.field.type in ID_TYPES and not exact)
        get = found.get

        def compare(one: tuple[Value, Row], two: tuple[Value, Row], *, down: bool = order.descending,
                    last: bool = order.nulls_last) -> int:  # fmt: skip
            first, second = one[0], two[0]
            if first is None or second is None:
                absent = (second is None) - (first is None)
                return -absent if last else absent if first is not second else 0
            higher = (first > second) - (first < second)  # type: ignore[operator]  # one field has one type
            return -higher if down else higher

        keyed = [((value.lower() if is_text and isinstance(value := get(row), str) else get(row)), row) for row in rows]
        keyed.sort(key=cmp_to_key(compare))
        rows = [row for _, row in keyed]
    return rows
