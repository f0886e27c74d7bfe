"""Where a connection may lead: to a vendor's own hosts, and there only to addresses of the internet.

A name is looked up anew for every connection, and whoever answers for it may name a machine of the network that syncd
runs in: so it is the address of the connection itself that is judged, before the first byte is sent. Loopback written
as an address (127.0.0.1, [::1]) is a stand-in's and exempt; through a proxy it is the proxy that looks names up.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from connectors.patience import Answering
from syncd.model.errors import NeedsOperator

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


def check_host(host: str, own: Iterable[str], *, what: str) -> None:
    """Refuses a host that is not a vendor's own.

    :param own: its hosts; one that begins with a dot stands for every host below it.
    :param what: the setting it comes from, for the error text.
    :raises NeedsOperator: unless it is one of them, or loopback.
    """
    host = host.lower()
    if host in LOOPBACK or any(host == each or (each[0] == "." and host.endswith(each)) for each in own):
        return
    raise NeedsOperator(
        f"{what} names {host}, which is not the vendor's; a credential is sent to {' or '.join(own)} alone, and through"
        " a proxy only where the environment names one (docs/network.md)"
    )


def judge_address(host: str, address: str) -> None:
    """Refuses an address that no vendor has.

    :param host: as the URL has it. :param address: of the machine that was reached.
    :raises NeedsOperator: if it is private, link-local or otherwise not of the internet, and the URL did not say so.
    """
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    if host.strip("[]") in LOOPBACK or ((mapped or found).is_global and not found.is_multicast):
        return
    raise NeedsOperator(
        f"{host} leads to {address}, an address inside a network and not a vendor's; nothing was sent: look at who"
        " answers for that name here, or name the proxy that leads out (docs/network.md)"
    )


def guard(manager: PoolManager) -> None:
    """From now on every direct connection of it is judged."""
    manager.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedPoolOverTLS}


def hear_out(pool: HTTPConnectionPool) -> None:
    """From now on its connections wait for no answer without end, to a proxy too. Those of SOCKS have their own way."""
    if pool.ConnectionCls is HTTPSConnection:
        pool.ConnectionCls = _LineOverTLS
    elif pool.ConnectionCls is HTTPConnection:
        pool.ConnectionCls = _Line


def _judged(host: str, line: socket.socket) -> socket.socket:
    try:
        judge_address(host, str(line.getpeername()[0]))
    except (NeedsOperator, OSError):
        line.close()
        raise
    return line


class _Line(HTTPConnection):
    response_class = Answering


class _LineOverTLS(HTTPSConnection):
    response_class = Answering


class _Guarded(_Line):
    def _new_conn(self) -> socket.socket:  # where urllib3 opens it, before TLS and before any request
        return _judged(self.host, super()._new_conn())


class _GuardedOverTLS(_LineOverTLS):
    def _new_conn(self) -> socket.socket:
        return _judged(self.host, super()._new_conn())


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _GuardedPoolOverTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedOverTLS
