"""What the admins of the org do: fields, record types, rights, histories, lead statuses.

Like everything people do (``people``), this is no call of the API: nothing is counted or logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sandbox.salesforce.address_lists import list_fields
from sandbox.salesforce.definitions import SEEN, FieldDefinition, PicklistValue, RecordType, flag
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.opportunities import currency_field, give_currency
from sandbox.salesforce.org import Org
from sandbox.salesforce.profiles import show_to_full_profiles
from sandbox.salesforce.record_types import add_record_type


def set_statuses(org: Org, rows: Sequence[Mapping[str, str | bool]]) -> None:
    """Replaces the lead statuses and the picklist that shows them."""
    entity = org.schema.entities["LeadStatus"]
    for row_id in list(entity.table.ids):
        entity.table.drop(row_id)
    now = org.now_stamp()
    default = next((row["MasterLabel"] for row in rows if row.get("IsDefault")), rows[0]["MasterLabel"])
    for order, row in enumerate(rows, start=1):
        label = str(row["MasterLabel"])
        entity.table.put({
            "Id": org.ids.take(entity.definition.prefix), "MasterLabel": label,
            "ApiName": str(row.get("ApiName", label)),
            "SortOrder": order, "IsDefault": label == default, "IsConverted": bool(row.get("IsConverted", False)),
            "CreatedDate": now, "CreatedById": org.admin_user, "LastModifiedDate": now,
            "LastModifiedById": org.admin_user, "SystemModstamp": now,
        })  # fmt: skip
    values = [
        PicklistValue(str(row["ApiName"]), str(row["MasterLabel"]), default=bool(row["IsDefault"]))
        for row in entity.table.by_id()
    ]
    org.schema.entities["Lead"].set_picklist("Status", values, changed=org.clock.now())


class Admins:
    """Everything that an admin sets up by hand."""

    org: Org

    def add_field(self, object: str, definition: FieldDefinition) -> None:
        """An admin adds a field, or replaces the definition of one; full profiles may read and edit it."""
        entity = self._entity(object)
        entity.set_field(definition, changed=self.org.clock.now())
        show_to_full_profiles(self.org, entity, definition)

    def add_record_type(
        self, object: str, developer_name: str, *, picklists: Mapping[str, Sequence[str]] | None = None,
        available: bool = True, active: bool = True, default: bool = False,
    ) -> str:  # fmt: skip
        """An admin adds a record type; returns its id. Fields in ``picklists`` offer only those values for it."""
        record_type = RecordType(
            id=self.org.ids.take("012"),
            developer_name=developer_name,
            label=developer_name.replace("_", " "),
            active=active,
            available=available,
            default=default,
            picklists=dict(picklists or {}),
        )
        add_record_type(self._entity(object), record_type, changed=self.org.clock.now())
        return record_type.id

    def offer_values(self, object: str, record_type: str, picklist: str, values: Sequence[str]) -> None:
        """An admin chooses the values of a picklist that a record type (by its id) offers."""
        entity = self._entity(object)
        known = entity.record_types[record_type]
        changed = replace(known, picklists={**known.picklists, picklist: tuple(values)})
        add_record_type(entity, changed, changed=self.org.clock.now())

    def retire_record_type(self, object: str, record_type: str) -> None:
        """An admin deactivates a record type (by its id); rows that have it keep it."""
        entity = self._entity(object)
        retired = replace(entity.record_types[record_type], active=False, available=False, default=False)
        add_record_type(entity, retired, changed=self.org.clock.now())

    def enable_address_lists(self) -> None:
        """An admin turns state and country picklists on, as they are in new orgs."""
        for entity in self.org.schema.entities.values():
            for definition in list_fields(entity):
                self.add_field(entity.name, definition)

    def enable_currencies(self, codes: Sequence[str]) -> None:
        """An admin turns several currencies on, the org's own first; those that are active already can be widened."""
        for name in ("Lead", "Account", "Opportunity"):
            entity = self._entity(name)
            self.add_field(name, currency_field(codes))
            give_currency(self.org, entity, codes[0])
        self.org.store.commit()

    def enable_person_accounts(self) -> None:
        """The vendor turns person accounts on; this cannot be undone."""
        for name in ("Account", "Contact"):
            entity = self._entity(name)
            self.add_field(name, flag("IsPersonAccount", "Is Person Account", **SEEN))
            for row in entity.table.by_id():
                self.org.store.put(entity.table, {**row, "IsPersonAccount": False}, now=self.org.clock.now())
        self.org.store.commit()

    def hide_field(self, object: str, field: str) -> None:
        """An admin takes the right to see a field: for the API it does not exist."""
        self._permit(object, field).hidden.add(field)

    def protect_field(self, object: str, field: str) -> None:
        """An admin makes a field read-only for the API."""
        self._permit(object, field).protected.add(field)

    def show_field(self, object: str, field: str) -> None:
        """An admin gives back all rights to a field."""
        entity = self._permit(object, field)
        entity.hidden.discard(field)
        entity.protected.discard(field)

    def track_fields(self, object: str, fields: Sequence[str]) -> None:
        """An admin chooses the fields of the history, at most 20."""
        self._entity(object).track(fields)

    def map_conversion(self, lead_field: str, object: str, field: str) -> None:
        """An admin maps a custom Lead field to a field of Contact, Account or Opportunity for conversions."""
        self.org.conversion_map[lead_field] = (object, field)

    def set_lead_statuses(self, rows: Sequence[Mapping[str, str | bool]]) -> None:
        """An admin replaces the lead statuses: rows with MasterLabel and, at will, ApiName, IsConverted, IsDefault."""
        set_statuses(self.org, rows)

    def _permit(self, object: str, field: str) -> Entity:
        entity = self._entity(object)
        if field not in entity.fields:
            raise ValueError(f"{object} has no field {field}")
        entity.changed = self.org.clock.now()
        return entity

    def _entity(self, name: str) -> Entity:
        return self.org.schema.require(name)
