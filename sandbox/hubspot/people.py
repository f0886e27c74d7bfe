"""What people do in the HubSpot window, for scripts, loaders and tests: no API call, no token, no limit.

Their writes go through the same checks as the API's, carry ``CRM_UI`` and a user id in property history, and may move
``lifecyclestage`` backward. Errors are the API's ``Refusal``s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.hubspot.account import HubSpotAccount
from sandbox.hubspot.definitions import Option
from sandbox.hubspot.errors import invalid_request
from sandbox.hubspot.history import Source
from sandbox.hubspot.links import PRIMARY, UNLABELLED
from sandbox.hubspot.lists import ContactList
from sandbox.hubspot.merging import merge
from sandbox.hubspot.portal import Portal, by_number
from sandbox.hubspot.properties import new_definition
from sandbox.hubspot.records import Record, RecordStore
from sandbox.hubspot.stages import STAGE
from sandbox.hubspot.stamps import parse_instant
from sandbox.hubspot.tables import custom_object

PERSON = "userId:1"


class People:
    """The people's methods of the kernel. Ids are text, as everywhere in HubSpot."""

    portal: Portal
    account: HubSpotAccount

    def create(self, object: str, properties: Mapping[str, str], *, by: str = PERSON) -> str:
        """A new record; returns its id."""
        store = self.portal.store(object)
        source = _person(by)
        changes = store.check(properties, current=None, source=source)
        store.check_unique(changes, own=None, claimed={})
        return str(self.portal.create(store, changes, source=source).id)

    def load(self, object: str, rows: Iterable[Mapping[str, str]]) -> list[str]:
        """Imports many records at once and returns their ids, in the order of the rows.

        Search shows them without lag. A row may give ``createdate`` and the object's stamp property itself (ISO or
        epoch milliseconds); otherwise stamps are one millisecond apart and end now, as those of a long import would.
        Columns of custom properties that a bare account lacks are left out. Stops at the first bad row with its
        ``Refusal``; the rows before it stay.
        """
        store = self.portal.store(object)
        rows = list(rows)
        source = Source("IMPORT", "import:1")
        first = self.portal.now() - len(rows)
        ids: list[str] = []
        absent = self.portal.stripped.get(store.kind.name, frozenset()) - store.definitions.keys()
        for position, row in enumerate(rows, start=1):
            properties = {name: value for name, value in row.items() if name not in absent}
            created = _stamp(properties.pop("createdate", None), default=first + position)
            updated = _stamp(properties.pop(store.kind.stamp, None), default=max(created, first + position))
            changes = store.check(properties, current=None, source=source)
            store.check_unique(changes, own=None, claimed={})
            values = {name: value for name, value in changes.items() if value}
            number = store.take_id()
            self.portal.derive_new(store, number, values, by_app=False)
            store.add(number, values, at=created, updated=updated, source=source, lagging=False)
            if store.watch is not None:
                store.watch.created(store.kind.name, number, values, at=self.portal.now(), source=source)
            ids.append(str(number))
        return ids

    def edit(self, object: str, id: str, properties: Mapping[str, str], *, by: str = PERSON) -> None:
        """Changes a live record; ``""`` clears a value."""
        store, record = self._record(object, id)
        source = _person(by)
        changes = store.check(properties, current=record, source=source)
        store.check_unique(changes, own=record.id, claimed={})
        self.portal.update(store, record, changes, source=source)

    def archive(self, object: str, id: str, *, by: str = PERSON) -> None:
        """Puts a record into the recycle bin."""
        store, record = self._record(object, id)
        self.portal.archive(store, record, source=_person(by))

    def restore(self, object: str, id: str, *, by: str = PERSON) -> None:
        """Takes a record out of the recycle bin."""
        store = self.portal.store(object)
        self.portal.restore(store, self.portal.record(store, id, archived=True), source=_person(by))

    def merge(self, object: str, primary: str, other: str, *, by: str = PERSON) -> str:
        """Merges ``other`` into ``primary``; returns the new record's id."""
        store = self.portal.store(object)
        record = merge(
            self.portal,
            store,
            primary=by_number(primary, what="primary"),
            other=by_number(other, what="other"),
            source=_person(by),
        )
        return str(record.id)

    def gdpr_delete(self, object: str, id: str, *, by: str = PERSON) -> None:
        """Erases a record for good."""
        store = self.portal.store(object)
        self.portal.erase(store, self.portal.record(store, id, archived=None), source=_person(by))

    def unsubscribe(self, email: str, *, by: str = PERSON) -> None:
        """Unsubscribes an address from all e-mail, whether a contact has it or not."""
        self.portal.opt_out(email, source=_person(by))

    def leave_subscription(self, email: str, subscription: int, *, by: str = PERSON) -> None:
        """Unsubscribes an address from one subscription type."""
        portal, source = self.portal, _person(by)
        portal.subscriptions.put(
            email, subscription=subscription, status="UNSUBSCRIBED", at=portal.now(), source=source.kind
        )
        portal.show_preferences(email, source=source)

    def resubscribe(self, email: str, *, by: str = PERSON) -> None:
        """Subscribes an address again."""
        self.portal.opt_in(email, source=_person(by))

    def associate(self, *, contact_id: str, company_id: str, primary: bool = False, by: str = PERSON) -> None:
        """Associates a contact with a company."""
        _, contact = self._record("contacts", contact_id)
        _, company = self._record("companies", company_id)
        pair = ("contacts", "companies")
        types = {UNLABELLED[pair], PRIMARY[pair]} if primary else {UNLABELLED[pair]}
        held = self.portal.links.of(pair, contact.id).get(company.id, set())
        self.portal.associate(pair, contact.id, company.id, types=held | types, source=_person(by))

    def disassociate(self, *, contact_id: str, company_id: str, by: str = PERSON) -> None:
        """Removes every association between a contact and a company."""
        _, contact = self._record("contacts", contact_id)
        _, company = self._record("companies", company_id)
        self.portal.separate(("contacts", "companies"), contact.id, company.id, source=_person(by))

    def relate(self, object: str, id: str, other: str, other_id: str, *, by: str = PERSON) -> None:
        """Associates any two records, as a deal with its contacts."""
        start, end = self._record(object, id)[1], self._record(other, other_id)[1]
        pair = self.portal.pair(object, other)
        held = self.portal.links.of(pair, start.id).get(end.id, set())
        self.portal.associate(pair, start.id, end.id, types=held | {UNLABELLED[pair]}, source=_person(by))

    def part(self, object: str, id: str, other: str, other_id: str, *, by: str = PERSON) -> None:
        """Removes every association between any two records."""
        start, end = self._record(object, id)[1], self._record(other, other_id)[1]
        self.portal.separate(self.portal.pair(object, other), start.id, end.id, source=_person(by))

    def add_object(self, name: str, singular: str) -> str:
        """The admin adds a custom object, whose records have a ``name``; returns its type id, ``2-N``."""
        kinds = [store.kind for store in self.portal.stores.values()]
        kind = custom_object(name, singular, number=1 + sum(each.type_id.startswith("2-") for each in kinds))
        self.portal.add_object(kind, spellings=(singular, f"p{self.account.portal_id}_{name}"))
        return kind.type_id

    def add_stage(self, label: str, *, after: str) -> str:
        """The admin adds a lifecycle stage behind another one, for contacts and companies; returns its id, a number."""
        portal = self.portal
        value = str(portal.chance.randrange(100_000_000, 1_000_000_000))
        for kind in ("contacts", "companies"):
            store = portal.stores[kind]
            options = sorted(store.definitions[STAGE].options, key=lambda option: option.order)
            place = next((n for n, option in enumerate(options, start=1) if option.value == after), None)
            if place is None:
                raise invalid_request(f"There is no lifecycle stage {after}")
            options.insert(place, Option(value, label))
            ordered = tuple(replace(option, order=order) for order, option in enumerate(options))
            store.define(replace(store.definitions[STAGE], options=ordered))
        return value

    def add_list(self, name: str) -> str:
        """Makes an empty list of contacts; its id."""
        key = str(len(self.portal.lists) + 1)
        self.portal.lists[key] = ContactList(name)
        return key

    def put_on_list(self, key: str, contact: str) -> None:
        """A contact joins a list, now; whoever is in it stays as they are."""
        self.portal.lists[key].members.setdefault(int(contact), self.portal.now())

    def take_off_list(self, key: str, contact: str) -> None:
        """A contact leaves a list."""
        self.portal.lists[key].members.pop(int(contact), None)

    def add_property(self, object: str, definition: Mapping[str, Any]) -> None:
        """Adds a custom property; only ``name`` is needed, the rest defaults to a line of text. An option needs a value
        alone: its label is the same and it is not hidden.
        """
        store = self.portal.store(object)
        name = definition.get("name")
        if not isinstance(name, str):
            raise invalid_request("A property definition needs a name")
        group = next(iter(self.portal.groups[store.kind.name]))
        defaults = {"label": name, "type": "string", "fieldType": "text", "groupName": group}
        options = [{"label": each["value"], "hidden": False, **each} for each in definition.get("options", ())]
        store.define(new_definition(self.portal, store, {**defaults, **definition, "options": options}))

    def remove_property(self, object: str, name: str) -> None:
        """Removes a property and its values."""
        store = self.portal.store(object)
        if name not in store.definitions:
            raise invalid_request(f"{object} have no property {name}")
        store.undefine(name)

    def require_property(self, object: str, name: str) -> None:
        """A rule of the account: API writes by paths from 2026-09 on must not leave this property empty."""
        self.portal.store(object).required.add(name)

    def add_owner(self, email: str, first: str, last: str, *, archived: bool = False, teams: Sequence[str] = ()) -> str:
        """A new owner; returns the id that ``hubspot_owner_id`` holds."""
        return self.portal.add_owner(email=email, first=first, last=last, archived=archived, teams=tuple(teams)).id

    def user_of(self, owner: str) -> str:
        """Under which name an owner edits: ``by`` of ``edit``."""
        return f"userId:{self.portal.owners[owner].user_id}"

    def export(self) -> dict[str, list[dict[str, Any]]]:
        """Every record of every object, archived ones too, in id order, and the owners as their API tells them: what
        the agreement of both vendors is judged by.
        """
        stores = self.portal.stores.items()
        records = {name: [self._exported(store, record) for record in _all(store)] for name, store in stores}
        owners = sorted(self.portal.owners.values(), key=lambda owner: int(owner.id))
        return {**records, "owners": [owner.wire() for owner in owners]}

    def sizes(self) -> dict[str, int]:
        """How many rows ``export`` has of each, without the rows."""
        records = {name: len(store.records) for name, store in self.portal.stores.items()}
        return {**records, "owners": len(self.portal.owners)}

    def _exported(self, store: RecordStore, record: Record) -> dict[str, Any]:
        associations: dict[str, list[dict[str, Any]]] = {}
        for other_kind, other, types in self.portal.links.all_of(store.kind.name, record.id):
            associations.setdefault(other_kind, []).append({"id": str(other), "types": sorted(types)})
        return {
            "id": str(record.id),
            "properties": {name: record.values[name] for name in sorted(record.values)},
            "archived": record.archived is not None,
            "associations": associations,
        }

    def _record(self, object: str, id: str) -> tuple[RecordStore, Record]:
        store = self.portal.store(object)
        return store, self.portal.record(store, id)


def _all(store: RecordStore) -> list[Record]:
    return [store.records[number] for number in sorted(store.records)]


def _person(by: str) -> Source:
    return Source("CRM_UI", by)


def _stamp(text: str | None, *, default: int) -> int:
    if text is None:
        return default
    stamp = parse_instant(text)
    if stamp is None:
        raise invalid_request(f"{text!r} is neither an ISO 8601 instant nor epoch milliseconds")
    return stamp
