"""Admins and foreign automation: what a caller sees of each change, and that clearing the faults takes it back."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.faults import setup_deeds
from sandbox.hubspot.kernel import DEFAULT_TOKEN
from sandbox.kernel import NothingToHit
from tests.unit.sandbox.fault_stands import CONTACTS, ROOT, TOKEN, Force, Hub, Proofs, Stand, faults_of, prove

FORM = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"


def definition(at: Hub, name: str) -> tuple[int, Any]:
    """A property as the API tells it."""
    return at.call("GET", f"/crm/v3/properties/contacts/{name}")


def described(at: Force) -> dict[str, Any]:
    """The fields of Lead, by name."""
    _, body = at.call("GET", f"{ROOT}/sobjects/Lead/describe")
    return {field["name"]: field for field in body["fields"]}


def patched(at: Stand, **values: object) -> tuple[int, Any]:
    """A write of these values to the first person."""
    if at.vendor == "hubspot":
        return at.call("PATCH", f"{CONTACTS}/{at.ids[0]}", {"properties": values})
    return at.call("PATCH", f"{ROOT}/sobjects/Lead/{at.ids[0]}", values)


def revoked_hubspot(at: Hub) -> None:
    """401 for every call, until the token is given back."""
    at.arm("token-revoked")
    assert {at.read()[0] for _ in range(3)} == {401}
    at.kernel.faults.clear()
    assert at.read()[0] == 200
    assert list(at.kernel.tokens) == [DEFAULT_TOKEN]


def rotated(at: Hub) -> None:
    """Both tokens are taken; once cleared, only the old one."""
    old, new = at.token, at.done("token-rotated")["token"]
    assert old != new
    assert at.read()[0] == 200
    at.token = new
    assert at.read()[0] == 200
    at.kernel.faults.clear()
    assert at.read()[0] == 401
    at.token = old
    assert at.read()[0] == 200


def revoked_salesforce(at: Force) -> None:
    """The session is over, and a new one is refused with the old secret."""
    target = f"{TOKEN}?{FORM}"
    assert at.call("POST", target)[0] == 200
    at.arm("token-revoked")
    assert at.read()[0] == 401
    assert at.call("POST", target) == (
        400, {"error": "invalid_client", "error_description": "invalid client credentials"},
    )  # fmt: skip
    at.kernel.faults.clear()
    assert at.call("POST", target)[0] == 200


def hidden(at: Force) -> None:
    """A query that names the field is refused, the describe has none of it; then all is as before."""
    name = at.done("field-hidden")["field"]
    assert at.query(f"SELECT Id, {name} FROM Lead")[1][0]["errorCode"] == "INVALID_FIELD"
    assert name not in described(at)
    at.kernel.faults.clear()
    assert at.query(f"SELECT Id, {name} FROM Lead")[0] == 200


def deleted_property(at: Hub) -> None:
    """A custom property is gone for good, with what it held."""
    name = at.done("field-deleted", field="product_interests")["field"]
    at.kernel.faults.clear()
    assert definition(at, name)[0] == 404
    assert at.value(at.ids[0], name) is None
    status, body = patched(at, product_interests="crm")
    assert (status, body["errors"][0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")


def deleted_field(at: Force) -> None:
    """A custom field is gone for good."""
    name = at.done("field-deleted")["field"]
    at.kernel.faults.clear()
    assert name == "Product_Interests__c"
    assert name not in described(at)
    assert patched(at, Product_Interests__c="Support")[1][0]["errorCode"] == "INVALID_FIELD"


def renamed(at: Force) -> None:
    """The values are found under the new name only."""
    told = at.done("field-renamed")
    assert {told["field"], told["now"]} & described(at).keys() == {told["now"]}
    assert at.value(at.ids[0], told["now"]) == "Analytics;Support"
    assert at.query(f"SELECT {told['now']} FROM Lead")[1]["records"][0][told["now"]] == "Analytics;Support"


def read_only_property(at: Hub) -> None:
    """Its definition says so, and a write is refused until cleared."""
    name = at.done("field-read-only")["field"]
    assert definition(at, name)[1]["modificationMetadata"]["readOnlyValue"] is True
    assert patched(at, **{name: "New"})[1]["errors"][0]["code"] == "READ_ONLY_VALUE"
    at.kernel.faults.clear()
    assert patched(at, **{name: "New"})[0] == 200


def read_only_field(at: Force) -> None:
    """The row that writes it is refused until cleared."""
    name = at.done("field-read-only")["field"]
    assert patched(at, **{name: "New"})[1][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    at.kernel.faults.clear()
    assert patched(at, **{name: "New"})[0] == 204


def retyped(at: Force) -> None:
    """A number now, empty in every record, and no stamp has moved."""
    stamps = {row["Id"]: row["SystemModstamp"] for row in at.rows()}
    at.clock.advance(60)
    told = at.done("type-change", field="Title")
    assert told["emptied"] == len(at.ids)
    assert described(at)["Title"]["type"] == "double"
    assert {row["Id"]: (row["Title"], row["SystemModstamp"]) for row in at.rows()} == {
        number: (None, at_) for number, at_ in stamps.items()
    }


def required(at: Hub) -> None:
    """A create without the property is refused by dated paths."""
    name = at.done("validation-rule")["field"]
    create = "POST", "/crm/objects/2026-09/contacts", {"properties": {"email": "new@x.com"}}
    status, body = at.call(*create)
    assert (status, body["errors"][0]["code"]) == (400, "REQUIRED_PROPERTY_MISSING")
    assert name in body["message"]
    at.kernel.faults.clear()
    assert at.call(*create)[0] == 201


def ruled(at: Force) -> None:
    """A new value of the field is refused in the admin's words, any other field is written."""
    name = at.done("validation-rule", field="Title")["field"]
    told = patched(at, Title="New")[1][0]
    assert (told["errorCode"], told["fields"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", [name])
    assert patched(at, City="Wien")[0] == 204
    at.kernel.faults.clear()
    assert patched(at, Title="New")[0] == 204


def blocked(at: Force) -> None:
    """A second Lead with the address is refused and names the first."""
    row = {"LastName": "New", "Company": "New", "Email": "p3@x.com"}
    at.arm("duplicate-rule")
    told = at.call("POST", f"{ROOT}/sobjects/Lead", row)[1][0]
    assert told["errorCode"] == "DUPLICATES_DETECTED"
    found = told["duplicateResut"]["matchResults"][0]["matchRecords"]
    assert [each["record"]["Id"] for each in found] == [at.ids[3]]
    at.kernel.faults.clear()
    assert at.call("POST", f"{ROOT}/sobjects/Lead", row)[0] == 201


def normalised(at: Stand) -> None:
    """What is held is not what was written, until cleared."""
    at.arm("vendor-normalises", field="jobtitle" if at.vendor == "hubspot" else "Title")
    at.call(*at.write(value="  head   of SALES "))
    assert at.title() == "Head Of Sales"
    at.kernel.faults.clear()
    at.call(*at.write(value="head of SALES"))
    assert at.title() == "head of SALES"


def reverted(at: Stand) -> None:
    """The write succeeds and the old value stands, until cleared."""
    at.arm("value-reverted", field="jobtitle" if at.vendor == "hubspot" else "Title")
    assert at.call(*at.write(value="Ours"))[0] < 300
    assert (at.title(), at.last.written) == ("Boss", (at.ids[0],))
    at.kernel.faults.clear()
    at.call(*at.write(value="Ours"))
    assert at.title() == "Ours"


PROOFS: Proofs = {
    ("token-rotated", "hubspot"): rotated,
    ("token-revoked", "hubspot"): revoked_hubspot,
    ("token-revoked", "salesforce"): revoked_salesforce,
    ("field-hidden", "salesforce"): hidden,
    ("field-deleted", "hubspot"): deleted_property,
    ("field-deleted", "salesforce"): deleted_field,
    ("field-renamed", "salesforce"): renamed,
    ("field-read-only", "hubspot"): read_only_property,
    ("field-read-only", "salesforce"): read_only_field,
    ("type-change", "salesforce"): retyped,
    ("validation-rule", "hubspot"): required,
    ("validation-rule", "salesforce"): ruled,
    ("duplicate-rule", "salesforce"): blocked,
    ("vendor-normalises", "hubspot"): normalised,
    ("vendor-normalises", "salesforce"): normalised,
    ("value-reverted", "hubspot"): reverted,
    ("value-reverted", "salesforce"): reverted,
}


@pytest.mark.parametrize(("name", "vendor"), faults_of(setup_deeds.ENTRIES))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """Refusal, definition and value after every deed of an admin."""
    prove(PROOFS, name, vendor)


def test_no_token_is_left_to_be_revoked_or_rotated() -> None:
    """Once all are revoked there is nothing to hit, which is no error of whoever arms faults by chance."""
    at = Hub()
    at.arm("token-revoked")
    for name in ("token-revoked", "token-rotated"):
        with pytest.raises(NothingToHit, match="tokens that are not revoked"):
            at.arm(name)
