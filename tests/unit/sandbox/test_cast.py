"""What people of a funnel need of a stand-in: to find a record, and to see that a field is lacking."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.cast import Cast, NoField
from sandbox.desk import LocalDesk
from sandbox.funnel import Script
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import SimulatedClock
from sandbox.olist_files import OlistRows
from sandbox.salesforce.kernel import SalesforceKernel

AT = datetime(2018, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def desks() -> tuple[LocalDesk, LocalDesk]:
    """Both, at new accounts."""
    clock = SimulatedClock(AT)
    return LocalDesk(HubSpotKernel(clock=clock, seed=1)), LocalDesk(SalesforceKernel(clock=clock, seed=2))


def test_people_find_rows_by_a_value(desks: tuple[LocalDesk, LocalDesk]) -> None:
    """In any case, by a field with an index or without one; not what is in the recycle bin, and nobody by nothing."""
    _, crm = desks
    ann, ben, gone = (
        crm.do("create", object="Lead", fields={"LastName": name, "Company": "Acme", "Email": mail})
        for name, mail in (("Ann", "Ann@example.com"), ("Ben", "ben@example.com"), ("Gone", "ann@example.com"))
    )
    crm.do("delete", object="Lead", id=gone)
    assert crm.do("find", object="Lead", field="Email", value="ann@EXAMPLE.com") == [ann]
    assert crm.do("find", object="Lead", field="Company", value="acme") == sorted([ann, ben])
    assert crm.do("find", object="Lead", field="Email", value="zoe@example.com") == []
    assert crm.do("find", object="Lead", field="City", value="none") == []


def test_who_cannot_fill_a_field_says_so_before_anything_is_done(desks: tuple[LocalDesk, LocalDesk]) -> None:
    """New accounts have none of the funnel's fields: nobody is hired."""
    script = Script(1, OlistRows({}, {}), {}, ("kim",), ("sid",), ("ann",), AT, AT)
    cast = Cast(*desks, script, names=lambda: ("A", "B"))
    before = [{name: len(rows) for name, rows in desk.export().items()} for desk in desks]
    with pytest.raises(NoField, match="contacts has no field first_contact"):
        cast.hire(names=lambda: ("A", "B"))
    assert [{name: len(rows) for name, rows in desk.export().items()} for desk in desks] == before
