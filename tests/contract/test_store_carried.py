"""The audit taken elsewhere, from SQLite and from PostgreSQL: proven without the store, and the first row that was
altered, removed or slipped in since is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from syncd.model.audit import Verified
from syncd.model.errors import BadUsage
from syncd.model.keeping import Keep
from syncd.ports.store import Settlement
from syncd.store import SqlDoors, SqlStore
from syncd.store.carried import FILES, MANIFEST, SIGNATURE, carry, prove
from syncd.store.chain import Stored
from syncd.store.database import Database
from tests.contract.test_store_chain import history, row
from tests.contract.test_store_deeds import COMMAND, READ
from tests.fakes import START

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
ALTERED, REMOVED = "({}): it was altered after it was signed", "what stood {} was removed"


@pytest.fixture
def folder(store: SqlStore, tmp_path: Path) -> Path:
    """What was taken out of a store with six rows in five entries, three looks and a command."""
    history(store)
    doors = SqlDoors(Database(store.engine))
    for number in range(3):
        doors.begin_deed(replace(READ, id=f"r{number}", about=f"L{number}"))
    doors.end_deed(replace(COMMAND, status=200))
    return taken(store, tmp_path / "out")


def taken(store: SqlStore, folder: Path) -> Path:
    """The audit in a folder."""
    carry(Database(store.engine), "main", folder, key=KEY, about={"syncd": "1"}, now=lambda: START)
    return folder


def lines_of(folder: Path, name: str) -> list[bytes]:
    """The lines of a file."""
    return (folder / f"{name}.jsonl").read_bytes().splitlines(keepends=True)


def spoilt(folder: Path, name: str, change: Callable[[list[bytes]], list[bytes]]) -> Verified:
    """What is found once somebody has changed the lines of a file."""
    (folder / f"{name}.jsonl").write_bytes(b"".join(change(lines_of(folder, name))))
    return prove(folder, PUBLIC).found


def altered(line: bytes, **values: object) -> bytes:
    """A line that says something else."""
    return orjson.dumps({**orjson.loads(line), **values}) + b"\n"


def test_it_is_proven_as_in_the_store(store: SqlStore, folder: Path) -> None:
    """The same rows, entries, looks, commands and head; the store is not asked. Files are for their owner alone."""
    there = store.verify_audit()
    store.close()
    carried = prove(folder, PUBLIC)
    assert carried.found == there
    assert (there.rows, there.entries, there.reads, there.commands, there.flaws) == (6, 5, 3, 1, [])
    assert carried.told["connection"] == "main"
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_no_value_is_in_it(store: SqlStore, folder: Path) -> None:
    """What was written stays sealed, under keys that are not in it."""
    assert store.audit_of("L1", 1)[0].changes[0].before == "old@example.com"
    for each in folder.iterdir():
        assert b"example.com" not in each.read_bytes()
    assert orjson.loads(lines_of(folder, "audit")[0])["changes"].startswith('[["email"')


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("audit", lambda got: [*got[:2], altered(got[2], run="r"), *got[3:]], ALTERED.format("audit row 3, intent a3")),
        ("audit", lambda got: [*got[:2], *got[3:]], REMOVED.format("behind audit row 2, intent a2")),
        ("audit", lambda got: got[1:], REMOVED.format("at the beginning")),
        ("audit", lambda got: got[:-1], REMOVED.format("behind audit row 5, intent b2")),
        ("audit", lambda got: [], REMOVED.format("at the beginning")),
        ("audit", lambda got: [*got[:3], altered(got[2], intent="x"), *got[3:]], "4 (audit row 3, intent x): it"),
        ("audit", lambda got: [*got, altered(got[5], seq=7)], "line 7 (audit row 7, intent b2): it was slipped in"),
        ("audit", lambda got: [got[0], b"{\n", *got[2:]], ALTERED.format("a line that cannot be read")),
        ("chain", lambda got: [*got[:3], altered(got[3], at=1), got[4]], ALTERED.format("entry 4")),
        ("chain", lambda got: got[:-1], REMOVED.format("behind entry 4")),
        ("deeds", lambda got: [got[0], altered(got[1], who="bob"), *got[2:]], ALTERED.format("deed 2")),
        ("deeds", lambda got: [*got[:3], altered(got[3], status=404)], ALTERED.format("deed 4")),
        ("deeds", lambda got: got[:3], REMOVED.format("behind deed 3")),
    ],
)  # fmt: skip
def test_the_first_row_is_named(folder: Path, name: str, change: Callable[..., list[bytes]], told: str) -> None:
    """Altered, removed, slipped in: which line, and which row or entry that is."""
    found = spoilt(folder, name, change)
    assert not found
    assert len(found.flaws) == 1
    assert found.flaws[0].startswith(f"{name}.jsonl")
    assert told in found.flaws[0]


def test_whoever_makes_it_all_anew_has_no_signature(folder: Path) -> None:
    """Rows, lines and manifest fit each other, and the manifest is not what was signed; so is another signature."""
    spoilt(folder, "audit", lambda got: [altered(got[0], run="r9"), *got[1:]])
    content = (folder / "audit.jsonl").read_bytes()
    digests = b"".join(hashlib.sha256(each).hexdigest().encode() + b"\n" for each in lines_of(folder, "audit"))
    (folder / "audit.lines").write_bytes(digests)
    told = orjson.loads((folder / MANIFEST).read_bytes())
    for each in told["files"]:
        if each["name"].startswith("audit."):
            each["sha256"] = hashlib.sha256(content if each["name"] == "audit.jsonl" else digests).hexdigest()
    (folder / MANIFEST).write_bytes(orjson.dumps(told))
    carried = prove(folder, PUBLIC)
    assert [flaw.split(":")[0] for flaw in carried.found.flaws] == [MANIFEST]
    assert carried.told == {}, "nothing that it says is believed"
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    (folder / SIGNATURE).write_bytes(other.sign((folder / MANIFEST).read_bytes()))
    assert not prove(folder, PUBLIC).found
    assert not prove(folder, other.public_key()).found, "its chain hangs together with nothing"


@pytest.mark.parametrize("name", [f"{each}.{end}" for each in FILES for end in ("jsonl", "lines")])
def test_a_file_that_is_not_there_is_told(folder: Path, name: str) -> None:
    """And one of lines that was altered, with what can be told without it."""
    kept = (folder / name).read_bytes()
    (folder / name).unlink()
    assert prove(folder, PUBLIC).found.flaws[0].startswith(f"{name}: it is not there")
    (folder / name).write_bytes(kept + b"x\n")
    assert name in prove(folder, PUBLIC).found.flaws[0]


def test_what_was_amiss_in_the_store_stays_so(store: SqlStore, tmp_path: Path) -> None:
    """It is signed as it is; the walk over it says what the walk over the store says."""
    history(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET run = 'r2' WHERE intent = 'a2'"))
    found = prove(taken(store, tmp_path / "out"), PUBLIC).found
    assert found.flaws == store.verify_audit().flaws
    assert found.flaws[0].startswith("entry 1 ")


def test_it_is_the_state_of_one_entry(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon begins and ends rows while they are read: neither is in it, and it is whole."""
    history(store)
    lease = store.lease()
    assert lease is not None
    rows = Stored.rows

    def while_it_works(self: Stored) -> Iterator[object]:
        store.begin(lease, [], [row("c1")], START)
        store.settle(Settlement(endings={"b2": "done", "c1": "done"}), START)
        return rows(self)

    with monkeypatch.context() as patched:
        patched.setattr(Stored, "rows", while_it_works)
        folder = taken(store, tmp_path / "out")
    found = prove(folder, PUBLIC).found
    assert (found.flaws, found.rows, found.unfinished) == ([], 6, 1)
    assert store.verify_audit().rows == 7


