"""Records that hold one of many values in a property that is not unique: asked of search, a few seconds behind.

A search takes five groups of filters and a body of 3,000 characters, so lists of values are short; text in them must
be in lower case. At the cap of 10,000 hits of one query it stops: so many hits are no match anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from connectors.hubspot.client import HubSpotClient, results_of
from connectors.hubspot.reading import BATCH, Reader
from connectors.hubspot.search import BODY, CAP, PAGE, among, body_of, fitting
from connectors.hubspot.wire import Asked, id_of, properties_of
from connectors.shapes import Turns

Row: TypeAlias = Mapping[str, Any]
_GROUPS: Final = 5
"""Filter groups a search takes."""


def matching(
    client: HubSpotClient, reader: Reader, asked: Asked, fields: Sequence[str], values: Sequence[str], *, by: str
) -> Iterator[tuple[str, Row]]:
    """Every value with each row that holds it in any of the fields.

    A domain is looked for with and without ``www.``: the account makes no difference, its users do.
    """
    starts = ("", "www.") if by == "domain" else ("",)
    spelled = {f"{start}{value}": value for value in values for start in starts}
    for row in _holding(client, reader, asked, fields, list(spelled)):
        held = properties_of(row)
        for text in {str(held.get(name) or "").lower() for name in fields} & spelled.keys():
            yield spelled[text], row


def _holding(
    client: HubSpotClient, reader: Reader, asked: Asked, fields: Sequence[str], values: Sequence[str]
) -> Iterator[Row]:
    """Rows in which any of the fields holds any of the values; lists of values as long as a body takes."""
    path = client.paths.objects(asked.kind, "/search")
    lean = fitting(asked) != asked.properties
    properties = tuple(dict.fromkeys((*(() if lean else asked.properties), asked.stamp, *fields)))
    for names in (fields[start : start + _GROUPS] for start in range(0, len(fields), _GROUPS)):
        for lot in _fitting_lots(names, values, properties):
            after: str | None = None
            turns = Turns("find")
            while True:
                body = body_of(
                    groups=[[among(name, "IN", lot)] for name in names],
                    sort="hs_object_id",
                    properties=properties,
                    after=after,
                )
                rows, following = results_of(client.search("find", path, body, lane=reader.lane), "find")
                after = turns.to(following)
                if lean:
                    rows = reader.batch(asked, [id_of(row, asked.kind) for row in rows], also=fields)
                yield from rows
                if after is None or int(after) + PAGE > CAP:
                    break


def _fitting_lots(names: Sequence[str], values: Sequence[str], properties: Sequence[str]) -> Iterator[Sequence[str]]:
    """Values in lots whose search body stays within its limit."""
    lot: list[str] = []
    for value in values:
        body = body_of(
            groups=[[among(name, "IN", [*lot, value])] for name in names],
            sort="hs_object_id",
            properties=properties,
            after=str(CAP),
        )
        if lot and (len(body) > BODY or len(lot) >= BATCH):
            yield lot
            lot = []
        lot.append(value)
    if lot:
        yield lot
