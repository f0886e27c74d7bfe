"""How the tables of standard properties are written: one object, and one property of each sort in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.definitions import Option, PropertyDefinition

YES_NO = (("true", "Yes"), ("false", "No"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One CRM object: its names, its stamp, and what an answer holds when nothing is asked for."""

    name: str
    singular: str
    type_id: str
    label: str
    stamp: str
    defaults: tuple[str, ...]
    searchable: tuple[str, ...]
    definitions: tuple[PropertyDefinition, ...]
    merges: bool = False
    scope: str = ""


def text(name: str, label: str, **more: Any) -> PropertyDefinition:
    """A property of text."""
    return PropertyDefinition(name=name, label=label, **more)


def number(name: str, label: str, **more: Any) -> PropertyDefinition:
    """A property of a number."""
    return PropertyDefinition(name=name, label=label, type="number", field_type="number", **more)


def moment(name: str, label: str, **more: Any) -> PropertyDefinition:
    """A property of an instant."""
    return PropertyDefinition(name=name, label=label, type="datetime", field_type="date", form_field=False, **more)


def flag(name: str, label: str, **more: Any) -> PropertyDefinition:
    """A property of yes or no."""
    return choice(name, label, YES_NO, type="bool", field_type="booleancheckbox", **more)


def choice(name: str, label: str, choices: Sequence[tuple[str, str]], **more: Any) -> PropertyDefinition:
    """A property with a list of values and labels."""
    options = tuple(Option(value, text, order) for order, (value, text) in enumerate(choices))
    return PropertyDefinition(
        name=name, label=label, options=options, **({"type": "enumeration", "field_type": "select"} | more)
    )


def owner(label: str, **more: Any) -> PropertyDefinition:
    """The owner of a record."""
    return choice(
        "hubspot_owner_id", label, (), external_options=True, referenced_object="OWNER", form_field=False, **more
    )


def custom(definition: PropertyDefinition) -> PropertyDefinition:
    """The same as a property that the account made itself."""
    values = {name: getattr(definition, name) for name in definition.__dataclass_fields__}
    return PropertyDefinition(**(values | {"hubspot_defined": False, "form_field": False}))


def record_properties(stamp: str, group: str) -> tuple[PropertyDefinition, ...]:
    """What every record has, all of it read only."""
    return (
        number("hs_object_id", "Record ID", group=group, read_only=True, calculated=True, form_field=False),
        moment("createdate", "Create Date", group=group, read_only=True),
        moment(stamp, "Last Modified Date", group=group, read_only=True),
        choice("hs_merged_object_ids", "Merged object IDs", (), field_type="checkbox", group=group, hidden=True,
                read_only=True, form_field=False),
    )  # fmt: skip


def custom_object(name: str, singular: str, *, number: int) -> ObjectType:
    """An object that the account made itself, whose records have a ``name``. ``number`` counts these objects."""
    group = f"{name}_information"
    return ObjectType(
        name=name,
        singular=singular,
        type_id=f"2-{1_000_000 + number}",
        label=singular.capitalize(),
        stamp="hs_lastmodifieddate",
        defaults=("createdate", "hs_lastmodifieddate", "hs_object_id", "name"),
        searchable=("name",),
        definitions=(
            *record_properties("hs_lastmodifieddate", group),
            custom(text("name", "Name", group=group)),
        ),
    )
