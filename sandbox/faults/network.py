"""What the way between a client and its vendor does: lost and late requests, pages of strangers, bodies cut in two.

Here a request may have been carried out and nobody knows: that is what these faults are for. Where bytes come slowly,
broken or never, the server plays it (``sandbox.faults.wires``); in process the answer stands as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.faults.calls import Matches, every_call, hubspot_write, salesforce_write, those
from sandbox.faults.entry import Entry, Site, Vendor
from sandbox.kernel import Fault, HttpRequest, HttpResponse, NothingToHit, Wire

ELSEWHERE = "https://collector.example/steal"
LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Login</title></head><body><form action='/login'>Your session ended."
    b" Please log in.</form></body></html>"
)
TLS_ALERT = bytes((0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28))
"""A TLS record: alert, fatal, handshake failure."""
_WRONG = (
    b'{"results":{"0":"none"},"records":"none","compositeResponse":7,"totalSize":"many","done":"no","portalId":[],'
    b'"access_token":{}}'
)
Make = Callable[[Site], Fault]


def _both(make: Make) -> dict[Vendor, Make]:
    return {"hubspot": make, "salesforce": make}


def _writes(when: str) -> dict[Vendor, Make]:
    """A fault of writes alone, of both vendors."""

    def of(matches: Matches) -> Make:
        return lambda site: Fault(
            site.name,
            those(matches, str(site.options["only"])),
            when=when,
            seconds=float(site.options.get("seconds", 0)),
            hold=float(site.options["hold"]),
        )

    return {"hubspot": of(hubspot_write), "salesforce": of(salesforce_write)}


def _cut(when: str, *, reset: bool, parting: bytes = b"") -> dict[Vendor, Make]:
    return _both(
        lambda site: Fault(
            site.name, every_call, when=when, hold=float(site.options.get("hold", 0)), reset=reset, parting=parting
        )
    )


def _lost(site: Site) -> Fault:
    """Nobody hears the request, and nobody answers."""
    return Fault(site.name, those(every_call, str(site.options["only"])), when="cut", hold=float(site.options["hold"]))


def _instead(response: HttpResponse) -> dict[Vendor, Make]:
    """An answer that is no vendor's; nothing is carried out."""
    return _both(lambda site: Fault(site.name, every_call, answer=response))


def _altered(alter: Callable[[HttpResponse, float], HttpResponse]) -> dict[Vendor, Make]:
    """The vendor's own answer, spoilt; it was carried out."""

    def make(site: Site) -> Fault:
        pace = float(site.options.get("seconds", 0))
        return Fault(site.name, every_call, when="around", alter=lambda _, response: alter(response, pace))

    return _both(make)


