"""What a vendor refused before: when the same is held back, and what deserves another try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.core.draft import Draft
from syncd.core.lost import RESTORED
from syncd.core.merge import CHOSEN, Unite
from syncd.core.normalize import Inexpressible
from syncd.core.parking import Parking
from syncd.model.link import NO_ADDRESS, QUARANTINED, Link, Parked, Proof
from syncd.model.remote import RemoteRecord
from syncd.model.values import FieldType, Pair, Side, Wire
from tests.unit.core.laws import NOON, field
from tests.unit.core.test_planner import CONTACT, KIND, LEAD, NOW, PERSON

CRM, MARKETING = Side.CRM, Side.MARKETING
PARKING = Parking(KIND, Pair("m1", "c1"), Pair(NOW, NOW))
TITLE: dict[str, Wire] = {"Title": "Head"}
LATER = NOW.replace(hour=13)


def parked(
    fingerprint: str, *, side: Side = CRM, name: str = "title", code: str = "TOO_LONG", at: Parking = PARKING
) -> Parked:
    """A field that was refused."""
    return Parked("L1", "person", side, LEAD, name, fingerprint, code, "r", "a", NOW)


REFUSED = parked(PARKING.fingerprint(CRM, TITLE))
UNFORESEEN = parked(PARKING.fingerprint(CRM, TITLE, unforeseen=True))
OF_A_TYPE = parked(PARKING.fingerprint(CRM, TITLE, "012"))


def lead(record_type: str | None) -> RemoteRecord:
    """A Lead of a record type."""
    return RemoteRecord(LEAD, "1", NOW, {}, record_type=record_type)


def test_what_a_fingerprint_changes_with() -> None:
    """The value, the mapping and the vendor's schema; with each reading only where the schema did not foresee it."""
    said = PARKING.fingerprint(CRM, TITLE)
    others = [
        PARKING.fingerprint(CRM, {"Title": "Boss"}),
        PARKING.fingerprint(CRM, {"Name": "Head"}),
        PARKING.fingerprint(CRM, TITLE, "012"),
        PARKING.fingerprint(CRM, TITLE, unforeseen=True),
        replace(PARKING, kind=replace(KIND, hash="h2")).fingerprint(CRM, TITLE),
        replace(PARKING, schemas=Pair("m1", "c2")).fingerprint(CRM, TITLE),
    ]
    assert len({said, *others}) == 7
    assert PARKING.fingerprint(CRM, TITLE, "012") == f"{said}@012"
    assert PARKING.fingerprint(CRM, {"A": 1, "B": 2}) == PARKING.fingerprint(CRM, {"B": 2, "A": 1})
    assert replace(PARKING, schemas=Pair("m2", "c1")).fingerprint(CRM, TITLE) == said
    read = replace(PARKING, read=Pair(NOW, LATER))
    assert read.fingerprint(CRM, TITLE) == said
    assert read.fingerprint(CRM, TITLE, unforeseen=True) != PARKING.fingerprint(CRM, TITLE, unforeseen=True)
    assert read.terms(MARKETING) == PARKING.terms(MARKETING)
    assert read.terms(CRM)[0] == PARKING.terms(CRM)[0] != read.terms(CRM)[1] != PARKING.terms(CRM)[1]


