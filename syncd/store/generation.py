"""Whether the store went back: a count that only grows, and a witness of it outside of the database.

Every take of the lease, every lot of intents and every settlement moves the connection's *generation* on, in its own
transaction. After a commit a small file beside a SQLite store (``FILE.generation``) is told of it: at every take,
extension and return of the lease, and at most once a second in between. A restored older copy of the store then counts
less than its witness says. The witness also keeps the store's own identity and the head of the audit's chain, so that
another store, or a copy that went its own way on another machine, is told apart although it counts more.

A witness is only ever told what is committed and durable, so however a process dies it says no more than the store
does: no false alarm. It may say less, by a second's work at most; a copy from within that second is not noticed.

What was noticed is stored (``Restored``) in the transaction that takes the lease, together with a generation beyond the
witness's; from then on nothing depends on the file. A witness that is missing or unreadable is made anew and said in
the log; a store without a link has nothing that could be old.

PostgreSQL has no such file: its server may be anywhere. There a process notices what goes back while it lives, and the
sentinel at a vendor, which is told of the generation now and then, what went back before (``engine.sentinel``); or a
person says it (``mark_restored``).
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import BigInteger, Connection, Engine, Text, bindparam, cast, delete, exists, select, update

from syncd.model.run import Mark, Restored
from syncd.model.values import Instant
from syncd.observe.log import emit
from syncd.ports.system import Chance, Clock
from syncd.store.anchor import pruned_of
from syncd.store.chain import hash_at, head
from syncd.store.codec import from_ms, maybe_from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new, only, run, upsert
from syncd.store.tables import cursor, link, meta

SUFFIX: Final = ".generation"
OFTEN: Final = 1.0
"""Seconds between two tellings of the witness while a lease is held."""
_IDENTITY: Final = "identity"
_COUNT: Final = "generation:{connection}"
_RESTORED: Final = "restored:{connection}"
_SAID: Final = select(meta.c.value).where(meta.c.key == bindparam("k"))
_MORE: Final = (
    update(meta)
    .where(meta.c.key == bindparam("k"))
    .values(value=cast(cast(meta.c.value, BigInteger) + 1, Text))
    .returning(meta.c.value)
)


class Witness(Protocol):
    """Remembers a mark where a restored database does not take it back."""

    def read(self, connection: str) -> Mark | None:
        """The last mark it was told; ``None`` if it was told none, or it is lost."""
        ...

    def write(self, connection: str, mark: Mark) -> None:
        """Remembers a mark, durably. Trouble is logged: work goes on without a witness."""
        ...


class ProcessWitness:
    """Remembers as long as this process lives: a server that was put back, or lost commits, underneath a daemon."""

    def __init__(self) -> None:
        self._told: dict[str, Mark] = {}

    def read(self, connection: str) -> Mark | None:
        """The last mark."""
        return self._told.get(connection)

    def write(self, connection: str, mark: Mark) -> None:
        """Replaces it."""
        self._told[connection] = mark


class FileWitness:
    """A file of a few lines beside the store, for its owner alone; replaced as a whole at every telling."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self, connection: str) -> Mark | None:
        """The last mark."""
        told: dict[str, Any] | None = self._all().get(connection)
        try:
            return None if told is None else Mark(**told)
        except TypeError:
            return None

    def write(self, connection: str, mark: Mark) -> None:
        """Replaces the mark of one connection; those of others, which other processes may write, stay."""
        try:
            folder = os.open(self.file.parent, os.O_RDONLY)
        except OSError as trouble:
            emit("store.witness", outcome="unwritten", reason=type(trouble).__name__)
            return
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            self._replace({**self._all(), connection: asdict(mark)})
            os.fsync(folder)
        except OSError as trouble:
            emit("store.witness", outcome="unwritten", reason=type(trouble).__name__)
        finally:
            os.close(folder)

    def _replace(self, everything: dict[str, dict[str, object]]) -> None:
        fresh = self.file.with_name(f"{self.file.name}.new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, json.dumps(everything, sort_keys=True, indent=1).encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(self.file)

    def _all(self) -> dict[str, dict[str, object]]:
        """What it holds of every connection; nothing if it cannot be read."""
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError):
            return self._unreadable()
        with suppress(ValueError):
            found = json.loads(text)
            if isinstance(found, dict) and all(isinstance(each, dict) for each in found.values()):
                return found
        return self._unreadable()

    def _unreadable(self) -> dict[str, dict[str, object]]:
        emit("store.witness", outcome="unreadable", reason=self.file.name)
        return {}


def witness_beside(engine: Engine) -> Witness | None:
    """The witness of a store: a file beside a SQLite file, this process for one on a server, none for one in memory."""
    file = engine.url.database
    if engine.dialect.name != "sqlite":
        return ProcessWitness()
    if not file or file == ":memory:":
        return None
    return FileWitness(Path(f"{file}{SUFFIX}"))


