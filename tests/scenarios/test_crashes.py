"""Killed at every step: whatever was in flight is settled by reading, nothing is lost and nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpRequest
from syncd.engine.cycle import sync
from syncd.model.errors import SyncdError
from syncd.store import open_store
from tests.fakes import FakeChance
from tests.sampled import effects
from tests.worlds import Both, open_both, open_world


class Killed(BaseException):
    """The process is gone; nothing catches this."""


class Mortal:
    """Wraps an object so that the n-th call of any of these methods kills the process, before or after it ran."""

    def __init__(self, inner: object, methods: frozenset[str], countdown: list[int]) -> None:
        self._inner = inner
        self._methods = methods
        self._countdown = countdown

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if name == "for_lane":
            return lambda lane: Mortal(found(lane), self._methods, self._countdown)
        if name not in self._methods:
            return found

        def call(*args: object, **words: object) -> object:
            self._tick()
            answer = found(*args, **words)
            self._tick()
            return answer

        return call

    def _tick(self) -> None:
        self._countdown[0] -= 1
        if self._countdown[0] == 0:
            raise Killed


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """Stand-ins over a store in a file, so that a process can end and another go on."""
    opened = open_both(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.store.close()


def people(both: Both) -> None:
    """Three who are to be made, two who are to be linked, one held; stages that differ."""
    for number in range(3):
        both.hubspot.create(
            "contacts",
            {"email": f"new{number}@example.com", "lastname": "N", "lifecyclestage": "marketingqualifiedlead"},
            by="userId:1",
        )
    for number in range(2):
        both.hubspot.create(
            "contacts",
            {"email": f"old{number}@example.com", "lastname": "O", "lifecyclestage": "lead", "city": f"Town {number}"},
            by="userId:1",
        )
        both.salesforce.insert("Lead", {"LastName": "O", "Company": "C", "Email": f"old{number}@example.com"})


def fresh(both: Both, tmp_path: Path, countdown: list[int]) -> None:
    """A new process over the same store and stand-ins, which dies when the countdown ends."""
    both.store.close()
    store = open_store(f"sqlite:///{tmp_path}/state.db", "main", clock=both.clock, chance=FakeChance(countdown[0] + 99))
    both.store = store
    world = open_world(both.hubspot, both.salesforce, both.clock, store, both.settings)
    world.store = Mortal(store, frozenset({"begin", "settle"}), countdown)  # type: ignore[assignment]
    world.connectors = world.connectors.map(
        lambda connector: Mortal(connector, frozenset({"write"}), countdown)  # type: ignore[return-value]
    )
    both.world = world


def killed_at(both: Both, folder: Path, effect: int, *, after: float = 0.0) -> bool:
    """A cycle of a fresh process that dies at this effect, and the end of its lease; ``False`` if it had fewer."""
    fresh(both, folder, [effect])
    both.clock.advance(after)
    killed = False
    try:
        sync(both.world)
    except Killed:
        killed = True
    both.clock.advance(130)
    return killed


def until_quiet(both: Both, tmp_path: Path) -> None:
    """Restarts and cycles, horizons passing in between, until a cycle does nothing."""
    for _ in range(6):
        fresh(both, tmp_path, [10**9])
        both.clock.advance(200)
        ended = sync(both.world)
        if ended.needs_approval:
            assert ended.plan is not None
            ended = sync(both.world, approve=ended.plan.digest)
        if not ended.run.counts:
            return
    raise AssertionError(f"still busy: {ended.run.counts}")


def state(both: Both) -> dict[str, object]:
    """What both systems say, ids and stamps left out."""
    contacts = both.hubspot.export()["contacts"]
    leads = both.salesforce.export()["Lead"]
    by_id = {row["Id"]: row for row in leads}
    told = {}
    for row in contacts:
        lead = by_id.get(row["properties"].get("syncd_crm_id") or "")
        told[row["properties"]["email"]] = (
            row["properties"]["lifecyclestage"],
            row["properties"].get("city"),
            lead and (lead["Email"], lead["Status"], lead["City"], lead["Syncd_Marketing_Id__c"] == row["id"]),
        )
    return {"people": told, "leads": len(leads), "contacts": len(contacts)}


@pytest.mark.slow
def test_a_kill_at_every_step_of_the_first_link_ends_in_the_same_state(tmp_path: Path) -> None:
    """One effect after the other kills, until a run is not killed: restart, and the end is always the same."""
    expected: dict[str, object] | None = None
    for n in effects(200):
        folder = tmp_path / str(n)
        folder.mkdir()
        opened = open_both(f"sqlite:///{folder}/state.db")
        people(opened)
        opened.clock.advance(60)
        preview = sync(opened.world)
        assert preview.plan is not None
        fresh(opened, folder, [n])
        killed = False
        try:
            sync(opened.world, approve=preview.plan.digest)
        except Killed:
            killed = True
        opened.clock.advance(130)  # the dead process's lease runs out
        until_quiet(opened, folder)
        found = state(opened)
        opened.store.close()
        expected = expected or found
        assert found == expected, f"killed at effect {n}"
        assert found["leads"] == 5
        if not killed:
            assert n > 10, "the loop must have had something to kill"
            return
    raise AssertionError("no run went through")


@pytest.mark.parametrize("when", ["drop", "after", "before"])
@pytest.mark.parametrize("tail", ["batch/update", "composite/sobjects/Lead"])
def test_a_lost_answer_is_settled_by_reading(both: Both, tmp_path: Path, when: str, tail: str) -> None:
    """The vendor executed and the answer is lost (or never got there): no second create, and all arrives."""
    people(both)
    both.clock.advance(60)
    preview = sync(both.world)
    assert preview.plan is not None
    kernel = both.hubspot if tail.startswith("batch") else both.salesforce

    def hit(request: HttpRequest) -> bool:
        return request.method in {"POST", "PATCH"} and tail in request.path

    kernel.faults.arm(Fault(name=when, matches=hit, when=when, times=1))
    with suppress(SyncdError):  # the run may say that it could not finish; what counts is the state below
        sync(both.world, approve=preview.plan.digest)
    until_quiet(both, tmp_path)
    assert state(both)["leads"] == 5
    made = [id_ for call in both.salesforce.calls for id_ in call.created if id_.startswith("00Q")]
    assert len(made) == len(set(made)) == 3
