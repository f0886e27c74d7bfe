"""Fields of Salesforce that no client can write, and what to do instead (object reference, system fields)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

READ_ONLY: Final[Mapping[str, str]] = {
    "Id": "it is Salesforce's own record id",
    "IsConverted": "only a conversion sets it",
    "ConvertedContactId": "only a conversion sets it",
    "ConvertedAccountId": "only a conversion sets it",
    "MasterRecordId": "only a merge sets it",
    "CreatedDate": "Salesforce sets it",
    "SystemModstamp": "Salesforce sets it",
    "LastModifiedDate": "Salesforce sets it",
}
