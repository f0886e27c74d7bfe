"""The store is gone, with its witness and every backup: it is made again from the keys that both systems hold."""

from __future__ import annotations

from syncd.engine.cycle import sync
from syncd.model.link import Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.operations.linking import unlink
from syncd.operations.restoring import accept_restored, mark_restored
from tests.scenarios.test_restored_store import PEOPLE, Site, pairs, site, state  # noqa: F401 - a fixture


def lose_everything(site: Site) -> None:  # noqa: F811 - the fixture's value
    """Nothing of the store's folder is left."""
    site.stop()
    for each in site.folder.iterdir():
        each.unlink()
    site.start()


def census(site: Site) -> tuple[int, int]:  # noqa: F811 - the fixture's value
    """How many contacts and Leads there are."""
    return len(site.both.hubspot.export()["contacts"]), len(site.both.salesforce.export()["Lead"])


def made_again(site: Site) -> None:  # noqa: F811 - the fixture's value
    """The store is lost, said to be, compared and accepted; nothing is written meanwhile."""
    lose_everything(site)
    written = site.steps.written()
    assert mark_restored(site.both.store, site.both.clock.now(), "ann")
    for _ in range(2):
        assert site.run().needs_approval
    assert site.steps.written() == written, "nothing is written before somebody accepts it"
    assert accept_restored(site.both.store, "ann")


def test_links_are_found_by_their_keys_and_nothing_is_made_or_overwritten(site: Site) -> None:  # noqa: F811
    """Also of somebody whose address was changed meanwhile on one side, which matching alone could not find again.

    What differs waits for a person: without a Base nobody knows which value is newer.
    """
    people = pairs(site)
    site.steps.market(people[0][0], email="married@example.com")
    site.steps.market(people[1][0], city="In HubSpot")
    site.steps.sell(people[2][1], City="In Salesforce")
    site.steps.market(people[3][0], city="One")
    site.steps.sell(people[3][1], City="Two")
    counted = census(site)
    before = [(site.steps.marketed(c, "city"), site.steps.sold(lead, "City")) for c, lead in people]

    made_again(site)
    for _ in range(3):
        site.run(after=3_600.0)
    assert census(site) == counted, "nobody is made twice"
    store = site.both.store
    assert store.count_links("person") == PEOPLE
    assert {link.proof for link in store.links("person")} == {Proof.KEY}
    found = {(link.refs.marketing.id, link.refs.crm.id) for link in store.links("person")}
    assert found == set(people)
    after = [(site.steps.marketed(c, "city"), site.steps.sold(lead, "City")) for c, lead in people]
    assert after == before, "no value is overwritten blindly"
    waiting = {(row.field, row.values.marketing, row.values.crm) for row in site.steps.conflicts()}
    assert {("city", "In HubSpot", "Old"), ("city", "Old", "In Salesforce"), ("city", "One", "Two")} <= waiting


def test_whose_counterpart_was_deleted_is_not_made_again(site: Site) -> None:  # noqa: F811 - the fixture's value
    """Its key names a record that is nowhere any more: the tombstone is made again, and not the record."""
    people = pairs(site)
    site.both.hubspot.archive("contacts", people[0][0])
    site.until_quiet()
    counted = census(site)
    made_again(site)
    for _ in range(3):
        assert not site.run(after=3_600.0).needs_approval
    assert census(site) == counted


def test_what_no_key_proves_waits_for_the_approval_of_a_first_link(site: Site) -> None:  # noqa: F811
    """People who came since, on one side or on both: linked by their address and made only once a person looked."""
    site.stop()
    site.steps.contact(email="both@example.com", firstname="B", city="Old", company="C")
    site.steps.lead(Email="both@example.com", LastName="B", Company="C")
    site.steps.contact(email="alone@example.com", firstname="N", city="Old", company="C")
    made_again(site)
    store, counted, written = site.both.store, census(site), site.steps.written()
    assert store.count_links("person") == PEOPLE
    preview = site.run()
    assert preview.needs_approval
    assert preview.plan is not None
    assert (store.count_links("person"), site.steps.written()) == (PEOPLE, written)
    site.both.clock.advance(60.0)
    assert not sync(site.both.world, approve=preview.plan.digest).needs_approval
    site.until_quiet()
    assert store.count_links("person") == PEOPLE + 2
    assert census(site) == (counted[0], counted[1] + 1)


def test_an_empty_store_of_which_nobody_says_anything_is_a_first_link(site: Site) -> None:  # noqa: F811
    """What a first link does is previewed and overwrites nothing before it is approved."""
    site.steps.market(pairs(site)[1][0], city="In HubSpot")
    before, written = state(site), site.steps.written()
    lose_everything(site)
    assert site.run().needs_approval
    assert (state(site), site.steps.written()) == (before, written)


def test_whom_somebody_unlinked_no_key_joins_again(site: Site) -> None:  # noqa: F811 - the fixture's value
    """The store forgets what a person said, the vendors do not: no key names the other any more.

    They share an address, so they are in the preview of a first link, like anybody without a key.
    """
    contact, lead = pairs(site)[0]
    ref = RemoteRef("contacts", contact)
    link = site.both.store.linked("person", Side.MARKETING, [ref])[ref].link
    unlink(site.both.store, link.id, connection="main", who="ann", now=site.both.clock.now())
    site.until_quiet()
    made_again(site)
    assert site.run().needs_approval
    assert ref not in site.both.store.linked("person", Side.MARKETING, [ref])
    assert site.steps.sold(lead, "Syncd_Marketing_Id__c") is None
