"""One file sealed under a secret: compressed, encrypted, and whole or refused.

The file begins with a line that names the format and a header; then come pieces of at most 1 MiB, each AES-256-GCM
under a nonce of a random prefix, the piece's number and whether it is the last, with the header as associated data. So
a piece that was altered, moved, left out or cut off is noticed, and so is another header. The key is scrypt of the
secret and a random salt; the same secret never gives two files the same key.

Nothing of what was unsealed may be used before ``unseal`` has returned: only then is the end known to be the end.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from syncd.model.errors import BadUsage
from syncd.ports.system import Chance

MAGIC: Final = b"syncd backup 1\n"
PIECE: Final = 1 << 20
SALT: Final = 16
PREFIX: Final = 7
LONGEST_HEADER: Final = 4_096
_TAG: Final = 16
_LEVEL: Final = 1
"""Of zlib: twice as quick as the usual one, for files a tenth larger."""


def seal(plain: Path, sealed: Path, *, secret: str, chance: Chance, about: Mapping[str, object]) -> str:
    """Writes the sealed form of a file, for its owner alone, durably. Returns the hash (hex) of what was sealed.

    :param about: as ``seal_from``.
    """
    with plain.open("rb") as source:
        return seal_from(source, sealed, secret=secret, chance=chance, about=about)


def seal_from(source: IO[bytes], sealed: Path, *, secret: str, chance: Chance, about: Mapping[str, object]) -> str:
    """As ``seal``, of what is read from a stream to its end, which stands nowhere else.

    :param about: what the header says beside salt and prefix; readable by everybody, so nothing of a person.
    """
    salt, prefix = chance.token(SALT), chance.token(PREFIX)
    header = orjson.dumps({**about, "salt": salt.hex(), "prefix": prefix.hex()}, option=orjson.OPT_SORT_KEYS)
    cipher = AESGCM(_key(secret, salt))
    total = hashlib.sha256()
    handle = os.open(sealed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(MAGIC + len(header).to_bytes(4, "big") + header)
        before: bytes | None = None
        number = 0
        for piece in _pieces(_compressed(source, total)):
            if before is not None:
                _put(out, cipher.encrypt(_nonce(prefix, number, last=False), before, header))
                number += 1
            before = piece
        _put(out, cipher.encrypt(_nonce(prefix, number, last=True), before or b"", header))
        out.flush()
        os.fsync(out.fileno())
    return total.hexdigest()


def unseal(sealed: Path, plain: Path, *, secret: str) -> str:
    """Writes what was sealed, for its owner alone, durably. Returns its hash (hex).

    :raises BadUsage: if the file is none of ours, was altered or cut, or was sealed under another secret; what was
        written until then is taken away.
    """
    handle = os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            total = unseal_into(sealed, out, secret=secret)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        plain.unlink(missing_ok=True)
        raise
    return total


def unseal_into(sealed: Path, out: IO[bytes], *, secret: str) -> str:
    """As ``unseal``, into a stream, whose reader must be able to take all of it back. Returns its hash (hex).

    :raises BadUsage: as ``unseal``, when a part of it was written already.
    """
    with sealed.open("rb") as source:
        about, header = _header(sealed, source)
        cipher = AESGCM(_key(secret, bytes.fromhex(str(about["salt"]))))
        prefix = bytes.fromhex(str(about["prefix"]))
        total = hashlib.sha256()
        inflate = zlib.decompressobj()
        for number, (piece, last) in enumerate(_with_last(_read_pieces(sealed, source))):
            try:
                opened = cipher.decrypt(_nonce(prefix, number, last=last), piece, header)
            except InvalidTag:
                raise _unreadable(sealed, number) from None
            while opened:  # a mebibyte at a time: empty pages are a thousandth of their size
                _spill(out, inflate.decompress(opened, PIECE), total)
                opened = inflate.unconsumed_tail
        _spill(out, inflate.flush(), total)
    return total.hexdigest()


def read_about(sealed: Path) -> Mapping[str, Any]:
    """What the header says. Nobody vouches for it before the file is unsealed.

    :raises BadUsage: if the file is none of ours.
    """
    with sealed.open("rb") as source:
        return _header(sealed, source)[0]


def _header(sealed: Path, source: IO[bytes]) -> tuple[Mapping[str, Any], bytes]:
    wrong = BadUsage(f"{sealed}: this is no backup that syncd made, or its beginning is lost")
    if source.read(len(MAGIC)) != MAGIC:
        raise wrong
    size = int.from_bytes(source.read(4), "big")
    header = source.read(size) if 0 < size <= LONGEST_HEADER else b""
    try:
        about = orjson.loads(header)
        fits = len(bytes.fromhex(about["salt"])) == SALT and len(bytes.fromhex(about["prefix"])) == PREFIX
    except (ValueError, TypeError, KeyError):
        raise wrong from None
    if not fits:
        raise wrong
    return about, header


def _key(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=1 << 14, r=8, p=1, dklen=32)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _compressed(source: IO[bytes], total: Any) -> Iterator[bytes]:  # noqa: ANN401 - hashlib names no type
    deflate = zlib.compressobj(_LEVEL)
    while part := source.read(PIECE):
        total.update(part)
        yield deflate.compress(part)
    yield deflate.flush()


def _pieces(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size, but for the last."""
    rest = bytearray()
    for part in parts:
        rest += part
        while len(rest) >= PIECE:
            yield bytes(rest[:PIECE])
            del rest[:PIECE]
    if rest:
        yield bytes(rest)


def _put(out: IO[bytes], piece: bytes) -> None:
    out.write(len(piece).to_bytes(4, "big") + piece)


def _read_pieces(sealed: Path, source: IO[bytes]) -> Iterator[bytes]:
    number = 0
    while size := source.read(4):
        length = int.from_bytes(size, "big")
        piece = source.read(length) if _TAG <= length <= PIECE + _TAG else b""
        if len(size) < 4 or len(piece) < max(length, _TAG):
            raise _unreadable(sealed, number)
        yield piece
        number += 1
    if number == 0:
        raise _unreadable(sealed, number)


def _with_last(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    before = next(pieces)
    for piece in pieces:
        yield before, False
        before = piece
    yield before, True


def _spill(out: IO[bytes], part: bytes, total: Any) -> None:  # noqa: ANN401 - hashlib names no type
    total.update(part)
    out.write(part)


def _unreadable(sealed: Path, number: int) -> BadUsage:
    return BadUsage(
        f"{sealed}: cannot be opened (piece {number}): it was sealed under another key, altered, or cut off; give the "
        "key that was configured when it was made, or take another backup"
    )
