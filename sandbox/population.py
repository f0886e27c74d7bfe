"""Fills both stand-ins with people and companies that partly overlap, with the mess of real systems.

It decides who exists where, and writes every person the way each system's users would: the same phone in another
notation, the same country by another name, an e-mail address in another case, names with combining characters, sets in
another order, values the other side does not know. Shared people agree on most fields and differ on some. E-mail is
the only thing that proves who is who: nothing of syncd's own keys is written. The same seed gives the same people
(stamps follow the clock). ``Populated`` tells what was made, so that a demo can check itself.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.names import Company, Person, Registry
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.wording import Wording

#: (lifecyclestage, hs_lead_status, Lead.Status, weight): pairs that mean the same on both sides.
STAGES = (
    ("marketingqualifiedlead", "NEW", "Open - Not Contacted", 55),
    ("salesqualifiedlead", "IN_PROGRESS", "Working - Contacted", 30),
    ("marketingqualifiedlead", "UNQUALIFIED", "Closed - Not Converted", 10),
    ("salesqualifiedlead", "OPEN", "Working - Contacted", 5),
)
#: (lifecyclestage, hs_lead_status, weight) of people whom sales has never seen.
EARLY = (
    ("subscriber", "", 40), ("lead", "", 25), ("lead", "NEW", 5), ("marketingqualifiedlead", "NEW", 22),
    ("customer", "", 4), ("evangelist", "", 1), ("other", "BAD_TIMING", 3),
)  # fmt: skip
_STAGE_WEIGHTS = tuple(accumulate(row[-1] for row in STAGES))
_EARLY_WEIGHTS = tuple(accumulate(row[-1] for row in EARLY))
INTERESTS = (("crm", "Analytics"), ("marketing", "Automation"), ("service", "Support"), ("content", "Training"),
             ("operations", "Consulting"))  # fmt: skip
INDUSTRIES = (("BANKING", "Banking"), ("CONSTRUCTION", "Construction"), ("INSURANCE", "Insurance"),
              ("RETAIL", "Retail"), ("COMPUTER_SOFTWARE", "Technology"), ("UTILITIES", "Utilities"))  # fmt: skip
OWNERS = (
    ("Ada", "Byron", "both"), ("Grace", "Murray", "both"), ("Émilie", "Breteuil", "both"), ("Carl", "Gauß", "both"),
    ("Sofia", "Korvin", "both"), ("Hiro", "Sato", "both"), ("Mary", "Fairfax", "crm"), ("Evar", "Galois", "crm"),
    ("Paul", "Gone", "inactive"), ("Rosa", "Campaign", "marketing"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owner:
    """One colleague; an id is ``None`` where the system does not know the person."""

    email: str
    hubspot_id: str | None
    user_id: str | None
    active: bool


@dataclass(slots=True)
class Populated:
    """What was made, by ids. A CRM record is ``(object, id)``.

    ``shared`` are pairs found by one e-mail address on each side; ``ambiguous`` are contacts whose address several CRM
    records have, with those records, which must be held and never guessed.
    """

    shared: list[tuple[str, tuple[str, str]]] = field(default_factory=list)
    ambiguous: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    only_marketing: list[str] = field(default_factory=list)
    only_crm: list[tuple[str, str]] = field(default_factory=list)
    companies_shared: list[tuple[str, str]] = field(default_factory=list)
    companies_ambiguous: list[tuple[str, list[str]]] = field(default_factory=list)
    companies_only_marketing: list[str] = field(default_factory=list)
    companies_only_crm: list[str] = field(default_factory=list)
    opted_out_marketing: list[str] = field(default_factory=list)
    opted_out_crm: list[tuple[str, str]] = field(default_factory=list)
    queue_owned: list[str] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)

    def counts(self) -> Mapping[str, int]:
        """How many of each."""
        return {name: len(getattr(self, name)) for name in self.__slots__}


def populate(
    hubspot: HubSpotKernel,
    salesforce: SalesforceKernel,
    *,
    people: int = 2000,
    companies: int = 300,
    seed: int = 1,
    overlap: float = 0.55,
) -> Populated:
    """Makes ``people`` persons and ``companies`` companies, a share ``overlap`` of each known to both systems.

    Raises ``MissingFaker`` without the extra ``[sandbox]``.
    """
    with _all_kept():
        return _Population(hubspot, salesforce, seed=seed, overlap=overlap).make(people=people, companies=companies)


@contextmanager
def _all_kept() -> Iterator[None]:
    """Ends the search for garbage for a while: of millions of values none is, and looking costs a sixth of the time."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


