"""Upkeep over the API, of the store alone: alerts rest, waves are expected, a connection stands still, what waits is
listed, the store and its history are looked at; each is what the command line says of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.model.brake import Wave
from syncd.model.link import Link, LinkState, OptedOut, Proof, Remnant
from syncd.model.notice import Message, Notice, Target
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.run import DRAINED, Pause, Restored
from syncd.model.sentinel import Planted
from syncd.model.values import Pair, Side
from syncd.operations.braking import Words, expect
from syncd.operations.kept_notices import stored, waiting_for
from syncd.operations.resting import resting
from syncd.operations.watching import remembered
from syncd.ports.memory import PLANTED
from syncd.ports.post import Posted
from syncd.ports.store import Settlement
from syncd.settings.accounts import BackupSettings, Secret
from syncd.store.backup import Backups
from tests.fakes import START, FakeChance
from tests.unit.console.test_api import C
from tests.visits import Caller, House, house

KEY = "k" * 40


@pytest.fixture
def console(tmp_path: Path) -> Iterator[House]:
    """Over an empty store, whose backups have a folder of their own."""
    backup = BackupSettings(tmp_path / "copies", 3_600.0, 3, Secret.given("backup.key", KEY))
    with house(tmp_path, backup=backup) as made:
        yield made


@pytest.fixture
def operator(console: House) -> Caller:
    """A program with a token of an operator."""
    return console.program(Role.OPERATOR)


def apart(id: str, *, minutes: int = 0) -> Link:
    """A pair that somebody unlinked."""
    refs = Pair(RemoteRef("contacts", f"5{id}"), RemoteRef("Lead", f"00Q{id}"))
    since = START + timedelta(minutes=minutes)
    return Link(id, "person", refs, Proof.MATCHED, since, state=LinkState.TOMBSTONE)


def same(told: object, other: object) -> bool:
    """Whether two answers say the same: an instant is written with Z by a look, with an offset by a command."""
    return json.dumps(told).replace('Z"', '+00:00"') == json.dumps(other)


def test_alerts_rest_for_a_time_and_are_told_again(console: House, operator: Caller) -> None:
    """Asked for twice it is one maintenance with another end; who wanted it is whoever called."""
    nothing = {"until": None, "since": None, "who": None, "reason": None}
    assert operator.get(f"{C}/maintenance").json == nothing
    began = operator.post(f"{C}/maintenance", {"for": "2h", "reason": "move"}).json
    assert (began["who"], began["reason"]) == ("operator1", "move")
    again = operator.post(f"{C}/maintenance", {"for": "30m"}).json
    assert again["since"] == began["since"]
    assert again["until"] < began["until"]
    assert same(operator.get(f"{C}/maintenance").json, again)
    assert operator.post(f"{C}/maintenance/end").json == nothing
    known = resting(console.store)
    assert known is not None, "whoever tells people next tells them that it is over"
    assert known.until == console.clock.now()


@pytest.mark.parametrize(
    ("body", "status"),
    [({"for": "2"}, 422), ({"for": "0h"}, 422), ({"for": "8d"}, 409), ({}, 422), ({"for": "1h", "until": "x"}, 422)],
)
def test_no_length_is_no_maintenance(console: House, operator: Caller, body: dict[str, str], status: int) -> None:
    """A week at most; nothing is stored."""
    assert operator.post(f"{C}/maintenance", body).status == status
    assert resting(console.store) is None


def test_a_target_is_tried(tmp_path: Path) -> None:
    """It gets one message that says what it is told of; with the same key it gets no second one."""
    sent: list[tuple[str, Message]] = []

    def post(name: str, message: Message) -> Posted:
        sent.append((name, message))
        return Posted(taken=name == "ops", said="404 not found")

    targets = [Target("ops", frozenset({"handoff.overdue"})), Target("chat", frozenset({"run.failed"}))]
    with house(tmp_path, targets=targets, post=post) as made:
        operator = made.program(Role.OPERATOR)
        told = operator.post("/api/v1/targets/ops/test", **{"Idempotency-Key": "t"}).json
        assert told == {"name": "ops", "taken": True, "said": "404 not found", "events": ["handoff.overdue"]}
        again = operator.post("/api/v1/targets/ops/test", **{"Idempotency-Key": "t"})
        assert again.json == told
        assert operator.post("/api/v1/targets/chat/test").json["taken"] is False
        assert operator.post("/api/v1/targets/nobody/test").status == 404
    assert [(name, message.title) for name, message in sent] == [
        ("ops", "syncd: test of ops"),
        ("chat", "syncd: test of chat"),
    ]
    assert "Events: handoff.overdue." in sent[0][1].body


def test_a_wave_is_expected_and_taken_back(console: House, operator: Caller) -> None:
    """As `syncd expect`; what does not fit the mapping is said in its words."""
    until = f"{START + timedelta(days=2):%Y-%m-%dT%H:%M}"
    wave = {"wave": "updates", "records": 500, "kind": "person", "until": until, "reason": "import"}
    made = operator.post(f"{C}/expected", wave).json
    assert (made["records"], made["used"], made["who"], made["field"]) == (500, 0, "operator1", None)
    assert same(operator.get(f"{C}/expected").json, {"items": [made], "next": None})
    refused = operator.post(f"{C}/expected", {**wave, "kind": "planet"})
    assert (refused.status, "there is no such kind" in refused.json["detail"]) == (409, True)
    assert operator.post(f"{C}/expected", {**wave, "records": 0}).status == 422
    assert operator.post(f"{C}/expected/{made['id']}/cancel").json == made
    assert operator.post(f"{C}/expected/{made['id']}/cancel").status == 404
    assert operator.get(f"{C}/expected").json["items"] == []


def test_what_is_repeated_with_a_key_is_done_once(operator: Caller) -> None:
    """A wave is not expected twice because an answer was lost."""
    until = f"{START + timedelta(days=2):%Y-%m-%dT%H:%M}"
    wave = {"wave": "creates", "records": 5, "until": until, "reason": "fair"}
    first = operator.post(f"{C}/expected", wave, **{"Idempotency-Key": "w1"})
    second = operator.post(f"{C}/expected", wave, **{"Idempotency-Key": "w1"})
    assert (second.json, second.headers["idempotency-replayed"]) == (first.json, "true")
    assert len(operator.get(f"{C}/expected").json["items"]) == 1


def test_a_connection_stands_still_until_it_is_resumed(console: House, operator: Caller) -> None:
    """A turn under way is told until it has ended; asked again nothing changes, and somebody's pause stays theirs."""
    assert console.store.take_lease("daemon@x", START, START + timedelta(minutes=1)) is not None
    assert operator.post(f"{C}/drain").json == {"changed": True, "at_work": True, "in_flight": 0}
    console.clock.sleep(61)
    assert operator.post(f"{C}/drain").json == {"changed": False, "at_work": False, "in_flight": 0}
    paused = console.desk.roster.turns(["main"], console.clock.now())["main"].paused
    assert paused is not None
    assert (paused.who, paused.reason, paused.drained) == ("operator1", DRAINED, True)
    assert operator.post(f"{C}/resume").json == {"paused": False, "changed": True}
    console.desk.roster.pause("main", Pause("bea", START, "audit"), START)
    assert operator.post(f"{C}/drain").json["changed"] is False
    paused = console.desk.roster.turns(["main"], console.clock.now())["main"].paused
    assert paused is not None
    assert paused.who == "bea"


