"""Several shared fields that are read from one vendor field: each goes its own way."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenarios.steps import Fields, Steps


def test_two_fields_of_one_vendor_field_follow_it_each_by_itself(
    steps_with: Callable[[Callable[[Fields], None]], Steps],
) -> None:
    """Both sides change the title, which waits for a person; another field that is read from sales' title has gone on.
    When sales takes its own change back, the question is over and the other field goes back as well.
    """
    other = {"type": "string", "marketing": "fax", "crm": "Title", "direction": "to_marketing"}
    steps = steps_with(lambda fields: (fields["title"].update(policy="hold"), fields.update(title_told=other)))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head of Buying")
    steps.sell(lead, Title="Chief Buyer")
    steps.cycle()
    assert steps.conflict().field == "title"
    assert steps.marketed(contact, "fax") == "Chief Buyer"
    steps.sell(lead, Title="Buyer")
    steps.cycle()
    assert not steps.conflicts()
    assert (steps.marketed(contact, "fax"), steps.sold(lead, "Title")) == ("Buyer", "Head of Buying")
    steps.cycle()
    assert steps.marketed(contact, "fax") == "Head of Buying"
    steps.quiet()
