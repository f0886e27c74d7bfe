"""What the API has a daemon make: a first link that was approved, a counterpart anew, a backup. Asked for by a call,
carried out by the daemon's next turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.engine.cycle import Ended
from syncd.engine.resync import Met
from syncd.model.errors import BadUsage, RetryLater
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.run import FORGET, Pause, Request, RunState
from syncd.model.values import Side
from syncd.observe.log import listen, unlisten
from syncd.operations.doors import form_token
from syncd.operations.worker import turn
from tests.furnished import furnished
from tests.scenarios.steps import Steps
from tests.unit.console.reading import text_of
from tests.unit.console.test_api import C
from tests.unit.console.test_waiting import filled  # noqa: F401 - a fixture
from tests.visits import House, house

FIRST = f"{C}/first-link"
CANCEL = "wishes.cancel"


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[tuple[House, Steps]]:
    """People in step."""
    with furnished(tmp_path) as made:
        yield made


def turned(steps: Steps, *, after: float = 120) -> Ended:
    """The next turn of the daemon."""
    both = steps.both
    both.clock.advance(after)
    now = both.clock.now()
    return turn(both.world, began=now, due=now + timedelta(minutes=5), met=Met())


def heard(name: str) -> tuple[list[dict[str, object]], object]:
    """The lines of an event from now on, and what has to be unlistened."""
    lines: list[dict[str, object]] = []

    def hear(event: str, keys: object) -> None:
        if event == name:
            lines.append(dict(keys))  # type: ignore[call-overload]

    listen(hear)
    return lines, hear


# -- a first link ------------------------------------------------------------------------------------------------------
def test_a_first_link_is_approved_and_the_daemon_writes_it(filled: tuple[House, Steps]) -> None:  # noqa: F811 - the fixture
    """Exactly what was shown, by whoever approved it; said again it is one wish, and afterwards nothing waits."""
    made, steps = filled
    program = made.program(Role.OPERATOR)
    assert program.post(f"{FIRST}/approve", {"digest": "abc"}).status == 409, "none waits yet"
    assert turned(steps).needs_approval
    digest = program.get(FIRST).json["digest"]
    other = program.post(f"{FIRST}/approve", {"digest": "0" * 24})
    assert (other.status, digest in other.json["detail"]) == (409, True)
    assert (other.headers["content-type"], steps.live("Lead")[2:]) == ("application/problem+json", [])
    asked = program.post(f"{FIRST}/approve", {"digest": digest}, **{"Idempotency-Key": "f"}).json
    assert (asked["digest"], asked["who"]) == (digest, "operator1")
    assert program.post(f"{FIRST}/approve", {"digest": digest}).json["id"] == asked["id"]
    ended = turned(steps)
    assert (ended.run.state, ended.run.digest, ended.run.who) == (RunState.DONE, digest, "operator1")
    assert len(steps.live("Lead")) == 3
    assert made.store.requests() == []
    assert program.get(FIRST).status == 404
    deed = next(each for each in made.desk.entrance.doors.deeds(9) if each.what == "first_link.approve")
    assert (deed.who, deed.about, deed.status) == ("operator1", digest, 200)
    assert turned(steps).run.who != "operator1"


def test_what_is_another_first_link_by_then_is_not_written(filled: tuple[House, Steps]) -> None:  # noqa: F811 - the fixture
    """A record came in between: nothing is written, the log says so, and the new one waits for a word of its own."""
    made, steps = filled
    program = made.program(Role.OPERATOR)
    turned(steps)
    digest = program.get(FIRST).json["digest"]
    assert program.post(f"{FIRST}/approve", {"digest": digest}).status == 200
    steps.contact(email="dan@example.com", firstname="dan", company="Acme")
    before = steps.written()
    lines, hear = heard("first_link.another")
    try:
        assert turned(steps).needs_approval
    finally:
        unlisten(hear)  # type: ignore[arg-type]
    assert steps.written() == before
    assert made.store.requests() == []
    now = program.get(FIRST).json["digest"]
    assert [(each["approved"], each["digest"]) for each in lines] == [(digest, now)]
    assert program.post(f"{FIRST}/approve", {"digest": digest}).status == 409
    assert program.post(f"{FIRST}/approve", {"digest": now}).status == 200
    assert turned(steps).run.state is RunState.DONE
    assert len(steps.live("Lead")) == 4


def test_a_first_link_asks_a_session_for_its_password_and_waits_for_nobody_paused(
    filled: tuple[House, Steps],  # noqa: F811 - the fixture
) -> None:
    """As what the brake holds; where no turn is taken it is refused, and not stored for a day that nobody expects."""
    made, steps = filled
    turned(steps)
    digest = made.program(Role.VIEWER).get(FIRST).json["digest"]
    session = made.as_role(Role.OPERATOR, "ana")
    made.clock.advance(301)
    sent = {"Sec-Fetch-Site": "same-origin", "X-Syncd-Form": form_token(session.secret), "Accept": "application/json"}
    refused = session.post(f"{FIRST}/approve", {"digest": digest}, **sent)
    assert (refused.status, refused.json["type"]) == (403, "urn:syncd:problem:password-needed")
    made.desk.roster.pause("main", Pause("bea", made.clock.now(), "audit"), made.clock.now())
    paused = made.program(Role.OPERATOR).post(f"{FIRST}/approve", {"digest": digest})
    assert (paused.status, "paused by bea" in paused.json["detail"]) == (409, True)
    assert made.store.requests() == []


# -- a counterpart anew ------------------------------------------------------------------------------------------------
def deleted(made: House, steps: Steps) -> str:
    """A contact whose Lead was deleted."""
    (row,) = [each for each in steps.live("Lead") if each["Email"] == "ada.lovelace@example.com"]
    ref = RemoteRef("Lead", str(row["Id"]))
    contact = made.store.linked("person", Side.CRM, [ref])[ref].link.refs.marketing.id
    steps.both.salesforce.delete("Lead", ref.id)
    turned(steps)
    return contact


def test_a_deleted_record_is_made_anew_by_the_daemon(linked: tuple[House, Steps]) -> None:
    """Once, by whoever asked; a record that has both is refused with the reason of the command line."""
    made, steps = linked
    contact = deleted(made, steps)
    program = made.program(Role.OPERATOR)
    asked = program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}, **{"Idempotency-Key": "r"})
    again = program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}, **{"Idempotency-Key": "r"})
    assert (again.json, again.headers["idempotency-replayed"]) == (asked.json, "true")
    assert program.post(f"{C}/recreate", {"record": "ada.lovelace@example.com"}).json["id"] == asked.json["id"]
    assert len(steps.live("Lead")) == 5, "the call itself writes nothing"
    ended = turned(steps)
    assert (ended.run.counts["created.crm"], ended.run.who) == (1, "operator1")
    assert len(steps.live("Lead")) == 6
    assert made.store.requests() == []
    refused = program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"})
    assert (refused.status, "has both of its records" in refused.json["detail"]) == (409, True)
    assert "created.crm" not in turned(steps).run.counts


def test_what_is_gone_as_well_is_refused_and_stops_no_turn(linked: tuple[House, Steps]) -> None:
    """Before it is stored, and if it goes between the call and the turn: told once, and the cycle goes on."""
    made, steps = linked
    contact = deleted(made, steps)
    program = made.program(Role.OPERATOR)
    assert program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}).status == 200
    steps.both.hubspot.archive("contacts", contact)
    (other, *_) = [each for each in steps.contacts() if each != contact]
    steps.market(other, jobtitle="Countess")
    lines, hear = heard("recreate.refused")
    try:
        ended = turned(steps)
        turned(steps)
    finally:
        unlisten(hear)  # type: ignore[arg-type]
    assert ended.run.counts["updated.crm"] == 1
    assert [(each["records"], "gone as well" in str(each["reason"])) for each in lines] == [(1, True)]
    assert made.store.requests() == []
    link = made.store.linked("person", Side.MARKETING, [RemoteRef("contacts", contact)])
    id = next(iter(link.values())).link.id
    refused = program.post(f"{C}/recreate", {"record": f"link:{id}"})
    assert (refused.status, "gone as well" in refused.json["detail"]) == (409, True)


def test_what_a_cycle_left_is_asked_of_the_next_one(
    linked: tuple[House, Steps], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that failed meanwhile costs no wish."""
    made, steps = linked
    contact = deleted(made, steps)
    made.program(Role.OPERATOR).post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"})

    def broken(*_: object, **__: object) -> None:
        raise RetryLater("the vendor is down")

    with monkeypatch.context() as patched:
        patched.setattr(type(steps.both.world.connectors.crm), "write", broken)
        with pytest.raises(RetryLater):
            turned(steps)
    assert len(made.store.requests()) == 1
    turned(steps, after=3_600)
    assert len(steps.live("Lead")) == 6
    assert made.store.requests() == []


