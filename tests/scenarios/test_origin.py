"""The mark that tells a vendor's own automation why a record was written: live, backfill or resync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.salesforce.definitions import FieldDefinition, picklist, text
from syncd.engine.cycle import sync
from syncd.model.errors import BadConfig
from tests.scenarios.steps import HOUR, Schema, Steps, remapped
from tests.worlds import Both

Open = Callable[[], Steps]


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[Open]:
    """Makes a world whose persons are marked on both sides; the fields are not there yet."""
    opened: list[Both] = []

    def mark(schema: Schema) -> None:
        schema["marketing"]["origin"] = "syncd_origin"
        schema["crm"]["origin"] = "Syncd_Origin__c"

    def make() -> Steps:
        opened.append(remapped(tmp_path, mark))
        return Steps(opened[-1])

    yield make
    for both in opened:
        both.store.close()


def add_fields(both: Both, crm: FieldDefinition | None = None) -> None:
    """An administrator makes the fields of the mark."""
    both.hubspot.add_property(
        "contacts", {"name": "syncd_origin", "label": "Origin", "type": "string", "fieldType": "text"}
    )
    for name in ("Lead", "Contact"):
        both.salesforce.add_field(name, crm or text("Syncd_Origin__c", "Origin", 20, custom=True))


def test_each_write_says_why(marked: Open) -> None:
    """The first link is a backfill, a later change is live, what a full compare finds is a resync; none comes back."""
    steps = marked()
    add_fields(steps.both)
    contact, lead = steps.pair()
    assert steps.sold(lead, "Syncd_Origin__c") == steps.marketed(contact, "syncd_origin") == "backfill"
    steps.quiet()
    steps.market(contact, jobtitle="Buyer")
    assert steps.counts() == {"updated.crm": 1}
    assert (steps.sold(lead, "Syncd_Origin__c"), steps.marketed(contact, "syncd_origin")) == ("live", "backfill")
    steps.quiet()
    steps.sell(lead, City="Bonn")
    steps.both.clock.advance(HOUR)
    assert sync(steps.both.world, full=True).run.counts == {"updated.marketing": 1}
    assert (steps.sold(lead, "Syncd_Origin__c"), steps.marketed(contact, "syncd_origin")) == ("live", "resync")
    steps.quiet()


def test_the_mark_is_no_part_of_what_is_remembered(marked: Open) -> None:
    """Neither Base nor conflict nor audit knows it: it is nobody's value."""
    steps = marked()
    add_fields(steps.both)
    contact, _ = steps.pair()
    steps.market(contact, jobtitle="Buyer")
    steps.cycle()
    (link,) = steps.both.store.links("person")
    base = steps.both.store.by_link([link.id])[link.id].base
    assert base is not None
    assert "syncd_origin" not in base.confirmed.marketing
    assert "Syncd_Origin__c" not in base.confirmed.crm
    audit = steps.both.store.audit_of(link.id, 10)
    assert audit
    assert not {change.field for row in audit for change in row.changes} & {"syncd_origin", "Syncd_Origin__c"}


def test_a_mark_that_cannot_be_set_is_told_before_any_write(marked: Open) -> None:
    """Fields that are not there, or a list without the three words: a flaw at the line of ``origin``, no write."""
    steps = marked()
    steps.contact(email="ann@example.com")
    with pytest.raises(BadConfig) as missing:
        sync(steps.both.world)
    told = [str(flaw) for flaw in missing.value.flaws]
    assert [flaw.partition("person.yaml:")[2].partition(":")[0] for flaw in told] == ["5", "11", "11"]
    assert {flaw.rpartition(": ")[2].partition(" ")[0] for flaw in told} == {
        "contacts.syncd_origin",
        "Lead.Syncd_Origin__c",
        "Contact.Syncd_Origin__c",
    }
    assert all("does not exist or is hidden from syncd; make the field" in flaw for flaw in told)
    add_fields(steps.both, picklist("Syncd_Origin__c", "Origin", ["live", "resync"], custom=True, restricted=True))
    steps.both.clock.advance(HOUR)
    with pytest.raises(BadConfig, match="does not allow backfill; add these values there"):
        sync(steps.both.world)
    assert not steps.written()
