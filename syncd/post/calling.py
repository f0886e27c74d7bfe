"""Calls the address of a dead man's switch: one GET, whose answer is read as far as its status.

The address is a secret of the configuration; where it leads is looked at all the same. https alone (plain http on this
machine), no redirect, and after the name was looked up no private, link-local or reserved address unless that is
allowed: the very address that was looked at is the one that is called. A proxy of the environment (``HTTPS_PROXY``) is
asked to connect instead, and knows itself where it lets people go. Certificates are checked.
"""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
PATIENCE: Final = 5.0
"""Seconds for each step of a call."""
GOOD: Final = range(200, 300)


def trouble_with_beat(url: str) -> str | None:
    """Why an address cannot be called, as far as reading it tells; ``None`` if it can."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "this is no web address"
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        return "this is no web address"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "plain http would show the address to everybody on the way"
    if parts.username or parts.password:
        return "a name or password in the address is not sent"
    return None


class Calling:
    """``ports.beat.Beat`` over a socket of its own. ``ca_file`` holds authorities that are trusted, too."""

    def __init__(self, ca_file: str | None = None, *, patience: float = PATIENCE) -> None:
        self._ca_file = ca_file
        self._patience = patience

    def __call__(self, url: str, *, private: bool) -> str:
        """One call."""
        if (wrong := trouble_with_beat(url)) is not None:
            return wrong
        parts = urlsplit(url)
        try:
            connection = self._open(parts, private=private)
        except _Refused as refused:
            return str(refused)
        except (OSError, HTTPException) as error:
            return f"not reached ({type(error).__name__})"
        try:
            path = parts.path or "/"
            connection.request("GET", f"{path}?{parts.query}" if parts.query else path, headers={"User-Agent": "syncd"})
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            return f"no answer ({type(error).__name__})"
        finally:
            connection.close()
        return "" if status in GOOD else f"it answered {status}"

    def _open(self, parts: SplitResult, *, private: bool) -> HTTPConnection:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme == "http":  # this machine
            return _connected(HTTPConnection(host, port), (host, port), self._patience)
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        proxy = None if proxy_bypass(host) else urlsplit(getproxies().get("https", ""))
        if proxy is not None and proxy.hostname:
            tunnel = HTTPSConnection(proxy.hostname, proxy.port or 3128, timeout=self._patience, context=context)
            tunnel.set_tunnel(host, port)
            return tunnel
        connection = HTTPSConnection(host, port, timeout=self._patience, context=context)
        raw = socket.create_connection(_looked_up(host, port, private=private), self._patience)
        try:
            connection.sock = context.wrap_socket(raw, server_hostname=host)
        except (OSError, ValueError):
            raw.close()
            raise
        return connection


class _Refused(Exception):
    """Where an address leads nobody is called."""


def _looked_up(host: str, port: int, *, private: bool) -> tuple[str, int]:
    """The address to call, looked up once. :raises _Refused: if it is one that must not be called."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    for each in addresses:
        if not private and host not in LOOPBACK and not ip_address(each).is_global:
            raise _Refused("it leads into a private network; if that is meant, set private: true")
    return addresses[0], port


def _connected(connection: HTTPConnection, address: tuple[str, int], patience: float) -> HTTPConnection:
    connection.sock = socket.create_connection(address, patience)
    return connection
