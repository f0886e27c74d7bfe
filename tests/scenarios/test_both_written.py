"""A decision that writes to both sides, of which one does not take it, or somebody edits one meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.faults.calls import salesforce_write
from sandbox.kernel import Fault, HttpRequest
from syncd.model.link import Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.operations.parking import try_again
from tests.scenarios.steps import Fields, Steps

Make = Callable[[Callable[[Fields], None]], Steps]


@pytest.mark.parametrize("slow", Side)
def test_a_stale_write_beside_one_that_was_done_undoes_no_edit(
    steps_with: Make, monkeypatch: pytest.MonkeyPatch, slow: Side
) -> None:
    """A title goes one way, an address the other; the address is edited just before its write."""
    steps = steps_with(lambda fields: fields["email"].update(confirm="readback", policy=slow.other.value))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    if slow is Side.MARKETING:
        steps.market(contact, jobtitle="Head")
        steps.sell(lead, Email="new@example.com")
    else:
        steps.sell(lead, Title="Head")
        steps.market(contact, email="new@example.com")
    slipping, connector = ["slip@example.com"], type(steps.both.world.connectors.of(slow))
    true = connector.write

    def after_an_edit(*positional: Any, **named: Any) -> Any:
        if slipping:
            steps.both.clock.advance(2.0)
            if slow is Side.MARKETING:
                steps.market(contact, email=slipping.pop())
            else:
                steps.sell(lead, Email=slipping.pop())
        return true(*positional, **named)

    monkeypatch.setattr(connector, "write", after_an_edit)
    steps.cycle()
    assert (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")) == ("Head", "Head")
    steps.cycle()
    store, ref = steps.both.store, RemoteRef("Lead", lead)
    rows = store.audit_of(store.linked("person", Side.CRM, [ref])[ref].link.id, 9)
    changes = [(row.side, each) for row in rows for each in row.changes if each.field == "title"]
    written = [(side, each.before, each.after) for side, each in changes if each.rule != "create"]
    assert written == [(slow.other, "Buyer", "Head")]  # once, and with the value that stood there
    steps.quiet()


@pytest.mark.parametrize("together", [False, True])
def test_a_value_for_both_sides_that_one_keeps_out_is_agreed_by_neither(steps_with: Make, together: bool) -> None:
    """Two lost values are wanted back on both sides; sales' automation keeps its own title for now."""

    def guarded(fields: Fields) -> None:
        for name in ("title", "email"):
            fields[name].update(confirm="readback", policy="crm")

    steps = steps_with(guarded)
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Sent", email="sent@example.com")

    def prepare(request: HttpRequest) -> HttpRequest:
        steps.both.clock.advance(1.2)
        steps.sell(lead, Title="Lost", Email="lost@example.com")
        steps.both.clock.advance(1.2)
        return request

    steps.both.salesforce.faults.arm(Fault("slipped in", salesforce_write, when="around", prepare=prepare))
    steps.cycle()
    assert {(each.topic, each.field) for each in steps.conflicts()} == {(Topic.LOST, "title"), (Topic.LOST, "email")}
    for each in steps.conflicts():
        if together or each.field == "title":
            assert steps.both.store.resolve_conflict(each.id, "crm")
    workflows = steps.both.salesforce.org.workflows
    workflows["Lead"] = [lambda _old, row: {"Title": "Sent"} if row.get("Title") == "Lost" else {}]
    steps.cycle()
    (row,) = steps.both.store.parked()
    assert (row.side.value, row.field, row.code) == ("crm", "title", "KEPT")
    steps.cycle()
    del workflows["Lead"]
    try_again(steps.both.store, steps.both.store.parked(), connection="main", who="ann", now=steps.both.clock.now())
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title") == "Lost"


def test_a_union_of_which_one_side_is_parked_is_agreed_by_neither(steps: Steps) -> None:
    """Sales' rule refuses the union; marketing's part, undone there, is not written again alone."""
    contact, lead = steps.pair(product_interests="crm")
    steps.cycle()
    rules, refused = steps.both.salesforce.org.validation_rules, {"Analytics", "Support"}
    rules["Lead"] = [lambda _old, row: "no" if refused <= set(str(row["Product_Interests__c"]).split(";")) else None]
    steps.market(contact, product_interests="crm;service")
    steps.sell(lead, Product_Interests__c="Analytics;Automation")
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "product_interests") == "crm;marketing;service"
    steps.market(contact, product_interests="crm;service")
    steps.cycle()
    assert [row.side.value for row in steps.both.store.parked()] == ["crm"]
    del rules["Lead"]
    try_again(steps.both.store, steps.both.store.parked(), connection="main", who="ann", now=steps.both.clock.now())
    steps.cycle()
    steps.cycle()
    assert not steps.both.store.parked()
    assert set(str(steps.sold(lead, "Product_Interests__c")).split(";")) == {"Analytics", "Automation", "Support"}
    steps.quiet()
