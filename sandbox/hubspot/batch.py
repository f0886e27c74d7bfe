"""Batch endpoints of records: read, create, update, upsert, archive.

One bad row fails a whole batch of writes before anything is written, unless every input carries a trace id of its own:
then each row stands alone and the failures are listed beside the results in a 207 (batch create: documented; updates:
by switch). Unknown ids in an update are skipped without a word, or named (by switch); results come in id order, not in
that of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.hubspot import views
from sandbox.hubspot.errors import Refusal, invalid_request, not_found
from sandbox.hubspot.exchange import Exchange, check_size, properties_of, texts
from sandbox.hubspot.objects import check_new, known, put_links, wanted_links
from sandbox.hubspot.portal import by_number
from sandbox.hubspot.records import Record, RecordStore
from sandbox.kernel import Answered

Input = Mapping[str, Any]
#: Writes one checked row and returns its result and the ids created by it.
Commit = Callable[[], tuple[dict[str, Any], list[str]]]
#: Checks one row against the store and what earlier rows claim; ``None`` skips it without a word.
Check = Callable[[Input, dict[str, set[str]]], Commit | None]


def reads(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/batch/read``: unknown ids make it a 207 that names them, or are left out (a switch)."""
    portal = exchange.portal
    store = portal.store(kind)
    body = exchange.body()
    history = texts(body.get("propertiesWithHistory"), what="propertiesWithHistory")
    inputs = exchange.inputs(limit=portal.limits.batch_with_history if history else portal.limits.batch)
    keys = [str(entry.get("id", "")) for entry in inputs]
    name = str(body.get("idProperty") or "")
    found, missing = _look_up(exchange, store, keys, name=name, archived=exchange.flag("archived"))
    names = views.wanted(store, texts(body.get("properties"), what="properties"))
    results = [views.read(portal, store, found[number], names=names, history=history) for number in sorted(found)]
    errors: list[dict[str, Any]] = []
    if missing and portal.switches.batch_read_names_missing:
        what = store.kind.singular.upper()
        message = f"Could not get some {what} objects, they may be deleted or not exist. Check that ids are valid."
        errors = [Refusal(404, message, category="OBJECT_NOT_FOUND", context={"ids": missing}).row(trace=None)]
    return exchange.batch(200, results, errors=errors)


