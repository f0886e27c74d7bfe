"""The API: what it shows is what the store holds, commands are done once, and trouble is a problem."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from syncd.model.brake import Answer, HeldChange, Lot, Why
from syncd.model.held import write_lots
from syncd.model.link import Base, Conflict, DeadLetter, Link, Parked, Proof, Topic
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.run import Run, RunState
from syncd.model.values import Pair, Side
from syncd.operations import braking
from syncd.operations.parking import id_of
from syncd.ports.memory import BRAKE_HELD
from syncd.ports.store import Settlement, Store
from tests.fakes import START
from tests.visits import Caller, House, house

C = "/api/v1/connections/main"
EMAIL = "ada@example.com"


def link(id: str) -> Link:
    """A person."""
    return Link(
        id, "person", Pair(RemoteRef("contacts", f"5{id}"), RemoteRef("Lead", f"00Q{id}")), Proof.MATCHED, START
    )


def conflict(id: str, *, link: str = "ada", minutes: int = 0) -> Conflict:
    """Both sides changed a name."""
    refs = ((Side.MARKETING, RemoteRef("contacts", "5ada")), (Side.CRM, RemoteRef("Lead", "00Qada")))
    since = START + timedelta(minutes=minutes)
    return Conflict(
        id, "person", Topic.FIELD, link, refs, "last_name", Pair("King", "Byron"), "B", "both changed", since
    )


def letter(id: str, code: str = "REQUIRED_FIELD_MISSING", *, minutes: int = 0) -> DeadLetter:
    """A Lead that Salesforce does not take."""
    since = START + timedelta(minutes=minutes)
    return DeadLetter(
        id, "person", Side.CRM, RemoteRef("contacts", id), "f", code, "lacks a name", "give one", since, 2
    )


PARKED = Parked(
    "ada", "person", Side.CRM, RemoteRef("Lead", "00Qada"), "phone", "f", "TOO_LONG", "too long", "cut it", START
)
LOT = Lot(
    key=("person", "updates", "crm", "title", ""),
    changes=tuple(HeldChange(f"m{n}", f"link:l{n}", START) for n in range(3)),
    why=Why.HOUR, limit=1, used=0, linked=10, since=START, cause="an import",
)  # fmt: skip


@pytest.fixture
def console(tmp_path: Path) -> Iterator[House]:
    """With something of everything in its store."""
    with house(tmp_path) as made:
        settlement = Settlement(
            links=[link("ada"), link("bob")],
            bases=[
                (
                    "ada",
                    Base({"email": "ada@example.com", "last_name": "B"}, Pair({"lastname": "B"}, {"LastName": "B"})),
                ),
                ("bob", Base({"email": "bob@example.com"}, Pair({}, {}))),
            ],
            conflicts=[conflict(f"c{n}", minutes=n) for n in range(5)],
            dead=[*(letter(f"d{n}", minutes=n) for n in range(5)), letter("e1", "DUPLICATES_DETECTED")],
            parked=[PARKED],
        )
        made.store.settle(settlement, START)
        for number in range(5):
            made.store.save_run(
                Run(f"r{number}", "main", "sync", "daemon", START + timedelta(minutes=number), state=RunState.DONE)
            )
        made.store.remember(BRAKE_HELD, write_lots([LOT]), START)
        yield made


@pytest.fixture
def program(console: House) -> Caller:
    """A program with a token of an operator."""
    return console.program(Role.OPERATOR)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("runs", ["r4", "r3", "r2", "r1", "r0"]),
        ("conflicts", ["c0", "c1", "c2", "c3", "c4"]),
        ("dead-letters", ["d0", "e1", "d1", "d2", "d3", "d4"]),
        ("dead-letters?kind=person&side=crm&code=REQUIRED_FIELD_MISSING", ["d0", "d1", "d2", "d3", "d4"]),
    ],
)
def test_lists_come_page_by_page(program: Caller, path: str, ids: list[str]) -> None:
    """Each item once and in order; the last page has no cursor."""
    found: list[str] = []
    cursor, pages = "", 0
    mark = "&" if "?" in path else "?"
    while True:
        page = program.get(f"{C}/{path}{mark}limit=2{cursor}").json
        found += [each["id"] for each in page["items"]]
        pages += 1
        assert pages < 9, "it begins again and again"
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['next']}"
    assert found == ids
    assert pages == -(-len(ids) // 2)


def test_what_is_shown_is_what_is_known(program: Caller) -> None:
    """One of each, with the figures that the command line tells."""
    (summary,) = program.get("/api/v1/connections").json["items"]
    assert (summary["connection"], summary["links"]["person"], summary["state"]) == ("main", 2, "waits")
    assert summary["waits"] == {"conflicts": 5, "dead_letters": 6, "held": 1}
    status = program.get(C).json
    assert (status["conflicts"]["open"], status["dead_letters"]["open"], status["parked_fields"]) == (5, 6, 1)
    causes = program.get(f"{C}/dead-letters/causes").json["items"]
    assert [(each["code"], each["records"]) for each in causes] == [
        ("REQUIRED_FIELD_MISSING", 5),
        ("DUPLICATES_DETECTED", 1),
    ]
    assert program.get(f"{C}/parked").json["items"][0]["id"] == id_of(PARKED)
    (held,) = program.get(f"{C}/held").json["items"]
    assert (held["digest"], held["records"], held["stands"]) == (LOT.digest, 3, "waits")
    assert program.get(f"{C}/held/{LOT.digest}").json == held
    assert program.get(f"{C}/runs/r1").json["state"] == "done"
    assert program.get("/api/v1/me").json == {"name": "operator1", "role": "operator", "way": "token"}


def test_people_are_found_and_told(program: Caller) -> None:
    """By a part of an address, both sides beside what they agreed on, and what waits about them."""
    found = program.get(f"{C}/records?q=ada%40ex").json
    assert [each["link"] for each in found["items"]] == ["ada"]
    told = program.get(f"{C}/records/ada").json
    (row,) = [each for each in told["fields"] if each["field"] == "last_name"]
    assert (row["base"], row["sides"]) == ("B", {"marketing": {"lastname": "B"}, "crm": {"LastName": "B"}})
    assert [each["id"] for each in told["conflicts"]] == ["c0", "c1", "c2", "c3", "c4"]
    assert [each["id"] for each in told["parked"]] == [id_of(PARKED)]
    for text, link in (("5ada", "ada"), ("crm:Lead/00Qbob", "bob"), ("link:bob", "bob"), ("marketing:5ada", "ada")):
        assert [each["link"] for each in program.get(f"{C}/records?q={text}").json["items"]] == [link]
    assert program.get(f"{C}/records?q=crm:5ada").json["items"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/nothing", 404),
        ("/api/v1/connections/other", 404),
        ("/api/v1/connections/other/runs", 404),
        (f"{C}/runs/nothing", 404),
        (f"{C}/conflicts/c", 404),
        (f"{C}/held/nothing", 404),
        (f"{C}/records/nothing", 404),
        (f"{C}/records", 422),
        (f"{C}/runs?limit=0", 422),
        (f"{C}/runs?limit=100000", 422),
        (f"{C}/conflicts?cursor=gone", 409),
        (f"{C}/dead-letters?kind=person", 422),
        (f"{C}/reports/none", 404),
    ],
)
def test_trouble_is_a_problem(program: Caller, path: str, status: int) -> None:
    """With a type, a sentence and the id under which the log has it."""
    answer = program.get(path)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert (answer.status, headers["content-type"]) == (status, "application/problem+json")
    assert answer.json["type"].startswith("urn:syncd:problem:")
    assert answer.json["correlation"] == headers["x-correlation-id"]


def test_a_conflict_is_decided_for_the_next_cycle(console: House, program: Caller) -> None:
    """By its whole id and a choice that fits; the daemon takes its turn at once."""
    assert program.post(f"{C}/conflicts/c1/resolve", {"take": "crm"}).json == {
        "id": "c1",
        "resolution": "crm",
        "alike": 0,
    }
    (row,) = console.store.conflicts(["c1"])
    assert row.resolution == "crm"
    assert console.desk.roster.turns(["main"], console.clock.now())["main"].due < console.clock.now()
    assert program.post(f"{C}/conflicts/c1/resolve", {"apart": True}).status == 409
    assert program.post(f"{C}/conflicts/c1/resolve", {}).status == 422
    assert program.post(f"{C}/conflicts/c1/resolve", {"take": "left"}).status == 422
    assert program.post(f"{C}/conflicts/c1/resolve", {"take": "crm", "force": True}).status == 422


def test_dead_letters_go_by_id_or_by_cause(console: House, program: Caller) -> None:
    """Retried, dropped, one or many; what is not there is not counted."""
    cause = {"kind": "person", "side": "crm", "code": "REQUIRED_FIELD_MISSING"}
    assert program.post(f"{C}/dead-letters/retry", {"ids": ["d0", "nothing"]}).json == {"records": 1}
    assert program.post(f"{C}/dead-letters/retry", {"cause": cause}).json == {"records": 4}
    assert {row.id for row in console.store.dead_letters() if row.retry} == {"d0", "d1", "d2", "d3", "d4"}
    assert program.post(f"{C}/dead-letters/drop", {"ids": ["e1"]}).json == {"records": 1}
    assert program.post(f"{C}/dead-letters/drop", {"cause": cause}).json == {"records": 5}
    assert console.store.dead_letters() == []
    assert program.post(f"{C}/dead-letters/drop", {}).status == 422
    assert program.post(f"{C}/dead-letters/drop", {"ids": ["x"], "cause": cause}).status == 422


def test_parked_fields_are_let_go(console: House, program: Caller) -> None:
    """And a wish to look at their records is stored."""
    assert program.post(f"{C}/parked/retry", {"ids": [id_of(PARKED)]}).json == {"records": 1}
    assert console.store.parked() == []
    assert [each.who for each in console.store.requests()] == ["operator1"]


def test_a_held_part_is_approved_by_its_digest(console: House, program: Caller) -> None:
    """With a reason, by name; a second time it is told to be approved already."""
    assert program.post(f"{C}/held/{LOT.digest}/approve", {}).status == 422
    told = program.post(f"{C}/held/{LOT.digest}/approve", {"reason": "the import is ours"}).json
    assert (told["stands"], told["answer"]["who"]) == ("approved", ["operator1"])
    assert program.post(f"{C}/held/{LOT.digest}/approve", {"reason": "again"}).status == 409
    assert program.post(f"{C}/held/{LOT.digest}/reject", {"reason": "no"}).json["stands"] == "rejected"


def test_a_browser_proves_itself_before_it_approves(console: House) -> None:
    """Five minutes after its password was typed."""
    from syncd.operations.doors import form_token

    browser = console.as_role(Role.OPERATOR)
    told = {"X-Syncd-Form": form_token(browser.secret), "Sec-Fetch-Site": "same-origin"}
    console.clock.advance(301)
    refused = browser.post(f"{C}/held/{LOT.digest}/approve", {"reason": "x"}, **told)
    assert (refused.status, refused.json["type"]) == (403, "urn:syncd:problem:password-needed")
    assert program_parts(console) == ["waits"]


def program_parts(console: House) -> list[str]:
    """How what is held stands."""
    return [each["stands"] for each in console.program(Role.VIEWER).get(f"{C}/held").json["items"]]


def test_a_connection_is_paused_once(console: House, program: Caller) -> None:
    """With who and why; resumed at once."""
    assert program.post(f"{C}/pause", {"reason": "migration"}).json == {"paused": True, "changed": True}
    assert program.post(f"{C}/pause").json == {"paused": True, "changed": False}
    paused = program.get(C).json["paused"]
    assert (paused["who"], paused["reason"]) == ("operator1", "migration")
    assert program.post(f"{C}/resume").json == {"paused": False, "changed": True}
    assert program.get(C).json["paused"] is None


def test_two_who_press_at_once_do_one_thing(console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many who approve, drop and pause at the same moment, one does it and the others are told."""
    read = braking._answers

    def slowly(store: Store) -> list[Answer]:
        found = read(store)
        time.sleep(0.05)  # so long that others would read the same
        return found

    monkeypatch.setattr(braking, "_answers", slowly)
    callers = [console.program(Role.OPERATOR) for _ in range(8)]

    def press(path: str, document: object) -> list[tuple[int, object]]:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda caller: caller.post(f"{C}/{path}", document), callers))
        return sorted((each.status, each.json.get("records", each.json.get("changed"))) for each in answers)

    approved = press(f"held/{LOT.digest}/approve", {"reason": "ours"})
    assert [status for status, _ in approved] == [200] + [409] * 7
    cause = {"kind": "person", "side": "crm", "code": "REQUIRED_FIELD_MISSING"}
    assert sorted(number for _, number in press("dead-letters/drop", {"cause": cause})) == [0] * 7 + [5]  # type: ignore[type-var]
    assert sorted(changed for _, changed in press("pause", {})) == [False] * 7 + [True]  # type: ignore[type-var]


