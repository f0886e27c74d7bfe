"""How an answer leaves a stand-in's server: in one piece, or the way broken networks and sick servers send.

The bad ways are those that a kernel cannot play, since they are no matter of bytes but of when and whether they come.
Promises that a connection which was misused is closed afterwards. How to wait is handed in by the server.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from http import HTTPStatus

from sandbox.kernel import ConnectionDropped, HttpResponse

FLOOD = 200 * 1024 * 1024
"""Bytes of an answer that no reader should take whole."""
_PIECE = 1 << 16
_BODILESS = frozenset({204, 304})
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {477: "Migration In Progress"}


def send(
    connection: socket.socket,
    response: HttpResponse,
    *,
    closing: bool,
    wait: Callable[[float], None],
    bodiless: bool = False,
) -> bool:
    """Sends an answer in the way it asks for; answers whether the connection may carry another one.

    ``closing`` tells the peer that it may not, ``bodiless`` sends only the head. Raises ``OSError`` if the peer left.
    """
    bodiless = bodiless or response.status in _BODILESS
    length = FLOOD if response.wire == "flood" else len(response.body)
    head = _head(response, length=length, closing=closing)
    if bodiless or response.wire == "plain":
        connection.sendall(head if bodiless else head + response.body)
        return not closing
    if response.wire == "endless":
        _send_headers_for_ever(connection, head.removesuffix(b"\r\n"), pace=response.pace, wait=wait)
    connection.sendall(head)
    if response.wire == "drip":
        for byte in response.body:
            wait(response.pace)
            connection.sendall(bytes([byte]))
        return not closing
    if response.wire == "flood":
        piece = (response.body or b" ") * (_PIECE // max(1, len(response.body)) + 1)
        for start in range(0, FLOOD, len(piece)):
            connection.sendall(piece[: FLOOD - start])
        return not closing
    connection.sendall(response.body)  # "cut": whatever its Content-Length promised, no more will come
    return False


def hang_up(connection: socket.socket, cut: ConnectionDropped, *, wait: Callable[[float], None]) -> None:
    """Ends a connection without an answer, after the time it is held and the parting bytes, orderly or with a reset."""
    if cut.hold > 0:
        wait(cut.hold)
    if cut.parting:
        connection.sendall(cut.parting)
    if cut.reset:
        # With a linger of no seconds the system sends RST instead of FIN; whoever closes the socket need not know.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def _head(response: HttpResponse, *, length: int, closing: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status not in _BODILESS and "Content-Length" not in response.headers:
        lines.append(f"Content-Length: {length}")
    if closing:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _send_headers_for_ever(
    connection: socket.socket, head: bytes, *, pace: float, wait: Callable[[float], None]
) -> None:
    """One more header after the other, until the peer has enough and its going away raises ``OSError`` here."""
    connection.sendall(head)
    number = 0
    while True:
        number += 1
        wait(pace)
        connection.sendall(f"X-More-{number}: {number}\r\n".encode())
