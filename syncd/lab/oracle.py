"""What must be true of a run, judged from what people did, what both vendors hold and what the wire carried.

It shares no code with what it judges: nothing of ``syncd.core`` is imported here. Values are known by their tokens: each
was typed once, by one person, onto one record, so that whatever is found anywhere tells where it came from. From the
store only the lists for people are read (conflicts, parked fields, dead letters, fields at rest) and the audit.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.kernel import HttpRequest, HttpResponse
from syncd.lab.arena import Arena
from syncd.lab.crowd import Edit, Ledger, Ref, plain
from syncd.model.mapping import Direction, FieldMapping, KindMapping
from syncd.model.remote import RemoteRef
from syncd.model.values import FieldType, Side
from syncd.operations.drift import resting

TOKEN: Final = re.compile(rb"zq[0-9a-f]+x[0-9]+z[abce]?")
PLAIN: Final = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.EMAIL})
SENT: Final = re.compile(r"/(objects|composite|sobjects|jobs)\b")
_NO_FIELDS: Final = frozenset({"attributes", "Id", "id"})
AUDITED: Final = 200
"""Writes of one record that are looked through for a value."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, where, and what was found."""

    promise: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise} {self.where}: {self.what}"


class Witness:
    """Watches the wire of one run and keeps what the oracle needs."""

    def __init__(self, arena: Arena, ledger: Ledger) -> None:
        self.arena = arena
        self.ledger = ledger
        self.kinds: Sequence[KindMapping] = arena.settings.connection.kinds
        self.seen: set[str] = set()
        self.broken: list[Violation] = []
        self.listed = 0
        self.judged = 0
        self._writable = {side: _writable(self.kinds, side) for side in Side}
        self._means = _meanings(self.kinds)
        self._keys = {side: {kind.key.of(side) for kind in self.kinds} for side in Side}

    def know_pairs(self) -> None:
        """Learns who is one person now, before anything happens: two records that name each other."""
        for kind in self.kinds:
            for link in self.arena.store.links(kind.kind):
                self.ledger.join((Side.MARKETING, link.refs.marketing.id), (Side.CRM, link.refs.crm.id))

    def heard(self, side: Side, asked: HttpRequest, answer: HttpResponse | None) -> None:
        """One call: what syncd learned by it, and whether it sent what it may never send."""
        if answer is not None and answer.status < 300:
            self.seen.update(found.decode() for found in TOKEN.findall(answer.body))
        if asked.method in ("POST", "PATCH", "PUT") and asked.body[:1] in (b"{", b"["):
            for record, values in _payloads(side, asked):
                self._check_payload(side, record, values)

    def _check_payload(self, side: Side, record: str, values: Mapping[str, Any]) -> None:
        mates = [str(value) for name, value in values.items() if name in self._keys[side] and value]
        for name, value in values.items():
            if name not in self._writable[side]:
                self.broken.append(Violation("P6", str(side), f"{name} was sent, which nothing maps to this side"))
            if name in ("HasOptedOutOfEmail", "hs_email_optout") and value in (False, "false"):
                self.broken.append(Violation("P9", str(side), f"{name} was sent as {value!r}"))
            found = TOKEN.search(value.encode()) if isinstance(value, str) else None
            edit = self.ledger.by_token.get(found[0].decode()) if found else None
            if edit is not None:
                self._check_origin(side, record, mates, name, edit)

    def _check_origin(self, side: Side, record: str, mates: Sequence[str], column: str, edit: Edit) -> None:
        """P5: a value goes into the field that means the same, of a record that is the same person or company."""
        if edit.field not in self._means[side, column]:
            what = f"{edit.value!r} was sent, which was typed as {edit.field}"
            self.broken.append(Violation("P5", f"{side} {record} {column}", what))
        if not self._same(side, record, mates, edit) and not self._same_after_all(side, record, mates, edit):
            what = f"{edit.value!r} was sent, which was typed onto {edit.side} {'/'.join(edit.ref)}"
            self.broken.append(Violation("P5", f"{side} {record or 'new of ' + ' '.join(mates)}", what))


    def _same(self, side: Side, record: str, mates: Sequence[str], edit: Edit) -> bool:
        root = self.ledger.root
        known = {root((side, record)), *(root((side.other, mate)) for mate in mates)}
        return root((edit.side, edit.ref[1])) in known

    def _same_after_all(self, side: Side, record: str, mates: Sequence[str], edit: Edit) -> bool:
        self._learn()
        return self._same(side, record, mates, edit)

    def _learn(self) -> None:
        """Learns from what the vendors hold who became whom by merges and conversions, and which records name each
        other by now.
        """
        join = self.ledger.join
        for kind in self.kinds:
            keys: dict[tuple[Side, str], str] = {}
            for name in kind.objects.marketing:
                for number, record in self.arena.hubspot.portal.store(name).records.items():
                    keys[Side.MARKETING, str(number)] = str(record.values.get(kind.key.marketing) or "")
                    for old in str(record.values.get("hs_merged_object_ids") or "").split(";"):
                        if old:
                            join((Side.MARKETING, old), (Side.MARKETING, str(number)))
            for name in kind.objects.crm:
                for row in self.arena.salesforce.org.schema.require(name).table.rows.values():
                    keys[Side.CRM, str(row["Id"])] = str(row.get(kind.key.crm) or "")
                    for successor in ("ConvertedContactId", "MasterRecordId"):
                        if row.get(successor):
                            join((Side.CRM, str(row["Id"])), (Side.CRM, str(row[successor])))
            for (side, record), key in keys.items():
                if keys.get((side.other, key)) == record:
                    join((side, record), (side.other, key))