# -- looking, and taking back ------------------------------------------------------------------------------------------
def test_a_counterpart_that_is_taken_back_is_not_made(linked: tuple[House, Steps]) -> None:
    """Seen by a viewer, taken back by an operator once; the turn makes nothing, and it may be asked for again."""
    made, steps = linked
    contact = deleted(made, steps)
    program, viewer = made.program(Role.OPERATOR), made.program(Role.VIEWER)
    asked = program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}).json
    (waits,) = viewer.get(f"{C}/wishes").json["items"]
    assert (waits["id"], waits["wish"], waits["link"]) == (asked["id"], "recreate", asked["link"])
    assert (waits["who"], waits["digest"], waits["side"]) == ("operator1", None, None)
    assert viewer.post(f"{C}/wishes/{asked['id']}/cancel").status == 403
    assert program.post(f"{C}/wishes/{asked['id'][:-1]}/cancel").status == 404, "whole ids over the API"
    taken = program.post(f"{C}/wishes/{asked['id']}/cancel", None, **{"Idempotency-Key": "w"})
    assert (taken.json["link"], taken.json["at_work"]) == (asked["link"], False)
    again = program.post(f"{C}/wishes/{asked['id']}/cancel", None, **{"Idempotency-Key": "w"})
    assert (again.json, again.headers["idempotency-replayed"]) == (taken.json, "true")
    assert program.post(f"{C}/wishes/{asked['id']}/cancel").status == 404, "it waits no more"
    deed = next(each for each in made.desk.entrance.doors.deeds(9) if (each.what, each.status) == (CANCEL, 200))
    assert (deed.who, deed.about) == ("operator1", f"link:{asked['link']}")
    assert "created.crm" not in turned(steps).run.counts
    assert viewer.get(f"{C}/wishes").json == {"items": [], "next": None}
    assert program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}).json["id"] != asked["id"]
    assert turned(steps).run.counts["created.crm"] == 1


