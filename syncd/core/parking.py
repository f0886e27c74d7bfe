"""What a vendor refused before, and whether it deserves another try.

A refused write is known by a fingerprint of what was sent, the mapping and the vendor's schema of its fields: while
that stays the same, so does the answer, and nothing is sent. Besides fields this is true of a link's key, which is
parked under the name that it has at the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.core.draft import Draft
from syncd.core.layout import digest
from syncd.core.lost import by_person
from syncd.core.merge import Unite
from syncd.core.normalize import Inexpressible
from syncd.model.link import NO_ADDRESS, QUARANTINED, Link, Parked
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.remote import RemoteRecord
from syncd.model.values import SIDES, FieldType, Instant, Pair, Side, Wire


@dataclass(frozen=True, slots=True)
class Parking:
    """Judges one kind. ``schemas`` are the vendors' schema fingerprints, ``read`` when each was read."""

    kind: KindMapping
    schemas: Pair[str]
    read: Pair[Instant]

    def terms(self, side: Side) -> tuple[str, str]:
        """Change with the mapping and with that vendor's schema of its fields; the second with each reading too."""
        terms = self.kind.hash, self.schemas.of(side)
        return digest(*terms), digest(*terms, self.read.of(side))

    def fingerprint(
        self, side: Side, wires: Mapping[str, Wire], record_type: str = "", *, unforeseen: bool = False
    ) -> str:
        """Changes when a refused write deserves another try: another value, another mapping, another vendor schema.

        Behind ``@`` stands the record type that refused, if it was one: another type deserves another try too. What the
        schema did not foresee (``unforeseen``) is tried again once the schema was read anew.
        """
        plain = f"{self.terms(side)[unforeseen]}-{digest(sorted(wires.items()))}"
        return f"{plain}@{record_type}" if record_type else plain

    def holds_back(
        self,
        parked: Sequence[Parked],
        side: Side,
        name: str,
        wires: Mapping[str, Wire],
        record: RemoteRecord | None,
        rule: str,
        *,
        addressed: bool = False,
    ) -> bool:
        """Whether this very write was refused and nothing changed since, or the field is in quarantine.

        What waits for an e-mail address is written once the person is ``addressed``.
        """
        if not any(row.field == name for row in parked):
            return False
        if not by_person(rule) and any(row.field == name and row.code == QUARANTINED for row in parked):
            return True
        fingerprints = {self.fingerprint(side, wires, unforeseen=each) for each in (False, True)}
        for row in parked:
            if row.side is side and row.field == name and not (addressed and row.code == NO_ADDRESS):
                plain, _, record_type = row.fingerprint.partition("@")
                if plain in fingerprints and (not record_type or record is None or record.record_type == record_type):
                    return True
        return False

    def holds_one(
        self,
        parked: Sequence[Parked],
        mapping: FieldMapping,
        told: Mapping[Side, Mapping[str, Wire] | Inexpressible],
        seen: Pair[RemoteRecord | None],
        verdict: Unite,
    ) -> bool:
        """Whether one of the sides that a value for both is to be written to has refused it; an opt-out goes all the
        same to whichever takes it.
        """
        return mapping.type is not FieldType.OPT_OUT and any(
            self.holds_back(parked, side, mapping.name, wires, seen.of(side), verdict.rule)
            for side, wires in told.items()
            if not isinstance(wires, Inexpressible)
        )

    def keyless(self, draft: Draft, link: Link, parked: Sequence[Parked]) -> list[Side]:
        """Sides whose record was refused its key, which is the same record still; a refusal that is over is freed."""
        refused: list[Side] = []
        for side in SIDES:
            name, key = self.kind.key.of(side), link.refs.other(side).id
            rows = [row for row in parked if row.side is side and row.field == name]
            if rows and link.keyed.of(side):
                draft.frees.append((side, name))
            here = [row for row in rows if row.ref == link.refs.of(side)]
            if here and self.holds_back(here, side, name, {name: key}, None, ""):
                refused.append(side)
        return refused
