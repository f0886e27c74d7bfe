"""The page of errors forgets none of those that the connectors tell apart."""

from __future__ import annotations

from connectors.hubspot import errors as hubspot
from connectors.salesforce import errors as salesforce
from connectors.salesforce import outcome
from deploy.errors import HUBSPOT_ROWS, SALESFORCE_CALLS, SALESFORCE_LOGINS, SALESFORCE_ROWS, errors_reference


def test_every_code_that_is_told_apart_has_a_row() -> None:
    """Of calls, of records and of logins."""
    assert hubspot._ADVICE.keys() <= set(HUBSPOT_ROWS)
    assert {*outcome._ADVICE, *outcome._LATER, *outcome._LEFT, *outcome._WRONG_ID} <= set(SALESFORCE_ROWS)
    assert salesforce._RIGHTS.keys() <= {code for _, code, _ in SALESFORCE_CALLS}
    told = {(code, part) for code, part, _ in salesforce._OAUTH}
    shown = {
        (code, part) for code, part in told for _, error, words in SALESFORCE_LOGINS if error == code and part in words
    }
    assert {code for code, _ in told - shown} <= {"invalid_client", "oauth_ec_app_not_found", "invalid_request"}


def test_the_page_says_what_the_judges_say() -> None:
    """A few rows of it, so that a page without its judges shows."""
    page = errors_reference()
    for row in (
        "| 429 RATE_LIMITS | retry later (after 1 s) |",
        "| 403 REQUEST_LIMIT_EXCEEDED | retry later (after 15 min) |",
        "| DUPLICATES_DETECTED | clash |",
        "| CANNOT_UPDATE_CONVERTED_LEAD | followed |",
        "| STRING_TOO_LONG | refused | shorten the value or lengthen the field |",
        "| 503 HTML | retry later, or unknown |",
    ):
        assert row in page
