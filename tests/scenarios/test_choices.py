"""A choice is made between the values that a person saw; once another one would be put aside, it is asked for anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncd.engine.cycle import sync
from syncd.model.link import Topic
from syncd.model.values import Pair, Side
from syncd.operations.parking import try_again
from syncd.operations.standing import standing
from tests.scenarios.steps import Fields, Steps, parked
from tests.scenarios.test_rollback import taken_back


def form(word: str) -> dict[str, object]:
    """A row of a value table that both sides write alike."""
    return {"marketing": word, "crm": word}


def held(fields: Fields) -> None:
    """Nobody has the last word on titles."""
    fields["title"]["policy"] = "hold"


@pytest.fixture
def steps(steps_with: Callable[[Callable[[Fields], None]], Steps]) -> Steps:
    """A world in which titles clash."""
    return steps_with(held)


@pytest.mark.parametrize("side", Side)
def test_an_edit_after_the_choice_is_not_put_aside_unseen(steps: Steps, side: Side) -> None:
    """The other side says something new before the choice is carried out: both values are shown again, undecided."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, Title="Boss")
    steps.cycle()
    steps.resolve(side.value)
    if side is Side.MARKETING:
        steps.sell(lead, Title="Chief")
    else:
        steps.market(contact, jobtitle="Chief")
    steps.cycle()
    assert (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")) == (
        ("Head", "Chief") if side is Side.MARKETING else ("Chief", "Boss")
    )
    asked = steps.conflict()
    assert asked.resolution is None
    assert asked.values == (Pair("Head", "Chief") if side is Side.MARKETING else Pair("Chief", "Boss"))
    steps.resolve(side.value)
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title") == asked.values.of(side)
    steps.quiet()


def test_a_later_edit_of_the_side_that_was_chosen_counts(steps: Steps) -> None:
    """Nothing is put aside that was not seen."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, Title="Boss")
    steps.cycle()
    steps.resolve("marketing")
    steps.market(contact, jobtitle="Chief")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title") == "Chief"
    steps.quiet()


# -- what a person chose is refused ------------------------------------------------------------------------------------
def refused(steps: Steps) -> tuple[str, str]:
    """Marketing's title was chosen for a Lead on which an admin's rule refuses it."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, Title="Boss")
    steps.cycle()
    rules = steps.both.salesforce.org.validation_rules
    rules["Lead"] = [lambda _old, row: "no heads" if row.get("Title") == "Head" else None]
    steps.resolve("marketing")
    steps.cycle()
    steps.cycle()
    assert (parked(steps).field, steps.conflicts()) == ("title", [])
    return contact, lead


def test_what_a_vendor_refuses_of_a_choice_is_not_asked_again(steps: Steps) -> None:
    """Neither by an edit of another field nor by a compare of everything: it is parked with the vendor's reason."""
    contact, lead = refused(steps)
    steps.market(contact, city="Graz")
    steps.cycle()
    assert steps.sold(lead, "City") == "Graz"
    sync(steps.both.world, full=True)
    assert steps.conflicts() == []
    assert "no heads" in parked(steps).reason
    assert (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")) == ("Head", "Boss")
    steps.quiet()


def test_the_choice_is_carried_out_once_a_person_asks(steps: Steps) -> None:
    """The rule is gone, and somebody lets it be tried again."""
    contact, lead = refused(steps)
    del steps.both.salesforce.org.validation_rules["Lead"]
    rows = steps.both.store.parked()
    try_again(steps.both.store, rows, connection="main", who="ann", now=steps.both.clock.now())
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title") == "Head"
    steps.cycle()
    assert not steps.both.store.parked()
    steps.quiet()


def test_another_value_of_the_side_that_was_chosen_goes(steps: Steps) -> None:
    """What was put aside is still put aside."""
    contact, lead = refused(steps)
    steps.market(contact, jobtitle="Chief")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title") == "Chief"
    assert not steps.both.store.parked()
    steps.quiet()


def test_another_value_of_the_side_that_was_put_aside_is_asked_about(steps: Steps) -> None:
    """Nobody has decided on that one."""
    _, lead = refused(steps)
    steps.sell(lead, Title="Chief")
    steps.cycle()
    assert steps.conflict().values == Pair("Head", "Chief")
    assert steps.sold(lead, "Title") == "Chief"


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("topic", [Topic.CLEAR, Topic.UNDONE])
def test_an_edit_after_any_choice_is_not_put_aside_unseen(steps: Steps, topic: Topic, side: Side) -> None:
    """A clear that is held, or what was taken back, is decided; before it is done the other side says something new."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    if topic is Topic.UNDONE:
        steps.market(contact, jobtitle="Oops")
        taken_back(steps, run=steps.cycle().run.id)
    elif side is Side.MARKETING:
        steps.market(contact, jobtitle="")
        steps.cycle()
    else:
        steps.sell(lead, Title=None)
        steps.cycle()
    assert steps.conflict().topic is topic
    steps.resolve(side.value)
    if side is Side.MARKETING:
        steps.sell(lead, Title="Boss")
    else:
        steps.market(contact, jobtitle="Boss")
    steps.cycle()
    assert "Boss" in (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title"))


def test_what_a_vendor_keeps_out_of_a_choice_is_not_asked_again(
    steps_with: Callable[[Callable[[Fields], None]], Steps],
) -> None:
    """As what it refuses (test_choices): it is parked, and nobody is asked the same twice."""
    steps = steps_with(lambda fields: fields["title"].update(policy="hold"))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, Title="Boss")
    steps.cycle()
    steps.resolve("marketing")
    workflows = steps.both.salesforce.org.workflows
    workflows["Lead"] = [lambda _old, row: {"Title": "Boss"} if row.get("Title") == "Head" else {}]
    steps.cycle()
    steps.cycle()
    assert [row.code for row in steps.both.store.parked()] == ["KEPT"]
    assert not steps.conflicts()


def test_a_choice_that_cannot_be_carried_out_waits_for_a_person(
    steps_with: Callable[[Callable[[Fields], None]], Steps],
) -> None:
    """Sales chose a value that is in no table: it is asked about, counted and told as such, until the table has it or
    the other side is chosen.
    """

    def listed(fields: Fields) -> None:
        values = {word: form(word) for word in ("Boss", "Buyer")}
        fields["title"] |= {"type": "enum", "policy": "hold", "values": values}

    steps = steps_with(listed)
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.sell(lead, Title="Nobody knows")
    steps.cycle()
    steps.resolve("crm")
    assert not steps.conflict().asks
    steps.cycle()
    asked = steps.conflict()
    assert (asked.resolution, asked.asks) == ("crm", True)
    assert asked.reason.startswith("crm was chosen, but its value cannot be used: is not in the value table")
    store = steps.both.store
    told = standing(store, connection="main", kinds=["person"], now=steps.both.clock.now())
    assert (told.waits.conflicts, told.decided) == (1, 0)
    steps.resolve("marketing")
    steps.cycle()
    assert steps.sold(lead, "Title") == steps.marketed(contact, "jobtitle") == "Buyer"
    steps.quiet()
