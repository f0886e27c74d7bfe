"""What people are told of routing: why somebody has an owner, and what ``doctor`` finds before anybody is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.call import Call
from syncd.cli.main import main
from syncd.engine.world import World
from syncd.model.fitting import Severity
from syncd.model.values import Side
from syncd.operations.fitting import needs_of
from syncd.operations.routing_fit import routing_findings
from tests.scenarios.routings import EVERYBODY, TEAM, Desk, address, configured, routing
from tests.scenarios.steps import HOUR
from tests.unit.cli.conftest import Said
from tests.worlds import ROOT, open_both


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Calls ``explain`` on a desk's world."""

    def call(desk: Desk, *words: str) -> Said:
        class Loaded:
            def connection(self, _name: str | None) -> Any:
                return desk.both.settings

        @contextmanager
        def looking(_call: Call, *, loaded: Any = None) -> Iterator[World]:
            yield desk.both.world

        monkeypatch.setattr(Call, "loaded", lambda _call: Loaded())
        monkeypatch.setattr(Call, "looking", looking)
        monkeypatch.setenv("COLUMNS", "200")
        capsys.readouterr()
        code = main(["--config", str(ROOT / "config"), "explain", *words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


# -- explain -----------------------------------------------------------------------------------------------------------
def test_before_and_after(tmp_path: Path, explained: Callable[..., Said]) -> None:
    """Who would get the person, then who got them, by which rule and who was passed over."""
    rules = [{"name": "company", "to": "company_owner"}, EVERYBODY]
    desk = Desk.of(tmp_path, rules=rules)
    desk.both.salesforce.deactivate_user(desk.user("ann"))
    desk.cycle()
    (contact,) = desk.qualified(1)
    desk.both.clock.advance(HOUR)
    name = f"marketing:contacts/{contact}"
    before = explained(desk, name)
    who = f"user:{address('ben')}, by the rule 'everybody', out of the pool team"
    assert f"next owner: {who}" in before.out
    desk.cycle()
    after = explained(desk, name).out
    assert f"UTC: {who}" in after
    assert "passed over: the rule 'company' no company is linked to the person" in after
    assert f"passed over: user:{address('ann')} (everybody) is not active" in after
    assert f"passed over: user:{address('cam')} (everybody) has a later turn" in after
    told = explained(desk, name, "owner", "--json").json["record"]["routing"]
    assert (told["next"], told["picked_up"]) == (None, None)
    (given,) = told["given"]
    assert (given["owner"], given["pool"], given["outcome"]) == (f"user:{address('ben')}", "team", "done")
    assert given["passed"][0] == {"rule": "company", "owner": None, "why": "no company is linked to the person"}
    assert explained(desk, name, "title", "--json").json["record"]["routing"] is None


def test_picked_up_from_the_queue(tmp_path: Path, explained: Callable[..., Said]) -> None:
    """The fallback is told as such, and who took the person up counts as assigned."""
    desk = Desk.of(tmp_path, pools={"team": {"members": ["gone@sales.example"]}})
    (contact,) = desk.qualified(1)
    desk.cycle()
    name = f"marketing:contacts/{contact}"
    assert "UTC: queue:New Leads, the fallback" in explained(desk, name).out
    desk.sell(desk.lead_of(contact), OwnerId=desk.user("cam"))
    desk.cycle()
    assert f"picked up from the queue by user:{address('cam')}: counts as assigned" in explained(desk, name).out
    told = explained(desk, name, "--json").json["record"]["routing"]
    assert told["picked_up"] == {"owner": f"user:{address('cam')}", "from": "queue:New Leads"}


def test_nobody_and_no_queue(tmp_path: Path, explained: Callable[..., Said]) -> None:
    """The person is made and stays with syncd's user; once there is a queue, whoever looks again routes them."""
    desk = Desk.of(tmp_path, pools={"team": {"members": ["gone@sales.example"]}}, fallback="Nowhere")
    (contact,) = desk.qualified(1)
    desk.cycle()
    assert desk.owners([contact]) == ["integration.user@sandbox.example"]
    assert "nobody: not even the fallback queue is there" in explained(desk, f"marketing:contacts/{contact}").out
    desk.quiet()
    desk.both.salesforce.add_queue("Nowhere")
    desk.market(contact, jobtitle="Head")
    desk.cycle()
    assert desk.owners([contact]) == ["Nowhere"]
    desk.quiet()


# -- doctor ------------------------------------------------------------------------------------------------------------
def test_a_sound_routing_has_no_findings(tmp_path: Path) -> None:
    """Everybody named is active, the queue is there; the right to give Leads away is asked for."""
    desk = Desk.of(tmp_path)
    assert not list(routing_findings(desk.both.world))
    kinds = desk.both.world.connection.kinds
    assert needs_of(kinds, Side.CRM).gives_owners
    assert "OwnerId" in needs_of(kinds, Side.CRM).objects["Lead"].written
    assert not needs_of(kinds, Side.MARKETING).objects.get("Lead")


def test_what_nobody_can_be_given_to(tmp_path: Path) -> None:
    """A pool without active users, a user and a queue there are not are broken; whoever has left is a notice."""
    rules = [{"name": "one", "when": "country == 'DE'", "to": {"owner": "nobody@sales.example"}}, EVERYBODY]
    tree = routing(rules=rules, fallback="Nowhere", takes_from={"users": ["mia@marketing.example"]})
    both = open_both(config=configured(tmp_path, tree))
    for name in TEAM[:2]:
        both.salesforce.deactivate_user(both.salesforce.add_user(address(name), name))
    told = [(each.severity, each.what, each.where.partition(":")[0]) for each in routing_findings(both.world)]
    none, left, place = "is no user or queue of the CRM", "is not active", "routing.yaml, pools.team.members"
    everybody = ", ".join(map(address, TEAM))
    assert told == [
        (Severity.NOTICE, f"routing: ann@sales.example {left}", place),
        (Severity.NOTICE, f"routing: ben@sales.example {left}", place),
        (Severity.BROKEN, f"routing: cam@sales.example {none}", place),
        (Severity.BROKEN, f"routing: nobody@sales.example {none}", "routing.yaml, the rule 'one'"),
        (Severity.BROKEN, f"routing: Nowhere {none}", "routing.yaml, fallback"),
        (Severity.NOTICE, "routing: mia@marketing.example is no user of the CRM", "routing.yaml, takes_from.users"),
        (Severity.BROKEN, f"routing: nobody of the pool team is active: {everybody}", place),
    ]
