"""Turns what a database says went wrong into the errors of syncd: what, where, and what to do next.

``typed`` is the only place where a driver's exception is looked at: wrapped by SQLAlchemy or, from a statement that ran
on SQLite's own cursor (``dialects.run``), as it is. It promises that neither leaves the store, and that the text holds
no parameters (they may be personal data).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from syncd.model.errors import Bug, NeedsOperator, RetryLater, SyncdError
from syncd.store.engine import sqlite_module

_SQLITE_LATER: Final = {
    "BUSY": "another process has kept the store locked for too long; try again when it is done",
    "LOCKED": "another process has kept the store locked for too long; try again when it is done",
    "INTERRUPT": "the statement was interrupted; try again",
}
_SQLITE_OPERATOR: Final = {
    "FULL": "the disk is full; make room and try again, as a daemon does by itself; nothing of this was stored",
    "READONLY": "the store cannot be written; check the rights of the file and its folder, and that the disk is not "
    "mounted read-only",
    "IOERR": "the disk reports an I/O error; check it, then start again or restore a backup",
    "CORRUPT": "the store file is damaged; put the latest backup in its place (syncd sees that it is older, compares "
    "and asks you), or move the file away and link the records again",
    "NOTADB": "the file is not a SQLite database (or is encrypted); check the `store` setting",
    "CANTOPEN": "the store file cannot be opened; check that its folder exists and is writable, and that its disk has "
    "room for one more file (`df -i`)",
    "PERM": "access to the store file is denied; check its owner and rights",
    "AUTH": "access to the store file is denied; check its owner and rights",
    "NOLFS": "the file system cannot hold so large a file; move the store",
    "TOOBIG": "a row is larger than SQLite allows; leave the longest text fields out of the mapping",
}
_POSTGRES_LATER: Final = ("08", "40", "53", "55", "57", "58")
"""Lost connection, serialization and deadlock, resources, lock not available, shutdown, system error: PostgreSQL
manual, appendix A."""
_POSTGRES_OPERATOR: Final = {
    "25": "the database is read-only (a standby?); point `store` at the primary",
    "28": "the database refused the login; check user and password in the `store` setting",
    "3D": "the database does not exist; create it or correct the `store` setting",
    "3F": "the schema does not exist; create it or correct the `store` setting",
    "42501": "the database user lacks a right; grant it CREATE and all rights on the schema",
    "53100": "the disk of the database server is full; make room and try again, as a daemon does by itself",
    "XX": "the database server reports damage; ask its administrator before anything is written",
}


@contextmanager
def typed(where: str, deed: str) -> Iterator[None]:
    """Runs a block and turns database errors into ours.

    :param where: the store, without a password.
    :param deed: what was being done, for the sentence ("read links").
    :raises RetryLater: busy, lost connection, deadlock; nothing was stored.
    :raises NeedsOperator: full, read-only, damaged, replaced, no right to it.
    :raises Bug: anything else.
    """
    try:
        yield
    except SyncdError:
        raise
    except PoolTimeout as error:
        raise RetryLater(
            f"{where}: cannot {deed}: all connections to the store are in use; try again, or run fewer workers",
            sent=False,
        ) from error
    except (DBAPIError, sqlite_module().Error) as error:
        first = _first(error)
        if isinstance(first, DBAPIError):
            raise explained(where, deed, first.orig, invalidated=first.connection_invalidated) from error
        raise explained(where, deed, first, invalidated=False) from error
    except SQLAlchemyError as error:
        raise Bug(f"{where}: cannot {deed}: {type(error).__name__}; please report this") from error


def _first(error: BaseException) -> BaseException:
    """The error that came first: on a full disk SQLite ends the transaction, and what follows stumbles over that."""
    found = error
    driver = sqlite_module()
    earlier: BaseException | None = error
    while earlier is not None:
        broken = isinstance(earlier, (DBAPIError, driver.Error))
        if broken and not isinstance(earlier, (IntegrityError, driver.IntegrityError)):
            found = earlier
        earlier = earlier.__context__
    return found


def explained(where: str, deed: str, origin: BaseException | None, *, invalidated: bool) -> SyncdError:
    """The error of ours that a driver's error stands for; ``invalidated``: the connection broke with it."""
    start = f"{where}: cannot {deed}"
    name = str(getattr(origin, "sqlite_errorname", None) or "").removeprefix("SQLITE_")
    if name:
        short = name.partition("_")[0]
        if name == "READONLY_DBMOVED":
            return NeedsOperator(f"{start}: the store file was moved or replaced while it was open; start again")
        if short in _SQLITE_LATER:
            return RetryLater(f"{start}: {_SQLITE_LATER[short]}", sent=False)
        if short in _SQLITE_OPERATOR:
            return NeedsOperator(f"{start}: {_SQLITE_OPERATOR[short]}")
        return Bug(f"{start}: SQLite says {name}; please report this")
    state = str(getattr(origin, "sqlstate", None) or "") or _connect_state(str(origin))
    for key in (state, state[:2]):
        if key in _POSTGRES_OPERATOR:
            return NeedsOperator(f"{start}: {_POSTGRES_OPERATOR[key]}")
    unreached = not state and type(origin).__name__ in {"OperationalError", "ConnectionTimeout", "InterfaceError"}
    if state[:2] in _POSTGRES_LATER or invalidated or unreached:
        return RetryLater(f"{start}: the database server cannot be reached or is busy; try again soon", sent=False)
    return Bug(f"{start}: {type(origin).__name__} {state or 'without a code'}; please report this")


def _connect_state(words: str) -> str:
    """The SQLSTATE of a refused login: libpq reports what happens before a session exists in words only."""
    if "authentication failed" in words or "no password supplied" in words or "role " in words:
        return "28000"
    if "database " in words and "does not exist" in words:
        return "3D000"
    return ""
