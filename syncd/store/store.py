"""``SqlStore``: everything syncd remembers of one connection, put together from its topics.

Each topic is a class of its own file; they share one database and never call each other. What spans topics is the one
transaction of ``Intents.settle``, which uses the topics' write functions.
"""

from __future__ import annotations

from sqlalchemy import Engine

from syncd.model.operator import Deed
from syncd.ports.system import Chance, Clock
from syncd.store.appended import AppendedRows
from syncd.store.assignments import Assignments
from syncd.store.chain import Chain
from syncd.store.charges import Charges
from syncd.store.cursors import Cursors
from syncd.store.database import Database
from syncd.store.doors import SqlDoors
from syncd.store.engine import file_of
from syncd.store.exports import Exports
from syncd.store.generation import Generation, witness_beside
from syncd.store.hints import Hints
from syncd.store.history import History
from syncd.store.intents import Intents
from syncd.store.leases import Leases
from syncd.store.ledger import Ledger
from syncd.store.letters import Letters
from syncd.store.links import Links
from syncd.store.outbox import Outboxes
from syncd.store.privacy import Privacy
from syncd.store.pruning import Pruning
from syncd.store.rewrites import Rewrites
from syncd.store.snapshot import Snapshots
from syncd.store.vault import Vault
from syncd.store.waiting import Waiting
from syncd.store.words import Words


class SqlStore(
    Links,
    Intents,
    Rewrites,
    Chain,
    Charges,
    Waiting,
    History,
    Cursors,
    Leases,
    Privacy,
    Ledger,
    Assignments,
    AppendedRows,
    Outboxes,
    Words,
    Letters,
    Pruning,
    Exports,
    Hints,
):
    """``ports.store.Store`` on SQLite or PostgreSQL, bound to one connection name.

    Thread-safe: every method is a transaction on a connection of its own. The tables must be there (``open_store``).
    """

    def __init__(self, engine: Engine, connection: str, *, clock: Clock, chance: Chance) -> None:
        self._database = Database(engine)
        self._connection = connection
        self._clock = clock
        self._snapshots = Snapshots(self._database)
        self._vault = Vault(connection, chance)
        self._generation = Generation(self._database, connection, clock, chance, witness_beside(engine))

    @property
    def engine(self) -> Engine:
        """The database, for what shares it: the budget of calls."""
        return self._database.engine

    @property
    def lasts(self) -> bool:
        """Whether it outlives this process; one in memory does not."""
        return self.engine.dialect.name != "sqlite" or file_of(self.engine.url) is not None

    def note_reading(self, deed: Deed) -> None:
        """Stores that somebody reads personal data, beside the deeds of operators."""
        SqlDoors(self._database).begin_deed(deed)

    def close(self) -> None:
        """Closes all connections to the database."""
        self._database.close()
