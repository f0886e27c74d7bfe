"""The agreement in shadow mode: of the pairs that are found, those in step; what each cause takes from it, and no more.

Nothing is linked, so the first cases are judged by the plan of a first link that nobody carries out; those below by the
sweep of a connection that was live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.readonly import ReadOnly
from syncd.operations import health
from syncd.operations.report_agreement import agreement
from tests.scenarios.lifecycles import CLOSED, NEW, WORKING, world_with
from tests.scenarios.steps import Schema, Steps, relived
from tests.scenarios.test_crashes import Killed, fresh
from tests.scenarios.test_reconcile import SHARES
from tests.scenarios.test_shadow import Onlooker
from tests.worlds import open_both, with_deals

Fields = Mapping[str, object]
NOTHING: Fields = {}
PHONE = "+1 415-555-0132"


def _without_owners(person: Schema) -> None:
    """Who owns somebody in the CRM is shown in fields that syncd alone fills: in shadow mode nobody does."""
    for name in ("sales_owner_name", "sales_owner_email"):
        person["fields"].pop(name)


@pytest.fixture
def shade(tmp_path: Path) -> Iterator[Onlooker]:
    """Two systems, and what both teams agreed on."""
    made = Onlooker(Steps(relived(tmp_path, lambda _: None, person=_without_owners)))
    yield made
    made.both.store.close()


def met(steps: Steps, name: str, contact: Fields = NOTHING, lead: Fields = NOTHING) -> tuple[str, str]:
    """An MQL of both systems, the same in both but for what is given."""
    address = {"email": f"{name}@acme.com", "company": "Acme", "firstname": name}
    here = steps.contact(**{**address, **{key: str(value) for key, value in contact.items()}})
    return here, steps.lead(**{"Email": address["email"], "FirstName": name, "Status": NEW, **lead})


def found(shade: Onlooker, kind: str = "person") -> list[float | None]:
    """Pairs, those in step, and the share, as the report tells them."""
    known = {figure.key: figure.value for figure in agreement(shade.both.store).figures()}
    return [known[f"{kind}:{name}"] for name in ("linked", "agree", "agreement")]


def looked(shade: Onlooker) -> None:
    """A daemon's cycle in shadow mode of a connection that has links; nobody is written."""
    world, before = shade.both.world, shade.steps.written()
    connectors = world.connectors.map(ReadOnly)
    sync(replace(world, connection=replace(world.connection, mode="shadow"), connectors=connectors), steady=True)
    assert shade.steps.written() == before


