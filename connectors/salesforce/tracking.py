"""Which guarded fields an org keeps no history of, as its field definitions tell.

Edits that a write has overwritten are found in the history and nowhere else; an admin chooses at most 20 fields an
object. Whoever may not read field definitions is told nothing: that is a right of setup and not needed for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.transport import wrong_shape
from syncd.model.fitting import Finding, Needs, Severity, Topic
from syncd.model.values import Lane, Side

_BREAKS: Final = (
    "an edit that slips in between syncd's last look and its write is overwritten, and nobody is told; the field is "
    "still read again just before"
)


def untracked(client: SalesforceClient, needs: Needs, lane: Lane) -> Iterator[Finding]:
    """One finding per object; one call."""
    guarded = {name: need.guarded for name, need in needs.objects.items() if need.guarded}
    if not guarded:
        return
    try:
        rows = _tracked(client, sorted(guarded), lane)
    except CallRefused:
        return
    tracked = {(row.get("EntityDefinitionId"), row.get("QualifiedApiName")) for row in rows}
    for name, fields in guarded.items():
        lacking = sorted(field for field in fields if (name, field) not in tracked)
        if lacking:
            yield Finding(
                Side.CRM,
                Topic.MAPPING,
                Severity.NOTICE,
                f"{name}: the history of {', '.join(lacking)} is not tracked, and `confirm` guards "
                f"{'them' if len(lacking) > 1 else 'it'}",
                _BREAKS,
                f"Setup > Object Manager > {name} > Fields & Relationships > Set History Tracking, or `confirm: none`",
            )


def _tracked(client: SalesforceClient, objects: Sequence[str], lane: Lane) -> list[Mapping[str, Any]]:
    query = soql.select(
        ("EntityDefinitionId", "QualifiedApiName"),
        "FieldDefinition",
        soql.is_in("EntityDefinitionId", objects),
        soql.equals("IsFieldHistoryTracked", value=True),
    )
    told = client.get("tooling.query", f"tooling/{query.path}", lane=lane).json()
    rows = told.get("records") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_shape("tooling.query", "no records")
    return rows