def test_a_turn_of_another_connection_is_not_waited_for(console: House, operator: Caller) -> None:
    """Each stands still by itself."""
    other = console.desk.open_store("other")
    assert other.take_lease("daemon@x", START, START + timedelta(minutes=1)) is not None
    assert operator.post(f"{C}/drain").json["at_work"] is False


def test_a_store_that_was_put_back_goes_on_once_it_was_compared(console: House, operator: Caller) -> None:
    """Marked, known already, refused, accepted, nothing to accept."""
    assert operator.post(f"{C}/restored").json == {"changed": True}
    assert operator.post(f"{C}/restored").json == {"changed": False}
    refused = operator.post(f"{C}/restored/accept")
    assert (refused.status, "not compared yet" in refused.json["detail"]) == (409, True)
    known = console.store.restored()
    assert isinstance(known, Restored)
    assert known.why == "operator1 said that the store was restored"
    console.store.note_restored(replace(known, compared=console.clock.now()))
    assert operator.post(f"{C}/restored/accept").json == {"accepted": True, "open_conflicts": 0}
    assert operator.post(f"{C}/restored/accept").json == {"accepted": False, "open_conflicts": 0}


def test_sentinels_are_given_up(console: House, operator: Caller) -> None:
    """Their records are named once more, and the store forgets them."""
    planted = Planted(RemoteRef("Account", "001A"), "company", "text", 0, START)
    console.store.remember(PLANTED.format(side="crm"), planted.stored(), START)
    assert operator.post(f"{C}/sentinels/remove").json == {"records": {"crm": "Account/001A"}}
    assert remembered(console.store) == {}
    assert operator.post(f"{C}/sentinels/remove").json == {"records": {}}


