"""What a describe says of fields, and that it holds when rows are written."""

from __future__ import annotations

import pytest

from sandbox.salesforce.definitions import long_text, picklist, typed
from tests.unit.sandbox.salesforce_bare import described
from tests.unit.sandbox.salesforce_client import Client

TYPES = {
    "id", "string", "textarea", "picklist", "multipicklist", "combobox", "boolean", "int", "double", "currency",
    "percent", "date", "datetime", "time", "email", "phone", "url", "reference", "address", "location",
    "encryptedstring", "base64", "anyType",
}  # fmt: skip
LEAD = {"LastName": "Doe", "Company": "Acme"}
INTERESTS = "Product_Interests__c"


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


@pytest.mark.fact("salesforce 4.1")
@pytest.mark.parametrize("odd", [False, True])
def test_the_types_of_fields_are_known(org: Client, odd: bool) -> None:
    """All of a list; by the switch there is one that no list has."""
    org.kernel.switches.describes_unknown_types = odd
    names = [each["name"] for each in org.call("GET", "/sobjects")[1]["sobjects"]]
    seen = {field["type"] for name in names for field in described(org, name).values()}
    assert seen - TYPES == ({"dataCategoryGroupReference"} if odd else set())


@pytest.mark.fact("salesforce 4.1")
@pytest.mark.parametrize("kind", sorted(TYPES - {"id", "reference", "address"}))
def test_a_field_of_each_type_can_be_described(org: Client, kind: str) -> None:
    """Under its own type, with a type of the SOAP API beside it."""
    org.kernel.add_field("Lead", typed(kind, "Odd__c", "Odd", custom=True))
    field = described(org, "Lead")["Odd__c"]
    assert (field["type"], field["soapType"].partition(":")[0] in ("xsd", "urn")) == (kind, True)


@pytest.mark.fact("salesforce 4.2", "defaults 5.5")
def test_what_is_required_can_be_told_from_the_describe(org: Client) -> None:
    """Neither nillable nor defaulted, but createable: exactly what a create without it lacks."""
    fields = described(org, "Lead").values()
    required = {each["name"] for each in fields
                if each["createable"] and not each["nillable"] and not each["defaultedOnCreate"]}  # fmt: skip
    assert required == {"LastName", "Company"}
    status = described(org, "Lead")["Status"]
    assert (status["nillable"], status["defaultedOnCreate"]) == (False, True)
    (refusal,) = org.call("POST", "/sobjects/Lead", {})[1]
    assert (refusal["errorCode"], set(refusal["fields"])) == ("REQUIRED_FIELD_MISSING", required)
    made = org.call("POST", "/sobjects/Lead", LEAD)[1]["id"]
    assert org.read(made, "Status") == "Open - Not Contacted"
    assert org.call("PATCH", f"/sobjects/Lead/{made}", {"Status": None})[0] == 400


@pytest.mark.fact("salesforce 4.3")
def test_only_restricted_picklists_bind(org: Client) -> None:
    """The flag of the describe says which."""
    fields = described(org, "Lead")
    assert (fields["Status"]["restrictedPicklist"], fields[INTERESTS]["restrictedPicklist"]) == (False, True)
    assert org.call("POST", "/sobjects/Lead", {**LEAD, "Status": "Anything"})[0] == 201
    (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, INTERESTS: "Anything"})[1]
    assert refusal["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.fact("salesforce 4.4")
@pytest.mark.parametrize("hides", [True, False])
def test_field_level_security_in_the_describe(org: Client, hides: bool) -> None:
    """An unreadable field is absent, or, by the switch, there and not writeable; a query never knows it."""
    org.kernel.switches.describe_hides_unreadable = hides
    org.kernel.hide_field("Lead", "Rating")
    org.kernel.protect_field("Lead", "Title")
    fields = described(org, "Lead")
    assert ("Rating" in fields) != hides
    for name in ("Title",) if hides else ("Title", "Rating"):
        assert (fields[name]["createable"], fields[name]["updateable"]) == (False, False)
    assert org.query("SELECT Rating FROM Lead")[0]["errorCode"] == "INVALID_FIELD"
    assert org.query("SELECT Title FROM Lead")["totalSize"] == 0


@pytest.mark.fact("salesforce 4.5")
@pytest.mark.parametrize(("name", "part", "value"), [("Name", "LastName", "A"), ("Address", "City", "Bonn")])
def test_compounds_are_written_by_their_parts(org: Client, name: str, part: str, value: str) -> None:
    """The describe names the compound of each part; the compound itself is refused."""
    fields = described(org, "Lead")
    assert fields[part]["compoundFieldName"] == name
    assert (fields[name]["createable"], fields[name]["updateable"]) == (False, False)
    (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, name: value})[1]
    assert refusal["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    lead = org.lead(**{part: value})
    shown = org.call("GET", f"/sobjects/Lead/{lead}?fields={name}")[1][name]
    assert value in (shown, shown["city"] if isinstance(shown, dict) else None)


@pytest.mark.fact("salesforce 4.5")
def test_a_long_text_is_neither_filtered_nor_sorted(org: Client) -> None:
    """It holds 32,000 characters."""
    field = described(org, "Lead")["Description"]
    assert (field["type"], field["length"], field["filterable"], field["sortable"]) == ("textarea", 32000, False, False)
    for tail in ("WHERE Description = 'x'", "ORDER BY Description"):
        assert org.query(f"SELECT Id FROM Lead {tail}")[0]["errorCode"] == "INVALID_FIELD"
    assert org.lead(Description="x" * 32000)
    org.kernel.add_field("Lead", long_text("Notes__c", "Notes", 400, custom=True))
    (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, "Notes__c": "x" * 401})[1]
    assert refusal["errorCode"] == "STRING_TOO_LONG"


