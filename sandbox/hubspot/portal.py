"""The account's state and what can happen to it, without HTTP: both the API and the scripted people go through here.

Promises that derived read-only values follow their causes: ``hs_email_domain`` the address, ``hs_email_optout`` the
status of the address, ``associatedcompanyid`` the primary company. Every write, an association included, moves the
version stamp of each record it touches.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sandbox.hubspot.account import Owner
from sandbox.hubspot.automatic import empty_bins, give_company
from sandbox.hubspot.errors import Refusal, invalid_request, not_found
from sandbox.hubspot.history import Source
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.links import OWNED_BY_COMPANY, PRIMARY, UNLABELLED, Links, Pair
from sandbox.hubspot.lists import ContactList
from sandbox.hubspot.records import Record, RecordStore
from sandbox.hubspot.stages import follow_deal
from sandbox.hubspot.stamps import millis
from sandbox.hubspot.standard import OBJECT_TYPES, object_names
from sandbox.hubspot.subscriptions import Subscriptions
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tables import ObjectType
from sandbox.kernel import Clock

NAMES = object_names()
LATER = frozenset({"tickets", "notes", "calls", "meetings"})
TO_CONTACTS: Pair = ("leads", "contacts")


class Portal:
    """All state of one account."""

    def __init__(
        self, *, clock: Clock, chance: random.Random, limits: HubSpotLimits, switches: HubSpotSwitches
    ) -> None:
        self._clock = clock
        self.chance = chance
        self.limits = limits
        self.switches = switches
        self.owners: dict[str, Owner] = {}
        self.links = Links()
        self.subscriptions = Subscriptions()
        self.groups: dict[str, dict[str, str]] = {}
        self.stores: dict[str, RecordStore] = {}
        #: Pipelines in their wire form that take the place of the standard ones, by object.
        self.pipelines: dict[str, list[dict[str, Any]]] = {}
        #: Custom properties that a bare account lacks, by object: an import leaves their columns out.
        self.stripped: dict[str, frozenset[str]] = {}
        #: Lists of contacts, by id.
        self.lists: dict[str, ContactList] = {}
        self._contacts_without_company: list[tuple[int, int]] = []
        self._next_owner = chance.randrange(10_000_000, 90_000_000)
        self.names = dict(NAMES)
        for kind in OBJECT_TYPES:
            # Objects that came later take their ids elsewhere, so that a seed goes on giving the same worlds.
            draw = chance if kind.name not in LATER else random.Random(kind.type_id)
            self._open(kind, first_id=draw.randrange(100_000, 900_000))

    def add_object(self, kind: ObjectType, *, spellings: Iterable[str]) -> None:
        """Adds a custom object without records. Raises a 400 refusal if there is one of that name."""
        if kind.name in self.stores:
            raise invalid_request(f"There is an object named {kind.name} already")
        self._open(kind, first_id=random.Random(kind.type_id).randrange(100_000, 900_000))
        self.names |= {spelling.lower(): kind.name for spelling in (kind.name, kind.type_id, *spellings)}

    def _open(self, kind: ObjectType, *, first_id: int) -> None:
        self.stores[kind.name] = RecordStore(
            kind,
            first_id=first_id,
            now=self.now,
            chance=self.chance,
            limits=self.limits,
            switches=self.switches,
            owners=self.owners,
        )
        self.groups[kind.name] = {d.group: d.group for d in kind.definitions}

    def strip(self) -> None:
        """Takes every custom property away: what is left is an account that nobody has set up."""
        for name, store in self.stores.items():
            custom = frozenset(each.name for each in store.definitions.values() if not each.hubspot_defined)
            self.stripped[name] = custom
            for each in custom:
                store.undefine(each)

    def moment(self) -> datetime:
        """The present instant of the account's clock."""
        return self._clock.now()

    def now(self) -> int:
        """The present instant in epoch milliseconds."""
        return millis(self._clock.now())

    def store(self, name: str) -> RecordStore:
        """The records of an object by any of its names (``contacts``, ``CONTACT``, ``0-1``). Raises a 400 refusal."""
        plural = self.names.get(name.lower())
        if plural is None:
            raise invalid_request(f"Unable to infer object type from: {name}")
        return self.stores[plural]

    def record(self, store: RecordStore, number: int | str, *, archived: bool | None = False) -> Record:
        """One record by id, merges followed. ``archived=None`` takes both kinds. Raises a 404 refusal."""
        found = store.find(int(number)) if str(number).isascii() and str(number).isdigit() else None
        if found is None or (archived is not None and (found.archived is not None) != archived):
            raise not_found(bare=self.switches.bare_not_found)
        return found

    # Records

    def create(self, store: RecordStore, changes: Mapping[str, str], *, source: Source) -> Record:
        """A new record of checked values."""
        values = {name: value for name, value in changes.items() if value}
        number = store.take_id()
        self.derive_new(store, number, values, by_app=source.forward_only)
        if store.kind.name == "contacts" and self.switches.automatic_companies is not None:
            due = self.now() + round(self.switches.automatic_companies * 1_000)
            self._contacts_without_company.append((due, number))
        record = store.add(number, values, at=self.now(), source=source)
        if store.watch is not None:
            store.watch.created(store.kind.name, number, values, at=self.now(), source=source)
        return record

    def catch_up(self) -> None:
        """Does what the account does by itself and is due by now."""
        empty_bins(self)
        due = [number for at, number in self._contacts_without_company if at <= self.now()]
        self._contacts_without_company = [each for each in self._contacts_without_company if each[0] > self.now()]
        for number in due:
            give_company(self, number)

    def derive_new(self, store: RecordStore, number: int, values: dict[str, str], *, by_app: bool) -> None:
        """Adds what HubSpot fills in on create (recorded create answers)."""
        if store.kind.name == "contacts":
            billable = by_app and self.switches.app_contacts_are_marketing
            values["hs_all_contact_vids"] = str(number)
            values["hs_is_contact"] = "true"
            values["hs_is_unworked"] = "true"
            values["hs_pipeline"] = "contacts-lifecycle-pipeline"
            values["hs_marketable_status"] = "true" if billable else "false"
            address = self._address_values(values.get("email", ""))
            values.update({name: value for name, value in address.items() if value})
        elif store.kind.name == "companies" and "domain" in values:
            values.setdefault("website", values["domain"])

    def update(self, store: RecordStore, record: Record, changes: Mapping[str, str], *, source: Source) -> None:
        """Writes checked values and what follows from them."""
        if store.kind.name == "contacts" and "email" in changes:
            changes = {**changes, **self._address_values(changes["email"])}
        store.change(record, changes, source=source)
        if store.kind.name == "deals" and "dealstage" in changes:
            follow_deal(self, record)

    def archive(self, store: RecordStore, record: Record, *, source: Source) -> None:
        """Puts a live record into the recycle bin; its associations rest until it comes back."""
        if record.archived is None:
            store.archive(record)
            if store.watch is not None:
                store.watch.archived(store.kind.name, record.id, at=self.now(), source=source)
            self._follow_company(store, record, source=source)

    def restore(self, store: RecordStore, record: Record, *, source: Source) -> None:
        """Takes a record out of the recycle bin."""
        if record.archived is not None:
            store.restore(record, source=source)
            if store.watch is not None:
                store.watch.restored(store.kind.name, record.id, at=record.updated, source=source)
            self._follow_company(store, record, source=source)

    def erase(self, store: RecordStore, record: Record, *, source: Source) -> None:
        """Privacy deletion: permanent, old ids of merged records included."""
        if self.switches.erased_address_blocked and record.values.get("email"):
            store.blocked.add(store.fold("email", record.values["email"]))
        self.forget(store, record, source=source)
        if store.watch is not None:
            store.watch.erased(store.kind.name, record.id, at=self.now(), source=source)

    def forget(self, store: RecordStore, record: Record, *, source: Source) -> None:
        """Takes a record out for good, with what it was merged from and its associations."""
        links = list(self.links.all_of(store.kind.name, record.id))
        touched = self.links.drop_all(store.kind.name, record.id)
        store.erase(record)
        for kind, number, types in links:
            self._tell_links((store.kind.name, kind), record.id, number, types, source=source)
        for old in [old for old, new in store.moved.items() if new == record.id]:
            del store.moved[old]
            if old in store.index.shown:
                store.conceal(old, stamp=record.updated)
        for kind, number in touched:
            self.touch(kind, number, source=source)

    # Associations

    def pair(self, start: str, end: str) -> Pair:
        """The two objects of an association. Raises a 400 refusal if they cannot be associated."""
        pair = (self.store(start).kind.name, self.store(end).kind.name)
        if pair not in UNLABELLED:
            raise invalid_request(f"No association types exist between {start} and {end}")
        return pair

    def associate(self, pair: Pair, start: int, end: int, *, types: Iterable[int], source: Source) -> None:
        """Associates two live records with these types; a new primary company takes the place of the old one."""
        wanted = set(types)
        primary = PRIMARY.get(pair)
        owned, company = (start, end) if pair[0] in OWNED_BY_COMPANY else (end, start)
        owned_kind = pair[0] if pair[0] in OWNED_BY_COMPANY else pair[1]
        if primary is not None:
            held = self.links.primary(owned_kind, owned)
            if held is None and self.switches.first_company_is_primary:
                wanted.add(primary)
            if primary in wanted and held is not None and held != company:
                back = (owned_kind, "companies")
                before = self.links.of(back, owned)[held]
                self.links.put(back, owned, held, types=before - {PRIMARY[back]})
                self._tell_links(back, owned, held, before, source=source)
                self.touch("companies", held, source=source)
        self.relabel(pair, start, end, types=wanted, source=source)

    def relabel(self, pair: Pair, start: int, end: int, *, types: Iterable[int], source: Source) -> None:
        """Gives two records exactly these types and the unlabelled one."""
        before = self.links.of(pair, start).get(end, set())
        if self.links.put(pair, start, end, types=types):
            self._tell_links(pair, start, end, before, source=source)
            self.touch(pair[0], start, source=source)
            self.touch(pair[1], end, source=source)
            if "deals" in pair:
                follow_deal(self, self.stores["deals"].records[start if pair[0] == "deals" else end])

    def separate(self, pair: Pair, start: int, end: int, *, source: Source) -> None:
        """Removes all associations between two records; a lead that has lost its last contact goes with it."""
        before = self.links.of(pair, start).get(end, set())
        if self.links.drop(pair, start, end):
            self._tell_links(pair, start, end, before, source=source)
            self.touch(pair[0], start, source=source)
            self.touch(pair[1], end, source=source)
            if set(pair) == set(TO_CONTACTS):
                lead = self.stores["leads"].records[start if pair == TO_CONTACTS else end]
                if not self.links.of(TO_CONTACTS, lead.id):
                    self.archive(self.stores["leads"], lead, source=source)

    def _tell_links(self, pair: Pair, start: int, end: int, before: Collection[int], *, source: Source) -> None:
        watch = self.stores[pair[0]].watch
        if watch is not None:
            after = self.links.of(pair, start).get(end, ())
            watch.linked(pair, start, end, before=before, after=after, at=self.now(), source=source)

    def touch(self, kind: str, number: int, *, source: Source) -> None:
        """Moves the stamp of a live record after an association changed, with ``associatedcompanyid``."""
        store = self.stores[kind]
        record = store.find(number, moved=False)
        if record is None or record.archived is not None:
            return
        changes: dict[str, str] = {}
        if kind == "contacts":
            company = self.links.primary(kind, number)
            alive = company is not None and company in self.stores["companies"].records
            if alive and company is not None and self.stores["companies"].records[company].archived is not None:
                alive = False
            changes["associatedcompanyid"] = str(company) if alive else ""
        store.change(record, changes, source=source)

    def _follow_company(self, store: RecordStore, record: Record, *, source: Source) -> None:
        if store.kind.name == "companies":
            for number, types in list(self.links.of(("companies", "contacts"), record.id).items()):
                if PRIMARY["companies", "contacts"] in types:
                    self.touch("contacts", number, source=source)

    # Addresses and owners

    def opt_out(self, address: str, *, source: Source) -> None:
        """Unsubscribes an address from everything."""
        self.subscriptions.opt_out_of_all(address, at=self.now(), source=source.kind)
        self.show_preferences(address, source=source)

    def opt_in(self, address: str, *, source: Source) -> None:
        """Subscribes an address again."""
        self.subscriptions.opt_in_to_all(address, at=self.now(), source=source.kind)
        self.show_preferences(address, source=source)

    def show_preferences(self, address: str, *, source: Source) -> None:
        """Lets the contact whose primary address this is show its status."""
        store = self.stores["contacts"]
        record = store.holder("email", address)
        if record is not None and record.values.get("email", "").lower() == address.lower():
            store.change(record, self.subscriptions.flags(address), source=source)

    def add_owner(self, *, email: str, first: str, last: str, archived: bool, teams: tuple[str, ...] = ()) -> Owner:
        """A new owner with the next ids."""
        self._next_owner += 1
        owner = Owner(
            id=str(self._next_owner),
            user_id=self._next_owner - 5_000_000,
            email=email,
            first=first,
            last=last,
            archived=archived,
            created=self.now(),
            teams=teams,
        )
        self.owners[owner.id] = owner
        return owner

    def _address_values(self, address: str) -> dict[str, str]:
        return {"hs_email_domain": address.rpartition("@")[2], **self.subscriptions.flags(address)}


def by_number(text: Any, *, what: str) -> int:
    """A record id from JSON, which is text of digits or a number. Raises a 400 refusal."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if isinstance(text, str) and text.isascii() and text.isdigit():
        return int(text)
    raise Refusal(400, f"{what} must be a record id, not {text!r}")
