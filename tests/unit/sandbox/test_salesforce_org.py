"""Sessions, limits, rules, people, late commits and the describe against the recordings."""

from __future__ import annotations

from urllib.parse import urlencode

import jwt
import orjson
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.kernel import HttpRequest
from sandbox.salesforce import ConnectedApp, Refusal
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.oauth import JWT_BEARER
from sandbox.salesforce.org import DuplicateRule
from tests.shared import SHARED
from tests.unit.sandbox.salesforce_client import START, Client

RECORDED = SHARED / "recorded" / "cumulusci-salesforce"
KEY = "Syncd_Marketing_Id__c"


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def token(org: Client, **form: str) -> tuple[int, dict[str, str]]:
    """Asks the token endpoint."""
    request = HttpRequest.from_target("POST", "/services/oauth2/token", {}, urlencode(form).encode())
    answer = org.kernel.handle(request)
    return answer.status, orjson.loads(answer.body)


@pytest.mark.fact("salesforce 2.1", "salesforce 2.3")
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}, None),
        ({"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "x"}, "invalid_client_id"),
        ({"grant_type": "refresh_token", "client_id": "sandbox-client", "refresh_token": "sandbox-refresh"}, None),
        ({"grant_type": "refresh_token", "client_id": "sandbox-client", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": JWT_BEARER, "assertion": "x.y.z"}, "invalid_grant"),
    ],
)
def test_token(org: Client, form: dict[str, str], error: str | None) -> None:
    """Each grant answers a working session or an error with a description."""
    status, body = token(org, **form)
    assert (status, body.get("error")) == ((200, None) if error is None else (400, error))
    assert body["instance_url" if error is None else "error_description"]
    if error is None:
        org.token = body["access_token"]
        assert org.call("GET", "/limits")[0] == 200


@pytest.mark.fact("salesforce 2.1")
def test_jwt_is_verified_against_the_key(org: Client) -> None:
    """A signed assertion is accepted, an expired one and one of another key are not; exp may be a string."""
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
    public = keys[0].public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    org.kernel.sessions.app = ConnectedApp(public_key=public.decode())
    now = int(START.timestamp())
    for key, expires, status in ((keys[0], str(now + 180), 200), (keys[0], now - 1, 400), (keys[1], now + 180, 400)):
        claims = {"iss": "sandbox-client", "sub": "integration.user@sandbox.example", "aud": "x", "exp": expires}
        form = {"grant_type": JWT_BEARER, "assertion": jwt.encode(claims, key, algorithm="RS256")}
        assert token(org, **form)[0] == status


@pytest.mark.fact("salesforce 2.2", "salesforce 2.7", "salesforce 6.1")
def test_sessions_end(org: Client) -> None:
    """An ended session is 401 with a list, by an admin or by time; the version list needs none."""
    assert org.call("GET", "/services/data/")[1][-1]["version"] == "68.0"
    org.clock.advance(7199)
    assert org.call("GET", "/limits")[0] == 200
    org.kernel.expire_sessions()
    expected = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert org.call("GET", "/limits") == (401, expected)
    org.token = org.kernel.login()
    org.clock.advance(7200)
    assert org.call("GET", "/limits") == (401, expected)


@pytest.mark.fact("salesforce 6.2", "salesforce 8.4", "salesforce 8.5")
def test_daily_limit_rolls(org: Client) -> None:
    """The header counts every call; at the limit 403 until 24 hours have passed."""
    org.kernel.limits.maximum = 20
    org.kernel.limits.spend(18, now=org.clock.now())
    assert org.send("GET", "/sobjects/Nope").headers["Sforce-Limit-Info"] == "api-usage=19/20"
    assert org.call("GET", "/limits")[1]["DailyApiRequests"] == {"Max": 20, "Remaining": 0}
    status, body = org.call("GET", "/limits")
    assert (status, body[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    org.clock.advance(86_400)
    org.token = org.kernel.login()
    assert org.send("GET", "/limits").headers["Date"] == "Tue, 06 Jan 2026 12:00:00 GMT"


@pytest.mark.fact("salesforce 2.7", "salesforce 6.11")
@pytest.mark.parametrize(
    "path", ["/nope", "/sobjects/Foo", "/sobjects/Lead/00Q000000000001", "/services/data/v40.0/limits"]
)
def test_unknown_resources(org: Client, path: str) -> None:
    """404 in the recorded words."""
    status, (body,) = org.call("GET", path)
    assert (status, body) == (404, {"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"})


@pytest.mark.fact("salesforce 6.5", "defaults 4.8", "salesforce 6.7", "salesforce 6.9")
def test_rules(org: Client) -> None:
    """Validation rules refuse, workflows rewrite, duplicate rules block or alert, maintenance stops all writes."""
    rules = org.kernel.org
    rules.validation_rules["Lead"] = [lambda _, new: ("No", "City") if new.get("City") == "x" else None]
    rules.workflows["Lead"] = [lambda _, new: {"Company": str(new["Company"]).upper()}]
    rules.duplicate_rules["Lead"] = [DuplicateRule("Same_Email", ("Email",), action="alert")]
    lead = org.lead(Email="a@x.example")
    assert org.read(lead, "Company") == "ACME"
    fields = {"LastName": "D", "Company": "c", "City": "x"}
    (refusal,) = org.call("POST", "/sobjects/Lead", fields)[1]
    assert (refusal["errorCode"], refusal["fields"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ["City"])
    fields = {"LastName": "D", "Company": "c", "Email": "A@x.example"}
    (refusal,) = org.call("POST", "/sobjects/Lead", fields)[1]
    match = refusal["duplicateResut"]["matchResults"][0]["matchRecords"][0]
    assert (refusal["errorCode"], match["record"]["Id"]) == ("DUPLICATES_DETECTED", lead)
    assert org.call("POST", "/sobjects/Lead", fields, Sforce_Duplicate_Rule_Header="allowSave=true")[0] == 201
    org.kernel.begin_maintenance()
    (refusal,) = org.call("PATCH", f"/sobjects/Lead/{lead}", {})[1]
    assert refusal["errorCode"] == "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
    assert org.call("GET", f"/sobjects/Lead/{lead}")[0] == 200


@pytest.mark.fact("salesforce 5.16", "salesforce 9.1")
def test_conversion(org: Client) -> None:
    """Contact, account and opportunity are made; custom fields only where mapped; a queue gives the owner up."""
    org.kernel.map_conversion("Product_Interests__c", "Contact", "Product_Interests__c")
    lead = org.lead(**{KEY: "9", "Email": "a@x.example", "City": "Bonn", "Product_Interests__c": "Support",
                       "OwnerId": org.kernel.add_queue("Q")})  # fmt: skip
    with pytest.raises(Refusal, match="INVALID_STATUS"):
        org.kernel.convert(lead, status="Working - Contacted")
    contact, account, deal = org.kernel.convert(lead, status="Closed - Converted", opportunity="Deal")
    for name, value in {"Email": "a@x.example", "MailingCity": "Bonn", "AccountId": account, KEY: None,
                        "Product_Interests__c": "Support", "OwnerId": org.kernel.org.admin_user}.items():  # fmt: skip
        assert org.read(contact, name, "Contact") == value
    assert (org.read(lead, "IsConverted"), org.read(lead, "ConvertedContactId")) == (True, contact)
    assert deal is not None
    assert org.read(deal, "AccountId", "Opportunity") == account


@pytest.mark.fact("salesforce 3.1", "salesforce 9.5")
def test_merge_delete_and_restore(org: Client) -> None:
    """Losers are deleted with their winner named; contacts follow their account; /deleted and queryAll see it."""
    winner, loser = (org.kernel.insert("Account", {"Name": name}) for name in ("A", "B"))
    contact = org.kernel.insert("Contact", {"LastName": "X", "AccountId": loser})
    org.clock.advance(90)
    org.kernel.merge("Account", winner, [loser], fields={"Website": "b.example"})
    assert org.read(contact, "AccountId", "Contact") == winner
    soql = "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true"
    assert org.query(soql)["totalSize"] == 0
    assert org.query(soql, "queryAll")["records"][0]["MasterRecordId"] == winner
    org.clock.advance(90)
    window = "start=2026-01-05T11:00:00%2B00:00&end=2026-01-05T12:03:30%2B00:00"
    _, gone = org.call("GET", f"/sobjects/Account/deleted/?{window}")
    assert [each["id"] for each in gone["deletedRecords"]] == [loser]
    assert org.call("GET", f"/sobjects/Account/updated/?{window}")[1]["ids"] == [winner]
    org.kernel.undelete("Account", loser)
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 2


@pytest.mark.fact("salesforce 3.9", "salesforce 3.13")
def test_late_commit(org: Client) -> None:
    """A row of a long transaction appears later with an older stamp; meanwhile it is locked and holds the window."""
    lead = org.lead(City="old")
    org.clock.advance(60)
    org.kernel.commit_later(120)
    org.kernel.edit("Lead", lead, {"City": "new"})
    org.kernel.commit_later(0)
    org.clock.advance(60)
    assert org.column("SELECT City FROM Lead", "City") == ["old"]
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {})[1][0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    with pytest.raises(Refusal, match="UNABLE_TO_LOCK_ROW"):  # another person's change would be lost in what comes late
        org.kernel.edit("Lead", lead, {"Street": "new"})
    window = "start=2026-01-05T11:00:00Z&end=2026-01-05T12:02:00Z"
    covered = org.call("GET", f"/sobjects/Lead/updated/?{window}")[1]["latestDateCovered"]
    assert covered == "2026-01-05T12:01:00.000+0000"
    org.clock.advance(60)
    soql = "SELECT City FROM Lead WHERE SystemModstamp = 2026-01-05T12:01:00Z"
    assert org.column(soql, "City") == ["new"]


def test_history(org: Client) -> None:
    """Tracked changes are queryable with their author; an owner change writes names and ids."""
    lead = org.lead()
    robin = org.kernel.add_user("robin@x.example", "Robin")
    org.kernel.edit("Lead", lead, {"Status": "Working - Contacted", "City": "x", "OwnerId": robin}, by=robin)
    soql = f"SELECT Field, OldValue, NewValue, CreatedById FROM LeadHistory WHERE LeadId = '{lead}'"
    rows = [(row["Field"], row["NewValue"], row["CreatedById"]) for row in org.query(soql)["records"]]
    admin = org.kernel.org.admin_user
    assert rows == [("created", None, admin), ("Owner", "Robin", robin), ("Owner", robin, robin),
                    ("Status", "Working - Contacted", robin)]  # fmt: skip


@pytest.mark.fact("salesforce 9.2", "salesforce 9.4")
def test_lead_statuses(org: Client) -> None:
    """The picklist and the LeadStatus rows change together; the first row is the default unless one is marked."""
    org.kernel.set_lead_statuses([{"MasterLabel": "New"}, {"MasterLabel": "Closed - Won"},
                                  {"MasterLabel": "Gone", "IsConverted": True}])  # fmt: skip
    assert org.column("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true", "MasterLabel") == ["Gone"]
    assert org.read(org.lead(), "Status") == "New"
    described = org.call("GET", "/sobjects/Lead/describe")[1]["fields"]
    status = next(field for field in described if field["name"] == "Status")
    assert [entry["value"] for entry in status["picklistValues"]] == ["New", "Closed - Won", "Gone"]


@pytest.mark.fact("salesforce 3.18", "salesforce 4.4")
def test_describe_is_conditional(org: Client) -> None:
    """304 until the schema changes."""
    answer = org.send("GET", "/sobjects/Lead/describe")
    since = answer.headers["Last-Modified"]
    assert org.call("GET", "/sobjects/Lead/describe", If_Modified_Since=since) == (304, None)
    org.clock.advance(1)
    org.kernel.protect_field("Lead", "Rating")
    fields = org.call("GET", "/sobjects/Lead/describe", If_Modified_Since=since)[1]["fields"]
    assert [field["name"] for field in fields if field["name"] == "Rating" and not field["updateable"]] == ["Rating"]


@pytest.mark.fact("salesforce 4.7")
@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_describe_has_the_recorded_keys(org: Client, name: str) -> None:
    """Same keys on every level as the vendor's, and the same facts for every field that both know."""
    path = RECORDED / f"GET_sobjects_{name}_describe.yaml"
    if not path.exists():
        pytest.skip(f"the recordings are not there: {path}")
    recorded = orjson.loads(yaml.safe_load(path.read_text())["response"]["body"]["string"])
    ours = org.call("GET", f"/sobjects/{name}/describe")[1]
    assert set(ours) == set(recorded)
    assert set(ours["urls"]) == set(recorded["urls"])
    theirs = {field["name"]: field for field in recorded["fields"]}
    facts = ("type", "length", "byteLength", "nillable", "createable", "updateable", "defaultedOnCreate", "soapType",
             "filterable", "sortable", "groupable", "restrictedPicklist", "compoundFieldName", "idLookup",
             "referenceTo",
             "relationshipName", "precision", "scale", "digits", "label", "permissionable")  # fmt: skip
    for field in ours["fields"]:
        assert set(field) == set(recorded["fields"][0])
        if field["name"] in theirs:
            assert {key: field[key] for key in facts} == {key: theirs[field["name"]][key] for key in facts}


def test_recorded_refusals(org: Client) -> None:
    """The words of INVALID_TYPE inside a Composite are the recorded ones."""
    path = RECORDED / "TestCountSObjects.test_count_sobjects__errors.yaml"
    if not path.exists():
        pytest.skip(f"the recordings are not there: {path}")
    (exchange,) = yaml.safe_load(path.read_text())["interactions"]
    request = orjson.loads(exchange["request"]["body"].replace("vxx.0", "v60.0"))
    recorded = orjson.loads(exchange["response"]["body"]["string"])
    answer = org.call("POST", "/composite", request)[1]
    assert answer["compositeResponse"][1]["body"] == recorded["compositeResponse"][1]["body"]


@pytest.mark.fact("salesforce 9.9")
def test_ids() -> None:
    """15 characters become the recorded 18; a lost case is restored; equal seeds give equal ids."""
    assert long_id("0035500001H9cak") == "0035500001H9cakAAB"
    assert long_id("0035500001h9CAKaab".replace("CAK", "cak")) == "0035500001H9cakAAB"
    assert long_id("nonsense") is None
    assert Client().lead() == Client().lead()


def test_export(org: Client) -> None:
    """All rows in id order, deleted ones marked."""
    ids = org.kernel.load("Lead", [{"LastName": str(number), "Company": "C"} for number in range(3)])
    org.kernel.delete("Lead", ids[1])
    rows = org.kernel.export()["Lead"]
    assert [(row["Id"], row["IsDeleted"]) for row in rows] == [(ids[0], False), (ids[1], True), (ids[2], False)]
