"""The doors over HTTP: cookies, forms, other sites, proxies; what every answer carries; that nothing else is open."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from syncd.console.entry import local
from syncd.console.guard import needed_by
from syncd.console.shield import LARGEST, Front
from syncd.model.operator import Role
from tests.visits import PASSWORD, Caller, House, house

PUBLIC = "https://syncd.example.com"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[House]:
    """One on loopback."""
    with house(tmp_path) as made:
        yield made


def joined(console: House, name: str = "ana", role: Role = Role.ADMIN) -> Caller:
    """Somebody who redeemed an invitation in a browser."""
    caller = console.caller()
    invitation = console.desk.entrance.invite(name, role=role, who="root")
    fields = {"invitation": invitation, "password": PASSWORD, "again": PASSWORD}
    assert caller.form("/join", fields).status == 303
    return caller


def test_the_way_in(console: House) -> None:
    """Nobody is there; an invitation; a password; out, and in again."""
    stranger = console.caller()
    sent_on = stranger.get("/access?x=1")
    assert (sent_on.status, sent_on.headers["location"]) == (303, "/login?next=/access%3Fx%3D1")
    assert "syncd console invite" in stranger.get("/login").text
    ana = joined(console)
    assert "ana" in ana.get("/access").text
    assert "syncd console invite" not in stranger.get("/login").text
    assert ana.form("/logout").headers["location"] == "/login"
    assert ana.get("/access").status == 303
    wrong = ana.form("/login", {"name": "ana", "password": "wrong"})
    assert (wrong.status, ana.cookie) == (403, "")
    assert "not right" in wrong.text
    right = ana.form("/login", {"name": "ana", "password": PASSWORD, "next": "/access"})
    assert (right.status, right.headers["location"]) == (303, "/access")


def test_the_cookie_of_a_session(console: House, tmp_path: Path) -> None:
    """Plain on loopback, which has no TLS; behind a proxy with TLS bound to it and to one host."""
    joined(console)
    fields = {"name": "ana", "password": PASSWORD}
    (cookie,) = console.caller().form("/login", fields).cookies
    assert re.fullmatch(r"syncd_session=[\w-]{43}; HttpOnly; Path=/; SameSite=strict", cookie)
    (tmp_path / "tls").mkdir()
    with house(tmp_path / "tls", front=Front(PUBLIC, ("127.0.0.1",))) as other:
        caller = Caller(other.port, headers={"Host": "syncd.example.com", "Origin": PUBLIC})
        invitation = other.desk.entrance.invite("ana", role=Role.ADMIN, who="root")
        answer = caller.form("/join", {"invitation": invitation, "password": PASSWORD, "again": PASSWORD})
        (cookie,) = answer.cookies
        assert re.fullmatch(r"__Host-syncd=[\w-]{43}; HttpOnly; Path=/; SameSite=strict; Secure", cookie)
        assert "max-age" in answer.headers["strict-transport-security"]


def test_every_answer_is_shielded(console: House) -> None:
    """Pages, files, trouble and what machines ask: no script but ours, no frame, no guessing of types."""
    for path in ("/login", "/static/console.css", "/nothing", "/healthz", "/api/v1/nothing"):
        headers = {name.lower(): value for name, value in console.caller().get(path).headers.items()}
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
        assert "server" not in headers


def test_pages_hold_no_script_of_their_own(console: House) -> None:
    """And no style: the policy would keep both from working."""
    ana = joined(console)
    for text in (console.caller().get("/login").text, ana.get("/access").text):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:", text)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_forms_of_other_sites_do_nothing(console: House, headers: dict[str, str]) -> None:
    """Neither with a session nor to begin one."""
    ana = joined(console)
    body = f"form_token={'0' * 64}&name=ana&password=x".encode()
    for caller, path in ((ana, "/logout"), (console.caller(), "/login")):
        told = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
        refused = caller.call("POST", path, body=body, headers=told)
        assert (refused.status, refused.json["type"]) == (403, "urn:syncd:problem:another-site")
    assert ana.get("/access").status == 200


def test_a_form_needs_the_token_of_its_own_session(console: House) -> None:
    """That of another session, none, or an empty one is refused; an origin of ours alone is not enough."""
    ana, bob = joined(console), joined(console, "bob", Role.VIEWER)
    from syncd.operations.doors import form_token

    for token in ("", "0" * 64, form_token(bob.secret)):
        assert ana.form("/logout", token=token).status == 403
    assert ana.get("/access").status == 200


def test_looking_changes_nothing(console: House) -> None:
    """What ends a session cannot be a link."""
    ana = joined(console)
    assert [ana.get(path).status for path in ("/logout", "/access/tokens")] == [405, 405]
    assert ana.get("/access").status == 200


def test_what_went_wrong_inside_is_not_told(console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever calls gets the id under which the log tells more, and no word of the error."""

    def broken() -> None:
        raise RuntimeError("the password of the database is hunter2")

    ana = joined(console)
    monkeypatch.setattr(type(console.desk.entrance.doors), "operators", lambda _: broken())
    answer = ana.get("/access")
    assert answer.status == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert {name.lower(): value for name, value in answer.headers.items()}["x-correlation-id"] in answer.text