CAUSES: Mapping[str, tuple[Fields, Fields]] = {
    "marketing alone has a value": ({"jobtitle": "CEO"}, NOTHING),
    "the CRM alone has a value": (NOTHING, {"Title": "CEO"}),
    "both have different ones": ({"jobtitle": "CEO"}, {"Title": "CFO"}),
    "sales is further": (NOTHING, {"Status": WORKING}),
    "no declared way leads from one stage to the other": ({"lifecyclestage": "customer"}, {"Status": CLOSED}),
    "an opt-out on one side": (NOTHING, {"HasOptedOutOfEmail": True}),
    "a value that nobody can read": ({"country": "Nowhereland"}, {"Country": "France"}),
    "a value that the other side would refuse": ({"jobtitle": "x" * 200}, NOTHING),
}
ALIKE: Mapping[str, tuple[Fields, Fields]] = {
    "all of it": ({"jobtitle": "CEO"}, {"Title": "CEO"}),
    "another form": ({"phone": PHONE}, {"Phone": "(415) 555-0132"}),
    "an address in capitals": (NOTHING, {"Email": "Z@Acme.com"}),
    "a field that nobody mapped": ({"numemployees": "5-25"}, {"Rating": "Hot"}),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_takes_one_pair_from_the_agreement(shade: Onlooker, cause: str) -> None:
    """Three pairs, one of which differs by just that."""
    met(shade.steps, "a")
    met(shade.steps, "b")
    met(shade.steps, "z", *CAUSES[cause])
    shade.look()
    assert found(shade) == [3, 2, pytest.approx(2 / 3)]


@pytest.mark.parametrize("likeness", ALIKE)
def test_what_is_alike_takes_nothing(shade: Onlooker, likeness: str) -> None:
    """The same in other words is no difference, nor is what is not shared."""
    met(shade.steps, "a")
    met(shade.steps, "z", *ALIKE[likeness])
    shade.look()
    assert found(shade) == [2, 2, 1.0]


def test_all_at_once_and_by_kind(shade: Onlooker) -> None:
    """Eight causes beside four likenesses are 4 of 12; of two companies one differs; the gauge says the same. Whoever
    is on one side only is no pair, and a second look at the same counts nothing twice.
    """
    for number, (contact, lead) in enumerate((*CAUSES.values(), *ALIKE.values())):
        met(shade.steps, f"p{number}", contact, {**lead, "Email": f"p{number}@acme.com"})
    shade.steps.contact(email="alone@acme.com")
    shade.steps.lead(Email="lone@acme.com", Status=NEW)
    for name, city in (("acme", "Bonn"), ("bolt", "Ulm")):
        shade.both.hubspot.create("companies", {"name": name, "domain": f"{name}.com", "city": "Bonn"})
        account = {"Name": name, "Website": f"https://{name}.com", "BillingCity": city}
        shade.both.salesforce.insert("Account", account)
    for _ in range(2):
        shade.look()
        assert found(shade) == [12, 4, pytest.approx(1 / 3)]
        assert found(shade, "company") == [2, 1, 0.5]
        assert health.agreement(shade.both.store) == pytest.approx({"person": 1 / 3, "company": 0.5})


def test_it_rises_as_others_put_right_what_differed(shade: Onlooker) -> None:
    """Whoever works in the systems, or the other connector, brings both in step."""
    _, lead = met(shade.steps, "a", {"jobtitle": "CEO"})
    met(shade.steps, "b")
    shade.look()
    assert found(shade) == [2, 1, 0.5]
    shade.steps.sell(lead, Title="CEO")
    shade.look()
    assert found(shade) == [2, 2, 1.0]


def test_two_candidates_are_no_pair(shade: Onlooker) -> None:
    """Which of two Leads somebody is must be decided first: counted among the questions, in no agreement."""
    met(shade.steps, "a")
    met(shade.steps, "b")
    shade.steps.lead(Email="b@acme.com", Status=NEW)
    shade.look()
    assert found(shade) == [1, 1, 1.0]
    (run,) = shade.both.store.runs(1)
    assert run.counts["would.hold"] == 1


@pytest.mark.parametrize("effect", [4, 8, 12])
def test_a_first_link_that_was_broken_off(tmp_path: Path, effect: int) -> None:
    """Whoever was linked by then and waits in a conflict is out of step, like whoever was not."""
    made = relived(tmp_path, lambda _: None, person=_without_owners)
    made.store.close()
    both = open_both(f"sqlite:///{tmp_path}/state.db", config=made.settings.directory)
    shade = Onlooker(Steps(both))
    met(shade.steps, "a")
    met(shade.steps, "b", *CAUSES["a value that nobody can read"])
    preview = sync(both.world)
    assert preview.plan is not None
    fresh(both, tmp_path, [effect])
    with pytest.raises(Killed):
        sync(both.world, approve=preview.plan.digest)
    fresh(both, tmp_path, [10**9])
    assert both.store.conflicts()
    shade.wait(130)
    looked(shade)
    assert found(shade) == [2, 1, 0.5]
    both.store.close()


# -- a connection that was live ----------------------------------------------------------------------------------------
def swept(shade: Onlooker) -> None:
    """A whole sweep in shadow mode, a share a cycle."""
    for _ in range(SHARES):
        shade.wait(30.0)
        looked(shade)


def test_back_in_shadow_the_sweep_counts_what_differs_by_now(shade: Onlooker) -> None:
    """Of five linked people one waits in a conflict, one was edited on one side, one was moved on by sales, one was
    edited on both sides alike, and one stands as they stood: two are in step.
    """
    steps = shade.steps
    people = [met(steps, name) for name in ("ann", "bob", "cy", "dan", "eve")]
    steps.cycle()
    (ann, ann_lead), (bob, _), (_, cy_lead), (dan, dan_lead), _ = people
    steps.market(ann, email="a@acme.com")
    steps.sell(ann_lead, Email="b@acme.com")
    steps.cycle()
    assert steps.conflict().field == "email"
    swept(shade)
    assert found(shade) == [5, 4, 0.8]
    steps.market(bob, jobtitle="CEO")
    steps.sell(cy_lead, by=steps.seller("SDR"), Status=WORKING)
    steps.market(dan, jobtitle="CFO")
    steps.sell(dan_lead, Title="CFO")
    swept(shade)
    assert found(shade) == [5, 2, 0.4]


def test_a_kind_that_is_new_in_shadow_is_counted_beside_the_others(tmp_path: Path) -> None:
    """Deals are mapped while nothing is written: of people only what changed is read, so what the sweep said stands."""
    steps = Steps(open_both())
    met(steps, "ann")
    met(steps, "bob")
    steps.cycle()
    shade = Onlooker(steps)
    swept(shade)
    assert found(shade) == [2, 2, 1.0]
    steps.contact(email="cy@acme.com")
    steps.both.hubspot.create("deals", {"dealname": "Big", "pipeline": "default", "dealstage": "qualifiedtobuy"})
    steps.both.world = world_with(steps, with_deals(tmp_path))
    looked(shade)
    assert found(shade) == [2, 2, 1.0]
    assert found(shade, "deal") == [0, 0, None]
    steps.both.store.close()
