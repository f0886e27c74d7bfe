"""What becomes of a decision whose write is cut off, waits or is refused: nothing that was known is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.engine.cycle import sync
from syncd.model.errors import RetryLater
from syncd.model.values import Side
from syncd.ports.store import Store
from tests.scenarios.lifecycles import CLOSED, MQL
from tests.scenarios.routings import TEAM, Desk, address, configured, routing
from tests.scenarios.steps import Fields, Steps, parked
from tests.worlds import open_both

Make = Callable[[Callable[[Fields], None]], Steps]


def held(fields: Fields) -> None:
    """A title that both sides changed waits for a person."""
    fields["title"]["policy"] = "hold"


def clashed(steps: Steps) -> tuple[str, str]:
    """A pair of which both sides have changed the title."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, Title="Boss")
    steps.cycle()
    assert steps.conflict().field == "title"
    return contact, lead


class _Down:
    """A store in which no write can begin."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def begin(self, *_told: object) -> None:
        """:raises RetryLater: always."""
        raise RetryLater("nothing can be written now")


def cut_off(steps: Steps) -> None:
    """A cycle that ends before its first write."""
    world, whole = steps.both.world, steps.both.world.store
    world.store = _Down(whole)  # type: ignore[assignment]
    steps.both.clock.advance(60)
    with pytest.raises(RetryLater):
        sync(world)
    world.store = whole


def titles(steps: Steps, contact: str, lead: str) -> tuple[object, object]:
    """What both sides show."""
    return steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")


@pytest.mark.parametrize("times", [1, 3])
def test_a_choice_is_carried_out_after_an_outage(steps_with: Make, times: int) -> None:
    """What a person chose stands until it is written, however often that is cut off; then nothing is listed."""
    steps = steps_with(held)
    contact, lead = clashed(steps)
    steps.resolve("crm")
    for _ in range(times):
        cut_off(steps)
        assert steps.conflict().resolution == "crm"
    steps.cycle()
    assert titles(steps, contact, lead) == ("Boss", "Boss")
    assert not steps.conflicts()
    steps.quiet()


def test_a_clash_that_is_over_is_so_once_the_other_value_has_travelled(steps_with: Make) -> None:
    """Marketing goes back to what both had agreed on, and the vendor is down in that very cycle."""
    steps = steps_with(held)
    contact, lead = clashed(steps)
    steps.market(contact, jobtitle="Buyer")
    cut_off(steps)
    steps.cycle()
    assert titles(steps, contact, lead) == ("Boss", "Boss")
    assert not steps.conflicts()
    steps.quiet()


def test_what_was_chosen_and_is_refused_is_parked_and_listed_once(steps_with: Make) -> None:
    """The vendor does not take the value: what waits then is the value that was refused, and no choice."""
    steps = steps_with(held)
    contact, lead = clashed(steps)
    steps.both.salesforce.org.validation_rules.setdefault("Lead", []).append(
        lambda _before, after: ("no heads here", "Title") if after.get("Title") == "Head" else None
    )
    steps.resolve("marketing")
    for _ in range(3):
        steps.cycle()
    assert not steps.conflicts()
    assert parked(steps).field == "title"
    assert titles(steps, contact, lead) == ("Head", "Boss")


def test_what_agrees_is_agreed_though_the_write_beside_it_is_refused(steps: Steps) -> None:
    """Both sides typed the same title, and a city that Salesforce does not take stood beside it: what sales types over
    the title then is an edit, and travels.
    """
    contact, lead = steps.pair(jobtitle="Buyer", city="Rome")
    steps.both.salesforce.org.validation_rules.setdefault("Lead", []).append(
        lambda _before, after: ("no such city", "City") if after.get("City") == "Nowhere" else None
    )
    steps.market(contact, jobtitle="Head", city="Nowhere")
    steps.sell(lead, Title="Head")
    steps.cycle()
    assert [row.field for row in steps.both.store.parked()] == ["city"]
    steps.sell(lead, Title="Buyer")
    steps.cycle()
    assert titles(steps, contact, lead) == ("Buyer", "Buyer")
    steps.quiet()


@pytest.mark.parametrize("first", ["lead", "contact"])
def test_a_pair_whose_first_write_was_cut_off_is_read_on_both_sides(steps: Steps, first: str) -> None:
    """One of the two was there before, and no stream tells of it again: what it says counts in the very next cycle."""
    steps.contact(email="other@example.com", company="Acme")
    steps.cycle()
    contact, lead = "", ""
    for which in ("lead", "contact") if first == "lead" else ("contact", "lead"):
        if which == "lead":
            lead = steps.lead(Email="ann@example.com", Title="Boss", HasOptedOutOfEmail=True)
        else:
            marked = {"lifecyclestage": "subscriber", "hs_lead_status": ""}
            contact = steps.contact(email="ann@example.com", jobtitle="Buyer", **marked)
        if not (contact and lead):
            steps.cycle()
    cut_off(steps)
    steps.cycle()
    assert titles(steps, contact, lead) == ("Boss", "Boss")
    assert steps.marketed(contact, "hs_email_optout") == "true"
    steps.quiet()


# -- owners that routing gave -----------------------------------------------------------------------------------------
def desk_with(folder: Path, change: Callable[[Fields], None] = lambda _: None) -> Desk:
    """A desk whose first link takes over what the CRM says, and whose people HubSpot does not know: no write to it is
    guarded by an owner.
    """
    config = configured(folder, routing())
    for name, edit in (("lifecycle", lambda tree: tree.update(first_link="crm")), ("schema/person", _fields(change))):
        path = config / f"{name}.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(tree)
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    both = open_both(config=config)
    for name in TEAM:
        both.salesforce.add_user(address(name), name.title())
    both.salesforce.add_queue("New Leads")
    return Desk(both)


def _fields(change: Callable[[Fields], None]) -> Callable[[dict[str, Any]], None]:
    return lambda tree: change(tree["fields"])


def waiting(desk: Desk, number: int) -> list[tuple[str, str]]:
    """So many people in a queue, not yet qualified, in step: contacts and their Leads."""
    found: list[tuple[str, str]] = []
    for n in range(number):
        mail, title = f"p{n}@acme-works.com", f"Buyer {n}"
        contact = desk.contact(email=mail, company="Acme", hs_lead_status="UNQUALIFIED", jobtitle=title)
        lead = desk.lead(Email=mail, Status=CLOSED, OwnerId=desk.user("New Leads"), Title=title)
        found.append((contact, lead))
    for _ in range(3):
        desk.cycle()
    return found


def test_an_owner_who_travels_decides_nothing_that_waits_for_a_person(tmp_path: Path) -> None:
    """Both sides changed the title, which is held. The person is qualified and given to Ann: the title is as it was."""
    desk = desk_with(tmp_path, held)
    ((contact, lead),) = waiting(desk, 1)
    desk.market(contact, jobtitle="Head")
    desk.sell(lead, Title="Boss")
    desk.cycle()
    assert desk.conflict().field == "title"
    desk.market(contact, **MQL)
    desk.cycle()
    assert desk.who(lead) == "ann"
    assert desk.marketed(contact, "sales_owner_name") == "Ann"
    assert titles(desk, contact, lead) == ("Head", "Boss")
    assert desk.conflict().field == "title"
    desk.quiet()


def test_an_owner_who_travels_takes_nothing_along_that_is_held_or_on_its_way(tmp_path: Path) -> None:
    """One title on forty Leads, of which five are qualified at the same time: each is written once."""
    desk = desk_with(tmp_path)
    people = waiting(desk, 40)
    for _, lead in people:
        desk.sell(lead, Title="Same")
    for contact, _ in people[-5:]:
        desk.market(contact, **MQL)
    desk.cycle(after=60.0)
    links = [link.id for link in desk.both.store.links("person")]
    written = [
        row.side
        for link in links
        for row in desk.both.store.audit_of(link, 20)
        if any(change.field == "title" and change.after == "Same" for change in row.changes)
    ]
    assert written == [Side.MARKETING] * 40
    desk.quiet()
