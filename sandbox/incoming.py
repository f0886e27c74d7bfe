"""Reads one HTTP/1.1 request from a stream of bytes: first line, headers, and a body with a length or in chunks.

Refuses what is too long and what is no request (``Malformed``, with the status to answer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

MAX_LINE = 65_536
MAX_HEADERS = 256
MAX_BODY = 64 * 1024 * 1024


class Malformed(Exception):
    """The bytes on the connection are no request; it is answered with this status and closed."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def read_line(stream: BinaryIO) -> bytes:
    """A line with its end, or nothing at the end of the stream. Raises ``Malformed`` for one that is too long."""
    line = stream.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise Malformed(414, f"a line of the request is longer than {MAX_LINE} bytes")
    return line


def parse_start(line: bytes) -> tuple[str, str, str]:
    """Method, target and version of a first line; a target with a host loses it. Raises ``Malformed``."""
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed(400, "the first line of a request is METHOD TARGET HTTP/1.1")
    method, target, version = parts
    if target.startswith("http://"):
        target = "/" + target.removeprefix("http://").partition("/")[2]
    return method, target, version


def read_headers(stream: BinaryIO) -> dict[str, str]:
    """Headers by name in lower case; repeated ones are joined. Raises ``Malformed``."""
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = read_line(stream)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise Malformed(400, "a header is a name, a colon and a value")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise Malformed(431, f"a request has at most {MAX_HEADERS} headers")


def read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    """The body that the headers announce. Raises ``Malformed``, and ``ConnectionResetError`` where it breaks off."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Malformed(400, "Content-Length is a number of bytes")
    return _exactly(stream, int(length)) if length != "0" else b""


def _read_chunks(stream: BinaryIO) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        text = read_line(stream).partition(b";")[0].strip()
        try:
            length = int(text, 16)
        except ValueError:
            raise Malformed(400, "a chunk begins with its size in hexadecimal digits") from None
        if length == 0:
            break
        size += length
        if size > MAX_BODY:
            raise Malformed(413, f"a body has at most {MAX_BODY} bytes")
        chunks.append(_exactly(stream, length))
        read_line(stream)
    while read_line(stream) not in (b"\r\n", b"\n", b""):
        continue
    return b"".join(chunks)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    if not 0 <= length <= MAX_BODY:
        raise Malformed(413, f"a body has at most {MAX_BODY} bytes")
    body = stream.read(length)
    if len(body) < length:
        raise ConnectionResetError("the peer went away in the middle of a body")
    return body
