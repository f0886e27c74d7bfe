"""Judges one kind: which living records are one, and whether they mean the same, field by field.

Two records are a pair if, and only if, each one's key field holds the other's id. What a value means is decided by the
mapping: simple types are read here by a few lines of their own, so that a fault in the engine's reading does not hide
itself; tables, places, phones, owners and transforms are read through the mapping's ``Lens``. Nothing is excused but
what the mapping or a list says: an owning side without a value, a default of a create, a value the other side has no
form for, a listed conflict, a parked field, a held duplicate, a counterpart that was deleted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.core.domains import match_keys, narrowed
from syncd.core.expressions import Unclear, compile_expression
from syncd.core.normalize import Codec, Context, Inexpressible, Invalid, Lens, Unlinked
from syncd.lab.exports import Living, Row
from syncd.lab.listed import Listed, Who
from syncd.lab.plain import OWN_READING, read_plain
from syncd.model.mapping import Direction, FieldMapping, KindMapping
from syncd.model.remote import REF
from syncd.model.values import Canonical, FieldType, Pair, Side, Wire

CODECS: Final = Pair(Codec.TEXT, Codec.JSON)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One disagreement that no list knows. ``values`` are for the terminal of the person who asked, never for a log."""

    kind: str
    what: str
    refs: tuple[str, ...]
    field: str = ""
    values: Pair[Canonical] = Pair(None, None)


@dataclass(slots=True)
class Verdict:
    """One kind judged. ``apart`` and ``listed`` count field values and records by why they are not judged."""

    kind: str
    pairs: int = 0
    agreeing: int = 0
    apart: Counter[str] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    flaws: list[Flaw] = field(default_factory=list)
    by_field: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def share(self) -> float:
        """Agreeing values of those that no list excuses, from 0 to 1."""
        judged = self.agreeing + len(self.flaws)
        return self.agreeing / judged if judged else 1.0


class Judge:
    """Judges kinds in order: those that others refer to come first, since a reference agrees by its pair."""

    def __init__(self, context: Context, listed: Listed) -> None:
        self._context = context
        self._listed = listed

    def judge(self, kind: KindMapping, sides: Pair[Living]) -> Verdict:
        """The verdict on one kind; its pairs are known to the kinds that are judged after it."""
        work = _Judging(kind, sides, self._context, self._listed)
        return work.run()


