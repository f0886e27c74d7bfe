"""The agreement program on small hand-made exports: what agrees, what is excused, and that nothing else is."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.bootstrap import read_config
from syncd.lab.agreement import agreement, as_json, as_text, holds, main
from syncd.lab.judge import Flaw, Verdict
from syncd.lab.listed import Listed, read_listed
from syncd.model.errors import BadUsage
from syncd.model.mapping import KindMapping
from syncd.model.values import Pair

CONFIG = Path(__file__).resolve().parents[3] / "config"
SECRETS = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "sandbox-secret",
}
LEAD = "00Q000000000001AAA"
OTHER_LEAD = "00Q000000000002AAA"
USER = "005000000000001AAA"
ALONE = "005000000000002AAA"

Exports = Pair[dict[str, Any]]
Change = Callable[[dict[str, Any], dict[str, Any]], object]


@pytest.fixture(scope="module")
def kinds() -> tuple[KindMapping, ...]:
    """The kinds of the example configuration."""
    return read_config(CONFIG, SECRETS).connection(None).connection.kinds


def contact(id_: str = "51", **properties: str) -> dict[str, Any]:
    """A contact as HubSpot's stand-in exports it."""
    told = {
        "email": "ann@example.com", "firstname": "Ann", "lastname": "Lee", "company": "Acme", "phone": "(202) 555-0142",
        "country": "Germany", "lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW",
        "hubspot_owner_id": "7", "sales_owner_name": "Sue Sales", "sales_owner_email": "sue@example.com",
        "product_interests": "service;crm", "syncd_crm_id": LEAD,
    }  # fmt: skip
    return {"id": id_, "properties": {**told, **properties}, "archived": False, "associations": {}}


def lead(id_: str = LEAD, **fields: object) -> dict[str, Any]:
    """A Lead as Salesforce's stand-in exports it."""
    told: dict[str, Any] = {
        "Id": id_, "Email": "Ann@Example.com", "FirstName": "Ann", "LastName": "Lee", "Company": "Acme",
        "Phone": "+1 202-555-0142", "Country": "DE", "Status": "Open - Not Contacted", "OwnerId": USER,
        "Product_Interests__c": "Analytics;Support", "HasOptedOutOfEmail": False, "Title": None, "MobilePhone": None,
        "Website": None, "Street": None, "City": None, "PostalCode": None, "State": None, "Industry": None,
        "IsDeleted": False, "IsConverted": False, "MasterRecordId": None, "ConvertedContactId": None,
        "Syncd_Marketing_Id__c": "51",
    }  # fmt: skip
    return {**told, **fields}


def exports() -> Exports:
    """One pair that agrees in every word, each side in its own words."""
    marketing = {
        "contacts": [contact()],
        "companies": [],
        "owners": [{"id": "7", "email": "sue@example.com", "firstName": "Sue", "lastName": "Sales", "archived": False}],
    }
    users = [
        {"Id": USER, "Name": "Sue Sales", "Email": "sue@example.com", "IsActive": True},
        {"Id": ALONE, "Name": "Al One", "Email": "al@example.com", "IsActive": True},
    ]
    crm = {"Lead": [lead()], "Contact": [], "Account": [], "User": users, "Group": []}
    return Pair(marketing, crm)


def judged(kinds: tuple[KindMapping, ...], both: Exports, listed: Listed | None = None) -> Verdict:
    """The verdict on people."""
    return agreement(kinds, both, listed or Listed())[-1]


def test_the_same_in_other_words_agrees(kinds: tuple[KindMapping, ...]) -> None:
    """Case, notation, picklist words, order and names of countries differ; the meaning does not."""
    verdict = judged(kinds, exports())
    assert verdict.flaws == []
    assert verdict.pairs == 1
    assert verdict.by_field["phone"]["agree"] == verdict.by_field["stage"]["agree"] == 1
    assert verdict.by_field["owner"]["agree"] == verdict.by_field["product_interests"]["agree"] == 1


CORRUPTED = {
    "email": ("email", "bob@example.com"),
    "firstname": ("first_name", "An"),
    "phone": ("phone", "(202) 555-0143"),
    "country": ("country", "France"),
    "hs_lead_status": ("stage", "UNQUALIFIED"),
    "sales_owner_name": ("sales_owner_name", "Somebody"),
    "product_interests": ("product_interests", "crm"),
    "hs_email_optout": ("opt_out", "true"),
    "jobtitle": ("title", "Boss"),
    "company": ("company_name", ""),
}


