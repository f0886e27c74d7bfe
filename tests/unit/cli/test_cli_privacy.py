"""What remains of forgotten people, and wishes to forget, as an operator types and reads them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.engine.cycle import sync
from syncd.model.errors import BadUsage
from syncd.model.link import Forgotten, Link, LinkState, OptedOut, Proof, Remnant
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from syncd.operations.privacy import ask_to_forget
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.scenarios.steps import Steps
from tests.unit.cli.conftest import AT, Run
from tests.worlds import open_both


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Two empty stand-ins and the example configuration."""
    both = open_both()
    yield Steps(both)
    both.store.close()


def test_what_remains_is_listed_and_waits(run: Run, store: SqlStore) -> None:
    """Side, record, whether mailings stopped, since when; status counts it, and both exit with 1."""
    assert run("privacy").code == 0
    lead = RemoteRef("Lead", "00Q1")
    link = Link("L1", "person", Pair(RemoteRef("contacts", "1"), lead), Proof.KEY, AT, LinkState.FORGOTTEN)
    remnant = Remnant("person", Side.CRM, lead, OptedOut.REFUSED, AT)
    store.settle(Settlement(links=[link], forgotten=[Forgotten(link, ("ann@example.com",), (remnant,))]), AT)
    said = run("privacy", "--json")
    assert said.code == 1
    (row,) = said.json["remnants"]
    assert row.pop("since").startswith("2026-03-02T09:00:00")
    assert row == {"side": "crm", "record": "Lead/00Q1", "kind": "person", "opted_out": "refused"}
    assert "NO: the vendor refused it" in run("privacy").out
    told = run("status", "--json")
    assert told.code == 1
    assert told.json["connections"][0]["remnants"] == 1
    assert "forgotten people" in run("status").out


def test_the_wish_names_no_address(steps: Steps) -> None:
    """An operator names a person by address; what is stored until the next cycle is ids."""
    contact, lead = steps.pair()
    world = steps.both.world
    (hit,) = find_hits(world, "ann@example.com")
    assert ask_to_forget(world, hit, "ann@example.com") == [f"marketing:contacts/{contact}", f"crm:Lead/{lead}"]
    (request,) = steps.both.store.requests()
    assert "ann" not in request.id + request.argument
    sync(world)
    (again,) = find_hits(world, f"crm:Lead/{lead}")
    assert explain(world, again).next[-1].startswith("nothing: the person was forgotten")
    with pytest.raises(BadUsage, match="forgotten already"):
        ask_to_forget(world, again, f"crm:Lead/{lead}")
    with pytest.raises(BadUsage, match="neither side has a record nobody"):
        ask_to_forget(world, None, "nobody@example.com")


def test_a_company_is_no_person(steps: Steps) -> None:
    """A company is not forgotten: the command says what to do instead."""
    company = steps.both.hubspot.create("companies", {"name": "Acme", "domain": "acme.example"})
    steps.pair()
    (hit,) = find_hits(steps.both.world, f"marketing:companies/{company}")
    with pytest.raises(BadUsage, match="no person"):
        ask_to_forget(steps.both.world, hit, f"marketing:companies/{company}")