def test_a_first_link_that_is_taken_back_waits_again(filled: tuple[House, Steps]) -> None:  # noqa: F811 - the fixture
    """Nothing is written, and the same digest may be approved once more."""
    made, steps = filled
    program = made.program(Role.OPERATOR)
    turned(steps)
    digest = program.get(FIRST).json["digest"]
    asked = program.post(f"{FIRST}/approve", {"digest": digest}).json
    (waits,) = program.get(f"{C}/wishes").json["items"]
    assert (waits["id"], waits["wish"], waits["digest"], waits["link"]) == (asked["id"], "link_first", digest, None)
    before = steps.written()
    assert program.post(f"{C}/wishes/{asked['id']}/cancel").status == 200
    assert turned(steps).needs_approval
    assert steps.written() == before
    assert program.post(f"{FIRST}/approve", {"digest": digest}).status == 200
    assert turned(steps).run.state is RunState.DONE


def test_what_a_turn_has_begun_with_is_told(linked: tuple[House, Steps]) -> None:
    """Taken back while somebody works on the connection: the answer says that it may be made still."""
    made, steps = linked
    contact = deleted(made, steps)
    program = made.program(Role.OPERATOR)
    asked = program.post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}).json
    now = made.clock.now()
    assert made.store.take_lease("worker", now, now + timedelta(minutes=1)) is not None
    assert program.post(f"{C}/wishes/{asked['id']}/cancel").json["at_work"] is True


