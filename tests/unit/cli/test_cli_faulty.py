"""``syncd sandbox --fault``: the list, what is refused before anything starts, and what is armed at whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.faults.catalogue import CATALOGUE
from sandbox.server import RunningSandbox
from syncd.cli import faulty
from syncd.model.errors import BadUsage
from tests.unit.cli.conftest import Run


@pytest.fixture
def box() -> Iterator[RunningSandbox]:
    """Both stand-ins, empty."""
    with RunningSandbox.start(seed=5) as running:
        yield running


def test_the_list_is_a_table_of_all_faults(run: Run) -> None:
    """Every name begins a line; nothing is started and nothing else is said."""
    said = run("sandbox", "--fault", "list")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == list(CATALOGUE)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("gost-write", "did you mean ghost-write"),
        ("gost-write=0.1", "did you mean ghost-write"),
        ("ghost-write=often", "write a probability like ghost-write=0.1"),
        ("ghost-write=", "write a probability like ghost-write=0.1"),
        ("ghost-write=2", "above 0 and at most 1"),
        ("ghost-write=nan", "above 0 and at most 1"),
        ("ghost-write=0", "above 0 and at most 1"),
    ],
)
def test_what_is_refused(run: Run, word: str, advice: str) -> None:
    """Exit 2 before anything is started, with what would be right."""
    said = run("sandbox", "--fault", word)
    assert (said.code, said.out) == (2, "")
    assert advice in said.failure["what"]


def test_a_fault_of_both_is_armed_at_both(box: RunningSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """With its probability where one is given, else for one call; a fault of one vendor at that one only."""
    faulty.arm(box, faulty.read(["ghost-write=0.25", "row-lock"]))
    (ghost,) = box.hubspot.faults.armed
    assert (ghost.name, ghost.probability) == ("ghost-write", 0.25)
    assert [(fault.name, fault.times > 1) for fault in box.salesforce.faults.armed] == [
        ("ghost-write", True), ("row-lock", False),
    ]  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        "# fault at hubspot: ghost-write (0.25 of the calls)",
        "# fault at salesforce: ghost-write (0.25 of the calls)",
        "# fault at salesforce: row-lock (once)",
    ]


def test_a_deed_needs_somebody_to_do_it_to(box: RunningSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """On an empty stand-in the way out is named; with records it is done at once."""
    with pytest.raises(BadUsage, match=r"--fault lead-converted: .* and there are 0; make records with --people"):
        faulty.arm(box, [("lead-converted", None)])
    (lead,) = box.salesforce.load("Lead", [{"LastName": "A", "Company": "B"}])
    faulty.arm(box, [("lead-converted", None)])
    assert box.salesforce.org.schema.entities["Lead"].table.rows[lead]["IsConverted"] is True
    assert capsys.readouterr().out == "# fault at salesforce: lead-converted (done)\n"
