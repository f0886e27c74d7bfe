"""The audit taken elsewhere: rows, chain and deeds of operators as files, signed, and proven there without the store.

A folder holds ``audit.jsonl``, ``chain.jsonl`` and ``deeds.jsonl``: columns as they are stored, sealed values sealed.
So it tells who wrote what when and no value of a person, and the chain over it verifies as in the store. Beside each
stands a file of the same name in ``.lines`` with the SHA-256 of each line. ``manifest.json`` names all of them with
their hashes, and ``manifest.sig`` signs it: whoever makes a whole new chain has no signature for it, and of what was
altered, left out or slipped in the first row is found by its line.

It is the state at one entry of the chain, though others write meanwhile: what was begun or ended since is left out.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from syncd.model.audit import Head, Verified
from syncd.model.errors import BadUsage
from syncd.model.keeping import Pruned
from syncd.model.values import Instant
from syncd.store.anchor import pruned_of
from syncd.store.chain import Stored, head
from syncd.store.database import Database
from syncd.store.deeds import Stand, brought, carried, stand_of, stored_deeds, walk_deeds
from syncd.store.signing import fingerprint, signed_by
from syncd.store.walk import BEGUN, STATE, Walk

FORMAT: Final = "syncd audit 1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
AUDIT: Final = "audit"
CHAIN: Final = "chain"
DEEDS: Final = "deeds"
FILES: Final = (AUDIT, CHAIN, DEEDS)
_SINCE: Final = "ask who had it since it was signed, and have it exported once more"

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a folder says of itself, once its signature was good (else nothing), and what was found."""

    found: Verified
    told: Mapping[str, Any]


class _Entry(NamedTuple):
    number: int
    at: int
    rows: int
    hash: bytes


# -- taking it out -----------------------------------------------------------------------------------------------------
def carry(
    database: Database,
    connection: str,
    folder: Path,
    *,
    key: Ed25519PrivateKey,
    about: Mapping[str, object],
    now: Callable[[], Instant],
) -> Mapping[str, Any]:
    """Writes the audit of a connection into a new folder, signs it; what the manifest says.

    :param about: what the manifest says beside that.
    :raises BadUsage: if the folder holds something already or cannot be written, or the audit was pruned meanwhile.
    """
    began = now()
    with database.reading("read the head of the audit") as tx:
        number, found = head(tx, connection)
        anchor = pruned_of(tx, connection)
    stand = stand_of(database, Verified())
    source = Stored(database, connection)
    lines: Mapping[str, Iterable[Line]] = {
        AUDIT: _rows_at(source, number),
        CHAIN: map(_entry, source.entries(number)),
        DEEDS: map(carried, stored_deeds(database, stand)),
    }
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadUsage(f"{folder} is not empty; name a new folder, so that nothing of yours is overwritten")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = [told for name in FILES for told in _written(folder, name, lines[name])]
        with database.reading("read what was pruned") as tx:
            moved = pruned_of(tx, connection) != anchor
        if moved or stand_of(database, Verified()).anchor != stand.anchor:
            raise BadUsage(f"{folder} is not whole: what is old was pruned meanwhile; call again, with another folder")
        manifest = {
            **about,
            "format": FORMAT,
            "connection": connection,
            "began": began,
            "ended": now(),
            "key": fingerprint(key.public_key()),
            "head": {"number": number, "hash": found.hex()} if number else None,
            "pruned": None if anchor is None else _pruned_told(anchor),
            "deeds": stand._asdict(),
            "files": files,
        }
        content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        for name, kept in ((MANIFEST, content), (SIGNATURE, key.sign(content))):
            with _private(folder / name) as out:
                out.write(kept)
    except OSError as why:
        raise BadUsage(f"{folder} cannot be written ({why.strerror}); name a folder of yours") from why
    told: Mapping[str, Any] = orjson.loads(content)
    return told


def _rows_at(source: Stored, upto: int) -> Iterator[Line]:
    """Rows as they stood at an entry: of those that ended since, how they ended is not told."""
    for row in source.rows():
        told = dict(zip((*STATE, *BEGUN), row, strict=True))
        if (told["lot"] or 0) > upto:
            continue
        if (told["end_lot"] or 0) > upto:
            told |= {"end_lot": None, "outcome": "", "finished_at": None}
        yield {**told, "sealed": b64encode(bytes(told["sealed"])).decode()}


def _entry(row: Any) -> Line:  # noqa: ANN401 - a result row
    return {"number": row.number, "at": row.at, "rows": row.rows, "hash": bytes(row.hash).hex()}


def _written(folder: Path, name: str, lines: Iterable[Line]) -> Iterator[Mapping[str, object]]:
    """A file and that of its lines; how the manifest names them."""
    whole, each_line = hashlib.sha256(), hashlib.sha256()
    rows = size = 0
    with _private(folder / f"{name}.jsonl") as out, _private(folder / f"{name}.lines") as beside:
        for told in lines:
            line = orjson.dumps(told) + b"\n"
            digest = _digest(line)
            out.write(line)
            beside.write(digest)
            whole.update(line)
            each_line.update(digest)
            size += len(line)
            rows += 1
    yield {"name": f"{name}.jsonl", "rows": rows, "bytes": size, "sha256": whole.hexdigest()}
    yield {"name": f"{name}.lines", "rows": rows, "bytes": rows * _LINE, "sha256": each_line.hexdigest()}


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest().encode() + b"\n"