def _halved(response: HttpResponse, _: float) -> HttpResponse:
    if len(response.body) < 2:
        raise NothingToHit("an answer without a body cannot be cut in two")
    headers = dict(response.headers) | {"Content-Length": str(len(response.body))}
    return replace(response, body=response.body[: len(response.body) // 2], headers=headers, wire="cut")


def _with(extra: bytes) -> Callable[[HttpResponse, float], HttpResponse]:
    """Puts one more member into the JSON of the answer."""

    def alter(response: HttpResponse, _: float) -> HttpResponse:
        body = response.body
        if not body.startswith((b"{", b"[")):
            raise NothingToHit("the answer is no JSON to spoil")
        if body.startswith(b"["):
            return replace(response, body=b"[{" + extra + b"}]")
        return replace(response, body=body[:-1] + (b"" if body == b"{}" else b",") + extra + b"}")

    return alter


def _on_the_wire(wire: Wire) -> Callable[[HttpResponse, float], HttpResponse]:
    def alter(response: HttpResponse, pace: float) -> HttpResponse:
        if not response.body:
            raise NothingToHit("an answer without a body has nothing to send badly")
        return replace(response, wire=wire, pace=pace)

    return alter


def _redirect(site: Site) -> Fault:
    """302 and 308 by chance, to a host that must not be asked."""

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(site.chance.choice((302, 308)), b"", {"Location": ELSEWHERE + request.path})

    return Fault(site.name, every_call, answer=answer)


_HOLD = {"hold": 0.0}
"""Seconds for which a server leaves the caller waiting before it ends the connection."""
_AIMED = {**_HOLD, "only": ""}
"""And which of the calls it concerns (``calls.ONLY``); all, if nothing is said."""
_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html;charset=utf-8"}

ENTRIES = (
    Entry(
        name="lost-request", number="F08", hits="every call", takes=_AIMED,
        what="The request never reaches the vendor and nobody answers.",
        answers=_both(_lost),
    ),
    Entry(
        name="ghost-write", number="F09", hits="writes", takes=_AIMED,
        what="The vendor carries the write out and the answer is lost.",
        answers=_writes("drop"),
    ),
    Entry(
        name="zombie-write", number="F10", hits="writes", takes={"seconds": 5.0, **_AIMED},
        what="The connection is given up, and the vendor carries the write out only some seconds later.",
        answers=_writes("late"),
    ),
    Entry(
        name="html-login-page", number="F12", hits="every call",
        what="A login page answers in the vendor's place, with status 200.",
        answers=_instead(HttpResponse(200, LOGIN_PAGE, _HTML)),
    ),
    Entry(
        name="empty-object", number="F12", hits="every call",
        what="The answer is 200 and an empty object.",
        answers=_instead(HttpResponse(200, b"{}", _JSON)),
    ),
    Entry(
        name="wrong-shape", number="F12", hits="every call",
        what="The answer is JSON of a shape that no such call has.",
        answers=_instead(HttpResponse(200, _WRONG, _JSON)),
    ),
    Entry(
        name="not-a-number", number="F12", hits="every call with a body to answer",
        what="The answer holds NaN, which is no JSON.",
        answers=_altered(_with(b'"ratio":NaN')),
    ),
    Entry(
        name="repeated-keys", number="F12", hits="every call with a body to answer",
        what="The answer says results and records once more at its end, this time empty.",
        answers=_altered(_with(b'"results":[],"records":[]')),
    ),
    Entry(
        name="huge-body", number="F12", hits="every call with a body to answer",
        what="The answer comes over and over again until it has 200 MB (served only).",
        answers=_altered(_on_the_wire("flood")),
    ),
    Entry(
        name="truncated-body", number="F13", hits="every call with a body to answer",
        what="The call is carried out and its answer breaks off in the middle of the JSON.",
        answers=_altered(_halved),
    ),
    Entry(
        name="reset-before-sending", number="F14", hits="every call",
        what="The connection is reset before the vendor does anything.",
        answers=_cut("cut", reset=True),
    ),
    Entry(
        name="reset-after-sending", number="F14", hits="every call",
        what="The vendor carries the call out and the connection is reset.",
        answers=_cut("drop", reset=True),
    ),
    Entry(
        name="tls-failure", number="F14", hits="every call",
        what="The other end breaks the connection off with the alert of a failed TLS handshake.",
        answers=_cut("cut", reset=False, parting=TLS_ALERT),
    ),
    Entry(
        name="slow-loris", number="F15", hits="every call with a body to answer", takes={"seconds": 1.0},
        what="The answer comes byte by byte, one a second (served only).",
        answers=_altered(_on_the_wire("drip")),
    ),
    Entry(
        name="endless-headers", number="F15", hits="every call with a body to answer", takes={"seconds": 1.0},
        what="The headers of the answer never end, one more comes every second (served only).",
        answers=_altered(_on_the_wire("endless")),
    ),
    Entry(
        name="redirect", number="F16", hits="every call",
        what="The answer sends the caller, and its token, to another host.",
        answers=_both(_redirect),
    ),
    Entry(
        name="doubled-request", number="F17", hits="every call",
        what="Something on the way delivers the request twice; what comes back is the second answer.",
        answers=_both(lambda site: Fault(site.name, every_call, when="twice")),
    ),
    Entry(
        name="late-answer", number="F17", hits="every call", takes={"seconds": 5.0},
        what="The call is carried out at once and answered late, so that later calls are answered before it.",
        answers=_altered(lambda response, seconds: replace(response, delay=response.delay + seconds)),
    ),
)  # fmt: skip
