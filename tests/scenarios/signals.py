"""The words of scenarios about signals: a configuration that declares some, campaigns and who is in them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

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


def signalling(folder: Path, signals: dict[str, Any], *, store_url: str = "sqlite://") -> Both:
    """A world over the example configuration with a ``signals.yaml``."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    (config / "signals.yaml").write_text(yaml.safe_dump(signals, sort_keys=False), encoding="utf-8")
    return open_both(store_url, config=config)


def campaign(both: Both, name: str = "Spring Webinar") -> str:
    """A campaign that somebody of sales has made."""
    return both.salesforce.insert("Campaign", {"Name": name, "IsActive": True})


def members(steps: Steps) -> list[tuple[str, str | None, str]]:
    """Who is in which campaign with which status: Lead or Contact id, campaign, status."""
    return [
        (str(row["ContactId"] or row["LeadId"]), str(row["CampaignId"]), str(row["Status"]))
        for row in steps.live("CampaignMember")
    ]
