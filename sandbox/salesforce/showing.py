"""Rows as the vendor shows them: an ``attributes`` object first, then the fields asked for, compounds put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import no_such_column
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql_eval import Meaning, Resolved
from sandbox.salesforce.soql_tree import Path

Shown = dict[str, object]
_ADDRESS_PARTS = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")


def attributes(entity_name: str, row: Row, *, root: str) -> Shown:
    """Type and address of a row."""
    return {"type": entity_name, "url": f"{root}/sobjects/{entity_name}/{row['Id']}"}


def address(row: Row, compound: str) -> Shown | None:
    """The compound of an address, or null where every part is empty."""
    prefix = compound.removesuffix("Address")
    parts: Shown = {part[0].lower() + part[1:]: row.get(prefix + part) for part in _ADDRESS_PARTS}
    return parts if any(value is not None for value in parts.values()) else None


def field_names(entity: Entity, asked: Iterable[str]) -> list[str]:
    """The fields' own names for names in any case; an unknown one refuses the request."""
    found = []
    for name in asked:
        field = entity.field(name)
        if field is None:
            raise no_such_column(entity.name, name)
        found.append(field.name)
    return found


def show(entity: Entity, row: Row, names: Sequence[str], *, root: str) -> Shown:
    """A row with these fields."""
    shown: Shown = {"attributes": attributes(entity.name, row, root=root)}
    for name in names:
        if name in entity.compounds:
            shown[name] = address(row, name)
        else:
            shown[name] = row.get(name, False if entity.fields[name].type == "boolean" else None)
    return shown


def projection(meaning: Meaning, paths: Sequence[Path], *, root: str) -> Callable[[Row], Shown]:
    """A function that shows a row of a query: plain fields flat, parents nested under their relationship."""
    resolved = [meaning.resolve(path) for path in paths]
    org, entity = meaning.org, meaning.entity
    base = f"{root}/sobjects/{entity.name}/"
    flat = [(found.field.name, found.get) for found in resolved if not found.chain]
    nested = [found for found in resolved if found.chain]
    order = [found.field.name if not found.chain else str(found.chain[0].relationship) for found in resolved]
    compounds = entity.compounds & {name for name, _ in flat}

    def view(row: Row) -> Shown:
        shown: Shown = {"attributes": {"type": entity.name, "url": f"{base}{row['Id']}"}}
        if nested:
            shown.update(dict.fromkeys(order))
        for name, get in flat:
            shown[name] = address(row, name) if name in compounds else get(row)
        for found in nested:
            _nest(org, shown, row, found, root=root)
        return shown

    return view


def _nest(org: Org, shown: Shown, row: Row, found: Resolved, *, root: str) -> None:
    """Puts a parent's field into its nested object; a missing parent is null as a whole."""
    here, at = shown, row
    for link in found.chain:
        name = str(link.relationship)
        parent = org.row(at.get(link.name))
        if parent is None:
            here[name] = None
            return
        known = here.get(name)
        inner: Shown = known if isinstance(known, dict) else {}
        if not inner:
            entity = org.schema.of_id(str(parent["Id"]))
            shown_as = attributes(entity.name if entity else "", parent, root=root)
            if len(link.refers_to) > 1:  # a polymorphic parent is seen through the pseudo object Name
                shown_as["type"] = "Name"
            inner["attributes"] = shown_as
            here[name] = inner
        here, at = inner, parent
    here[found.field.name] = found.get(row)
