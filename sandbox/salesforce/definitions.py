"""What a field and an object are: frozen values that everything else (describe, validation, SOQL) is derived from.

A field is declared by one of the short constructors below (``text``, ``picklist``, ``reference`` ...), which know what
the vendor's describe says of that type; the tables of the standard objects are in ``standard_people`` and
``standard_setup``. Field properties as recorded from the vendor's describes of Lead, Contact and Opportunity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = str | int | float | bool | None
Row = dict[str, Value]

KEY_FIELD = "Syncd_Marketing_Id__c"
RECORD_TYPE = "RecordTypeId"
MASTER_TYPE = "012000000000000AAA"
"""The id by which the vendor names the type of every object that has no record types of its own."""
TEXT_TYPES = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "encryptedstring"}
)
ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One entry of a picklist. ``valid_for`` says which controlling values it goes with (``dependent``)."""

    value: str
    label: str = ""
    active: bool = True
    default: bool = False
    valid_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType:
    """One record type of an object beside the master. ``picklists`` narrow fields to some of their values; a field that
    is not named offers all of them. ``available`` and ``default`` are what the integration user's profile says.
    """

    id: str
    developer_name: str
    label: str
    active: bool = True
    available: bool = True
    default: bool = False
    picklists: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One field of an object; names follow the describe, in snake case."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: Value = None
    custom: bool = False
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    restricted: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    controller: str | None = None
    compound: str | None = None
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    permissionable: bool = True
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    name_field: bool = False
    extra_type: str | None = None
    indexed: bool = False

    @property
    def required(self) -> bool:
        """Must be given on create: not nillable and without a default."""
        return not self.nillable and not self.defaulted and self.createable

    @property
    def hashed(self) -> bool:
        """Whether the record store keeps a hash index over it, as the vendor does for such fields."""
        return self.indexed or self.external_id or self.unique or (self.id_lookup and self.type != "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDefinition:
    """One object: its key prefix, its fields in describe order and what may be done with it.

    ``setup`` objects describe rights and take no part in them, ``sharing`` ones have object permissions and owners.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[FieldDefinition, ...]
    writeable: bool = True
    deletable: bool = True
    mergeable: bool = False
    history_of: str | None = None
    tracked: tuple[str, ...] = ()
    owner_may_be_queue: bool = False
    replicateable: bool = True
    setup: bool = False
    sharing: bool = False


def text(name: str, label: str, length: int, **more: Any) -> FieldDefinition:
    """A plain text field."""
    return FieldDefinition(name=name, label=label, type="string", length=length, **more)


def typed(kind: str, name: str, label: str, length: int = 0, **more: Any) -> FieldDefinition:
    """A field of any type that needs no more than a length."""
    return FieldDefinition(name=name, label=label, type=kind, length=length, **more)


def long_text(name: str, label: str, length: int = 32000, **more: Any) -> FieldDefinition:
    """A long text area: stored and returned, but neither filtered nor sorted."""
    return FieldDefinition(
        name=name, label=label, type="textarea", length=length, filterable=False, sortable=False, groupable=False,
        aggregatable=False, extra_type="plaintextarea", **more,
    )  # fmt: skip


def picklist(name: str, label: str, values: Sequence[str], *, length: int = 255, **more: Any) -> FieldDefinition:
    """A picklist of plain values; a default value is marked in its entry."""
    default = more.get("default")
    entries = tuple(PicklistValue(value, value, default=value == default) for value in values)
    return FieldDefinition(name=name, label=label, type=more.pop("type", "picklist"), length=length, picklist=entries,
                           **more)  # fmt: skip


def flag(name: str, label: str, **more: Any) -> FieldDefinition:
    """A checkbox: never null, false unless said otherwise."""
    more.setdefault("default", False)
    return FieldDefinition(name=name, label=label, type="boolean", nillable=False, defaulted=True,
                           aggregatable=False, **more)  # fmt: skip


def whole(name: str, label: str, digits: int = 8, **more: Any) -> FieldDefinition:
    """An integer."""
    return FieldDefinition(name=name, label=label, type="int", digits=digits, **more)


def money(name: str, label: str, *, scale: int = 0, **more: Any) -> FieldDefinition:
    """An amount of money of 18 digits."""
    return FieldDefinition(name=name, label=label, type="currency", precision=18, scale=scale, groupable=False, **more)


def moment(name: str, label: str, **more: Any) -> FieldDefinition:
    """A date with time."""
    return FieldDefinition(name=name, label=label, type="datetime", groupable=False, **more)


def reference(
    name: str, label: str, refers_to: Sequence[str], relationship: str | None, **more: Any
) -> FieldDefinition:
    """A lookup to one of several objects; without a name of the relationship nothing of a parent can be asked for."""
    return FieldDefinition(name=name, label=label, type="reference", length=18, refers_to=tuple(refers_to),
                           relationship=relationship, **more)  # fmt: skip


SEEN: dict[str, Any] = {"createable": False, "updateable": False, "permissionable": False}
"""What users may only look at."""


def address(prefix: str, label: str) -> tuple[FieldDefinition, ...]:
    """The parts of an address and the compound that shows them together."""
    compound = f"{prefix}Address"
    named = f"{label} " if label else ""
    degrees: dict[str, Any] = {"precision": 18, "scale": 15, "groupable": False}
    precision = ("Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County",
                 "State", "Unknown")  # fmt: skip
    return (
        typed("textarea", f"{prefix}Street", f"{named}Street", 255, compound=compound, extra_type="plaintextarea"),
        text(f"{prefix}City", f"{named}City", 40, compound=compound),
        text(f"{prefix}State", f"{named}State/Province", 80, compound=compound),
        text(f"{prefix}PostalCode", f"{named}Zip/Postal Code", 20, compound=compound),
        text(f"{prefix}Country", f"{named}Country", 80, compound=compound),
        typed("double", f"{prefix}Latitude", f"{named}Latitude", compound=compound, **degrees),
        typed("double", f"{prefix}Longitude", f"{named}Longitude", compound=compound, **degrees),
        picklist(f"{prefix}GeocodeAccuracy", f"{named}Geocode Accuracy", precision, length=40, compound=compound,
                 restricted=True),
        typed("address", compound, f"{named}Address", sortable=False, groupable=False,
              aggregatable=False, createable=False, updateable=False),
    )  # fmt: skip


def system_fields(*, deletable: bool = True) -> tuple[FieldDefinition, ...]:
    """The audit fields; SystemModstamp is the one to poll, since automation moves it too."""
    deleted = (flag("IsDeleted", "Deleted", **SEEN),) if deletable else ()
    kept = SEEN | {"nillable": False, "defaulted": True}
    return (
        *deleted,
        moment("CreatedDate", "Created Date", **kept),
        reference("CreatedById", "Created By ID", ("User",), "CreatedBy", **kept),
        moment("LastModifiedDate", "Last Modified Date", **kept),
        reference("LastModifiedById", "Last Modified By ID", ("User",), "LastModifiedBy", **kept),
        moment("SystemModstamp", "System Modstamp", **kept),
    )


def id_field(label: str) -> FieldDefinition:
    """The record id."""
    return FieldDefinition(name="Id", label=label, type="id", length=18, nillable=False, createable=False,
                           updateable=False, defaulted=True, id_lookup=True, permissionable=False)  # fmt: skip


def key_field() -> FieldDefinition:
    """The field in which the other side's record id is kept: an external id, and unique."""
    return text(KEY_FIELD, "Syncd Marketing Id", 255, custom=True, external_id=True, unique=True, id_lookup=True)
