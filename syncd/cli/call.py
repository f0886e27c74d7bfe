"""One call of the program: what its global options say, and how it gets at the configuration, the store, the world.

``Call`` is made by ``main`` and handed to every command. Logs are set up twice: before the configuration is read, and
again with the level it names. On a terminal only warnings are shown unless ``--log-level`` says otherwise, because a
person reads the results there; away from a terminal every line is kept.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from syncd.model.errors import BadConfig, Flaw, NeedsOperator, NoStore
from syncd.observe.log import configure_logs

if TYPE_CHECKING:
    from syncd.bootstrap import Absent
    from syncd.engine.world import World
    from syncd.model.run import Lease, Pause
    from syncd.ports.store import Store
    from syncd.settings.accounts import Loaded
    from syncd.settings.main_file import Outline
    from syncd.store import SqlRoster

    Read = TypeVar("Read", Loaded, Outline)

_SECRET_FILE: Final = re.compile(r"(connections(?:\.[a-z0-9_]+)+)_file: ")


@dataclass(frozen=True, slots=True)
class Call:
    """The global options of one call."""

    config: Path | None = None
    connection: str | None = None
    log_level: str | None = None
    told: list[str] = field(default_factory=list, compare=False)
    """Records that the command is about, by id, as it said itself."""

    def tell(self, *records: str) -> None:
        """Says by id whom the command is about, for its deed (``noting``): an address that was typed is not kept."""
        self.told.extend(records)

    def begin(self) -> None:
        """Logs of this call, before the configuration is known."""
        configure_logs(level=self.log_level or ("warning" if sys.stderr.isatty() else "info"))

    def loaded(self) -> Loaded:
        """The whole configuration.

        :raises BadConfig: with every flaw found.
        """
        return self._told(_read(self.config, os.environ))

    def loaded_without_secrets(self) -> tuple[Loaded, tuple[Flaw, ...]]:
        """The configuration for commands that reach no vendor, and the flaws of its secret files.

        A secret whose file is missing or unfit is replaced by a word that no vendor accepts.

        :raises BadConfig: if anything but a vendor's secret file is wrong; with every flaw found.
        """
        try:
            return self.loaded(), ()
        except BadConfig as trouble:
            secrets = {flaw: found[1] for flaw in trouble.flaws if (found := _SECRET_FILE.match(flaw.what))}
            if len(secrets) < len(trouble.flaws):
                raise
        stood_in = {f"SYNCD_{name.upper().replace('.', '__')}": "not-needed" for name in secrets.values()}
        return self._told(_read(self.config, {**os.environ, **stood_in})), tuple(secrets)

    def outlined(self) -> Outline:
        """What is connected and where it is remembered, for commands that look at the store alone.

        :raises BadConfig: with every flaw of ``syncd.yaml``; the mapping files are not looked at.
        """
        from syncd.bootstrap import read_outline

        return self._told(read_outline(self.config, os.environ))

    def _told(self, read: Read) -> Read:
        if self.log_level is None and not sys.stderr.isatty():
            configure_logs(level=read.log_level)
        return read

    @contextmanager
    def world(self, *, read_only: bool, loaded: Loaded | None = None, absent: Absent | None = None) -> Iterator[World]:
        """Store and connectors of the chosen connection, whose name is on every log line meanwhile.

        :param loaded: the configuration, if it was read already.
        :param absent: as in ``open_world``. Whoever keeps a wish says ``REFUSED``: one that is kept in memory is lost.
        """
        from syncd.bootstrap import open_world
        from syncd.observe.log import bound

        with (
            open_world(
                loaded or self.loaded(), self.connection, who=who(), read_only=read_only, absent=absent
            ) as world,
            bound(connection=world.connection.name),
        ):
            yield world

    @contextmanager
    def looking(self, *, loaded: Loaded | None = None) -> Iterator[World]:
        """The same without writing, for a look at a few records: it goes on where calls are kept for what is urgent.

        :raises NoStore: if nothing is remembered that could be looked at.
        """
        from syncd.bootstrap import Absent
        from syncd.engine.sparing import urgently

        with self.world(read_only=True, loaded=loaded, absent=Absent.REFUSED) as world, urgently(world):
            yield world

    @contextmanager
    def memory(self) -> Iterator[Store]:
        """Only the store of the chosen connection: needs no credentials and no network.

        :raises NoStore: if there is none.
        """
        from syncd.bootstrap import open_memory

        with open_memory(self.outlined(), self.connection) as store:
            yield store

    def hasten(self) -> None:
        """Lets a daemon, if one works, take the chosen connection's next turn now."""
        from syncd.bootstrap import open_roster
        from syncd.system import SystemClock

        outline = self.outlined()
        with open_roster(outline) as roster:
            roster.hasten(outline.chosen(self.connection), SystemClock().now())

    def daemon_works(self) -> bool:
        """Whether a daemon on this store gave a sign of life lately; where there is no store, none did."""
        from syncd.operations.worker import DEAD
        from syncd.system import SystemClock, surely_gone

        with self._roster() as roster:
            now = SystemClock().now()
            beats = [each for each in roster.workers() if not surely_gone(each.id)] if roster else []
        return any((now - each.beat).total_seconds() < DEAD for each in beats)

    def leases(self) -> Sequence[Lease]:
        """The leases of this store that are held, of whatever connection; not those of processes that are gone."""
        from syncd.system import SystemClock, surely_gone

        with self._roster() as roster:
            held = roster.leases(SystemClock().now()) if roster else []
        return [each for each in held if not surely_gone(each.holder)]

    def paused(self) -> Pause | None:
        """Who paused the connection, if somebody did."""
        from syncd.system import SystemClock

        name = self.outlined().chosen(self.connection)
        with self._roster() as roster:
            return roster.turns([name], SystemClock().now())[name].paused if roster else None

    @contextmanager
    def _roster(self) -> Iterator[SqlRoster | None]:
        """Whose turn it is and who works; ``None`` where there is no store yet, on which nobody can."""
        from syncd.bootstrap import open_roster

        with ExitStack() as opened:
            try:
                roster: SqlRoster | None = opened.enter_context(open_roster(self.outlined()))
            except NoStore:
                roster = None
            yield roster

    def not_paused(self) -> None:
        """Refuses to write for a connection that is paused.

        :raises NeedsOperator: naming who paused it, and how to go on.
        """
        paused = self.paused()
        if paused is not None:
            name = self.outlined().chosen(self.connection)
            why = f" ({paused.reason})" if paused.reason else ""
            raise NeedsOperator(
                f"connection {name} was paused by {paused.who}{why}; go on with `{self.again('resume')}`"
            )

    def again(self, *words: str) -> str:
        """A command line to type next, with the global options of this call in front."""
        options: list[str] = []
        if self.config is not None:
            options += ["--config", str(self.config)]
        if self.connection is not None:
            options += ["--connection", self.connection]
        return shlex.join(["syncd", *options, *words])


def who() -> str:
    """Who asks: the user as the machine knows them, whatever ``LOGNAME`` and ``USER`` say, which anybody can set.

    ``cli`` where it knows none of that number, as in many a container.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "cli"


def _read(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    from syncd.bootstrap import read_config

    return read_config(path, environ)
