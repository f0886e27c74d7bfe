"""The words of scenarios about signals: a configuration that declares some, campaigns and who is in them."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sandbox.hubspot.history import Source
from sandbox.salesforce.definitions import text
from syncd.model.values import stamp
from syncd.observe.log import configure_logs
from tests.scenarios.steps import Steps
from tests.worlds import ROOT, Both, open_both

WEBINAR: dict[str, Any] = {
    "key": "webinar",
    "campaign": "Spring Webinar",
    "statuses": ["Sent", "Registered", "Attended"],
    "rules": [
        {"property": "jobtitle", "values": {"registered": "Registered", "attended": "Attended"}},
        {"property": "website", "values": {"*": "Sent"}},
    ],
}
"""Rules over two standard properties that no test's mapping minds."""


def signalling(
    folder: Path, signals: dict[str, Any], *, store_url: str = "sqlite://", brake: dict[str, Any] | None = None
) -> Both:
    """A world over the example configuration with a ``signals.yaml``."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    (config / "signals.yaml").write_text(yaml.safe_dump(signals, sort_keys=False), encoding="utf-8")
    return open_both(store_url, config=config, brake=brake)


def campaign(both: Both, name: str = "Spring Webinar") -> str:
    """A campaign that somebody of sales has made."""
    return both.salesforce.insert("Campaign", {"Name": name, "IsActive": True})


def members(steps: Steps) -> list[tuple[str, str | None, str]]:
    """Who is in which campaign with which status: Lead or Contact id, campaign, status."""
    return [
        (str(row["ContactId"] or row["LeadId"]), str(row["CampaignId"]), str(row["Status"]))
        for row in steps.live("CampaignMember")
    ]


def keyed_engagements(both: Both) -> None:
    """The key property on engagements, as ``syncd setup`` makes it."""
    for kind in ("calls", "meetings", "notes", "tasks"):
        both.hubspot.add_property(
            kind,
            {"name": "syncd_crm_id", "label": "CRM record id", "type": "string", "fieldType": "text",
             "groupName": kind.rstrip("s"), "hasUniqueValue": True},
        )  # fmt: skip


def engagements(steps: Steps, kind: str) -> list[tuple[dict[str, Any], set[str]]]:
    """Engagements of one sort: their filled properties, and the contacts they stand with."""
    links = steps.both.hubspot.portal.links
    return [
        (
            {name: value for name, value in row["properties"].items() if value not in (None, "")},
            {str(end) for end in links.of((kind, "contacts"), int(row["id"]))},
        )
        for row in steps.both.hubspot.export()[kind]
        if not row["archived"]
    ]


def listening() -> Callable[[str], list[dict[str, Any]]]:
    """From now on log lines are kept; what is returned gives those of one event."""
    stream = io.StringIO()
    configure_logs(level="info", stream=stream)
    return lambda event: [
        line for each in stream.getvalue().splitlines() if (line := json.loads(each))["event"] == event
    ]


def without_lists(both: Both) -> None:
    """The daemon's token may not read lists."""
    for token, scopes in list(both.hubspot.tokens.items()):
        both.hubspot.tokens[token] = scopes - {"crm.lists.read"}


def keyed_tasks(both: Both) -> None:
    """The text field that an admin makes on activities, by which copies are found again."""
    both.salesforce.add_field("Task", text("Syncd_Marketing_Id__c", "syncd marketing id", 40))


def engage(steps: Steps, kind: str, contact: str, **properties: str) -> str:
    """Somebody of marketing logs an engagement with a contact, now."""
    hubspot = steps.both.hubspot
    made = hubspot.create(kind, {"hs_timestamp": stamp(steps.both.clock.now()), **properties})
    portal = hubspot.portal
    pair = (kind, "contacts")
    portal.associate(pair, int(made), int(contact), types=(), source=Source("CRM_UI", "userId:1"))
    return made


def tasks(steps: Steps) -> list[dict[str, Any]]:
    """Tasks that are not in the recycle bin, with what is filled in them."""
    return [{name: value for name, value in row.items() if value not in (None, "")} for row in steps.live("Task")]
