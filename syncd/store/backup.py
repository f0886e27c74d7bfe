"""Backups of a SQLite store: made while it is at work, sealed, proven by restoring them, put back as a whole.

* A backup is taken by SQLite's online backup within one reading transaction: one state of the store, whoever writes.
* Between the store and its sealed copy there is one plain copy, beside the store and under its rights; never in the
  folder of the backups. It is taken away in any case, at the latest when the next backup begins.
* No backup counts that was not restored: the sealed file is unsealed beside the store, compared byte for byte by its
  hash, and its pages are looked through. Only then it gets its name. What a kill left of one is swept by the next.
* What is put back is marked as restored before it takes the store's place, in one step; the store that was there is
  kept. The witness of the generation is left alone, which notices the same.

PostgreSQL has tools of its own for this: ``postgres_backup``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC
from itertools import count
from pathlib import Path
from typing import Any, Final

from syncd.model.backup import Backup, Proof
from syncd.model.errors import BadUsage, NeedsOperator, NewerStore, RetryLater
from syncd.model.run import Restored
from syncd.ports.system import Chance, Clock
from syncd.store.codec import to_ms
from syncd.store.engine import BUSY_SECONDS, read_url, sqlite_module
from syncd.store.faults import explained
from syncd.store.open import open_database, open_store
from syncd.store.parts import PART, claimed
from syncd.store.sealing import seal, unseal
from syncd.store.shelf import backup_of, backups_in, new_file, pruned, settled, typed_files
from syncd.store.tables import SCHEMA_VERSION

SCRATCH: Final = ".scratch"
ROOM: Final = 1.05
"""Times the store's size that must be free beside it."""
COUNTED: Final = ("link", "intent", "audit", "conflict", "dead_letter", "run", "ledger_event")


