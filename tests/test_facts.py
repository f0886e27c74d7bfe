"""Whether the stand-ins are proven fact by fact: the registry is whole, every row of it is tested or argued for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

import pytest

from deploy.facts import Fact, facts, proofs
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.salesforce.switches import SalesforceSwitches
from tests.shared import HERE, SHARED

pytestmark = pytest.mark.xdist_group("sources")  # of which one process reads all tests once

REFERENCE = SHARED / "reference"
FIRST = {"hubspot": 2, "salesforce": 2}
"""The sections before are about lifetimes and client libraries, which are tested with the connectors."""
DEFAULTS = SHARED / "design" / "defaults.md"
READ = {
    "1": (3, "d8811e45e694"),
    "2": (3, "5b843502cec1"),
    "3": (6, "082cdcedc413"),
    "4": (8, "3fb5c7199155"),
    "5": (7, "aad0e09d3c7a"),
    "6": (10, "97e6a094cd41"),
    "7": (1, "ccfc4208eb1f"),
}
"""Sections of the design of the defaults, which has no table of facts: how many were found in each, and the digest of
its words as they were read for it."""
SEEN = "[V]"
"""Stands behind what the design says was read in documents or recordings of the vendor."""
TESTED = 0.95
SWITCHES = {field.name for kind in (HubSpotSwitches, SalesforceSwitches) for field in fields(kind)}


def _rows(source: str) -> Iterator[tuple[str, str]]:
    """Place and mark of every row of a reference's tables; a table without a column of marks inherits ``D``."""
    section, place, marked, inside = "", 0, False, False
    for line in (REFERENCE / f"{source}.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## (\d+)\.", line):
            section, place = heading[1], 0
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not inside:
            inside, marked = True, cells[-1] == "mark"
        elif set(line) - set("|-: "):
            place += 1
            if int(section) >= FIRST[source]:
                yield f"{source} {section}.{place}", "".join(sorted(_letters(cells[-1]))) if marked else "D"


def _letters(mark: str) -> set[str]:
    return set(re.findall(r"\b[DCU]\b", mark))


@pytest.mark.skipif(not HERE, reason=f"no shared material: the vendor reference is not at {REFERENCE}")
@pytest.mark.parametrize("source", sorted(FIRST))
def test_the_registry_has_every_row_of_the_reference(source: str) -> None:
    """In its order, with its mark: no fact is forgotten, and none is called surer than it is."""
    ours = [(fact.id, "".join(sorted(_letters(fact.mark)))) for fact in facts() if fact.id.startswith(f"{source} ")]
    assert ours == list(_rows(source))


def _sections() -> dict[str, str]:
    """The words of each section of the design of the defaults, by its number."""
    parts = re.split(r"^## (\d+)\..*$", DEFAULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {number: " ".join(text.split()) for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def _behind() -> list[Fact]:
    return [fact for fact in facts() if fact.id.startswith("defaults ")]


def _flaws(sections: Mapping[str, str], rows: Sequence[Fact]) -> list[str]:
    """What the registry of facts behind the defaults lacks, and what was changed since they were looked for."""
    flaws = [f"section {number} is new: look for facts in it" for number in sorted(sections.keys() - READ.keys())]
    for number, (count, digest) in READ.items():
        text = sections.get(number, "")
        ours = [fact for fact in rows if fact.id.startswith(f"defaults {number}.")]
        wanted = [f"defaults {number}.{place}" for place in range(1, count + 1)]
        if [fact.id for fact in ours] != wanted:
            flaws.append(f"section {number} has {count} facts: its rows are {wanted}, in this order")
        quotes = [fact.quote or "" for fact in ours]
        flaws += [f"{fact.id}: not once in its section: {fact.quote}" for fact in ours if _times(fact, text) != 1]
        places = [text.find(quote) for quote in quotes]
        if places != sorted(places):
            flaws.append(f"section {number}: its rows are not in the order of the text")
        for mark in re.finditer(re.escape(SEEN), text):
            before = text[: mark.start()].rstrip()
            if not any(quote and before.endswith(quote) for quote in quotes):
                flaws.append(f"section {number}: no row quotes what was read: ...{before[-80:]} {SEEN}")
        if (found := _digest(text)) != digest:
            flaws.append(f"section {number} was changed: does it state another vendor fact? Then note {found} in READ")
    return flaws


def _times(fact: Fact, text: str) -> int:
    return text.count(fact.quote) if fact.quote else 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.skipif(not HERE, reason=f"no shared material: the design is not at {DEFAULTS}")
def test_the_registry_has_every_fact_behind_the_defaults() -> None:
    """Each is quoted from its section, in its order; and no section says more than when it was read for facts."""
    assert not _flaws(_sections(), _behind())


@pytest.mark.skipif(not HERE, reason=f"no shared material: the design is not at {DEFAULTS}")
@pytest.mark.parametrize(
    ("section", "words", "flaws"),
    [
        ("2", "An owner has a colour.", ["was changed"]),
        ("2", f"An owner has a colour {SEEN}.", ["no row quotes", "was changed"]),
        ("8", "Owners have colours.", ["is new"]),
    ],
)
def test_a_fact_that_is_added_to_the_design_is_missed(section: str, words: str, flaws: list[str]) -> None:
    """With the mark of what was read or without, in an old section or a new one."""
    sections = _sections()
    sections[section] = f"{sections.get(section, '')} {words}"
    found = _flaws(sections, _behind())
    assert len(found) == len(flaws)
    assert all(part in flaw for part, flaw in zip(flaws, found, strict=True))


@pytest.mark.skipif(not HERE, reason=f"no shared material: the design is not at {DEFAULTS}")
def test_a_row_that_is_lost_or_made_up_is_noticed() -> None:
    """One left out, two in the wrong order, and one whose words stand nowhere."""
    rows = _behind()
    assert len(_flaws(_sections(), rows[1:])) == 2
    assert len(_flaws(_sections(), [rows[1], rows[0], *rows[2:]])) == 2
    assert len(_flaws(_sections(), [*rows[:-1], replace(rows[-1], quote="no such words")])) == 1
    assert len(_flaws(_sections(), [*rows[:-1], replace(rows[-1], quote=None)])) == 1


def test_what_a_test_claims_to_prove_is_in_the_registry() -> None:
    """A slip in a mark would prove nothing."""
    assert not proofs().keys() - {fact.id for fact in facts()}


def test_what_is_certain_is_imitated_or_argued_for() -> None:
    """Tested, at least so many; the rest names the feature that is lacking."""
    certain = [fact for fact in facts() if fact.certain]
    tested = [fact for fact in certain if proofs().get(fact.id)]
    silent = [fact.id for fact in certain if not proofs().get(fact.id) and not fact.left_out]
    assert not silent
    assert len(tested) >= TESTED * len(certain)


def test_what_is_uncertain_is_a_switch() -> None:
    """One that exists, or a feature that is lacking; and a test shows both of its positions."""
    uncertain = [fact for fact in facts() if not fact.certain]
    assert not [fact.id for fact in uncertain if not (fact.switch or fact.left_out)]
    switches = {fact.id: fact.switch for fact in uncertain if fact.switch}
    assert not {fact: switch for fact, switch in switches.items() if switch not in SWITCHES}
    assert not [fact for fact in switches if not proofs().get(fact)]
