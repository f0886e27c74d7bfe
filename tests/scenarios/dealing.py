"""What scenarios of deals share: a world that maps them, one way or both, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from syncd.model.link import LinkState
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Fields, Schema, Steps
from tests.worlds import open_both, with_deals

DAY = "2026-03-31"
MIDNIGHT = f"{DAY}T00:00:00.000Z"


def untouched(_schema: Schema) -> None:
    """The mapping as it is."""


def both_ways(schema: Schema) -> None:
    """Every field goes both ways, and deals that marketing makes become Opportunities."""
    fields: Fields = schema["fields"]
    for name, field in fields.items():
        if name != "owner":
            del field["direction"]
            field["policy"] = "crm"
            field.pop("clear", None)
    schema["create"]["crm"] = [{"object": "Opportunity", "when": "close_date != null"}]


def currencies(schema: Schema) -> None:
    """Each amount has its currency beside it."""
    both_ways(schema)
    amount = schema["fields"]["amount"]
    del amount["currency"]
    amount |= {"marketing": ["amount", "deal_currency_code"], "crm": ["Amount", "CurrencyIsoCode"]}


@dataclass(frozen=True, slots=True)
class Deals(Steps):
    """A world with deals."""

    def deal(self, **properties: str) -> str:
        """A deal that a person makes in HubSpot."""
        made = {"dealname": "Big one", "pipeline": "default", "dealstage": "qualifiedtobuy", "closedate": MIDNIGHT}
        return self.both.hubspot.create("deals", {**made, **properties})

    def opportunity(self, **fields: object) -> str:
        """An Opportunity that a person makes in Salesforce."""
        made = {"Name": "Big one", "StageName": "Qualification", "CloseDate": DAY}
        return self.both.salesforce.insert("Opportunity", {**made, **fields})

    def deals(self) -> list[str]:
        """Ids of the deals that are not in the recycle bin."""
        return [row["id"] for row in self.both.hubspot.export()["deals"] if not row["archived"]]

    def shows(self, deal: str, name: str) -> str | None:
        """What a deal holds now."""
        return self.marketed(deal, name, object_name="deals")

    def holds(self, opportunity: str, name: str) -> object:
        """What an Opportunity holds now."""
        return self.sold(opportunity, name, object_name="Opportunity")

    def edit_deal(self, deal: str, **properties: str) -> None:
        """Somebody edits a deal in HubSpot."""
        self.market(deal, object_name="deals", **properties)

    def edit_opportunity(self, opportunity: str, **fields: object) -> None:
        """Somebody edits an Opportunity."""
        self.sell(opportunity, object_name="Opportunity", **fields)

    def of_deal(self, deal: str, kind: str) -> list[str]:
        """The ids of what a deal is associated with."""
        row = next(row for row in self.both.hubspot.export()["deals"] if row["id"] == deal)
        return [each["id"] for each in row["associations"].get(kind, [])]

    def primary(self, opportunity: str) -> list[object]:
        """The contacts whose role in an Opportunity is the primary one."""
        rows = self.live("OpportunityContactRole")
        return [row["ContactId"] for row in rows if row["OpportunityId"] == opportunity and row["IsPrimary"]]

    def role(self, opportunity: str, contact: str) -> str:
        """Somebody makes a contact the primary one of an Opportunity."""
        fields = {"OpportunityId": opportunity, "ContactId": contact, "IsPrimary": True}
        return self.both.salesforce.insert("OpportunityContactRole", fields)

    def linked_to(self, deal: str) -> str | None:
        """The Opportunity that a deal is linked to."""
        ref = RemoteRef("deals", deal)
        found = self.both.store.linked("deal", Side.MARKETING, [ref]).get(ref)
        return found.link.refs.crm.id if found is not None and found.link.state is LinkState.LIVE else None

    def firm(self, name: str = "Acme") -> tuple[str, str]:
        """A linked company."""
        domain = f"{name.lower()}-works.com"
        here = self.both.hubspot.create("companies", {"name": name, "domain": domain})
        there = self.both.salesforce.insert("Account", {"Name": name, "Website": domain})
        return here, there

    def buyer(self, account: str, name: str = "ann") -> tuple[str, str]:
        """A contact and a Contact with one address; the next cycle links them."""
        address = f"{name}@acme-works.com"
        here = self.both.hubspot.create("contacts", {"email": address, "lastname": "Doe"})
        fields = {"LastName": "Doe", "Email": address, "AccountId": account}
        return here, self.both.salesforce.insert("Contact", fields)


def dealing(folder: Path, change: Callable[[Schema], None] = untouched) -> Deals:
    """A world over the example configuration with deals, in which ``change`` may edit their mapping."""
    return Deals(open_both(config=configured_deals(folder, change)))


def configured_deals(folder: Path, change: Callable[[Schema], None]) -> Path:
    """The example configuration with deals, of whose mapping ``change`` may edit anything."""
    config = with_deals(folder)
    path = config / "schema" / "deal.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    return config
