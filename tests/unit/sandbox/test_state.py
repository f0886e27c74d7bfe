"""What a stand-in holds goes into a file and comes back: the same bytes, the same answers, and clear refusals."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox import state
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import Fault, Kernel, SimulatedClock
from sandbox.population import populate
from sandbox.salesforce.kernel import SalesforceKernel
from tests.unit.sandbox.hubspot_account import START, HubSpotAccountUnderTest
from tests.unit.sandbox.salesforce_client import Client
from tests.unit.sandbox.saved_accounts import (
    asked_of_account,
    asked_of_org,
    busy_account,
    busy_org,
    twin_account,
    twin_org,
)


def test_an_account_comes_back_as_it_was() -> None:
    """Loading a saved account and saving it again gives the same bytes, its constants untouched."""
    box = busy_account()
    content = state.dump(box.kernel)
    assert state.dump(box.kernel) == content
    assert state.dump(twin_account(box, content).kernel) == content
    assert "tier" not in HubSpotAccountUnderTest().kernel.portal.stores["contacts"].definitions


def test_an_org_comes_back_as_it_was() -> None:
    """Loading a saved org and saving it again gives the same bytes."""
    org = busy_org()
    content = state.dump(org.kernel)
    assert state.dump(org.kernel) == content
    assert state.dump(twin_org(org, content).kernel) == content


def test_a_loaded_account_answers_alike() -> None:
    """Reads, histories, searches that still lag, refusals, new ids, tokens and the log are those of the original."""
    box = busy_account()
    twin = twin_account(box, state.dump(box.kernel))
    ours, theirs = asked_of_account(box), asked_of_account(twin)
    for number, (one, two) in enumerate(zip(ours, theirs, strict=True)):
        assert one == two, number
    assert state.dump(box.kernel) == state.dump(twin.kernel)


def test_a_loaded_org_answers_alike() -> None:
    """Describes, queries, late commits, running jobs, locked rows, new ids and sessions are those of the original."""
    org = busy_org()
    twin = twin_org(org, state.dump(org.kernel))
    ours, theirs = asked_of_org(org), asked_of_org(twin)
    for number, (one, two) in enumerate(zip(ours, theirs, strict=True)):
        assert one == two, number
    assert state.dump(org.kernel) == state.dump(twin.kernel)


def test_webhooks_go_on_after_loading() -> None:
    """A watched account that was loaded tells of the next change, as the original does."""
    box = busy_account()
    twin = twin_account(box, state.dump(box.kernel))
    for each in (box, twin):
        each.kernel.edit("contacts", each.kernel.export()["contacts"][0]["id"], {"firstname": "Once more"})
    first, second = (each.kernel.webhooks.outbox.due(each.kernel.portal.now() + 60_000) for each in (box, twin))
    assert first == second
    assert "Once more" in str(first)


def test_a_population_comes_back(tmp_path: Path) -> None:
    """Two populated, bare stand-ins are written to a folder, and fresh ones that are not bare become like them."""
    clock = SimulatedClock(START)
    pair: tuple[HubSpotKernel, SalesforceKernel] = (
        HubSpotKernel(clock=clock, seed=1, bare=True), SalesforceKernel(clock=clock, seed=2, bare=True)
    )  # fmt: skip
    populate(*pair, people=60, companies=12)
    for kernel in pair:
        told = state.save(kernel, tmp_path / "kept")
        assert (Path(told["file"]).stat().st_mode & 0o777, told["left_behind"]) == (0o600, [])
    fresh: tuple[HubSpotKernel, SalesforceKernel] = (
        HubSpotKernel(clock=clock, seed=9), SalesforceKernel(clock=clock, seed=9)
    )  # fmt: skip
    for kernel in fresh:
        assert state.load(kernel, tmp_path / "kept")
        assert not state.load(kernel, tmp_path / "nothing there")
    for old, new in zip(pair, fresh, strict=True):
        assert new.export() == old.export()
    assert "syncd_crm_id" not in fresh[0].portal.stores["contacts"].definitions
    assert fresh[1].switches.enforces_rights
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["hubspot.json", "salesforce.json"]


def test_the_clock_goes_on_where_it_stood() -> None:
    """A loaded stand-in never lives before the moment at which it was saved."""
    box = busy_account()
    box.clock.advance(5_000)
    twin = twin_account(box, state.dump(box.kernel))
    assert twin.clock.now() == START + timedelta(seconds=5_030)


def test_what_is_code_is_named() -> None:
    """Armed faults, what they must undo and rules in Python are left behind, and said to be."""
    org = busy_org()
    org.kernel.org.workflows["Lead"] = [lambda old, new: {}]
    org.kernel.faults.arm(Fault("html", lambda request: True))
    org.kernel.faults.undo.append(lambda: None)
    assert state.left_behind(org.kernel) == [
        "armed fault html", "the way back from 1 lasting faults", "workflows of Lead"
    ]  # fmt: skip
    assert state.left_behind(twin_org(org, state.dump(org.kernel)).kernel) == []


def _changed(content: bytes, **parts: Any) -> bytes:
    return orjson.dumps(orjson.loads(content) | parts)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-200], "damaged"),
        (lambda content: content.replace(b"p5@x.com", b"q5@x.com"), "damaged: its content is not what was saved"),
        (lambda content: b"[]", "no saved state"),
        (lambda content: _changed(content, version=99), "version 99, and this program reads version 1"),
        (lambda content: _changed(content, vendor="salesforce"), "state of salesforce, not of hubspot"),
    ],
)
def test_a_file_that_does_not_fit_says_why(spoil: Any, words: str) -> None:
    """Damaged files and those of another version or vendor are told apart, and the file is named."""
    content = state.dump(busy_account().kernel)
    with pytest.raises(state.StateError, match=f"here.json.*{words}"):
        state.restore(HubSpotAccountUnderTest().kernel, spoil(content), name="here.json")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"hubspot.records:Record", b"hubspot.records:Wreck", "there is no hubspot.records:Wreck"),
        (b"hubspot.records:Record", b"kernel:datetime", "there is no kernel:datetime"),
        (b'"born":', b'"borne":', "Record of another make.*born"),
    ],
)
def test_a_file_of_another_make_says_why(old: bytes, new: bytes, words: str) -> None:
    """A class or an attribute that this program does not have is named, and no foreign class is ever made."""
    told = orjson.loads(state.dump(busy_account().kernel))
    held = orjson.dumps(told["held"]).replace(old, new)
    content = _changed(orjson.dumps(told), held=orjson.loads(held), digest=state._digest(held))
    with pytest.raises(state.StateError, match=words):
        state.restore(HubSpotAccountUnderTest().kernel, content)


def test_only_a_fresh_stand_in_is_filled() -> None:
    """A stand-in that has answered a call refuses another state."""
    used: Kernel = Client().kernel
    content = state.dump(used)
    used.calls.extend(busy_org().kernel.calls[:1])
    with pytest.raises(state.StateError, match="answered calls already"):
        state.restore(used, content)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Saving below a file says which path, and leaves nothing behind."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(state.StateError, match=r"file/hubspot\.json cannot be written"):
        state.save(HubSpotAccountUnderTest().kernel, tmp_path / "file")