class _Population:
    def __init__(self, hubspot: HubSpotKernel, salesforce: SalesforceKernel, *, seed: int, overlap: float) -> None:
        self.hubspot = hubspot
        self.salesforce = salesforce
        self.overlap = overlap
        self.chance = random.Random(seed)
        self.registry = Registry(seed=seed)
        self.made = Populated()
        self.wording = Wording(chance=self.chance, now=hubspot.clock.now())
        self.queue = ""
        self.users: list[Owner] = []
        self.contacts: list[tuple[Person, dict[str, str]]] = []
        self.crm: dict[str, list[tuple[Person, dict[str, object]]]] = {"Lead": [], "Contact": []}
        self.company_ids: dict[str, str] = {}
        self.account_ids: dict[str, str] = {}
        #: Case-folded address -> the CRM records that have it.
        self.mailboxes: dict[str, list[tuple[str, str]]] = {}

    def make(self, *, people: int, companies: int) -> Populated:
        """Owners first, then companies, then people, then what only shows afterwards."""
        self._owners()
        works = self._companies(companies)
        for _ in range(people):
            at_work = works and self.chance.random() < 0.7
            self._person(self.registry.person(self.chance.choice(works) if at_work else None))
        self._shared_mailboxes(works, amount=max(1, people // 200))
        self._store_crm()
        self._store_contacts()
        for owner in self.made.owners:
            if owner.user_id is not None and not owner.active:
                self.salesforce.deactivate_user(owner.user_id)
        return self.made

    # Owners

    def _owners(self) -> None:
        for first, last, where in OWNERS:
            address = f"{first}.{last}@sales-sandbox.com".lower()
            address = address.replace("é", "e").replace("ß", "ss")
            hubspot_id = user_id = None
            if where != "crm":
                hubspot_id = self.hubspot.add_owner(address, first, last, archived=where == "inactive")
            if where != "marketing":
                user_id = self.salesforce.add_user(address, f"{first} {last}")
            self.made.owners.append(Owner(address, hubspot_id, user_id, active=where != "inactive"))
        self.users = [owner for owner in self.made.owners if owner.user_id is not None]
        self.queue = self.salesforce.add_queue("Inbound leads")

    # Companies

    def _companies(self, amount: int) -> list[Company]:
        works = [self.registry.company() for _ in range(amount)]
        marketing: list[tuple[Company, dict[str, str]]] = []
        accounts: list[tuple[Company, dict[str, object]]] = []
        for work in works:
            lot = self.chance.random()
            industry = self.chance.choice(INDUSTRIES)
            if lot < self.overlap + (1 - self.overlap) / 2:
                marketing.append((work, self.wording.company_row(work, industry=industry[0])))
            if lot < self.overlap or lot >= self.overlap + (1 - self.overlap) / 2:
                accounts.append(
                    (work, self.wording.account_row(work, industry=industry[1], owner=self._user().user_id))
                )
        # Two accounts of one domain: which of them is the company must not be guessed.
        accounts += [(work, {**row, "Name": f"{row['Name']} (old)"}) for work, row in accounts[: amount // 60]]
        holders: dict[str, list[str]] = {}
        ids = self.salesforce.load("Account", [row for _, row in accounts])
        for (work, _), account in zip(accounts, ids, strict=True):
            self.account_ids.setdefault(work.domain, account)
            holders.setdefault(work.domain, []).append(account)
        company_ids = self.hubspot.load("companies", [row for _, row in marketing])
        for (work, _), company in zip(marketing, company_ids, strict=True):
            self.company_ids[work.domain] = company
            found = holders.pop(work.domain, [])
            if len(found) == 1:
                self.made.companies_shared.append((company, found[0]))
            elif found:
                self.made.companies_ambiguous.append((company, found))
            else:
                self.made.companies_only_marketing.append(company)
        self.made.companies_only_crm += [account for found in holders.values() for account in found]
        return works

    # People

    def _person(self, person: Person) -> None:
        chance = self.chance
        lot, half = chance.random(), self.overlap + (1 - self.overlap) * 0.6
        shared, marketing_only = lot < self.overlap, self.overlap <= lot < half
        stage = chance.choices(STAGES, cum_weights=_STAGE_WEIGHTS)[0]
        owner = self._user()
        liked = chance.sample(INTERESTS, chance.choice((0, 0, 1, 2, 3)))
        if shared or marketing_only:
            row = self.wording.contact_row(person, owner=owner.hubspot_id, liked=[each[0] for each in liked])
            early = chance.choices(EARLY, cum_weights=_EARLY_WEIGHTS)[0]
            row["lifecyclestage"], row["hs_lead_status"] = stage[:2] if shared else early[:2]
            if marketing_only and chance.random() < 0.02:
                del row["email"]
            self.contacts.append((person, row))
            if chance.random() < 0.004:
                self.contacts.append((person, {**row, "email": "old." + person.email}))
        if shared or not marketing_only:
            # About one shared person in twelve stands at another status in the CRM.
            differs = shared and chance.random() < 0.08
            status = chance.choice(STAGES)[2] if differs else stage[2]
            employed = person.company is not None and person.company.domain in self.account_ids
            kind = "Contact" if employed and chance.random() < 0.25 else "Lead"
            row_of_crm = self._crm_row(kind, person, owner, liked=[each[1] for each in liked], status=status)
            if not shared and chance.random() < 0.02:
                del row_of_crm["Email"]
            self.crm[kind].append((person, row_of_crm))
            if kind == "Lead" and chance.random() < 0.008:
                self.crm["Lead"].append((person, {**row_of_crm, "Company": "(unknown)", "LeadSource": "Web"}))

    def _crm_row(self, kind: str, person: Person, owner: Owner, *, liked: list[str], status: str) -> dict[str, object]:
        if kind == "Contact":
            assert person.company is not None
            account = self.account_ids[person.company.domain]
            return self.wording.crm_contact_row(person, owner=owner.user_id, liked=liked, account=account)
        keeper = self.queue if self.chance.random() < 0.06 else owner.user_id
        return self.wording.lead_row(person, owner=keeper, liked=liked, status=status)

    def _shared_mailboxes(self, works: list[Company], *, amount: int) -> None:
        """One address, one contact without a person's name, two Leads who both read it."""
        for work in self.chance.sample(works, min(amount, len(works))):
            readers = [self.registry.person(work) for _ in range(2)]
            address = f"info@{work.domain}"
            self.contacts.append((readers[0], {"email": address, "company": work.name, "lifecyclestage": "lead"}))
            for reader in readers:
                row = self._crm_row("Lead", reader, self._user(), liked=[], status="Open - Not Contacted")
                self.crm["Lead"].append((reader, {**row, "Email": address.upper()}))

    # Storing

    def _store_crm(self) -> None:
        for kind, entries in self.crm.items():
            ids = self.salesforce.load(kind, [row for _, row in entries])
            for (_, row), record in zip(entries, ids, strict=True):
                ref = (kind, record)
                if "Email" in row:
                    self.mailboxes.setdefault(str(row["Email"]).casefold(), []).append(ref)
                else:
                    self.made.only_crm.append(ref)
                if row.get("HasOptedOutOfEmail"):
                    self.made.opted_out_crm.append(ref)
                if row.get("OwnerId") == self.queue:
                    self.made.queue_owned.append(record)

    def _store_contacts(self) -> None:
        ids = self.hubspot.load("contacts", [row for _, row in self.contacts])
        seen: set[str] = set()
        for (person, row), contact in zip(self.contacts, ids, strict=True):
            address = row.get("email", "").casefold()
            seen.add(address)
            found = self.mailboxes.get(address, [])
            if len(found) == 1:
                self.made.shared.append((contact, found[0]))
            elif found:
                self.made.ambiguous.append((contact, found))
            else:
                self.made.only_marketing.append(contact)
            company = self.company_ids.get(person.company.domain) if person.company is not None else None
            if company is not None:
                self.hubspot.associate(contact_id=contact, company_id=company, primary=True)
            if address and self.chance.random() < 0.04:
                self.hubspot.unsubscribe(address)
                self.made.opted_out_marketing.append(contact)
        for address, found in self.mailboxes.items():
            if address not in seen:
                self.made.only_crm += found

    def _user(self) -> Owner:
        return self.chance.choice(self.users)
