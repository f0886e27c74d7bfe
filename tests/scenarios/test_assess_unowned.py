"""Whom marketing has qualified and nobody of sales owns: how many, just those, and nobody where all are owned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.salesforce.definitions import text
from syncd.operations.assess import NOBODY, QUEUE
from tests.scenarios.assessments import assessed, bare, figures, values
from tests.scenarios.lifecycles import NEW, SQL, WORKING
from tests.scenarios.steps import Schema, Steps

LEAD = {"lifecyclestage": "lead", "hs_lead_status": ""}


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two stand-ins without a single field of syncd's."""
    made = bare(tmp_path)
    yield made
    made.both.store.close()


def _both(steps: Steps, name: str, *, owner: str, stage: dict[str, str] | None = None, **fields: str) -> str:
    """A contact, an MQL unless told otherwise, and a Lead of an owner; what the report calls the two."""
    contact = steps.contact(email=f"{name}@acme.com", **(stage or {}))
    lead = steps.lead(Email=f"{name}@acme.com", Status=WORKING if stage == SQL else NEW, OwnerId=owner, **fields)
    return f"marketing:contacts/{contact} crm:Lead/{lead}"


def _listed(steps: Steps, *keys: str) -> list[list[str]]:
    """The records that these figures open, in order of their names."""
    known = figures(assessed(steps))
    return [sorted(map(str, known[key].rows)) for key in keys]


def test_whom_a_queue_has_nobody_owns(steps: Steps) -> None:
    """Two MQLs lie in a queue, one has an owner; whoever is not qualified, or accepted already, is not meant."""
    salesforce = steps.both.salesforce
    queue, ann = salesforce.add_queue("Inbound"), steps.seller("SDR")
    waiting = sorted(_both(steps, name, owner=queue) for name in ("bob", "cy"))
    _both(steps, "dan", owner=ann)
    _both(steps, "eve", owner=queue, stage=LEAD)
    _both(steps, "fay", owner=queue, stage=SQL)
    steps.contact(email="gil@acme.com")  # whom the CRM lacks: told as unseen
    report = assessed(steps)
    assert values(report, "glance:unowned", f"unowned:{QUEUE}", "glance:unseen") == [2, 2, 1]
    assert f"unowned:{NOBODY}" not in figures(report)
    assert _listed(steps, "glance:unowned", f"unowned:{QUEUE}") == [waiting, waiting]


def test_where_all_are_owned_nobody_is_listed(steps: Steps) -> None:
    """Whoever takes them out of the queue owns them."""
    queue, ann = steps.both.salesforce.add_queue("Inbound"), steps.seller("SDR")
    _both(steps, "bob", owner=ann)
    _, _, lead = _both(steps, "cy", owner=queue).partition(" crm:Lead/")
    assert values(assessed(steps), "glance:unowned") == [1]
    steps.sell(lead, OwnerId=ann)
    report = assessed(steps)
    assert values(report, "glance:unowned") == [0]
    assert not [key for key in figures(report) if key.startswith("unowned:")]


def _two_fields(person: Schema) -> None:
    person["fields"]["closer"] = {
        "type": "owner", "marketing": "closer", "crm": "Closer__c", "direction": "to_marketing",
    }  # fmt: skip


def _another_field(person: Schema) -> None:
    person["fields"]["owner"]["crm"] = "Closer__c"


def _with_closers(steps: Steps) -> None:
    steps.both.hubspot.add_property("contacts", {"name": "closer", "type": "string", "fieldType": "text"})
    for object_name in ("Lead", "Contact"):
        steps.both.salesforce.add_field(object_name, text("Closer__c", "Closer", 18, custom=True))


def test_an_empty_field_is_nobody(tmp_path: Path) -> None:
    """Where a field of the company's own says who has somebody."""
    steps = bare(tmp_path, person=_another_field)
    _with_closers(steps)
    queue, ann = steps.both.salesforce.add_queue("Inbound"), steps.seller("AE")
    nobody = _both(steps, "bob", owner=ann)
    _both(steps, "cy", owner=queue, Closer__c=ann)
    assert _listed(steps, "glance:unowned", f"unowned:{NOBODY}") == [[nobody], [nobody]]
    steps.both.store.close()


def test_one_who_has_them_is_enough(tmp_path: Path) -> None:
    """Of two fields that name people of sales one is still empty, or the Lead lies in the queue of a team: whoever has
    a name in either has somebody, and whoever has none is one person and not two.
    """
    steps = bare(tmp_path, person=_two_fields)
    _with_closers(steps)
    queue, ann = steps.both.salesforce.add_queue("Inbound"), steps.seller("AE")
    _both(steps, "bob", owner=ann)
    _both(steps, "cy", owner=queue, Closer__c=ann)
    nobody = _both(steps, "dan", owner=queue)
    assert values(assessed(steps), "glance:unowned", f"unowned:{QUEUE}") == [1, 1]
    assert _listed(steps, "glance:unowned") == [[nobody]]
    steps.both.store.close()
