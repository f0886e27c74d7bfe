"""The drill: a backup of a site at work is put back after a loss, in the time and from the point that are promised."""

from __future__ import annotations

import pytest

from syncd.operations.restoring import accept_restored
from syncd.store.backup import Backups
from tests.fakes import FakeChance
from tests.scenarios.test_restored_store import Site, pairs, site, state  # noqa: F401 - a fixture

KEY = "a key of thirty-two characters!!"


def backups_of(site: Site) -> Backups:  # noqa: F811 - the fixture's value
    """The backups of a site, in a folder of their own."""
    folder = site.folder / "copies"
    return Backups(f"sqlite:///{site.file}", folder, KEY, clock=site.both.clock, chance=FakeChance(7))


@pytest.mark.parametrize("lost", ["file", "whole disk"])
def test_a_store_is_lost_and_put_back(site: Site, lost: str) -> None:  # noqa: F811 - the fixture's value
    """Nothing that people changed since the backup is overwritten, nobody is made twice, and both sides agree again.

    Also where the witness of the generation is lost with the store: the copy itself says that it was put back.
    """
    people = pairs(site)
    backup = backups_of(site).make().backup.file
    site.steps.contact(email="new@example.com", firstname="N", city="Old", company="C")
    site.steps.market(people[0][0], city="Since")
    site.until_quiet()
    site.steps.sell(people[1][1], City="Later")
    before, written, counted = state(site), site.steps.written(), census(site)

    site.stop()
    for each in site.folder.glob("state.db*"):
        if lost == "whole disk" or not each.name.endswith(".generation"):
            each.unlink()
    proof, aside = backups_of(site).put_back(backup, "ann")
    assert aside is None
    assert proof.rows["link"] == len(people)
    site.start()
    for _ in range(2):
        assert site.run().needs_approval
    assert site.steps.written() == written, "nothing is written before somebody accepts it"
    assert accept_restored(site.both.store, "ann")
    for _ in range(4):
        site.run(after=3_600.0)
    assert census(site) == counted, "nobody is made twice"
    assert state(site) == before
    assert {(row.field, row.values.marketing, row.values.crm) for row in site.steps.conflicts()} == {
        ("city", "Old", "Later")
    }
    for row in site.steps.conflicts():
        assert site.both.store.resolve_conflict(row.id, "crm")
    site.until_quiet()
    assert state(site)[:2] == [("Since", "Since"), ("Later", "Later")]
    assert site.both.store.verify_audit()


def census(site: Site) -> tuple[int, int]:  # noqa: F811 - the fixture's value
    """How many contacts and Leads there are."""
    return len(site.both.hubspot.export()["contacts"]), len(site.both.salesforce.export()["Lead"])
