"""Makes stand-ins look like other accounts: applies what ``syncd sandbox --like`` read from them.

The document holds definitions only (properties, fields, picklists, pipelines, record types). What the other account has
not is taken away, so that a mapping which fits the copy fits the original. It is applied to stand-ins without records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.likeness import apply_to_account
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.likeness import apply_to_org

FORMAT = "syncd likeness"
VERSION = 1


class WrongLikeness(Exception):
    """The document does not fit, or the stand-in has records; the text says what and why."""


def apply(document: Mapping[str, Any], hubspot: HubSpotKernel, salesforce: SalesforceKernel) -> list[str]:
    """Applies a likeness to both; returns what of the originals could not be read, in words.

    Raises ``WrongLikeness``; stand-ins to which a document was applied in part are of no use.
    """
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        raise WrongLikeness(f"this is no likeness of version {VERSION}; read it anew from the accounts")
    told = {name: document.get(name) for name in ("hubspot", "salesforce")}
    marketing, crm = told["hubspot"], told["salesforce"]
    if not isinstance(marketing, dict) or not isinstance(crm, dict):
        raise WrongLikeness("a likeness holds one object for each vendor, hubspot and salesforce")
    try:
        if filled := [name for name in marketing["objects"] if hubspot.portal.stores[name].records]:
            raise WrongLikeness(f"HubSpot's stand-in has {', '.join(filled)} already; apply a likeness before")
        schema = salesforce.org.schema
        if filled := [name for name in crm["objects"] if schema.entities[name].table.rows]:
            raise WrongLikeness(f"Salesforce's stand-in has {', '.join(filled)} already; apply a likeness before")
        apply_to_account(hubspot.portal, marketing)
        apply_to_org(salesforce, crm)
        return [*map(str, marketing["unread"]), *map(str, crm["unread"])]
    except (KeyError, TypeError, ValueError, AttributeError) as why:
        raise WrongLikeness(f"the likeness is not understood: {type(why).__name__}: {why}") from why
