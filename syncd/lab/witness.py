"""Watches the wire and the log of a simulated run: what syncd learned, and whether it sent what it may never send.

Every payload is looked into as it leaves (P5, P6, P9), every line of the log as it would be written (P13). It shares no
code with what it watches: values are known by their tokens, fields by the mapping's own words.

Length: what is heard of one call, and what is looked for in it, share all that was heard before.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from sandbox.kernel import Call, HttpRequest, HttpResponse
from syncd.lab.arena import Arena
from syncd.lab.audited import unrecorded
from syncd.lab.ledger import Edit, Ledger
from syncd.lab.meaning import text
from syncd.lab.pace import Pace
from syncd.lab.violation import Violation
from syncd.model.mapping import KindMapping
from syncd.model.values import Side
from syncd.observe.log import masked

TOKEN: Final = re.compile(rb"zq[0-9a-f]+x[0-9]+z[abce]?")
SENT: Final = re.compile(r"/(objects|composite|sobjects|jobs)\b")
OBJECT: Final = re.compile(r"/objects/[0-9-]+/(\w+)(?:/|$)")
ALONE: Final = re.compile(r"/v[0-9.]+/sobjects/(\w+)/(\w+)$")
"""One record of Salesforce by its id, whose body names no type."""
SECOND: Final = 1000
OPT_OUTS: Final = ("HasOptedOutOfEmail", "hs_email_optout")
HIDING: Final = ("empty-side", "repeated-keys")
"""Faults that answer as if nothing had changed: with nothing, or with records and then, under the same key, none."""
THINNING: Final = ("thinned-side", "rows-invisible")
"""Faults that answer with some of the records and leave out others."""
ENTERED: Final = "contact-exists"
"""The fault in which somebody enters the contact that a call is about to make."""
TWICE: Final = ", first"
"""How the fault of a line ends that is the first of two in which the same call is carried out."""
_NO_FIELDS: Final = frozenset({"attributes", "Id", "id"})
TELLING: Final = re.compile(TOKEN.pattern.decode() + "|pat-na1-sandbox|sandbox-secret|Bearer ")  # not a secret
"""What no line of a log may hold: what a person typed, and secrets."""


class Witness:
    """Watches the wire of one run and keeps what the oracle needs."""

    def __init__(self, arena: Arena, ledger: Ledger) -> None:
        self.arena = arena
        self.ledger = ledger
        self.kinds: Sequence[KindMapping] = arena.settings.connection.kinds
        self.seen: defaultdict[str, list[int]] = defaultdict(list)
        self.failed: list[tuple[int, int]] = []
        self._hidden: defaultdict[Side, list[int]] = defaultdict(list)
        self.sent: defaultdict[tuple[Side, str, str], list[tuple[int, int]]] = defaultdict(list)
        self.bunched: set[int] = set()
        self._searches: list[int] = []
        self._begun: dict[int, int] = {}
        self.broken: list[Violation] = []
        self.listed = 0
        self.judged = 0
        self.checked: set[str] = set()
        """Promises of which something came up that could have broken them."""
        self._made_for: set[tuple[Side, str]] = set()
        self._mates: defaultdict[str, set[str]] = defaultdict(set)
        self.pace = Pace(arena.settings.connection, ledger)
        self._writable = _writable(self.kinds)
        self._means = _meanings(self.kinds)
        self._keys = {side: {kind.key.of(side) for kind in self.kinds} for side in Side}

    def know_pairs(self) -> None:
        """Learns who is one person now, before anything happens: two records that name each other."""
        for kind in self.kinds:
            self.pace.linked = max(self.pace.linked, self.arena.store.count_links(kind.kind))
            for link in self.arena.store.links(kind.kind):
                self._pair(link.refs.marketing.id, link.refs.crm.id)

    def mates(self, record: str) -> frozenset[str]:
        """The CRM's records that this one of marketing's named, and that named it, at any time."""
        return frozenset(self._mates.get(record, ()))

    def _pair(self, marketing: str, crm: str) -> None:
        self._mates[marketing].add(crm)
        self.ledger.join((Side.MARKETING, marketing), (Side.CRM, crm))

    def heard(self, side: Side, asked: HttpRequest, answer: HttpResponse | None) -> None:
        """One call: what syncd learned by it, and whether it sent what it may never send."""
        if answer is not None and answer.status < 300:
            call = self.arena.kernel("hubspot" if side is Side.MARKETING else "salesforce").calls[-1]
            fault = call.fault or ""
            if fault.startswith((*HIDING, *THINNING)):
                self._hidden[side].append(self.arena.clock.ms)
            if not fault.startswith(HIDING):
                self._sees(_asked_for(asked, answer))
        if answer is not None and answer.status == 429 and asked.path.endswith("/search"):
            self._refused_search()
        if asked.method in ("POST", "PATCH", "PUT") and asked.body[:1] in (b"{", b"["):
            written = list(_payloads(side, asked))
            done = [self._may_be_done(side, answer, *each) for each in written]
            for (object_name, record, values), may_be in zip(written, done, strict=True):
                self._check_payload(side, object_name, record, values, done=may_be)
            if side is Side.MARKETING and (self.arena.hubspot.calls[-1].fault or "").startswith(ENTERED):
                self._join_entered(written)
            if any(name in self._keys[side] for _, _, values in written for name in values):
                self._learn()  # now, since either record may be erased before a value goes there
            if written:
                late = self.arena.senses.speaker < self.arena.lives
                records = (record for _, record, _ in written)
                self.broken += unrecorded(self.arena.store, side, records, late=late)

    def _sees(self, told: bytes) -> None:
        """What an answer tells: texts and figures by their tokens, what has none on its own record, once."""
        now = self.arena.clock.ms
        for found in TOKEN.findall(told):
            self.seen[found.decode()].append(now)
        for figure, (digits, pattern) in self.ledger.figures.items():
            if digits in told and pattern.search(told):  # to look for plain bytes is cheap, and mostly ends it
                self.seen[figure].append(now)
        near = [edit for edit in self.ledger.unseen if edit.ref[1].encode() in told]
        if not near:
            return
        rows = list(_told_rows(told))
        for edit in near:
            if any(record == edit.ref[1] and _shows(values, edit) for record, values in rows):
                self.seen[edit.name].append(now)
                self.ledger.unseen.remove(edit)

    def _join_entered(self, written: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Somebody entered a contact with the address of one that was about to be made: it is of that very person."""
        for name, record, values in written:
            held = self.arena.hubspot.portal.store(name).holder("email", str(values.get("email") or ""))
            for mate in [str(value) for key, value in values.items() if key in self._keys[Side.MARKETING] and value]:
                if held is not None and not record:
                    self.ledger.join((Side.MARKETING, str(held.id)), (Side.CRM, mate))

    def passed(self, life: int, point: str) -> None:
        """A point of a process: once its intents are stored, a lot is decided on and looks at nothing more, however
        long the process stands still then. Searches are counted as they leave.
        """
        if point == "before begin":
            self._begun[life] = self.arena.clock.ms
        elif point.startswith("before marketing POST") and point.endswith("/search"):
            self._searches.append(self.arena.clock.ms)

    def _refused_search(self) -> None:
        """A search that was refused though it and those before it left at the vendor's pace: one was long under way,
        and they came in together.
        """
        hubspot = self.arena.hubspot
        left = self._searches[-(hubspot.limits.search_per_second + 1) :]
        if left and left[-1] - left[0] >= SECOND:
            self.bunched.update(call.number for call in hubspot.calls[-1:])

    def observed(self, edit: Edit) -> bool:
        """Whether syncd saw an edit before it had decided on the first write that replaced it: what crosses a write is
        the window that no vendor closes (docs/promises.md).
        """
        columns = [name for name, _ in edit.form] or [edit.column]
        writes = [each for name in columns for each in self.sent[edit.side, edit.ref[1], name]]
        over = [begun for begun, sent in writes if sent >= edit.ms]
        end = min(over, default=self.arena.clock.ms + 1)
        late = bool(writes) and not over  # whatever replaced it had left before it was typed
        sightings = (seen for seen in self.seen.get(edit.name, ()) if seen < end)
        return any(not self._unremembered(edit.side, seen, end, late=late) for seen in sightings)

    def _unremembered(self, side: Side, seen: int, end: int, *, late: bool) -> bool:
        """Whether only a cycle that failed has seen it, which remembers nothing, and either the vendor left out records
        that had changed after that, which count as unchanged, or a write that nobody had answered came over it.
        """
        failed = any(began <= seen <= ended for began, ended in self.failed)
        return failed and (late or any(seen < hidden < end for hidden in self._hidden[side]))

    def overheard(self, event: str, keys: Mapping[str, Any]) -> None:
        """P13: a line of the log, as it would be written, holds nothing that a person typed, and no secret."""
        for key, value in keys.items():
            if not isinstance(value, str):
                continue
            self.checked.add("P13")
            if TELLING.search(value) and TELLING.search(line := masked(value)):  # masking is dear, and adds nothing
                self.broken.append(Violation("P13", event, f"{key} says {line!r}"))

    def _may_be_done(
        self, side: Side, answer: HttpResponse | None, name: str, record: str, values: Mapping[str, Any]
    ) -> bool:
        """Whether a row of the last call was carried out, or still may be: where nobody heard the answer."""
        if answer is None:
            return True
        if record:
            return any(record in call.written for call in self._lines(side))
        for kind in self.kinds:
            if name in kind.objects.of(side):
                held = self._keys_at_marketing(kind) if side is Side.MARKETING else self._keys_at_crm(kind)
                return str(values.get(kind.key.of(side)) or "") in held.values()
        return True

    def _lines(self, side: Side) -> Sequence[Call]:
        """The lines of the last call, two where it was carried out twice."""
        calls = self.arena.kernel("hubspot" if side is Side.MARKETING else "salesforce").calls
        return calls[-2:] if (calls[-2].fault or "").endswith(TWICE) else calls[-1:]

    def _check_payload(
        self, side: Side, object_name: str, record: str, values: Mapping[str, Any], *, done: bool
    ) -> None:
        mates = [str(value) for name, value in values.items() if name in self._keys[side] and value]
        self.pace.sends(side, object_name, record, values, mate=" ".join(mates), ms=self.arena.clock.ms, done=done)
        self.checked.update(("P4", "P6", "P12", "P14"))
        if not record:
            self.checked.add("P3")
            self._made_for.update((side, mate) for mate in mates)
        for name, value in values.items():
            begun = self._begun.get(self.arena.senses.speaker, 0)
            self.sent[side, record, name].append((begun, self.arena.clock.ms))
            if name not in self._writable.get((side, object_name), ()):
                what = f"{name} of {object_name} was sent, which nothing maps to this side"
                self.broken.append(Violation("P6", str(side), what))
            if name in OPT_OUTS:
                self.checked.add("P9")
            if name in OPT_OUTS and value in (False, "false"):
                self.broken.append(Violation("P9", str(side), f"{name} was sent as {value!r}"))
            found = TOKEN.search(value.encode()) if isinstance(value, str) else None
            edit = self.ledger.by_token.get(found[0].decode() if found else text(value).removeprefix("+"))
            if edit is not None:
                self.checked.add("P5")
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
        """Learns from what the vendors hold who became whom by merges and conversions, which records name each other by
        now, and which were made by us for whom.
        """
        for kind in self.kinds:
            keys = self._keys_at_marketing(kind) | self._keys_at_crm(kind)
            for (side, record), key in keys.items():
                if keys.get((side.other, key)) == record:
                    self._pair(*((record, key) if side is Side.MARKETING else (key, record)))
                elif (side, key) in self._made_for:
                    self.ledger.join((side, record), (side.other, key))

    def _keys_at_marketing(self, kind: KindMapping) -> dict[tuple[Side, str], str]:
        """Whom each record of a kind names; who was merged into it is the same."""
        keys: dict[tuple[Side, str], str] = {}
        for name in kind.objects.marketing:
            for number, held in self.arena.hubspot.portal.store(name).records.items():
                keys[Side.MARKETING, str(number)] = str(held.values.get(kind.key.marketing) or "")
                for old in str(held.values.get("hs_merged_object_ids") or "").split(";"):
                    if old:
                        self.ledger.join((Side.MARKETING, old), (Side.MARKETING, str(number)))
        return keys

    def _keys_at_crm(self, kind: KindMapping) -> dict[tuple[Side, str], str]:
        """Whom each record of a kind names; who was merged into it, or converted into it, is the same."""
        keys: dict[tuple[Side, str], str] = {}
        for name in kind.objects.crm:
            for row in self.arena.salesforce.org.schema.require(name).table.rows.values():
                keys[Side.CRM, str(row["Id"])] = str(row.get(kind.key.crm) or "")
                for successor in ("ConvertedContactId", "MasterRecordId"):
                    if row.get(successor):
                        self.ledger.join((Side.CRM, str(row["Id"])), (Side.CRM, str(row[successor])))
        return keys


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


