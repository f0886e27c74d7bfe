"""What is left of an update when some of its changes are left out, and what goes along with the rest."""

from __future__ import annotations

import pytest

from syncd.core.draft import only
from syncd.model.link import FieldChange
from syncd.model.plan import NOTHING_ALONG, Along, Update
from syncd.model.remote import RemoteRef
from syncd.model.values import Lane, Side

SLOTS = {"email": ("email",), "city": ("city",), "opt_out": ("@unsubscribed",)}
WIRES: dict[str, str | bool] = {"email": "new@example.com", "city": "Berlin", "@unsubscribed": True}


def changes(*names: str) -> tuple[FieldChange, ...]:
    """One change of each of these fields."""
    return tuple(FieldChange(name, None, WIRES[SLOTS[name][0]], "", Side.CRM) for name in names)


def update(*names: str, told: bool) -> Update:
    """A write of these fields by which somebody who is out gets another address; ``told`` or not."""
    fields = {SLOTS[name][0]: WIRES[SLOTS[name][0]] for name in (*names, "opt_out")}
    along = Along(frozenset({"email"}), frozenset({"@unsubscribed"}), frozenset({"opt_out"} if told else ()))
    told_of = (*names, "opt_out") if told else names
    ref = RemoteRef("contacts", "7")
    return Update(Side.MARKETING, ref, fields, {}, changes(*told_of), Lane.ORDINARY, along=along)


@pytest.mark.parametrize("told", [True, False])
def test_with_the_address_it_goes(*, told: bool) -> None:
    """Whatever else is left out, and whether it is told or not."""
    left = only(update("email", "city", told=told), changes("email"), slots=SLOTS, key=None)
    assert left is not None
    assert dict(left.fields) == {"email": "new@example.com", "@unsubscribed": True}
    again = only(left, left.changes, slots=SLOTS, key=None)
    assert again == left


@pytest.mark.parametrize("told", [True, False])
def test_without_the_address_it_stays(*, told: bool) -> None:
    """Also where the caller would have kept it; what else there is goes on."""
    kept = changes("city", "opt_out") if told else changes("city")
    left = only(update("email", "city", told=told), kept, slots=SLOTS, key=None)
    assert left is not None
    assert dict(left.fields) == {"city": "Berlin"}
    assert [change.field for change in left.changes] == ["city"]
    assert left.along == NOTHING_ALONG


def test_by_itself_it_is_nothing() -> None:
    """Then there is no update; with a key there is one, of the key alone."""
    assert only(update("email", told=True), changes("opt_out"), slots=SLOTS, key=None) is None
    keyed = only(update("email", told=True), changes("opt_out"), slots=SLOTS, key="003")
    assert keyed is not None
    assert (dict(keyed.fields), keyed.changes, keyed.key) == ({}, (), "003")
