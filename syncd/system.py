"""The real clock, the real chance, the files that a person names. Everything below the composition root gets the first
two as arguments.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

from syncd.model.errors import BadUsage, Stopping
from syncd.model.values import Instant
from syncd.ports.system import one_by_one

T = TypeVar("T")

_M_ARENA_MAX: Final = -8
"""The name of the option in glibc's malloc.h."""


class SystemClock:
    """The computer's clock, cut to the milliseconds that syncd compares by. ``stop`` ends every wait when it is set."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop

    def now(self) -> Instant:
        """Aware UTC instant, milliseconds."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds that never step back; only for durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits; a time that is over already is not waited for.

        :raises Stopping: when this process is told to stop.
        """
        if self._stop is not None:
            if self._stop.wait(max(0.0, seconds)):
                raise Stopping
        elif seconds > 0:
            time.sleep(seconds)

    def stopping(self) -> bool:
        """Whether this process was told to stop."""
        return self._stop is not None and self._stop.is_set()


class Hands:
    """``ports.system.Abreast`` on threads that all connections of a process share.

    What is done inside a job is done in its thread, one after the other, so that no job waits for a free thread. Log
    keys that are bound where the jobs come from are bound in them, too.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._busy: ContextVar[bool] = ContextVar("busy", default=False)
        self._pool: ThreadPoolExecutor | None = None

    def __call__(self, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Does them all."""
        if len(jobs) < 2 or self._busy.get():
            return one_by_one(jobs)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="hand")
        futures = [self._pool.submit(copy_context().run, self._do, job) for job in jobs]
        wait(futures)
        return [future.result() for future in futures]

    def _do(self, job: Callable[[], T]) -> T:
        self._busy.set(True)
        return job()


MEANWHILE: Final = 5.0
"""Seconds between two moments in which somebody who waits for the next item does something else."""
WORTH: Final = 0.1
"""Seconds that an item must have been waited for. A vendor nearby is read quicker than a thread is worth: two that both
compute hand over to each other at every row of the database (a third more processor time, measured)."""


class _Held(Generic[T]):
    """What a reading thread has read and nobody has taken yet."""

    def __init__(self, items: Iterator[T], weigh: Callable[[T], int], room: int, enough: Callable[[T], bool]) -> None:
        self._items = items
        self._weigh = weigh
        self._room = room
        self._enough = enough
        self._turn = threading.Condition()
        self._waiting: deque[T] = deque()
        self._weight = 0
        self._over = False
        self._left = False
        self._trouble: BaseException | None = None

    def read(self) -> None:
        """Reads until there is no more, or enough; runs in a thread of its own."""
        try:
            for item in self._items:
                with self._turn:
                    self._waiting.append(item)
                    self._weight += self._weigh(item)
                    self._turn.notify_all()
                    self._turn.wait_for(lambda: self._weight <= self._room or self._left)
                if self._left or self._enough(item):
                    return
        except BaseException as trouble:  # noqa: BLE001 - it is raised where the items are taken
            self._trouble = trouble
        finally:
            with self._turn:
                self._over = True
                self._turn.notify_all()

    def take(self, meanwhile: Callable[[], None]) -> Iterator[T]:
        """The items; what broke the reading is raised after those that were read before it."""
        while True:
            with self._turn:
                arrived = self._turn.wait_for(lambda: self._waiting or self._over, timeout=MEANWHILE)
                item = self._waiting.popleft() if self._waiting else None
                if item is not None:
                    self._weight -= self._weigh(item)
                    self._turn.notify_all()
            meanwhile()
            if item is not None:
                yield item
            elif arrived:
                break
        if self._trouble is not None:
            raise self._trouble

    def leave(self) -> None:
        """Nobody takes any more."""
        with self._turn:
            self._left = True
            self._turn.notify_all()


def read_ahead(
    items: Iterator[T],
    *,
    weigh: Callable[[T], int],
    room: int,
    enough: Callable[[T], bool],
    meanwhile: Callable[[], None],
) -> Iterator[T]:
    """``ports.system.Ahead`` on a thread that ends before this does. Log keys that are bound here are bound in it.

    Begins to read ahead once an item was waited for; before, items are read as they are asked for.
    """
    waited = 0.0
    while waited < WORTH:
        began, used = time.monotonic(), time.thread_time()
        item = next(items, None)
        if item is None:
            return
        waited = (time.monotonic() - began) - (time.thread_time() - used)
        meanwhile()
        yield item
        if enough(item):
            return
    held = _Held(items, weigh, room, enough)
    thread = threading.Thread(target=copy_context().run, args=(held.read,), name="ahead", daemon=True)
    thread.start()
    try:
        yield from held.take(meanwhile)
    finally:
        held.leave()
        thread.join()


AT_ONCE: Final = 4
"""Calls to one vendor that are under way at once, at most: HubSpot grants 19 a second, a round trip takes 0.15 s."""
hands: Final = Hands(AT_ONCE)
"""The hands of this process."""


class SystemChance:
    """The operating system's source of chance."""

    def __init__(self) -> None:
        self._jitter = random.SystemRandom()

    def uniform(self, low: float, high: float) -> float:
        """A number in the range, for jitter."""
        return self._jitter.uniform(low, high)

    def token(self, size: int) -> bytes:
        """Unpredictable bytes, for keys and nonces."""
        return secrets.token_bytes(size)

    def identifier(self) -> str:
        """A short unique id, for runs and holders: 16 hex digits."""
        return secrets.token_hex(8)


def holder_name(who: str) -> str:
    """A name for this process that another one can judge: who, host, process id, and when the process began.

    Not ``who@host``: what looks like an address is masked in the log, and there this name must be read.
    """
    pid = os.getpid()
    return f"{who} on {socket.gethostname()}:{pid}:{_began(pid) or 0}"


def alive_here(holder: str) -> bool:
    """Whether the process of that name runs on this host; ``False`` whenever that cannot be known."""
    where, _, began = holder.rpartition(":")
    where, _, pid = where.rpartition(":")
    here = where.rpartition(" on ")[2] == socket.gethostname() and pid.isdigit()
    return here and str(_began(int(pid))) == began


def surely_gone(holder: str) -> bool:
    """Whether the process of that name ran on this host and is no more; ``False`` whenever that cannot be known."""
    where, _, began = holder.rpartition(":")
    where, _, pid = where.rpartition(":")
    if where.rpartition(" on ")[2] != socket.gethostname() or not pid.isdigit() or not Path("/proc/self/stat").exists():
        return False
    return str(_began(int(pid)) or 0) != began


def _began(pid: int) -> int | None:
    """Clock ticks from the start of the computer to that of a process; ``None`` if there is no such process."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(told.rpartition(")")[2].split()[19])


def few_arenas() -> None:
    """Lets all threads share two pools of memory, where the C library can be told so (glibc).

    By default every thread gets its own, of which little is ever given back: 19 of 152 MB of an idle daemon.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    except (OSError, AttributeError):
        return  # another C library; nothing is lost but memory


def calm_collector() -> None:
    """Leaves what a process loads once to itself, and makes the rounds of the garbage collector rarer.

    Records, bases and plans hold no cycles; walking over them again and again was a fifth of a big cycle's time, and
    still a tenth at 10,000 new objects a round. The price: 2 MB more at the peak.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """A block that writes to a file which a person named.

    :raises BadUsage: if it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise BadUsage(f"{out} cannot be written ({error.strerror}); name a file in a folder of yours") from error


def prove_writable(out: Path) -> None:
    """Before an hour of work whose result goes to a file: whether it can be written. Leaves the file as it was.

    :raises BadUsage: if it cannot be.
    """
    there = out.exists()
    with writing(out):
        out.open("ab").close()
        if not there:
            out.unlink()
