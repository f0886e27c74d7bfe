"""Has every HubSpot stand-in of a test judged by the contracts, where this machine has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial

import pytest

from sandbox.contracts import ContractLayer, Contracts
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import Answered, HttpRequest
from tests.shared import HERE, shared

#: Beginnings of paths that no contract speaks of: the client that the contracts are derived from does not wrap them,
#: and its modules of tickets (all but the merge is covered by that of any object) and of lists are not among them.
UNWRAPPED = (
    "/account-info/",
    "/communication-preferences/",
    "/oauth/v2/private-apps/",
    "/crm/v3/objects/tickets/merge",
    "/crm/lists/",
    "/crm/v3/lists/",
)


@cache
def contracts() -> Contracts:
    """The HubSpot contracts, read once."""
    return Contracts(shared("openapi/hubspot"))


@contextmanager
def judged() -> Iterator[ContractLayer | None]:
    """While open, all HubSpot stand-ins are judged, and nothing may be found. ``None`` where there are no contracts."""
    if not HERE:
        yield None
        return
    layer = ContractLayer(contracts(), strictness="note")
    answer = HubSpotKernel.answer

    def held(kernel: HubSpotKernel, request: HttpRequest) -> Answered:
        return layer.answer(request, partial(answer, kernel))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HubSpotKernel, "answer", held)
        yield layer
    beside = [asked for asked in layer.unjudged if not asked.partition(" ")[2].startswith(UNWRAPPED)]
    assert not beside, f"answered, but no contract speaks of it: {beside}"
    found = sorted({str(difference) for difference in layer.found})
    assert not found, "outside of the contracts:\n" + "\n".join(found)
