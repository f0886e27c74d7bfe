"""Who may write for a connection, and which accounts it is bound to.

One row per connection. Its epoch grows at each take and never goes back, so that a worker that slept through its lease
is recognised whatever the clocks say. Taking is one statement: of two that try at once the database lets one through.
A store that went back is noticed when the lease is taken, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, and_, bindparam, literal, or_, select, update

from syncd.model.errors import LeaseLost, WrongAccount
from syncd.model.remote import AccountIdentity
from syncd.model.run import Lease, Mark, Restored
from syncd.model.values import Instant, Side
from syncd.ports.system import Clock
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new, only, run
from syncd.store.generation import Generation
from syncd.store.tables import account
from syncd.store.tables import lease as t

# Made once each: every write takes, keeps or checks the lease.
_OURS: Final = and_(t.c.connection == bindparam("c"), t.c.holder == bindparam("who"), t.c.epoch == bindparam("e"))
_TAKE: Final = (
    update(t)
    .where(t.c.connection == bindparam("c"), or_(t.c.until <= bindparam("now"), t.c.holder == bindparam("h")))
    .values(holder=bindparam("h"), epoch=t.c.epoch + 1, until=bindparam("then"))
    .returning(t.c.epoch)
)
_KEEP: Final = update(t).where(_OURS).values(holder=bindparam("h"), until=bindparam("then")).returning(t.c.epoch)
_HELD: Final = select(literal(1)).where(_OURS, t.c.until > bindparam("now")).with_for_update(read=True)
_BOUND: Final = select(account.c.side, account.c.vendor, account.c.account, account.c.name).where(
    account.c.connection == bindparam("c")
)
_THIS: Final = and_(account.c.connection == bindparam("c"), account.c.side == bindparam("s"))
_NAME: Final = update(account).where(_THIS).values(name=bindparam("now"))
_RIVALS: Final = select(account).where(
    or_(_THIS, and_(account.c.vendor == bindparam("v"), account.c.account == bindparam("a")))
)


class Leases:
    """The lease and the bound accounts of one connection."""

    def __init__(self, database: Database, connection: str, clock: Clock, generation: Generation) -> None:
        self._database = database
        self._connection = connection
        self._clock = clock
        self._generation = generation

    def take_lease(self, holder: str, now: Instant, until: Instant) -> Lease | None:
        """The lease with a new epoch, or ``None`` while another holder's runs. Our own is taken over.

        Whoever takes it notices whether the store went back (``generation``).
        """
        fresh = {"connection": self._connection, "holder": "", "epoch": 0, "until": 0}
        with self._database.writing("take the lease") as tx:
            run(tx, insert_new(tx, t), fresh)
            this = {"c": self._connection, "now": to_ms(now), "h": holder, "then": to_ms(until)}
            epoch = only(run(tx, _TAKE, this))
            if epoch is None:
                return None
            self._generation.taken(tx, now)
        self._generation.tell()
        return Lease(self._connection, holder, epoch, until)

    def lease(self) -> Lease | None:
        """The lease as it stands, live or run out; ``None`` if nobody has it."""
        with self._database.reading("read the lease") as tx:
            row = tx.execute(
                select(t.c.holder, t.c.epoch, t.c.until).where(t.c.connection == self._connection, t.c.holder != "")
            ).one_or_none()
        return None if row is None else Lease(self._connection, row.holder, row.epoch, from_ms(row.until))

    def extend_lease(self, lease: Lease, until: Instant) -> Lease:
        """The same lease, longer. One that ran out while nobody else took it is still ours.

        :raises LeaseLost: if another took it, or it was released.
        """
        with self._database.writing("extend the lease") as tx:
            extended = run(tx, _KEEP, {**_key(lease), "h": lease.holder, "then": to_ms(until)})
        if not extended:
            raise lost(lease)
        self._generation.tell()
        return Lease(lease.connection, lease.holder, lease.epoch, until)

    def release_lease(self, lease: Lease) -> None:
        """Gives the right back; the epoch stays. Releasing a lost lease does nothing."""
        with self._database.writing("release the lease") as tx:
            released = run(tx, _KEEP, {**_key(lease), "h": "", "then": 0})
        if released:
            self._generation.tell()

    def restored(self) -> Restored | None:
        """That the store is an older copy, or another one, as long as nobody has accepted it."""
        return self._generation.restored()

    def mark(self) -> Mark:
        """Where the store stands: its identity, its generation, the head of its audit."""
        return self._generation.mark()

    def note_restored(self, restored: Restored | None) -> None:
        """Stores that, how far it was dealt with, or (``None``) that it is over."""
        self._generation.note(restored)

    def bind(self, side: Side, identity: AccountIdentity) -> None:
        """Binds a side to an account at first use; later only the account's name may change.

        :raises WrongAccount: bound to another account, or the account belongs to another connection or side.
        """
        row = {
            "connection": self._connection,
            "side": str(side),
            "vendor": identity.vendor,
            "account": identity.account,
            "name": identity.name,
            "bound_at": to_ms(self._clock.now()),
        }
        with self._database.writing("bind the account") as tx:
            self._check(tx, side, identity)
            run(tx, insert_new(tx, account), row)
            # Another process may have been quicker: what stands now is what counts.
            self._check(tx, side, identity)
            run(tx, _NAME, {"c": self._connection, "s": str(side), "now": identity.name})

    def bound(self) -> Mapping[Side, AccountIdentity]:
        """The accounts this connection is bound to so far."""
        rows = self._database.once("read the bound accounts", _BOUND, {"c": self._connection})
        return {Side(side): AccountIdentity(vendor, number, name) for side, vendor, number, name in rows}

    def _check(self, tx: Connection, side: Side, identity: AccountIdentity) -> None:
        this = {"c": self._connection, "s": str(side), "v": identity.vendor, "a": identity.account}
        for row in run(tx, _RIVALS, this):
            ours = row.connection == self._connection and row.side == str(side)
            same = (row.vendor, row.account) == (identity.vendor, identity.account)
            if ours and not same:
                raise WrongAccount(
                    f"connection {self._connection}, {side}: the credentials lead to {identity.vendor} account "
                    f"{identity.account}, but this store is bound to {row.vendor} account {row.account}; correct the "
                    "credentials, or use another store for the other account"
                )
            if same and not ours:
                raise WrongAccount(
                    f"connection {self._connection}, {side}: {identity.vendor} account {identity.account} already "
                    f"belongs to connection {row.connection}, {row.side}; an account may be in one connection only"
                )


def check_lease(tx: Connection, lease: Lease, now: Instant) -> None:
    """Inside a writing transaction: the lease is ours and has not run out, and stays so until the commit.

    :raises LeaseLost: otherwise.
    """
    _check(tx, lease, longer_than=to_ms(now))


def check_ours(tx: Connection, lease: Lease) -> None:
    """The same for a lease that may have run out, as long as nobody else took it.

    :raises LeaseLost: otherwise.
    """
    _check(tx, lease)


def _check(tx: Connection, lease: Lease, *, longer_than: int = -1) -> None:
    if not run(tx, _HELD, {**_key(lease), "now": longer_than}):
        raise lost(lease)


def lost(lease: Lease) -> LeaseLost:
    """The error for a lease that is not ours any more."""
    return LeaseLost(
        f"connection {lease.connection}: the lease of {lease.holder} (epoch {lease.epoch}) ran out or was taken by "
        "another worker; nothing more is sent, the next cycle goes on from what is stored",
        sent=False,
    )


def _key(lease: Lease) -> dict[str, str | int]:
    """What ``_OURS`` asks for."""
    return {"c": lease.connection, "who": lease.holder, "e": lease.epoch}