@pytest.mark.fact("salesforce 4.6")
@pytest.mark.parametrize("ordered", [True, False])
def test_a_multipicklist_is_one_text(org: Client, ordered: bool) -> None:
    """Values are joined by semicolons; equal is the whole text, or, by the switch, the same set."""
    org.kernel.switches.multipicklist_order_matters = ordered
    lead = org.lead(**{INTERESTS: "Training;Support"})
    assert org.column(f"SELECT {INTERESTS} FROM Lead", INTERESTS) == ["Training;Support"]
    for value, found in (("Training;Support", True), ("Support;Training", not ordered), ("Training", False)):
        rows = org.column(f"SELECT Id FROM Lead WHERE {INTERESTS} = '{value}'", "Id")
        assert rows == ([lead] if found else [])
        assert org.query(f"SELECT Id FROM Lead WHERE {INTERESTS} != '{value}'")["totalSize"] == (not found)
    assert org.column(f"SELECT Id FROM Lead WHERE {INTERESTS} INCLUDES ('Support')", "Id") == [lead]


@pytest.mark.fact("salesforce 4.7")
@pytest.mark.parametrize(
    ("name", "length"),
    [("Email", 80), ("LastName", 80), ("Company", 255), ("Phone", 40), ("Website", 255), ("Street", 255)],
)
def test_lengths_of_standard_fields(org: Client, name: str, length: int) -> None:
    """The describe says them, and one character more is refused."""
    assert described(org, "Lead")[name]["length"] == length
    fits = "a@" + "b." * ((length - 4) // 2) + "cd" if name == "Email" else "x" * length
    assert len(fits) == length
    assert org.call("POST", "/sobjects/Lead", {**LEAD, name: fits})[0] == 201
    (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, name: fits + "e"})[1]
    assert (refusal["errorCode"], refusal["fields"]) == ("STRING_TOO_LONG", [name])


@pytest.mark.fact("salesforce 9.4")
def test_the_standard_statuses(org: Client) -> None:
    """Four, of which the first is the default; the picklist has them under the same names."""
    names = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"]
    assert org.column("SELECT MasterLabel FROM LeadStatus ORDER BY SortOrder", "MasterLabel") == names
    entries = described(org, "Lead")["Status"]["picklistValues"]
    assert [(each["value"], each["defaultValue"]) for each in entries] == [(name, name == names[0]) for name in names]
    org.kernel.add_field("Lead", picklist("Status", "Status", ("Other",), nillable=False, defaulted=True))
    assert [each["value"] for each in described(org, "Lead")["Status"]["picklistValues"]] == ["Other"]


@pytest.mark.parametrize("accepts", [True, False])
def test_a_converted_status_without_a_conversion(org: Client, accepts: bool) -> None:
    """Taken as any text, or, by the switch, refused."""
    org.kernel.switches.accepts_converted_status = accepts
    lead = org.lead()
    status, answer = org.call("PATCH", f"/sobjects/Lead/{lead}", {"Status": "Closed - Converted"})
    assert (status, answer and answer[0]["errorCode"]) == ((204, None) if accepts else (400, "INVALID_STATUS"))
