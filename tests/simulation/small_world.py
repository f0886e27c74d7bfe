"""A small world of two vendors, its links and Bases, people who change it, and a ledger of all that happened.

Both vendors are connectors in memory, the store is a few dictionaries; everything between them that decides or settles
is the real code. The seed chooses the rules of the fields, what stands where, and what people do.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, cast

from syncd.core.layout import Layouts
from syncd.core.normalize import Codec, Lens
from syncd.core.planner import digest
from syncd.engine.world import Terms, World
from syncd.model.link import VERSION, Base, Link, Linked, Proof
from syncd.model.mapping import (
    Clear,
    Confirm,
    Connection,
    CreateRule,
    Direction,
    FieldMapping,
    KindMapping,
    MatchRule,
    Policy,
    Tie,
)
from syncd.model.remote import Cursor, Gone, Moved, Page, RemoteRecord, RemoteRef, Shape, Succession, wire_of
from syncd.model.run import StoredCursor
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Lane, Pair, Side, Wire
from syncd.ports.store import Store
from tests.fakes import FakeChance, FakeClock
from tests.memory_connector import Held, MemoryConnector, Shelf
from tests.simulation.memory_store import MemoryStore

WIDE: Final = 12
"""Characters that the CRM keeps of a title, in worlds where it cuts."""
FIELDS: Final = Pair(
    {"contacts": ("email", "jobtitle", "stage", "out", "internal"), "companies": ("name", "tags", "internal")},
    {
        "Lead": ("Email", "Title", "Status", "Out", "Internal"),
        "Contact": ("Email", "Position", "Out", "Internal"),
        "Account": ("Name", "Tags", "Internal"),
    },
)
"""What each vendor has; ``internal`` is mapped nowhere."""


def kinds(chance: random.Random) -> tuple[KindMapping, KindMapping]:
    """Companies and people; what may go which way and who wins is drawn."""

    def ruled(name: str, type: FieldType, slots: Pair[Mapping[str, tuple[str, ...]]]) -> FieldMapping:
        policy = chance.choice([Policy.CRM, Policy.MARKETING, Policy.NEWEST, Policy.HOLD])
        direction = chance.choice([Direction.BOTH, Direction.BOTH, Direction.TO_CRM, Direction.TO_MARKETING])
        clears = [each for each in Clear if all(direction.flows_to(s) or not each.flows_to(s) for s in SIDES)]
        tie = chance.choice(list(Tie)) if policy is Policy.NEWEST else None
        return FieldMapping(name, type, slots, direction, policy, tie, chance.choice(clears),
                            confirm=chance.choice([Confirm.NONE, Confirm.READBACK]))  # fmt: skip

    def on(marketing: str, lead: str | None, contact: str | None) -> Pair[Mapping[str, tuple[str, ...]]]:
        crm = {"Lead": (lead,)} if lead else {}
        return Pair({"contacts": (marketing,)}, crm | ({"Contact": (contact,)} if contact else {}))

    company = KindMapping(
        "company", Pair(("companies",), ("Account",)), Pair("crm_id", "Key"),
        (ruled("name", FieldType.STRING, Pair({"companies": ("name",)}, {"Account": ("Name",)})),
         FieldMapping("tags", FieldType.SET, Pair({"companies": ("tags",)}, {"Account": ("Tags",)}),
                      policy=Policy.UNION, clear=chance.choice(list(Clear)))),
        create=Pair((CreateRule("companies"),), (CreateRule("Account"),)), hash="h",
    )  # fmt: skip
    email = replace(ruled("email", FieldType.EMAIL, on("email", "Email", "Email")), direction=Direction.BOTH)
    person = KindMapping(
        "person", Pair(("contacts",), ("Lead", "Contact")), Pair("crm_id", "Key"),
        (replace(email, clear=Clear.HOLD), ruled("title", FieldType.STRING, on("jobtitle", "Title", "Position")),
         ruled("stage", FieldType.STRING, on("stage", "Status", None)),
         FieldMapping("out", FieldType.OPT_OUT, on("out", "Out", "Out"), lane=Lane.OPT_OUT),
         FieldMapping("company", FieldType.REFERENCE, on("companies", None, "Account"), policy=Policy.CRM,
                      kind="company")),
        match=(MatchRule("email", "email"),),
        create=Pair((CreateRule("contacts"),), (CreateRule("Lead"),)), hash="h",
    )  # fmt: skip
    return company, person


@dataclass
class Watched(Shelf):
    """A vendor that cuts titles if it is narrow, and whose every value is noted.

    ``history`` holds per record and vendor field all wires it ever had, ``edits`` how often somebody else than syncd
    changed it; a value that the vendor made of what syncd wrote is such a change.
    """

    narrow: bool = False
    history: dict[tuple[RemoteRef, str], list[Wire]] = field(default_factory=dict)
    edits: Counter[tuple[RemoteRef, str]] = field(default_factory=Counter)

    def edit(self, ref: RemoteRef, values: Mapping[str, Wire], *, author: str = "person") -> None:
        """Stored as the vendor likes it."""
        kept = {name: self._kept(name, wire) for name, wire in values.items()}
        super().edit(ref, kept, author=author)
        for name, wire in kept.items():
            self.history.setdefault((ref, name), [None]).append(wire)
            if author != "syncd" or wire != values[name]:
                self.edits[ref, name] += 1

    def convert(self, lead: RemoteRef, account: RemoteRef | None) -> None:
        """A Lead becomes a Contact; what both have is carried over, the account is new."""
        old = self.held[lead]
        values = {"Position" if name == "Title" else name: wire for name, wire in old.values.items()}
        values.pop("Status", None)
        contact = self.create("Contact", values)
        self.edits.update(
            (contact, "Position" if name == "Title" else name) for ref, name in list(self.edits) if ref == lead
        )
        if account is not None:
            self.point(contact, account)
        old.values["Key"] = None
        self._end(lead, Moved(lead, contact, Succession.CONVERTED, self.clock.now()))

    def point(self, ref: RemoteRef, company: RemoteRef) -> None:
        """Somebody says where a person works."""
        self.held[ref].refs["company"] = (company,)
        self.edits[ref, "ref:company"] += 1
        self._touch(self.held[ref])

    def merge(self, winner: RemoteRef, loser: RemoteRef) -> RemoteRef:
        """The loser's key is gone with it; for whoever was linked to it all values of the winner are news."""
        self.held[loser].values.pop("crm_id" if self.side is Side.MARKETING else "Key", None)
        self.edits.update((winner, name) for name in (*self.fields[winner.object], "ref:company"))
        return super().merge(winner, loser)

    def living(self, *objects: str) -> list[Held]:
        """Records that are there, by age."""
        return [each for each in self.held.values() if each.end is None and each.ref.object in objects]

    def _kept(self, name: str, wire: Wire) -> Wire:
        return wire[:WIDE].strip() if self.narrow and name in {"Title", "Position"} and isinstance(wire, str) else wire