def test_other_wishes_are_not_among_them(linked: tuple[House, Steps]) -> None:
    """A resync has calls of its own, and that a person is forgotten is nothing that is taken back in passing."""
    made, _ = linked
    program, now = made.program(Role.OPERATOR), made.clock.now()
    made.store.approve(Request("f", "main", FORGET, "{}", "ana", now))
    assert program.get(f"{C}/wishes").json["items"] == []
    assert program.post(f"{C}/wishes/f/cancel").status == 404
    assert [each.id for each in made.store.requests()] == ["f"]


def test_a_page_shows_what_waits_and_takes_it_back(linked: tuple[House, Steps]) -> None:
    """Among what is under way; a viewer has no button, and the page that follows says what it came to."""
    made, steps = linked
    contact = deleted(made, steps)
    asked = made.program(Role.OPERATOR).post(f"{C}/recreate", {"record": f"marketing:contacts/{contact}"}).json
    browser, viewer = made.as_role(Role.OPERATOR, "ana"), made.as_role(Role.VIEWER)
    for path in ("/runs", "/runs/live"):
        told = text_of(browser.get(path).text)
        assert f"Counterpart of {asked['link']} , asked for by operator1" in told, told
        assert f"/wishes/{asked['id']}/cancel" not in viewer.get(path).text
    done = browser.form(f"/wishes/{asked['id']}/cancel?connection=main", {})
    assert (done.status, done.headers["location"]) == (303, "/runs?connection=main&done=withdrawn")
    assert "Taken back" in text_of(browser.get("/runs?done=withdrawn").text)
    assert made.store.requests() == []
    deed = next(each for each in made.desk.entrance.doors.deeds(9) if each.what == CANCEL)
    assert (deed.who, deed.status) == ("ana", 200)
    assert browser.form(f"/wishes/{asked['id']}/cancel?connection=main", {}).status == 404


# -- a backup ----------------------------------------------------------------------------------------------------------
def test_a_backup_is_asked_of_the_daemon(tmp_path: Path) -> None:
    """By an admin; with a key once; where none are configured it is refused in the words of the command line."""
    asked: list[int] = []
    with house(tmp_path, back_up=lambda: asked.append(1)) as made:
        admin = made.program(Role.ADMIN)
        told = admin.post("/api/v1/store/backups", **{"Idempotency-Key": "b"})
        assert (told.status, told.json) == (200, {"asked": None, "failed": None})
        admin.post("/api/v1/store/backups", **{"Idempotency-Key": "b"})
        assert asked == [1]
        assert made.program(Role.OPERATOR).post("/api/v1/store/backups").status == 403
        deed = next(each for each in made.desk.entrance.doors.deeds(9) if each.what == "store.backup")
        assert (deed.who, deed.status, deed.connection) == ("admin1", 200, "")


def test_without_a_folder_there_is_no_backup(tmp_path: Path) -> None:
    """409, and why."""

    def none() -> None:
        raise BadUsage("no backups are configured; give backup.folder and backup.key_file in syncd.yaml")

    with house(tmp_path, back_up=none) as made:
        refused = made.program(Role.ADMIN).post("/api/v1/store/backups")
        assert (refused.status, "backup.folder" in refused.json["detail"]) == (409, True)
