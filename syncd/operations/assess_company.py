"""Whether both systems say the same of a person's company, told from one reading, whoever wrote it.

Companies are recognised like people, before them, by the mapping's own rules. Of each company that has a counterpart
two hashes are kept in memory, some 200 bytes; of people only counts and a few names, as everywhere in an assessment.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from syncd.model.remote import RemoteRecord
from syncd.model.values import SIDES, Pair, Side
from syncd.operations.assess import AGREE, BOTH_EMPTY, DIFFERENT, Count
from syncd.operations.assess_reading import Readable, reread
from syncd.operations.report import Bar, Chart, Figure, Section
from syncd.ports.scratch import Scratch

ONLY: Final = Pair("only in marketing", "only in crm")
UNKNOWN: Final = "no counterpart"
"""Both name a company, and neither company was recognised in the other system."""
NO_PLACE: Final = "no place"
"""A record of one side cannot hold a company at all, as a Lead cannot."""
CAUSES: Final = (AGREE, DIFFERENT, *ONLY, UNKNOWN, BOTH_EMPTY, NO_PLACE)


@dataclass(slots=True)
class Counterparts:
    """Which company of one system is which of the other, by hashes of their names."""

    of: Pair[dict[bytes, bytes]] = field(default_factory=lambda: Pair({}, {}))

    def learn(self, scratch: Scratch) -> None:
        """Remembers the pairs of a kind that people may point to."""
        for _, one, _, other, _ in scratch.pairs():
            marketing, crm = _hash(Side.MARKETING, one), _hash(Side.CRM, other)
            self.of.marketing[marketing], self.of.crm[crm] = crm, marketing


@dataclass(slots=True)
class Associations:
    """Pairs of people by what both systems say of the record one reference of theirs points to."""

    name: str
    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))


def compare(known: Readable, scratch: Scratch, counterparts: Counterparts) -> tuple[Associations, ...]:
    """Goes through all pairs of a kind; one answer for each of its references that both sides can be asked for."""
    found = tuple(Associations(name) for name in known.shapes.marketing.refs if name in known.shapes.crm.refs)
    if found:
        for _, one, marketing, other, crm in scratch.pairs():
            records = Pair(reread(marketing), reread(crm))
            for each in found:
                verdict = _verdict(known, each.name, records, counterparts)
                each.counts[verdict].add(f"marketing:{one} crm:{other}")
    return found


def _verdict(known: Readable, name: str, records: Pair[RemoteRecord], counterparts: Counterparts) -> str:
    if any(records.of(side).ref.object not in known.shapes.of(side).refs[name] for side in SIDES):
        return NO_PLACE
    told = Pair(*(_pointed(side, records.of(side), name) for side in SIDES))
    if not told.marketing and not told.crm:
        return BOTH_EMPTY
    for side in SIDES:
        if not told.of(side.other):
            return ONLY.of(side)
    partners = {counterparts.of.marketing.get(each) for each in told.marketing}
    if partners & set(told.crm):
        return AGREE
    unknown = partners == {None} and all(each not in counterparts.of.crm for each in told.crm)
    return UNKNOWN if unknown else DIFFERENT


def _pointed(side: Side, record: RemoteRecord, name: str) -> tuple[bytes, ...]:
    """The one that counts; of several that nothing ranks, each may be it."""
    refs = record.refs.get(name, ())
    return tuple(_hash(side, str(ref)) for ref in (refs if name in record.unranked else refs[:1]))


def _hash(side: Side, name: str) -> bytes:
    return blake2b(f"{side}\n{name}".encode(), digest_size=12).digest()


# -- on the page -------------------------------------------------------------------------------------------------------
def company_section(found: Associations, systems: Pair[str]) -> Section:
    """What both systems say, as figures with the records behind them."""
    title = f"People: the same {found.name}?"
    count = {cause: found.counts.get(cause, Count()) for cause in CAUSES}
    places = sum(count[cause].number for cause in CAUSES if cause != NO_PLACE)
    of = places - count[BOTH_EMPTY].number
    names = {
        AGREE: f"point to the same {found.name}",
        DIFFERENT: f"point to another {found.name}",
        ONLY.marketing: f"{found.name} only in {systems.marketing}",
        ONLY.crm: f"{found.name} only in {systems.crm}",
        UNKNOWN: f"the {found.name} of neither side was recognised on the other",
    }
    figures = [
        Figure(f"person:{found.name}:{cause}", name, count[cause].number, of=of, rows=count[cause].names)
        for cause, name in names.items()
    ]
    figures += [
        Figure(f"person:{found.name}:{BOTH_EMPTY}", f"no {found.name} on either side", count[BOTH_EMPTY].number,
               of=places, rows=count[BOTH_EMPTY].names),
        Figure(f"person:{found.name}:{NO_PLACE}", f"a record that cannot have a {found.name}", count[NO_PLACE].number,
               rows=count[NO_PLACE].names),
    ]  # fmt: skip
    words = f"Of the pairs in which at least one side names a {found.name}, on records of both sides that can have one."
    bars = tuple(Bar(names[cause], count[cause].number, f"{count[cause].number:,} of {of:,}") for cause in names)
    return Section(
        f"person:{found.name}", title, (words,), tuple(figures), (), (Chart(title, bars, float(of)),) if of else ()
    )