@pytest.mark.parametrize(
    ("rows", "wires", "record", "rule", "addressed", "held"),
    [
        ([], TITLE, None, "changed", False, False),
        ([REFUSED], TITLE, None, "changed", False, True),
        ([REFUSED], {"Title": "Boss"}, None, "changed", False, False),
        ([UNFORESEEN], TITLE, None, "changed", False, True),
        ([parked("x"), REFUSED], TITLE, None, "changed", False, True),
        # -- of another side or field
        ([replace(REFUSED, side=MARKETING)], TITLE, None, "changed", False, False),
        ([replace(REFUSED, field="city")], TITLE, None, "changed", False, False),
        # -- by a record type: another one deserves another try
        ([OF_A_TYPE], TITLE, lead("012"), "changed", False, True),
        ([OF_A_TYPE], TITLE, lead("013"), "changed", False, False),
        ([OF_A_TYPE], TITLE, None, "changed", False, True),
        ([REFUSED], TITLE, lead("013"), "changed", False, True),
        # -- an opt-out that had no address, and has one now
        ([replace(REFUSED, code=NO_ADDRESS)], TITLE, None, "changed", False, True),
        ([replace(REFUSED, code=NO_ADDRESS)], TITLE, None, "changed", True, False),
        ([REFUSED], TITLE, None, "changed", True, True),
        # -- quarantine holds any value of either side, but for what a person said
        ([parked("x", code=QUARANTINED)], TITLE, None, "changed", False, True),
        ([parked("x", code=QUARANTINED, side=MARKETING)], TITLE, None, "changed", False, True),
        ([parked("x", code=QUARANTINED, name="city")], TITLE, None, "changed", False, False),
        ([parked("x", code=QUARANTINED)], TITLE, None, CHOSEN, False, False),
        ([parked("x", code=QUARANTINED)], TITLE, None, f"{RESTORED}c1", False, False),
        ([REFUSED], TITLE, None, CHOSEN, False, True),
    ],
)
def test_what_is_held_back(
    rows: list[Parked], wires: Mapping[str, Wire], record: RemoteRecord | None, rule: str, addressed: bool, held: bool
) -> None:
    """This very write was refused and nothing changed since, or the field is in quarantine."""
    assert PARKING.holds_back(rows, CRM, "title", wires, record, rule, addressed=addressed) is held
    if not addressed:
        assert PARKING.holds_back(rows, CRM, "title", wires, record, rule) is held


@pytest.mark.parametrize(
    ("type", "told", "held"),
    [
        (FieldType.STRING, {CRM: TITLE}, True),
        (FieldType.STRING, {MARKETING: {"jobtitle": "Head"}, CRM: TITLE}, True),
        (FieldType.STRING, {MARKETING: {"jobtitle": "Head"}}, False),
        (FieldType.STRING, {CRM: {"Title": "Boss"}}, False),
        (FieldType.STRING, {CRM: Inexpressible("no form")}, False),
        (FieldType.STRING, {MARKETING: Inexpressible("no form"), CRM: TITLE}, True),
        (FieldType.OPT_OUT, {CRM: TITLE}, False),
    ],
)
def test_a_value_for_both_waits_for_the_side_that_refused_it(
    type: FieldType, told: Mapping[Side, Mapping[str, Wire] | Inexpressible], *, held: bool
) -> None:
    """An opt-out goes all the same to whichever takes it."""
    mapping = replace(field(type), name="title")
    nobody: Pair[RemoteRecord | None] = Pair(None, None)
    assert PARKING.holds_one([REFUSED], mapping, told, nobody, Unite("Head", "changed")) is held
    typed = Pair(None, lead("013"))
    assert not PARKING.holds_one([OF_A_TYPE], mapping, told, typed, Unite("Head", "changed"))
    quarantined = [parked("x", code=QUARANTINED)]
    assert not PARKING.holds_one(quarantined, mapping, {CRM: TITLE}, nobody, Unite("Head", CHOSEN))


def test_a_key_that_was_refused_is_not_sent_again() -> None:
    """To the same record; once the side has its key, what was refused is over."""
    keyless = Link("L1", "person", Pair(CONTACT, LEAD), Proof.MATCHED, NOON)
    refused = parked(PARKING.fingerprint(CRM, {"Marketing_Id__c": "51"}), name="Marketing_Id__c")
    other = parked(PARKING.fingerprint(MARKETING, {"crm_id": "00Q1"}), side=MARKETING, name="crm_id")
    for link, rows, sides, freed in (
        (keyless, [], [], []),
        (keyless, [refused], [CRM], []),
        (keyless, [replace(other, ref=CONTACT)], [MARKETING], []),
        (keyless, [refused, replace(other, ref=CONTACT)], [MARKETING, CRM], []),
        (keyless, [replace(refused, field="crm_id")], [], []),
        (keyless, [replace(refused, fingerprint="x")], [], []),
        (keyless, [replace(refused, ref=PERSON)], [], []),
        (replace(keyless, refs=Pair(CONTACT, PERSON)), [refused], [], []),
        (replace(keyless, keyed=Pair(marketing=False, crm=True)), [refused], [CRM], [(CRM, "Marketing_Id__c")]),
        (replace(keyless, keyed=Pair(marketing=True, crm=False)), [refused], [CRM], []),
    ):
        draft = Draft()
        assert (PARKING.keyless(draft, link, rows), draft.frees) == (sides, freed)
