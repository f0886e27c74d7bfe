"""Entity tags: which version of an Account a reader knows, and which one a writer means."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.salesforce_client import Client


@pytest.fixture
def org() -> Client:
    """An org without rows."""
    return Client()


def account(org: Client) -> tuple[str, str]:
    """The path of a new Account, and its tag."""
    path = f"/sobjects/Account/{org.kernel.insert('Account', {'Name': 'Acme'})}"
    return path, org.send("GET", path).headers["ETag"]


@pytest.mark.fact("salesforce 6.15")
def test_a_write_is_for_the_version_it_names(org: Client) -> None:
    """A tag that is no longer the row's is a 412 and writes nothing; every change makes another tag, in one second."""
    path, tag = account(org)
    assert org.call("PATCH", path, {"Industry": "Banking"}, If_Match=tag)[0] == 204
    status, (refusal,) = org.call("PATCH", path, {"Industry": "Retail"}, If_Match=tag)
    assert (status, refusal["errorCode"]) == (412, "PRECONDITION_FAILED")
    assert org.call("GET", path)[1]["Industry"] == "Banking"
    fresh = org.send("GET", path).headers["ETag"]
    assert fresh != tag
    assert org.call("PATCH", path, {"Industry": "Retail"}, If_None_Match=fresh)[0] == 412
    assert org.call("PATCH", path, {"Industry": "Retail"}, If_None_Match=tag)[0] == 204
    assert org.call("PATCH", path, {"Industry": "Energy"}, If_Match="*")[0] == 204
    assert org.call("PATCH", path, {"Industry": "Energy"}, If_None_Match="*")[0] == 412


def test_a_reader_who_knows_the_version_gets_no_body(org: Client) -> None:
    """304 with the tag, whichever fields are asked for; a list of tags and a weak one are understood."""
    path, tag = account(org)
    known = org.send("GET", f"{path}?fields=Name", If_None_Match=f'"other", W/{tag}')
    assert (known.status, known.body, known.headers["ETag"]) == (304, b"", tag)
    assert org.call("GET", path, If_None_Match='"other"')[0] == 200


def test_only_accounts_have_tags(org: Client) -> None:
    """Of any other object the headers mean nothing, as documented; dates work for it."""
    path = f"/sobjects/Lead/{org.lead()}"
    assert "ETag" not in org.send("GET", path).headers
    assert org.call("PATCH", path, {"City": "Bonn"}, If_Match='"other"')[0] == 204
    assert org.call("GET", path, If_None_Match="*")[0] == 200


@pytest.mark.fact("salesforce 6.15")
def test_an_org_that_wants_conditions_takes_a_tag(org: Client) -> None:
    """428 without one; and where conditions are not honoured at all, a wrong tag writes."""
    path, tag = account(org)
    org.kernel.switches.requires_conditions = True
    assert org.call("PATCH", path, {"Industry": "Banking"})[0] == 428
    assert org.call("PATCH", path, {"Industry": "Banking"}, If_Match=tag)[0] == 204
    org.kernel.switches.conditional_writes = False
    assert org.call("PATCH", path, {"Industry": "Retail"}, If_Match=tag)[0] == 204
