"""Lost, late, doubled and broken answers: whether the vendor carried the call out, and what the caller holds then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from sandbox.faults import network
from sandbox.faults.network import ELSEWHERE, TLS_ALERT
from sandbox.kernel import HttpResponse
from tests.unit.sandbox.fault_stands import CONTACTS, ROOT, Hub, Proofs, Stand, faults_of, prove, stand


def cut(name: str, *, carried_out: bool, reset: bool = False, parting: bytes = b"") -> Callable[[Stand], None]:
    """Proves that a write ends without an answer, whether it was carried out, and how the connection was cut."""

    def proof(at: Stand) -> None:
        at.arm(name)
        how = at.cut(*at.write())
        assert (how.reset, how.parting) == (reset, parting)
        assert at.title() == ("Written" if carried_out else "Boss")
        assert (at.last.fault, at.last.written) == (name, (at.ids[0],) if carried_out else ())
        assert at.call(*at.write(value="Next"))[0] < 300
        assert at.title() == "Next"

    return proof


def ghost(at: Stand) -> None:
    """Reads pass; a write is carried out and nobody hears so."""
    at.arm("ghost-write")
    assert at.read()[0] == 200
    assert at.kernel.faults.clear() == ["ghost-write"], "it is still armed after a read"
    cut("ghost-write", carried_out=True)(at)
    assert at.fired("ghost-write") == 1


def zombie(at: Stand) -> None:
    """Nothing happens for nine seconds, a person edits meanwhile, and then the write is carried out over it."""
    at.arm("zombie-write", seconds=10)
    at.cut(*at.write())
    assert (at.title(), at.last.status, at.last.cost) == ("Boss", 0, 0)
    at.clock.advance(9)
    at.call(*at.write(value="Newer"))
    assert at.title() == "Newer"
    at.clock.advance(1)
    at.read()
    assert at.title() == "Written"
    late = at.kernel.calls[-2]
    assert (late.fault, late.written) == ("zombie-write, carried out", (at.ids[0],))
    assert not at.kernel.owes


def instead(name: str, body: bytes, kind: str) -> Callable[[Stand], None]:
    """Proves that a stranger's body comes with 200 and that nothing was carried out."""

    def proof(at: Stand) -> None:
        at.arm(name)
        answer = at.raw(*at.write())
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
        assert body in answer.body
        assert at.title() == "Boss"

    return proof


def spoilt(name: str, check: Callable[[HttpResponse, HttpResponse], bool]) -> Callable[[Stand], None]:
    """Proves that a write was carried out and that a read's answer differs from the honest one as it should; an answer
    without a body passes.
    """

    def proof(at: Stand) -> None:
        method, target, body = at.write()
        assert at.raw(method, target, body).status < 300
        ask = at.write(1) if at.vendor == "hubspot" else ("GET", f"{ROOT}/sobjects/Lead/{at.ids[0]}", None)
        honest = at.raw(*ask)
        at.arm(name)
        if at.vendor == "salesforce":
            assert at.raw(*at.write(2)).status == 204
            assert at.fired(name) == 0, "a 204 has nothing to spoil"
        assert check(honest, at.raw(*ask))
        assert at.fired(name) == 1
        assert at.vendor == "salesforce" or at.title(1) == "Written"

    return proof


def halved(honest: HttpResponse, answer: HttpResponse) -> bool:
    """Half of the body, the length of all of it, and a connection that ends after it."""
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)
    told = int(answer.headers["Content-Length"])
    return honest.body.startswith(answer.body[:20]) and told in (2 * len(answer.body), 2 * len(answer.body) + 1)


def no_json(_: HttpResponse, answer: HttpResponse) -> bool:
    """Python reads NaN; JSON knows none."""
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)
    return answer.body.endswith(b"NaN}") and answer.wire == "plain"


def said_twice(_: HttpResponse, answer: HttpResponse) -> bool:
    """The last word is that there is nothing."""
    told = orjson.loads(answer.body)
    return (told["results"], told["records"]) == ([], [])