class Backups:
    """The backups of one store in one folder.

    ``url`` is the store's, ``secret`` what they are sealed under.
    """

    def __init__(self, url: str, folder: Path, secret: str, *, clock: Clock, chance: Chance) -> None:
        """:raises BadUsage: if the store is no SQLite file."""
        self.store = store_file(url)
        self.folder = folder
        self._secret = secret
        self._clock = clock
        self._chance = chance

    def known(self) -> Sequence[Backup]:
        """Those in the folder, the latest first. :raises NeedsOperator: if it cannot be read."""
        return backups_in(self.folder)

    def there(self) -> bool:
        """Whether there is a store that somebody may work on."""
        return self.store.exists()

    def make(self) -> Proof:
        """Makes one and proves it.

        :raises NeedsOperator: if there is no room, or what was made does not restore.
        :raises RetryLater: while another backup of this store is made or looked through.
        """
        with typed_files(self.folder), _scratch(self.store) as plain:
            made = self._clock.now()
            file = new_file(self.folder, made)
            with claimed(file.with_suffix(PART)) as part:
                self._room()
                copy(self.store, plain)
                schema = schema_of(plain)
                about = {"made": to_ms(made), "schema": schema}
                was = seal(plain, part, secret=self._secret, chance=self._chance, about=about)
                plain.unlink()
                began = self._clock.monotonic()
                if unseal(part, plain, secret=self._secret) != was:
                    raise NeedsOperator(f"{part}: what was sealed does not come out again; look at the disk it is on")
                rows = look_at(plain)
                part.replace(file)
                settled(self.folder)
            backup = Backup(file, made, schema, file.stat().st_size)
            return Proof(backup, schema, rows, (), self._clock.monotonic() - began)

    def prune(self, keep: int) -> int:
        """Takes all but the latest so many away, and the same of those from the future; how many that were."""
        return pruned(self.folder, self._clock.now(), keep)

    def prove(self, file: Path) -> Proof:
        """Restores a backup beside the store, looks it through and walks the audit of each connection.

        :raises BadUsage: if it cannot be opened. :raises NeedsOperator: if what is in it is damaged.
        """
        backup = backup_of(file, "sqlite")
        began = self._clock.monotonic()
        with typed_files(file), _scratch(self.store) as plain:
            unseal(file, plain, secret=self._secret)
            rows = look_at(plain)
            schema = schema_of(plain)
            flaws = tuple(self._flaws(plain)) if schema == SCHEMA_VERSION else ()
        return Proof(backup, schema, rows, flaws, self._clock.monotonic() - began)

    def put_back(self, file: Path, who: str) -> tuple[Proof, Path | None]:
        """Puts a backup in the store's place. Returns its proof and where the store is kept that was there.

        The caller has made sure that nobody works on it. What is killed in between has changed nothing, or all.

        :raises BadUsage: if it cannot be opened. :raises NewerStore: if a newer syncd made it.
        """
        backup = backup_of(file, "sqlite")
        began = self._clock.monotonic()
        with typed_files(self.store), _scratch(self.store) as plain:
            unseal(file, plain, secret=self._secret)
            rows = look_at(plain)
            schema = schema_of(plain)
            if schema > SCHEMA_VERSION:
                raise NewerStore(
                    f"{file}: written by a newer syncd (schema {schema}, this one knows {SCHEMA_VERSION}); put that "
                    "version back, too"
                )
            self._mark(plain, f"{who} put back the backup of {backup.made:%Y-%m-%d %H:%M} UTC")
            aside = self._exchange(plain)
        return Proof(backup, schema, rows, (), self._clock.monotonic() - began), aside

    # -- parts -------------------------------------------------------------------------------------------------------
    def _room(self) -> None:
        free, needed = shutil.disk_usage(self.store.parent).free, self.store.stat().st_size * ROOM
        if free < needed:
            raise NeedsOperator(
                f"{self.store.parent}: a backup needs {needed / 1e6:,.0f} MB there for a moment, {free / 1e6:,.0f} MB "
                "are free; make room"
            )

    def _flaws(self, plain: Path) -> Iterator[str]:
        for name in _connections(plain):
            with closing(self._opened(plain, name)) as store:
                yield from (f"{name}: {flaw}" for flaw in store.verify_audit().flaws)

    def _mark(self, plain: Path, why: str) -> None:
        """Brings the copy to this schema and says in it that it was put back."""
        open_database(f"sqlite:///{plain}").close()
        for name in _connections(plain):
            with closing(self._opened(plain, name)) as store:
                store.note_restored(Restored(self._clock.now(), why))
        for rest in _beside(plain):
            rest.unlink(missing_ok=True)

    def _opened(self, plain: Path, connection: str) -> Any:  # noqa: ANN401 - closed by whoever asked
        return open_store(f"sqlite:///{plain}", connection, clock=self._clock, chance=self._chance)

    def _exchange(self, plain: Path) -> Path | None:
        """The copy takes the store's place; what was there stands beside it under another name from then on."""
        aside = None
        if self.store.exists():
            settle_log(self.store)
            aside = self._set_aside()
            for rest in _beside(self.store):
                if rest.exists():
                    rest.rename(f"{aside}{rest.name.removeprefix(self.store.name)}")
        plain.replace(self.store)
        settled(self.store.parent)
        return aside

    def _set_aside(self) -> Path:
        """Gives the store another name beside its own: one that nothing has, as it may be that of a store that was put
        aside within the same second.
        """
        first = f"{self.store.name}.before-{self._clock.now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
        for number in count(1):
            aside = self.store.with_name(first if number == 1 else f"{first}-{number}")
            if any(rest.exists() for rest in _beside(aside)):
                continue
            try:
                os.link(self.store, aside)
            except FileExistsError:
                continue
            return aside
        raise AssertionError