@pytest.mark.parametrize("name", CORRUPTED)
def test_a_corrupted_value_makes_it_fail(kinds: tuple[KindMapping, ...], name: str) -> None:
    """One wrong value of any type, in one field, is found and named."""
    field, value = CORRUPTED[name]
    both = exports()
    both.marketing["contacts"][0]["properties"][name] = value
    flaws = judged(kinds, both).flaws
    assert [(flaw.field, flaw.what) for flaw in flaws] == [(field, "differs")]
    assert flaws[0].refs == ("marketing:contacts/51", f"crm:Lead/{LEAD}")


def _set(side: str, object_name: str, changes: dict[str, Any]) -> Change:
    def change(marketing: dict[str, Any], crm: dict[str, Any]) -> None:
        row = (marketing if side == "marketing" else crm)[object_name][0]
        (row["properties"] if side == "marketing" else row).update(changes)

    return change


EXCUSED: dict[str, tuple[Change, str]] = {
    "an owner whom HubSpot does not know": (
        _set("crm", "Lead", {"OwnerId": ALONE}),
        "the other side has no form for the value",
    ),
    "a stage that sales has no word for": (
        _set("marketing", "contacts", {"lifecyclestage": "subscriber", "hs_lead_status": ""}),
        "the other side has no form for the value",
    ),
    "a default that only a create wrote": (
        lambda marketing, crm: (
            marketing["contacts"][0]["properties"].update(company=""),
            crm["Lead"][0].update(Company="(not given)"),
        ),
        "default of a create",
    ),
}


@pytest.mark.parametrize("name", EXCUSED)
def test_what_the_mapping_wants_is_shown_apart(kinds: tuple[KindMapping, ...], name: str) -> None:
    """Differences that the mapping itself asks for are counted, and are no disagreement."""
    change, why = EXCUSED[name]
    both = exports()
    change(both.marketing, both.crm)
    both.marketing["contacts"][0]["properties"] |= (
        {"sales_owner_name": "Al One", "sales_owner_email": "al@example.com"} if "owner" in name else {}
    )
    verdict = judged(kinds, both)
    assert verdict.flaws == []
    assert verdict.apart[why] == 1


def test_a_listed_conflict_is_no_surprise_and_no_agreement(kinds: tuple[KindMapping, ...]) -> None:
    """A listed field counts as listed for exactly that record and field, never for another one."""
    both = exports()
    both.marketing["contacts"][0]["properties"] |= {"email": "bob@example.com", "firstname": "Bob"}
    row = {"kind": "person", "topic": "field", "field": "email", "refs": ["marketing:contacts/51", f"crm:Lead/{LEAD}"]}
    verdict = judged(kinds, both, read_listed({"conflicts": [row]}))
    assert verdict.listed["conflict"] == 1
    assert [flaw.field for flaw in verdict.flaws] == ["first_name"]


def test_a_parked_field_is_listed_by_its_record(kinds: tuple[KindMapping, ...]) -> None:
    """What a vendor refused is on the list of parked fields, under the record it was to be written to."""
    both = exports()
    both.marketing["contacts"][0]["properties"]["jobtitle"] = "x" * 200
    row = {"kind": "person", "side": "crm", "record": f"crm:Lead/{LEAD}", "field": "title"}
    verdict = judged(kinds, both, read_listed({"parked": [row]}))
    assert verdict.flaws == []
    assert verdict.listed["parked"] == 1


def _one_sided(marketing: dict[str, Any], crm: dict[str, Any]) -> None:
    crm["Lead"][0]["Syncd_Marketing_Id__c"] = None


def _second_key(marketing: dict[str, Any], crm: dict[str, Any]) -> None:
    crm["Lead"].append(lead(OTHER_LEAD, Email="zoe@example.com"))


def _never_created(marketing: dict[str, Any], crm: dict[str, Any]) -> None:
    marketing["contacts"].append(contact("52", email="zoe@example.com", syncd_crm_id=""))


def _never_linked(marketing: dict[str, Any], crm: dict[str, Any]) -> None:
    marketing["contacts"].append(contact("52", email="zoe@example.com", syncd_crm_id=""))
    crm["Lead"].append(lead(OTHER_LEAD, Email="Zoe@example.com", Syncd_Marketing_Id__c=None))