def on_the_wire(wire: str, pace: float) -> Callable[[HttpResponse, HttpResponse], bool]:
    """In process the answer is whole; how it is to be sent stands beside it."""
    return lambda honest, answer: (
        (answer.wire, answer.pace, len(answer.body)) == (wire, pace, len(honest.body)) and answer.status == 200
    )


def redirect(at: Stand) -> None:
    """To another host, with the path of the call; both statuses occur."""
    at.arm("redirect", times=20)
    answers = [at.raw(*at.write()) for _ in range(20)]
    assert {answer.status for answer in answers} == {302, 308}
    assert all(answer.headers["Location"].startswith(ELSEWHERE + "/") for answer in answers)
    assert at.title() == "Boss"


def doubled_hubspot(at: Hub) -> None:
    """A create that comes twice: the caller hears the conflict, and there is one record."""
    at.arm("doubled-request")
    status, body = at.call(*at.create("new@x.com"))
    assert (status, body["category"]) == (409, "CONFLICT")
    assert [call.fault for call in at.kernel.calls] == ["doubled-request, first", "doubled-request"]
    assert len(at.kernel.calls[0].created) == 1


def doubled_salesforce(at: Stand) -> None:
    """A create without a key that comes twice makes two rows, and the caller hears of the second."""
    at.arm("doubled-request")
    _, body = at.call("POST", f"{ROOT}/sobjects/Lead", {"LastName": "New", "Company": "New"})
    made = [call.created for call in at.kernel.calls]
    assert made == [(made[0][0],), (body["id"],)]
    assert made[0] != made[1]


def late(at: Stand) -> None:
    """Carried out at once, answered later."""
    at.arm("late-answer", seconds=7)
    answer = at.raw(*at.write(1)) if at.vendor == "hubspot" else at.raw("GET", f"{ROOT}/limits")
    assert (answer.status, answer.delay) == (200, 7.0)
    assert at.raw("GET", CONTACTS if at.vendor == "hubspot" else f"{ROOT}/limits").delay == 0


BOTH: dict[str, Callable[[Any], None]] = {
    "lost-request": cut("lost-request", carried_out=False),
    "ghost-write": ghost,
    "zombie-write": zombie,
    "html-login-page": instead("html-login-page", b"Please log in", "text/html;charset=utf-8"),
    "empty-object": instead("empty-object", b"{}", "application/json"),
    "wrong-shape": instead("wrong-shape", b'"records":"none"', "application/json"),
    "not-a-number": spoilt("not-a-number", no_json),
    "repeated-keys": spoilt("repeated-keys", said_twice),
    "huge-body": spoilt("huge-body", on_the_wire("flood", 0)),
    "truncated-body": spoilt("truncated-body", halved),
    "reset-before-sending": cut("reset-before-sending", carried_out=False, reset=True),
    "reset-after-sending": cut("reset-after-sending", carried_out=True, reset=True),
    "tls-failure": cut("tls-failure", carried_out=False, parting=TLS_ALERT),
    "slow-loris": spoilt("slow-loris", on_the_wire("drip", 1.0)),
    "endless-headers": spoilt("endless-headers", on_the_wire("endless", 1.0)),
    "redirect": redirect,
    "late-answer": late,
}
PROOFS: Proofs = {
    ("doubled-request", "hubspot"): doubled_hubspot,
    ("doubled-request", "salesforce"): doubled_salesforce,
    **{(name, vendor): proof for name, proof in BOTH.items() for vendor in ("hubspot", "salesforce")},
}


@pytest.mark.parametrize(("name", "vendor"), faults_of(network.ENTRIES))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """Answer, effect and log line of every fault of the way."""
    prove(PROOFS, name, vendor)


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_a_create_that_becomes_a_ghost_can_be_found(vendor: str) -> None:
    """The log names the record that was made though nobody was told."""
    at = stand(vendor)
    at.arm("ghost-write")
    row = {"LastName": "Ghost", "Company": "Ghost"}
    if vendor == "hubspot":
        at.cut("POST", CONTACTS, {"properties": {"email": "ghost@x.com"}})
    else:
        at.cut("POST", f"{ROOT}/sobjects/Lead", row)
    assert len(at.last.created) == 1
    assert at.last.created[0] in at.seen()
