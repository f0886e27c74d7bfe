"""People who wish to be forgotten: Individuals with ``ShouldForget``, and the Leads and Contacts that point to them.

The wish stands on the Individual, so the stamp of a Lead does not move with it. One more question about Individuals
rides in the call that asks for changes; only if it finds somebody are their Leads and Contacts asked for. A Lead that
is tied later to such an Individual shows by its own stamp, since every query looks through the lookup.

Individuals exist where the org has switched on data protection (object reference, "Individual").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.salesforce import soql
from connectors.salesforce.cursor import Mark
from connectors.salesforce.ids import to18
from connectors.salesforce.queries import Queries
from connectors.salesforce.soql import Query
from connectors.salesforce.wire import INDIVIDUAL, INDIVIDUAL_ID, SHOULD_FORGET, STAMP, Columns, read_row
from syncd.model.remote import Departure, Gone
from syncd.model.values import Lane


def query(mark: Mark) -> Query:
    """Individuals who expressed the wish since the mark, which stays an overlap behind the vendor's clock."""
    wish = soql.equals(SHOULD_FORGET, value=True)
    return soql.select(("Id", STAMP), INDIVIDUAL, wish, soql.since(STAMP, mark.edge))


def records(
    rows: Sequence[Mapping[str, Any]], described: Mapping[str, Columns], queries: Queries, lane: Lane
) -> list[Gone]:
    """The records that belong to these Individuals, as erased; no call if there is no Individual."""
    ids = [to18(str(row["Id"])) for row in rows]
    asked: list[tuple[Columns, Query]] = [
        (columns, soql.select(columns.selected, name, soql.ids_in(INDIVIDUAL_ID, lot), through=columns.through))
        for name, columns in described.items()
        if columns.individual
        for lot in soql.lots(ids, size=8_000)
    ]
    found = queries.all([each for _, each in asked], lane) if asked else []
    read = [read_row(row, columns) for (columns, _), rows_ in zip(asked, found, strict=True) for row in rows_]
    return [what for what in read if isinstance(what, Gone) and what.how is Departure.ERASED]
