"""The traps of simple-salesforce (numbers 1.x of the vendor facts), logins, refusals of whole calls and odd answers.

Length: one test a numbered trap, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import jwt
import orjson
import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceAccount, SalesforceClient
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import CONNECT_TIMEOUT, READ_TIMEOUT, Resend
from syncd.model.errors import Bug, NeedsOperator, RetryLater, WrongAccount
from syncd.model.remote import MatchKey, RemoteRef, Shape
from syncd.model.values import Lane, Side
from syncd.model.write import Clash, CreateRecord, Indeterminate, UpdateRecord, WriteResult, Written
from tests.fakes import FakeChance, FakeClock, FreeBudget

LOGIN = "https://acme.my.salesforce.com"
TOKEN = f"{LOGIN}/services/oauth2/token"
BASE = f"{LOGIN}/services/data/v64.0/"
ORG = {"totalSize": 1, "done": True, "records": [{"Id": "00D000000000000", "Name": "Acme"}]}
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
PERSON = Shape("person", {"Lead": ("LastName",)}, "Key__c")
LEAD = "00Q000000000001EAA"
DESCRIBED = {"fields": [{"name": name, "type": "string"} for name in ("Id", "LastName", "Key__c", "SystemModstamp")]}


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """The vendor: every login gives the next token."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        count = iter(range(1, 1000))

        def login(_: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            return 200, {}, orjson.dumps({"access_token": f"token-{next(count)}", "instance_url": LOGIN})

        mock.add_callback("POST", TOKEN, login)
        yield mock


def account(**more: Any) -> SalesforceAccount:
    """An account with a secret."""
    settings: dict[str, Any] = {"login_url": LOGIN, "client_id": lambda: "id", "client_secret": lambda: "secret"}
    return SalesforceAccount(**(settings | more))


def connect(clock: FakeClock | None = None, **more: Any) -> SalesforceConnector:
    """A connector on simulated ports."""
    return SalesforceConnector.open(
        account(**more), side=Side.CRM, clock=clock or FakeClock(), chance=FakeChance(), budget=FreeBudget(), horizon=60
    )


def body_of(request: requests.PreparedRequest) -> str:
    """What was posted."""
    assert isinstance(request.body, bytes)
    return request.body.decode()


def paths(web: responses.RequestsMock) -> list[str]:
    """Methods and addresses of all calls so far, without their queries."""
    return [f"{call.request.method} {(call.request.url or '').partition('?')[0]}" for call in web.calls]


def test_a_call_has_timeouts_and_our_headers(web: responses.RequestsMock) -> None:
    """1.1, 1.22: timeouts by default, no X-PrettyPrint, the version asked for, assignment rules off."""
    web.add("GET", BASE + "query", json=ORG)
    assert connect().identity().account == "00D000000000000EAA"
    request: Any = web.calls[-1].request
    assert request.req_kwargs["timeout"] == (CONNECT_TIMEOUT, READ_TIMEOUT)
    assert "X-PrettyPrint" not in request.headers
    assert request.headers["Sforce-Auto-Assign"] == "FALSE"
    assert request.headers["Authorization"] == "Bearer token-1"
    assert "Sforce-Duplicate-Rule-Header" not in request.headers


def test_duplicates_are_saved_only_where_the_account_says_so(web: responses.RequestsMock) -> None:
    """The header goes with every call once it is switched on."""
    web.add("GET", BASE + "query", json=ORG)
    connect(allow_duplicates=True).identity()
    assert web.calls[-1].request.headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://127.0.0.1"])
def test_plain_http_reaches_loopback_though_the_library_knows_https_only(origin: str) -> None:
    """1.2, 1.3: scheme, port and brackets of the origin are kept; the environment's proxies are not used."""
    with responses.RequestsMock() as web:
        web.add("POST", f"{origin}/services/oauth2/token", json={"access_token": "t", "instance_url": origin})
        web.add("GET", f"{origin}/services/data/v64.0/query", json=ORG)
        connector = connect(login_url=origin)
        assert connector.identity().name == "Acme"
        assert connector._org.client._session.trust_env is False


@pytest.mark.parametrize("login_url", ["http://acme.my.salesforce.com", "ftp://x", "acme", "http://localhost:80"])
def test_plain_http_beyond_loopback_is_refused(login_url: str) -> None:
    """A credential never crosses a network in the clear."""
    with pytest.raises(NeedsOperator, match="login_url"):
        connect(login_url=login_url)


@pytest.mark.parametrize(
    "instance",
    ["https://evil.example", "https://evilsalesforce.com", "https://salesforce.com.evil.example", "http://127.0.0.1:1"],
)
def test_a_token_is_sent_to_no_other_host(instance: str) -> None:
    """An instance_url that is not the vendor's is refused before anything is sent there."""
    with responses.RequestsMock() as web:
        web.add("POST", TOKEN, json={"access_token": "t", "instance_url": instance})
        with pytest.raises(NeedsOperator, match="login"):
            connect().identity()
        assert len(web.calls) == 1


def test_a_new_instance_is_followed_after_a_login(web: responses.RequestsMock) -> None:
    """1.11: addresses are built from the token in use, not from the first one."""
    web.replace("POST", TOKEN, json={"access_token": "a", "instance_url": "https://one.my.salesforce.com"})
    web.add("GET", "https://one.my.salesforce.com/services/data/v64.0/query", status=401, json=EXPIRED)
    connector = connect()
    connector._org.client._tokens.current(Lane.ORDINARY)
    web.replace("POST", TOKEN, json={"access_token": "b", "instance_url": "https://two.my.salesforce.com"})
    web.add("GET", "https://two.my.salesforce.com/services/data/v64.0/query", json=ORG)
    assert connector.identity().name == "Acme"


def test_headers_are_the_same_after_a_new_login(web: responses.RequestsMock) -> None:
    """1.7: the library's own repetition would drop them; only the token differs."""
    web.add("GET", BASE + "query", status=401, json=EXPIRED)
    web.add("GET", BASE + "query", json=ORG)
    connect(allow_duplicates=True).identity()
    first, second = (dict(call.request.headers) for call in web.calls if "query" in (call.request.url or ""))
    assert (first.pop("Authorization"), second.pop("Authorization")) == ("Bearer token-1", "Bearer token-2")
    assert first == second
    assert second["Sforce-Auto-Assign"] == "FALSE"


@pytest.mark.parametrize(
    "body",
    [orjson.dumps(EXPIRED), b'{"error":"x"}', b"<html>no</html>", b"", b"[]"],
    ids=["list", "object", "html", "empty", "none"],
)
def test_a_refusal_that_persists_stops_after_one_login(web: responses.RequestsMock, body: bytes) -> None:
    """1.8, 1.9, 1.10: two calls, two logins, one sentence; whatever the body, and no RecursionError."""
    web.add("GET", BASE + "query", status=401, body=body)
    with pytest.raises(NeedsOperator, match="External Client App"):
        connect().identity()
    assert paths(web) == [f"POST {TOKEN}", f"GET {BASE}query"] * 2


def test_usage_is_read_from_every_answer(web: responses.RequestsMock) -> None:
    """1.12, 1.13: errors and calls of any kind keep the count fresh."""
    web.add(
        "GET", BASE + "query", json=ORG, headers={"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=1/2(a=b)"}
    )
    connector = connect()
    connector.identity()
    assert (connector.quota().used, connector.quota().limit) == (18, 5000)
    web.replace(
        "GET",
        BASE + "query",
        status=403,
        json=[{"errorCode": "X", "message": ""}],
        headers={"Sforce-Limit-Info": "api-usage=19/5000"},
    )
    with pytest.raises(NeedsOperator):
        connector.identity()
    assert (connector.quota().used, connector.quota().calls) == (19, 3)


def test_the_orgs_own_count_is_read_wherever_it_stands(web: responses.RequestsMock) -> None:
    """Limits, "Sforce-Limit-Info": what one app of many may use is another count, and none of the org's."""
    of_the_app = "per-app-api-usage=17/250(appName=syncd)"
    for told, used, limit in ((f"{of_the_app}; api-usage=18/5000", 18, 5000), (of_the_app, None, None)):
        web.reset()
        web.add("POST", TOKEN, json={"access_token": "token", "instance_url": LOGIN})
        web.add("GET", BASE + "query", json=ORG, headers={"Sforce-Limit-Info": told})
        connector = connect()
        connector.identity()
        assert (connector.quota().used, connector.quota().limit) == (used, limit)


def test_an_empty_answer_is_none_and_no_crash(web: responses.RequestsMock) -> None:
    """1.14: 204 and empty bodies where rows belong are a failed call in words."""
    web.add("GET", BASE + "query", status=204)
    with pytest.raises((RetryLater, Bug)):
        connect().identity()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html><body>maintenance</body></html>"),
        (200, b'{"done":true,"records":[{"Id":"00D0'),
        (500, b'[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]'),
        (503, b"<html>edge</html>"),
        (420, b""),
    ],
    ids=["html", "truncated", "500", "503 html", "420"],
)
def test_broken_answers_to_reads_are_repeated_then_retry_later(
    web: responses.RequestsMock, status: int, body: bytes
) -> None:
    """Typed, in words, on the simulated clock, and never more than the attempts allowed."""
    web.add("GET", BASE + "query", status=status, body=body)
    clock = FakeClock()
    with pytest.raises(RetryLater):
        connect(clock).identity()
    assert paths(web).count(f"GET {BASE}query") == 5
    assert len(clock.slept) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"records": "x"},
        [],
        {"done": False, "records": []},
        {"done": True, "records": [{}]},
        {"totalSize": 2, "done": True, "records": [{}]},
        {"totalSize": 0, "records": []},
        {"totalSize": 0, "done": "no", "records": []},
        {"done": False, "records": [], "nextRecordsUrl": "https://evil/"},
    ],
)
def test_json_of_a_wrong_shape_is_a_bug_in_words(web: responses.RequestsMock, body: object) -> None:
    """Nothing is assumed of it, and a foreign page address is never followed."""
    web.add("GET", BASE + "query", json=body)
    with pytest.raises(Bug, match="unforeseen shape"):
        connect().identity()


