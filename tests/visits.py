"""A console for tests: its real server on a port of its own, over a store in a folder, with people who may log in.

``Caller`` is one browser or program: it keeps its cookies, says where its forms come from as a browser would, and
follows no redirect by itself.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from syncd.bootstrap import read_only_fields
from syncd.bootstrap.console import configured, keep_of, shelf_of
from syncd.bootstrap.defining import SYSTEMS
from syncd.bootstrap.examining import examined
from syncd.console.desk import About, Desk, Host
from syncd.console.events import Streams
from syncd.console.server import Console, application
from syncd.console.shield import Front
from syncd.engine.world import World
from syncd.model.errors import BadUsage
from syncd.model.notice import Target
from syncd.model.operator import Credential, Operator, Role, Sort
from syncd.model.values import Side
from syncd.operations.doors import Entrance, form_token
from syncd.operations.glance import Quota
from syncd.operations.report import Report
from syncd.operations.reporting import Question
from syncd.ports.post import Post, Posted
from syncd.settings.accounts import BackupSettings
from syncd.settings.loading import Loaded, load
from syncd.store import SqlDoors, SqlRoster, SqlStore, open_database, sizes
from syncd.store.database import Database
from tests.fakes import FakeChance, FakeClock
from tests.worlds import ROOT, config_environment

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.body)

    @property
    def cookies(self) -> list[str]:
        """What it sets."""
        return [value for name, value in self.headers.items() if name.lower() == "set-cookie"]


@dataclass
class Caller:
    """A browser (``cookie``) or a program (``bearer``)."""

    port: int
    cookie: str = ""
    bearer: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> str:
        """The secret of its session."""
        return self.cookie.partition("=")[2]

    def get(self, path: str, **headers: str) -> Answer:
        """Looks."""
        return self.call("GET", path, headers=headers)

    def form(self, path: str, fields: Mapping[str, str] | None = None, *, token: str | None = None) -> Answer:
        """Sends a form of one of our own pages."""
        told = form_token(self.secret) if token is None and self.cookie else token
        sent = {**(fields or {}), **({"form_token": told} if told else {})}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        return self.call("POST", path, body=urlencode(sent).encode(), headers=headers)

    def post(self, path: str, document: object = None, **headers: str) -> Answer:
        """Sends JSON, as a program does."""
        told = {"Content-Type": "application/json", **headers}
        return self.call("POST", path, body=json.dumps(document or {}).encode(), headers=told)

    def call(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One call."""
        sent = {"Accept": "text/html", **self.headers, **(headers or {})}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if self.bearer:
            sent["Authorization"] = f"Bearer {self.bearer}"
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, body=body, headers=sent)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        found = Answer(answer.status, dict(answer.headers.items()), content)
        for each in found.cookies:
            pair = each.partition(";")[0]
            self.cookie = "" if pair.endswith(('=""', "=")) else pair
        return found


@dataclass
class House:
    """A console that runs."""

    desk: Desk
    database: Database
    clock: FakeClock
    port: int
    front: Front
    store: SqlStore
    streams: Streams

    def caller(self, **options: Any) -> Caller:
        """Somebody who is not logged in."""
        return Caller(self.port, **options)

    def as_role(self, role: Role, name: str = "") -> Caller:
        """A browser that is logged in with a role. The session is made without its slow password."""
        secret = self._session(name or f"{role}1", role)
        name = "__Host-syncd" if self.front.secure else "syncd_session"
        return Caller(self.port, cookie=f"{name}={secret}")

    def program(self, role: Role) -> Caller:
        """A program with a token of a role."""
        self._session(f"{role}1", role)
        secret, _ = self.desk.entrance.make_token(f"{role}1", role=role, label="test", days=30, who="test")
        return Caller(self.port, bearer=secret, headers={"Accept": "application/json"})

    def _session(self, name: str, role: Role) -> str:
        entrance = self.desk.entrance
        if entrance.doors.operator(name) is None:
            now = self.clock.now()
            key = Credential("i" + name, Sort.INVITATION, name, role, "", name.encode(), now, now, now, now)
            entrance.doors.add(key)
            entrance.doors.let_in(key, Operator(name, role, "scrypt:2:8:1:00:00", now, "test"))
        operator = entrance.doors.operator(name)
        assert operator is not None
        return entrance._session(operator)


@cache
def _example() -> Loaded:
    """The example configuration, which no console changes."""
    return load(ROOT / "config", config_environment(), read_only=read_only_fields())


@contextmanager
def house(
    folder: Path,
    *,
    front: Front | None = None,
    world: Callable[[str, str], AbstractContextManager[World]] | None = None,
    metrics: Callable[[], bytes] = lambda: b"syncd_x 1\n",
    troubles: Callable[[], tuple[str, ...]] = tuple,
    report: Callable[[str, Question], Report] | None = None,
    quota: Callable[[str, Side], Quota | None] = lambda _, __: None,
    connections: tuple[str, ...] = ("main",),
    clock: FakeClock | None = None,
    backup: BackupSettings | None = None,
    targets: Sequence[Target] = (),
    back_up: Callable[[], None] = lambda: None,
    post: Post = lambda target, message: Posted(taken=False, said=f"nobody sends {message.title} to {target} here"),
) -> Iterator[House]:
    """A console over an empty store."""
    clock = clock or FakeClock()
    database = open_database(f"sqlite:///{folder}/state.db")
    store = SqlStore(database.engine, "main", clock=clock, chance=FakeChance(1))

    def no_world(connection: str, who: str) -> AbstractContextManager[World]:
        raise AssertionError(f"nobody may ask the vendors of {connection} for {who} here")

    def no_report(connection: str, asked: Question) -> Report:
        raise BadUsage(f"no report {asked.name} of {connection}")

    loaded = _example()
    loaded, settings = replace(loaded, backup=backup), loaded.connection(None)
    desk = Desk(
        entrance=Entrance(SqlDoors(database), clock, FakeChance(2)),
        connections=lambda: {name: About(replace(settings.connection, name=name), 60.0) for name in connections},
        open_store=lambda name: SqlStore(database.engine, name, clock=clock, chance=FakeChance(3)),
        open_world=world or no_world,
        roster=SqlRoster(database),
        clock=clock,
        chance=FakeChance(4),
        alone=lambda _: nullcontext(),
        quota=quota,
        report=report or no_report,
        configured=lambda _: configured(settings),
        systems=SYSTEMS,
        host=Host(
            examined=lambda _, world: examined(settings, world),
            sizes=lambda: (sizes(database, clock.now()), keep_of(loaded)),
            shelf=lambda: shelf_of(loaded),
            back_up=back_up,
            targets=lambda: targets,
            post=post,
        ),
    )
    front = front or Front()
    app = application(troubles=troubles, metrics=metrics, desk=desk, front=front)
    console = Console(app, host="127.0.0.1", port=0, streams=app.state.streams)
    console.start()
    try:
        yield House(desk, database, clock, console.port, front, store, app.state.streams)
    finally:
        console.close()
        database.close()
