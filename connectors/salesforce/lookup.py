"""Reading by id, by match key and by our key: always the records of this moment, never from an index.

``fetch`` asks Collections for up to 2,000 ids a call. That resource answers ``null`` for what it does not show, so
those ids are asked for once more by ``queryAll``, which tells deleted from merged, and both from invisible. Queries
with lists of values are packed five to a call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from connectors.salesforce import soql
from connectors.salesforce.catalog import Catalog, asked_fields
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import HIDDEN, CallRefused
from connectors.salesforce.ids import as_told, is_id, to18
from connectors.salesforce.queries import Queries
from connectors.salesforce.soql import Condition
from connectors.salesforce.wire import INDIVIDUAL_ID, PERSON_ACCOUNT, SIGNS, SYSTEM, Columns, identify, read_row
from connectors.transport import Resend, wrong_shape
from syncd.model.lifecycle import AuthorSort
from syncd.model.remote import (
    Departure,
    FieldEvent,
    Gone,
    MatchKey,
    Moved,
    Page,
    RemoteRecord,
    RemoteRef,
    Shape,
)
from syncd.model.values import Instant, Lane, instant

FETCH: Final = 2000
FEWER: Final = 200
"""Rows of one read by id, and how many where an org refuses as many as that; Collections surely take so many."""
_DOMAINS: Final = 100
_COMPOUND: Final = frozenset({"address", "location"})
"""Types whose values are objects and no wire values; their parts are fields of their own ("Compound Fields")."""
_LOOKUP_HISTORY: Final = {"Owner": "OwnerId", "Account": "AccountId"}
"""Histories name a lookup without its Id; each change of it stands there with names and with ids."""

T = TypeVar("T")
Found = RemoteRecord | Gone | Moved


class Lookup:
    """Point reads of one org."""

    def __init__(self, client: SalesforceClient, queries: Queries, catalog: Catalog) -> None:
        self._client = client
        self.queries = queries
        self._catalog = catalog
        self._at_once = FETCH

    def columns(self, shape: Shape, object: str, lane: Lane) -> Columns:
        """What can be read of the shape's fields of one object; what cannot is missing."""
        seen = self._catalog.of(object, lane)
        asked = asked_fields(shape, object)
        lookups = {
            name: fields[object] for name, fields in shape.refs.items() if object in fields and fields[object] in seen
        }
        plain = {name for name, field in seen.items() if field.type not in _COMPOUND}
        extra = set(lookups.values()) - {*shape.objects.get(object, ()), shape.key}
        return Columns(
            object=object,
            fields=tuple(field for field in asked if field in plain and field not in extra),
            missing=frozenset(field for field in asked if field not in plain),
            lookups=lookups,
            points={name: field.points for name, field in seen.items() if field.points},
            signs=tuple(sign for sign in SIGNS if sign in seen),
            individual=self._client.account.individuals and INDIVIDUAL_ID in seen,
        )

    def live_only(self, columns: Columns) -> list[Condition]:
        """Conditions that leave out converted Leads and person accounts, where the object has them."""
        return _without(columns, "IsConverted", PERSON_ACCOUNT)

    def despite_hidden_fields(self, pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """The pages; if a field turns out to be hidden or deleted before the first one, described anew and asked again.

        One such field would otherwise fail the whole query (``INVALID_FIELD``).
        """
        stream, first = self._anew(lambda: _begun(pages()))
        yield first
        yield from stream

    def _anew(self, ask: Callable[[], T]) -> T:
        """The answer; asked once more after a new describe if a field that was there before is unknown."""
        try:
            return ask()
        except CallRefused as why:
            if why.code != "INVALID_FIELD":
                raise
            self._catalog.forget()
            return ask()

    # -- by id ---------------------------------------------------------------------------------------------------

    def fetch(self, shape: Shape, refs: Sequence[RemoteRef], lane: Lane) -> list[Found]:
        """See the connector Protocol."""
        return self._anew(lambda: self._fetch(shape, refs, lane))

    def _fetch(self, shape: Shape, refs: Sequence[RemoteRef], lane: Lane) -> list[Found]:
        proper: list[RemoteRef] = []
        wanted: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for ref in refs:
            try:
                id_ = as_told(ref.id)
            except ValueError:
                proper.append(ref)
                continue
            wanted[ref.object][id_] = None
            proper.append(ref if id_ == ref.id else RemoteRef(ref.object, id_))
        found: dict[RemoteRef, Found] = {}
        for name, ids in wanted.items():
            columns = self.columns(shape, name, lane)
            rows = self.rows(name, list(ids), columns.selected, lane)
            for id_, row in rows.items():
                found[RemoteRef(name, id_)] = read_row(row, columns)
            found |= self.fates(shape, [RemoteRef(name, id_) for id_ in ids if id_ not in rows], lane)
        return [found.get(ref) or Gone(ref, Departure.INVISIBLE) for ref in proper]

    def rows(self, object: str, ids: Sequence[str], fields: Sequence[str], lane: Lane) -> dict[str, dict[str, Any]]:
        """Raw rows by id (18 characters), 2,000 a call; ids that are not shown are not in the answer."""
        rows: dict[str, dict[str, Any]] = {}
        start = 0
        while start < len(ids):
            lot = list(ids[start : start + self._at_once])
            try:
                told = self._client.send(
                    "collections.read",
                    "POST",
                    f"composite/sobjects/{soql.name(object)}",
                    {"ids": lot, "fields": list(fields)},
                    lane=lane,
                    resend=Resend.SAFE,
                ).json()
            except CallRefused as why:
                if len(lot) <= FEWER or why.code == "INVALID_FIELD":
                    raise
                self._at_once = FEWER  # how many the vendor takes is not documented for sure
                continue
            if not isinstance(told, list) or len(told) != len(lot):
                raise wrong_shape("collections.read", f"not {len(lot)} rows")
            start += len(lot)
            for id_, row in zip(lot, told, strict=True):
                if row is not None:  # in the order asked, as documented; that is checked, not trusted
                    rows[id_ if row.get("Id") == id_ else identify(row, object)[0].id] = row
        return rows

    def fates(self, shape: Shape, refs: Sequence[RemoteRef], lane: Lane) -> dict[RemoteRef, Found]:
        """What ``queryAll`` still knows of records that are not shown; refs it does not know are not in the answer."""
        fates: dict[RemoteRef, Found] = {}
        for name in dict.fromkeys(ref.object for ref in refs):
            columns = self.columns(shape, name, lane)
            lots = soql.lots([ref.id for ref in refs if ref.object == name], size=_room(columns))
            queries = [
                soql.select(
                    columns.selected,
                    name,
                    soql.ids_in("Id", lot),
                    all_rows=True,
                    through=columns.through,
                )
                for lot in lots
            ]
            for rows in self.queries.all(queries, lane):
                fates |= {identify(row, name)[0]: read_row(row, columns) for row in rows}
        return fates

    # -- by value ------------------------------------------------------------------------------------------------

    def find(self, shape: Shape, key: MatchKey, values: Sequence[str], lane: Lane) -> dict[str, list[RemoteRecord]]:
        """Live records by e-mail, domain or value over all objects of the key; answers by lower-cased asked value.

        Those of person accounts are among them, marked ``apart``.
        A domain finds every record whose field *contains* it: whether it is the same domain, the matching decides.
        """
        asked = list(dict.fromkeys(value.lower() for value in values if value))
        pairs = [(name, field) for name, fields in key.fields.items() for field in fields]
        rows: dict[RemoteRef, tuple[RemoteRecord, set[str]]] = {}
        for record, told in self._anew(lambda: list(self._matching(shape, pairs, asked, key.by, lane))):
            text = told.lower()
            hits = {value for value in asked if value in text} if key.by == "domain" else {text} & set(asked)
            rows.setdefault(record.ref, (record, set()))[1].update(hits)
        answer: dict[str, list[RemoteRecord]] = {value.lower(): [] for value in values}
        for record, hits in rows.values():
            for hit in hits:
                answer[hit].append(record)
        return answer

    def keyed(self, shape: Shape, object: str, keys: Sequence[str], lane: Lane) -> dict[str, list[RemoteRecord]]:
        """Live records of one object by our key field."""
        answer: dict[str, list[RemoteRecord]] = {key: [] for key in keys}
        by_text = {key.lower(): key for key in keys}
        pairs = [(object, shape.key)]
        asked = [key for key in keys if key]
        for record, told in self._anew(lambda: list(self._matching(shape, pairs, asked, "value", lane))):
            if told.lower() in by_text and not record.apart:
                answer[by_text[told.lower()]].append(record)
        return answer

    def holders(self, shape: Shape, object: str, key: str, lane: Lane) -> list[Found]:
        """All that hold a key, converted Leads and deleted rows too."""
        columns = self.columns(shape, object, lane)
        query = soql.select(
            columns.selected,
            object,
            soql.is_in(shape.key, [key]),
            all_rows=True,
            through=columns.through,
        )
        (rows,) = self.queries.all([query], lane)
        return [read_row(row, columns) for row in rows]

    def _matching(
        self,
        shape: Shape,
        pairs: Sequence[tuple[str, str]],
        values: Sequence[str],
        by: str,
        lane: Lane,
    ) -> Iterator[tuple[RemoteRecord, str]]:
        """Record and the field's text of every row that holds one of the values in one of the fields.

        A record of a person account is marked ``apart``.
        """
        queries: list[soql.Query] = []
        origin: list[tuple[str, Columns]] = []
        for name, field in pairs:
            columns = self.columns(shape, name, lane)
            if not self._catalog.sees(name, field, lane):
                continue
            selected = dict.fromkeys((*columns.selected, field))
            room = _room(columns)
            lots = soql.lots(values, count=_DOMAINS, size=room // 4) if by == "domain" else soql.lots(values, size=room)
            for lot in lots:
                has = soql.either(*(soql.contains(field, value) for value in lot))
                condition = has if by == "domain" else soql.is_in(field, lot)
                conditions = (condition, *_without(columns, "IsConverted"))
                queries.append(soql.select(tuple(selected), name, *conditions, through=columns.through))
                origin.append((field, columns))
        for (field, columns), rows in zip(origin, self.queries.all(queries, lane), strict=True):
            for row in rows:
                apart = row.pop(PERSON_ACCOUNT, False) is True
                record = read_row(row, columns)
                if isinstance(record, RemoteRecord) and isinstance(told := row.get(field), str):
                    told = as_told(told) if columns.points.get(field) and is_id(told) else told
                    yield replace(record, apart=True) if apart else record, told

    # -- history -------------------------------------------------------------------------------------------------

    def history(self, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant, lane: Lane) -> list[FieldEvent]:
        """Field changes from the objects' history tables, oldest first; empty where an object keeps none."""
        asked = [name for name, field in _LOOKUP_HISTORY.items() if field in fields] + list(fields)
        events: list[FieldEvent] = []
        for name in dict.fromkeys(ref.object for ref in refs):
            parent = _history_of(name)[1]
            ids = [to18(ref.id) for ref in refs if ref.object == name]
            try:
                told = self._history_rows(name, ids, asked, since, lane)
            except CallRefused as why:
                if why.code == "INVALID_TYPE":
                    continue
                raise
            own = self._client.user(lane)
            found = (_event(row, name, parent, own) for rows in told for row in rows)
            events += [event for event in found if event is not None]
        return sorted(events, key=lambda event: event.at)

    def _history_rows(
        self, name: str, ids: Sequence[str], fields: Sequence[str], since: Instant, lane: Lane
    ) -> Sequence[Sequence[Mapping[str, Any]]]:
        """Rows of a history table; without the sort of their authors where that may not be looked at."""
        table, parent = _history_of(name)

        def rows(author: tuple[str, str] | None) -> Sequence[Sequence[Mapping[str, Any]]]:
            queries = [
                soql.select(
                    ("Id", parent, "Field", "NewValue", "CreatedDate", "CreatedById"),
                    table,
                    soql.ids_in(parent, lot),
                    soql.is_in("Field", fields),
                    soql.since("CreatedDate", since),
                    through=author,
                    order=("CreatedDate", "Id"),
                )
                for lot in soql.lots(ids, size=10_000)
            ]
            return self.queries.all(queries, lane)

        try:
            return rows(("CreatedBy", "UserType"))
        except CallRefused as why:
            if why.code not in HIDDEN:
                raise
            return rows(None)


def _without(columns: Columns, *signs: str) -> list[Condition]:
    """Conditions that none of these signs is set, as far as the object has them."""
    return [soql.equals(sign, value=False) for sign in signs if sign in columns.signs]


def _begun(pages: Iterator[Page]) -> tuple[Iterator[Page], Page]:
    """A stream whose first page was read."""
    return pages, next(pages)


def _room(columns: Columns) -> int:
    """Encoded bytes that a list of values may take: 15,000 for the whole address, less the field names."""
    return max(2_000, min(12_000, 14_500 - sum(len(name) + 4 for name in (*columns.selected, *SYSTEM))))


def _history_of(object: str) -> tuple[str, str]:
    """Table and parent field of an object's history (object reference, "StandardObjectNameHistory")."""
    if object.endswith("__c"):
        return object[:-1] + "History", "ParentId"
    return f"{object}{'Field' if object == 'Opportunity' else ''}History", f"{object}Id"


def _event(row: Mapping[str, Any], object: str, parent: str, own: str | None) -> FieldEvent | None:
    """One change, or ``None`` for the twin of a lookup's change that tells names instead of ids.

    What bears the name of our ``own`` user and is no write of ours is the automation that our write has set off: a
    trigger or flow acts as whoever saved the row. Standard users are people; the vendor's own users are of other types.
    """
    try:
        field, value = str(row["Field"]), row["NewValue"]
        ref, at = RemoteRef(object, to18(row[parent])), instant(row["CreatedDate"])
    except (KeyError, TypeError, ValueError) as why:
        raise wrong_shape("history", f"a row of {object} without field, value, parent or date") from why
    if field in _LOOKUP_HISTORY:
        if value is not None and not is_id(str(value)):
            return None
        field, value = _LOOKUP_HISTORY[field], None if value is None else as_told(str(value))
    author, behind = row.get("CreatedById"), row.get("CreatedBy")
    kind = behind.get("UserType") if isinstance(behind, dict) else None
    person = author and kind in {None, "Standard"} and (own is None or to18(str(author)) != own)
    sort = AuthorSort.USER if person else AuthorSort.SYSTEM
    return FieldEvent(ref, field, value, at, str(author or "system"), sort)