def test_a_query_too_long_for_an_address_goes_in_a_body(web: responses.RequestsMock) -> None:
    """1.16: beyond the vendor's limit a GET would be 414."""
    inside = {"httpStatusCode": 200, "referenceId": "q0", "body": ORG}
    web.add("POST", BASE + "composite", json={"compositeResponse": [inside]})
    query = soql.select(tuple(f"Field{n}__c" for n in range(1500)), "Lead")
    (rows,) = connect()._org.queries.all([query], Lane.ORDINARY)
    assert rows == ORG["records"]
    assert max(len(call.request.url or "") for call in web.calls) < 200


def test_pages_that_go_in_a_circle_end(web: responses.RequestsMock) -> None:
    """The same page address twice is an error, not an endless loop."""
    page = {"done": False, "records": [], "nextRecordsUrl": "/services/data/v64.0/query/01g-2000"}
    web.add("GET", BASE + "query", json=page)
    web.add("GET", BASE + "query/01g-2000", json=page)
    with pytest.raises(Bug, match="circle"):
        connect().identity()


@pytest.mark.fact("defaults 6.7")
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"error": "invalid_client_id", "error_description": "client identifier invalid"}, "Consumer Key"),
        (400, {"error": "invalid_client", "error_description": "invalid client credentials"}, "secret is wrong"),
        (400, {"error": "invalid_grant", "error_description": "no client credentials user enabled"}, "run-as user"),
        (400, {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, "Permitted Users"),
        (400, {"error": "invalid_grant", "error_description": "ip restricted or invalid login hours"}, "IP"),
        (400, {"error": "invalid_grant", "error_description": "inactive user"}, "Setup > Users"),
        (400, {"error": "invalid_grant", "error_description": "audience is invalid"}, "test.salesforce.com"),
        (400, {"error": "invalid_grant", "error_description": "invalid assertion"}, "certificate"),
        (400, {"error": "invalid_grant"}, "Login History"),
        (400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"}, "My Domain"),
        (400, {"error": "inactive_org", "error_description": ""}, "support"),
        (404, {"x": 1}, "login_url"),
    ],
)
def test_each_refused_login_is_one_sentence_with_the_place_to_click(
    status: int, body: dict[str, str], said: str
) -> None:
    """An operator reads where to go, and no secret."""
    with responses.RequestsMock() as web:
        web.add("POST", TOKEN, status=status, json=body)
        with pytest.raises(NeedsOperator, match=said) as why:
            connect().identity()
    assert "secret\n" not in str(why.value)
    assert "\n" not in str(why.value)


