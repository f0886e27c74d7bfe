"""A choice is made between the values that a person saw; once another one would be put aside, it is asked for anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncd.model.values import Pair, Side
from tests.scenarios.steps import Fields, Steps


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