def _doubled(marketing: dict[str, Any], crm: dict[str, Any]) -> None:
    crm["Lead"].append(lead(OTHER_LEAD, Syncd_Marketing_Id__c=None))


RECORDS: dict[str, tuple[Change, str]] = {
    "only one of two points back": (_one_sided, "its key names a record that does not point back"),
    "two records with one key": (_second_key, "one key on several records"),
    "a counterpart that was never made": (_never_created, "the create rule asks for a counterpart and there is none"),
    "a pair that was never linked": (_never_linked, "the same by a match rule, but not linked"),
    "a second Lead of somebody linked": (_doubled, "shares an identity with several records and is not held"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_that_are_not_as_they_should_be(kinds: tuple[KindMapping, ...], name: str) -> None:
    """Half links, duplicates and people who are missing are disagreements as much as values are."""
    change, what = RECORDS[name]
    both = exports()
    change(both.marketing, both.crm)
    assert what in {flaw.what for flaw in judged(kinds, both).flaws}


def test_held_and_deleted_ones_are_listed(kinds: tuple[KindMapping, ...]) -> None:
    """A held duplicate is excused by its list alone; a deleted counterpart shows from the export itself."""
    both = exports()
    _doubled(both.marketing, both.crm)
    refs = ["marketing:contacts/51", f"crm:Lead/{LEAD}", f"crm:Lead/{OTHER_LEAD}"]
    listed = read_listed([{"kind": "person", "topic": "match", "field": None, "refs": refs}])
    verdict = judged(kinds, both, listed)
    assert verdict.flaws == []
    assert verdict.listed["held duplicate"] == 1
    gone = exports()
    gone.crm["Lead"][0]["IsDeleted"] = True
    verdict = judged(kinds, gone)
    assert verdict.flaws == []
    assert verdict.listed["deleted counterpart"] == 1


def test_a_newsletter_reader_needs_no_counterpart(kinds: tuple[KindMapping, ...]) -> None:
    """Only whom the create rule asks for is missed on the other side."""
    both = exports()
    reader = contact("52", email="zoe@example.com", syncd_crm_id="", lifecyclestage="subscriber", hs_lead_status="")
    both.marketing["contacts"].append(reader)
    verdict = judged(kinds, both)
    assert verdict.flaws == []
    assert verdict.apart["nobody asks for a counterpart"] == 1


def test_the_program_ends_with_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0 for agreement, 1 for one corrupted value, 2 for a file that is none; JSON holds no values."""
    both = exports()
    files = {side: tmp_path / f"{side}.json" for side in ("marketing", "crm")}
    files["marketing"].write_text(json.dumps(both.marketing))
    files["crm"].write_text(json.dumps(both.crm))
    words = ["--config", str(CONFIG), "--marketing", str(files["marketing"]), "--crm", str(files["crm"])]
    assert main(words, SECRETS) == 0
    assert "100 %" in capsys.readouterr().out
    wrong = copy.deepcopy(both.crm)
    wrong["Lead"][0]["LastName"] = "Falsified"
    files["crm"].write_text(json.dumps(wrong))
    assert main(words, SECRETS) == 1
    assert "last_name" in capsys.readouterr().out
    assert main([*words, "--json"], SECRETS) == 1
    told = capsys.readouterr().out
    assert json.loads(told)["agrees"] is False
    assert "Falsified" not in told
    files["crm"].write_text("<html>")
    assert main(words, SECRETS) == 2
    assert "is no JSON" in capsys.readouterr().err


def test_an_export_that_lacks_something_is_refused(kinds: tuple[KindMapping, ...]) -> None:
    """Without owners or an object nothing could be judged; that is said and not passed over."""
    both = exports()
    del both.marketing["owners"]
    with pytest.raises(BadUsage, match="holds no owners"):
        judged(kinds, both)
    both = exports()
    del both.crm["Contact"]
    with pytest.raises(BadUsage, match="holds no Contact"):
        judged(kinds, both)
    with pytest.raises(BadUsage, match="another shape"):
        read_listed({"conflicts": [{"topic": "field"}]})


def test_one_flaw_in_a_million_is_not_a_hundred_percent() -> None:
    """The share is never rounded up."""
    flaw = Flaw("person", "differs", ("marketing:contacts/1",))
    verdict = Verdict("person", pairs=1, agreeing=10_000_000, flaws=[flaw])
    assert "99.99%" in as_text([verdict])
    assert not holds([verdict])
    assert as_json([verdict])["agrees"] is False
