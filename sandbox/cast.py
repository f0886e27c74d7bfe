"""The people of a funnel at work: marketers in HubSpot, sales development and representatives in Salesforce.

A ``Cast`` does what a ``Script`` says at two desks (``sandbox.desk``), each deed under the name of who does it, as it
would be done in the vendors' own windows; no record is touched in another way. Whoever of sales is to work a lead that
is not in the CRM yet cannot: the deed comes back undone (``Cast.play``), and is to be tried again later.

The fields and lists it fills are those of ``config/funnel``; there must be such before anybody works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.desk import Desk
from sandbox.funnel import Deed, Does, Script

DOMAIN: Final = "example.com"
TEAM: Final = "Demand Generation"
SDR, CLOSER = "SDR", "Account Executive"
NEW: Final = {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}
WORKING, REJECTED, CONVERTED, WON = (
    "Working - Contacted",
    "Closed - Not Converted",
    "Closed - Converted",
    "Closed - Won",
)
DEAL_WON: Final = "Closed Won"
KNOWN: Final = {
    "business_segment": "Segment__c",
    "lead_type": "Lead_Type__c",
    "lead_behaviour_profile": "Behaviour_Profile__c",
    "business_type": "Business_Type__c",
}
"""What sales learns of whoever it wins, by the column of the file and the field it goes into."""
CUSTOM: Final = (
    "First_Contact__c", "Landing_Page__c", "Lead_Origin__c", "Stage_Reason__c", "SDR__c", "AE__c", *KNOWN.values(),
)  # fmt: skip
"""Custom fields of a Lead that go on as those of the Contact."""
TRACKED: Final[Mapping[str, tuple[str, ...]]] = {
    "Lead": ("OwnerId", "Status", "Stage_Reason__c"),
    "Contact": ("OwnerId", "Stage__c", "Stage_Reason__c"),
}
"""Fields whose history the org keeps."""
PROPERTIES: Final = ("first_contact", "landing_page", "lead_origin", "stage_reason")
"""Custom properties of a contact that marketing fills."""
PIPELINE: Final = 12
"""Months of declared revenue that an opportunity is worth."""


class NoField(Exception):
    """A field that people are to fill is not there; the text names it."""


class Cast:
    """Everybody of both teams, and which records they know of each lead."""

    def __init__(self, marketing: Desk, crm: Desk, script: Script, *, names: Callable[[], tuple[str, str]]) -> None:
        """:param names: a first and a last name, a new pair at each call: those of the files' leads are not known."""
        self._marketing = marketing
        self._crm = crm
        self._script = script
        self._names = {mql: names() for mql in script.rows.leads}
        self._marketers: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._contacts: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._deals: dict[str, str] = {}
        self._acts: Mapping[Does, Callable[[Deed], bool]] = {
            Does.MEET: self._meet,
            Does.QUALIFY: self._qualify,
            Does.REQUALIFY: self._qualify,
            Does.ENTER: self._enter,
            Does.PICK_UP: self._pick_up,
            Does.ACCEPT: self._accept,
            Does.REJECT: self._refuse,
            Does.RECYCLE: self._refuse,
            Does.CONVERT: self._convert,
            Does.WIN: self._win,
        }

    def hire(self, *, names: Callable[[], tuple[str, str]]) -> None:
        """Gives everybody an account in both systems, and the org its history and its map for conversions.

        Raises ``NoField``.
        """
        self._look_around()
        for who in self._script.marketers:
            owner = self._marketing.do("add_owner", email=address(who), first="Marketer", last=who, teams=[TEAM])
            self._marketers[who] = self._marketing.do("user_of", owner=owner)
        closers = frozenset(self._script.closers)
        for who in sorted({*self._script.sdrs, *closers}):
            first, last = names()
            role = CLOSER if who in closers else SDR
            self._users[who] = self._crm.do("add_user", email=address(who), name=f"{first} {last}", role=role)
            self._marketing.do("add_owner", email=address(who), first=first, last=last, teams=[role])
        for name, fields in TRACKED.items():
            self._crm.do("track_fields", object=name, fields=list(fields))
        for field in CUSTOM:
            self._crm.do("map_conversion", lead_field=field, object="Contact", field=field)

    def _look_around(self) -> None:
        needed = {name: {*CUSTOM, *fields} for name, fields in TRACKED.items()}
        for desk, fields in ((self._marketing, {"contacts": set(PROPERTIES)}), (self._crm, needed)):
            for name, wanted in fields.items():
                lacking = sorted(wanted - set(desk.do("fields_of", object=name)))
                if lacking:
                    raise NoField(f"{name} has no field {lacking[0]}")

    def play(self, deed: Deed) -> bool:
        """Does it; ``False`` if the record that it is about is not there yet. A refusal of a stand-in is raised."""
        return self._acts[deed.does](deed)

    # -- marketing -----------------------------------------------------------------------------------------------------
    def _meet(self, deed: Deed) -> bool:
        lead = self._script.rows.leads[deed.lead]
        told = {
            "email": address(deed.lead),
            "firstname": self._names[deed.lead][0],
            "lastname": self._names[deed.lead][1],
            "company": self._company(deed.lead),
            "lifecyclestage": "lead",
            "first_contact": lead["first_contact_date"],
            "landing_page": lead["landing_page_id"],
            "lead_origin": lead["origin"],
        }
        given = {name: value for name, value in told.items() if value}
        made = self._marketing.do("create", object="contacts", properties=given, by=self._marketers[deed.by])
        self._contacts[deed.lead] = made
        return True

    def _qualify(self, deed: Deed) -> bool:
        again = {"stage_reason": ""} if deed.does is Does.REQUALIFY else {}
        self._marketing.do(
            "edit",
            object="contacts",
            id=self._contacts[deed.lead],
            properties=NEW | again,
            by=self._marketers[deed.by],
        )
        return True

    # -- sales ---------------------------------------------------------------------------------------------------------
    def _enter(self, deed: Deed) -> bool:
        first, last = self._names[deed.lead]
        told = {"FirstName": first, "LastName": last, "Email": address(deed.lead), "Company": self._company(deed.lead)}
        more = {"Status": WORKING, "OwnerId": self._users[deed.by], "SDR__c": address(deed.by)} | self._known(deed)
        self._people[deed.lead] = self._crm.do("create", object="Lead", fields=told | more, by=self._users[deed.by])
        return True

    def _pick_up(self, deed: Deed) -> bool:
        return self._edit_lead(deed, OwnerId=self._users[deed.by], SDR__c=address(deed.by))

    def _accept(self, deed: Deed) -> bool:
        return self._edit_lead(deed, Status=WORKING, **self._known(deed))

    def _refuse(self, deed: Deed) -> bool:
        return self._edit_lead(deed, Status=REJECTED, Stage_Reason__c=deed.reason)

    def _convert(self, deed: Deed) -> bool:
        """The Lead becomes a Contact with an Account and an Opportunity, all of whom the representative owns."""
        user = self._users[deed.by]
        if not self._edit_lead(deed, OwnerId=user, AE__c=address(deed.by)):
            return False
        lead = self._people[deed.lead]
        contact, _, deal = self._crm.do(
            "convert", lead_id=lead, status=CONVERTED, opportunity=self._company(deed.lead), by=user
        )
        self._people[deed.lead], self._deals[deed.lead] = contact, deal
        self._crm.do("edit", object="Contact", id=contact, fields={"Stage__c": CONVERTED}, by=user)
        revenue = float(self._script.rows.deals[deed.lead]["declared_monthly_revenue"] or 0)
        worth = {"StageName": "Proposal/Price Quote"} | ({"Amount": revenue * PIPELINE} if revenue else {})
        self._crm.do("edit", object="Opportunity", id=deal, fields=worth, by=user)
        return True

    def _win(self, deed: Deed) -> bool:
        if deed.lead not in self._deals:
            return False
        user = self._users[deed.by]
        closed: dict[str, Any] = {"StageName": DEAL_WON, "CloseDate": deed.at.date().isoformat()}
        self._crm.do("edit", object="Opportunity", id=self._deals[deed.lead], fields=closed, by=user)
        self._crm.do("edit", object="Contact", id=self._people[deed.lead], fields={"Stage__c": WON}, by=user)
        return True

    def _edit_lead(self, deed: Deed, **fields: object) -> bool:
        """Edits the Lead, which is looked for by its address the first time."""
        if deed.lead not in self._people:
            found = self._crm.do("find", object="Lead", field="Email", value=address(deed.lead))
            if not found:
                return False
            self._people[deed.lead] = found[0]
        lead = self._people[deed.lead]
        self._crm.do("edit", object="Lead", id=lead, fields=fields, by=self._users[deed.by])
        return True

    # -- what is told --------------------------------------------------------------------------------------------------
    def _known(self, deed: Deed) -> dict[str, str]:
        deal = self._script.rows.deals.get(deed.lead, {})
        return {field: deal[column] for column, field in KNOWN.items() if deal.get(column)}

    def _company(self, mql: str) -> str:
        """A name for a shop, whose own is not known."""
        return f"{self._names[mql][1]} {mql[:8]}"


def address(who: str) -> str:
    """The address of a lead, or of one of the people of both teams."""
    return f"{who}@{DOMAIN}"
