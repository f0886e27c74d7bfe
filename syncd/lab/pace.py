"""How much syncd writes, counted from what leaves: no fourth flip (P4), and no more than the brake allows (P12).

A *flip* is to send a value that was sent before to that field of that record, after another one: who sends a fourth one
fights with somebody else's automation. All of a play lies within the brake's day, so that what is sent to a field of a
side by its end is at most what the day allows, and within an hour what the hour allows, plus what people approved. A
record that gets the same value again, as after a lost answer, counts once.

The bound is one from above: the brake charges a change when it is decided on, whether or not it is ever sent, and takes
off what a vendor has put off, which is not counted here either. Opt-outs are no part of it, and what a vendor adds to a
new record belongs to its making: what goes back to whom it was made for, within minutes, is not counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from syncd.lab.ledger import Ledger
from syncd.lab.meaning import text
from syncd.lab.violation import Violation
from syncd.model.brake import DAY, HOUR, Limits, Measure
from syncd.model.mapping import Connection, FieldMapping, KindMapping
from syncd.model.values import FieldType, Lane, Side

FLIPS: Final = 3
"""How often a value may come back to a field of a record within a day."""
MAKING: Final = 180_000
"""Milliseconds within which what a vendor added to a new record goes back."""
Form = tuple[str, ...]
_HOUR, _DAY = (round(span.total_seconds() * 1000) for span in (HOUR, DAY))


class Pace:
    """What was sent so far."""

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._limits: Limits = connection.brake
        self._kinds = connection.kinds
        self._ledger = ledger
        self._sent: defaultdict[tuple[Side, str, str], list[Form]] = defaultdict(list)
        self._first: dict[tuple[str, Measure, Side, str], dict[object, int]] = {}
        self._made_for: dict[tuple[Side, str], int] = {}
        self.linked = 0

    def sends(
        self, side: Side, object_name: str, record: str, values: Mapping[str, Any], *, mate: str, ms: int, done: bool
    ) -> None:
        """A record is written, or, with an empty id, made for that ``mate`` of the other side, at ``ms``; unless it is
        surely not ``done``.
        """
        for kind in self._kinds:
            if object_name not in kind.objects.of(side):
                continue
            if not record:
                if not done:
                    continue
                self._count(kind, Measure.CREATES, side, "", mate, ms=ms)
                self._made_for[side.other, mate] = ms
                continue
            for mapping in kind.fields:
                form = _form(mapping, side, object_name, values)
                if form and mapping.type is not FieldType.OPT_OUT:
                    self._writes(kind, mapping, side, record, form, ms=ms, done=done)

    def _writes(
        self, kind: KindMapping, mapping: FieldMapping, side: Side, record: str, form: Form, *, ms: int, done: bool
    ) -> None:
        before = self._sent[side, record, mapping.name]
        if before[-1:] != [form]:
            before.append(form)
        measure = Measure.UPDATES
        if not any(form):
            measure = Measure.CLEARS
        elif mapping.lane is Lane.HANDOFF:
            measure = Measure.STAGES
        if done and mapping.derive is None and ms - self._made_for.get((side, record), -MAKING) >= MAKING:
            self._count(kind, measure, side, mapping.name, (record, form), ms=ms)

    def _count(self, kind: KindMapping, measure: Measure, side: Side, name: str, what: object, *, ms: int) -> None:
        self._first.setdefault((kind.kind, measure, side, name), {}).setdefault(what, ms)

    def broken(self) -> Iterator[Violation]:
        """What was more than is promised."""
        for (side, record, name), forms in self._sent.items():
            flips = len(forms) - len(set(forms))
            if flips > FLIPS and (side, record) not in self._ledger.decided:
                yield Violation("P4", f"{side} {record} {name}", f"a value came back {flips} times: {forms[-4:]}")
        for (kind, measure, side, name), what in self._first.items():
            approved = self._ledger.approved[kind, str(side), name]
            for span, limits in ((_HOUR, self._limits.hour), (_DAY, self._limits.day)):
                most, allowed = _most(sorted(what.values()), span), limits[measure].of(self.linked)
                if most > allowed + approved:
                    where = f"{side} {kind} {name}".strip()
                    told = f"{most} {measure} within {span // _HOUR} hours; {allowed} are allowed"
                    yield Violation("P12", where, f"{told} and {approved} were approved")
                    break


def _form(mapping: FieldMapping, side: Side, object_name: str, values: Mapping[str, Any]) -> Form:
    """What is sent of a field; () if it is not among it. What is only read beside it (a country) does not count."""
    columns = mapping.slots.of(side).get(object_name, ())
    own = columns if mapping.table else columns[:1]
    return tuple(text(values.get(name)) for name in own) if any(name in values for name in own) else ()


def _most(moments: list[int], span: int) -> int:
    """The most of these moments that lie within any span."""
    most = first = 0
    for number, moment in enumerate(moments):
        while moment - moments[first] >= span:
            first += 1
        most = max(most, number - first + 1)
    return most
