"""``POST /{type}/search``: checks a query against its limits, finds hits in the lagging index, cuts a page.

Cost is that of the page for change queries (a range of stamps, sorted by stamp): a bisection and a slice. A filter
on a stamp or the id narrows the candidates first, an exact one on a unique value looks them up. Other queries scan, and
the hits of the last few are kept until the index changes, so that paging does not scan again.

Hits come from the index, and values too (but for a switch). A record archived meanwhile is counted in ``total`` but not
shown (recorded).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.hubspot import views
from sandbox.hubspot.errors import invalid_request
from sandbox.hubspot.exchange import Exchange, objects, texts
from sandbox.hubspot.filters import Key, Test, check_filter, compile_filter, converter, given_value, given_values
from sandbox.hubspot.portal import Portal, by_number
from sandbox.hubspot.records import RecordStore
from sandbox.hubspot.stamps import parse_instant
from sandbox.kernel import Answered

_LOW, _HIGH = -1, 1 << 62
_KEPT = 8
_ID_OPERATORS = frozenset({"EQ", "GT", "GTE", "LT", "LTE", "BETWEEN"})


@dataclass(slots=True)
class HitCache:
    """Hits of the last queries of one object, valid for one generation of its index."""

    generation: int = -1
    hits: dict[bytes, Sequence[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """One filter group: ranges of version stamps and of ids, ids to look at instead of all, and the tests that remain.

    Both ranges end before their upper bound.
    """

    low: int = _LOW
    high: int = _HIGH
    first: int = _LOW
    end: int = _HIGH
    only: set[int] | None = None
    tests: list[Test] = field(default_factory=list)

    @property
    def by_id(self) -> bool:
        """Whether the ids are a range."""
        return (self.first, self.end) != (_LOW, _HIGH)


def searches(exchange: Exchange, kind: str, *, caches: dict[str, HitCache]) -> Answered:
    """One page of hits. Raises 400 refusals for every broken limit."""
    portal = exchange.portal
    store = portal.store(kind)
    limits = portal.limits
    if len(exchange.request.body.decode(errors="replace")) > limits.search_body:
        raise invalid_request(f"The request body exceeds {limits.search_body} characters")
    body = exchange.body()
    limit = body.get("limit", 10)
    if not isinstance(limit, int) or not 0 <= limit <= limits.search_page:
        raise invalid_request(f"limit must be a number from 0 to {limits.search_page}, not {limit!r}")
    limit = min(limit, portal.switches.largest_page)
    start = by_number(body.get("after") or "0", what="after")
    if start + limit > limits.search_results:
        raise invalid_request(f"Paging past {limits.search_results} results is not supported")
    store.index.catch_up(now=portal.now())
    hits = _cached(portal, store, body, caches.setdefault(store.kind.name, HitCache()))
    names = views.wanted(store, texts(body.get("properties"), what="properties"))
    page = hits[start : start + limit]
    results = [
        views.found(store, _shown(portal, store, number), names) for number in page if _alive(portal, store, number)
    ]
    answer: dict[str, Any] = {"total": len(hits), "results": results}
    following = start + limit
    if following < len(hits) and limit:
        link = f"https://api.hubapi.com{exchange.request.path}?after={following}"
        answer["paging"] = {"next": {"after": str(following), "link": link}}
    return exchange.answer(200, answer, records=len(results))


def _shown(portal: Portal, store: RecordStore, number: int) -> dict[str, str]:
    """The values that a hit is shown with: those of the index or, by switch, those that the record holds by now."""
    record = store.records.get(number) if portal.switches.search_shows_latest else None
    return store.index.shown[number] if record is None else record.values


def _alive(portal: Portal, store: RecordStore, number: int) -> bool:
    """Whether a hit is shown: not if it was archived meanwhile, and what was merged only where search keeps it."""
    record = store.records.get(number)
    if record is None:
        return portal.switches.merged_losers_in_search and number in store.moved
    return record.archived is None


def _cached(portal: Portal, store: RecordStore, body: Mapping[str, Any], cache: HitCache) -> Sequence[int]:
    if cache.generation != store.index.generation:
        cache.generation, cache.hits = store.index.generation, {}
    question = {name: body.get(name) for name in ("filterGroups", "sorts", "query")}
    # Associations change without a new generation of this index.
    lasting = b"associations." not in (key := orjson.dumps(question, option=orjson.OPT_SORT_KEYS))
    if key in cache.hits and lasting:
        return cache.hits[key]
    hits = _hits(portal, store, question)
    if len(cache.hits) >= _KEPT:
        del cache.hits[next(iter(cache.hits))]
    cache.hits[key] = hits
    return hits


def _hits(portal: Portal, store: RecordStore, question: Mapping[str, Any]) -> Sequence[int]:
    """Ids of all hits in the order asked for."""
    index = store.index
    order, descending = _order(store, question.get("sorts"))
    groups = _groups(portal, store, question.get("filterGroups") or [])
    words = str(question.get("query") or "").lower().split()
    if len(groups) == 1 and not (groups[0].tests or groups[0].by_id or words) and groups[0].only is None:
        found = _slice(store, groups[0])
        if order == index.stamp:
            return [number for _, number in (reversed(found) if descending else found)]
        ids = index.by_id if len(found) == len(index.by_id) else sorted(number for _, number in found)
    else:
        matched: set[int] = set()
        for group in groups:
            matched |= _matches(store, group)
        ids = [number for number in matched if _has_words(store, number, words)]
    return _sorted(portal, store, ids, order=order, descending=descending)


def _slice(store: RecordStore, group: Group) -> list[tuple[int, int]]:
    by_stamp = store.index.by_stamp
    low = bisect_left(by_stamp, (group.low, -1))
    return by_stamp[low : bisect_left(by_stamp, (group.high, -1))]


def _matches(store: RecordStore, group: Group) -> set[int]:
    index = store.index
    if group.only is not None:
        candidates = {n for n in group.only if n in index.stamps and group.low <= index.stamps[n] < group.high}
        candidates = {n for n in candidates if group.first <= n < group.end}
    elif group.by_id:
        ids = index.by_id[bisect_left(index.by_id, group.first) : bisect_left(index.by_id, group.end)]
        candidates = {number for number in ids if group.low <= index.stamps[number] < group.high}
    else:
        candidates = {number for _, number in _slice(store, group)}
    shown = index.shown
    for test in group.tests:
        candidates = {number for number in candidates if test(number, shown[number])}
    return candidates


def _order(store: RecordStore, raw: Any) -> tuple[str, bool]:
    """Property to sort by and whether downward; in order of creation by default, oldest first."""
    if not raw:
        return "createdate", False
    if not isinstance(raw, list) or len(raw) > 1:
        raise invalid_request("Only one sort rule is supported")
    rule = raw[0]
    if isinstance(rule, str):
        name, descending = rule.removeprefix("-"), rule.startswith("-")
    elif isinstance(rule, dict):
        name, descending = str(rule.get("propertyName")), rule.get("direction") == "DESCENDING"
    else:
        raise invalid_request("A sort rule is a property name or an object with propertyName and direction")
    if name not in store.definitions:
        raise invalid_request(f"Cannot sort by {name}: there is no such property")
    return name, descending


def _sorted(portal: Portal, store: RecordStore, ids: Sequence[int], *, order: str, descending: bool) -> Sequence[int]:
    index = store.index
    ids = sorted(ids)
    if order == index.stamp:
        return sorted(ids, key=index.stamps.__getitem__, reverse=descending)
    if order == "createdate":  # one spelling of an instant: the order of the text is that of time
        return sorted(ids, key=lambda number: (index.shown[number]["createdate"], number), reverse=descending)
    if order != "hs_object_id":
        convert = converter(store.definitions[order], switches=portal.switches)
        if store.definitions[order].type in ("date", "datetime"):
            convert = _stored_instant
        empty: list[int] = []
        held: list[tuple[Key, int]] = []
        for number in ids:
            value = index.shown[number].get(order)
            if value is None:
                empty.append(number)
            else:
                held.append((convert(value), number))
        held.sort(reverse=descending)
        return [number for _, number in held] + empty
    return ids[::-1] if descending else ids


def _stored_instant(text: str) -> Key:
    return parse_instant(text) or 0


def _has_words(store: RecordStore, number: int, words: Sequence[str]) -> bool:
    if not words:
        return True
    values = store.index.shown[number]
    text = " ".join(values.get(name, "") for name in store.kind.searchable).lower()
    return all(word in text for word in words)


def _groups(portal: Portal, store: RecordStore, raw: Any) -> list[Group]:
    """Filter groups, checked against the limits on their number."""
    limits = portal.limits
    filters = [objects(group.get("filters"), what="filters") for group in objects(raw, what="filterGroups")]
    if len(filters) > limits.search_groups:
        raise invalid_request(f"{len(filters)} filterGroups exceed the limit of {limits.search_groups}")
    if any(len(group) > limits.search_filters_per_group for group in filters):
        raise invalid_request(f"A filterGroup may hold at most {limits.search_filters_per_group} filters")
    if sum(map(len, filters)) > limits.search_filters:
        raise invalid_request(f"At most {limits.search_filters} filters may be used in one search")
    return [_group(portal, store, group) for group in filters] or [Group()]


def _group(portal: Portal, store: RecordStore, filters: Sequence[Any]) -> Group:
    group = Group()
    for raw in filters:
        name, operator = check_filter(raw)
        if name.startswith("associations."):
            _restrict(group, _associated(portal, store, name.partition(".")[2], raw))
        elif name not in store.definitions:
            raise invalid_request(f"Cannot filter by {name}: there is no such property")
        else:
            test = compile_filter(raw, store.definitions[name], switches=portal.switches)
            if name == store.index.stamp and _narrow(group, raw, operator):
                continue
            if name == "hs_object_id" and _narrow_ids(group, raw, operator):
                continue
            if operator == "EQ":
                held = store.index.having(name, given_value(raw))
                if held is not None:
                    _restrict(group, held)
            elif operator == "IN" and store.index.having(name, "") is not None:
                _restrict(group, {n for v in given_values(raw) for n in store.index.having(name, v) or ()})
            group.tests.append(test)
    return group


def _restrict(group: Group, ids: set[int]) -> None:
    group.only = set(ids) if group.only is None else group.only & ids


def _narrow(group: Group, raw: Mapping[str, Any], operator: str) -> bool:
    """Turns a comparison of the stamp into a range; ``compile_filter`` has checked its value. True if it did."""
    if operator not in ("LT", "LTE", "GT", "GTE", "EQ", "BETWEEN"):
        return False
    value = parse_instant(given_value(raw))
    top = parse_instant(given_value(raw, "highValue")) if operator == "BETWEEN" else value
    if value is None or top is None:
        return False
    if operator in ("GTE", "EQ", "BETWEEN"):
        group.low = max(group.low, value)
    if operator == "GT":
        group.low = max(group.low, value + 1)
    if operator in ("LTE", "EQ", "BETWEEN"):
        group.high = min(group.high, top + 1)
    if operator == "LT":
        group.high = min(group.high, value)
    return True


def _narrow_ids(group: Group, raw: Mapping[str, Any], operator: str) -> bool:
    """Turns an exact filter on the id into a look-up and a comparison into a range. True if it did."""
    given = given_values(raw) if operator == "IN" else [given_value(raw)] if operator in _ID_OPERATORS else []
    if operator == "BETWEEN":
        given.append(given_value(raw, "highValue"))
    if not given or not all(text.isascii() and text.isdigit() for text in given):
        return False
    numbers = [int(text) for text in given]
    if operator in ("EQ", "IN"):
        _restrict(group, set(numbers))
    if operator in ("GT", "GTE", "BETWEEN"):
        group.first = max(group.first, numbers[0] + (operator == "GT"))
    if operator in ("LT", "LTE", "BETWEEN"):
        group.end = min(group.end, numbers[-1] + (operator != "LT"))
    return True


def _associated(portal: Portal, store: RecordStore, other: str, raw: Mapping[str, Any]) -> set[int]:
    """The pseudo property ``associations.{type}``: records associated with the given ones."""
    if raw["operator"] not in ("EQ", "IN"):
        raise invalid_request("associations.* can only be filtered with EQ and IN")
    pair = portal.pair(other, store.kind.name)
    given = given_values(raw) if raw["operator"] == "IN" else [given_value(raw)]
    return {number for key in given for number in portal.links.of(pair, by_number(key, what="value"))}
