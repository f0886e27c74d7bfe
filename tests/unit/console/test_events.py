"""The stream of what is under way: told when it changes, for whoever may look, and over when nobody listens."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.console import events
from syncd.console.server import STOP
from syncd.model.operator import Role
from syncd.model.remote import Cursor
from syncd.model.resync import RESYNC, STREAM, Reached, Resync
from syncd.model.run import Request, Run, RunState, StoredCursor
from syncd.model.values import Side
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.visits import Caller, House, house

PATH = "/api/v1/events"
ASKED = Request("w1", "main", RESYNC, Resync(("person",), records=("link:a", "link:b")).written(), "ana", START)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks that follow each other quickly."""
    monkeypatch.setattr(events, "EVERY", 0.02)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    """A console over an empty store."""
    with house(tmp_path) as made:
        yield made


class Listening:
    """A stream that is read line by line."""

    def __init__(self, caller: Caller, path: str = PATH) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", caller.port, timeout=10)
        sent = {"Accept": "text/event-stream"}
        sent |= {"Cookie": caller.cookie} if caller.cookie else {}
        sent |= {"Authorization": f"Bearer {caller.bearer}"} if caller.bearer else {}
        self._line.request("GET", path, headers=sent)
        self.answer = self._line.getresponse()

    def next(self) -> tuple[str, Any]:
        """The next event and what it holds; comments are passed over. :raises EOFError: if the stream is over."""
        name = ""
        while line := self.answer.readline().decode():
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        raise EOFError

    def leave(self) -> None:
        """Closes the line."""
        self.answer.close()
        self._line.close()


@contextmanager
def listening(caller: Caller, path: str = PATH) -> Iterator[Listening]:
    """Somebody who listens for a while."""
    found = Listening(caller, path)
    try:
        yield found
    finally:
        found.leave()


def until(true: Callable[[], bool]) -> None:
    """Waits for something to be so."""
    over = time.monotonic() + 5
    while not true():
        assert time.monotonic() < over, "it never came to be"
        time.sleep(0.01)


def test_it_tells_how_far_the_work_is_when_that_changes(made: House) -> None:
    """At once, then with each change: asked for, a share further, over; a run that begins."""
    with listening(made.program(Role.VIEWER)) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.next() == ("progress", {"connection": "main", "run": None, "latest": None, "resyncs": []})
        made.store.approve(ASKED)
        (known,) = stream.next()[1]["resyncs"]
        assert (known["id"], known["who"], known["checked"], known["of"]) == ("w1", "ana", 0, 2)
        cursor = Cursor(Reached(0, None, 1).written())
        made.store.settle(
            Settlement(cursors=[StoredCursor("person", Side.CRM, STREAM.format(id="w1"), cursor, START)]), START
        )
        assert stream.next()[1]["resyncs"][0]["checked"] == 1
        made.store.cancel("w1", START)
        assert stream.next()[1]["resyncs"] == []
        made.store.save_run(Run("r1", "main", "sync", "daemon", START, state=RunState.RUNNING))
        assert stream.next()[1]["run"]["id"] == "r1"


def test_only_whoever_may_look_listens(made: House) -> None:
    """With a login of any role; of a connection that is there."""
    assert made.caller().get(PATH, Accept="application/json").status == 401
    assert Caller(made.port, bearer="syncd_nothing").get(PATH, Accept="application/json").status == 401
    for role in Role:
        with listening(made.as_role(role)) as stream:
            assert stream.answer.status == 200
            assert stream.next()[0] == "progress"
    assert made.program(Role.VIEWER).get(f"{PATH}?connection=other").status == 404


def test_it_ends_when_whoever_listens_leaves(made: House) -> None:
    """Nothing is looked at any more for somebody who is gone."""
    several = [Listening(made.program(Role.VIEWER)) for _ in range(3)]
    for each in several:
        each.next()
    assert made.streams.open == 3
    for each in several:
        each.leave()
    until(lambda: made.streams.open == 0)


def test_it_ends_with_the_login(made: House) -> None:
    """A session that was ended, a token that was revoked."""
    browser, program = made.as_role(Role.VIEWER, "vic"), made.program(Role.OPERATOR)
    with listening(browser) as one, listening(program) as other:
        for each in (one, other):
            each.next()
        visitor = made.desk.entrance.visitor(browser.secret)
        assert visitor is not None
        made.desk.entrance.leave(visitor)
        assert one.next() == ("end", {})
        with pytest.raises(EOFError):
            one.next()
        made.desk.entrance.remove("operator1", who="root")
        assert other.next() == ("end", {})


def test_an_open_page_keeps_no_session_alive(made: House) -> None:
    """Listening is no use of it."""
    browser = made.as_role(Role.VIEWER)
    seen = made.desk.entrance.visitor(browser.secret, by_itself=True)
    made.clock.advance(600)
    with listening(browser) as stream:
        stream.next()
        time.sleep(0.1)
    again = made.desk.entrance.visitor(browser.secret, by_itself=True)
    assert seen is not None
    assert again is not None
    assert again.credential.seen == seen.credential.seen


def test_few_listen_at_once(made: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is one too many is told to come again, and is let in once somebody has left."""
    monkeypatch.setattr(events, "STREAMS", 1)
    program = made.program(Role.VIEWER)
    with listening(program) as stream:
        stream.next()
        refused = program.get(PATH)
        assert (refused.status, refused.json["type"]) == (503, "urn:syncd:problem:too-many-streams")
    until(lambda: made.streams.open == 0)
    with listening(program) as stream:
        assert stream.next()[0] == "progress"


def test_a_stream_has_an_end(made: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser comes again by itself; no line is kept for ever. Silence is broken now and then."""
    monkeypatch.setattr(events, "LONGEST", 6)
    monkeypatch.setattr(events, "SILENT", 2)
    answer = made.program(Role.VIEWER).get(PATH)
    assert answer.text.count("event: progress") == 1
    assert answer.text.count(": nothing new") == 2
    assert made.streams.open == 0


def test_the_daemon_ends_though_somebody_listens(tmp_path: Path) -> None:
    """Within the time that its server is given."""
    with house(tmp_path) as made:
        stream = Listening(made.program(Role.VIEWER))
        stream.next()
        began = time.monotonic()
    assert time.monotonic() - began < STOP
    with pytest.raises(EOFError):
        stream.next()
    stream.leave()
