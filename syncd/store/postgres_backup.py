"""Backups of a PostgreSQL store: made while it is at work, sealed, proven by restoring them, put back as a whole.

* A backup is what ``pg_dump`` tells of our tables, of one state of them: that of a transaction in which their rows are
  counted, too. It goes from there into the sealed file and stands nowhere in the open.
* No backup counts that was not restored: into a scratch database on the same server, which needs the right to make one.
  There must be as many rows of each sort as were counted. What a kill left of that database is dropped by the next.
* What is put back is brought to this schema and marked as restored in the scratch database, and from there replaces the
  tables in one transaction. The store of before is backed up first.

One backup of a store is made, verified or put back at a time, on whichever machine: a lock in the database says so.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, Table, create_engine, func, inspect, select, text
from sqlalchemy.pool import NullPool

from syncd.model.backup import Backup, Proof
from syncd.model.errors import NeedsOperator, NewerStore, RetryLater
from syncd.model.run import Restored
from syncd.ports.system import Chance, Clock
from syncd.store.backup import COUNTED
from syncd.store.codec import to_ms
from syncd.store.engine import place, read_url
from syncd.store.faults import typed
from syncd.store.open import open_database, open_store
from syncd.store.parts import PART, claimed
from syncd.store.postgres_tools import DUMP, RESTORE, dumped, found, restored
from syncd.store.sealing import seal_from, unseal_into
from syncd.store.shelf import backup_of, backups_in, new_file, pruned, settled, typed_files
from syncd.store.tables import SCHEMA_VERSION, meta, metadata

SORT: Final = "postgresql"
SCRATCH: Final = "syncd_scratch_"
VERSIONS: Final = "alembic_version"


@dataclass(frozen=True, slots=True)
class State:
    """One state of the store: its schema version, the names of its tables, and the rows of those that are counted."""

    schema: int
    tables: Sequence[str]
    rows: Mapping[str, int]


class PostgresBackups:
    """The backups of one store in one folder.

    ``url`` is the store's, ``secret`` what they are sealed under.
    """

    def __init__(self, url: str, folder: Path, secret: str, *, clock: Clock, chance: Chance) -> None:
        self._url = read_url(url)
        self.where = place(self._url)
        self.folder = folder
        self._secret = secret
        self._clock = clock
        self._chance = chance

    def known(self) -> Sequence[Backup]:
        """Those in the folder, the latest first. :raises NeedsOperator: if it cannot be read."""
        return backups_in(self.folder)

    def there(self) -> bool:
        """Whether there is a store that somebody may work on."""
        with self._engine() as engine, typed(self.where, "look for the store"), engine.connect() as tx:
            return inspect(tx).has_table(meta.name)

    def make(self) -> Proof:
        """Makes one and proves it.

        :raises NeedsOperator: if a tool or a right is lacking, or what was made does not restore.
        :raises RetryLater: while another backup of this store is made or looked through.
        """
        with self._alone() as engine:
            return self._made(engine)

    def prune(self, keep: int) -> int:
        """Takes all but the latest so many away, and the same of those from the future; how many that were."""
        return pruned(self.folder, self._clock.now(), keep)

    def prove(self, file: Path) -> Proof:
        """Restores a backup to the scratch database, looks it through and walks the audit of each connection.

        :raises BadUsage: if it cannot be opened. :raises NeedsOperator: if what is in it does not restore.
        """
        backup = backup_of(file, SORT)
        began = self._clock.monotonic()
        with self._alone() as engine, self._scratch(engine) as scratch:
            self._fill(scratch, file)
            state = self._state(scratch)
            flaws = tuple(self._flaws(scratch)) if state.schema == SCHEMA_VERSION else ()
        return Proof(backup, state.schema, state.rows, flaws, self._clock.monotonic() - began)

    def put_back(self, file: Path, who: str) -> tuple[Proof, Path | None]:
        """Puts a backup in the place of the store's tables. Returns its proof and the backup of what was there.

        The caller has made sure that nobody works on it. What is killed in between has changed nothing, or all.

        :raises BadUsage: if it cannot be opened. :raises NewerStore: if a newer syncd made it, or what is there.
        """
        backup = backup_of(file, SORT)
        with self._alone() as engine:
            began = self._clock.monotonic()
            aside = self._made(engine).backup.file if self._readable(engine) else None
            with self._scratch(engine) as scratch:
                self._fill(scratch, file)
                state = self._state(scratch)
                if state.schema > SCHEMA_VERSION:
                    raise _newer(str(file), state.schema, "put that version back, too")
                self._mark(scratch, f"{who} put back the backup of {backup.made:%Y-%m-%d %H:%M} UTC")
                now = self._state(scratch)
                with restored(self._url, clean=True) as sink, dumped(scratch.url, now.tables) as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
        return Proof(backup, state.schema, state.rows, (), self._clock.monotonic() - began), aside

    # -- parts -------------------------------------------------------------------------------------------------------
    def _made(self, engine: Engine) -> Proof:
        made = self._clock.now()
        with typed_files(self.folder):
            file = new_file(self.folder, made)
            with claimed(file.with_suffix(PART)) as part:
                state, was = self._sealed(engine, part, to_ms(made))
                began = self._clock.monotonic()
                with self._scratch(engine) as scratch:
                    if self._fill(scratch, part) != was or self._state(scratch) != state:
                        raise NeedsOperator(
                            f"{part}: what was sealed does not come out again; look at the disk it is on, and at the "
                            "log of the database server"
                        )
                part.replace(file)
                settled(self.folder)
            backup = Backup(file, made, state.schema, file.stat().st_size, SORT)
        return Proof(backup, state.schema, state.rows, (), self._clock.monotonic() - began)

    def _sealed(self, engine: Engine, part: Path, made: int) -> tuple[State, str]:
        """Dumps one state into a sealed file; the state, and the hash of its dump."""
        apart = engine.execution_options(isolation_level="REPEATABLE READ")
        with typed(self.where, "back the store up"), apart.connect() as tx:
            snapshot = str(tx.execute(text("SELECT pg_export_snapshot()")).scalar())
            state = _seen(tx, self.where)
            about = {"made": made, "schema": state.schema, "store": SORT}
            with dumped(self._url, state.tables, snapshot=snapshot) as source:
                was = seal_from(source, part, secret=self._secret, chance=self._chance, about=about)
        return state, was

    def _fill(self, scratch: Engine, file: Path) -> str:
        """Puts what a backup holds into the scratch database; the hash of it."""
        with typed_files(file), restored(scratch.url) as sink:
            return unseal_into(file, sink, secret=self._secret)

    def _state(self, engine: Engine) -> State:
        with typed(self.where, "look through what was restored"), engine.connect() as tx:
            return _seen(tx, self.where)

    def _readable(self, engine: Engine) -> bool:
        """Whether there is a store to be kept. :raises NewerStore: if a newer syncd wrote it."""
        with typed(self.where, "look for the store"), engine.connect() as tx:
            if not inspect(tx).has_table(meta.name):
                return False
            schema = _seen(tx, self.where).schema
        if schema > SCHEMA_VERSION:
            raise _newer(self.where, schema, "let `store` name a new, empty database, and put the backup back there")
        return True

    def _flaws(self, scratch: Engine) -> Iterator[str]:
        for name in self._connections(scratch):
            with closing(open_store(_full(scratch), name, clock=self._clock, chance=self._chance)) as store:
                yield from (f"{name}: {flaw}" for flaw in store.verify_audit().flaws)

    def _mark(self, scratch: Engine, why: str) -> None:
        """Brings the scratch database to this schema and says in it that it was put back."""
        open_database(_full(scratch)).close()
        for name in self._connections(scratch):
            with closing(open_store(_full(scratch), name, clock=self._clock, chance=self._chance)) as store:
                store.note_restored(Restored(self._clock.now(), why))

    def _connections(self, scratch: Engine) -> Sequence[str]:
        """The connections that ever worked on a store."""
        with typed(self.where, "look through what was restored"), scratch.connect() as tx:
            keys = tx.execute(select(meta.c.key).where(meta.c.key.like("generation:%")).order_by(meta.c.key)).scalars()
            return [key.partition(":")[2] for key in keys]

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        engine = create_engine(self._url, poolclass=NullPool, hide_parameters=True)
        try:
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[Engine]:
        """The server, for one backup of this store at a time.

        :raises RetryLater: while somebody else has it. :raises NeedsOperator: if a tool or a right is lacking.
        """
        for tool in (DUMP, RESTORE):
            found(tool)
        with self._engine() as engine:
            apart = engine.execution_options(isolation_level="AUTOCOMMIT")
            with typed(self.where, "back the store up"), apart.connect() as held:
                may = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                if not held.execute(text(may)).scalar():
                    raise NeedsOperator(
                        f"{self.where}: a backup is proven in a scratch database, and this user may make none; let its "
                        "administrator say ALTER ROLE … CREATEDB"
                    )
                if not held.execute(select(func.pg_try_advisory_lock(self._number(held)))).scalar():
                    raise RetryLater(
                        f"{self.where}: another backup of it is being made, verified or put back; try again when that "
                        "is done",
                        sent=False,
                    )
                yield engine

    def _number(self, tx: Connection) -> int:
        """Tells stores of one server apart."""
        ours = tx.execute(select(func.current_database(), func.current_schema())).one()
        return int.from_bytes(hashlib.blake2b(repr(tuple(ours)).encode(), digest_size=7).digest(), "big")

    @contextmanager
    def _scratch(self, engine: Engine) -> Iterator[Engine]:
        """An empty database for one at a time, of the store's encoding; whatever it held before was left by a kill."""
        apart = engine.execution_options(isolation_level="AUTOCOMMIT")
        with typed(self.where, "make a scratch database"), apart.connect() as tx:
            name = f"{SCRATCH}{self._number(tx):014x}"
            schema = str(tx.execute(select(func.current_schema())).scalar())
            encoding, collation, kind = tx.execute(
                text(
                    "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database "
                    "WHERE datname = current_database()"
                )
            ).one()
            drop = text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            tx.execute(drop)
            tx.execute(
                text(
                    f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE '{collation}' "
                    f"LC_CTYPE '{kind}'"
                )
            )
            scratch = create_engine(self._url.set(database=name), poolclass=NullPool, hide_parameters=True)
            try:
                with scratch.begin() as first:
                    first.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}"))
                yield scratch
            finally:
                scratch.dispose()
                tx.execute(drop)


def _seen(tx: Connection, where: str) -> State:
    """What a transaction sees of the store. :raises NeedsOperator: if there is none."""
    there = set(inspect(tx).get_table_names())
    found = tx.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar() if meta.name in there else None
    if found is None or not str(found).isdigit():
        raise NeedsOperator(f"{where}: there is no store of syncd in it")
    schema = str(tx.execute(select(func.current_schema())).scalar())
    ours = sorted(({table.name for table in metadata.sorted_tables} | {VERSIONS}) & there)
    rows: dict[str, int] = {name: _count(tx, metadata.tables[name]) for name in COUNTED if name in there}
    return State(int(found), [f"{_quoted(schema)}.{_quoted(name)}" for name in ours], rows)


def _count(tx: Connection, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _full(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def _newer(what: str, schema: int, advice: str) -> NewerStore:
    return NewerStore(f"{what}: written by a newer syncd (schema {schema}, this one knows {SCHEMA_VERSION}); {advice}")