def _writable(kinds: Sequence[KindMapping]) -> Mapping[tuple[Side, str], set[str]]:
    """The vendor fields that syncd may write on an object of a side: mapped ones that flow there, keys and origins."""
    names: defaultdict[tuple[Side, str], set[str]] = defaultdict(lambda: {"RecordTypeId", "hs_object_id"})
    for kind in kinds:
        for side in Side:
            for object_name in kind.objects.of(side):
                may = names[side, object_name]
                may |= {kind.key.of(side), kind.origin.of(side) or kind.key.of(side)}
                for mapping in kind.fields:
                    if mapping.direction.flows_to(side):
                        may.update(mapping.slots.of(side).get(object_name, ()))
    return names


def _asked_for(asked: HttpRequest, answer: HttpResponse) -> bytes:
    """What was asked for of an answer: HubSpot tells six properties beside every history, which nobody asked for and
    nobody looks at.
    """
    if b'"properties":[],"propertiesWithHistory":["' not in asked.body:
        return answer.body
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:  # an answer that a fault broke
        return answer.body
    return orjson.dumps([each.get("propertiesWithHistory") for each in told.get("results", ())])


def _told_rows(told: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Records of an answer of either vendor: id and values."""
    try:
        waiting = [orjson.loads(told)]
    except orjson.JSONDecodeError:  # an answer that a fault broke
        return
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            record = each.get("Id") or each.get("id")
            if isinstance(record, str):
                values = each.get("properties", each)
                yield record, values if isinstance(values, dict) else each
            waiting += each.values()


def _shows(values: Mapping[str, Any], edit: Edit) -> bool:
    return all(name in values and text(values[name]) == value for name, value in edit.form)


def _payloads(side: Side, asked: HttpRequest) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Object, id ("" if it is new) and field values of every record that a request writes."""
    if not SENT.search(asked.path) or asked.path.endswith(("/search", "/batch/read")):
        return
    try:
        told = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        return
    if side is Side.MARKETING:
        named = OBJECT.search(asked.path)
        inputs = told.get("inputs", [told]) if isinstance(told, dict) else []
        for each in inputs:
            if named and isinstance(each.get("properties"), dict):
                yield named[1], "" if "idProperty" in each else str(each.get("id") or ""), each["properties"]
        return
    if (alone := ALONE.search(asked.path)) and "attributes" not in told:
        yield alone[1], alone[2], told
    for row in _rows(told):
        kept = {name: value for name, value in row.items() if name not in _NO_FIELDS}
        yield str(row["attributes"].get("type")), str(row.get("Id") or row.get("id") or ""), kept


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
