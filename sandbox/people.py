"""Scripted people of both teams, who work all day and write down what they did.

A ``Team`` works at two desks (``sandbox.desk``): kernels in this process or a server's control plane in another. The
seed decides who is edited, how, and in which order. Wherever a field takes free text its new value carries a token that
exists nowhere else, so that whoever reads the ledger can look for it on the other side. Records that were merged away,
deleted or converted are not touched again. Refusals of a stand-in reach the caller: nothing is swallowed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sandbox.desk import Desk

SideName = Literal["marketing", "crm"]
Action = Literal["edit", "merge", "delete", "convert"]
#: Fields that take free text, per object: the values get a token.
FREE: Mapping[str, tuple[str, ...]] = {
    "contacts": ("jobtitle", "city", "address", "firstname", "company"),
    "Lead": ("Title", "City", "Street", "FirstName", "Company"),
    "Contact": ("Title", "MailingCity", "MailingStreet", "FirstName"),
}
#: Fields with a list of values, per object.
LISTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "contacts": {
        "hs_lead_status": ("NEW", "IN_PROGRESS", "UNQUALIFIED"),
        "product_interests": ("crm", "marketing;crm", "content;service", "operations"),
    },
    "Lead": {
        "Status": ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"),
        "Product_Interests__c": ("Analytics", "Automation;Analytics", "Support;Training", "Consulting"),
    },
    "Contact": {"Product_Interests__c": ("Analytics", "Automation;Analytics", "Support;Training", "Consulting")},
}
#: How often an edit is of a listed field.
LISTED_SHARE = 0.2

Ref = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of the ledger.

    ``ref`` is (object, id) of the record that exists afterwards; ``field`` and ``value`` are of an edit; ``gone`` are
    the records that a merge, a delete or a conversion took away; ``at`` is when it was done. ``token`` is the part of
    ``value`` found nowhere else, empty for a listed field.
    """

    side: SideName
    action: Action
    ref: Ref
    at: datetime
    field: str = ""
    value: str = ""
    token: str = ""
    gone: tuple[Ref, ...] = ()