def test_a_command_with_a_key_is_done_once(console: House, program: Caller) -> None:
    """Calling again gets the first answer, whatever happened since; another call with that key is refused."""
    first = program.post(f"{C}/dead-letters/drop", {"ids": ["e1"]}, **{"Idempotency-Key": "k1"})
    again = program.post(f"{C}/dead-letters/drop", {"ids": ["e1"]}, **{"Idempotency-Key": "k1"})
    assert (first.json, again.json, again.status) == ({"records": 1}, {"records": 1}, 200)
    assert {name.lower(): value for name, value in again.headers.items()}["idempotency-replayed"] == "true"
    other = program.post(f"{C}/dead-letters/drop", {"ids": ["d1"]}, **{"Idempotency-Key": "k1"})
    assert (other.status, other.json["type"]) == (422, "urn:syncd:problem:key-used")
    without = program.post(f"{C}/dead-letters/drop", {"ids": ["e1"]})
    assert without.json == {"records": 0}
    refused = [program.post(f"{C}/conflicts/c1/resolve", {}, **{"Idempotency-Key": "k2"}) for _ in range(2)]
    assert [each.status for each in refused] == [422, 422]
    assert program.post(f"{C}/pause", **{"Idempotency-Key": "x" * 201}).status == 400
    assert len(console.store.dead_letters()) == 5