class Vendor(MemoryConnector):
    """A connector that also tells who left to those who do not read its changes, as after a full compare."""

    def for_lane(self, lane: Lane) -> Vendor:
        return Vendor(self.shelf, lane=lane)

    def departures(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        ended = [each for each in self.shelf.held.values() if each.end and each.ref.object in shape.objects]
        news = [each for each in ended if each.change > int(after or 0)]
        yield Page(
            (), Cursor(str(max((each.change for each in news), default=int(after or 0)))),
            gone=[each.end for each in news if isinstance(each.end, Gone)],
            moved=[each.end for each in news if isinstance(each.end, Moved)],
        )  # fmt: skip


class SmallWorld:
    """Two vendors, what is known of them, and the dice."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = FakeClock()
        self.kinds = kinds(self.chance)
        self.store = MemoryStore()
        self.shelves = Pair(*(self._shelf(side) for side in SIDES))
        for number, side in enumerate(SIDES):  # ids of both sides differ, versions sort as text
            self.shelves.of(side).change = 1_000_000 * (number + 1)
        self.world = World(
            connection=Connection("main", self.kinds, Pair(2.0, 2.0)),
            connectors=self.shelves.map(Vendor),
            codecs=Pair(Codec.TEXT, Codec.JSON),
            store=cast("Store", self.store),
            clock=self.clock,
            chance=FakeChance(seed),
            verify=lambda kind, _: kind,
        )
        now = self.clock.now()
        for kind in self.kinds:
            lens = Lens(kind, self.world.context, self.world.codecs)
            self.world.terms[kind.kind] = Terms(kind, Layouts(lens), Pair("m", "c"), Pair(now, now), frozenset())
        self._populate()
        for side in SIDES:
            self.shelves.of(side).edits.clear()
            connector = self.world.connectors.of(side)
            for kind in self.kinds:
                cursor = connector.start(self.shape(side, kind.kind))
                row = StoredCursor(kind.kind, side, "changes", cursor, self.clock.now())
                self.store.places[kind.kind, side, "changes"] = row
            for _ in range(self.chance.randrange(2)):
                self.stray(side)

    def lens(self, kind: str) -> Lens:
        """The reader of one kind."""
        return self.world.terms[kind].lens

    def shape(self, side: Side, kind: str) -> Shape:
        """What is read of one kind."""
        return self.lens(kind).shape(side)

    def record(self, side: Side, kind: str, ref: RemoteRef) -> RemoteRecord | None:
        """One record as its connector tells it now, if it is there."""
        (answer,) = self.world.connectors.of(side).fetch(self.lens(kind).shape(side), [ref])
        return answer if isinstance(answer, RemoteRecord) else None

    # -- how it begins -----------------------------------------------------------------------------------------------
    def _shelf(self, side: Side) -> Watched:
        fields = {name: frozenset(each) for name, each in FIELDS.of(side).items()}
        return Watched(self.clock, fields, side, narrow=side is Side.CRM and self.chance.random() < 0.5)

    def _populate(self) -> None:
        for number in range(2):
            values = {"name": f"Company {number}", "tags": "x;y"}
            self._link("company", "companies", "Account", values, {"Name": values["name"], "Tags": "y;x"})
        for number in range(3):
            email, out = f"p{number}@x.example", self.chance.random() < 0.2
            crm: dict[str, Wire] = {"Email": email.upper(), "Out": out}
            lead: dict[str, Wire] = {"Title": "Buyer", "Status": "new"}
            contact: dict[str, Wire] = {"Position": "Buyer"}
            there, more = self.chance.choice([("Lead", lead), ("Contact", contact)])
            marketing = {"email": email, "jobtitle": "Buyer", "stage": "new", "out": str(out).lower()}
            self._link("person", "contacts", there, marketing, {**crm, **more})

    def _link(self, kind: str, here: str, there: str, marketing: Mapping[str, Wire], crm: Mapping[str, Wire]) -> None:
        """Two records in step, linked, each with the other's id as its key, and what both confirmed."""
        refs = Pair(self.shelves.marketing.create(here, marketing), self.shelves.crm.create(there, crm))
        keys = self.kinds[0].key
        for side in SIDES:
            self.shelves.of(side).edit(refs.of(side), {keys.of(side): refs.other(side).id, "internal": "ours"})
        link = Link(digest("main", kind, Side.MARKETING, refs.marketing), kind, refs, Proof.MATCHED, self.clock.now(),
                    keyed=Pair(marketing=True, crm=True))  # fmt: skip
        self.store.links[link.id] = Linked(link, self._confirmed(kind, refs))
        for side in SIDES:
            self.world.context.links.of(side)[str(refs.of(side))] = link.id
            self.world.context.refs.of(side)[link.id] = str(refs.of(side))

    def _confirmed(self, kind: str, refs: Pair[RemoteRef]) -> Base:
        agreed: dict[str, Canonical] = {}
        confirmed: Pair[dict[str, Wire]] = Pair({}, {})
        for side in SIDES:
            record = self.record(side, kind, refs.of(side))
            assert record is not None
            for slot in self.lens(kind).slots(side, refs.of(side).object):
                wires = [wire_of(record, name) for name in slot.vendor_fields]
                told = tuple(wire for wire in wires if wire is not MISSING)
                value = self.lens(kind).read(side, refs.of(side).object, slot.field.name, told)
                confirmed.of(side).update(zip(slot.vendor_fields, told, strict=True))
                if any(each.field.name == slot.field.name for each in self.lens(kind).slots(
                    side.other, refs.other(side).object)):  # fmt: skip
                    agreed[slot.field.name] = cast("Canonical", value)
            confirmed.of(side)[VERSION] = record.version
        return Base(agreed, cast("Pair[Mapping[str, Wire]]", confirmed))

    # -- what people do ----------------------------------------------------------------------------------------------
    def perturb(self, side: Side) -> None:
        """A few things that people do on one side."""
        for _ in range(self.chance.randrange(1, 6)):
            self.clock.advance(self.chance.choice([0.0, 1.0]))
            deed = self.chance.choices([self.change, self.stray, self.move, self.remove], [12, 2, 2, 1])[0]
            deed(side)

    def change(self, side: Side) -> None:
        """Somebody edits or empties one mapped field."""
        held = self._anybody(side)
        name, wire = self.chance.choice(list(self._words(side, held.ref.object).items()))
        if name == "ref:company":
            self.shelves.of(side).point(held.ref, self._company(side))
        else:
            self.shelves.of(side).edit(held.ref, {name: wire})

    def stray(self, side: Side) -> None:
        """Somebody makes a record."""
        object_name = self.chance.choice(sorted(FIELDS.of(side)))
        words = self._words(side, object_name)
        words.pop("ref:company", None)
        self.shelves.of(side).create(object_name, words)

    def move(self, side: Side) -> None:
        """A Lead is converted, or two people of one object are merged."""
        shelf = self.shelves.of(side)
        people = shelf.living("contacts") if side is Side.MARKETING else shelf.living("Lead", "Contact")
        leads = [each for each in people if each.ref.object == "Lead"]
        if leads and self.chance.random() < 0.7:
            shelf.convert(self.chance.choice(leads).ref, self.chance.choice([None, self._company(side)]))
            return
        winner = self.chance.choice(people) if people else None
        losers = [each for each in people if winner and each.ref.object == winner.ref.object and each is not winner]
        if winner and losers:
            shelf.merge(winner.ref, self.chance.choice(losers).ref)

    def remove(self, side: Side) -> None:
        """Somebody deletes a record, but never the last of its object: a side that shows nothing is not believed."""
        ref = self._anybody(side).ref
        if len(self.shelves.of(side).living(ref.object)) > 1:
            self.shelves.of(side).archive(ref)

    def _anybody(self, side: Side) -> Held:
        living = self.shelves.of(side).living(*FIELDS.of(side))
        if not living:
            self.shelves.of(side).create("contacts" if side is Side.MARKETING else "Contact", {})
        return self.chance.choice(living or self.shelves.of(side).living(*FIELDS.of(side)))

    def _company(self, side: Side) -> RemoteRef:
        companies = self.shelves.of(side).living("companies", "Account")
        if companies:
            return self.chance.choice(companies).ref
        return self.shelves.of(side).create("companies" if side is Side.MARKETING else "Account", {})

    def _words(self, side: Side, object_name: str) -> dict[str, Wire]:
        """Something that people might type into each mapped field; free text names its author and its moment."""
        draw = self.chance.choice
        text = draw([None, "", "Buyer", "BUYER", f"{side} wrote {self.chance.randrange(10**6)}"])
        email = draw(["p0@x.example", "P1@X.example", " p2@x.example ", "p3@x.example", "nobody", "", None])
        out = draw(["true", "false", ""]) if side is Side.MARKETING else draw([True, False])
        words: dict[str, Wire] = {
            "email": email, "jobtitle": text, "title": text, "position": text, "stage": text, "status": text,
            "out": out, "name": text, "tags": draw([None, "x", "y;x", "X", "z;x;z", "y;w"]),
        }  # fmt: skip
        told = {name: words[name.lower()] for name in FIELDS.of(side)[object_name] if name.lower() != "internal"}
        return told | ({"ref:company": None} if object_name in {"contacts", "Contact"} else {})
