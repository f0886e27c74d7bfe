"""What HubSpot's search shows is behind what is: a record is read by id where it matters."""

from __future__ import annotations

from pathlib import Path

from sandbox.hubspot.switches import HubSpotSwitches
from tests.scenarios.steps import Steps, remapped


def test_the_survivor_of_a_merge_is_read_by_id_and_not_as_an_index_shows_it(tmp_path: Path) -> None:
    """The index is 15 seconds behind: it shows the survivor without its edit, which sales' one must not go over."""
    switches = HubSpotSwitches(index_lag=(15.0, 15.0))
    steps = Steps(remapped(tmp_path, lambda _schema: None, switches=switches))
    contact, lead = steps.pair(industry="Banking")
    other = steps.contact(email="ann.doe@example.com", lifecyclestage="lead")
    steps.cycle()
    steps.both.hubspot.merge("contacts", contact, other)
    (survivor,) = steps.contacts()
    steps.both.clock.advance(14)
    steps.sell(lead, Industry="Energy")
    steps.market(survivor, industry="Chemicals")
    steps.cycle(after=2)
    steps.cycle()
    assert (steps.marketed(survivor, "industry"), steps.sold(lead, "Industry")) == ("Chemicals", "Chemicals")
    steps.quiet()