def _meanings(kinds: Sequence[KindMapping]) -> Mapping[tuple[Side, str], set[str]]:
    """The shared fields that a vendor field of a side stands for, in any object."""
    means: defaultdict[tuple[Side, str], set[str]] = defaultdict(set)
    for kind in kinds:
        for mapping in kind.fields:
            for side in Side:
                for columns in mapping.slots.of(side).values():
                    for column in columns:
                        means[side, column].add(mapping.name)
    return means


def _writable(kinds: Sequence[KindMapping], side: Side) -> frozenset[str]:
    """The vendor fields that syncd may write on a side: mapped ones that flow there, keys and origins."""
    names: set[str] = set()
    for kind in kinds:
        names.add(kind.key.of(side))
        names.add(kind.origin.of(side) or kind.key.of(side))
        for mapping in kind.fields:
            if mapping.direction.flows_to(side):
                names.update(*mapping.slots.of(side).values())
    return frozenset(names) | {"RecordTypeId", "hs_object_id"}


def _payloads(side: Side, asked: HttpRequest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Id ("" if it is new) and field values of every record that a request writes."""
    if not SENT.search(asked.path) or asked.path.endswith(("/search", "/batch/read")):
        return
    try:
        told = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        return
    if side is Side.MARKETING:
        inputs = told.get("inputs", [told]) if isinstance(told, dict) else []
        for each in inputs:
            if isinstance(each.get("properties"), dict):
                yield "" if "idProperty" in each else str(each.get("id") or ""), each["properties"]
        return
    for row in _rows(told):
        yield str(row.get("Id") or row.get("id") or ""), {k: v for k, v in row.items() if k not in _NO_FIELDS}


def _rows(told: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - JSON
    """Salesforce records within a body: they name their type."""
    if isinstance(told, list):
        for each in told:
            yield from _rows(each)
    elif isinstance(told, dict):
        if "attributes" in told:
            yield told
            return
        for each in told.values():
            yield from _rows(each)


def judged(witness: Witness) -> list[Violation]:
    """Every promise that is broken once it is quiet; one line each, the first of a sort first."""
    after = _After(witness)
    return [*witness.broken[:5], *after.agreement(), *after.losses(), *after.doubles()]


@dataclass(frozen=True, slots=True)
class _Held:
    """One living record: its values by vendor field."""

    side: Side
    ref: Ref
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """One value as text, "" for none, without blanks around it."""
        value = self.values.get(column)
        return "" if value is None else unicodedata.normalize("NFC", str(value)).strip()


class _After:
    """What stands where once it is quiet."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.arena = witness.arena
        self.ledger = witness.ledger
        self.kinds = witness.kinds
        self.held = {(each.side, each.ref): each for each in self._living()}
        self.lists = self._lists()

    def _living(self) -> Iterator[_Held]:
        for kind in self.kinds:
            for name in kind.objects.marketing:
                store = self.arena.hubspot.portal.store(name)
                for number in sorted(store.live):
                    yield _Held(Side.MARKETING, (name, str(number)), store.records[number].values)
            for name in kind.objects.crm:
                for row in self.arena.salesforce.org.schema.require(name).table.by_id():
                    if not row.get("IsDeleted") and not row.get("IsConverted"):
                        yield _Held(Side.CRM, (name, str(row["Id"])), row)

    def _lists(self) -> Mapping[tuple[Side, str], set[str]]:
        """What people were told of: shared fields by record, "*" for all of it."""
        store, told = self.arena.store, defaultdict[tuple[Side, str], set[str]](set)
        for conflict in store.conflicts():
            for side, ref in conflict.refs:
                told[side, ref.id].add(conflict.field or "*")
        by_link = {row.link for row in store.parked()} | {c.link for c in store.conflicts() if c.link}
        found = store.by_link(sorted(by_link))
        for row in store.parked():
            if row.link in found:
                for side in Side:
                    told[side, found[row.link].link.refs.of(side).id].add(row.field)
        for letter in store.dead_letters():
            told[letter.side.other, letter.origin.id].add("*")
        rests = {rest.field for rest in resting(store)}
        for kind in self.kinds:
            for link in store.links(kind.kind):
                for side in Side:
                    told[side, link.refs.of(side).id] |= rests
                    if str(link.state) != "live":
                        told[side, link.refs.of(side).id].add("*")
        return told

    def _told(self, who: Sequence[tuple[Side, str]], name: str) -> bool:
        return any(name in self.lists.get(each, ()) or "*" in self.lists.get(each, ()) for each in who)

    # -- P1 --------------------------------------------------------------------------------------------------------------
    def agreement(self) -> Iterator[Violation]:
        """Two records that name each other agree in every plain field that flows both ways, or somebody was told."""
        for kind in self.kinds:
            crm = {ref[1]: held for (side, ref), held in self.held.items() if side is Side.CRM}
            for (side, ref), one in self.held.items():
                if side is not Side.MARKETING or ref[0] not in kind.objects.marketing:
                    continue
                other = crm.get(one.text(kind.key.marketing))
                if other is None or other.text(kind.key.crm) != ref[1]:
                    continue
                for mapping in kind.fields:
                    yield from self._same(mapping, one, other)

    def _same(self, mapping: FieldMapping, one: _Held, other: _Held) -> Iterator[Violation]:
        if mapping.type not in PLAIN or not plain(mapping) or mapping.direction is not Direction.BOTH:
            return
        columns = mapping.slots.marketing.get(one.ref[0]), mapping.slots.crm.get(other.ref[0])
        if columns[0] is None or columns[1] is None or len(columns[0]) > 1 or len(columns[1]) > 1:
            return
        self.witness.judged += 1
        left, right = one.text(columns[0][0]), other.text(columns[1][0])
        if left == right or (mapping.type is FieldType.EMAIL and left.lower() == right.lower()):
            return
        if self._told([(one.side, one.ref[1]), (other.side, other.ref[1])], mapping.name):
            self.witness.listed += 1
            return
        if not left and right == mapping.create_default.crm:
            return
        where = f"{'/'.join(one.ref)} {'/'.join(other.ref)} {mapping.name}"
        yield Violation("P1", where, f"{left!r} and {right!r}, and nobody was told")

    # -- P2 --------------------------------------------------------------------------------------------------------------
    def losses(self) -> Iterator[Violation]:
        """An edit that syncd saw and that stands nowhere was superseded by a person, or is kept where a person finds it."""
        last: dict[tuple[Side, Ref, str], Edit] = {}
        for edit in self.ledger.edits:
            last[edit.side, edit.ref, edit.column] = edit
        for edit in last.values():
            held = self.held.get((edit.side, edit.ref))
            if not edit.token or held is None or edit.token in held.text(edit.column):
                continue
            if edit.token not in self.witness.seen or self._rewritten_by_people(edit) or self._kept(edit):
                continue
            now = held.text(edit.column)
            yield Violation("P2", f"{'/'.join(edit.ref)} {edit.field}", f"{edit.value!r} was seen and is lost; {now!r}")

    def _rewritten_by_people(self, edit: Edit) -> bool:
        """Whether the same person's other record was edited later, or records were merged: then people superseded it."""
        root = self.ledger.root((edit.side, edit.ref[1]))
        if any(self.ledger.root(who) == root and ms >= edit.ms for who, ms in self.ledger.touched.items()):
            return True
        later = (each for each in self.ledger.edits if each.field == edit.field and each.ms >= edit.ms and each != edit)
        if any(self.ledger.root((each.side, each.ref[1])) == root for each in later):
            return True
        mates = [link for link in self._links_of(edit.side, edit.ref)]
        others = {(each.side, each.ref[1]) for each in self.ledger.edits if each.field == edit.field and each.ms >= edit.ms}
        return any((side, link.refs.of(side).id) in others for link in mates for side in Side if side is not edit.side)

    def _links_of(self, side: Side, ref: Ref) -> list[Any]:
        found = []
        for kind in self.kinds:
            if ref[0] in kind.objects.of(side):
                found += self.arena.store.linked(kind.kind, side, [RemoteRef(*ref)]).values()
        return [each.link for each in found]

    def _kept(self, edit: Edit) -> bool:
        """Whether the value stands in a conflict or in the audit of a write that replaced it, or somebody was told."""
        if self._told([(edit.side, edit.ref[1])], edit.field):
            return True
        for link in self._links_of(edit.side, edit.ref):
            for row in self.arena.store.audit_of(link.id, AUDITED):
                if any(edit.token in str(change.before) or edit.token in str(change.after) for change in row.changes):
                    return True
        return False

    # -- P3 --------------------------------------------------------------------------------------------------------------
    def doubles(self) -> Iterator[Violation]:
        """No two living records of a side bear one key, but where a person typed it."""
        for kind in self.kinds:
            for side in Side:
                bearers: dict[str, list[Ref]] = defaultdict(list)
                for (where, ref), held in self.held.items():
                    if where is side and ref[0] in kind.objects.of(side) and held.text(kind.key.of(side)):
                        bearers[held.text(kind.key.of(side))].append(ref)
                for key, refs in bearers.items():
                    if len(refs) > 1 and not self._typed(key):
                        yield Violation("P3", f"{side} {kind.kind}", f"{key} is the key of {len(refs)} records: {refs}")

    def _typed(self, _key: str) -> bool:
        fired = self.arena.salesforce.faults.fired
        return fired["external-id-twice"] > 0
