"""Every route, role by role: nobody gets in without a login, and nobody further than their role.

The table is made of the routes themselves: a new one is in it on the day it appears, and what each needs must be said
here, too, so that nobody opens one by a slip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from syncd.console.guard import Open, needed_by
from syncd.console.server import application
from syncd.model.operator import Role
from tests.unit.console.routes import routes
from tests.visits import Caller, House, house

OPEN = {
    ("GET", "/healthz"), ("GET", "/login"), ("POST", "/login"), ("GET", "/join"), ("POST", "/join"),
    ("GET", "/static/{name}"),
}  # fmt: skip
HERE = {("GET", "/readyz"), ("GET", "/metrics")}
OWN = {("POST", "/logout"), ("POST", "/access/tokens"), ("POST", "/access/tokens/{id}/revoke"),
       ("POST", "/api/v1/tokens"), ("DELETE", "/api/v1/tokens/{id}")}  # fmt: skip
"""What a viewer does beside looking: to their own session and tokens."""
STREAM = "/api/v1/events"
"""What does not end where there is something to tell of."""
ADMIN = {
    ("POST", "/access/operators"), ("POST", "/access/operators/{name}/remove"), ("POST", "/api/v1/operators"),
    ("DELETE", "/api/v1/operators/{name}"), ("GET", "/api/v1/deeds"), ("POST", "/api/v1/store/backups"),
}  # fmt: skip


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all of them: what is asked for is not there, so that nothing changes."""
    with house(tmp_path_factory.mktemp("roles")) as made:
        yield made


def table(console: House) -> list[tuple[str, str, Role | Open | None]]:
    """Every method and path, and what it says it needs."""
    app = application(troubles=tuple, metrics=bytes, desk=console.desk)
    return sorted(
        (method, route.path, needed_by(route.endpoint)) for route in routes(app) for method in route.methods or ()
    )


def expected(method: str, path: str) -> Role | Open:
    """What a route must need, by what it does."""
    if (method, path) in OPEN:
        return Open.ANYBODY
    if (method, path) in HERE:
        return Open.HERE
    if (method, path) in ADMIN:
        return Role.ADMIN
    return Role.VIEWER if method == "GET" or (method, path) in OWN else Role.OPERATOR


def test_every_route_needs_what_it_must(console: House) -> None:
    """Looking needs a viewer, a command an operator, letting in an admin."""
    found = table(console)
    assert len(found) > 40
    assert [(each, expected(*each[:2])) for each in found if each[2] is not expected(*each[:2])] == []


def test_a_role_opens_what_it_covers_and_nothing_else(console: House) -> None:
    """In a browser and as a program; a refusal is told before a body is looked at."""
    judged = 0
    for method, path, needed in table(console):
        if isinstance(needed, Open) or path == "/logout":
            continue
        real = re.sub(r"\{\w+\}", "nothing", path)
        assert refused(console.caller(), method, real), f"{method} {path} without a login"
        for role in Role:
            assert needed is not None
            callers = [console.as_role(role)] + ([console.program(role)] if path.startswith("/api/") else [])
            for caller in callers:
                denied = refused(caller, method, real)
                assert denied is not role.covers(needed), f"{method} {path} as {role}"
                judged += 1
    assert judged > 150


def refused(caller: Caller, method: str, path: str) -> bool:
    """Whether the guard turns a call away. A body that is none is only found out behind it."""
    if method == "GET":
        answer = caller.get(f"{path}?connection=nothing" if path == STREAM else path)
        sent_on = answer.status == 303 and answer.headers["location"].startswith("/login")
        return sent_on or answer.status in (401, 403)
    from syncd.operations.doors import form_token

    told = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json", "Content-Type": "application/json"}
    if caller.cookie:
        told["X-Syncd-Form"] = form_token(caller.secret)
    answer = caller.call(method, path, body=b"{no json", headers=told)
    if answer.status == 401:
        return True
    return answer.status == 403 and answer.json["type"] == "urn:syncd:problem:not-allowed"
