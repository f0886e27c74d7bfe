"""Every fault of the catalogue against the whole engine: once the vendors behave again, everything is as it should be.

People edit on both sides while it lasts, each with a word of their own. Afterwards nothing moves any more, nobody is
there twice, and each word stands on both sides or the person it belongs to is listed with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from connectors.hubspot import reading
from sandbox.faults.arming import arm
from sandbox.faults.catalogue import CATALOGUE
from sandbox.faults.entry import Vendor
from sandbox.kernel import NothingToHit
from syncd.engine.cycle import sync
from syncd.model.errors import SyncdError
from syncd.operations.drift import resting
from tests.scenarios.steps import HOUR, Schema, Steps, remapped

PEOPLE = 6
APART = frozenset({"clock-skew", "contact-exists"})
"""Faults with scenarios of their own: tests/scenarios/test_clocks.py, and below."""
WORDS: Mapping[str, Mapping[str, object]] = {"search-lag": {"seconds": 40}}
"""Options without which a fault finds nothing here: cycles come half a minute after the edits."""
PAGES = frozenset({"page-drift", "cursor-expired", "endless-paging"})
"""Faults of later pages: here a page holds two of the six people, and everything is read once."""


def _every() -> Iterator[tuple[str, Vendor]]:
    for entry in CATALOGUE.values():
        for vendor in entry.vendors:
            if entry.name not in APART:
                yield entry.name, vendor


@pytest.mark.slow
@pytest.mark.parametrize(("name", "vendor"), list(_every()))
def test_it_ends_well(steps: Steps, name: str, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Armed for some calls, or done; then healed. Each has really happened."""
    pairs = _people(steps)
    kernel = steps.both.hubspot if vendor == "hubspot" else steps.both.salesforce
    words: dict[str, str] = {}
    for number, (contact, lead) in enumerate(pairs):
        words[contact] = f"word{number}"
        if number % 2:
            steps.market(contact, city=words[contact])
        else:
            steps.sell(lead, City=words[contact])
    entry = CATALOGUE[name]
    if name == "record-restored":
        if vendor == "hubspot":
            steps.both.hubspot.archive("contacts", pairs[-1][0])
        else:
            steps.both.salesforce.delete("Lead", pairs[-1][1])
        steps.cycle()
    if name in PAGES:
        steps.both.salesforce.switches.largest_page = 2
        monkeypatch.setattr(reading, "PAGE", 2)
    try:
        arm(kernel, name, **WORDS.get(name, {}), **({"times": 3} if entry.sort == "answer" else {}))
    except NothingToHit as why:
        pytest.fail(f"{name} finds nothing to hit here: {why}")
    _cycles(steps, 3, after=30.0)
    if name in PAGES:
        with suppress(SyncdError):
            sync(steps.both.world, full=True)
    assert kernel.faults.fired[name]
    kernel.faults.clear()
    _cycles(steps, 6)
    sync(steps.both.world, full=True)
    steps.quiet()
    _nobody_twice(steps)
    lost = [contact for contact, word in words.items() if not _arrived(steps, contact, word)]
    assert not [contact for contact in lost if contact not in _listed(steps)], (name, lost, _listed(steps))


@pytest.mark.slow
def test_a_contact_that_somebody_makes_a_moment_before(tmp_path: Path) -> None:
    """Where syncd makes contacts and one of the same address appears right before: it is linked, nobody is twice."""

    def makes_contacts(schema: Schema) -> None:
        schema["create"]["marketing"] = [{"object": "contacts", "when": "email != null"}]

    both = remapped(tmp_path, makes_contacts)
    steps = Steps(both)
    try:
        arm(both.hubspot, "contact-exists")
        lead = steps.lead(FirstName="Ann", Email="ann@example.com", City="Graz")
        _cycles(steps, 4)
        assert both.hubspot.faults.fired["contact-exists"] == 1
        (contact,) = steps.contacts()
        assert steps.sold(lead, "Syncd_Marketing_Id__c") == contact
        assert steps.marketed(contact, "city") == "Graz"
        steps.quiet()
    finally:
        both.store.close()


def _people(steps: Steps) -> list[tuple[str, str]]:
    contacts = [
        steps.contact(
            email=f"p{number}@example.com", company=f"Firm {number}", firstname=f"F{number}", jobtitle="Buyer"
        )
        for number in range(PEOPLE)
    ]
    steps.cycle()
    steps.cycle()
    return [(contact, str(steps.marketed(contact, "syncd_crm_id"))) for contact in contacts]


def _cycles(steps: Steps, count: int, *, after: float = HOUR) -> None:
    """Cycles as a daemon makes them: one that fails is followed by the next."""
    for _ in range(count):
        try:
            steps.cycle(after=after)
        except SyncdError:
            continue


def _nobody_twice(steps: Steps) -> None:
    rows = [row for name in ("Lead", "Contact") for row in steps.live(name) if not row.get("IsConverted")]
    keys = Counter(str(row["Syncd_Marketing_Id__c"]) for row in rows if row["Syncd_Marketing_Id__c"])
    assert all(count == 1 for count in keys.values()), keys
    names = Counter(row["FirstName"] for row in rows if row["FirstName"])
    assert max(names.values()) <= 1, names


def _arrived(steps: Steps, contact: str, word: str) -> bool:
    there = [row["properties"].get("city") for row in steps.both.hubspot.export()["contacts"] if not row["archived"]]
    here = [row.get("City") or row.get("MailingCity") for name in ("Lead", "Contact") for row in steps.live(name)]
    return word in there and word in here


def _listed(steps: Steps) -> set[str]:
    """Contacts that a person is told of, whatever for."""
    store = steps.both.store
    links = {conflict.link for conflict in store.conflicts() if conflict.link}
    links |= {row.link for row in store.parked()}
    told = {found.link.refs.marketing.id for found in store.by_link([each for each in links if each]).values()}
    told |= {ref.id for conflict in store.conflicts() for _, ref in conflict.refs}
    told |= {letter.origin.id for letter in store.dead_letters()}
    if resting(store):
        told |= {link.refs.marketing.id for link in store.links("person")}
    return told | {link.refs.marketing.id for link in store.links("person") if link.state != "live"}
