"""The lifecycle stage, which the API moves forward only.

A stage that is earlier than the present one is accepted and silently kept, or refused (sources differ by version, so
both are handled). To go back it must be cleared and then set in a *second* request (contacts guide, 2026-03). So a
stage is tried directly first; only where the answer shows that it did not move, it is cleared and set. Each step is a
request of its own, since HubSpot promises no order inside a batch. A stage that did not move may also be one that
somebody set in the meantime: what a move was decided on is read again before anything is cleared.

Whoever was cleared and not set again has no stage for as long as nobody knows better: such a row is ``Indeterminate``
whatever else is known of it, and whoever settles it finds the stage empty (``Capabilities.emptied_midway``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.errors import Rejected
from connectors.hubspot.reading import Reader
from connectors.hubspot.wire import Asked, same
from syncd.model.errors import RetryLater
from syncd.model.remote import RemoteRecord
from syncd.model.values import Lane, Wire
from syncd.model.write import Refused, Stale, UpdateRecord, Write, WriteResult, Written

STAGE: Final = "lifecyclestage"
KEPT: Final = Refused(
    "STAGE_KEPT",
    "HubSpot moves a stage forward only, and this one could not be cleared and set anew",
    "set the stage in HubSpot by hand, then retry",
    (STAGE,),
)


class Cleared(Enum):
    """What is known of a clear: carried out, surely not, or perhaps."""

    YES = auto()
    NO = auto()
    PERHAPS = auto()


def kept_back(rows: Mapping[int, Write], results: Mapping[int, WriteResult]) -> list[int]:
    """The rows whose stage was asked for and did not move."""
    return [index for index, row in rows.items() if row.fields.get(STAGE) and _stands(row, results.get(index))]


def _stands(row: Write, result: WriteResult | None) -> bool:
    wanted: Wire = row.fields[STAGE]
    if isinstance(result, Written):
        return result.confirmed.get(STAGE) not in (wanted, None)
    return (
        isinstance(result, Refused) and result.fields == (STAGE,) and result.code not in {"INVALID_OPTION", KEPT.code}
    )


def moved_by_others(reader: Reader, asked: Asked, rows: Mapping[int, UpdateRecord]) -> dict[int, Stale]:
    """Those of the rows whose stage is not what their move was decided on any more, as they stand now.

    :raises RetryLater: if HubSpot cannot be asked; nothing was cleared then.
    """
    decided = {
        index: row.expect.values[STAGE]
        for index, row in rows.items()
        if row.expect is not None and STAGE in row.expect.values
    }
    states = reader.fetch(asked, [rows[index].ref.id for index in decided])
    return {
        index: Stale(state)
        for (index, stage), state in zip(decided.items(), states, strict=True)
        if not isinstance(state, RemoteRecord) or not same(state.fields.get(STAGE, stage), stage)
    }


def clear_stages(client: HubSpotClient, path: str, ids: Mapping[int, str], *, lane: Lane) -> Cleared:
    """Empties the stage of these records.

    :param path: the batch update path of the object.
    :raises RetryLater: if it was not sent.
    """
    inputs: list[dict[str, Any]] = [{"id": id_, "properties": {STAGE: ""}} for id_ in ids.values()]
    try:
        client.write("batch.update", path, {"inputs": inputs}, lane=lane)
    except Rejected:
        return Cleared.NO
    except RetryLater as why:
        if not why.sent:
            raise
        return Cleared.PERHAPS
    return Cleared.YES
