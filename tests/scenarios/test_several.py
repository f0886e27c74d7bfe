"""Several records that match one: chosen by the configured rules or asked of a person; and companies HubSpot makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.link import LinkState, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Schema, Steps, remapped

Make = Callable[..., Steps]
CUSTOMER = {"when": "employees >= 100"}


@pytest.fixture
def choosing(tmp_path: Path) -> Iterator[Make]:
    """Makes a world with rules for companies."""
    opened: list[Steps] = []

    def make(switches: HubSpotSwitches | None = None, **changes: Any) -> Steps:
        def change(schema: Schema) -> None:
            schema.update(changes)

        opened.append(Steps(remapped(tmp_path, change, kind="company", switches=switches)))
        return opened[-1]

    yield make
    for each in opened:
        each.both.store.close()


def account(steps: Steps, **fields: object) -> str:
    """An Account of one and the same domain."""
    return steps.both.salesforce.insert("Account", {"Name": "Acme", "Website": "www.acme-works.com", **fields})


def company(steps: Steps, **properties: str) -> str:
    """A HubSpot company of that domain."""
    return steps.both.hubspot.create("companies", {"name": "Acme", "domain": "acme-works.com", **properties})


def linked_to(steps: Steps, id_: str) -> str | None:
    """The account that a company is linked to."""
    ref = RemoteRef("companies", id_)
    found = steps.both.store.linked("company", Side.MARKETING, [ref]).get(ref)
    return found.link.refs.crm.id if found is not None and found.link.state is LinkState.LIVE else None


@pytest.mark.parametrize("by", ["owned", "customer", "oldest"])
def test_the_rules_choose_in_their_order(choosing: Make, by: str) -> None:
    """Of several accounts the one that an active user owns, else the customer, else the oldest; the proof says so."""
    steps = choosing(several={"crm": ["owned", CUSTOMER, "oldest"]})
    left = steps.both.salesforce.add_user("left@example.com", "Who Left")
    user = steps.both.salesforce.add_user("ada@example.com", "Ada")
    first = account(steps, OwnerId=left)
    steps.both.clock.advance(60)
    second = account(steps, OwnerId=user if by == "owned" else left)
    third = account(steps, OwnerId=left, NumberOfEmployees=500 if by != "oldest" else 5)
    steps.both.salesforce.deactivate_user(left)
    here = company(steps)
    steps.cycle()
    expected = {"owned": second, "customer": third, "oldest": first}[by]
    assert linked_to(steps, here) == expected
    (link,) = steps.both.store.links("company")
    assert link.proof is Proof.CHOSEN
    assert not steps.conflicts()
    steps.quiet()


def test_the_others_are_left_alone(choosing: Make) -> None:
    """What was not chosen is neither linked nor made on the other side, also when somebody edits it later."""
    steps = choosing(
        several={"crm": ["oldest"]}, create={"marketing": [{"object": "companies", "after": 0}], "crm": []}
    )
    here = company(steps)
    first = account(steps)
    steps.both.clock.advance(60)
    second = account(steps)
    steps.cycle()
    assert linked_to(steps, here) == first
    steps.sell(second, object_name="Account", Phone="+1 212 555 0147")
    steps.quiet()
    assert len(steps.both.hubspot.export()["companies"]) == 1
    assert steps.sold(second, "Syncd_Marketing_Id__c", object_name="Account") is None


def test_what_the_rules_leave_open_is_asked(choosing: Make) -> None:
    """Made in the same second, owned by nobody active: no rule tells them apart, so a person is asked."""
    steps = choosing(several={"crm": ["owned", "oldest"]})
    for _ in range(2):
        account(steps)
    here = company(steps)
    assert steps.counts() == {"conflicts": 1}
    assert linked_to(steps, here) is None
    steps.quiet()


def test_one_sided_rules_say_nothing_of_the_other_side(choosing: Make) -> None:
    """Rules for accounts do not choose among companies."""
    steps = choosing(several={"crm": ["oldest"]})
    company(steps)
    steps.both.clock.advance(60)
    company(steps)
    account(steps)
    assert steps.counts() == {"conflicts": 1}
    steps.quiet()


# -- companies that HubSpot makes by itself ----------------------------------------------------------------------------
CREATES = {"marketing": [{"object": "companies", "when": "domain != null"}], "crm": []}


def test_a_company_that_hubspot_makes_by_itself_is_waited_for(choosing: Make) -> None:
    """A contact and an account of one domain appear together: HubSpot's own company is adopted, no other made."""
    steps = choosing(HubSpotSwitches(automatic_companies=90.0), create=CREATES)
    steps.cycle()
    there = account(steps)
    steps.both.hubspot.create("contacts", {"email": "ann@acme-works.com", "lastname": "Doe"})
    for _ in range(3):
        steps.cycle(after=20)
    assert not steps.both.hubspot.export()["companies"]
    for _ in range(4):
        steps.cycle(after=100)
    (made,) = steps.both.hubspot.export()["companies"]
    assert linked_to(steps, made["id"]) == there
    assert made["properties"]["createdate"]
    steps.quiet()


def test_where_hubspot_makes_none_one_is_made_after_the_wait(choosing: Make) -> None:
    """The account is not forgotten while it waits: after five minutes its company is made, once."""
    steps = choosing(create=CREATES)
    steps.cycle()
    there = account(steps)
    steps.cycle(after=30)
    assert not steps.both.hubspot.export()["companies"]
    for _ in range(4):
        steps.cycle(after=100)
    (made,) = steps.both.hubspot.export()["companies"]
    assert linked_to(steps, made["id"]) == there
    steps.quiet()


# -- a choice that came too late -------------------------------------------------------------------------------------
def test_a_choice_whose_record_is_gone_is_asked_anew(choosing: Make) -> None:
    """The chosen account is deleted before the next cycle: the question comes back once, without it, and stays."""
    steps = choosing()
    here = company(steps)
    chosen, *others = (account(steps, Name=name) for name in ("A", "B", "C"))
    steps.cycle()
    steps.resolve(f"link:marketing:companies/{here}=crm:Account/{chosen}")
    steps.both.salesforce.delete("Account", chosen)
    steps.cycle()
    assert linked_to(steps, here) is None
    asked = steps.conflict()
    assert asked.resolution is None
    assert {ref.id for _, ref in asked.refs} == {here, *others}
    steps.quiet()
    steps.resolve(f"link:marketing:companies/{here}=crm:Account/{others[0]}")
    steps.cycle()
    assert linked_to(steps, here) == others[0]


# -- names -------------------------------------------------------------------------------------------------------------
def test_a_name_is_only_a_suggestion(choosing: Make) -> None:
    """With a suggesting rule equal names are a question, which a person answers either way."""
    rules = [{"field": "domain", "by": "domain"}, {"field": "name", "by": "value", "suggest": True}]
    steps = choosing(match=rules)
    here = steps.both.hubspot.create("companies", {"name": "Acme Works"})
    there = steps.both.salesforce.insert("Account", {"Name": "ACME  works"})
    assert steps.counts() == {"conflicts": 1}
    assert linked_to(steps, here) is None
    assert "only a suggestion" in steps.conflict().reason
    steps.quiet()
    steps.resolve(f"link:marketing:companies/{here}=crm:Account/{there}")
    steps.cycle()
    assert linked_to(steps, here) == there
    second = steps.both.hubspot.create("companies", {"name": "Beta"})
    steps.both.salesforce.insert("Account", {"Name": "Beta"})
    steps.cycle()
    steps.resolve("apart")
    steps.cycle()
    assert linked_to(steps, second) is None
    steps.quiet()
