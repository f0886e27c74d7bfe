"""``syncd held`` and ``syncd expect``: what is shown, what is stored, and what is refused with exit 2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.brake import HeldChange, Key, Lot, Measure, Why
from syncd.model.held import read_answers, write_lots
from syncd.ports.memory import BRAKE_ANSWERS, BRAKE_HELD
from syncd.store import SqlStore
from tests.unit.cli.conftest import AT, Run

SOON = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
EXPECT = ("expect", "--updates", "5", "--until", SOON, "--reason", "import")


@pytest.fixture
def lot(store: SqlStore) -> Lot:
    """Forty held titles."""
    key: Key = ("person", Measure.SAME_VALUE, "crm", "email", "mark")
    changes = tuple(HeldChange(f"m{n}", f"link:L{n}", AT) for n in range(40))
    held = Lot(key, Why.DAY, 50, 50, 300, AT, "a script", changes)
    store.remember(BRAKE_HELD, write_lots([held]), AT)
    return held


@pytest.mark.usefixtures("store")
def test_nothing_is_held(run: Run) -> None:
    """A sentence, an empty list, exit 0."""
    assert run("held", "list").out == "the brake holds nothing\n"
    assert run("held", "list", "--json").json == {"held": []}
    assert run("expect", "--list").out == "no wave is expected\n"


def test_what_is_held_is_listed_and_makes_status_fail(run: Run, lot: Lot) -> None:
    """Exit 4 wherever it is seen; twenty records by name and never a value."""
    said = run("held", "list")
    assert said.code == 4
    assert lot.digest in said.out
    assert "a script" in said.out
    assert run("status").code == 4
    told = run("held", "list", "--json").json["held"][0]
    assert (told["records"], told["limit"], told["stands"], len(told["samples"])) == (40, 50, "waits", 20)
    assert run("status", "--json").json["connections"][0]["held"] == [told]
    assert run("held", "show", lot.digest[:8], "--json").json == told


def test_an_answer_is_stored_with_its_reason(run: Run, store: SqlStore, lot: Lot) -> None:
    """Approved, it waits for no person any more; rejected, it is listed as that; the log tells and names no value."""
    said = run("held", "approve", lot.digest, "--reason", "meant")
    assert said.code == 0
    assert [event["outcome"] for event in said.events if event["event"] == "brake.answered"] == ["approved"]
    assert run("held", "list").code == 0
    assert run("held", "reject", lot.digest, "--reason", "not meant").code == 0
    assert run("held", "list", "--json").json["held"][0]["stands"] == "rejected"
    (answer,) = read_answers(store.recall(BRAKE_ANSWERS))
    assert (answer.reason, len(answer.marks)) == ("not meant", 40)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("held", "approve", "0" * 24, "--reason", "x"), "look again with `syncd held list`"),
        (("held", "approve", "", "--reason", "x"), "look again with `syncd held list`"),
        (("held", "reject", "beef", "--reason", "x"), "look again with `syncd held list`"),
        ((*EXPECT, "--field", "nonsense"), "it has email"),
        ((*EXPECT, "--kind", "persons"), "there are person"),
        ((*EXPECT, "--clears", "3"), "call it again"),
        (("expect", "--updates", "-5", "--until", SOON, "--reason", "x"), "1 to 1,000,000"),
        (("expect", "--updates", "5", "--until", "2020-01-01", "--reason", "x"), "in the past"),
        (("expect", "--updates", "5", "--until", "soon", "--reason", "x"), "ISO 8601"),
        (("expect", "--updates", "5", "--until", SOON), "say why"),
        (("expect", "--updates", "5", "--reason", "x"), "until when"),
        (("expect", "--creates", "5", "--field", "email", "--until", SOON, "--reason", "x"), "made whole"),
        (("expect",), "say one of"),
        (("expect", "--cancel", "nothing"), "syncd expect --list"),
        (("expect", "--list", "--cancel", "x"), "either --list"),
    ],
)
def test_what_does_not_fit_is_refused(run: Run, lot: Lot, words: tuple[str, ...], advice: str) -> None:
    """Exit 2, and what to write instead."""
    said = run(*words)
    assert said.code == 2
    assert advice in said.failure["what"]


def test_an_approval_needs_a_reason(run: Run, lot: Lot) -> None:
    """Without one, and with an empty one."""
    assert run("held", "approve", lot.digest).code == 2
    assert run("held", "approve", lot.digest, "--reason", " ").code == 2


@pytest.mark.usefixtures("store")
def test_a_wave_is_expected_listed_and_taken_back(run: Run) -> None:
    """Once by its words, then by its id."""
    assert run(*EXPECT, "--kind", "person", "--field", "email").code == 0
    (wave,) = run("expect", "--list", "--json").json["expected"]
    assert (wave["wave"], wave["records"], wave["used"], wave["field"]) == ("updates", 5, 0, "email")
    assert wave["id"] in run("expect", "--list").out
    assert run("expect", "--cancel", wave["id"]).code == 0
    assert run("expect", "--list", "--json").json == {"expected": []}


@pytest.mark.usefixtures("store")
def test_a_program_is_told_which_wave(run: Run) -> None:
    """When it is told to the brake, and when it is taken back."""
    (told,) = run(*EXPECT, "--kind", "person", "--json").json["expected"]
    assert (told["records"], told["used"], told["kind"]) == (5, 0, "person")
    assert run("expect", "--cancel", told["id"], "--json").json == {"cancelled": told}
