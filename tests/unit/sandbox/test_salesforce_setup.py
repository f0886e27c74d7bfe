"""Setting an org up by API: users and apps, permission sets and what may stand in them, custom fields."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce import ADMIN_APP
from sandbox.salesforce.oauth import ConnectedApp
from tests.unit.sandbox.salesforce_bare import BareOrg, code_of, described, token_of
from tests.unit.sandbox.salesforce_client import Client

KEY = {
    "FullName": "Lead.Syncd_Marketing_Id__c",
    "Metadata": {
        "type": "Text", "label": "Marketing id", "length": 255, "externalId": True, "unique": True,
        "caseSensitive": False,
    },
}  # fmt: skip
FIELDS = "/tooling/sobjects/CustomField"
LISTED = "/tooling/query?q=SELECT+Id,DeveloperName,TableEnumOrId+FROM+CustomField+WHERE+TableEnumOrId='Lead'"
MINE = "SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{}'"


@pytest.fixture
def org() -> BareOrg:
    """A bare org."""
    return BareOrg()


@pytest.mark.fact("defaults 6.6")
def test_each_app_runs_as_its_user(org: BareOrg) -> None:
    """The userinfo of a session names its user: the integration user for the daemon's app, else the administrator."""
    for client, user_id in ((org.daemon, org.kernel.org.integration_user), (org.admin, org.kernel.org.admin_user)):
        status, told = client.call("GET", "/services/oauth2/userinfo")
        assert status == 200
        assert (told["user_id"], told["organization_id"]) == (user_id, org.kernel.org.organization_id)
        assert told["preferred_username"] == client.read(user_id, "Username", "User")
    assert org.kernel.org.integration_user != org.kernel.org.admin_user


def test_an_app_needs_its_own_secret(org: BareOrg) -> None:
    """The daemon's secret does not open the admin's app."""
    with pytest.raises(AssertionError, match="invalid_client"):
        token_of(org.admin, ConnectedApp(client_id=ADMIN_APP.client_id))


def test_profiles_own_permission_sets(org: BareOrg) -> None:
    """Each user, an added one too, is assigned one that its profile owns; the integration user's allows calls only."""
    added = org.kernel.add_user("new@sandbox.example", "New User")
    users = (org.kernel.org.integration_user, org.kernel.org.admin_user, added)
    for user_id in users:
        fields = "PermissionSet.Name, PermissionSet.IsOwnedByProfile"
        query = f"SELECT {fields} FROM PermissionSetAssignment WHERE AssigneeId = '{user_id}'"
        (row,) = org.admin.query(query)["records"]
        assert row["PermissionSet"]["IsOwnedByProfile"] is True
    held = org.admin.query(
        "SELECT PermissionsApiEnabled, PermissionsViewSetup, PermissionsModifyAllData FROM PermissionSet WHERE Id IN "
        f"({MINE.format(users[0])})"
    )["records"]
    assert [(row["PermissionsApiEnabled"], row["PermissionsViewSetup"], row["PermissionsModifyAllData"])
            for row in held] == [(True, False, False)]  # fmt: skip


def test_semi_joins(org: BareOrg) -> None:
    """IN and NOT IN a sub-select, empty ones too; nested ones and those of text fields are refused."""
    set_id = org.permission_set()
    org.allow(set_id, "Lead", "Read", "Edit")
    mine = MINE.format(org.kernel.org.integration_user)
    found = org.admin.query(f"SELECT SobjectType FROM ObjectPermissions WHERE ParentId IN ({mine})")["records"]
    assert [row["SobjectType"] for row in found] == ["Lead"]
    rest = org.admin.query(
        f"SELECT SobjectType FROM ObjectPermissions WHERE ParentId NOT IN ({mine}) AND SobjectType = 'Lead'"
    )
    assert rest["totalSize"] == 1
    nobody = MINE.format("005000000000000AAA")
    assert org.admin.query(f"SELECT Id FROM PermissionSet WHERE Id IN ({nobody})")["totalSize"] == 0
    assert org.admin.query(f"SELECT Id FROM PermissionSet WHERE Id NOT IN ({nobody})")["totalSize"] == 3
    inner = f"SELECT ParentId FROM ObjectPermissions WHERE ParentId IN ({mine})"
    assert code_of(org.admin.query(f"SELECT Id FROM PermissionSet WHERE Id IN ({inner})")) == "MALFORMED_QUERY"
    assert (
        code_of(org.admin.query("SELECT Id FROM PermissionSet WHERE Id IN (SELECT Name FROM User)")) == "INVALID_FIELD"
    )
    assert code_of(org.admin.query("SELECT Id FROM User WHERE Name IN (SELECT Id FROM User)")) == "INVALID_FIELD"


