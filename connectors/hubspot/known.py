"""Properties of HubSpot that an app cannot write, and what to do instead; names may hold ``*``.

Sources: recorded ``modificationMetadata.readOnlyValue``, the owners and contacts guides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

INSCRIBED: Final[Mapping[str, tuple[str, ...]]] = {"companies": ("name",), "contacts": ("lastname", "company")}
"""What names a record, by object."""
READ_ONLY: Final[Mapping[str, str]] = {
    "hs_email_optout": 'map "@unsubscribed", which is written through the communication preferences',
    "hs_email_optout_*": 'map "@subscription/<id>", which is written through the communication preferences',
    "hs_marketable_status": "HubSpot decides it by the account's settings",
    "hs_object_id": "it is HubSpot's own record id",
    "associatedcompanyid": "it follows the association; map the company as a reference",
    "hs_additional_emails": "HubSpot keeps it itself when contacts are merged",
    "hs_is_closed": "it follows from the stage; map dealstage",
    "hs_is_closed_won": "it follows from the stage; map dealstage",
    "hs_is_closed_lost": "it follows from the stage; map dealstage",
    "createdate": "HubSpot sets it",
    "lastmodifieddate": "HubSpot sets it",
}
