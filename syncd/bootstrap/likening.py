"""What stand-ins need in order to look like the accounts of a connection: read from both, definitions only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from syncd.bootstrap.building import Absent, build_store, hubspot_account, salesforce_account
from syncd.model.values import Side
from syncd.system import SystemChance, SystemClock

if TYPE_CHECKING:
    from syncd.settings.accounts import Loaded

FORMAT: Final = "syncd likeness"
VERSION: Final = 1


def read_likeness(loaded: Loaded, connection: str | None) -> dict[str, Any]:
    """A plain JSON document, ``{format, version, hubspot, salesforce}``, that ``sandbox.likeness`` applies.

    Reads no record and writes nothing at either vendor; the calls are charged to the connection's budget as any others.

    :raises NeedsOperator, RetryLater: the vendor's word on a call that failed.
    """
    from connectors.hubspot import likeness as hubspot  # noqa: PLC0415 - heavy, see the package
    from connectors.hubspot.client import HubSpotClient  # noqa: PLC0415
    from connectors.salesforce import likeness as salesforce  # noqa: PLC0415
    from connectors.salesforce.client import SalesforceClient  # noqa: PLC0415
    from connectors.transport import open_session  # noqa: PLC0415
    from syncd.store import SqlBudget  # noqa: PLC0415

    settings = loaded.connection(connection)
    name, kinds, clock = settings.connection.name, settings.connection.kinds, SystemClock()
    needed = {side: {each for kind in kinds for each in kind.objects.of(side)} for side in Side}
    store = build_store(loaded.store_url, name, absent=Absent.SPARED)
    try:
        marketing = HubSpotClient(
            hubspot_account(settings),
            side=Side.MARKETING,
            session=open_session(pool=1, base_url=settings.marketing.base_url, ca_file=settings.ca_file),
            clock=clock,
            chance=SystemChance(),
            budget=SqlBudget(store.engine, name, Side.MARKETING, clock, reserve=settings.marketing.reserve),
        )
        crm = SalesforceClient(
            salesforce_account(settings),
            side=Side.CRM,
            clock=clock,
            chance=SystemChance(),
            budget=SqlBudget(store.engine, name, Side.CRM, clock, reserve=settings.crm.reserve),
            lock=threading.Lock(),
        )
        try:
            return {
                "format": FORMAT,
                "version": VERSION,
                "hubspot": hubspot.read_likeness(marketing, needed=needed[Side.MARKETING]),
                "salesforce": salesforce.read_likeness(crm, needed=needed[Side.CRM]),
            }
        finally:
            marketing.close()
            crm.close()
    finally:
        store.close()
