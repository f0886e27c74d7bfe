"""Whether the stand-ins are proven fact by fact: the registry is whole, every row of it is tested or argued for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from deploy.facts import facts, proofs
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.salesforce.switches import SalesforceSwitches
from tests.shared import HERE, SHARED

REFERENCE = SHARED / "reference"
FIRST = {"hubspot": 2, "salesforce": 2}
"""The sections before are about lifetimes and client libraries, which are tested with the connectors."""
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