def store_file(url: str) -> Path:
    """The file of a SQLite store.

    :raises BadUsage: if there is none.
    """
    read = read_url(url)
    if read.drivername != "sqlite":
        raise BadUsage("the store is a PostgreSQL database, and no file (docs/backups.md)")
    if not read.database or read.database == ":memory:":
        raise BadUsage("the store is in memory and ends with the process: there is nothing to back up")
    return Path(read.database).absolute()


def copy(store: Path, plain: Path) -> None:
    """One state of a store, while others use it.

    :raises NeedsOperator: if it cannot be read.
    """
    module = sqlite_module()
    handle = os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.close(handle)
    try:
        with (
            closing(module.connect(f"{store.as_uri()}?mode=ro", uri=True)) as here,
            closing(module.connect(plain)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except module.Error as error:
        raise NeedsOperator(f"store {store}: cannot be copied ({error}); nothing was changed") from error


def settle_log(store: Path) -> None:
    """Moves what is committed in a store's log into its file: the file alone is the whole store from then on.

    A damaged store is left as it is.

    :raises RetryLater: if somebody works on it. :raises NeedsOperator: if it cannot be written.
    """
    module = sqlite_module()
    try:
        with closing(module.connect(store, timeout=BUSY_SECONDS)) as here:
            here.execute("SELECT count(*) FROM sqlite_master").fetchone()  # rolls back what a kill left in a journal
            (busy, *_) = here.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except module.Error as error:
        if str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return
        raise explained(f"store {store}", "put its log into its file", error, invalidated=False) from error
    if busy:
        raise RetryLater(f"store {store}: somebody works on it; nothing was changed; try again", sent=False)


def look_at(plain: Path) -> dict[str, int]:
    """Has SQLite look through a copy; the rows of its tables.

    :raises NeedsOperator: if it is damaged.
    """
    module = sqlite_module()
    try:
        with closing(module.connect(plain)) as there:
            (found,) = there.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise NeedsOperator(f"{plain}: the copy is damaged ({str(found).splitlines()[0]}); take another backup")
            tables = {name for (name,) in there.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return {
                name: int(there.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608 - names of ours
                for name in COUNTED
                if name in tables
            }
    except module.Error as error:
        raise NeedsOperator(f"{plain}: the copy cannot be read ({error}); take another backup") from error


def schema_of(plain: Path) -> int:
    """The schema version of a copy. :raises NeedsOperator: if it is no store."""
    module = sqlite_module()
    try:
        with closing(module.connect(plain)) as there:
            return int(there.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0])
    except (module.Error, TypeError, ValueError) as error:
        raise NeedsOperator(f"{plain}: what was copied is no store of syncd ({error})") from error


def _connections(plain: Path) -> list[str]:
    """The connections that ever worked on a store."""
    with closing(sqlite_module().connect(plain)) as there:
        keys = there.execute("SELECT key FROM meta WHERE key LIKE 'generation:%' ORDER BY key").fetchall()
    return [key.partition(":")[2] for (key,) in keys]


def _beside(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm", "-journal")]


@contextmanager
def _scratch(store: Path) -> Iterator[Path]:
    """A plain copy's place beside the store, for one at a time; whatever stood there before was left by a kill.

    :raises RetryLater: while another process or thread has it.
    """
    plain = store.with_name(f"{store.name}{SCRATCH}")
    everything = (plain, *_beside(plain), plain.with_name(f"{plain.name}.generation"))
    with _locked(plain.with_name(f"{plain.name}.lock"), store):
        for each in everything:
            each.unlink(missing_ok=True)
        try:
            yield plain
        finally:
            for each in everything:
                each.unlink(missing_ok=True)


@contextmanager
def _locked(lock: Path, store: Path) -> Iterator[None]:
    """Holds a lock file. It stays, empty: whoever took it away would let two in. A kill gives the lock back."""
    handle = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RetryLater(
                f"store {store}: another backup of it is being made, verified or put back; try again when that is done",
                sent=False,
            ) from None
        yield
    finally:
        os.close(handle)