def creates(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/batch/create``."""
    portal = exchange.portal
    store = portal.store(kind)

    def check(entry: Input, claimed: dict[str, set[str]]) -> Commit:
        changes = store.check(properties_of(entry), current=None, source=exchange.source, strict=exchange.strict)
        store.check_unique(changes, own=None, claimed=claimed)
        links = wanted_links(exchange, store, entry)
        check_new(store, changes, links)

        def commit() -> tuple[dict[str, Any], list[str]]:
            record = portal.create(store, changes, source=exchange.source)
            put_links(exchange, record, links)
            return views.created(store, record, given=changes), [str(record.id)]

        _claim(store, changes, claimed)
        return commit

    inputs = exchange.inputs(limit=portal.limits.batch)
    return _write(exchange, inputs, check, status=201, split=_separable(inputs))


def updates(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/batch/update``: ids of merged records do not work here, nor does ``idProperty=email``."""
    portal = exchange.portal
    store = portal.store(kind)
    inputs = exchange.inputs(limit=portal.limits.batch)
    for name in {str(entry.get("idProperty") or "") for entry in inputs} - {"", "hs_object_id"}:
        if name not in store.definitions or not store.definitions[name].unique:
            raise invalid_request(f"Unable to perform update/upsert by non-unique {store.kind.type_id} property {name}")
    inputs = _without_repeats(exchange, inputs)

    split = _separable(inputs) and portal.switches.trace_ids_split_updates

    def check(entry: Input, claimed: dict[str, set[str]]) -> Commit | None:
        record = _existing(store, entry)
        if record is None and split and portal.switches.batch_update_names_missing:
            raise not_found(bare=False)
        return None if record is None else _check_update(exchange, store, record, properties_of(entry), claimed)

    return _write(exchange, inputs, check, status=200, split=split)


def upserts(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/batch/upsert``: by a unique property, or by e-mail but then all rows or none."""
    portal = exchange.portal
    store = portal.store(kind)
    inputs = exchange.inputs(limit=portal.limits.batch)
    name = _upsert_property(exchange, store, inputs)
    inputs = _without_repeats(exchange, inputs)

    def check(entry: Input, claimed: dict[str, set[str]]) -> Commit:
        key_name, key = str(entry["idProperty"]), str(entry.get("id", ""))
        properties = {key_name: key, **properties_of(entry)}
        record = store.holder(key_name, key)
        if record is not None:
            if properties.get(key_name) == key:
                del properties[key_name]
            return _check_update(exchange, store, record, properties, claimed, key=key_name)
        changes = store.check(properties, current=None, source=exchange.source, strict=exchange.strict)
        store.check_unique(changes, own=None, claimed=claimed)
        _claim(store, changes, claimed)

        def commit() -> tuple[dict[str, Any], list[str]]:
            made = portal.create(store, changes, source=exchange.source)
            return views.created(store, made, given=changes) | {"new": True}, [str(made.id)]

        return commit

    split = _separable(inputs) and portal.switches.trace_ids_split_updates and name != "email"
    return _write(exchange, inputs, check, status=200, split=split)


def archives(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/batch/archive``: unknown ids are skipped."""
    portal = exchange.portal
    store = portal.store(kind)
    inputs = exchange.inputs(limit=portal.limits.batch)
    written: list[str] = []
    for entry in inputs:
        record = store.find(by_number(entry.get("id"), what="inputs[].id"), moved=False)
        if record is not None and record.archived is None:
            portal.archive(store, record, source=exchange.source)
            written.append(str(record.id))
    return exchange.answer(204, records=len(written), written=written)


def _look_up(
    exchange: Exchange, store: RecordStore, keys: Sequence[str], *, name: str, archived: bool
) -> tuple[dict[int, Record], list[str]]:
    """The records that keys name, by id, and the keys that name none."""
    check_size(keys, limit=exchange.portal.limits.batch)
    by_id = name in ("", "hs_object_id")
    if not by_id and name not in store.unique:
        raise invalid_request(f"Property {name} is not a unique property of {store.kind.name}")
    found: dict[int, Record] = {}
    missing: list[str] = []
    for key in keys:
        if by_id:
            moved = exchange.portal.switches.batch_read_resolves_merged
            record = store.find(int(key), moved=moved) if key.isascii() and key.isdigit() else None
        else:
            record = store.holder(name, key)
        if record is None or (record.archived is not None) != archived:
            missing.append(key)
        else:
            found[record.id] = record
    return found, missing


def _write(exchange: Exchange, inputs: Sequence[Input], check: Check, *, status: int, split: bool) -> Answered:
    """All rows or none; or, ``split``, each row by itself."""
    results: list[dict[str, Any]] = []
    created: list[str] = []
    errors: list[dict[str, Any]] = []
    commits: list[tuple[Commit, str | None]] = []

    def run(commit: Commit, trace: str | None) -> None:
        result, new = commit()
        if trace is not None:
            result["objectWriteTraceId"] = trace
        results.append(result)
        created.extend(new)

    claimed: dict[str, set[str]] = {}
    for entry in inputs:
        trace = entry.get("objectWriteTraceId")
        try:
            commit = check(entry, {} if split else claimed)
        except Refusal as refusal:
            if not split:
                raise
            errors.append(refusal.row(trace=trace))
            continue
        if commit is None:
            continue
        if split:
            run(commit, trace)
        else:
            commits.append((commit, trace))
    for commit, trace in commits:
        run(commit, trace)
    results.sort(key=lambda result: int(result["id"]))
    written = [result["id"] for result in results]
    return exchange.batch(status, results, errors=errors, created=created, written=written)


def _check_update(
    exchange: Exchange,
    store: RecordStore,
    record: Record,
    properties: Mapping[str, Any],
    claimed: dict[str, set[str]],
    *,
    key: str | None = None,
) -> Commit:
    """An update; of an upsert, ``key`` is the property that found the record, which the answer holds too."""
    changes = store.check(properties, current=record, source=exchange.source, strict=exchange.strict)
    store.check_unique(changes, own=record.id, claimed=claimed)
    _claim(store, changes, claimed)

    def commit() -> tuple[dict[str, Any], list[str]]:
        exchange.portal.update(store, record, changes, source=exchange.source)
        given = known(store, properties)
        if key is None:
            return views.updated(store, record, given=given), []
        return views.updated(store, record, given=[key, *given]) | {"new": False}, []

    return commit


def _existing(store: RecordStore, entry: Input) -> Record | None:
    name, key = str(entry.get("idProperty") or ""), entry.get("id", "")
    if name in ("", "hs_object_id"):
        record = store.find(by_number(key, what="inputs[].id"), moved=False)
    else:
        record = store.holder(name, str(key))
    return None if record is None or record.archived is not None else record


def _upsert_property(exchange: Exchange, store: RecordStore, inputs: Sequence[Input]) -> str:
    names = {str(entry.get("idProperty") or "") for entry in inputs}
    for name in names:
        if name not in store.unique:
            raise invalid_request(
                f"Unable to perform update/upsert by non-unique {store.kind.type_id} property {name or '(none)'}"
            )
    if len(names) > 1 and exchange.portal.switches.upsert_one_id_property:
        raise invalid_request(f"All inputs of one upsert must use the same idProperty, not {sorted(names)}")
    return "email" if "email" in names else names.pop()


def _separable(inputs: Sequence[Input]) -> bool:
    traces = [entry.get("objectWriteTraceId") for entry in inputs]
    return all(isinstance(trace, str) and trace for trace in traces) and len(set(traces)) == len(traces)


def _without_repeats(exchange: Exchange, inputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One input for each record: an id that comes again is a 400 refusal or, by switch, one input with the first.

    The later of two values of a property holds then, so what clears it and what sets it are not told apart.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in inputs:
        key = (str(entry.get("idProperty") or ""), str(entry.get("id", "")))
        held = found.get(key)
        if held is not None and exchange.portal.switches.batch_duplicates_fail:
            raise invalid_request(f"Duplicate IDs found in batch input: [{key[1]}]. IDs must be unique")
        properties = properties_of(entry) if held is None else {**properties_of(held), **properties_of(entry)}
        found[key] = {**entry, "properties": properties}
    return list(found.values())


def _claim(store: RecordStore, changes: Mapping[str, str], claimed: dict[str, set[str]]) -> None:
    for name in store.unique:
        if changes.get(name):
            claimed.setdefault(name, set()).add(store.fold(name, changes[name]))
