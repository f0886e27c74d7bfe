"""The outermost layer of the console: what every call must keep to, and what every answer carries.

Refuses a call for another host than ours (a page elsewhere whose name was bent to this machine), a body that is too
large before it is read, and tells nobody but the log what went wrong inside.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncd.console.problems import Problem, as_json
from syncd.observe.log import emit

LARGEST: Final = 256 * 1024
"""Bytes of a body, at most."""
LONGEST_QUERY: Final = 8 * 1024
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
PROBES: Final = frozenset({"/healthz"})
"""Paths for whoever can reach the port, by whatever name."""


@dataclass(frozen=True, slots=True)
class Front:
    """How others see the console: its public address, empty for loopback alone, and proxies that are believed."""

    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return bool(self.public_url)

    def is_trusted(self, peer: str) -> bool:
        """Whether a peer is a proxy of ours. Without a public address there is none."""
        return self.secure and any(_within(peer, each) for each in self.trusted_proxies)

    def address(self, peer: str, forwarded: str) -> str:
        """Who asks: the peer, or whom a trusted proxy names; of several proxies the first that is not ours."""
        for each in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            if not self.is_trusted(peer):
                break
            peer = each
        return peer

    def hosts(self, host: str) -> bool:
        """Whether a Host header means us; one with more in it than a name and a port would bend the path of a call."""
        if self.secure and host.lower() == urlsplit(self.public_url).netloc:
            return True
        found = _HOST.fullmatch(host)
        name = found[1].strip("[]").lower() if found else ""
        return name == "localhost" or _is_loopback(name)

    def origins(self, host: str) -> frozenset[str]:
        """Origins whose forms are ours, for a call to this host."""
        return frozenset({self.public_url} if host.lower() == urlsplit(self.public_url).netloc else {f"http://{host}"})


def _within(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network)
    except ValueError:
        return False


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


class TooLarge(Exception):
    """More bytes came than a body may have."""


@dataclass(slots=True)
class Shield:
    """Around the whole application."""

    app: ASGIApp
    front: Front
    identifier: Callable[[], str]
    page: Callable[[Problem, str], Response] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        call = _Call(self, scope, receive, send)
        await call.answered()


@dataclass(slots=True)
class _Call:
    shield: Shield
    scope: Scope
    receive: Receive
    send: Send
    correlation: str = ""
    begun: bool = False
    read: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def answered(self) -> None:
        self.correlation = self.scope["correlation"] = self.shield.identifier()
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
        client = self.scope.get("client")
        peer = client[0] if client else ""
        forwarded = self.headers.get("x-forwarded-for", "")
        self.scope["address"] = self.shield.front.address(peer, forwarded)
        # Whoever comes through a proxy is not here, even if the proxy is.
        self.scope["here"] = _is_loopback(peer) and not forwarded and "forwarded" not in self.headers
        refusal = self._refusal()
        if refusal is not None:
            await self._tell(refusal)
            return
        try:
            await self.shield.app(self.scope, self._counted, self._dressed)
        except TooLarge:
            await self._tell(_too_large())
        except Exception as trouble:  # noqa: BLE001 - whatever it is, nobody outside is told, and the daemon goes on
            frames = traceback.extract_tb(trouble.__traceback__)
            places = [f"{'/'.join(each.filename.split('/')[-2:])}:{each.lineno}" for each in frames[-20:]]
            emit(
                "console.failed",
                correlation=self.correlation,
                command=f"{self.scope['method']} {_route(self.scope)}",
                error=type(trouble).__name__,
                trace=places,
            )
            if not self.begun:
                await self._tell(Problem(500, "failed", f"something went wrong; the log says what: {self.correlation}"))

    def _refusal(self) -> Problem | None:
        path = self.scope["path"]
        if path not in PROBES and not self.shield.front.hosts(self.headers.get("host", "")):
            return Problem(421, "another-host", "this console does not answer by that name")
        if len(self.scope.get("query_string", b"")) > LONGEST_QUERY:
            return Problem(414, "query-too-long", "the address is too long")
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST:
            return _too_large()
        return None

    async def _counted(self) -> Message:
        message = await self.receive()
        self.read += len(message.get("body", b""))
        if self.read > LARGEST:
            raise TooLarge
        return message

    async def _dressed(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = [*message["headers"], *_HEADERS, (b"x-correlation-id", self.correlation.encode())]
            if self.shield.front.secure:
                headers.append(_STRICT_TRANSPORT)
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            changed: MutableMapping[str, Any] = {**message, "headers": headers}
            message = changed
        await self.send(message)

    async def _tell(self, problem: Problem) -> None:
        page = self.shield.page
        plain = page is None or "text/html" not in self.headers.get("accept", "")
        answer = as_json(problem, self.correlation) if plain or page is None else page(problem, self.correlation)
        await answer(self.scope, self.receive, self._dressed)


def _too_large() -> Problem:
    return Problem(413, "too-large", f"more than {LARGEST:,} bytes are not read here")


def _route(scope: Scope) -> str:
    """The path as it is declared: what stands in it may be somebody's name."""
    return str(getattr(scope.get("route"), "path", "unknown"))