def test_too_much_is_not_read(console: House) -> None:
    """Told by its length, or found out while it comes; nor an address without end."""
    caller = console.caller()
    assert caller.call("POST", "/login", body=b"x" * (LARGEST + 1)).status == 413
    chunks = b"".join(b"10000\r\n" + b"x" * 65_536 + b"\r\n" for _ in range(5)) + b"0\r\n\r\n"
    told = {"Transfer-Encoding": "chunked", "Sec-Fetch-Site": "same-origin"}
    assert caller.call("POST", "/login", body=chunks, headers=told).status == 413
    assert caller.get(f"/login?next=/{'x' * 9_000}").status == 414


def test_another_name_for_this_machine_is_refused(console: House) -> None:
    """A page elsewhere whose name was bent to 127.0.0.1 reads nothing, metrics neither."""
    for path in ("/login", "/metrics", "/readyz", "/access"):
        assert console.caller().get(path, Host="evil.example").status == 421
    assert console.caller().get("/login", Host="localhost").status == 200
    assert console.caller().get("/healthz", Host="10.0.0.7:9464").status == 200


def test_metrics_are_for_this_machine_or_a_login(tmp_path: Path) -> None:
    """Who comes through the proxy is not here, though the proxy is."""
    with house(tmp_path, front=Front(PUBLIC, ("127.0.0.1",))) as made:
        told = {"Host": "syncd.example.com", "X-Forwarded-For": "203.0.113.9"}
        assert made.caller().get("/metrics").status == 200
        assert made.caller().get("/metrics", **told).status == 303
        assert made.as_role(Role.VIEWER).get("/metrics", **told).status == 200
        assert made.caller().get("/healthz", **told).status == 200


def test_only_a_proxy_of_ours_says_who_asks() -> None:
    """Whoever else names somebody is taken for themselves; of several, the last that is no proxy of ours."""
    front = Front(PUBLIC, ("10.0.0.0/24", "127.0.0.1"))
    assert front.address("10.0.0.5", "198.51.100.7, 203.0.113.9") == "203.0.113.9"
    assert front.address("10.0.0.5", "198.51.100.7, 10.0.0.9") == "198.51.100.7"
    assert front.address("203.0.113.1", "127.0.0.1") == "203.0.113.1"
    assert Front("", ("127.0.0.1",)).address("127.0.0.1", "203.0.113.9") == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "led"),
    [
        ("/access?a=1", "/access?a=1"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/%0d%0aSet-Cookie: x", "/"),
        ("//[", "/"),
        ("%2Faccess", "/"),
        ("/people?q=ann%2Bnews%40example.com", "/people?q=ann%2Bnews%40example.com"),
    ],
)
def test_the_login_leads_nowhere_else(given: str, led: str) -> None:
    """Whatever a link to it says."""
    assert local(given) == led


def test_the_login_leads_to_the_very_search(console: House) -> None:
    """An address with a plus in it is searched for as it was, and not with a space in its place."""
    joined(console)
    where = "/people?q=ann%2Bnews%40example.com"
    stranger = console.caller()
    sent_on = stranger.get(where).headers["location"]
    shown = html.unescape(re.findall(r'name="next" value="([^"]*)"', stranger.get(sent_on).text)[0])
    led = stranger.form("/login", {"name": "ana", "password": PASSWORD, "next": shown})
    assert (led.status, led.headers["location"]) == (303, where)


