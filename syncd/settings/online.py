"""What only the vendors' schemas can tell about a mapping, and what follows from it.

Unknown, read-only and unfitting fields, a key that is missing or not unique, table values a restricted list does not
know, a status that only a conversion may set, a record type that cannot be given. Optional fields that are not there
are left out of the mapping with a notice. Also a pool of which nobody is active. No vendor is asked here: schemas and
users are handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from syncd.core.routing import Standing, standings
from syncd.model.errors import Flaw
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.remote import RemoteField, RemoteSchema, RemoteUser
from syncd.model.routing import USER, Routing
from syncd.model.values import FieldType, Pair, Side
from syncd.model.write import Origin
from syncd.settings.kinds import MappingSource, written_fields
from syncd.settings.left_off import then
from syncd.settings.loading import digest
from syncd.settings.routing_rules import ROUTING
from syncd.settings.tree import Loc, Tree, read_tree

_TEXTS: Final = frozenset(
    {"string", "textarea", "text", "html", "encryptedstring", "combobox", "picklist", "enumeration"}
)
_NUMBERS: Final = frozenset({"number", "int", "double", "currency", "percent", "long"})
_FLAGS: Final = frozenset({"bool", "boolean"})
_ANY: Final = frozenset({"anyType"})
FITTING: Final = {
    FieldType.STRING: _TEXTS
    | _NUMBERS
    | {"email", "phone", "phone_number", "url", "id", "reference", "multipicklist", "enumeration/checkbox"},
    FieldType.TEXT: _TEXTS | {"email", "phone", "phone_number", "url"},
    FieldType.EMAIL: _TEXTS | {"email"},
    FieldType.PHONE: _TEXTS | {"phone", "phone_number"},
    FieldType.URL: _TEXTS | {"url"},
    FieldType.BOOLEAN: _FLAGS | {"enumeration", "picklist", "string"},
    FieldType.INTEGER: _NUMBERS | {"string"},
    FieldType.DECIMAL: _NUMBERS | {"string"},
    FieldType.MONEY: _NUMBERS | {"string", "enumeration", "picklist"},
    FieldType.DATE: frozenset({"date", "datetime", "string"}),
    FieldType.DATETIME: frozenset({"datetime", "date", "string"}),
    FieldType.ENUM: _TEXTS | _FLAGS | _NUMBERS,
    FieldType.SET: frozenset({"multipicklist", "enumeration/checkbox", "enumeration", "string", "textarea"}),
    FieldType.COUNTRY: _TEXTS,
    FieldType.STATE: _TEXTS,
    FieldType.OWNER: frozenset({"reference", "enumeration", "string", "number"}),
    FieldType.OPT_OUT: _FLAGS | {"enumeration"},
    FieldType.REFERENCE: frozenset({"reference", "string", "number"}),
}
"""Vendor type words that hold a canonical type."""


def check_schema(
    kind: KindMapping, schemas: Pair[RemoteSchema], *, source: MappingSource | None = None
) -> tuple[KindMapping, tuple[Flaw, ...], tuple[str, ...]]:
    """Checks a mapping against both vendors' schemas.

    :param source: where the mapping stands, for file, line and column of the flaws.
    :returns: the mapping without the optional fields that are not there, flaws, and notices in words.
    """
    checking = _Checking(kind, schemas, source)
    return checking.run()


def empty_pools(routing: Routing, users: Iterable[RemoteUser], directory: Path) -> tuple[Flaw, ...]:
    """Pools of ``routing.yaml`` of which nobody can be given anybody, as the CRM's users are now."""
    known = standings(users, routing)
    tree = read_tree(directory / ROUTING)
    for pool in routing.pools:
        told = [(member.removeprefix(USER), known.get(member, Standing.UNKNOWN)) for member in pool.members]
        if all(standing is not Standing.ACTIVE for _, standing in told):
            who = ", ".join(f"{name} {standing.value}" for name, standing in told)
            what = f"nobody of the pool {pool.key} is an active user: {who}"
            tree.flaw(("pools", pool.key, "members"), what, "name users who are active in the CRM")
    return tuple(tree.flaws)


def converted_targets(
    kind: KindMapping, schema: RemoteSchema, *, source: MappingSource | None = None
) -> tuple[Flaw, ...]:
    """Table rows that would write a CRM status which only a conversion may set (``LeadStatus.IsConverted``)."""
    tree = _tree(kind, source)
    for field in kind.fields:
        if field.direction.flows_to(Side.CRM):
            for object_name, names in field.slots.crm.items():
                found = schema.objects.get(object_name, {})
                for position, name in enumerate(names):
                    if name in found:
                        _converted(field, position, found[name], tree)
    return tuple(dict.fromkeys(tree.flaws))