def test_rows_of_rights_are_unique(org: BareOrg) -> None:
    """Names of permission sets, and one row per parent and object, field or assignee."""
    set_id = org.permission_set()
    org.allow(set_id, "Lead", "Read")
    org.show(set_id, "Lead", "Title")
    user = org.kernel.org.integration_user
    again: list[tuple[str, dict[str, Any], str]] = [
        ("PermissionSet", {"Name": "SYNCD", "Label": "x"}, "DUPLICATE_DEVELOPER_NAME"),
        ("PermissionSetAssignment", {"AssigneeId": user, "PermissionSetId": set_id}, "DUPLICATE_VALUE"),
        ("ObjectPermissions", {"ParentId": set_id, "SobjectType": "Lead", "PermissionsRead": True}, "DUPLICATE_VALUE"),
        ("FieldPermissions", {"ParentId": set_id, "SobjectType": "Lead", "Field": "Lead.Title",
                              "PermissionsRead": True}, "DUPLICATE_VALUE"),
    ]  # fmt: skip
    for name, row, code in again:
        status, answer = org.admin.call("POST", f"/sobjects/{name}", row)
        assert (status, code_of(answer)) == (400, code), name


@pytest.mark.parametrize(
    ("object_name", "rights", "missing"),
    [
        ("Lead", ("Edit",), "Permission Edit Lead depends on permission(s): Read Lead"),
        ("Lead", ("Read", "Delete"), "Permission Delete Lead depends on permission(s): Edit Lead"),
        ("Lead", ("Read", "Edit", "ViewAllRecords", "ModifyAllRecords"),
         "Permission Modify All Lead depends on permission(s): Delete Lead"),
        ("Lead", ("Read", "Edit", "Delete", "ModifyAllRecords"),
         "Permission Modify All Lead depends on permission(s): Read All Lead"),
        ("Contact", ("Read",), "Permission Read Contact depends on permission(s): Read Account"),
    ],
)  # fmt: skip
def test_a_right_needs_those_it_depends_on(
    org: BareOrg, object_name: str, rights: tuple[str, ...], missing: str
) -> None:
    """The message names what is missing; nothing is saved."""
    set_id = org.permission_set()
    row = {"ParentId": set_id, "SobjectType": object_name} | {f"Permissions{right}": True for right in rights}
    status, answer = org.admin.call("POST", "/sobjects/ObjectPermissions", row)
    assert (status, code_of(answer), answer[0]["message"]) == (400, "FIELD_INTEGRITY_EXCEPTION", missing)
    assert org.admin.query(f"SELECT Id FROM ObjectPermissions WHERE ParentId = '{set_id}'")["totalSize"] == 0


def test_rights_are_changed_by_patch_and_in_collections(org: BareOrg) -> None:
    """A PATCH is judged as a whole row; Collections answer row by row, in an order that can be told apart."""
    set_id = org.permission_set()
    lead = org.allow(set_id, "Lead", "Read", "Edit")
    assert org.admin.call("PATCH", f"/sobjects/ObjectPermissions/{lead}", {"PermissionsRead": False})[0] == 400
    assert org.admin.call("PATCH", f"/sobjects/ObjectPermissions/{lead}", {"PermissionsCreate": True})[0] == 204
    rows = [
        {"attributes": {"type": "FieldPermissions"}, "ParentId": set_id, "SobjectType": "Lead", "Field": f"Lead.{name}",
         "PermissionsRead": True, "PermissionsEdit": True}
        for name in ("Title", "LastName", "Phone")
    ]  # fmt: skip
    status, answers = org.admin.call("POST", "/composite/sobjects", {"records": rows})
    assert (status, [each["success"] for each in answers]) == (200, [True, False, True])
    assert (
        org.admin.call(
            "PATCH", f"/sobjects/PermissionSet/{set_id}", {"PermissionsViewRoles": True, "PermissionsViewSetup": True}
        )[0]
        == 204
    )
    status, answer = org.admin.call("PATCH", f"/sobjects/PermissionSet/{set_id}", {"PermissionsModifyAllData": True})
    assert (status, answer[0]["message"]) == (
        400,
        "Permission Modify All Data depends on permission(s): View All Data",
    )


@pytest.mark.parametrize(
    "field", ["Lead.LastName", "Lead.Company", "Lead.City", "Account.Name", "Lead.None__c", "Phone"]
)
@pytest.mark.parametrize("code", ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "FIELD_INTEGRITY_EXCEPTION"])
def test_fields_that_take_no_permission(field: str, code: str) -> None:
    """Required fields, parts of an address and unknown ones; the code is a switch."""
    org = BareOrg(unpermissionable_field_code=code)
    row = {"ParentId": org.permission_set(), "SobjectType": field.partition(".")[0], "Field": field}
    if field == "Phone":
        row["SobjectType"] = "Lead"
    status, answer = org.admin.call("POST", "/sobjects/FieldPermissions", row | {"PermissionsRead": True})
    assert (status, code_of(answer), answer[0]["fields"]) == (400, code, ["Field"])


