"""The people of a simulation: they act at both vendors while syncd works, and everything they write is theirs alone.

Every text, address and figure that a person types holds a token found nowhere else, so that whoever meets it later
knows who wrote it, when and onto what. Of a stage, a row of a table, a member of a set, a country and an owner there
are few, and no token can be in them: such an edit is known on its own record alone, by what it means there. Whose it is
when it turns up elsewhere cannot be told (P5); whether it was seen, stands there still or was lost can (P2).
The ledger keeps each edit as it was made. What a vendor refuses its own people did not happen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.hubspot.errors import Refusal as HubSpotRefusal
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import NothingToHit
from sandbox.salesforce.errors import Refusal as SalesforceRefusal
from sandbox.salesforce.kernel import SalesforceKernel
from syncd.lab.drawing import Drawn, drawable, drawn, picked, plain, two, written
from syncd.lab.ledger import Edit, Ledger, Ref
from syncd.lab.meaning import meant, text
from syncd.lab.scenario import Happening
from syncd.model.mapping import Direction, FieldMapping, KindMapping
from syncd.model.values import SIDES, FieldType, Side

TEXTS: Final = frozenset({FieldType.STRING, FieldType.TEXT})
CONVERTED: Final = "Closed - Converted"


@dataclass(frozen=True, slots=True)
class Column:
    """One vendor field that people type text into, and what it means."""

    name: str
    mapping: FieldMapping


class Crowd:
    """Both teams at work on the kernels themselves."""

    def __init__(
        self,
        hubspot: HubSpotKernel,
        salesforce: SalesforceKernel,
        kinds: Sequence[KindMapping],
        *,
        ms: Callable[[], int],
    ) -> None:
        self.hubspot = hubspot
        self.salesforce = salesforce
        self.ledger = Ledger()
        self._ms = ms
        self._kinds = kinds
        self._texts: dict[tuple[Side, str], list[Column]] = defaultdict(list)
        self._stages: dict[tuple[Side, str], FieldMapping] = {}
        self._owners: dict[str, FieldMapping] = {}
        self._drawn: dict[tuple[Side, str], list[FieldMapping]] = defaultdict(list)
        self._emails: dict[tuple[Side, str], str] = {}
        for kind in kinds:
            for mapping in kind.fields:
                self._learn(mapping)
        self._deeds: Mapping[str, Callable[[Happening, Side], None]] = {
            "edit": self._edit, "stage": self._stage, "email": self._email, "clear": self._clear,
            "create": self._create, "double": self._double, "delete": self._delete, "restore": self._restore,
            "merge": self._merge, "convert": self._convert, "unsubscribe": self._unsubscribe, "swap": self._swap,
            "owner": self._owner, "associate": self._associate, "thrice": self._thrice, "alike": self._alike,
            "value": self._value,
        }  # fmt: skip

    def _learn(self, mapping: FieldMapping) -> None:
        for side in Side:
            for object_name, columns in mapping.slots.of(side).items():
                if mapping.type in TEXTS and plain(mapping) and len(columns) == 1:
                    self._texts[side, object_name].append(Column(columns[0], mapping))
                elif mapping.table and mapping.direction is Direction.BOTH:
                    self._stages.setdefault((side, object_name), mapping)
                elif mapping.type is FieldType.EMAIL and mapping.direction is Direction.BOTH:
                    self._emails.setdefault((side, object_name), columns[0])
                if side is Side.CRM and mapping.type is FieldType.OWNER and columns == ("OwnerId",):
                    self._owners.setdefault(object_name, mapping)
                if drawable(mapping):
                    self._drawn[side, object_name].append(mapping)

    def do(self, happening: Happening) -> None:
        """Somebody does something, unless there is nobody to do it to or the vendor does not let them."""
        side = Side(happening.who)
        try:
            self._deeds[happening.does](happening, side)
        except (HubSpotRefusal, SalesforceRefusal, NothingToHit) as why:
            self.ledger.refused += 1
            self.ledger.done.append(f"{happening.does} at {side} refused: {type(why).__name__}")

    # -- who is there ------------------------------------------------------------------------------------------------
    def alive(self, side: Side, *objects: str) -> list[Ref]:
        """The living records of these objects (of all mapped ones by default), in id order."""
        names = objects or tuple(dict.fromkeys(name for kind in self._kinds for name in kind.objects.of(side)))
        found: list[Ref] = []
        for name in names:
            if side is Side.MARKETING:
                found += [(name, str(number)) for number in sorted(self.hubspot.portal.store(name).live)]
            else:
                rows = self.salesforce.org.schema.require(name).table.by_id()
                found += [(name, str(r["Id"])) for r in rows if not r.get("IsDeleted") and not r.get("IsConverted")]
        return found

    def value(self, side: Side, ref: Ref, column: str) -> str | None:
        """What a record holds now, as text."""
        if side is Side.MARKETING:
            held: Any = self.hubspot.portal.store(ref[0]).records[int(ref[1])].values.get(column)
        else:
            held = self.salesforce.org.schema.require(ref[0]).table.rows[ref[1]].get(column)
        return None if held in (None, "") else str(held)

    def _person(self, side: Side, pick: int) -> Ref:
        kind = next((kind for kind in self._kinds if kind.kind == "person"), self._kinds[0])
        return picked(self.alive(side, *kind.objects.of(side)), pick)

    # -- what they do ------------------------------------------------------------------------------------------------
    def put(self, side: Side, ref: Ref, fields: Mapping[str, str]) -> None:
        """A person changes a record."""
        if side is Side.MARKETING:
            self.hubspot.edit(ref[0], ref[1], dict(fields))
        else:
            self.salesforce.edit(ref[0], ref[1], {name: value or None for name, value in fields.items()})
        self.ledger.done.append(f"{side} {'/'.join(ref)} {' '.join(f'{n}={v}' for n, v in fields.items())}")

    def _edit(self, what: Happening, side: Side) -> None:
        ref = picked(self.alive(side), what.pick)
        column = self._column(side, ref, what.pick)
        self._type(side, ref, column, what.token)

    def _column(self, side: Side, ref: Ref, pick: int) -> Column:
        columns = self._texts[side, ref[0]]
        if not columns:
            raise NothingToHit(f"{ref[0]} has no field of text")
        return columns[pick // 97 % len(columns)]

    def _type(self, side: Side, ref: Ref, column: Column, token: str) -> None:
        value = f"New {token}"
        self.put(side, ref, {column.name: value})
        self.ledger.write(Edit(self._ms(), side, ref, column.name, column.mapping.name, value, token))

    def _thrice(self, what: Happening, side: Side) -> None:
        """Three edits of one field within a poll: only the last one can be seen."""
        ref = picked(self.alive(side), what.pick)
        column = self._column(side, ref, what.pick)
        for number in "abc":
            self._type(side, ref, column, f"{what.token}{number}")

    def _alike(self, what: Happening, side: Side) -> None:
        """Both sides type the same into the same field of the same person."""
        ref = self._person(side, what.pick)
        column = self._column(side, ref, what.pick)
        mate = self._mate(side, ref)
        others = [] if mate is None else self._texts[side.other, mate[0]]
        twin = next((each for each in others if each.mapping.name == column.mapping.name), None)
        self._type(side, ref, column, what.token)
        if mate is not None and twin is not None:
            self._type(side.other, mate, twin, what.token)

    def _mate(self, side: Side, ref: Ref) -> Ref | None:
        """The record that this one's key names, as a person would follow it."""
        kind = next(kind for kind in self._kinds if ref[0] in kind.objects.of(side))
        key = self.value(side, ref, kind.key.of(side))
        return next((mate for mate in self.alive(side.other, *kind.objects.of(side.other)) if mate[1] == key), None)

    def _clear(self, what: Happening, side: Side) -> None:
        ref = self._person(side, what.pick)
        column = self._column(side, ref, what.pick)
        if self.value(side, ref, column.name) is None:
            raise NothingToHit("it is empty already")
        self.put(side, ref, {column.name: ""})
        self.ledger.write(Edit(self._ms(), side, ref, column.name, column.mapping.name, "", ""))

    def _stage(self, what: Happening, side: Side) -> None:
        ref = self._person(side, what.pick)
        mapping = self._stages.get((side, ref[0]))
        if mapping is None:
            raise NothingToHit(f"{ref[0]} has no table")
        forms = [form for row in mapping.table if (form := row.writes.of(side)) is not None]
        columns = mapping.slots.of(side)[ref[0]]
        self._choose(side, ref, mapping, Drawn(written(columns, forms[what.pick // 89 % len(forms)])))

    def _value(self, what: Happening, side: Side) -> None:
        """Somebody chooses from a list, or writes a figure."""
        ref = picked(self.alive(side), what.pick)
        mappings = self._drawn[side, ref[0]]
        if not mappings:
            raise NothingToHit(f"{ref[0]} has no field with forms")
        mapping = mappings[what.pick // 97 % len(mappings)]
        columns = mapping.slots.of(side)[ref[0]]
        told = drawn(mapping, side, columns, token=what.token, pick=what.pick // 9973)
        if told is None:
            raise NothingToHit(f"{mapping.name} has no form for it")
        self._choose(side, ref, mapping, told)

    def _choose(self, side: Side, ref: Ref, mapping: FieldMapping, told: Drawn) -> None:
        """A person writes a form; it is an edit if something else stands there afterwards (a vendor may ignore it)."""
        columns = mapping.slots.of(side)[ref[0]]
        before = self._form(side, ref, columns)
        self.put(side, ref, told.fields)
        form = self._form(side, ref, columns)
        if form == before or any(text(value) != dict(form)[name] for name, value in told.fields.items()):
            return
        value = " ".join(each for _, each in form)
        means = meant(mapping, side, [each for _, each in form])
        edit = Edit(self._ms(), side, ref, columns[0], mapping.name, value, told.token, form, means)
        self.ledger.write(edit)

    def _form(self, side: Side, ref: Ref, columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """How a field stands on a record, vendor field by vendor field."""
        return tuple((name, text(self.value(side, ref, name))) for name in columns)

    def _email(self, what: Happening, side: Side) -> None:
        ref = self._person(side, what.pick)
        self._address(side, ref, f"{what.token}@example.com", what.token)

    def _address(self, side: Side, ref: Ref, address: str, token: str) -> None:
        column = self._emails[side, ref[0]]
        self.put(side, ref, {column: address})
        self.ledger.write(Edit(self._ms(), side, ref, column, "email", address, token))

    def _swap(self, what: Happening, side: Side) -> None:
        """Two people's addresses change places; HubSpot knows each only once, so there it takes three edits."""
        one, other = two(self._people(side), what.pick)
        first, second = (self.value(side, ref, self._emails[side, ref[0]]) for ref in (one, other))
        if first is None or second is None:
            raise NothingToHit("one of them has no address")
        for there in SIDES:  # whoever has one of these addresses, too, on either side; even if they get only half way
            for each in self._people(there):
                if each == other or self.value(there, each, self._emails[there, each[0]]) in (first, second):
                    self.ledger.join((side, one[1]), (there, each[1]))
        self._address(side, one, f"{what.token}@example.com", what.token)
        self._address(side, other, first, "")
        self._address(side, one, second, "")

    def _people(self, side: Side) -> list[Ref]:
        kind = next((kind for kind in self._kinds if kind.kind == "person"), self._kinds[0])
        return self.alive(side, *kind.objects.of(side))

    def _create(self, what: Happening, side: Side) -> None:
        self.newcomer(side, what.token, qualified=what.pick % 4 != 0)

    def newcomer(self, side: Side, token: str, *, qualified: bool, address: str = "") -> Ref:
        """A new person, who may be one whom the other side would make too."""
        known, address = bool(address), address or f"{token}e@example.com"
        if side is Side.MARKETING:
            stage = {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"} if qualified else {}
            fields = {"email": address, "lastname": f"New {token}", "company": "New & Sons", **stage}
            ref = ("contacts", self.hubspot.create("contacts", fields))
        else:
            rows = {"Email": address, "LastName": f"New {token}", "Company": "New & Sons"}
            ref = ("Lead", self.salesforce.insert("Lead", rows))
        self.ledger.done.append(f"{side} new {'/'.join(ref)} {address}")
        column = "lastname" if side is Side.MARKETING else "LastName"
        self.ledger.write(Edit(self._ms(), side, ref, column, "last_name", f"New {token}", token))
        if not known:
            self.ledger.write(Edit(self._ms(), side, ref, self._emails[side, ref[0]], "email", address, f"{token}e"))
        return ref

    def _double(self, what: Happening, side: Side) -> None:
        """Somebody makes a record of a person who is known to the other side already."""
        model = picked(self._people(side.other), what.pick)
        address = self.value(side.other, model, self._emails[side.other, model[0]])
        if address is None:
            raise NothingToHit("the other has no address")
        made = self.newcomer(side, what.token, qualified=True, address=address)
        self.ledger.join((side, made[1]), (side.other, model[1]))

    def alone(self, side: Side) -> bool:
        """Whether one person is left on a side: without anybody syncd stops."""
        return len(self._people(side)) == 1

    def _delete(self, what: Happening, side: Side) -> None:
        if self.alone(side):
            raise NothingToHit("a side without anybody stops syncd, which is a scenario of its own")
        ref = self._person(side, what.pick)
        if side is Side.MARKETING:
            self.hubspot.archive(*ref)
        else:
            self.salesforce.delete(*ref)
        self.ledger.gone.add((side, ref))
        self.ledger.done.append(f"{side} deletes {'/'.join(ref)}")

    def _restore(self, what: Happening, side: Side) -> None:
        gone = sorted(ref for place, ref in self.ledger.gone if place is side)
        ref = picked(gone, what.pick)
        if side is Side.MARKETING:
            self.hubspot.restore(*ref)
        else:
            self.salesforce.undelete(*ref)
        self.ledger.gone.discard((side, ref))
        self.ledger.restored.add((side, ref))
        self.ledger.done.append(f"{side} restores {'/'.join(ref)}")

    def _merge(self, what: Happening, side: Side) -> None:
        people = self._people(side) if side is Side.MARKETING else self.alive(side, "Lead")
        winner, loser = two(people, what.pick)
        if side is Side.MARKETING:
            survivor = self.hubspot.merge("contacts", winner[1], loser[1])
            self.ledger.join((side, survivor), (side, winner[1]))
            self.ledger.gone |= {(side, winner), (side, loser)}
        else:
            self.salesforce.merge("Lead", winner[1], [loser[1]])
            self.ledger.gone.add((side, loser))
        self.ledger.join((side, loser[1]), (side, winner[1]))
        self.ledger.done.append(f"{side} merges {'/'.join(loser)} into {'/'.join(winner)}")

    def _convert(self, what: Happening, _side: Side) -> None:
        lead = picked(self.alive(Side.CRM, "Lead"), what.pick)
        contact, _, _ = self.salesforce.convert(lead[1], status=CONVERTED)
        self.ledger.join((Side.CRM, contact), (Side.CRM, lead[1]))
        self.ledger.gone.add((Side.CRM, lead))
        self.ledger.done.append(f"crm converts {lead[1]} into {contact}")

    def _unsubscribe(self, what: Happening, side: Side) -> None:
        ref = self._person(side, what.pick)
        address = self.value(side, ref, self._emails[side, ref[0]])
        if side is Side.CRM:
            self.put(side, ref, {"HasOptedOutOfEmail": "true"})
        elif address is None:
            raise NothingToHit("nobody can unsubscribe an address that is not there")
        else:
            self.hubspot.unsubscribe(address)
            self.ledger.done.append(f"marketing unsubscribes {ref[1]}")

    def _owner(self, what: Happening, _side: Side) -> None:
        ref = self._person(Side.CRM, what.pick)
        users = [row for row in self.salesforce.org.schema.require("User").table.by_id() if row.get("IsActive")]
        told = Drawn({"OwnerId": str(users[what.pick // 83 % len(users)]["Id"])})
        mapping = self._owners.get(ref[0])
        if mapping is None:
            self.put(Side.CRM, ref, told.fields)
        else:
            self._choose(Side.CRM, ref, mapping, told)

    def _associate(self, what: Happening, _side: Side) -> None:
        contact = picked(self.alive(Side.MARKETING, "contacts"), what.pick)
        company = picked(self.alive(Side.MARKETING, "companies"), what.pick // 79)
        self.hubspot.associate(contact_id=contact[1], company_id=company[1], primary=True)
        self.ledger.done.append(f"marketing associates {contact[1]} with {company[1]}")