def _converted(field: FieldMapping, position: int, remote: RemoteField, tree: Tree) -> None:
    converted = {option.value for option in remote.options if option.converted}
    for row in field.table:
        written = row.writes.crm
        if written is not None and written[position] in converted:
            tree.flaw(
                ("fields", field.name, "values", row.value, "crm"),
                f"{written[position]!r} is a converted status; only converting the record may set it",
                "say `never_written: [crm]` in this row",
            )


class _Checking:
    """One mapping held against its schemas."""

    def __init__(self, kind: KindMapping, schemas: Pair[RemoteSchema], source: MappingSource | None) -> None:
        self.kind = kind
        self.schemas = schemas
        self.source = source
        self.tree = _tree(kind, source)
        self.notices: list[str] = []

    def run(self) -> tuple[KindMapping, tuple[Flaw, ...], tuple[str, ...]]:
        """The answer of ``check_schema``."""
        for side in Side:
            self._key(side)
            self._origin(side)
        kept = tuple(there for field in self.kind.fields if (there := self._there(field)) is not None)
        for field in kept:
            for side in Side:
                for object_name, names in field.slots.of(side).items():
                    for position, name in enumerate(names):
                        self._fits(field, side, object_name, name, position)
        kind = self.kind
        if kept != kind.fields:
            kind = _without_reasons(replace(kind, fields=kept, hash=""))
            kind = replace(kind, hash=digest(asdict(kind)))
        self._required(kind)
        self._record_types()
        flaws = (*self.tree.flaws, *converted_targets(kind, self.schemas.crm, source=self.source))
        return kind, tuple(dict.fromkeys(flaws)), tuple(self.notices)

    def _remote(self, side: Side, object_name: str, name: str) -> RemoteField | None:
        return self.schemas.of(side).objects.get(object_name, {}).get(name)

    def _key(self, side: Side) -> None:
        loc: Loc = (side.value, "key")
        name = self.kind.key.of(side)
        for object_name in self.kind.objects.of(side):
            found = self._remote(side, object_name, name)
            if found is None:
                self.tree.flaw(
                    loc,
                    f"the key field {object_name}.{name} does not exist or is hidden from syncd",
                    "let `syncd setup` make it, or make it as a unique text field (docs/first-steps.md), and let "
                    "syncd's user read and write it",
                )
            elif not found.unique:
                self.tree.flaw(
                    loc,
                    f"the key field {object_name}.{name} is not unique",
                    "make it unique: two records with one key could not be told apart",
                )
            elif not found.writable:
                self.tree.flaw(
                    loc, f"syncd may not write the key field {object_name}.{name}", "give its user that right"
                )

    def _origin(self, side: Side) -> None:
        name = self.kind.origin.of(side)
        for object_name in self.kind.objects.of(side) if name is not None else ():
            found = self._remote(side, object_name, name or "")
            known = {option.value for option in found.options if option.active} if found and found.restricted else None
            if found is None or not found.writable:
                what = "does not exist or is hidden from syncd" if found is None else "is read-only for syncd"
                advice = "make the field and let syncd's user edit it, or remove `origin`"
            elif found.type not in FITTING[FieldType.TEXT]:
                what, advice = f"is of type {found.type}", "make it a text field"
            elif known is not None and (lacking := sorted(set(Origin) - known)):
                what, advice = f"does not allow {', '.join(lacking)}", "add these values there"
            else:
                continue
            self.tree.flaw((side.value, "origin"), f"{object_name}.{name} {what}", advice)

    def _there(self, field: FieldMapping) -> FieldMapping | None:
        """A shared field whose vendor fields all exist, or what is left of an optional one."""
        gone = [
            (side, object_name, name)
            for side in Side
            for object_name, names in field.slots.of(side).items()
            for name in names
            # an association is no field: only the connector knows it
            if not (field.type is FieldType.REFERENCE and side is Side.MARKETING)
            and self._remote(side, object_name, name) is None
        ]
        if not gone:
            return field
        if field.optional:
            return self._left(field, gone)
        advice = "correct the name, let syncd's user see the field, or say `optional: true`"
        if field.derive is not None:
            advice = "let `syncd setup` make it, let syncd's user see the field, or say `optional: true`"
        for side, object_name, name in gone:
            what = f"{object_name}.{name} does not exist or is hidden from syncd"
            self.tree.flaw(("fields", field.name, side.value), what, advice)
        return None

    def _left(self, field: FieldMapping, gone: Sequence[tuple[Side, str, str]]) -> FieldMapping | None:
        """An optional field of which these vendor fields are not there: it is left out. Of one that syncd computes what
        is there is kept, since it may stand on one side only.
        """
        rest = _without(field.slots, {(side, object_name) for side, object_name, _ in gone})
        partly = field.derive is not None and any(rest.of(side) for side in Side)
        where = f" on {', '.join(dict.fromkeys(name for _, name, _ in gone))}" if partly else ""
        shown = ", ".join(f"{object_name}.{name}" for _, object_name, name in gone)
        lost = f"; until then {without}" if (without := then(self.kind, field.name)) else ""
        lost += "; `syncd setup` makes it" if field.derive is not None else ""
        what = f"{self.kind.kind}.{field.name} is left out{where}: {shown} does not exist or is hidden{lost}"
        self.notices.append(what)
        return replace(field, slots=rest) if partly else None

    def _fits(self, field: FieldMapping, side: Side, object_name: str, name: str, position: int) -> None:
        remote = self._remote(side, object_name, name)
        if remote is None:
            return
        loc: Loc = ("fields", field.name, side.value)
        written = name in written_fields(field, field.slots.of(side)[object_name])
        if self.kind.writes(field, side) and written and not remote.writable:
            self.tree.flaw(
                loc,
                f"{object_name}.{name} is read-only for syncd, and {field.name} is written to it",
                f"let syncd's user edit the field, or say `direction: to_{side.other}`",
            )
        if written and remote.type not in FITTING[field.type] | _ANY and not self._read_through(field, side):
            self.tree.flaw(
                loc,
                f"{object_name}.{name} is of type {remote.type}, which cannot be converted to {field.type}",
                "choose another type or another field",
            )
        if remote.restricted and remote.options and field.direction.flows_to(side):
            known = {option.value for option in remote.options if option.active}
            for row in field.table:
                form = row.writes.of(side)
                wire = None if form is None else form[position]
                if wire not in {None, ""} and wire not in known:
                    self.tree.flaw(
                        ("fields", field.name, "values", row.value, side.value),
                        f"{object_name}.{name} does not allow {wire!r}",
                        f"use one of {', '.join(sorted(known))}, or add it there",
                    )

    def _read_through(self, field: FieldMapping, side: Side) -> bool:
        """A transform on reading (owner_name and the like) makes another type of it, where nothing is written back."""
        return bool(field.steps.of(side).read) and not field.direction.flows_to(side)

    def _required(self, kind: KindMapping) -> None:
        """A record that is made must have what its vendor requires."""
        for side in Side:
            for number, rule in enumerate(kind.create.of(side)):
                for remote in self.schemas.of(side).objects.get(rule.object, {}).values():
                    if remote.required and remote.writable and remote.name != kind.key.of(side):
                        self._filled(kind.fields, side, rule.object, remote.name, ("create", side.value, number))

    def _record_types(self) -> None:
        """A record type that new CRM records are given exists and may be given by syncd's user."""
        for number, rule in enumerate(self.kind.create.crm):
            known = {each.name: each for each in self.schemas.crm.record_types.get(rule.object, ())}
            usable = sorted(each.name for each in known.values() if each.usable)
            choice = f"use one of {', '.join(usable)}" if usable else "remove it"
            for place, wanted in enumerate(rule.record_types):
                loc: Loc = ("create", "crm", number, "record_type", place, "name")
                if wanted.name not in known:
                    what = f"{rule.object} has no record type with the developer name {wanted.name!r}"
                    self.tree.flaw(loc, what, f"{choice} (Setup > Object Manager > {rule.object} > Record Types)")
                elif not known[wanted.name].usable:
                    self.tree.flaw(
                        loc,
                        f"syncd's user may not give {rule.object} the record type {wanted.name}",
                        f"activate it and assign it to syncd's profile or permission set, or {choice}",
                    )

    def _filled(self, fields: Iterable[FieldMapping], side: Side, object_name: str, name: str, loc: Loc) -> None:
        writers = [each for each in fields if name in each.slots.of(side).get(object_name, ())]
        writers = [each for each in writers if each.direction.flows_to(side)]
        if not writers:
            self.tree.flaw(
                loc,
                f"{object_name} cannot be made without {name}, and no shared field writes it",
                "map it, or remove the create rule",
            )
        elif writers[0].create_default.of(side) is None:
            self.notices.append(
                f"{object_name}.{name} is required: a record with an empty {writers[0].name} cannot be made; "
                f"`create_default: {{{side}: ...}}` would fill it"
            )


def _without(
    slots: Pair[Mapping[str, tuple[str, ...]]], places: Collection[tuple[Side, str]]
) -> Pair[Mapping[str, tuple[str, ...]]]:
    """The slots of a field, less those of these objects."""
    return Pair(*({name: each for name, each in slots.of(side).items() if (side, name) not in places} for side in Side))


def _without_reasons(kind: KindMapping) -> KindMapping:
    """Where the field of the reasons is left out, nobody can give one, so none is asked for."""
    agreed = kind.agreed
    if agreed is None or agreed.lifecycle.reason_field in {None, *(field.name for field in kind.fields)}:
        return kind
    return replace(kind, agreed=replace(agreed, lifecycle=replace(agreed.lifecycle, reason_field=None)))


def _tree(kind: KindMapping, source: MappingSource | None) -> Tree:
    """A tree for new flaws that knows the places of the mapping file."""
    if source is None:
        return Tree(f"schema/{kind.kind}.yaml")
    return Tree(source.tree.file, source.tree.value, source.tree.keys, source.tree.values)
