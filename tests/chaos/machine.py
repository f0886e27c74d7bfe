"""The processes of one house, and what a machine may do to them: kill, freeze, take away the room for their files.

Standard error goes through a pipe, so that a limit on the size of files hits the store and not the log, and nothing
that was written is lost with whoever wrote it.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.evidence import Ended
from tests.forked import Forked
from tests.scenarios.processes import ROOT, SYNCD

PATIENCE: Final = 30.0
"""Seconds that a process is waited for which was told to stop."""
LATE: Final = 40.0
"""Seconds after which a process that is to die in its first cycle dies without one."""


class Process:
    """One call of the program with its standard error. ``excused`` says that it may end by itself, and why not 0;
    ``at_once`` that it begins as ``tests/forked.py`` has it.
    """

    def __init__(
        self, name: str, config: Path, *words: str, environ: Mapping[str, str], at_once: bool = False
    ) -> None:  # fmt: skip
        self.name = name
        self.words = words
        self.began = time.monotonic()
        self.running: float | None = None
        self.frozen = False
        self.excused = words[0] != "run"  # a single call ends by itself
        self._by = "itself"
        self._told = bytearray()
        self._popen = (Forked if at_once else subprocess.Popen)(
            [*SYNCD, "--config", str(config), *words],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **environ},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stderr is not None
        while part := os.read(self._popen.stderr.fileno(), 1 << 16):
            self._told += part
            if self.running is None and b'"run.started"' in part:
                self.running = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._popen.poll()

    @property
    def cycled(self) -> bool:
        """Whether it has finished a cycle."""
        return b'"run.finished"' in self._told

    def tail(self) -> str:
        """The last lines of its standard error that are not about single calls."""
        lines = [line for line in self._told.decode(errors="replace").splitlines() if '"api.call"' not in line]
        return "\n".join(lines[-12:])

    def kill(self) -> None:
        """SIGKILL, frozen or not."""
        if self.alive:
            self._by = "killed"
            self._popen.kill()
        self._popen.wait(PATIENCE)

    def stop(self) -> None:
        """SIGTERM, and waits for the end; whoever does not stop in time is killed, which is told by its exit code."""
        self.thaw()
        if self.alive:
            self._by = "stopped"
            self._popen.terminate()
        try:
            self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait(PATIENCE)

    def freeze(self) -> None:
        """SIGSTOP."""
        if self.alive:
            self._popen.send_signal(signal.SIGSTOP)
            self.frozen = True

    def thaw(self) -> None:
        """SIGCONT."""
        if self.alive:
            self._popen.send_signal(signal.SIGCONT)
        self.frozen = False

    def limit(self, size: int) -> None:
        """No file may grow beyond ``size`` bytes from now on; ``resource.RLIM_INFINITY`` lifts that."""
        if self.alive:
            resource.prlimit(self._popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def ended(self) -> Ended:
        """What it leaves behind, once it has ended."""
        self._reader.join(PATIENCE)
        whole, _, rest = self._told.decode(errors="replace").rpartition("\n")
        by = "trouble" if self._by == "itself" and self.excused else self._by
        code = self._popen.wait(PATIENCE)
        if self._popen.stderr is not None:
            self._popen.stderr.close()
        return Ended(self.name, by, code, tuple(whole.splitlines()), rest)


@dataclass(slots=True)
class Life:
    """One process: how many seconds after its start, or after its first cycle began, it dies, and how. ``beside`` says
    that it came in addition to those who are to be at work.
    """

    process: Process
    dies: float
    how: str
    once_running: bool
    beside: bool = False

    @property
    def over(self) -> bool:
        """Whether its time has come; whoever is long in beginning is not waited for."""
        late = self.process.began + LATE
        since = (self.process.running or late) if self.once_running else self.process.began
        return time.monotonic() >= since + self.dies


class Disk:
    """A folder for a store that can be filled: a small tmpfs where mounting is allowed, else limits on processes."""

    def __init__(self, folder: Path, *, size: str = "24m") -> None:
        self.folder = folder
        folder.mkdir()
        asked = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        self.mounted = subprocess.run(asked, capture_output=True, check=False).returncode == 0
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Takes all the room that is left."""
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue  # full: what is asked for

    def empty(self) -> None:
        """Gives the room back."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Takes the disk away."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
            self.mounted = False
