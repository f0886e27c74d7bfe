"""What HubSpot's own Salesforce connector leaves on records, by which it is recognised.

It keeps ids of the other side in properties of its own, and the time of its last round where an account has that
property; all of them stay, with their values, when it is taken out (vendor's knowledge base). Its writes have the
source ``SALESFORCE`` in property history, with ``Salesforce Connector`` for an id, or with none: published answers of
accounts that have it show both, the vendor documents neither.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson

from connectors.hubspot.client import HubSpotClient, results_of
from connectors.hubspot.search import compare
from connectors.hubspot.wire import id_of, instant_of, millis_of, properties_of, read_stamp, stamp_property
from syncd.model.native import Synced
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Lane

TIME: Final = "salesforcelastsynctime"
IDS: Final = ("salesforceleadid", "salesforcecontactid", "salesforceaccountid", "hs_salesforceopportunityid")
NOTES: Final = frozenset((TIME, *IDS))
"""Every property in which it leaves something."""
WORKS_AS: Final = "hubspot"
"""What the user whom it works as in Salesforce is mostly called; it is given one by whoever connects it."""
_SOURCE: Final = "SALESFORCE"
_BY_ITSELF: Final = "INTEGRATION"
"""How the sources begin under which programs write."""


def lately_synced(
    client: HubSpotClient, kind: str, notes: Collection[str], since: Instant, *, most: int, lane: Lane
) -> list[Synced]:
    """The records that it touched last, the latest first; one search.

    Without the time of its rounds, the records changed last of those that bear its ids: what it did to them, if
    anything, their history tells.
    """
    ids = [name for name in IDS if name in notes]
    if TIME in notes:
        groups, order = [[compare(TIME, "GTE", millis_of(since))]], TIME
    else:
        order = stamp_property(kind)
        recent = compare(order, "GTE", millis_of(since))
        groups = [[{"propertyName": name, "operator": "HAS_PROPERTY"}, recent] for name in ids]
    body = {
        "filterGroups": [{"filters": filters} for filters in groups],
        "sorts": [{"propertyName": order, "direction": "DESCENDING"}],
        "properties": [order, *ids],
        "limit": most,
    }
    rows, _ = results_of(
        client.search("native", client.paths.objects(kind, "/search"), orjson.dumps(body), lane=lane), "native"
    )
    return [_synced(kind, row, ids) for row in rows]


def _synced(kind: str, row: Mapping[str, Any], ids: Collection[str]) -> Synced:
    held = properties_of(row)
    stamp = read_stamp(held.get(TIME))
    at = None if stamp is None else instant_of(stamp)
    return Synced(RemoteRef(kind, id_of(row, kind)), at, {name: str(held[name]) for name in ids if held.get(name)})


def is_native(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a property's history was written by it.

    Not by label: that is what people call their own apps, this program's among them.
    """
    source, key = str(entry.get("sourceType") or ""), str(entry.get("sourceId") or "")
    return source == _SOURCE or (source.startswith(_BY_ITSELF) and _SOURCE in key.upper())
