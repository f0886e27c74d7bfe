"""How each system's users write down the same person and the same company: rows for the stand-ins' loaders.

Knows the field names of both vendors and nothing of who exists where. Every row has gaps, except in what it cannot be
found or made without.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sandbox import mess
from sandbox.names import Company, Person
from sandbox.salesforce.wire_time import stamp

T = TypeVar("T")


class Wording:
    """Writes rows by chance; stamps lie in the 400 days before ``now``."""

    def __init__(self, *, chance: random.Random, now: datetime) -> None:
        self.chance = chance
        self.now = now

    def company_row(self, work: Company, *, industry: str) -> dict[str, str]:
        """Properties of a HubSpot company."""
        row = {
            "name": self._name(work.name),
            "domain": work.domain,
            "phone": mess.phone(work.phone, chance=self.chance),
            "address": work.street,
            "city": work.city,
            "zip": work.zip,
            "country": mess.country(work.country, chance=self.chance),
            "numberofemployees": str(work.employees),
            "annualrevenue": str(work.revenue),
            "industry": "WHOLESALE" if self.chance.random() < 0.03 else industry,
            **self._stamps("createdate", "hs_lastmodifieddate"),
        }
        return self._with_gaps(row, keep=("name", "domain"))

    def account_row(self, work: Company, *, industry: str, owner: str | None) -> dict[str, object]:
        """Fields of an Account; ``owner`` is a user's id."""
        row: dict[str, object] = {
            "Name": self._name(work.name),
            "Website": mess.website(work.domain, chance=self.chance),
            "Phone": mess.phone(work.phone, chance=self.chance),
            "BillingStreet": work.street,
            "BillingCity": work.city,
            "BillingPostalCode": work.zip,
            "BillingCountry": mess.country(work.country, chance=self.chance),
            "NumberOfEmployees": work.employees,
            "AnnualRevenue": work.revenue,
            "Industry": "Agriculture" if self.chance.random() < 0.03 else industry,
            "OwnerId": owner,
            **self._stamps("CreatedDate", "LastModifiedDate"),
        }
        return self._with_gaps(row, keep=("Name", "Website", "OwnerId"))

    def contact_row(self, person: Person, *, owner: str | None, liked: Sequence[str]) -> dict[str, str]:
        """Properties of a HubSpot contact without its stage; ``owner`` is an owner's id."""
        row = {
            "email": mess.email(person.email, chance=self.chance),
            "firstname": self._name(person.first),
            "lastname": self._name(person.last),
            "jobtitle": person.title,
            "company": person.company.name if person.company else "",
            "website": mess.website(person.company.domain, chance=self.chance) if person.company else "",
            "phone": mess.phone(person.phone, chance=self.chance),
            "mobilephone": mess.phone(person.mobile, chance=self.chance),
            "address": person.street,
            "city": person.city,
            "zip": person.zip,
            "country": mess.country(person.country, chance=self.chance),
            "hs_language": person.country.language,
            "product_interests": ";".join(mess.shuffled(liked, chance=self.chance)),
            "hubspot_owner_id": owner or "",
            **self._stamps("createdate", "lastmodifieddate"),
        }
        return self._with_gaps(row, keep=("email",))

    def lead_row(self, person: Person, *, owner: str | None, liked: Sequence[str], status: str) -> dict[str, object]:
        """Fields of a Lead; ``owner`` is the id of a user or a queue. Some have a status nobody else knows."""
        row = self._person_row(person, owner=owner, liked=liked, address="")
        row["Company"] = person.company.name if person.company else "(not given)"
        row["Status"] = "Nurturing" if self.chance.random() < 0.01 else status
        if person.company is not None:
            row["Website"] = mess.website(person.company.domain, chance=self.chance)
        return self._with_gaps(row, keep=("LastName", "Email", "Company", "Status", "OwnerId"))

    def crm_contact_row(
        self, person: Person, *, owner: str | None, liked: Sequence[str], account: str
    ) -> dict[str, object]:
        """Fields of a Salesforce Contact of an Account."""
        row = self._person_row(person, owner=owner, liked=liked, address="Mailing") | {"AccountId": account}
        return self._with_gaps(row, keep=("LastName", "Email", "OwnerId", "AccountId"))

    def _person_row(
        self, person: Person, *, owner: str | None, liked: Sequence[str], address: str
    ) -> dict[str, object]:
        chance = self.chance
        interests = [*liked, "Hardware"] if liked and chance.random() < 0.05 else liked
        return {
            "FirstName": self._name(person.first) if chance.random() > 0.04 else mess.blot(person.first, chance=chance),
            "LastName": self._name(person.last),
            "Email": mess.email(person.email, chance=chance),
            "Title": person.title if chance.random() > 0.1 else f"Senior {person.title}",
            "Phone": mess.phone(person.phone, chance=chance),
            "MobilePhone": mess.phone(person.mobile, chance=chance),
            f"{address}Street": person.street,
            f"{address}City": person.city,
            f"{address}PostalCode": person.zip,
            f"{address}Country": mess.country(person.country, chance=chance),
            "LeadSource": chance.choice(("Web", "Phone Inquiry", "Partner Referral", "Trade Show")),
            "Product_Interests__c": ";".join(mess.shuffled(interests, chance=chance)),
            "OwnerId": owner,
            "HasOptedOutOfEmail": chance.random() < 0.04,
            **self._stamps("CreatedDate", "LastModifiedDate"),
        }

    def _name(self, text: str) -> str:
        return mess.name(text, chance=self.chance)

    def _with_gaps(self, row: dict[str, T], *, keep: tuple[str, ...]) -> dict[str, T]:
        """Some values are simply missing."""
        return {name: value for name, value in row.items() if name in keep or self.chance.random() > 0.04}

    def _stamps(self, created: str, changed: str) -> dict[str, str]:
        born = self.now - timedelta(seconds=self.chance.randrange(3_600, 400 * 86_400))
        touched = born + (self.now - born) * self.chance.random()
        return {created: stamp(born), changed: stamp(touched)}
