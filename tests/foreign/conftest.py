"""Stand-ins on loopback for clients that nobody here wrote: real sockets, real time, no lag and no limits in the way.

Where the contracts are on this machine, the HubSpot stand-in answers under them, so that a client is also told when
it, or the stand-in, leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.contracts import hold
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.server import RunningSandbox
from tests.foreign.loopback import LoopbackAdapter
from tests.foreign.running import installed
from tests.shared import HERE, shared


@pytest.fixture(scope="module")
def box() -> Iterator[RunningSandbox]:
    """Both stand-ins; at the end nothing may have left the contracts."""
    running = RunningSandbox.start(
        seed=5,
        hubspot_limits=HubSpotLimits(rolling=100_000, search_per_second=1_000, associations_rolling=100_000),
        hubspot_switches=HubSpotSwitches(index_lag=(0.0, 0.0)),
        salesforce_switches=SalesforceSwitches(bulk_queue_seconds=0.0, bulk_batch_seconds=0.0),
    )
    layer = hold(running.hubspot, shared("openapi/hubspot")) if HERE else None
    with running:
        yield running
    if layer is not None:
        assert not layer.found, "\n".join(map(str, layer.found))


@pytest.fixture(scope="module")
def token(box: RunningSandbox) -> str:
    """A session of the daemon's user in the org."""
    with box.salesforce_server.lock:
        return box.salesforce.login()


@pytest.fixture(scope="module")
def org(box: RunningSandbox, token: str) -> Iterator[Any]:
    """simple-salesforce, unmodified, on a session of its own."""
    from simple_salesforce.api import Salesforce

    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", LoopbackAdapter(box.salesforce_url))
        yield Salesforce(instance_url=box.salesforce_url, session_id=token, session=session, version="60.0")


@pytest.fixture(scope="module")
def hubspot(box: RunningSandbox) -> Any:
    """hubspot-api-client, unmodified; its modules read one of the two addresses and ``api_request`` the other."""
    from hubspot import HubSpot

    return HubSpot(access_token="pat-na1-sandbox", host=box.hubspot_url, base_url=box.hubspot_url)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed JavaScript clients; skips where there is no node."""
    return installed(tmp_path_factory.mktemp("node"))
