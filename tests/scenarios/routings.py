"""What scenarios of routing share: a sales team known on both sides, a routing file, and who has whom."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.scenarios.steps import Steps
from tests.worlds import ROOT, open_both

TEAM = ("ann", "ben", "cam")
EVERYBODY = {"name": "everybody", "to": {"pool": "team"}}


def address(name: str) -> str:
    """The e-mail address of a member of the team."""
    return f"{name}@sales.example"


def routing(**changed: Any) -> dict[str, Any]:
    """A routing file: three take turns over whoever is made in the CRM or becomes an MQL."""
    return {
        "on": {"created": True, "stages": ["mql"]},
        "pools": {"team": {"members": [address(each) for each in TEAM]}},
        "rules": [EVERYBODY],
        "fallback": "New Leads",
        **changed,
    }


def configured(folder: Path, tree: Mapping[str, Any]) -> Path:
    """A copy of the example configuration with this routing."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config, dirs_exist_ok=True)
    (config / "routing.yaml").write_text(yaml.safe_dump(dict(tree), sort_keys=False), encoding="utf-8")
    return config


class Desk(Steps):
    """A world with a sales team, and what can be asked about who has whom."""

    __slots__ = ()

    @staticmethod
    def of(folder: Path, *, store: str = "sqlite://", first_link: str = "crm", **changed: Any) -> Desk:
        """Two stand-ins with three salespeople and a queue, over a routing."""
        config = configured(folder, routing(**changed))
        lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
        text = yaml.safe_dump(lifecycle | {"first_link": first_link}, sort_keys=False)
        (config / "lifecycle.yaml").write_text(text, encoding="utf-8")
        return Desk.over(config, store=store)

    @staticmethod
    def over(config: Path, *, store: str = "sqlite://") -> Desk:
        """The same over a configuration that is there."""
        both = open_both(store, config=config)
        for name in TEAM:
            both.hubspot.add_owner(address(name), name.title(), "Sales")
            both.salesforce.add_user(address(name), name.title())
        both.salesforce.add_queue("New Leads")
        return Desk(both)

    def user(self, name: str) -> str:
        """The id of a user or queue in the CRM."""
        export = self.both.salesforce.export()
        rows = [row["Id"] for row in export["User"] if row["Email"] == address(name)]
        return str(rows[0] if rows else next(row["Id"] for row in export["Group"] if row["Name"] == name))

    def who(self, lead: str) -> str:
        """Who has a Lead: the first part of the address, or the name of the queue or of syncd's own user."""
        owner = self.sold(lead, "OwnerId")
        export = self.both.salesforce.export()
        for row in (*export["User"], *export["Group"]):
            if row["Id"] == owner:
                return str(row.get("Email") or row["Name"]).removesuffix("@sales.example")
        raise AssertionError(owner)

    def shown(self, contact: str) -> str | None:
        """Who has a contact in HubSpot."""
        owner = self.marketed(contact, "hubspot_owner_id")
        rows = self.both.hubspot.export()["owners"]
        return next((row["email"].removesuffix("@sales.example") for row in rows if row["id"] == owner), None)

    def lead_of(self, contact: str) -> str:
        """The Lead that was made of a contact."""
        lead = self.marketed(contact, "syncd_crm_id")
        assert lead is not None, "the contact was not linked"
        return lead

    def qualified(self, number: int, *, begin: int = 0, **properties: str) -> list[str]:
        """So many contacts, each made a minute after the one before."""
        made = []
        for each in range(begin, begin + number):
            self.both.clock.advance(60)
            made.append(self.contact(email=f"p{each}@acme-works.com", company="Acme", **properties))
        return made

    def owners(self, contacts: list[str]) -> list[str]:
        """Who has the Leads of these contacts."""
        return [self.who(self.lead_of(each)) for each in contacts]
