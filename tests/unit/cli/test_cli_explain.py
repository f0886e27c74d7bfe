"""Explain and forecast over both stand-ins in one process: what is told is what the next cycle does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.engine.cycle import plan_only, sync
from syncd.engine.world import make_ready
from syncd.model.errors import BadUsage
from syncd.model.remote import RemoteRef
from syncd.model.values import MISSING, Side
from syncd.operations.explain import Explanation, explain
from syncd.operations.finding import find_hits
from syncd.operations.forecast import Forecast, forecast, forecast_document, plan_document
from syncd.operations.recalling import recall, recalled_hits
from tests.worlds import Both, open_both, open_world


@pytest.fixture
def both() -> Iterator[Both]:
    """Two empty stand-ins and a world over the example configuration."""
    opened = open_both()
    yield opened
    opened.store.close()


def contact(both: Both, **properties: str) -> str:
    """A contact made by a person in HubSpot."""
    return both.hubspot.create("contacts", {"lastname": "Doe", **properties}, by="userId:1")


def lead(both: Both, **fields: object) -> str:
    """A Lead made by a person in Salesforce."""
    return both.salesforce.insert("Lead", {"LastName": "Doe", "Company": "Acme", **fields})


def linked(both: Both) -> None:
    """One cycle, approved."""
    both.clock.advance(3600)
    ended = sync(both.world)
    assert ended.plan is not None
    if ended.needs_approval:
        sync(both.world, approve=ended.plan.digest)
    both.clock.advance(3600)


def told(both: Both, text: str, field: str | None = None) -> Explanation:
    """The explanation of the only record that the text means."""
    make_ready(both.world)
    (hit,) = find_hits(both.world, text)
    return explain(both.world, hit, field=field)


def foreseen(both: Both) -> Forecast:
    """The forecast of what a cycle would do now, by a fresh process."""
    both.clock.advance(3600)
    world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
    return forecast(world, plan_only(world).plan)


def test_before_the_first_link(both: Both) -> None:
    """A pair that is not linked yet is one hit by its address, and the next cycle links it."""
    contact(both, email="ann@example.com", firstname="Ann")
    lead(both, Email="Ann@Example.com", FirstName="Anna")
    both.clock.advance(3600)
    story = told(both, "ANN@example.com")
    assert story.link is None
    assert any(line.startswith("link contacts/") and line.endswith("(by a rule of `match`)") for line in story.next)
    name = next(each for each in story.fields if each.mapping.name == "first_name")
    assert [each.value for each in name.now if each is not None] == ["Ann", "Anna"]
    assert name.base is MISSING
    assert "Anna" in name.next


def test_a_change_is_told_and_then_done(both: Both) -> None:
    """Sales changed the title: both values, base, who did it, what comes next; afterwards our own write is history."""
    person = contact(both, email="ann@example.com", lifecyclestage="marketingqualifiedlead", jobtitle="Buyer")
    linked(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    both.salesforce.edit("Lead", made, {"Title": "Head of Buying"})
    both.clock.advance(3600)
    before = told(both, f"crm:Lead/{made}", "title")
    (title,) = before.fields
    assert title.base == "Buyer"
    assert title.now.crm is not None
    assert title.now.crm.value == "Head of Buying"
    assert title.now.crm.wires == {"Title": "Head of Buying"}
    assert "written to marketing: 'Buyer' -> 'Head of Buying'" in title.next
    assert not both.store.open_intents()
    linked(both)
    after = told(both, f"marketing:contacts/{person}", "title")
    assert after.fields[0].next == "nothing: both sides agree"
    ours = [event for event in after.events if event.author == "syncd" and event.side is Side.MARKETING]
    assert [(event.before, event.after, event.outcome) for event in ours] == [("Buyer", "Head of Buying", "done")]
    assert any(event.author != "syncd" and event.side is Side.MARKETING for event in after.events)


def test_why_nothing_is_made(both: Both) -> None:
    """A newsletter reader: no create rule holds, and that is said."""
    person = contact(both, email="cy@example.com", lifecyclestage="subscriber")
    both.clock.advance(3600)
    assert "nothing: no create rule" in told(both, f"marketing:contacts/{person}").next


def test_a_tombstone_is_explained(both: Both) -> None:
    """Sales deleted the Lead: a tombstone, nothing is made anew or deleted."""
    person = contact(both, email="ann@example.com", lifecyclestage="marketingqualifiedlead")
    linked(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    both.salesforce.delete("Lead", made)
    both.clock.advance(3600)
    assert any("tombstone" in line for line in told(both, f"marketing:contacts/{person}").next)
    linked(both)
    story = told(both, f"marketing:contacts/{person}")
    assert any(line.startswith("nothing: a tombstone") for line in story.next)


def test_several_hits_are_listed(both: Both) -> None:
    """Two Leads with one address: three records may be meant, none is guessed, and each says that it is held."""
    contact(both, email="ann@example.com", lifecyclestage="lead")
    first = lead(both, Email="ann@example.com")
    lead(both, Email="ann@example.com", LastName="Roe")
    both.clock.advance(3600)
    make_ready(both.world)
    assert len(find_hits(both.world, "ann@example.com")) == 3
    assert any("share an identity" in line for line in told(both, f"crm:Lead/{first}").next)


@pytest.mark.parametrize("text", ["ann", "crm:Lead", "crm:Deal/1", "sales:Lead/1"])
def test_words_that_name_no_record(both: Both, text: str) -> None:
    """Anything else is refused with the forms or objects there are."""
    make_ready(both.world)
    with pytest.raises(BadUsage, match=r"there are|write"):
        find_hits(both.world, text)


def test_an_id_of_fifteen_characters_names_the_same_record(both: Both) -> None:
    """As reports of Salesforce show it: of a linked Lead and of one that stands alone."""
    person = contact(both, email="ann@example.com", lifecyclestage="marketingqualifiedlead")
    linked(both)
    made = both.hubspot.export()["contacts"][0]["properties"]["syncd_crm_id"]
    alone = lead(both, Email="bob@example.com")
    make_ready(both.world)
    (hit,) = find_hits(both.world, f"crm:Lead/{made[:15]}")
    assert hit.link is not None
    assert hit.link.refs.marketing.id == person
    (stray,) = find_hits(both.world, f"crm:Lead/{alone[:15]}")
    assert (stray.link, stray.refs.crm) == (None, RemoteRef("Lead", alone))


@pytest.mark.parametrize(
    ("text", "told", "asked"),
    [
        ("crm:Lead/00Q", "'00Q' is no id of the crm side", False),
        ("marketing:contacts/abc", "'abc' is no id of the marketing side", False),
        ("crm:Lead/00Q5e00000XXXXXXXX", "is not there, or not to be seen", True),
    ],
)
def test_an_id_that_is_none_is_told_so(both: Both, text: str, told: str, asked: bool) -> None:
    """And not blamed on the vendor, who is asked only for what may be an id."""
    make_ready(both.world)
    before = [each.quota().calls for each in both.world.connectors]
    with pytest.raises(BadUsage, match=told):
        find_hits(both.world, text)
    assert ([each.quota().calls for each in both.world.connectors] != before) is asked


def test_what_the_store_alone_knows(both: Both) -> None:
    """No vendor is asked: the agreed values, our own writes and what waits; what only a vendor knows is not made up."""
    person = contact(both, email="ann@example.com", lifecyclestage="marketingqualifiedlead", jobtitle="Buyer")
    linked(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    both.salesforce.edit("Lead", made, {"Title": "Head of Buying"})
    before = len(both.hubspot.calls), len(both.salesforce.calls)
    world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
    stories = [
        recall(world, hit)
        for text in ("ann@example.com", f"marketing:contacts/{person}", f"crm:Lead/{made}")
        for hit in recalled_hits(world, text)
    ]
    assert (len(both.hubspot.calls), len(both.salesforce.calls)) == before
    assert len(stories) == 3
    assert len({story.link.id for story in stories if story.link is not None}) == 1
    story = stories[0]
    title = next(each for each in story.fields if each.mapping.name == "title")
    assert (title.base, title.confirmed.crm) == ("Buyer", {"Title": "Buyer"})
    assert [each.value for each in title.now if each is not None] == [MISSING, MISSING]
    assert ("title", "Buyer", "syncd") in [(each.field, each.after, each.author) for each in story.events]
    assert all(each.author == "syncd" for each in story.events)
    assert "neither vendor was asked" in story.next[0]
    assert story.handoffs is not None
    assert [each.what for each in story.handoffs.happened] == ["new -> mql", "visible to sales"]
    assert recalled_hits(world, "nobody@example.com") == []
    with pytest.raises(BadUsage, match="first_name"):
        recall(world, recalled_hits(world, "ann@example.com")[0], field="shoe_size")


def test_unknown_records_and_fields(both: Both) -> None:
    """Nobody has the address: no hit. No such field: the fields there are."""
    person = contact(both, email="ann@example.com")
    both.clock.advance(3600)
    make_ready(both.world)
    assert find_hits(both.world, "nobody@example.com") == []
    assert find_hits(both.world, "link:none") == []
    with pytest.raises(BadUsage, match="first_name"):
        told(both, f"marketing:contacts/{person}", "shoe_size")


def test_the_forecast_counts_what_the_cycle_then_does(both: Both) -> None:
    """Creates, defaults they depend on, links and ambiguity are foreseen; approval and price are told."""
    contact(both, email="ann@example.com", lifecyclestage="lead")
    lead(both, Email="ann@example.com")
    contact(both, email="bob@example.com", lifecyclestage="marketingqualifiedlead")
    contact(both, email="cy@example.com", lifecyclestage="lead")
    lead(both, Email="cy@example.com")
    lead(both, Email="cy@example.com")
    preview = foreseen(both)
    person = next(kind for kind in preview.kinds if kind.kind == "person")
    assert person.links == 1
    assert person.creates == {Side.CRM: 1}
    assert person.depending == 1
    assert person.defaulted == {"company_name": 1}
    assert person.ambiguous == 1
    assert preview.approval
    assert preview.waits
    share = preview.share(Side.CRM)
    assert share is not None
    assert 0 < share < 1
    document = forecast_document(preview)
    assert document["kinds"]["person"]["creates"] == {"marketing": 0, "crm": 1}
    assert document["digest"] == plan_document(preview.plan)["digest"]
    assert {sample["do"] for sample in document["samples"]} >= {"create"}
    decisions = plan_document(preview.plan)["kinds"]["person"]["decisions"]
    assert sum(action["do"] == "create" for each in decisions for action in each["actions"]) == 1
    linked(both)
    after = foreseen(both)
    assert not after.approval
    assert after.open_conflicts == 1
    assert after.waits