def test_lists_of_upkeep_come_page_by_page(console: House, operator: Caller) -> None:
    """Each item once and in order, whatever it is named by."""
    store = console.store
    links = [apart(f"l{number}", minutes=number) for number in range(5)]
    store.settle(Settlement(links=[*links, replace(apart("live"), state=LinkState.LIVE)]), START)
    remnants = [
        Remnant("person", Side.CRM, RemoteRef("Lead", f"00Q{number}"), OptedOut.YES, START + timedelta(minutes=number))
        for number in range(5)
    ]
    store.settle(Settlement(remnants=remnants), START)
    for number in range(5):
        at = START + timedelta(seconds=number)
        expect(
            store,
            Words(
                {Wave.CREATES: 1},
                until=f"{START + timedelta(days=1):%Y-%m-%dT%H:%M}",
                reason="x",
            ),
            connection="main",
            fields={},
            who="ana",
            now=at,
        )
        notice = Notice(f"n{number}", at, Message(f"about {number}", "b@example.com", "warning"), 0)
        store.exchange((), {f"{waiting_for('mail')}{number}": stored(notice)}, START)
    for path, key, wanted in (
        ("links", "link", [each.id for each in links]),
        ("remnants", "record", [str(each.ref) for each in remnants]),
        ("notices", "id", [f"n{number}" for number in range(5)]),
        ("expected", "id", None),
    ):
        found, cursor = [], ""
        for _ in range(3):
            page = operator.get(f"{C}/{path}?limit=2{cursor}")
            found += [each[key] for each in page.json["items"]]
            cursor = f"&cursor={page.json['next']}"
        assert page.json["next"] is None, path
        assert len(found) == len(set(found)) == 5, path
        assert wanted is None or found == wanted, path
        assert b"b@example.com" not in page.body
    assert operator.get(f"{C}/links?cursor=gone").status == 409


def test_the_audit_is_walked(operator: Caller) -> None:
    """Sound while nothing was altered; a head that is none of it is a flaw, one that is no hash is not asked."""
    sound = operator.get(f"{C}/audit/verification").json
    assert (sound["rows"], sound["flaws"], sound["head"]) == (0, [], None)
    amiss = operator.get(f"{C}/audit/verification?head={'A' * 64}").json
    assert len(amiss["flaws"]) == 1
    assert operator.get(f"{C}/audit/verification?head=abc").status == 422


def test_the_store_and_its_backups_are_told(console: House, operator: Caller, tmp_path: Path) -> None:
    """Sizes as the command has them; a backup by its name, overdue after twice the time between two."""
    size = operator.get("/api/v1/store/size").json
    assert size["used"] > 0
    assert [each["days"] for each in size["ahead"]] == [30, 90, 365]
    assert operator.get("/api/v1/store/backups").json == {
        "backups": [],
        "overdue": True,
        "asked": None,
        "failed": None,
    }
    backups = Backups(
        console.database.engine.url.render_as_string(), tmp_path / "copies", KEY, clock=console.clock,
        chance=FakeChance(5),
    )  # fmt: skip
    made = backups.make().backup
    told = operator.get("/api/v1/store/backups").json
    assert ([each["file"] for each in told["backups"]], told["overdue"]) == ([made.file.name], False)
    console.clock.sleep(7_300)
    assert operator.get("/api/v1/store/backups").json["overdue"] is True


def test_the_files_are_told_in_words(console: House, operator: Caller) -> None:
    """Every shared field of the mapping, every stage of the glossary, as data and not as a page."""
    page = operator.get(f"{C}/mapping").json
    tables = [each for part in page["sections"] for each in part["blocks"] if each["block"] == "table"]
    assert all(len(row) == len(each["heads"]) for each in tables for row in each["rows"])
    named = {row[0][0]["code"] for each in tables for row in each["rows"]}
    kinds = console.desk.about("main").connection.kinds
    assert named == {field.name for kind in kinds for field in kind.fields}
    glossary = console.desk.configured("main").glossary(())
    assert glossary is not None
    told = operator.get(f"{C}/glossary").json
    assert [each["title"] for each in told["sections"]] == [each.title for each in glossary.sections]
    cards = [card["key"] for part in told["sections"] for card in part["cards"]]
    assert cards == [card.key for part in glossary.sections for card in part.cards]
    assert {each["block"] for part in told["sections"] for each in part["blocks"]} >= {"diagram", "table"}
    known = console.desk.configured("main")
    console.desk.configured = lambda _: replace(known, glossary=lambda _: None)
    assert operator.get(f"{C}/glossary").status == 404


@pytest.mark.parametrize(
    "path",
    ["maintenance", "notices", "expected", "sentinels", "links", "remnants", "held/x/values", "doctor", "plan",
     "glossary", "mapping", "audit/verification"],
)  # fmt: skip
def test_of_a_connection_that_is_not_there_nothing_is_told(operator: Caller, path: str) -> None:
    """404, before a vendor is asked."""
    answer = operator.get(f"/api/v1/connections/nothing/{path}")
    assert (answer.status, answer.json["type"]) == (404, "urn:syncd:problem:not-found")
