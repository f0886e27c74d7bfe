"""P1: two records that are one name each other and mean the same in every field that flows, or somebody was told.

A field is compared by what its values mean (``meaning``). Where two different values are right as the mapping has it,
nobody is accused: a default of a create, a value that the other side has no word for, an empty owning side of a one-way
field, an owner whom the other side does not know. What cannot be told by a plain reading is left out: a field that is
only set on create, values behind a transform of one's own, a reference that one side lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

from syncd.lab.holding import Held, Holding
from syncd.lab.meaning import NUMBERS, TRUTHS, Meaning, Sense, meant, row_of, stands, text
from syncd.lab.violation import Violation
from syncd.lab.witness import Witness
from syncd.model.mapping import Direction, FieldMapping, KindMapping
from syncd.model.remote import REF
from syncd.model.values import FieldType, Pair, Side

UNSUBSCRIBED: Final = "@unsubscribed"
SUBSCRIPTION: Final = "@subscription/"
OPTED_OUT: Final = "hs_email_optout"
"""HubSpot's property that shows a pseudo field of consent."""
OF_USERS: Final = {"owner_name": "Name", "owner_email": "Email"}
"""Transforms that look up an owner, and the field of a user that they tell."""


class Pairs:
    """Everybody who has a counterpart, compared with it."""

    def __init__(self, witness: Witness, holding: Holding) -> None:
        self.witness = witness
        self.holding = holding
        self.arena = witness.arena
        self._optional: dict[str, bool] = {}

    def agreement(self) -> Iterator[Violation]:
        """Every disagreement that no list knows."""
        for kind in self.holding.kinds:
            crm = {held.ref[1]: held for held in self.holding.of(kind, Side.CRM)}
            for one in self.holding.of(kind, Side.MARKETING):
                named = one.text(kind.key.marketing)
                for other in sorted({named, *self.witness.mates(one.ref[1])} & crm.keys()):
                    yield from self._pair(kind, one, crm[other])

    def _pair(self, kind: KindMapping, one: Held, other: Held) -> Iterator[Violation]:
        names_each_other = one.text(kind.key.marketing) == other.ref[1] and other.text(kind.key.crm) == one.ref[1]
        if not names_each_other:
            if other.ref[1] not in self.witness.mates(one.ref[1]):
                return
            who = [one.who, other.who]
            if not any(self.holding.told(who, name) for name in ("*", *kind.key)) and not self._elsewhere(kind, who):
                keys = f"{one.text(kind.key.marketing)!r} and {other.text(kind.key.crm)!r}"
                yield Violation("P1", f"{_named(one, other)} key", f"once a pair, they do not name each other: {keys}")
            return
        for mapping in kind.fields:
            yield from self._field(mapping, one, other)

    def _elsewhere(self, kind: KindMapping, who: list[tuple[Side, str]]) -> bool:
        """Whether people brought a third record into it, that was merged with, converted from or is taken for one of
        these: then one of them has another counterpart now.
        """
        ledger = self.witness.ledger
        roots = {ledger.root(each) for each in who}
        alike = [
            held.who
            for side in Side
            for held in self.holding.of(kind, side)
            if held.who not in who and ledger.root(held.who) in roots
        ]
        return bool(alike)

    # -- one field -----------------------------------------------------------------------------------------------------
    def _field(self, mapping: FieldMapping, one: Held, other: Held) -> Iterator[Violation]:
        columns = Pair(mapping.slots.marketing.get(one.ref[0]), mapping.slots.crm.get(other.ref[0]))
        if columns.marketing is None or columns.crm is None or mapping.only_on_create:
            return
        if mapping.optional and not self._there(mapping):
            return
        wires = Pair(_wires(one, columns.marketing), _wires(other, columns.crm))
        values = self._meant(mapping, one, other, wires)
        if Sense.UNSURE in tuple(values) and wires.marketing != wires.crm:
            return
        self.witness.judged += 1
        if _agree(mapping, values, wires):
            return
        if self.holding.told([one.who, other.who], mapping.name):
            self.witness.listed += 1
        elif not _excused(mapping, values):
            what = f"{' '.join(wires.marketing)!r} and {' '.join(wires.crm)!r}, and nobody was told"
            yield Violation("P1", f"{_named(one, other)} {mapping.name}", what)

    def _meant(self, mapping: FieldMapping, one: Held, other: Held, wires: Pair[tuple[str, ...]]) -> Pair[Meaning]:
        looked_up = [OF_USERS[step.name] for step in mapping.steps.crm.read if step.name in OF_USERS]
        if mapping.type is FieldType.OWNER:
            return self._owners(wires)
        if mapping.type is FieldType.REFERENCE:
            return self._companies(one, wires)
        if looked_up:
            user = self._users.get(wires.crm[0])
            told: Meaning = Sense.UNSURE if user is None else text(user.get(looked_up[0])).lower()
            return Pair(wires.marketing[0].lower(), told)
        return Pair(meant(mapping, Side.MARKETING, wires.marketing), meant(mapping, Side.CRM, wires.crm))

    @cached_property
    def _users(self) -> dict[str, Any]:
        return {str(row["Id"]): row for row in self.arena.salesforce.org.schema.require("User").table.by_id()}

    def _owners(self, wires: Pair[tuple[str, ...]]) -> Pair[Meaning]:
        """Both by their address; an owner of whom the other side has no user is left alone there."""
        owners = self.arena.hubspot.portal.owners
        user = self._users.get(wires.crm[0])
        address = "" if user is None else text(user.get("Email")).lower()
        if not any(owner.email.lower() == address and not owner.archived for owner in owners.values()):
            return Pair(Sense.UNSURE, Sense.UNSURE)
        owner = owners.get(wires.marketing[0])
        return Pair(None if owner is None else owner.email.lower(), address)

    def _companies(self, one: Held, wires: Pair[tuple[str, ...]]) -> Pair[Meaning]:
        """The account of the contact's primary company, and the account; where either has no counterpart, or one side
        points to nobody, nothing can be told.
        """
        portal, org = self.arena.hubspot.portal, self.arena.salesforce.org
        company = portal.links.primary(one.ref[0], int(one.ref[1]))
        account = org.schema.require("Account").table.rows.get(wires.crm[0])
        known = {str(number) for number in portal.store("companies").live}
        if company is None or account is None or str(company) not in known:
            return Pair(Sense.UNSURE, Sense.UNSURE)
        mates = self.witness.mates(str(company))
        if not mates or str(account.get(self._company_key) or "") not in known:
            return Pair(Sense.UNSURE, Sense.UNSURE)
        return Pair(wires.crm[0] if wires.crm[0] in mates else str(company), wires.crm[0])

    @cached_property
    def _company_key(self) -> str:
        return next((kind.key.crm for kind in self.holding.kinds if "Account" in kind.objects.crm), "")

    def _there(self, mapping: FieldMapping) -> bool:
        """Whether the vendors still have an optional field, on each of its objects: else it is left out on all."""
        if mapping.name not in self._optional:
            self._optional[mapping.name] = all(
                self._has(side, name, column)
                for side in Side
                for name, columns in mapping.slots.of(side).items()
                for column in columns
                if not column.startswith(("@", REF))
            )
        return self._optional[mapping.name]

    def _has(self, side: Side, object_name: str, column: str) -> bool:
        if side is Side.MARKETING:
            return column in self.arena.hubspot.portal.store(object_name).definitions
        return self.arena.salesforce.org.schema.require(object_name).any_field(column) is not None


