"""The catalogue as a whole: complete, readable, seeded; how often a fault fires; what is refused, with which advice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.faults import (
    batches,
    catalogue,
    connections,
    identity_deeds,
    list_deeds,
    moment_deeds,
    network,
    refusals,
    rows,
    setup_deeds,
    texts,
    value_deeds,
)
from sandbox.faults.arming import WrongArming, told
from sandbox.faults.catalogue import CATALOGUE, NOT_HERE, ONLY_IN_PART, UnknownFault, find
from sandbox.faults.reference import faults_reference, faults_table
from sandbox.kernel import ConnectionDropped, NothingToHit, SimulatedClock
from sandbox.salesforce.kernel import SalesforceKernel
from tests.unit.sandbox.fault_stands import PEOPLE, START, Force, Hub, faults_of, stand

PROVEN = (
    refusals,
    network,
    connections,
    batches,
    rows,
    texts,
    setup_deeds,
    list_deeds,
    identity_deeds,
    moment_deeds,
    value_deeds,
)
"""Each has a table of proofs in a test module of its own; another part of the catalogue needs one, too."""


def test_every_part_of_the_catalogue_is_proven_somewhere() -> None:
    """Names are unique, and what the catalogue is made of is what the tests go through."""
    names = [entry.name for part in PROVEN for entry in part.ENTRIES]
    assert len(names) == len(set(names))
    assert set(names) == set(CATALOGUE)
    assert catalogue._PARTS == PROVEN


def test_every_number_is_accounted_for() -> None:
    """F01 to F58 each have an entry or a reason why not, and never both."""
    numbers = {entry.number for entry in CATALOGUE.values()}
    assert numbers | NOT_HERE.keys() == {f"F{number:02}" for number in range(1, 59)}
    assert not numbers & NOT_HERE.keys()
    assert ONLY_IN_PART.keys() <= numbers


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_can_be_read(name: str) -> None:
    """A name of small words, one plain sentence, and one of both sorts."""
    entry = CATALOGUE[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert entry.what[0].isupper()
    assert entry.what.endswith((".", "(served only)."))
    assert entry.hits
    assert bool(entry.answers) != bool(entry.deeds)
    assert entry.vendors


def play(vendor: str, name: str, seed: int) -> tuple[Any, Any]:
    """A script of reads and writes against one armed fault: the call log and everything held at the end."""
    at = stand(vendor)
    at.done("record-deleted", seed=99)
    words = {} if CATALOGUE[name].deeds else {"probability": 0.4}
    if name in ("one-stamp", "shared-stamp"):
        words = {"count": 5}
    at.arm(name, seed=seed, **words)
    for number in range(12):
        for ask in (at.write(number % PEOPLE, f"V{number}"), at.batch(1, 2, 3)):
            try:
                at.raw(*ask)
            except ConnectionDropped:
                at.clock.advance(2)
        at.clock.advance(1)
        try:
            at.read()
        except (ConnectionDropped, ValueError):
            at.clock.advance(2)
    at.clock.advance(60)
    at.kernel.carry_out_late()
    return at.kernel.calls, at.kernel.export()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "vendor"), faults_of(CATALOGUE.values()))
def test_the_same_seed_does_the_same_again(name: str, vendor: str) -> None:
    """Twice the same seed: the same calls, answers and records, to the last stamp."""
    assert play(vendor, name, 5) == play(vendor, name, 5)


def test_another_seed_hits_other_calls() -> None:
    """What is drawn depends on the seed."""
    hits = [[call.fault for call in play("hubspot", "ghost-write", seed)[0]] for seed in range(4)]
    assert len({tuple(each) for each in hits}) == 4


# How often


def hits(hub: Hub, calls: int) -> list[bool]:
    """Which of so many writes were hit."""
    return [hub.raw(*hub.write()).status == 423 for _ in range(calls)]


def test_the_next_the_nth_and_the_next_few() -> None:
    """Nothing said: the next call; `nth` lets the others pass; `times` is how many in a row."""
    hub = Hub()
    hub.arm("hubspot-locked")
    assert hits(hub, 3) == [True, False, False]
    hub.arm("hubspot-locked", nth=3)
    assert hits(hub, 4) == [False, False, True, False]
    hub.arm("hubspot-locked", times=2)
    assert hits(hub, 3) == [True, True, False]
    hub.arm("hubspot-locked", nth=2, times=2)
    assert hits(hub, 4) == [False, True, True, False]


def test_a_probability_lasts_until_it_is_cleared() -> None:
    """About as many are hit as was asked for, at most `times` if that is said too, and none after clearing."""
    hub = Hub()
    hub.arm("hubspot-locked", probability=0.25)
    assert 60 < sum(hits(hub, 400)) < 140
    assert hub.kernel.faults.clear() == ["hubspot-locked"]
    assert sum(hits(hub, 50)) == 0
    hub.arm("hubspot-locked", probability=0.5, times=3)
    assert sum(hits(hub, 50)) == 3


def test_the_first_that_hits_is_the_only_one() -> None:
    """Two faults of one call: the one armed first, then the other."""
    hub = Hub()
    hub.arm("hubspot-migration")
    hub.arm("hubspot-locked")
    assert [hub.raw(*hub.write()).status for _ in range(3)] == [477, 423, 200]


def test_a_deed_right_before_a_call_prefers_what_the_call_names() -> None:
    """The second call is about the Lead that is converted just before it; what is told counts it."""
    force = Force()
    force.arm("lead-converted", nth=2)
    assert force.read()[0] == 200
    status, body = force.call(*force.write(5))
    assert (status, body[0]["errorCode"]) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    assert force.value(force.ids[5], "IsConverted") is True
    assert told(force.kernel)["fired"] == {"lead-converted": 1}


def test_a_deed_is_done_as_often_as_asked() -> None:
    """Three deletions at once, of three records."""
    hub = Hub()
    done = hub.arm("record-deleted", times=3)
    gone = {number for each in done["what"] for number in each["ids"]}
    assert len(gone) == 3
    assert set(hub.seen()) == set(hub.ids) - gone


def test_a_deed_without_anybody_to_do_it_to() -> None:
    """At once it says what is lacking; before a call it waits, and the call is honest."""
    hub = Hub()
    with pytest.raises(NothingToHit, match="record-restored needs 1 archived records, and there are 0"):
        hub.arm("record-restored")
    hub.arm("record-restored", nth=1)
    assert hub.read()[0] == 200
    assert hub.last.fault is None
    hub.done("record-deleted")
    assert hub.read()[0] == 200
    assert hub.last.fault == "record-restored"


def test_a_deed_that_the_vendor_refuses_does_not_happen() -> None:
    """An org that is read-only lets nobody convert: at once that is said, before a call the call is honest."""
    force = Force()
    force.kernel.begin_maintenance()
    with pytest.raises(NothingToHit, match="lead-converted was refused: INSERT_UPDATE_DELETE_NOT_ALLOWED"):
        force.arm("lead-converted")
    force.arm("lead-converted", nth=1)
    assert force.read()[0] == 200
    assert (force.last.fault, force.fired("lead-converted")) == (None, 0)


@pytest.mark.parametrize(("name", "option"), [("type-change", "field"), ("field-read-only", "object")])
def test_a_deed_to_what_is_not_there(name: str, option: str) -> None:
    """A field or an object that the vendor does not have is named."""
    with pytest.raises(NothingToHit, match=f"{name}.*Nope"):
        Force().arm(name, **{option: "Nope"})


def test_a_lead_of_somebody_who_left_is_not_converted() -> None:
    """The vendor would refuse it: one whose owner is active is taken instead."""
    force = Force()
    gone = force.kernel.add_user("gone@x.com", "Who Left")
    for lead in force.ids[:7]:
        force.kernel.edit("Lead", lead, {"OwnerId": gone})
    force.kernel.deactivate_user(gone)
    assert force.done("lead-converted")["ids"] == [force.ids[7]]


def test_a_clock_that_belongs_to_others_is_not_set() -> None:
    """A kernel whose clock is shared cannot be set wrong by itself."""
    force = Force()
    force.kernel = SalesforceKernel(clock=SimulatedClock(START), seed=1)
    with pytest.raises(NothingToHit, match="VendorClock"):
        force.arm("clock-skew")


# What is refused


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ({"probability": 0}, "a probability is above 0"),
        ({"probability": 1.5}, "a probability is above 0"),
        ({"probability": "often"}, "a probability is above 0"),
        ({"nth": 0}, "nth is a whole number"),
        ({"times": True}, "times is a whole number"),
        ({"nth": 2, "probability": 0.5}, "not both"),
        ({"seconds": 3}, "ghost-write takes probability, nth, times, seed, hold, only; it does not take seconds"),
    ],
)
def test_words_that_make_no_sense(words: dict[str, Any], advice: str) -> None:
    """Each says what would be right, and nothing is armed."""
    hub = Hub()
    with pytest.raises(WrongArming, match=re.escape(advice)):
        hub.arm("ghost-write", **words)
    assert hub.kernel.faults.armed == []


def test_a_fault_of_the_other_vendor_is_refused() -> None:
    """It names whose it is."""
    with pytest.raises(WrongArming, match="row-lock is a fault of salesforce, and this is hubspot"):
        Hub().arm("row-lock")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """One letter wrong: the right one comes first; nothing near: the list is named."""
    with pytest.raises(UnknownFault, match="no fault 'gost-write'; did you mean ghost-write") as unknown:
        find("gost-write")
    assert unknown.value.near[0] == "ghost-write"
    with pytest.raises(UnknownFault, match="see the list"):
        find("qqqqqqqq")


# What is told


def test_the_tables_name_every_fault_once() -> None:
    """Markdown has a row of six cells for each; a terminal gets no line that is too long, at any width."""
    page = list(faults_reference())
    table = [line for line in page if line.startswith("| `")]
    assert [line.split("`")[1] for line in table] == list(CATALOGUE)
    assert all(line.count(" | ") + line.count(" |  |") >= 5 for line in table)
    assert any(number in line for line in page for number in NOT_HERE)
    for width in (60, 100, 160):
        lines = list(faults_table(width=width))
        assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == list(CATALOGUE)
    assert max(len(line) for line in faults_table(width=120)) <= 120


def test_what_is_armed_is_told() -> None:
    """Name, chance, what is left and how often it fired."""
    hub = Hub()
    hub.arm("ghost-write", probability=1)
    hub.arm("hubspot-locked", nth=3)
    with pytest.raises(ConnectionDropped):
        hub.raw(*hub.write())
    ghost, locked = told(hub.kernel)["armed"]
    assert ghost == {"name": "ghost-write", "probability": 1.0, "passing": 0, "left": None, "fired": 1}
    assert locked == {"name": "hubspot-locked", "probability": 1.0, "passing": 2, "left": 1, "fired": 0}
    assert {each["name"] for each in told(hub.kernel)["catalogue"]} < set(CATALOGUE)
