"""Made-up people: what they are for is the mess, so the tests look for the mess and for true bookkeeping."""

from __future__ import annotations

import builtins
import random
import unicodedata
from datetime import UTC, datetime
from typing import Any

import phonenumbers
import pytest

from sandbox import mess
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import SimulatedClock
from sandbox.names import COUNTRIES, MissingFaker, Registry
from sandbox.population import Populated, populate
from sandbox.salesforce.kernel import SalesforceKernel

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
World = tuple[HubSpotKernel, SalesforceKernel, Populated]


def make(*, seed: int = 1, people: int = 600) -> World:
    """A populated pair of kernels."""
    clock = SimulatedClock(START)
    hubspot, salesforce = HubSpotKernel(clock=clock, seed=1), SalesforceKernel(clock=clock, seed=2)
    return hubspot, salesforce, populate(hubspot, salesforce, people=people, companies=80, seed=seed)


@pytest.fixture(scope="module")
def world() -> World:
    """One population for all looks at it."""
    return make()


def contacts(world: World) -> dict[str, dict[str, str]]:
    """Properties of all contacts by id."""
    return {row["id"]: row["properties"] for row in world[0].export()["contacts"]}


def crm(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of Leads and Contacts by (object, id)."""
    rows = world[1].export()
    return {(kind, str(row["Id"])): row for kind in ("Lead", "Contact") for row in rows[kind]}


def test_the_books_are_true(world: World) -> None:
    """Every record is in exactly one list of what was made, and shared pairs have one address and are alone with it."""
    made, left, right = world[2], contacts(world), crm(world)
    listed = [contact for contact, _ in made.shared] + [contact for contact, _ in made.ambiguous] + made.only_marketing
    assert sorted(listed) == sorted(left)
    found = [ref for _, ref in made.shared] + [ref for _, refs in made.ambiguous for ref in refs] + made.only_crm
    assert sorted(found) == sorted(right)
    addresses = [str(row["Email"]).casefold() for row in right.values() if row["Email"]]
    for contact, ref in made.shared:
        assert left[contact]["email"].casefold() == right[ref]["Email"].casefold()
        assert addresses.count(right[ref]["Email"].casefold()) == 1
    assert all(len(refs) > 1 for _, refs in made.ambiguous)
    ours = {row["email"].casefold() for row in left.values() if "email" in row}
    assert all(str(right[ref]["Email"]).casefold() not in ours for ref in made.only_crm)
    assert 0.4 < len(made.shared) / 600 < 0.7


def test_sizes_are_those_of_the_export(world: World) -> None:
    """What is loaded can be counted without making all of its rows once more."""
    for kernel in world[:2]:
        assert kernel.sizes() == {name: len(rows) for name, rows in kernel.export().items()}
        assert sum(kernel.sizes().values()) > 500


def test_the_mess_is_there(world: World) -> None:
    """Duplicates, queues, inactive owners, opt-outs, unknown values, gaps, combining characters: some of each."""
    made, left, right = world[2], contacts(world), crm(world)
    assert all(made.counts().values()), made.counts()
    assert any(row["email"].startswith("info@") for row in left.values() if "email" in row)
    inactive = {row["Id"] for row in world[1].export()["User"] if not row["IsActive"]}
    assert any(row["OwnerId"] in inactive for row in right.values())
    assert {owner.user_id for owner in made.owners if not owner.active} <= inactive
    assert any(owner.hubspot_id is None for owner in made.owners)
    assert any("Hardware" in str(row["Product_Interests__c"]) for row in right.values())
    assert "BAD_TIMING" in {row.get("hs_lead_status") for row in left.values()}
    assert {"subscriber", "lead", "marketingqualifiedlead"} <= {row["lifecyclestage"] for row in left.values()}
    assert any(row["FirstName"] is None for row in right.values())
    assert any("email" not in row for row in left.values())
    names = [row.get("lastname", "") for row in left.values()]
    assert any(unicodedata.normalize("NFC", name) != name for name in names)
    emoji = [row for row in right.values() if any(flower in str(row["FirstName"]) for flower in mess.FLOWERS)]
    assert emoji
    assert not any(row["Syncd_Marketing_Id__c"] for row in right.values())
    assert not any("syncd_crm_id" in row for row in left.values())


def test_shared_people_mostly_agree(world: World) -> None:
    """The stage of most shared Leads means the same on both sides, that of some does not."""
    left, right = contacts(world), crm(world)
    same = {"NEW": "Open - Not Contacted", "IN_PROGRESS": "Working - Contacted", "OPEN": "Working - Contacted",
            "UNQUALIFIED": "Closed - Not Converted"}  # fmt: skip
    pairs = [(left[contact], right[ref]) for contact, ref in world[2].shared if ref[0] == "Lead"]
    agree = [same.get(ours.get("hs_lead_status", "")) == theirs["Status"] for ours, theirs in pairs]
    assert 0.8 < sum(agree) / len(agree) < 1


def test_the_seed_decides(world: World) -> None:
    """The same seed gives the same people, another seed others."""
    again, other = make(), make(seed=2, people=100)
    assert contacts(again) == contacts(world)
    assert crm(again) == crm(world)
    assert {row.get("email") for row in contacts(other).values()} != {
        row.get("email") for row in contacts(world).values()
    }


def test_many_people_are_mixed_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faker makes up so many values of a locale; later people are other people of these, with addresses of their own.

    The first ones are who they would be without that, so that small worlds stay what they were.
    """
    plain = Registry(seed=1)
    first = [plain.person() for _ in range(30)]
    monkeypatch.setattr("sandbox.names.FRESH", 20)
    registry = Registry(seed=1)
    assert [registry.person() for _ in first] == first
    people = [*first, *(registry.person() for _ in range(1_000))]
    for sort in ("first", "last", "street", "city", "zip"):
        for country in COUNTRIES:
            assert len({getattr(each, sort) for each in people if each.country == country}) <= 20
    assert len({each.email for each in people}) == len(people)
    names = {(each.first, each.last) for each in people if each.country == COUNTRIES[0]}
    assert len(names) > 200


def test_every_notation_means_the_same_number() -> None:
    """All ten notations of a number of each country are read back as that number in its country."""
    registry = Registry(seed=1)
    for country in COUNTRIES:
        number = registry.phone(country)
        wanted = f"+{number.calling}{number.area}{number.line}"
        for notation in mess.NOTATIONS:
            region = country.spellings[1]
            parsed = phonenumbers.parse(notation(number), region)
            assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == wanted, notation(number)
    assert len(mess.NOTATIONS) == 10


def test_case_is_all_that_changes_in_an_address() -> None:
    """However an address is written, folding its case gives it back."""
    written = {mess.email("ana.maria@acme.com", chance=random.Random(n)) for n in range(40)}
    assert {text.casefold() for text in written} == {"ana.maria@acme.com"}
    assert len(written) == 4


def test_without_faker_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faker is optional: without it the error names the extra."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **words: Any) -> Any:
        if name == "faker":
            raise ImportError(name)
        return real(name, *rest, **words)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingFaker, match=r"syncd\[sandbox\]"):
        Registry(seed=1)