def _named(one: Held, other: Held) -> str:
    return f"{'/'.join(one.ref)} {'/'.join(other.ref)}"


def _wires(held: Held, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(held.text(_shown_by(name)) for name in columns)


def _shown_by(column: str) -> str:
    """The property that shows what a pseudo field stands for."""
    if column == UNSUBSCRIBED:
        return OPTED_OUT
    if column.startswith(SUBSCRIPTION):
        return f"{OPTED_OUT}_{column.removeprefix(SUBSCRIPTION)}"
    return column


def _agree(mapping: FieldMapping, values: Pair[Meaning], wires: Pair[tuple[str, ...]]) -> bool:
    """Equal, or equal in the words of the side that knows fewer of them."""
    if values.marketing == values.crm and not isinstance(values.crm, Sense):
        return True
    if wires.marketing == wires.crm and not mapping.table:
        return True
    if mapping.type in TRUTHS and not isinstance(values.crm, Sense):
        return bool(values.marketing) == bool(values.crm)
    if mapping.type is FieldType.SET:
        return _worded(mapping, values, Side.CRM) == _worded(mapping, values, Side.MARKETING)
    return any(_stands_as_written(mapping, values.other(side), side, wires.of(side)) for side in Side)


def _worded(mapping: FieldMapping, values: Pair[Meaning], side: Side) -> object:
    """The members of one side's set for which the other has a word."""
    members = values.of(side)
    if not isinstance(members, frozenset):
        return members or frozenset()
    rows = {name: row_of(mapping, name) for name in members}
    return frozenset(name for name, row in rows.items() if row is None or row.writes.of(side.other) is not None)


def _stands_as_written(mapping: FieldMapping, value: Meaning, side: Side, wires: tuple[str, ...]) -> bool:
    """Whether what stands on a side is the form in which the other side's value is written there."""
    row = row_of(mapping, value)
    form = None if row is None else row.writes.of(side)
    return form is not None and mapping.direction.flows_to(side) and stands(form, wires)


def _excused(mapping: FieldMapping, values: Pair[Meaning]) -> bool:
    """Whether two different values are right as the mapping has it."""
    if mapping.direction is not Direction.BOTH:
        to = Side.MARKETING if mapping.direction is Direction.TO_MARKETING else Side.CRM
        if values.other(to) is None and not mapping.clear.flows_to(to):
            return True
    for side in Side:
        default = mapping.create_default.of(side)
        if default is not None and values.other(side) is None and _default(mapping, default) == values.of(side):
            return True
        row = row_of(mapping, values.other(side))
        if row is not None and mapping.direction.flows_to(side) and row.writes.of(side) is None:
            return True
    return False


def _default(mapping: FieldMapping, default: object) -> Meaning:
    if mapping.table or isinstance(default, tuple):
        return frozenset(default) if isinstance(default, tuple) else str(default)
    return meant(mapping, Side.CRM, [default]) if mapping.type in NUMBERS else text(default)