def test_secrets_are_read_anew_at_every_login(web: responses.RequestsMock) -> None:
    """A rotated secret is taken up at the next 401, without a restart."""
    secrets = iter(["old", "new"])
    web.add("GET", BASE + "query", status=401, json=EXPIRED)
    web.add("GET", BASE + "query", json=ORG)
    connect(client_secret=lambda: next(secrets)).identity()
    forms = [dict(parse_qsl(body_of(call.request))) for call in web.calls if call.request.url == TOKEN]
    assert [form["client_secret"] for form in forms] == ["old", "new"]


def test_a_token_is_renewed_once_for_all_that_hold_the_dead_one(web: responses.RequestsMock) -> None:
    """1.23: the second caller with the same dead token gets the new one without another login."""
    tokens = connect()._org.client._tokens
    dead = tokens.current(Lane.ORDINARY)
    assert tokens.renewed(dead, Lane.ORDINARY) is tokens.renewed(dead, Lane.BULK)
    assert len(web.calls) == 2
    assert "token-" not in repr(dead)


def test_a_login_must_lead_to_the_same_org() -> None:
    """Credentials of another org that were put in by mistake: told, nothing is sent there, and the right ones work."""
    orgs = iter(["00D000000000001EAA", "00D000000000002EAA", "00D000000000001EAA"])

    def login(_: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        org = next(orgs)
        told = {"access_token": org, "instance_url": LOGIN, "id": f"{LOGIN}/id/{org}/005000000000001AAA"}
        return 200, {}, orjson.dumps(told)

    with responses.RequestsMock() as web:
        web.add_callback("POST", TOKEN, login)
        tokens = connect()._org.client._tokens
        dead = tokens.current(Lane.ORDINARY)
        with pytest.raises(WrongAccount, match="lead to org 00D000000000002EAA, and those before to 00D000000000001"):
            tokens.renewed(dead, Lane.ORDINARY)
        assert tokens.current(Lane.ORDINARY).access_token == "00D000000000001EAA"


def test_a_jwt_login_signs_what_the_vendor_wants() -> None:
    """1.6: RS256, three minutes by the injected clock, a whole number; the audience is the login host."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    clock = FakeClock()
    with responses.RequestsMock() as web:
        web.add("POST", TOKEN, json={"access_token": "t", "instance_url": LOGIN})
        web.add("GET", BASE + "query", json=ORG)
        connect(clock, flow="jwt_bearer", private_key=lambda: pem, username="u@example.com").identity()
        form = parse_qs(body_of(web.calls[0].request))
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(
        form["assertion"][0], key.public_key(), algorithms=["RS256"], audience=LOGIN, options={"verify_exp": False}
    )
    assert (claims["iss"], claims["sub"]) == ("id", "u@example.com")
    assert claims["exp"] == int(clock.now().timestamp()) + 180


@pytest.mark.parametrize(
    "more",
    [
        {"flow": "password"},
        {"client_secret": None},
        {"flow": "jwt_bearer"},
        {"flow": "jwt_bearer", "private_key": lambda: "no key", "username": "u"},
        {"api_version": "64"},
    ],
)
def test_settings_that_cannot_log_in_are_told_before_any_call(more: dict[str, Any]) -> None:
    """What is missing is named."""
    with responses.RequestsMock() as web, pytest.raises(NeedsOperator):
        connect(**more).identity()
    assert not web.calls


def test_the_vendors_time_is_its_date_header(web: responses.RequestsMock) -> None:
    """Cursors use vendor time: a clock of ours that is off does not move them."""
    web.add("GET", BASE + "query", json=ORG, headers={"Date": "Mon, 02 Mar 2026 08:00:00 GMT"})
    client = connect()._org.client
    answer = client.get("query", "query?q=x", lane=Lane.ORDINARY)
    assert client.vendor_now(answer) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert client.vendor_now() == datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("beginning", [{}, {"earliestDateAvailable": None}])
def test_departures_ask_with_aware_instants(web: responses.RequestsMock, beginning: dict[str, None]) -> None:
    """1.18: start and end carry their offset, encoded; the library's form is malformed for naive ones. A log that does
    not tell its beginning, in whatever way, is read as one that has all of the window.
    """
    web.add(
        "GET",
        BASE + "sobjects/Lead/deleted/",
        json={"deletedRecords": [], "latestDateCovered": "2026-03-02T09:00:00.000+0000", **beginning},
    )
    list(connect().departures(PERSON, None, 1))
    query = parse_qs((web.calls[-1].request.url or "").partition("?")[2])
    start, end = (datetime.fromisoformat(query[name][0]) for name in ("start", "end"))
    assert end - start <= timedelta(days=15)
    assert start.tzinfo is not None


# -- writes: recorded shapes of rows ---------------------------------------------------------------------------------


def written(web: responses.RequestsMock, body: object, *, status: int = 200) -> WriteResult:
    """What becomes of one update that is answered so."""
    web.add("PATCH", BASE + "composite/sobjects", status=status, json=body)
    web.add("GET", BASE + "sobjects/Lead/describe", json=DESCRIBED)
    web.add(
        "POST",
        BASE + "composite/sobjects/Lead",
        json=[{"Id": LEAD, "SystemModstamp": "2026-03-02T09:00:00.000+0000", "LastName": "B"}],
    )
    clock = FakeClock()
    batch = [UpdateRecord("0" * 32, RemoteRef("Lead", LEAD[:15]), {"LastName": "A"})]
    (result,) = connect(clock).write(PERSON, batch, clock.now() + timedelta(minutes=1))
    return result


def test_a_written_row_is_confirmed_with_what_is_held_now(web: responses.RequestsMock) -> None:
    """1.20: Collections tell ids only; the read-back tells what a workflow made of the value."""
    result = written(web, [{"id": LEAD, "success": True, "errors": []}])
    assert result == Written(RemoteRef("Lead", LEAD), "2026-03-02T09:00:00.000+0000", {"LastName": "B"})


def test_a_row_is_found_by_what_it_points_to(web: responses.RequestsMock) -> None:
    """9: whoever is asked for by 18 characters is found where 15 are told."""
    fields = [*DESCRIBED["fields"], {"name": "OwnerId", "type": "reference", "referenceTo": ["User"]}]
    row = {"Id": LEAD, "SystemModstamp": "2026-03-02T09:00:00.000+0000", "OwnerId": "005000000000001"}
    web.add("GET", BASE + "sobjects/Lead/describe", json={"fields": fields})
    web.add("GET", BASE + "query", json={"totalSize": 1, "done": True, "records": [row]})
    asked = "005000000000001AAA"
    found = connect().find(PERSON, MatchKey("value", {"Lead": ("OwnerId",)}), [asked])
    assert [record.ref.id for record in found[asked]] == [LEAD]


def test_a_short_id_confirms_the_whole_one(web: responses.RequestsMock) -> None:
    """9: the owner that was written is the one that is read back, by 15 characters or by 18."""
    owner, held = "005000000000001AAA", {"Id": LEAD, "SystemModstamp": "2026-03-02T09:00:00.000+0000"}
    web.add("PATCH", BASE + "composite/sobjects", json=[{"id": LEAD, "success": True, "errors": []}])
    web.add("GET", BASE + "sobjects/Lead/describe", json=DESCRIBED)
    web.add("POST", BASE + "composite/sobjects/Lead", json=[held | {"OwnerId": owner[:15]}])
    clock = FakeClock()
    batch = [UpdateRecord("0" * 32, RemoteRef("Lead", LEAD), {"OwnerId": owner})]
    (result,) = connect(clock).write(PERSON, batch, clock.now() + timedelta(minutes=1))
    assert isinstance(result, Written)
    assert result.confirmed == {"OwnerId": owner}


@pytest.mark.parametrize("word", ["statusCode", "errorCode"])
@pytest.mark.parametrize("key", ["duplicateResult", "duplicateResut"])
def test_duplicates_are_understood_in_every_spelling(web: responses.RequestsMock, word: str, key: str) -> None:
    """Row and request words, both spellings of the result."""
    found = {
        "matchResults": [{"matchRecords": [{"record": {"attributes": {"type": "Contact"}, "Id": "003000000000001"}}]}]
    }
    result = written(
        web, [{"success": False, "errors": [{word: "DUPLICATES_DETECTED", "message": "Use one?", key: found}]}]
    )
    assert isinstance(result, Clash)
    assert result.candidates == (RemoteRef("Contact", "003000000000001AAA"),)


def test_a_duplicate_value_names_the_other_row(web: responses.RequestsMock) -> None:
    """The id stands in the message only."""
    message = "duplicate value found: Key__c duplicates value on record with id: 00Q000000000002"
    result = written(
        web, [{"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": message, "fields": []}]}]
    )
    assert isinstance(result, Clash)
    assert result.candidates == (RemoteRef("Lead", "00Q000000000002EAA"),)


def test_several_rows_for_one_key_are_a_clash(web: responses.RequestsMock) -> None:
    """The Collections form of status 300: nothing was written, both are named."""
    message = "Key__c: more than one record found for external id field: [00Q000000000001EAA, 00Q000000000002EAA]"
    web.add(
        "PATCH",
        BASE + "composite/sobjects/Lead/Key__c",
        json=[
            {"success": False, "errors": [{"statusCode": "DUPLICATE_EXTERNAL_ID", "message": message, "fields": []}]}
        ],
    )
    clock = FakeClock()
    batch = [CreateRecord("0" * 32, "Lead", "51", {"LastName": "A"})]
    (result,) = connect(clock).write(PERSON, batch, clock.now() + timedelta(minutes=1))
    assert isinstance(result, Clash)
    assert [ref.id for ref in result.candidates] == ["00Q000000000001EAA", "00Q000000000002EAA"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        [{"id": "00Q000000000009EAA", "success": True}],
        [{"id": LEAD, "success": True}] * 2,
        {"x": 1},
        [{"success": True}],
        ["x"],
    ],
    ids=["too few", "another row", "too many", "object", "no id", "no row"],
)
def test_an_answer_that_does_not_fit_the_rows_is_indeterminate(web: responses.RequestsMock, body: object) -> None:
    """Rows are matched by position, and the count and the ids must agree; else nobody knows."""
    result = written(web, body)
    assert isinstance(result, Indeterminate)
    assert paths(web).count(f"PATCH {BASE}composite/sobjects") == 1


@pytest.mark.parametrize("body", [b"<html>x</html>", b'[{"id":"00Q'])
def test_an_unreadable_answer_to_a_write_is_indeterminate(web: responses.RequestsMock, body: bytes) -> None:
    """It was executed as far as anybody knows; it is not sent again."""
    web.add("PATCH", BASE + "composite/sobjects", body=body)
    clock = FakeClock()
    batch = [UpdateRecord("0" * 32, RemoteRef("Lead", LEAD), {"LastName": "A"})]
    (result,) = connect(clock).write(PERSON, batch, clock.now() + timedelta(minutes=1))
    assert isinstance(result, Indeterminate)
    assert result.until == clock.now() + timedelta(seconds=60)
    assert paths(web).count(f"PATCH {BASE}composite/sobjects") == 1


def test_a_write_that_never_left_is_repeated(web: responses.RequestsMock) -> None:
    """A refused connection surely executed nothing."""
    web.add("PATCH", BASE + "composite/sobjects", body=requests.exceptions.ConnectTimeout("no"))
    assert isinstance(written(web, [{"id": LEAD, "success": True, "errors": []}]), Written)
    assert paths(web).count(f"PATCH {BASE}composite/sobjects") == 2


def test_an_org_without_composite_gets_single_collections(web: responses.RequestsMock) -> None:
    """A 404 of Composite is remembered; 201 rows go in two calls, in every later batch without asking."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        rows = orjson.loads(request.body or b"")["records"]
        return 200, {}, orjson.dumps([{"id": row["id"], "success": True, "errors": []} for row in rows])

    web.add("POST", BASE + "composite", status=404, json=[{"errorCode": "NOT_FOUND", "message": "x"}])
    web.add_callback("PATCH", BASE + "composite/sobjects", answer)
    web.add("POST", BASE + "composite/sobjects/Lead", status=500, body=b"")
    clock = FakeClock()
    connector = connect(clock)
    batch = [UpdateRecord("0" * 32, RemoteRef("Lead", f"00Q{n:012d}"), {"LastName": "A"}) for n in range(201)]
    for _ in range(2):
        results = connector.write(PERSON, batch, clock.now() + timedelta(hours=1))
        assert all(isinstance(result, Written) for result in results)
    assert paths(web).count(f"POST {BASE}composite") == 1
    assert paths(web).count(f"PATCH {BASE}composite/sobjects") == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.get("x", "query?q=x", lane=Lane.ORDINARY),
        lambda c: c.send("x", "GET", "query", {}, lane=Lane.ORDINARY, resend=Resend.SAFE),
    ],
)
def test_too_many_long_calls_wait_seconds_not_minutes(
    web: responses.RequestsMock, call: Callable[[SalesforceClient], object]
) -> None:
    """The concurrent limit is over soon; the daily one is not."""
    web.add(
        "GET",
        BASE + "query",
        status=403,
        json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded: concurrent"}],
    )
    web.add("GET", BASE + "query", json=ORG)
    clock = FakeClock()
    call(connect(clock)._org.client)
    assert 5 <= sum(clock.slept) < 60
