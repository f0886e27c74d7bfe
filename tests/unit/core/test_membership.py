"""Who becomes a member with which status, as a table; and that a status never goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.membership import goes_on, properties_of, wanted_status
from syncd.model.signal import ANY_VALUE, Campaign, CampaignRule

WEBINAR = Campaign(
    key="webinar",
    name="Spring Webinar",
    statuses=("Sent", "Registered", "Attended"),
    rules=(
        CampaignRule("webinar", {"registered": "Registered", "attended": "Attended"}),
        CampaignRule("mail", {ANY_VALUE: "Sent", "clicked": "Registered"}),
        CampaignRule("webinar", {"invited": "Sent"}),
    ),
)


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({}, None),
        ({"webinar": None, "mail": ""}, None),
        ({"webinar": "registered"}, "Registered"),
        ({"webinar": "Registered"}, None),  # letter by letter
        ({"webinar": "invited"}, "Sent"),
        ({"webinar": "invited;attended"}, "Attended"),  # several values: the furthest
        ({"mail": "sent on Monday"}, "Sent"),  # any value that is not named
        ({"mail": "clicked"}, "Registered"),
        ({"webinar": "registered", "mail": "x"}, "Registered"),  # several rules: the furthest
        ({"elsewhere": "registered"}, None),
    ],
)
def test_the_status_that_is_wanted(properties: dict[str, str | None], status: str | None) -> None:
    """By the rules over what marketing tells."""
    assert wanted_status(WEBINAR, properties) == status


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        (None, "Sent", True),
        ("", "Sent", True),
        ("Sent", "Registered", True),
        ("Sent", "Sent", False),
        ("Attended", "Registered", False),
        ("Speaker", "Attended", False),  # a person's own status stays
    ],
)
def test_whether_a_status_goes_on(held: str | None, wanted: str, *, expected: bool) -> None:
    """Only to a later one of the order."""
    assert goes_on(WEBINAR, held=held, wanted=wanted) is expected


@given(st.lists(st.sampled_from(WEBINAR.statuses)))
def test_no_sequence_of_wishes_takes_a_member_back(wishes: list[str]) -> None:
    """Whoever is told one wish after the other ends at the furthest of them."""
    held: str | None = None
    for wish in wishes:
        held = wish if goes_on(WEBINAR, held=held, wanted=wish) else held
    assert held == max(wishes, key=WEBINAR.statuses.index, default=None)


def test_each_property_is_read_once() -> None:
    """In the order of the rules."""
    assert properties_of(WEBINAR) == ("webinar", "mail")