def test_many_calls_with_one_key_are_one_command(console: House, program: Caller) -> None:
    """All get the same answer, or are told that it is under way."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: program.post(f"{C}/pause", **{"Idempotency-Key": "k"}), range(8)))
    assert {each.status for each in answers} <= {200, 409}
    assert all(each.json["changed"] is True for each in answers if each.status == 200)


def test_tokens_and_operators_over_the_api(console: House) -> None:
    """A token's secret is told once; nobody makes one for more than their role, nor an admin with a small token."""
    viewer, admin = console.program(Role.VIEWER), console.program(Role.ADMIN)
    made = viewer.post("/api/v1/tokens", {"label": "x", "role": "viewer", "days": 3}).json
    assert Caller(console.port, bearer=made["secret"]).get("/api/v1/me").json["name"] == "viewer1"
    assert viewer.post("/api/v1/tokens", {"label": "x", "role": "operator"}).status == 403
    listed = viewer.get("/api/v1/tokens")
    assert made["secret"] not in listed.text
    assert viewer.call("DELETE", f"/api/v1/tokens/{made['token']['id']}").status == 200
    assert Caller(console.port, bearer=made["secret"]).get("/api/v1/me").status == 401
    small, _ = console.desk.entrance.make_token("admin1", role=Role.VIEWER, label="small", days=1, who="x")
    refused = Caller(console.port, bearer=small).post("/api/v1/tokens", {"label": "x", "role": "admin"})
    assert refused.status == 403
    invited = admin.post("/api/v1/operators", {"name": "eve", "role": "viewer"}).json
    console.desk.entrance.join(invited["secret"], "correct horse battery", address="127.0.0.1")
    assert "eve" in [each["name"] for each in admin.get("/api/v1/operators").json["items"]]
    assert admin.call("DELETE", "/api/v1/operators/eve").json["name"] == "eve"
    assert admin.call("DELETE", "/api/v1/operators/eve").status == 404


def test_the_document_is_openapi(program: Caller) -> None:
    """3.1, with every path of the API, and trouble as problem+json everywhere."""
    document = program.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert len(document["paths"]) >= 25
    assert b"HTTPValidationError" not in orjson.dumps(document)