def test_a_field_permission_needs_read_and_goes_without_it(org: BareOrg) -> None:
    """Edit alone is refused, nothing at all too; a row whose read is taken is deleted."""
    set_id = org.permission_set()
    row = {"ParentId": set_id, "SobjectType": "Lead", "Field": "lead.title"}
    for flags in ({"PermissionsEdit": True}, {}):
        status, answer = org.admin.call("POST", "/sobjects/FieldPermissions", row | flags)
        assert (status, code_of(answer)) == (400, "FIELD_INTEGRITY_EXCEPTION")
    made = org.make("FieldPermissions", row | {"PermissionsRead": True})
    assert org.admin.read(made, "Field", "FieldPermissions") == "Lead.Title"
    assert org.admin.call("PATCH", f"/sobjects/FieldPermissions/{made}", {"PermissionsRead": False})[0] == 204
    assert org.admin.query(f"SELECT Id FROM FieldPermissions WHERE ParentId = '{set_id}'")["totalSize"] == 0


@pytest.mark.fact("salesforce 5.15", "defaults 6.1")
def test_a_custom_field_is_made_and_listed_but_seen_by_nobody(org: BareOrg) -> None:
    """201; the listing has it without its suffix; not even the admin sees it until a permission set shows it."""
    status, made = org.admin.call("POST", FIELDS, KEY)
    assert (status, made["success"], made["errors"]) == (201, True, [])
    (row,) = org.admin.call("GET", LISTED)[1]["records"]
    assert (row["Id"], row["DeveloperName"], row["TableEnumOrId"]) == (made["id"], "Syncd_Marketing_Id", "Lead")
    assert "Syncd_Marketing_Id__c" not in described(org.admin, "Lead")
    assert code_of(org.admin.query("SELECT Syncd_Marketing_Id__c FROM Lead")) == "INVALID_FIELD"
    set_id = org.permission_set()
    org.allow(set_id, "Lead", "Read")
    org.show(set_id, "Lead", "Syncd_Marketing_Id__c", edit=False)
    field = described(org.daemon, "Lead")["Syncd_Marketing_Id__c"]
    assert (field["externalId"], field["unique"], field["length"]) == (True, True, 255)
    assert (field["createable"], field["updateable"]) == (False, False)
    status, again = org.admin.call("POST", FIELDS, KEY)
    assert (status, code_of(again)) == (400, "DUPLICATE_DEVELOPER_NAME")


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"type": "LongTextArea", "length": 32768, "visibleLines": 3}, "textarea"),
        ({"type": "Checkbox", "defaultValue": False}, "boolean"),
        ({"type": "Number", "precision": 18, "scale": 2}, "double"),
        ({"type": "Date"}, "date"),
        ({"type": "DateTime"}, "datetime"),
        ({"type": "Email"}, "email"),
        ({"type": "Phone"}, "phone"),
        ({"type": "Url"}, "url"),
        ({"type": "Picklist", "valueSet": {"restricted": True, "valueSetDefinition": {"sorted": False, "value": [
            {"fullName": "Hot", "label": "Hot", "default": False}]}}}, "picklist"),
    ],
)  # fmt: skip
def test_the_types_of_custom_fields(metadata: dict[str, Any], kind: str) -> None:
    """Each becomes the describe's type; what the type must say cannot be left out."""
    org = Client()  # rights are not enforced: the field is seen at once
    body = {"FullName": "Contact.Made__c", "Metadata": {"label": "Made", **metadata}}
    assert org.call("POST", FIELDS, body)[0] == 201
    assert described(org, "Contact")["Made__c"]["type"] == kind
    for key in metadata.keys() - {"type"}:
        less = {name: value for name, value in metadata.items() if name != key}
        body = {"FullName": "Lead.Made__c", "Metadata": {"label": "Made", **less}}
        status, answer = org.call("POST", FIELDS, body)
        assert (status, code_of(answer)) == (400, "FIELD_INTEGRITY_EXCEPTION"), key


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"FullName": "Lead.No_Suffix"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Nothing.Key__c"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"FullName": None}, "REQUIRED_FIELD_MISSING"),
        ({"Metadata": {"type": "Text", "label": "x", "length": 256}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"Metadata": {"type": "Text", "length": 25}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"Metadata": {"type": "Checkbox", "label": "x", "defaultValue": False, "unique": True}},
         "FIELD_INTEGRITY_EXCEPTION"),
        ({"Metadata": {"type": "Nothing", "label": "x"}}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)  # fmt: skip
def test_a_bad_custom_field_is_refused(org: BareOrg, change: dict[str, Any], code: str) -> None:
    """Nothing is made."""
    status, answer = org.admin.call("POST", FIELDS, KEY | change)
    assert (status, code_of(answer)) == (400, code)
    assert org.admin.call("GET", LISTED)[1]["records"] == []


def test_making_fields_needs_customize_application(org: BareOrg) -> None:
    """403 without it; the listing is not there for users without View Setup."""
    status, answer = org.daemon.call("POST", FIELDS, KEY)
    assert (status, code_of(answer)) == (403, "INSUFFICIENT_ACCESS")
    assert code_of(org.daemon.call("GET", LISTED)[1]) == "INVALID_TYPE"
    org.permission_set(PermissionsViewRoles=True, PermissionsViewSetup=True, PermissionsCustomizeApplication=True)
    assert org.daemon.call("POST", FIELDS, KEY)[0] == 201
    assert org.daemon.call("GET", LISTED)[1]["totalSize"] == 1
