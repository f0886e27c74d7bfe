"""To whom a deed is done, and how it is told afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.faults.entry import Site, Told
from sandbox.hubspot.records import Record
from sandbox.kernel import HttpRequest
from sandbox.salesforce.definitions import Row

OBJECT: Mapping[str, Any] = {"object": None}
"""The option of deeds that can be done to more than one object."""


def a_contact(site: Site, request: HttpRequest | None, *needs: str) -> Record:
    """A live record of HubSpot that holds these properties, one that the request names if any is."""
    return site.pick(site.records(request, *needs), f"{site.store().kind.name} with {', '.join(needs) or 'an id'}")


def a_row(site: Site, request: HttpRequest | None, *needs: str) -> Row:
    """A live row of Salesforce that holds these fields, one that the request names if any is."""
    return site.pick(site.rows(request, *needs), f"{site.entity().name} rows with {', '.join(needs) or 'an id'}")


def at_hubspot(site: Site, *ids: object, **more: object) -> Told:
    """What was done to these records of HubSpot."""
    return {"object": site.store().kind.name, "ids": [str(each) for each in ids], **more}


def at_salesforce(site: Site, *ids: object, **more: object) -> Told:
    """What was done to these rows of Salesforce."""
    return {"object": site.entity().name, "ids": [str(each) for each in ids], **more}
