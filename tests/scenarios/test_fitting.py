"""``doctor`` and ``setup`` against accounts that lack things: each lack is named with what it breaks, and made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.scenarios.processes import Place, open_place
from tests.worlds import ROOT

pytestmark = pytest.mark.slow

GROUP = "contactinformation"
SCOPES = [
    *(f"crm.objects.{name}.{right}" for name in ("contacts", "companies") for right in ("read", "write")),
    *(f"crm.schemas.{name}.read" for name in ("contacts", "companies")),
    "crm.objects.owners.read",
    "communication_preferences.read_write",
]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Place]:
    """Accounts as they are before anybody set syncd up."""
    with open_place(tmp_path, "--bare", "--people", "40", "--companies", "5") as opened:
        yield opened


def _admin(place: Place) -> tuple[str, ...]:
    kept = place.config / "admin"
    return (
        "--marketing-token-file", str(kept / "marketing_token"),
        "--crm-client-id", "sandbox-admin",
        "--crm-client-secret-file", str(kept / "crm_client_secret"),
    )  # fmt: skip


def _found(place: Place, severity: str = "broken") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.run("doctor", "--json").json["connections"]["main"]["findings"]
    for each in found:
        assert each["breaks"], each
        assert each["where"] or each["topic"] == "sandbox", f"no place to mend it: {each}"
    return [each for each in found if each["severity"] == severity]


def _all_scopes(place: Place, *more: str) -> None:
    """Somebody clicks the scopes of the daemon's key."""
    place.hubspot.do("issue_token", token="pat-na1-sandbox", scopes=[*SCOPES, *more])


def _fitted(place: Place) -> None:
    _all_scopes(place)
    assert place.run("setup", *_admin(place), "--apply").code == 0


def test_bare_accounts_are_named_and_fitted_once(bare: Place) -> None:
    """Every lack with what it breaks; `setup` shows, makes, and has nothing to make then; the doctor is content."""
    said = bare.run("doctor")
    assert said.code == 1
    for lack in (
        "the token lacks the scope crm.schemas.contacts.read",
        "the token lacks the scope communication_preferences.read_write",
        "Lead: the right 'Read' is missing",
        "breaks: an opt-out in the CRM does not stop e-mails from HubSpot",
    ):
        assert lack in said.out
    _all_scopes(bare)
    assert not [each for each in _found(bare) if "scope" in each["what"]]
    assert any("contacts.syncd_crm_id does not exist" in each["what"] for each in _found(bare))

    written = [control.calls()["written"] for control in (bare.hubspot, bare.salesforce)]
    shown = bare.run("setup", *_admin(bare), "--json")
    assert shown.code == 1
    assert not shown.json["applied"]
    assert [control.calls()["written"] for control in (bare.hubspot, bare.salesforce)] == written, "shown, not made"
    what = [step["what"] for step in shown.json["steps"]]
    assert {"property contacts.syncd_crm_id", "field Lead.Syncd_Marketing_Id__c", "permission set syncd"} <= set(what)

    made = bare.run("setup", *_admin(bare), "--apply")
    assert made.code == 0, made.err
    again = bare.run("setup", *_admin(bare), "--json")
    assert (again.code, again.json["steps"], again.json["by_hand"]) == (0, [], [])
    assert sorted(again.json["there"]["crm"] + again.json["there"]["marketing"]) == sorted(what)
    healthy = bare.run("doctor", "--json")
    assert (healthy.code, healthy.json["healthy"]) == (0, True), healthy.out
    assert bare.approve().code in {0, 1}
    assert bare.run("sync", "--json").code in {0, 1}
    assert bare.agreement().code == 0


def test_setup_goes_on_where_it_failed(bare: Place) -> None:
    """A step in the middle is refused: what was made stays, the words say what to do, and running again ends it."""
    _all_scopes(bare)
    bare.salesforce.fault(name="broken", path_contains="sobjects/FieldPermissions", skip=4, times=1, status=500)
    refused = bare.run("setup", *_admin(bare), "--apply")
    assert refused.code == 3
    assert bare.run("setup", *_admin(bare)).code == 1
    assert bare.run("setup", *_admin(bare), "--apply").code == 0
    assert bare.run("setup", *_admin(bare)).code == 0
    assert bare.run("doctor").code == 0


