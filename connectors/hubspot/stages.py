"""The lifecycle stage, which the API moves forward only.

A stage that is earlier than the present one is accepted and silently kept, or refused (sources differ by version, so
both are handled). To go back it must be cleared and then set in a *second* request (contacts guide, 2026-03). So a
stage is tried directly first; only where the answer shows that it did not move, it is cleared and set. Each step is a
request of its own, since HubSpot promises no order inside a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.errors import Rejected
from syncd.model.errors import RetryLater
from syncd.model.values import Lane, Wire
from syncd.model.write import Refused, Write, WriteResult, Written

STAGE: Final = "lifecyclestage"


def kept_back(rows: Mapping[int, Write], results: Mapping[int, WriteResult]) -> list[int]:
    """The rows whose stage was asked for and did not move."""
    return [index for index, row in rows.items() if row.fields.get(STAGE) and _stands(row, results.get(index))]


def _stands(row: Write, result: WriteResult | None) -> bool:
    wanted: Wire = row.fields[STAGE]
    if isinstance(result, Written):
        return result.confirmed.get(STAGE) not in (wanted, None)
    return isinstance(result, Refused) and result.fields == (STAGE,) and result.code != "INVALID_OPTION"


def clear_stages(client: HubSpotClient, path: str, ids: Mapping[int, str], *, lane: Lane) -> bool:
    """Empties the stage of these records; ``False`` if that did not happen, so that nothing is set on top of it.

    :param path: the batch update path of the object.
    """
    inputs: list[dict[str, Any]] = [{"id": id_, "properties": {STAGE: ""}} for id_ in ids.values()]
    try:
        client.write("batch.update", path, {"inputs": inputs}, lane=lane)
    except (Rejected, RetryLater):
        return False  # the rows keep the answer they have: the stage was not moved, and the engine lists it
    return True
