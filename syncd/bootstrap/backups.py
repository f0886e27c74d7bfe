"""A daemon's thread that makes backups: the first when the latest is old enough, then one each interval, and one now
when a person asks for it.

How old the latest is stands in the folder itself, so that restarts neither skip one nor make too many. What fails is
told, and tried again after a while; the sync goes on meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from syncd.model.backup import latest_by
from syncd.model.errors import BadUsage, RetryLater, SyncdError
from syncd.observe.log import emit
from syncd.system import SystemChance, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.model.values import Instant
    from syncd.ports.system import Clock
    from syncd.settings.accounts import BackupSettings, Loaded
    from syncd.store.backup import Backups
    from syncd.store.postgres_backup import PostgresBackups

    AnyBackups = Backups | PostgresBackups

LOOK: Final = 15.0
"""Seconds between two looks at whether one is due."""
AGAIN: Final = 900.0
"""Seconds until one that failed is tried again, at most."""
FAREWELL: Final = 2.0
"""Seconds that one under way is waited for at the end; what it leaves is taken away by the next one."""


def backups_of(settings: BackupSettings | None, url: str, clock: Clock) -> AnyBackups:
    """The backups of a store as they are configured.

    :raises BadUsage: if none are, or the store is in memory.
    """
    from syncd.store.backup import Backups, store_file  # noqa: PLC0415 - the cipher, which most commands save
    from syncd.store.engine import read_url  # noqa: PLC0415 - the same

    file = read_url(url).drivername == "sqlite"
    if file:
        store_file(url)
    if settings is None:
        raise BadUsage("no backups are configured; give backup.folder and backup.key_file in syncd.yaml")
    secret = settings.key().get_secret_value()
    if file:
        return Backups(url, settings.folder, secret, clock=clock, chance=SystemChance())
    from syncd.store.postgres_backup import PostgresBackups  # noqa: PLC0415 - only where it is asked for

    return PostgresBackups(url, settings.folder, secret, clock=clock, chance=SystemChance())


def back_up(settings: BackupSettings, url: str, clock: Clock) -> None:
    """Makes one, proves it, and takes those away that are too many. Says how it went."""
    backups = backups_of(settings, url, clock)
    began = clock.monotonic()
    proof = backups.make()
    gone = backups.prune(settings.keep)
    emit(
        "backup.made",
        backup=proof.backup.file.name,
        bytes=proof.backup.size,
        ms=round((clock.monotonic() - began) * 1000),
        gone=gone,
    )


class Keeper:
    """Makes backups while a daemon works. ``start`` and ``close`` are called by whoever runs the daemon."""

    def __init__(self, loaded: Callable[[], Loaded]) -> None:
        self._loaded = loaded
        self._clock = SystemClock()
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backups", daemon=True)
        self._not_before = float("-inf")
        self._made = float("-inf")
        self.asked: Instant | None = None
        """Since when a person waits for one."""
        self.failed = ""
        """Why the latest that was tried could not be made."""

    @property
    def at_work(self) -> bool:
        """Whether one is under way."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def ask(self) -> None:
        """Has one made now; asked for twice before it is made it is one."""
        self.asked = self.asked or self._clock.now()
        self._woken.set()

    def close(self) -> None:
        """Ends; a backup under way is left off if it takes longer than a moment."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(FAREWELL)

    def latest(self) -> Instant | None:
        """When the latest backup was made that is there, none from the future; ``None`` if there is none.

        :raises NeedsOperator: if the folder cannot be read.
        """
        from syncd.store.shelf import backups_in  # noqa: PLC0415 - the cipher, which most commands save

        settings = self._loaded().backup
        found = None if settings is None else latest_by(self._clock.now(), backups_in(settings.folder))
        return None if found is None else found.made

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._woken.wait(LOOK)
            self._woken.clear()

    def look(self) -> None:
        """Makes one if it is due, or asked for."""
        settings = self._loaded().backup
        began, asked = self._clock.monotonic(), self.asked
        if settings is None:
            return
        try:
            if asked is None and not self._due(settings, began):
                return
            back_up(settings, self._loaded().store_url().get_secret_value(), self._clock)
            self._made = began  # by a clock that nobody sets back
            self._answered(asked, "")
        except RetryLater:
            return  # somebody else makes or verifies one at this moment: the next look sees what became of it
        except Exception as why:  # noqa: BLE001 - a backup that fails in an unforeseen way must not be the last one
            self._not_before = self._clock.monotonic() + min(AGAIN, settings.every)
            reason = str(why) if isinstance(why, SyncdError) else "nobody foresaw this; report it with this line"
            self._answered(asked, reason)
            emit("backup.failed", error=type(why).__name__, reason=reason)

    def _answered(self, asked: Instant | None, failed: str) -> None:
        """Whoever asked while one was being made waits on: it does not hold what was stored since it began."""
        self.failed = failed
        if self.asked is asked:
            self.asked = None

    def _due(self, settings: BackupSettings, now: float) -> bool:
        if now < max(self._not_before, self._made + settings.every):
            return False
        latest = self.latest()
        return latest is None or (self._clock.now() - latest).total_seconds() >= settings.every