def test_each_right_that_is_taken_away_is_missed(bare: Place) -> None:
    """One at a time: its own finding, and none when it is given back."""
    _fitted(bare)
    cases: list[tuple[dict[str, str], dict[str, str], str, str]] = [
        (
            {"action": "take_object_right", "object": "Lead", "right": "ModifyAllRecords"},
            {"action": "give_object_right", "object": "Lead", "right": "ModifyAllRecords"},
            "risk",
            "Lead: the right 'Modify All' is missing",
        ),
        (
            {"action": "take_user_permission", "permission": "UpdateWithInactiveOwner"},
            {"action": "give_user_permission", "permission": "UpdateWithInactiveOwner"},
            "risk",
            "'Update Records with Inactive Owners' is missing",
        ),
        (
            {"action": "take_field_right", "object": "Lead", "field": "Title", "right": "read"},
            {"action": "give_field_right", "object": "Lead", "field": "Title", "right": "edit"},
            "broken",
            "Lead.Title does not exist or is hidden",
        ),
        (
            {"action": "take_field_right", "object": "Contact", "field": "Phone", "right": "edit"},
            {"action": "give_field_right", "object": "Contact", "field": "Phone", "right": "edit"},
            "broken",
            "Contact.Phone is read-only for syncd",
        ),
        (
            {"action": "take_user_permission", "permission": "ViewSetup"},
            {"action": "give_user_permission", "permission": "ViewSetup"},
            "risk",
            "not all rights of the user could be looked at",
        ),
    ]
    for take, give, severity, words in cases:
        bare.salesforce.do(**take)
        assert [each for each in _found(bare, severity) if words in each["what"]], (take, bare.run("doctor").out)
        bare.salesforce.do(**give)
        assert not [each for each in _found(bare, severity) if words in each["what"]], give
    bare.salesforce.do("take_user_permission", permission="ApiEnabled")
    said = bare.run("doctor")
    assert said.code == 3
    assert "API Enabled" in said.out


def test_wishes_to_be_forgotten_need_rights_of_their_own(bare: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `privacy.individual` set: read of every Individual and of the wish; each lack is named, changing is not."""
    monkeypatch.setenv("SYNCD_CONNECTIONS__MAIN__CRM__PRIVACY__INDIVIDUAL", "true")
    _fitted(bare)
    assert not _found(bare)
    assert not [each for each in _found(bare, "risk") if "Individual" in each["what"]]
    bare.salesforce.do("take_object_right", object="Individual", right="ViewAllRecords")
    (lack,) = _found(bare)
    assert "Individual: the right 'View All' is missing" in lack["what"]
    assert "forgotten is not heard" in lack["breaks"]
    bare.salesforce.do("give_object_right", object="Individual", right="ViewAllRecords")
    bare.salesforce.do("take_field_right", object="Individual", field="ShouldForget", right="read")
    assert any("Individual.ShouldForget does not exist or is hidden" in each["what"] for each in _found(bare))
    assert bare.run("setup", *_admin(bare), "--apply").code == 0
    assert not _found(bare)


def test_rights_beyond_need_are_named(bare: Place) -> None:
    """A scope and a user permission that syncd never uses: a risk, not a fault."""
    _fitted(bare)
    _all_scopes(bare, "crm.objects.deals.write")
    bare.salesforce.do("give_user_permission", permission="ModifyAllData")
    said = bare.run("doctor", "--json")
    assert said.code == 1
    spare = [each["what"] for each in _found(bare, "risk")]
    assert any("crm.objects.deals.write, which syncd does not need" in what for what in spare)
    assert any("'Modify All Data', which syncd does not need" in what for what in spare)
    assert not _found(bare)


def test_a_side_that_cannot_be_looked_at_hides_nothing_of_the_other(bare: Place) -> None:
    """A token that was revoked: exit 3 with the place to click, and the CRM's rights and fields all the same."""
    _fitted(bare)
    bare.salesforce.do("take_field_right", object="Lead", field="Title", right="read")
    bare.salesforce.do("take_object_right", object="Lead", right="ModifyAllRecords")
    bare.hubspot.do("revoke_token", token="pat-na1-sandbox")
    said = bare.run("doctor")
    assert said.code == 3
    assert "refused the access token (401); create a new service key in Development > Keys" in said.out
    assert "Lead: the right 'Modify All' is missing" in said.out
    assert "Lead.Title does not exist or is hidden" in said.out


def test_one_kind_alone_is_fitted(bare: Place) -> None:
    """Rights on Contact depend on rights on Account, whether companies are mapped or not."""
    _all_scopes(bare)
    schema = bare.config / "schema"
    (schema / "company.yaml").unlink()
    person = schema / "person.yaml"
    lines = person.read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("  company:"))
    end = next((number for number in range(begin + 1, len(lines)) if not lines[number].startswith("    ")), len(lines))
    person.write_text("\n".join(lines[:begin] + lines[end:]) + "\n")
    lifecycle = bare.config / "lifecycle.yaml"
    lifecycle.write_text(lifecycle.read_text().replace(", company: company }", " }"))
    for case in (bare.config / "cases").glob("*"):
        case.unlink()
    assert bare.run("setup", *_admin(bare), "--apply").code == 0
    assert bare.run("setup", *_admin(bare)).code == 0
    assert not _found(bare)


