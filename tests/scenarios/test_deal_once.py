"""What becomes of a deal is told once, and moves its person once, whatever happens and whatever dies."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.episode import DealState
from tests.scenarios.dealing import Deals
from tests.scenarios.handoffs import killed_at_each_effect
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_deal_stages import buyer, offer, stage, states, told, world
from tests.worlds import with_deals


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """The example with deals switched on, in step before anything happens."""
    steps = world(with_deals(tmp_path))
    steps.cycle()
    yield steps
    steps.both.store.close()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_change_is_told_once(deals: Deals, seed: int) -> None:
    """Edits of stage, and of what says nothing, with idle cycles between: one event for each change of state."""
    chance = random.Random(seed)
    _, person, account = buyer(deals)
    made = offer(deals, person, account)
    expected, now = [DealState.OPEN], DealState.OPEN
    forms = {DealState.OPEN: "Negotiation/Review", DealState.WON: "Closed Won", DealState.LOST: "Closed Lost"}
    for _ in range(8):
        chosen = chance.choice(list(forms))
        deals.both.clock.advance(3 * 24 * HOUR)  # or it would be a fight of two robots, which is put in quarantine
        deals.edit_opportunity(made, StageName=forms[chosen], Name=f"Name {chance.random()}")
        expected += [chosen] if chosen is not now else []
        now = chosen
        for _ in range(chance.choice([1, 2])):
            deals.cycle()
        assert states(deals) == expected
    assert len({each.at for each in told(deals)}) == len(expected)
    deals.cycle()
    deals.quiet()
    assert states(deals) == expected


def test_killed_at_any_effect_of_a_win_it_is_told_once_and_moves_them_once(tmp_path: Path) -> None:
    """Between the deal's write and the person's, in the middle of either: one event, and one customer on both sides."""
    contacts: list[str] = []

    def begin(steps: Steps) -> Callable[[], object]:
        deals = Deals(steps.both)
        contact, person, account = buyer(deals)
        contacts.append(contact)
        made = offer(deals, person, account, Amount=10)
        deals.cycle()
        return partial(deals.edit_opportunity, made, StageName="Closed Won")

    for steps, effect in killed_at_each_effect(tmp_path, begin, config=with_deals(tmp_path / "config")):
        deals = Deals(steps.both)
        assert states(deals) == [DealState.OPEN, DealState.WON], f"killed at effect {effect}"
        assert stage(deals, contacts[-1]) == "customer", f"killed at effect {effect}"
        links = deals.both.store.links("person")
        bases = [each.base for each in deals.both.store.by_link([link.id for link in links]).values()]
        assert not [name for base in bases if base is not None for name in base.agreed if "called" in name]


def test_killed_between_the_writes_of_both_sides_the_move_reaches_both(tmp_path: Path) -> None:
    """Where a Contact has a place for the stage, too, a call is two writes: the one that is lacking is made later."""
    config = with_deals(tmp_path / "config")
    path = config / "schema" / "person.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema["fields"]["stage"]["crm"] = {"Contact": "Department"}
    for value in ("opportunity", "customer"):
        del schema["fields"]["stage"]["values"][value]["never_written"]
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    people: list[tuple[str, str]] = []

    def begin(steps: Steps) -> Callable[[], object]:
        deals = Deals(steps.both)
        deals.both.hubspot.portal.switches = HubSpotSwitches(deals_move_stages=False)
        contact, person, account = buyer(deals)
        people.append((contact, person))
        made = offer(deals, person, account)
        deals.edit_opportunity(made, StageName="Negotiation/Review")
        deals.cycle()
        deals.cycle()
        assert deals.sold(person, "Department", object_name="Contact") == opportunity
        deals.edit_opportunity(made, StageName="Closed Won")
        deals.cycle()
        return lambda: None  # the cycle that makes the move is the one to be killed

    opportunity = schema["fields"]["stage"]["values"]["opportunity"]["crm"]
    for steps, effect in killed_at_each_effect(tmp_path, begin, config=config):
        deals, (contact, person) = Deals(steps.both), people[-1]
        shown = stage(deals, contact), deals.sold(person, "Department", object_name="Contact")
        assert shown == ("customer", schema["fields"]["stage"]["values"]["customer"]["crm"]), f"killed at {effect}"