class _Judging:
    def __init__(self, kind: KindMapping, sides: Pair[Living], context: Context, listed: Listed) -> None:
        self.kind = kind
        self.sides = sides
        self.context = context
        self.listed = listed
        self.lens = Lens(kind, context, CODECS)
        self.fields = {mapping.name: mapping for mapping in kind.fields}
        self.verdict = Verdict(kind.kind)
        self.slots: dict[tuple[Side, str], dict[str, tuple[str, ...]]] = {
            (side, name): {slot.field.name: slot.vendor_fields for slot in self.lens.slots(side, name)}
            for side in Side
            for name in kind.objects.of(side)
        }
        self.known_columns: dict[tuple[Side, str], set[str]] = defaultdict(set)
        for side in Side:
            for row in sides.of(side).rows.values():
                self.known_columns[side, row.ref.object].update(row.wires)

    def run(self) -> Verdict:
        """Pairs, their fields, then everybody who has no pair."""
        pairs = list(self._pairs())
        for number, pair in enumerate(pairs):
            for row in pair:
                self.context.links.of(row.side)[str(row.ref)] = f"{self.kind.kind} {number}"
                self.context.refs.of(row.side)[f"{self.kind.kind} {number}"] = str(row.ref)
        for pair in pairs:
            self._compare(pair)
        self.verdict.pairs = len(pairs)
        paired = {(row.side, row.ref) for pair in pairs for row in pair}
        self._same_key_twice()
        _Alone(self, paired).judge()
        return self.verdict

    # -- pairs -------------------------------------------------------------------------------------------------------
    def _pairs(self) -> Iterator[Pair[Row]]:
        by_id: dict[str, list[Row]] = defaultdict(list)
        for row in self.sides.crm.rows.values():
            by_id[row.ref.id].append(row)
        for row in self.sides.marketing.rows.values():
            for other in by_id.get(row.key, ()):
                if other.key == row.ref.id:
                    yield Pair(row, other)

    def _same_key_twice(self) -> None:
        for side in Side:
            holders: dict[str, list[Row]] = defaultdict(list)
            for row in self.sides.of(side).rows.values():
                if row.key:
                    holders[row.key].append(row)
            for rows in holders.values():
                if len(rows) > 1:
                    self.flaw("one key on several records", [(row.side, row.ref) for row in rows])

    def flaw(
        self, what: str, members: Sequence[Who], name: str = "", values: Pair[Canonical] = Pair(None, None)
    ) -> None:
        """Notes one disagreement that no list knows."""
        refs = tuple(f"{side}:{ref}" for side, ref in members)
        self.verdict.flaws.append(Flaw(self.kind.kind, what, refs, name, values))

    # -- fields of a pair --------------------------------------------------------------------------------------------
    def _compare(self, pair: Pair[Row]) -> None:
        slots = pair.map(lambda row: self.slots[row.side, row.ref.object])
        for name, mapping in self.fields.items():
            if name not in slots.marketing or name not in slots.crm:
                continue
            if mapping.optional and not all(self._there(row, slots.of(row.side)[name]) for row in pair):
                self.verdict.apart["optional field that is not there"] += 1
                continue
            self._judge_field(mapping, pair)

    def _there(self, row: Row, columns: tuple[str, ...]) -> bool:
        return any(name in self.known_columns[row.side, row.ref.object] for name in columns)

    def _judge_field(self, mapping: FieldMapping, pair: Pair[Row]) -> None:
        values = pair.map(lambda row: self.value(row, mapping))
        tally = self.verdict.by_field[mapping.name]
        if self._same(mapping, pair, values):
            self.verdict.agreeing += 1
            tally["agree"] += 1
            return
        members = [(row.side, row.ref) for row in pair]
        listed = self.listed.field_of(members, mapping.name)
        if listed is not None:
            self.verdict.listed[listed] += 1
            tally[listed] += 1
            return
        apart = self._excuse(mapping, pair, values)
        if apart is not None:
            self.verdict.apart[apart] += 1
            tally[apart] += 1
            return
        tally["disagree"] += 1
        what = "cannot be read" if any(isinstance(value, Invalid) for value in values) else "differs"
        self.flaw(what, members, mapping.name, values.map(_shown))

    def value(self, row: Row, mapping: FieldMapping) -> Canonical | Invalid:
        """What one record means by one field."""
        columns = self.slots[row.side, row.ref.object][mapping.name]
        wires = self._wires(row, columns)
        plain = mapping.type in OWN_READING and not mapping.table and not mapping.steps.of(row.side).read
        if plain and not isinstance(wires[0], float):
            return read_plain(mapping.type, wires[0])
        return self.lens.read(row.side, row.ref.object, mapping.name, wires)

    def _wires(self, row: Row, columns: tuple[str, ...]) -> tuple[Wire, ...]:
        return tuple(
            row.points.get(name.removeprefix(REF)) if name.startswith(REF) else row.wires.get(name) for name in columns
        )

    def _same(self, mapping: FieldMapping, pair: Pair[Row], values: Pair[Canonical | Invalid]) -> bool:
        """Equal, or equal in the words of the side that knows fewer of them."""
        marketing, crm = values.marketing, values.crm
        if isinstance(marketing, Invalid) or isinstance(crm, Invalid):
            return False
        if marketing == crm:
            return True
        if not mapping.table:
            return False
        return any(
            self._as_told(row, mapping, values.other(row.side)) == values.of(row.side)
            for row in pair
            if mapping.direction.flows_to(row.side)
        )

    def _as_told(self, row: Row, mapping: FieldMapping, value: Canonical | Invalid) -> Canonical | Invalid:
        """What the record would mean with the other side's value; what its form leaves alone is emptied if need be."""
        assert not isinstance(value, Invalid)
        written = self.lens.write(row.side, row.ref.object, mapping.name, value)
        if isinstance(written, Invalid | Inexpressible):
            return Invalid("not written")
        columns = self.slots[row.side, row.ref.object][mapping.name]
        beside = {**{name: row.wires.get(name) for name in columns}, **written}
        shown = [tuple(form.get(name) for name in columns) for form in (beside, written)]
        means = [self.lens.read(row.side, row.ref.object, mapping.name, wires) for wires in shown]
        return value if value in means else means[0]

    def _excuse(self, mapping: FieldMapping, pair: Pair[Row], values: Pair[Canonical | Invalid]) -> str | None:
        """Why two different values are right as the mapping has it, or ``None``."""
        if any(isinstance(value, Unlinked) for value in values):
            return "points to a record that has no pair"
        if any(isinstance(value, Invalid) for value in values):
            return None
        if mapping.only_on_create:
            return "only on create"
        owner = Side.MARKETING if mapping.direction is Direction.TO_CRM else Side.CRM
        if mapping.direction is not Direction.BOTH and values.of(owner) is None:
            return "the owning side is empty"
        if mapping.type is FieldType.REFERENCE and None in tuple(values):
            return "a reference is never emptied"
        if any(self._defaulted(row, mapping, values) for row in pair):
            return "default of a create"
        if any(self._without_form(row, mapping, values.other(row.side)) for row in pair):
            return "the other side has no form for the value"
        return None

    def _defaulted(self, row: Row, mapping: FieldMapping, values: Pair[Canonical | Invalid]) -> bool:
        default = mapping.create_default.of(row.side)
        return default is not None and values.of(row.side) == default and values.other(row.side) is None

    def _without_form(self, row: Row, mapping: FieldMapping, value: Canonical | Invalid) -> bool:
        """Whether this side could not be written with the other side's value even if syncd wanted to."""
        if isinstance(value, Invalid) or mapping.type is FieldType.OPT_OUT or not mapping.direction.flows_to(row.side):
            return False
        return isinstance(self.lens.write(row.side, row.ref.object, mapping.name, value), Inexpressible)


