"""What a deed keeps of a command's arguments: ids and choices, and of what was typed freely that it was there."""

from __future__ import annotations

import pytest

from syncd.model.values import Side
from syncd.operations.arguments import MOST, arguments, ids_of


@pytest.mark.parametrize(
    ("given", "about", "told"),
    [
        ({"id": "c1", "take": Side.CRM, "alike": True, "apart": False}, "", "c1 take=crm alike"),
        ({"ids": ["d1", "d2"], "everything": False}, "d1 d2", "d1 d2"),
        ({"record": "ann@example.com"}, "link:b1", "link:b1 record=?"),
        ({"record": "link:b1", "context": object(), "as_json": True}, "link:b1", "link:b1"),
        ({"records": ["crm:Lead/00Q1", "Ann Lee"], "where": "email == 'a@b.c'"}, "", "records=crm:Lead/00Q1,? where=?"),
        ({"id": "ann@example.com", "kind": "Ann Lee", "reason": "Ann asked"}, "", "? kind=? reason=?"),
        ({"link": {"marketing": "contacts/51", "crm": "Lead/00Q1"}}, "", "link=contacts/51,Lead/00Q1"),
        ({"cause": {"kind": "person", "side": "crm", "code": "X_1"}}, "", "kind=person side=crm code=X_1"),
        ({"digest": "0a", "password": "secret", "form": "token"}, "", "0a"),
        ({"id": [""], "creates": 500, "updates": None, "until": "2026-01-02T10:00:00+00:00"}, "", "creates=500 until="),
        ({"ids": [str(each) for each in range(MOST + 5)]}, "", "19,+5"),
    ],
)
def test_what_is_told(given: dict[str, object], about: str, told: str) -> None:
    """No address, no name, no password: neither readable nor as a digest."""
    found = arguments(given, about)
    assert found == told or (told.endswith(("=", "+5")) and told in found)


def test_an_address_is_no_id() -> None:
    """Whatever a command says whom it is about."""
    assert ids_of(["ann@example.com", "crm:Lead/00Q1", "Ann Lee", "7f3a", "7f3a"]) == ["crm:Lead/00Q1", "7f3a"]