def test_what_was_pruned_by_rule_is_told_there_too(store: SqlStore, tmp_path: Path) -> None:
    """The chain goes on from the anchor; a head from before it is not in it."""
    history(store)
    early = store.verify_audit().head
    late = START + timedelta(days=500)
    lease = store.take_lease("h2", late, late + timedelta(minutes=5))
    assert lease is not None
    store.settle(Settlement(endings={"b2": "done"}), START)
    store.begin(lease, [], [replace(row("z1"), at=late)], late)
    store.prune(Keep(audit=timedelta(days=400)), late)
    carried = prove(taken(store, tmp_path / "out"), PUBLIC)
    assert carried.found.flaws == []
    assert carried.found == store.verify_audit()
    assert carried.found.pruned is not None
    assert early is not None
    assert not prove(tmp_path / "out", PUBLIC, early.hash).found
    assert carried.found.head is not None
    assert prove(tmp_path / "out", PUBLIC, carried.found.head.hash).found


def test_nothing_of_anybodys_is_overwritten(store: SqlStore, folder: Path, tmp_path: Path) -> None:
    """A folder with something in it is refused, and one without an export is none."""
    with pytest.raises(BadUsage, match="is not empty"):
        taken(store, folder)
    with pytest.raises(BadUsage, match="no whole export"):
        prove(tmp_path, PUBLIC)


def test_an_empty_audit_is_proven(store: SqlStore, tmp_path: Path) -> None:
    """Nothing was written: nothing is amiss."""
    assert prove(taken(store, tmp_path / "out"), PUBLIC).found