class Team:
    """Both teams. ``contacts`` and ``crm_records`` restrict whom they touch; by default everybody alive."""

    def __init__(
        self,
        marketing: Desk,
        crm: Desk,
        *,
        now: Callable[[], datetime],
        seed: int = 1,
        contacts: Sequence[str] | None = None,
        crm_records: Sequence[Ref] | None = None,
    ) -> None:
        self._desks: Mapping[SideName, Desk] = {"marketing": marketing, "crm": crm}
        self._now = now
        self._seed = seed
        self._chance = random.Random(seed)
        self._tokens = 0
        #: Everything done so far.
        self.ledger: list[Deed] = []
        self._alive: dict[SideName, list[Ref]] = {
            "marketing": [("contacts", number) for number in contacts]
            if contacts is not None
            else _contacts(marketing),
            "crm": list(crm_records) if crm_records is not None else _crm_people(crm),
        }

    def work(self, steps: int, *, merges: int = 0, deletes: int = 0, converts: int = 0) -> list[Deed]:
        """Does ``steps`` edits and the rarer deeds among them, both sides in turn by chance; returns this work's lines.

        Raises ``ValueError`` if too few records are left to do it.
        """
        rare: list[Callable[[], Deed]] = [
            *(lambda side=side: self.merge(side) for side in self._sides(merges)),
            *(lambda side=side: self.delete(side) for side in self._sides(deletes)),
            *([self.convert] * converts),
        ]
        todo: list[Callable[[], Deed]] = [lambda: self.edit(self._chance.choice(("marketing", "crm")))] * steps + rare
        self._chance.shuffle(todo)
        return [each() for each in todo]

    def edit(self, side: SideName, ref: Ref | None = None, *, field: str = "", value: str = "") -> Deed:
        """Edits one record: the given one or any, the given field or any, with the given value or a fresh one.

        A given ``value`` needs its ``field``.
        """
        ref = ref or self._pick(side)
        token = ""
        if not value:
            field, value, token = self._new_value(ref[0], field)
        words = {"properties" if side == "marketing" else "fields": {field: value}}
        self._desks[side].do("edit", object=ref[0], id=ref[1], **words)
        return self._write(
            Deed(side=side, action="edit", ref=ref, field=field, value=value, token=token, at=self._now())
        )

    def merge(self, side: SideName) -> Deed:
        """Merges two records of one object. HubSpot gives the survivor a new id, Salesforce keeps the winner's."""
        kind = "contacts" if side == "marketing" else "Lead"
        winner, loser = self._pick(side, kind), self._pick(side, kind)
        while loser == winner:
            loser = self._pick(side, kind, among=2)
        if side == "marketing":
            survivor: Ref = (kind, self._desks[side].do("merge", object=kind, primary=winner[1], other=loser[1]))
            self._forget(side, winner)
            self._alive[side].append(survivor)
            gone: tuple[Ref, ...] = (winner, loser)
        else:
            self._desks[side].do("merge", object=kind, winner=winner[1], losers=[loser[1]])
            survivor, gone = winner, (loser,)
        self._forget(side, loser)
        return self._write(Deed(side=side, action="merge", ref=survivor, gone=gone, at=self._now()))

    def delete(self, side: SideName, ref: Ref | None = None) -> Deed:
        """Moves a record to the recycle bin."""
        ref = ref or self._pick(side)
        self._desks[side].do("delete", object=ref[0], id=ref[1])
        self._forget(side, ref)
        return self._write(Deed(side=side, action="delete", ref=ref, gone=(ref,), at=self._now()))

    def convert(self, ref: Ref | None = None, *, status: str = "Closed - Converted") -> Deed:
        """Converts a Lead into a new Contact with a new Account; ``status`` is one of the converted lead statuses."""
        ref = ref or self._pick("crm", "Lead")
        contact, _, _ = self._desks["crm"].do("convert", lead_id=ref[1], status=status)
        self._forget("crm", ref)
        made: Ref = ("Contact", contact)
        self._alive["crm"].append(made)
        return self._write(Deed(side="crm", action="convert", ref=made, gone=(ref,), at=self._now()))

    def _sides(self, amount: int) -> list[SideName]:
        sides: tuple[SideName, SideName] = ("marketing", "crm")
        return [sides[number % 2] for number in range(amount)]

    def _pick(self, side: SideName, kind: str | None = None, *, among: int = 1) -> Ref:
        found = [ref for ref in self._alive[side] if kind is None or ref[0] == kind]
        if len(found) < among:
            raise ValueError(f"{len(found)} records of {kind or side} are left to work on, {among} are needed")
        return self._chance.choice(found)

    def _forget(self, side: SideName, ref: Ref) -> None:
        if ref in self._alive[side]:
            self._alive[side].remove(ref)

    def _new_value(self, kind: str, field: str) -> tuple[str, str, str]:
        listed = LISTED[kind]
        if field in listed or (not field and self._chance.random() < LISTED_SHARE):
            field = field or self._chance.choice(list(listed))
            return field, self._chance.choice(listed[field]), ""
        field = field or self._chance.choice(FREE[kind])
        self._tokens += 1
        token = f"zq{self._seed}x{self._tokens:05d}"
        return field, f"{self._chance.choice(('North', 'New', 'Upper', 'Second'))} {token}", token

    def _write(self, deed: Deed) -> Deed:
        self.ledger.append(deed)
        return deed


def _contacts(desk: Desk) -> list[Ref]:
    return [("contacts", str(row["id"])) for row in desk.export()["contacts"] if not row["archived"]]


def _crm_people(desk: Desk) -> list[Ref]:
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = desk.export()
    return [
        (kind, str(row["Id"]))
        for kind in ("Lead", "Contact")
        for row in rows[kind]
        if not row["IsDeleted"] and not row.get("IsConverted")
    ]
