"""Shadow mode and what follows from the ledger: it is booked, but no record shows it and nobody is handed on, until
the connection is live.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from syncd.engine.cycle import sync
from syncd.engine.lateness import overdue
from syncd.engine.readonly import ReadOnly
from syncd.model.run import SHOW
from tests.scenarios.derivings import SHOWN, derived_config, fitted
from tests.scenarios.lifecycles import WORKING
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_handing_on import NEXT, WEEK, desk_of, given, handed_on
from tests.scenarios.test_shadow import Onlooker, handed_over


def looks_on(steps: Steps, *, after: float) -> None:
    """A cycle in shadow mode of a connection that was live; its connectors refuse every write."""
    steps.both.clock.advance(after)
    world, before = steps.both.world, steps.written()
    connectors = world.connectors.map(ReadOnly)
    sync(replace(world, connection=replace(world.connection, mode="shadow"), connectors=connectors))
    assert steps.written() == before


def shown(steps: Steps, contact: str, lead: str) -> tuple[str | None, str | None, str | None]:
    """What the records show of the ledger: both touches, and whether sales has the person."""
    return (
        steps.marketed(contact, "syncd_last_touch"),
        steps.sold(lead, "Syncd_Last_Touch__c"),
        steps.marketed(contact, "syncd_in_sales_hands"),
    )


def test_shadow_shows_nothing_and_leaves_nothing_to_show(tmp_path: Path) -> None:
    """What it books waits in the ledger, not in a heap of wishes; live, the records of all of whom it heard show it,
    although the first link books nothing new of them.
    """
    shade = Onlooker(fitted(derived_config(tmp_path / "agreed", *SHOWN)))
    steps = shade.steps
    contact, lead, *_ = handed_over(shade)
    shade.wait(HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    shade.look()
    known = shade.events()
    assert shade.moves()[-1][1:] == ("mql", "sql", "sales", "crm")
    assert not list(steps.both.store.requests())
    assert shown(steps, contact, lead) == (None, None, None)
    steps.cycle()
    assert shade.events() == known
    marketing, crm, in_hands = shown(steps, contact, lead)
    assert marketing is not None
    assert crm == marketing.replace("Z", "+0000")
    assert in_hands == "true"
    assert not [each for each in steps.both.store.requests() if each.wish == SHOW]
    steps.quiet()
    steps.both.store.close()


def test_shadow_hands_nobody_on(tmp_path: Path) -> None:
    """However late an owner is; once the connection is live again, the next one gets the person."""
    desk = desk_of(tmp_path, NEXT)
    (contact,) = given(desk, 1)
    for _ in range(3):
        looks_on(desk, after=WEEK)
    assert overdue(desk.both.store, desk.both.clock.now())["touch"] == 1
    assert desk.owners([contact]) == ["ann"]
    assert not handed_on(desk)
    desk.cycle()
    desk.cycle()
    assert desk.owners([contact]) == ["ben"]
    desk.both.store.close()