def test_deals_are_fitted_where_they_are_mapped(bare: Place) -> None:
    """Copied beside the other files, they need scopes, rights and keys of their own; then the doctor is content."""
    shutil.copytree(ROOT / "config" / "optional" / "deals", bare.config, dirs_exist_ok=True)
    lacks = {each["what"] for each in _found(bare)}
    scopes = ["crm.objects.deals.read", "crm.objects.deals.write", "crm.schemas.deals.read"]
    assert {f"the token lacks the scope {scope}" for scope in scopes} <= lacks
    assert "Opportunity: the right 'Read' is missing" in lacks
    _all_scopes(bare, *scopes)
    made = bare.run("setup", *_admin(bare), "--apply")
    assert made.code == 0, made.err
    assert bare.run("setup", *_admin(bare)).code == 0
    assert not _found(bare)


def test_a_status_that_the_list_does_not_have(bare: Place) -> None:
    """Lead.Status takes any text: a slip in the table would be written, so it is named; so are values no row reads."""
    _fitted(bare)
    person = bare.config / "schema" / "person.yaml"
    text = person.read_text()
    assert "Working - Contacted" in text
    person.write_text(text.replace("Working - Contacted", "Working - Contactedd"))
    for case in (bare.config / "cases").glob("*"):
        case.unlink()
    assert any("does not have Working - Contactedd" in each["what"] for each in _found(bare))
    assert any(
        "does not read" in each["what"] and "Working - Contacted" in each["what"] for each in _found(bare, "notice")
    )


def test_a_key_that_is_not_unique_cannot_be_mended_by_setup(bare: Place) -> None:
    """HubSpot cannot switch uniqueness on later: said, and left to a person."""
    _all_scopes(bare)
    made = requests.post(
        f"http://127.0.0.1:{bare.ports[0]}/crm/v3/properties/contacts",
        headers={"Authorization": f"Bearer {(bare.config / 'admin' / 'marketing_token').read_text().strip()}"},
        json={"name": "syncd_crm_id", "label": "x", "type": "string", "fieldType": "text", "groupName": GROUP},
        timeout=10,
    )
    assert made.status_code == 201, made.text
    said = bare.run("setup", *_admin(bare), "--json")
    assert said.code == 1
    assert "does not require unique values" in said.json["by_hand"][0]["what"]


def test_credentials_that_are_not_whole_or_unreadable(bare: Place, tmp_path: Path) -> None:
    """Exit 2 or 3 with what to write, before anything is asked."""
    half = bare.run("setup", "--crm-client-id", "x")
    assert half.code == 2
    assert "--crm-client-secret-file" in half.err
    lost = bare.run("setup", "--marketing-token-file", str(tmp_path / "nowhere"))
    assert lost.code == 3
    assert "does not exist" in lost.err


def test_the_package_is_written_once(bare: Place, tmp_path: Path) -> None:
    """Without a login; a folder that holds something is left alone."""
    folder = tmp_path / "package"
    calls = bare.salesforce.calls()["count"]
    said = bare.run("setup", "--export", "sfdx", str(folder))
    assert said.code == 0
    assert "sf project deploy start" in said.out
    assert (folder / "sfdx-project.json").exists()
    assert len(list(folder.rglob("Syncd_Marketing_Id__c.field-meta.xml"))) == 3
    assert bare.salesforce.calls()["count"] == calls
    assert bare.run("setup", "--export", "sfdx", str(folder)).code == 2
    assert bare.run("setup", "--export", "zip", str(tmp_path / "other")).code == 2