class Generation:
    """The generation of one connection, for the topics that move it."""

    def __init__(
        self, database: Database, connection: str, clock: Clock, chance: Chance, witness: Witness | None
    ) -> None:
        self._database = database
        self._connection = connection
        self._clock = clock
        self._chance = chance
        self._witness = witness
        self._count = _COUNT.format(connection=connection)
        self._mark = _RESTORED.format(connection=connection)
        self._told = -OFTEN

    def move(self, tx: Connection, *, beyond: int = 0) -> None:
        """Moves on in a writing transaction; whoever else wants to move it waits for the end of that.

        :param beyond: a generation that the new one is greater than.
        """
        this = {"k": self._count}
        now = only(run(tx, _MORE, this))
        if now is None:
            tx.execute(insert_new(tx, meta), [{"key": self._count, "value": "0"}])
            now = tx.execute(_MORE, this).scalar_one()
        if int(now) <= beyond:
            tx.execute(update(meta).where(meta.c.key == self._count).values(value=str(beyond + 1)))

    def taken(self, tx: Connection, now: Instant) -> None:
        """The lease was taken: notices a store that went back, then moves on."""
        identity = self._identity(tx)
        told = self._witness.read(self._connection) if self._witness else None
        why = None if told is None else self._gone_back(tx, told, identity)
        if why is not None and self._may_be_old(tx):
            self._note(tx, Restored(now, why))
            emit("store.restored", reason=why)
        elif told is None and isinstance(self._witness, FileWitness) and self._generation(tx):
            emit("store.witness", outcome="adopted", reason="missing")
        self._identify(tx)
        self.move(tx, beyond=told.generation if told else 0)

    def tell(self) -> None:
        """Tells the witness where the store stands by now; after a commit, never before."""
        if self._witness is None:
            return
        mark = self.mark()
        self._told = self._clock.monotonic()
        self._witness.write(self._connection, mark)

    def mark(self) -> Mark:
        """Where the store stands by now; its identity is empty before a lease was taken in it."""
        with self._database.reading("read the generation") as tx:
            number, found = head(tx, self._connection)
            return Mark(self._identity(tx), self._generation(tx), number, found.hex())

    def tell_now_and_then(self) -> None:
        """The same, if the last time was a while ago."""
        if self._clock.monotonic() - self._told >= OFTEN:
            self.tell()

    # -- what was noticed --------------------------------------------------------------------------------------------
    def restored(self) -> Restored | None:
        """What was noticed and not accepted yet; also what the next take of the lease would notice."""
        with self._database.reading("read whether the store was restored") as tx:
            noted = only(run(tx, _SAID, {"k": self._mark}))
            if noted is not None:
                since, why, compared = json.loads(noted)
                return Restored(from_ms(since), why, maybe_from_ms(compared))
            told = self._witness.read(self._connection) if self._witness else None
            why = None if told is None else self._gone_back(tx, told, self._identity(tx))
            return Restored(self._clock.now(), why) if why is not None and self._may_be_old(tx) else None

    def note(self, restored: Restored | None) -> None:
        """Stores that the store was restored, how far that was dealt with, or that it is over."""
        with self._database.writing("note that the store was restored") as tx:
            if restored is None:
                tx.execute(delete(meta).where(meta.c.key == self._mark))
            else:
                self._note(tx, restored)

    def _note(self, tx: Connection, restored: Restored) -> None:
        compared = None if restored.compared is None else to_ms(restored.compared)
        value = json.dumps([to_ms(restored.since), restored.why, compared])
        tx.execute(upsert(tx, meta), [{"key": self._mark, "value": value}])

    # -- comparing ---------------------------------------------------------------------------------------------------
    def _gone_back(self, tx: Connection, told: Mark, identity: str) -> str | None:
        """Why this store is not the one the witness saw last, or a later state of it."""
        generation = self._generation(tx)
        if identity != told.identity:
            return "another store stands where this connection's store was"
        if generation < told.generation:
            return f"the store is at generation {generation}, and was at {told.generation} before: an older copy"
        if told.entry and self._hash_of(tx, told) != told.hash:
            return "the store has another history than the one that was here: a copy that was used elsewhere"
        return None

    def _hash_of(self, tx: Connection, told: Mark) -> str:
        """The hash of a told entry here. One that was pruned since is so old that the generation has judged already."""
        gone = pruned_of(tx, self._connection)
        if gone is not None and told.entry <= gone.number:
            return gone.hash if told.entry == gone.number else told.hash
        return (hash_at(tx, self._connection, told.entry) or b"").hex()

    def _may_be_old(self, tx: Connection) -> bool:
        """Whether anything is known that could be older than the truth."""
        ours = (
            exists(select(link.c.id).where(link.c.connection == self._connection)),
            exists(select(cursor.c.kind).where(cursor.c.connection == self._connection)),
        )
        return any(tx.execute(select(each)).scalar() for each in ours)

    def _generation(self, tx: Connection) -> int:
        return int(only(run(tx, _SAID, {"k": self._count})) or 0)

    def _identity(self, tx: Connection) -> str:
        """The store's own name; none before a lease was taken in it."""
        found = only(run(tx, _SAID, {"k": _IDENTITY}))
        return "" if found is None else str(found)

    def _identify(self, tx: Connection) -> None:
        """Gives the store a name of its own, if it has none."""
        if not self._identity(tx):
            tx.execute(insert_new(tx, meta), [{"key": _IDENTITY, "value": self._chance.token(16).hex()}])
