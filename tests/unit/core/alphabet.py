"""Eight words for every field type: missing, null, "", a, A, a', b and one that cannot be read, per side.

``A`` is ``a`` in another case, or another notation where a type has no cases; ``a'`` is ``a`` as people type it.
``apart`` says for which types ``A`` is a value of its own, since their case means something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from syncd.core.layout import Layouts
from syncd.core.merge import Seen
from syncd.core.normalize import Codec, Context, Directory, Invalid, Lens
from syncd.core.parking import Parking
from syncd.core.planner import Planner
from syncd.core.sight import Sight
from syncd.model.link import Base, Link, Proof
from syncd.model.mapping import FieldMapping, KindMapping, TableRow, Unknown
from syncd.model.remote import REF, RemoteRecord, RemoteRef, RemoteUser, UserSort
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Pair, Side, Told, Wire

Wires = tuple[Wire, ...]
NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WORDS: Final = ("missing", "null", "empty", "a", "A", "a'", "b", "invalid")
REFS: Final = Pair(RemoteRef("contacts", "51"), RemoteRef("Lead", "00Q1"))
LINK: Final = Link("L1", "person", REFS, Proof.MATCHED, NOON, keyed=Pair(marketing=True, crm=True))
BROKEN: Final = "half\0"


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The words of one type that have a value or should have: ``a``, ``A``, ``a'``, ``b`` and the unreadable one."""

    name: str
    type: FieldType
    words: Pair[tuple[Wires, Wires, Wires, Wires, Wires]]
    apart: bool = False
    rules: Mapping[str, object] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many vendor fields hold one value."""
        return len(self.words.marketing[0])

    def wires(self, side: Side, word: str | Wires) -> Wires | None:
        """What the vendor fields hold, by a word or as they are; ``None`` where they are not told."""
        if isinstance(word, tuple):
            return word
        if word == "missing":
            return None
        if word in {"null", "empty"}:
            nothing = "" if word == "empty" and self.type is not FieldType.REFERENCE else None
            return (nothing,) * self.width
        return self.words.of(side)[WORDS.index(word) - 3]


def _alike(*wires: Wire) -> Pair[tuple[Wires, Wires, Wires, Wires, Wires]]:
    """One vendor field, and the same words on both sides."""
    first, cased, typed, second, invalid = wires
    words = ((first,), (cased,), (typed,), (second,), (invalid,))
    return Pair(words, words)


def _sided(marketing: tuple[Wire, ...], crm: tuple[Wire, ...]) -> Pair[tuple[Wires, Wires, Wires, Wires, Wires]]:
    return Pair(_alike(*marketing).marketing, _alike(*crm).crm)


def _double(*wires: Wires) -> Pair[tuple[Wires, Wires, Wires, Wires, Wires]]:
    first, cased, typed, second, invalid = wires
    return Pair((first, cased, typed, second, invalid), (first, cased, typed, second, invalid))


def _row(value: str, marketing: tuple[str, ...], crm: tuple[str, ...]) -> TableRow:
    """A row whose first form on each side is the one that is written."""
    return TableRow(value, Pair(tuple((each,) for each in marketing), tuple((each,) for each in crm)),
                    Pair((marketing[0],), (crm[0],)))  # fmt: skip


TABLE: Final = (_row("hot", ("hot_lead", "HOT_LEAD"), ("Hot", "HOT")), _row("cold", ("cold_lead",), ("Cold",)))
_TABLED: Final = _sided(
    ("hot_lead", "HOT_LEAD", " hot_lead ", "cold_lead", "warm_lead"), ("Hot", "HOT", " Hot ", "Cold", "Warm")
)
_STATE = (("California", "US"), ("CALIFORNIA", "USA"), (" California ", "United States"), ("Texas", "US"))
_MONEY = (("12.5", "EUR"), (12.5, "eur"), ("12.50", " EUR "), ("13", "EUR"), ("12.5", "Euro"))

ALPHABETS: Final = (
    Alphabet("string", FieldType.STRING, _alike("Bonn", "BONN", " Bonn ", "Ulm", BROKEN), apart=True),
    Alphabet("text", FieldType.TEXT, _alike("one\ntwo", "ONE\nTWO", "one\r\ntwo \n", "three", BROKEN), apart=True),
    Alphabet("email", FieldType.EMAIL, _alike("a@b.example", "A@B.example", " a@b.example ", "c@b.example", "none")),
    Alphabet(
        "phone", FieldType.PHONE, _alike("+49228123456", "0228/123456", " (0228) 123 456 ", "+49228123457", BROKEN),
        rules={"region": "DE"},
    ),
    Alphabet("url", FieldType.URL, _alike(
        "https://a.example", "HTTPS://A.EXAMPLE/", " a.example ", "b.example", BROKEN)),
    Alphabet("boolean", FieldType.BOOLEAN, _sided(
        ("true", "TRUE", " true ", "false", "perhaps"), (True, "TRUE", "1", False, "perhaps"))),
    Alphabet("integer", FieldType.INTEGER, _sided(
        ("17", "+17", " 17.0 ", "18", "17.5"), (17, "17e0", 17.0, 18, 17.5))),
    Alphabet("decimal", FieldType.DECIMAL, _sided(
        ("12.5", "+12.5", " 12.50 ", "13", "1,5"), (12.5, "1.25e1", "12.50", 13, "1,5"))),
    Alphabet("money", FieldType.MONEY, _double(*_MONEY)),
    Alphabet("money of one currency", FieldType.MONEY, _alike("12.5", 12.5, " 12.50 ", "13", "much"),
             rules={"currency": "EUR"}),
    Alphabet("date", FieldType.DATE, _alike(
        "2020-02-29", "1582934400000", " 2020-02-29 ", "2020-03-01", "2020-02-30")),
    Alphabet("datetime", FieldType.DATETIME, _alike(
        "2020-02-29T03:30:17.000Z", "2020-02-29T04:30:17+01:00", "1582947017000", "2020-02-29T03:30:18Z", "29.2.2020")),
    Alphabet("enum", FieldType.ENUM, _alike("hot", "Hot", " hot ", "cold", BROKEN), apart=True,
             rules={"unknown": Unknown.PASS}),
    Alphabet("enum by table", FieldType.ENUM, _TABLED, rules={"table": TABLE}),
    Alphabet("set", FieldType.SET, _alike("x;y", "X;Y", " y; x;", "z", BROKEN), apart=True),
    Alphabet("set by table", FieldType.SET, _sided(
        ("hot_lead", "HOT_LEAD", "hot_lead;;", "cold_lead;hot_lead", "warm_lead"),
        ("Hot", "HOT", " Hot;HOT", "Hot;Cold", "Warm")), rules={"table": TABLE}),
    Alphabet("country", FieldType.COUNTRY, _alike("Germany", "GERMANY", " DE ", "France", "Atlantis")),
    Alphabet("state", FieldType.STATE, _double(*_STATE, (BROKEN, "US"))),
    Alphabet("owner", FieldType.OWNER, _sided(
        ("7", "8", " 7 ", "9", "404"), ("005A", "005B", " 005A ", "005C", "0404"))),
    Alphabet("opt_out", FieldType.OPT_OUT, _sided(
        ("true", "TRUE", " true ", "false", "perhaps"), (True, "TRUE", "1", False, "perhaps"))),
    Alphabet("reference", FieldType.REFERENCE, _sided(
        ("companies/1", "companies/11", "companies/111", "companies/2", "companies/404"),
        ("Account/1", "Account/11", "Account/111", "Account/2", "Account/404")), rules={"kind": "company"}),
)  # fmt: skip
"""At least one per type. Several owners with one address, and several companies of one link, are one value."""


class Scene:
    """One field of one type on both sides, read and written by the real Lens."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        marketing = tuple(f"m{number}" for number in range(alphabet.width))
        crm = tuple(f"C{number}" for number in range(alphabet.width))
        slots: Pair[Mapping[str, tuple[str, ...]]] = Pair({"contacts": marketing}, {"Lead": crm})
        self.field = FieldMapping("f", alphabet.type, slots, **alphabet.rules)  # type: ignore[arg-type]  # its rules
        self.lens = self._lens(self.field)
        self._layouts = Layouts(self.lens)
        self._sight = Sight(self.lens, self._layouts)
        self.names = Pair(*(self._layouts.slots(side, REFS.of(side).object)["f"] for side in SIDES))

    def planner(self, rules: FieldMapping) -> Planner:
        """A planner of that field alone, under these rules."""
        lens = self._lens(rules)
        return Planner(
            Layouts(lens), connection="main", parking=Parking(lens.kind, Pair("m", "c"), Pair(NOON, NOON)), now=NOON
        )  # fmt: skip

    def value(self, side: Side, word: str | Wires) -> Told | Invalid:
        """What a word means there."""
        wires = self.alphabet.wires(side, word)
        return MISSING if wires is None else self.read(side, wires)

    def read(self, side: Side, wires: Wires) -> Canonical | Invalid:
        """What these vendor fields mean."""
        return self.lens.read(side, REFS.of(side).object, "f", wires)

    def record(self, side: Side, word: str | Wires) -> RemoteRecord:
        """A record that shows this word, and nothing else."""
        wires = self.alphabet.wires(side, word)
        fields: dict[str, Wire] = {}
        refs: dict[str, tuple[RemoteRef, ...]] = {}
        if wires is not None and self.names.of(side)[0].startswith(REF):
            object_name, _, id_ = str(wires[0] or "").partition("/")
            refs["f"] = (RemoteRef(object_name, id_),) if id_ else ()
        elif wires is not None:
            fields.update(zip(self.names.of(side), wires, strict=True))
        return RemoteRecord(REFS.of(side), "1", NOON, fields, refs)

    def base(self, word: str | Wires) -> Base:
        """Both sides had confirmed this word; agreed, if it can be read."""
        value = self.value(Side.CRM, word)
        confirmed: list[dict[str, Wire]] = []
        for side in SIDES:
            wires = self.alphabet.wires(side, word)
            confirmed.append({} if wires is None else dict(zip(self.names.of(side), wires, strict=True)))
        return Base({} if value is MISSING or isinstance(value, Invalid) else {"f": value}, Pair(*confirmed))

    def seen(self, side: Side, base: Base, word: str | Wires) -> Seen:
        """One side that shows this word now."""
        record = self.record(side, word)
        return self._sight.of(side, "f", object_name=record.ref.object, base=base, record=record)

    def _lens(self, rules: FieldMapping) -> Lens:
        kind = KindMapping("person", Pair(("contacts",), ("Lead",)), Pair("key", "Key"), (rules,), hash="h")
        return Lens(kind, _context(), Pair(Codec.TEXT, Codec.JSON))


def _context() -> Context:
    """Ada has an active and an inactive user on either side; two companies are linked, one by three ids."""
    users = [
        [
            RemoteUser(ada, UserSort.USER, "Ada", "ada@b.example", active=True),
            RemoteUser(old, UserSort.USER, "Ada", "Ada@B.example", active=False),
            RemoteUser(bob, UserSort.USER, "Bob", "bob@b.example", active=True),
        ]
        for ada, old, bob in (("7", "8", "9"), ("005A", "005B", "005C"))
    ]
    links = [{f"{name}/{id_}": f"K{id_[0]}" for id_ in ("1", "11", "111", "2")} for name in ("companies", "Account")]
    refs = [{"K1": f"{name}/1", "K2": f"{name}/2"} for name in ("companies", "Account")]
    return Context(Pair(*map(Directory.from_users, users)), Pair(*links), Pair(*refs))