_LINE: Final = len(_digest(b""))


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


# -- proving it elsewhere ----------------------------------------------------------------------------------------------
def prove(folder: Path, key: Ed25519PublicKey, known: str | None = None) -> Carried:
    """Whether a folder is what was signed, and the chain in it whole; the first row that is not is named.

    :param known: a hash that was once the head, as hex; it must be in the chain.
    :raises BadUsage: if the folder holds no such export, or one of a newer format.
    """
    try:
        content, signature = (folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes()
    except OSError as why:
        raise BadUsage(f"{folder} holds no whole export ({why.strerror}); `syncd audit export` makes one") from why
    found = Verified()
    if not signed_by(key, content, signature):
        found.flaw(f"{MANIFEST}: not signed with this key, or altered since; nothing of {folder} is proven; {_SINCE}")
        return Carried(found, {})
    told = orjson.loads(content)
    if told["format"] != FORMAT:
        raise BadUsage(f"{folder}: its format is {told['format']!r}, this version reads {FORMAT!r}")
    signed = {each["name"]: each["sha256"] for each in told["files"]}
    for name in FILES:
        _compare(folder, name, signed, found)
    if not found:
        return Carried(found, told)
    last = told["head"]
    source = _Folder(folder, 0 if last is None else last["number"])
    found = Walk(source, told["connection"], source.last(), known, anchor=_pruned(told["pruned"])).walk()
    if last is not None and found.head != Head(**last):
        found.flaw(f"chain.jsonl ends elsewhere than with entry {last['number']}, which was its head; {_SINCE}")
    walk_deeds(Stand(**told["deeds"]), map(brought, _read(folder / f"{DEEDS}.jsonl")), found)
    return Carried(found, told)


class _Folder:
    """A chain that was taken elsewhere, as ``walk.Source``."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number

    def last(self) -> int:
        """The entry at whose state it was taken."""
        return self._number

    def entries(self, upto: int) -> Iterator[Any]:
        """Each entry up to one."""
        for told in _read(self._folder / f"{CHAIN}.jsonl"):
            entry = _Entry(**{**told, "hash": bytes.fromhex(told["hash"])})
            if entry.number <= upto:
                yield entry

    def rows(self) -> Iterator[Any]:
        """Rows in their order."""
        for told in _read(self._folder / f"{AUDIT}.jsonl"):
            yield _Row(**{**told, "sealed": b64decode(told["sealed"])})


_Row: Any = NamedTuple("_Row", [(name, Any) for name in (*STATE, *BEGUN)])  # type: ignore[misc]  # as the chain reads it


def _compare(folder: Path, name: str, signed: Mapping[str, str], found: Verified) -> None:
    """Notes the first line of a file that is not the one that was signed."""
    file, beside = folder / f"{name}.jsonl", folder / f"{name}.lines"
    for path in (file, beside):
        if not path.is_file():
            found.flaw(f"{path.name}: it is not there; {_SINCE}")
            return
    if _hash_of(beside) != signed[beside.name]:
        found.flaw(f"{beside.name}: altered after it was signed; {_SINCE}")
        if _hash_of(file) != signed[file.name]:
            found.flaw(f"{file.name}: altered, too; which of its rows it is cannot be told; {_SINCE}")
    elif _hash_of(file) != signed[file.name]:
        found.flaw(f"{_first(file, beside)}; {_SINCE}")


def _first(file: Path, beside: Path) -> str:
    """Which line is the first that was altered, is missing or was slipped in, in words."""
    with file.open("rb") as lines, beside.open("rb") as digests:
        before = b""
        for number, line in enumerate(lines, 1):
            wanted = digests.readline()
            if _digest(line) == wanted:
                before = line
                continue
            where = f"{file.name}, line {number}"
            if wanted == b"" or any(_digest(each) == wanted for each in lines):
                return f"{where} ({_named(line)}): it was slipped in or moved"
            digest = _digest(line)
            if any(each == digest for each in digests):
                return f"{where}: what stood {_behind(before)} was removed"
            return f"{where} ({_named(line)}): it was altered after it was signed"
        return f"{file.name}: what stood {_behind(before)} was removed"


def _behind(line: bytes) -> str:
    return f"behind {_named(line)}" if line else "at the beginning"


def _named(line: bytes) -> str:
    """A row or an entry by its id, as far as the line can still be read."""
    try:
        told = orjson.loads(line)
        if "seq" in told:
            return f"audit row {told['seq']}, intent {told['intent']}"
        return f"{'deed' if 'who' in told else 'entry'} {told['number']}"
    except (ValueError, TypeError, KeyError):
        return "a line that cannot be read"


def _hash_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _read(path: Path) -> Iterator[Line]:
    with path.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def _pruned_told(gone: Pruned) -> Mapping[str, object]:
    return {
        "number": gone.number,
        "hash": gone.hash,
        "upto": gone.upto,
        "rows": gone.rows,
        "at": gone.at,
        "age": gone.age.total_seconds(),
    }


def _pruned(told: Mapping[str, Any] | None) -> Pruned | None:
    if told is None:
        return None
    at = {name: datetime.fromisoformat(told[name]) for name in ("upto", "at")}
    return Pruned(**{**told, **at, "age": timedelta(seconds=told["age"])})