def test_tokens_are_shown_once(console: House) -> None:
    """On the page that makes them; an admin sees all of them by what they are for."""
    ana = joined(console)
    made = ana.form("/access/tokens", {"label": "nightly <b>", "role": "viewer", "days": "30"}).text
    (secret,) = re.findall(r"syncd_[\w-]{43}", made)
    page = ana.get("/access").text
    assert secret not in page
    assert "nightly &lt;b&gt;" in page
    (id,) = re.findall(r"/access/tokens/(\w+)/revoke", page)
    assert console.desk.entrance.visitor(secret) is not None
    assert ana.form(f"/access/tokens/{id}/revoke").status == 303
    assert console.desk.entrance.visitor(secret) is None
    assert ana.form(f"/access/tokens/{id}/revoke").status == 404


def test_a_browser_left_open_lets_nobody_in(console: House) -> None:
    """Five minutes after the password it is asked for again."""
    ana = joined(console)
    console.clock.advance(301)
    for path, fields in (
        ("/access/tokens", {"label": "x", "role": "viewer", "days": "30"}),
        ("/access/operators", {"name": "bob", "role": "admin"}),
        ("/access/operators/ana/remove", {}),
    ):
        refused = ana.form(path, fields)
        assert (refused.status, "password is needed" in refused.text) == (409, True)
    assert console.desk.entrance.tokens() == []
    given = ana.form("/access/operators", {"name": "bob", "role": "viewer", "password": PASSWORD})
    assert re.search(r"secret\">[A-Z2-7]{32}<", given.text)


def test_an_open_overview_keeps_no_session_alive(console: House) -> None:
    """What it calls by itself is no use of the session; a page that somebody opens is."""
    left, used = joined(console), joined(console, "bob", Role.VIEWER)
    for _ in range(4):
        console.clock.advance(600)
        answers = (
            left.get("/overview/cards", **{"HX-Request": "true"}),
            used.get("/overview/cards"),
            used.get("/access"),
        )
    assert (answers[0].status, answers[0].headers["hx-redirect"]) == (401, "/login")
    assert [each.status for each in answers[1:]] == [200, 200]


def test_nobody_gets_more_than_their_role(console: House) -> None:
    """An operator makes no admin's token and invites nobody."""
    bob = joined(console, "bob", Role.OPERATOR)
    assert bob.form("/access/tokens", {"label": "x", "role": "admin", "days": "30"}).status == 409
    assert bob.form("/access/operators", {"name": "eve", "role": "admin"}).status == 403
    assert bob.form("/access/operators/ana/remove").status == 403


def test_a_token_is_for_programs(console: House) -> None:
    """Pages do not take one, and a session's secret is no token."""
    secret, _ = (
        console.desk.entrance.make_token("viewer1", role=Role.VIEWER, label="x", days=1, who="x")
        if (console.as_role(Role.VIEWER))
        else ("", None)
    )
    assert console.caller(bearer=secret).get("/access").status == 303
    session = console.as_role(Role.VIEWER)
    assert console.caller(bearer=session.secret).get("/access").status == 303


def test_every_route_says_whom_it_lets_in(console: House) -> None:
    """Whatever does not is closed, as one that was planted shows."""
    from tests.unit.console.routes import routes

    app = console_app(console)
    assert [route.path for route in routes(app) if needed_by(route.endpoint) is None] == []


def console_app(console: House) -> FastAPI:
    """The application of a console."""
    from syncd.console.server import application

    return application(troubles=tuple, metrics=bytes, desk=console.desk)


def test_a_route_that_says_nothing_is_closed(tmp_path: Path) -> None:
    """To an admin, too."""
    from syncd.console import entry

    async def planted() -> str:
        return "open"

    entry.router.add_api_route("/planted", planted, methods=["GET"])
    try:
        with house(tmp_path) as made:
            assert made.as_role(Role.ADMIN).get("/planted").status == 403
            assert made.caller().get("/planted").status == 303
    finally:
        entry.router.routes[:] = [each for each in entry.router.routes if getattr(each, "path", "") != "/planted"]
    assert isinstance(entry.router.routes[0], APIRoute)
