"""Rights where they are enforced: what a session may call, see and write, and how an admin takes it away."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.control import Controls
from sandbox.desk import LocalDesk
from sandbox.kernel import HttpRequest
from sandbox.salesforce.definitions import KEY_FIELD
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.server import RunningSandbox
from tests.unit.sandbox.salesforce_bare import BareOrg, code_of, described
from tests.unit.sandbox.salesforce_client import Client

LEAD = {"LastName": "Doe", "Company": "Acme"}
ALL = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")


@pytest.fixture
def org() -> BareOrg:
    """A bare org."""
    return BareOrg()


def test_a_bare_org_has_no_custom_field_and_nothing_to_see(org: BareOrg) -> None:
    """No object of the pair is there for the daemon; the admin sees them, without a custom field."""
    names = [each["name"] for each in org.daemon.call("GET", "/sobjects")[1]["sobjects"]]
    assert not {"Lead", "Contact", "Account", "Opportunity", "LeadHistory", "PermissionSet"} & set(names)
    assert {"User", "Organization"} <= set(names)
    for name in ("Lead", "Contact", "Account", "Opportunity"):
        assert not [field for field, told in described(org.admin, name).items() if told["custom"]]
        status, answer = org.daemon.call("GET", f"/sobjects/{name}/describe")
        assert (status, code_of(answer)) == (404, "NOT_FOUND")
    refused = org.daemon.query("SELECT Id FROM Lead")
    assert code_of(refused) == "INVALID_TYPE"
    assert "sObject type 'Lead' is not supported." in refused[0]["message"]
    assert code_of(org.daemon.query("SELECT Id FROM ObjectPermissions")) == "INVALID_TYPE"


def test_an_import_into_a_bare_org_leaves_our_columns_out(org: BareOrg) -> None:
    """The population can be loaded before anything is set up."""
    (made,) = org.kernel.load("Lead", [{**LEAD, "Product_Interests__c": "Analytics"}])
    assert org.admin.read(made, "Product_Interests__c") is None


def test_setup_rows_are_seen_as_documented() -> None:
    """Own assignments always, the rest with View Setup, or at once by switch."""
    org = BareOrg()
    assert org.daemon.query("SELECT AssigneeId FROM PermissionSetAssignment")["totalSize"] == 1
    assert org.admin.query("SELECT AssigneeId FROM PermissionSetAssignment")["totalSize"] == 2
    org.kernel.switches.setup_needs_view_setup = False
    assert org.daemon.query("SELECT Id FROM PermissionSet")["totalSize"] == 2
    assert org.daemon.call("POST", "/sobjects/PermissionSet", {"Name": "X", "Label": "X"})[0] == 400


@pytest.mark.parametrize("code", ["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"])
def test_without_api_enabled_every_call_is_refused(code: Any) -> None:
    """403 on each resource, but for the token and userinfo."""
    org = BareOrg(api_disabled_code=code)
    org.kernel.take_user_permission("ApiEnabled")
    for target in ("/sobjects", "/limits", "/query?q=SELECT+Id+FROM+User"):
        status, answer = org.daemon.call("GET", target)
        assert (status, code_of(answer)) == (403, code)
    assert org.daemon.call("GET", "/services/oauth2/userinfo")[0] == 200
    assert org.admin.call("GET", "/limits")[0] == 200
    org.kernel.give_user_permission("PermissionsApiEnabled")
    assert org.daemon.call("GET", "/limits")[0] == 200


@pytest.mark.fact("salesforce 6.12")
def test_object_rights_open_one_thing_after_the_other(org: BareOrg) -> None:
    """Read shows the object; without create, edit and delete the flags are false and writes are refused."""
    set_id = org.permission_set()
    row = org.allow(set_id, "Lead", "Read", "ViewAllRecords")
    lead = org.kernel.insert("Lead", LEAD)
    told = org.daemon.call("GET", "/sobjects/Lead/describe")[1]
    assert (told["createable"], told["updateable"], told["deletable"]) == (False, False, False)
    assert not any(field["createable"] or field["updateable"] for field in told["fields"])
    status, answer = org.daemon.call("POST", "/sobjects/Lead", LEAD)
    assert (status, code_of(answer)) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    status, answer = org.daemon.call("PATCH", f"/sobjects/Lead/{lead}", {"LastName": "Roe"})
    assert (status, code_of(answer)) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    records = [{"attributes": {"type": "Lead"}, "id": lead, "LastName": "Roe"}]
    status, answer = org.daemon.call("PATCH", "/composite/sobjects", {"records": records})
    assert (status, answer[0]["errors"][0]["statusCode"]) == (200, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert org.daemon.call("DELETE", f"/sobjects/Lead/{lead}")[0] == 403
    given = {f"Permissions{right}": True for right in ALL}
    assert org.admin.call("PATCH", f"/sobjects/ObjectPermissions/{row}", given)[0] == 204
    assert org.daemon.call("PATCH", "/composite/sobjects", {"records": records})[1][0]["success"]
    assert org.daemon.call("POST", "/sobjects/Lead", LEAD)[0] == 201
    assert org.daemon.call("DELETE", f"/sobjects/Lead/{lead}")[0] == 204


def test_a_create_without_the_right_by_the_other_switch() -> None:
    """Per row in Collections, whichever code it is."""
    org = BareOrg(create_refused_code="INSUFFICIENT_ACCESS_OR_READONLY")
    org.allow(org.permission_set(), "Lead", "Read")
    records = [{"attributes": {"type": "Lead"}, **LEAD}]
    status, answer = org.daemon.call("POST", "/composite/sobjects", {"records": records})
    assert (status, answer[0]["errors"][0]["statusCode"]) == (200, "INSUFFICIENT_ACCESS_OR_READONLY")


@pytest.mark.fact("salesforce 4.4", "salesforce 6.12")
def test_field_rights(org: BareOrg) -> None:
    """Without read a field does not exist; without edit it is shown and cannot be written; an address is one."""
    set_id = org.permission_set()
    org.allow(set_id, "Lead", *ALL)
    lead = org.kernel.insert("Lead", LEAD | {"Title": "Chief", "City": "Bonn"})
    assert "Title" not in described(org.daemon, "Lead")
    assert {"LastName", "Company", "Status", "OwnerId"} <= described(org.daemon, "Lead").keys()
    assert code_of(org.daemon.query("SELECT Title FROM Lead")) == "INVALID_FIELD"
    assert code_of(org.daemon.query("SELECT Id FROM Lead WHERE Title = 'Chief'")) == "INVALID_FIELD"
    assert code_of(org.daemon.call("PATCH", f"/sobjects/Lead/{lead}", {"Title": "x"})[1]) == "INVALID_FIELD"
    row = org.show(set_id, "Lead", "Title", edit=False)
    field = described(org.daemon, "Lead")["Title"]
    assert (field["createable"], field["updateable"]) == (False, False)
    assert org.daemon.column("SELECT Title FROM Lead", "Title") == ["Chief"]
    status, answer = org.daemon.call("PATCH", f"/sobjects/Lead/{lead}", {"Title": "x"})
    assert (status, code_of(answer)) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert org.admin.call("PATCH", f"/sobjects/FieldPermissions/{row}", {"PermissionsEdit": True})[0] == 204
    assert org.daemon.call("PATCH", f"/sobjects/Lead/{lead}", {"Title": "x"})[0] == 204
    assert "City" not in described(org.daemon, "Lead")
    org.show(set_id, "Lead", "Address")
    assert org.daemon.column("SELECT City FROM Lead", "City") == ["Bonn"]


def test_the_describe_is_stale_after_a_change_of_rights(org: BareOrg) -> None:
    """A conditional describe answers anew once a permission row changed."""
    set_id = org.permission_set()
    org.allow(set_id, "Lead", "Read")
    since = org.daemon.send("GET", "/sobjects/Lead/describe").headers["Last-Modified"]
    asked = {"If-Modified-Since": since}
    assert org.daemon.send("GET", "/sobjects/Lead/describe", **asked).status == 304
    org.kernel.clock.advance(5)  # type: ignore[attr-defined]  # a simulated clock
    org.show(set_id, "Lead", "Title")
    assert org.daemon.send("GET", "/sobjects/Lead/describe", **asked).status == 200


@pytest.mark.fact("salesforce 6.12", "defaults 6.2")
def test_only_own_rows_without_view_all(org: BareOrg) -> None:
    """The org-wide default is private: rows of others are nowhere; View All shows, Modify All lets write them."""
    set_id = org.permission_set()
    row = org.allow(set_id, "Lead", "Read", "Create", "Edit", "Delete")
    theirs = org.kernel.insert("Lead", LEAD)
    mine = org.daemon.call("POST", "/sobjects/Lead", LEAD)[1]["id"]
    assert org.daemon.column("SELECT Id FROM Lead", "Id") == [mine]
    assert org.daemon.call("GET", f"/sobjects/Lead/{theirs}")[0] == 404
    ids = {"ids": [theirs, mine], "fields": ["Id"]}
    assert [each is None for each in org.daemon.call("POST", "/composite/sobjects/Lead", ids)[1]] == [True, False]
    assert org.daemon.query("SELECT Id FROM LeadHistory")["totalSize"] == 1
    window = "start=2026-01-05T11:00:00Z&end=2026-01-05T12:01:00Z"
    assert org.daemon.call("GET", f"/sobjects/Lead/updated?{window}")[1]["ids"] == [mine]
    status, answer = org.daemon.call("PATCH", f"/sobjects/Lead/{theirs}", {"LastName": "Roe"})
    assert status == 404
    records = {"records": [{"attributes": {"type": "Lead"}, "id": theirs, "LastName": "Roe"}]}
    (told,) = org.daemon.call("PATCH", "/composite/sobjects", records)[1]
    assert told["errors"][0]["statusCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    given: dict[str, Any] = {"PermissionsViewAllRecords": True}
    org.admin.call("PATCH", f"/sobjects/ObjectPermissions/{row}", given)
    assert len(org.daemon.column("SELECT Id FROM Lead", "Id")) == 2
    status, answer = org.daemon.call("PATCH", f"/sobjects/Lead/{theirs}", {"LastName": "Roe"})
    assert (status, code_of(answer)) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    given = {"PermissionsModifyAllRecords": True}
    org.admin.call("PATCH", f"/sobjects/ObjectPermissions/{row}", given)
    assert org.daemon.call("PATCH", f"/sobjects/Lead/{theirs}", {"LastName": "Roe"})[0] == 204
    assert org.daemon.query("SELECT Id FROM LeadHistory")["totalSize"] >= 2


def test_the_org_s_own_work_is_not_bound_by_rights(org: BareOrg) -> None:
    """Uniqueness is judged over rows that the session cannot see, and histories are written all the same."""
    org.admin.call("POST", "/tooling/sobjects/CustomField", {
        "FullName": f"Lead.{KEY_FIELD}",
        "Metadata": {"type": "Text", "label": "Key", "length": 255, "externalId": True, "unique": True},
    })  # fmt: skip
    set_id = org.permission_set()
    org.allow(set_id, "Lead", "Read", "Create", "Edit")
    org.show(set_id, "Lead", KEY_FIELD)
    org.kernel.insert("Lead", LEAD | {KEY_FIELD: "51"})
    status, answer = org.daemon.call("PATCH", f"/sobjects/Lead/{KEY_FIELD}/51", LEAD)
    assert (status, code_of(answer)) == (400, "DUPLICATE_VALUE")


def test_parents_that_may_not_be_read_are_unknown_relationships(org: BareOrg) -> None:
    """A path through a hidden object is refused; through a readable one it answers."""
    org.kernel.give_object_right("Contact", "ViewAllRecords")
    org.kernel.give_field_right("Contact", "AccountId", "read")
    contact = org.kernel.insert("Contact", {
        "LastName": "Doe", "AccountId": org.kernel.insert("Account", {"Name": "Acme"}),
    })  # fmt: skip
    (row,) = org.daemon.query(f"SELECT Account.Name, Owner.Name FROM Contact WHERE Id = '{contact}'")["records"]
    assert row["Account"]["Name"] == "Acme"
    org.kernel.switches.children_depend_on_account = False
    org.kernel.take_object_right("Account", "Read")
    assert code_of(org.daemon.query("SELECT Account.Name FROM Contact")) == "INVALID_FIELD"
    assert org.daemon.query("SELECT Owner.Name FROM Contact")["totalSize"] == 1


def test_control_actions_give_and_take(org: BareOrg) -> None:
    """Giving brings what a right depends on, taking removes what depends on it; over the control plane too."""
    controls = Controls(org.kernel, set_latency=lambda _: None)

    def act(action: str, **words: str) -> int:
        body = orjson.dumps({"action": action, **words})
        return controls.answer(HttpRequest.from_target("POST", "/_sandbox/do", {}, body)).status

    assert act("give_object_right", object="Contact", right="ModifyAllRecords") == 200
    assert act("give_object_right", object="Lead", right="Create") == 200
    assert act("give_field_right", object="Lead", field="City") == 200
    assert {"Contact", "Account", "Lead"} <= {
        each["name"] for each in org.daemon.call("GET", "/sobjects")[1]["sobjects"]
    }
    assert described(org.daemon, "Lead")["City"]["createable"]
    assert act("take_field_right", object="Lead", field="City", right="edit") == 200
    assert not described(org.daemon, "Lead")["City"]["createable"]
    assert act("take_field_right", object="Lead", field="City") == 200
    assert "City" not in described(org.daemon, "Lead")
    assert act("take_object_right", object="Account", right="Read") == 200
    names = {each["name"] for each in org.daemon.call("GET", "/sobjects")[1]["sobjects"]}
    assert "Lead" in names
    assert not {"Contact", "Account"} & names
    assert act("give_user_permission", permission="ViewSetup") == 200
    assert org.daemon.query("SELECT Id FROM PermissionSet")["totalSize"] == 2
    assert act("take_user_permission", permission="ViewSetup") == 200
    assert act("give_object_right", object="Task", right="Read") == 400
    assert act("give_object_right", object="Lead", right="Everything") == 400
    assert act("give_field_right", object="Lead", field="LastName") == 400
    assert act("give_user_permission", permission="Fly") == 400


def test_taking_reaches_every_permission_set_of_the_user(org: BareOrg) -> None:
    """A right given by two sets is gone after it was taken once."""
    set_id = org.permission_set()
    org.allow(set_id, "Lead", "Read")
    org.show(set_id, "Lead", "Title")
    desk = LocalDesk(org.kernel)
    desk.do("give_object_right", object="Lead", right="Edit")
    desk.do("take_object_right", object="Lead", right="Edit")
    assert org.daemon.call("GET", "/sobjects/Lead/describe")[1]["updateable"] is False
    desk.do("take_object_right", object="Lead", right="Read")
    assert code_of(org.daemon.query("SELECT Id FROM Lead")) == "INVALID_TYPE"


def test_a_furnished_org_that_enforces_rights_allows_everything() -> None:
    """Turning the switch on changes nothing until a right is taken; with it off nothing is taken."""
    furnished = Client()
    lead = furnished.lead(Title="Chief")
    plain = described(furnished, "Lead")
    furnished.kernel.take_object_right("Opportunity", "Read")
    assert furnished.query("SELECT Id FROM Opportunity")["totalSize"] == 0
    furnished.kernel.switches.enforces_rights = True
    assert described(furnished, "Lead") == plain
    assert furnished.call("PATCH", f"/sobjects/Lead/{lead}", {"Title": "x", KEY_FIELD: "51", "City": "Bonn"})[0] == 204
    furnished.kernel.take_user_permission("ModifyAllData")
    furnished.kernel.take_user_permission("ViewAllData")
    assert code_of(furnished.query("SELECT Id FROM Opportunity")) == "INVALID_TYPE"


def test_rights_are_no_records() -> None:
    """They do not move the seed's ids, and an export has none of them."""
    assert "PermissionSet" not in Client().kernel.export()
    assert SalesforceSwitches().enforces_rights is False


def test_both_stand_ins_start_bare_on_loopback() -> None:
    """One word for both."""
    with RunningSandbox.start(seed=3, bare=True) as running:
        assert running.salesforce.switches.enforces_rights
        assert "syncd_crm_id" not in running.hubspot.portal.store("contacts").definitions
        assert KEY_FIELD not in running.salesforce.org.schema.entities["Lead"].fields
