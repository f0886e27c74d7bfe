"""The people of a house: both departments edit, somebody comes, somebody unsubscribes; each token is typed once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from sandbox.control import ControlRefused
from tests.chaos.evidence import COLUMNS, Edit, Evidence
from tests.scenarios.processes import Place

TYPED_AT: Final = {"title": ("marketing",), "city": ("crm",), "last_name": ("marketing", "crm")}
"""Who types into which field: two are one department's own, one is typed by both."""
MOST_OUT: Final = 0.4
"""The share of people who unsubscribe, at most."""


@dataclass
class People:
    """Those of one house, and what they did so far."""

    place: Place
    chance: random.Random
    told: Evidence
    pairs: list[tuple[str, str]]
    refused: int = 0
    _out: set[tuple[str, str]] = field(default_factory=set)

    def act(self) -> None:
        """The next deed of somebody."""
        deed = self.chance.random()
        if deed < 0.04:
            self._come()
        elif deed < 0.07:
            self._unsubscribe()
        else:
            self._edit()

    def _edit(self) -> None:
        contact, lead = self.chance.choice(self.pairs)
        name = self.chance.choice(tuple(COLUMNS))
        side = self.chance.choice(TYPED_AT[name])
        token = f"tk{self.chance.randrange(1 << 32):08x}n{len(self.told.edits)}"
        self._type(Edit(len(self.told.edits), side, contact, lead, name, token))

    def _type(self, edit: Edit) -> None:
        column = COLUMNS[edit.field][edit.side == "crm"]
        if edit.side == "crm":
            self.place.salesforce.do("edit", object="Lead", id=edit.lead, fields={column: edit.token})
        else:
            words = {"properties": {column: edit.token}, "by": "userId:1"}
            self.place.hubspot.do("edit", object="contacts", id=edit.contact, **words)
        self.told.edits.append(edit)

    def _come(self) -> None:
        address = f"n{len(self.told.newcomers)}.{self.chance.randrange(1 << 32):08x}@example.com"
        properties = {"email": address, "lastname": f"New {address[:6]}", "company": "New & Sons",
                      "lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}  # fmt: skip
        made = self.place.hubspot.do("create", object="contacts", properties=properties, by="userId:1")
        self.told.newcomers[str(made)] = address

    def _unsubscribe(self) -> None:
        if len(self._out) >= MOST_OUT * len(self.pairs):
            return
        pair = self.chance.choice(self.pairs)
        contact, lead = pair
        if pair in self._out:
            return
        if self.chance.random() < 0.5:
            self.place.salesforce.do("edit", object="Lead", id=lead, fields={"HasOptedOutOfEmail": "true"})
        else:
            rows = {row["id"]: row for row in self.place.hubspot.export()["contacts"]}
            address = rows[contact]["properties"].get("email")
            if not address:
                return
            try:
                self.place.hubspot.do("unsubscribe", email=address)
            except ControlRefused:  # an address that the vendor does not take for one
                self.refused += 1
                return
        self._out.add(pair)
        self.told.opted_out.append(pair)

    def look_at_opt_outs(self) -> None:
        """Notes for everybody who unsubscribed whether each side says so now."""
        contacts = {row["id"]: row["properties"] for row in self.place.hubspot.export()["contacts"]}
        leads = {row["Id"]: row for row in self.place.salesforce.export()["Lead"]}
        for contact, lead in self.told.opted_out:
            is_out = contacts.get(contact, {}).get("hs_email_optout") == "true"
            self.told.seen_opted_out.append(("marketing", contact, is_out))
            self.told.seen_opted_out.append(("crm", lead, leads.get(lead, {}).get("HasOptedOutOfEmail") is True))