class _Alone:
    """Those without a pair: should there be one?"""

    def __init__(self, judging: _Judging, paired: set[Who]) -> None:
        self.judging = judging
        self.kind = judging.kind
        self.paired = paired
        names = frozenset(judging.fields)
        self.scopes = self.kind.scope.map(lambda text: compile_expression(text, names) if text else None)
        self.rules = self.kind.create.map(
            lambda rules: [compile_expression(rule.when, names) if rule.when else None for rule in rules]
        )
        self.sharing: dict[tuple[int, str], list[Who]] = defaultdict(list)
        self.keys: dict[Who, list[tuple[int, str]]] = {}

    def judge(self) -> None:
        """Everybody without a pair is excused, listed, or a flaw."""
        judging = self.judging
        meanings: dict[Who, dict[str, Canonical]] = {}
        for side in Side:
            for ref, row in judging.sides.of(side).rows.items():
                meanings[side, ref] = values = self._values(row)
                self.keys[side, ref] = keys = list(self._match_keys(values))
                for key in keys:
                    self.sharing[key].append((side, ref))
        for who, values in meanings.items():
            if who not in self.paired:
                self._one(judging.sides.of(who[0]).rows[who[1]], who, values)

    def _one(self, row: Row, who: Who, values: Mapping[str, Canonical]) -> None:
        judging, verdict = self.judging, self.judging.verdict
        listed = judging.listed.records.get(who)
        if listed is not None:
            verdict.listed[listed] += 1
            return
        if row.key:
            self._stale_key(row, who)
            return
        mates = {mate for key in self.keys[who] for mate in self.sharing[key] if mate != who}
        others = {mate for mate in mates if mate[0] is not who[0]}
        if others:
            if len(mates) == 1 and not (mates & self.paired):
                if who[0] is Side.MARKETING:  # once a pair
                    judging.flaw("the same by a match rule, but not linked", [who, *sorted(mates)])
                return
            judging.flaw("shares an identity with several records and is not held", [who, *sorted(mates)])
            return
        self._should_exist(who, values, twins=bool(mates))

    def _stale_key(self, row: Row, who: Who) -> None:
        """The key names a record that is not its pair: gone, or alive and pointing elsewhere."""
        other = self.judging.sides.of(who[0].other)
        successor = other.successor(row.key)
        alive = [ref for ref in other.rows if ref.id in {row.key, successor}]
        if not alive:
            self.judging.verdict.listed["deleted counterpart"] += 1
            return
        members: list[Who] = [who, *((who[0].other, ref) for ref in alive)]
        self.judging.flaw("its key names a record that does not point back", members)

    def _should_exist(self, who: Who, values: Mapping[str, Canonical], *, twins: bool) -> None:
        verdict = self.judging.verdict
        scope = self.scopes.of(who[0])
        within = True if scope is None else scope.holds(values)
        verdicts = [within and (rule.holds(values) if rule else True) for rule in self.rules.of(who[0].other)]
        asked = any(each is True for each in verdicts)
        if isinstance(within, Unclear) or (not asked and any(isinstance(each, Unclear) for each in verdicts)):
            verdict.apart["a rule cannot be decided"] += 1
        elif not asked:
            verdict.apart["nobody asks for a counterpart"] += 1
        elif twins:
            verdict.listed["twin on its own side"] += 1
        else:
            self.judging.flaw("the create rule asks for a counterpart and there is none", [who])

    def _values(self, row: Row) -> dict[str, Canonical]:
        found: dict[str, Canonical] = {}
        for name in self.judging.slots[row.side, row.ref.object]:
            value = self.judging.value(row, self.judging.fields[name])
            if not isinstance(value, Invalid):
                found[name] = value
        return found

    def _match_keys(self, values: Mapping[str, Canonical]) -> Iterator[tuple[int, str]]:
        excluded = frozenset(self.kind.partner_domains)
        for number, rule in enumerate(self.kind.match):
            keys = match_keys(rule.by, [values.get(rule.field)], excluded=excluded)
            for key in narrowed(keys, [values.get(name) for name in rule.also]):
                yield number, key


def _shown(value: Canonical | Invalid) -> Canonical:
    return f"(unreadable: {value.reason})" if isinstance(value, Invalid) else value
