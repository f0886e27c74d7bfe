"""Listens to log events and keeps those that somebody is to be told of, so that a crash loses none of them.

Promises: of each kind of event the first ten are in the store before ``emit`` returns; of a burst the rest follows when
it has doubled, and at the latest when it is gathered. Nothing that goes wrong here disturbs whoever emitted the event:
what the store does not take just now is kept in memory and put with the next event.

It knows no targets' addresses and sends nothing. Events that the store itself tells of may come out of the midst of one
of its transactions, in which a second one would wait for the first; they are put with what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from syncd.core.notices import ENDS, NAMED, state
from syncd.model.errors import SyncdError
from syncd.model.notice import KEPT, Heard, Item
from syncd.model.values import Instant, instant, stamp
from syncd.observe.log import masked
from syncd.ports.outbox import HEARD, Outbox
from syncd.ports.system import Clock

UNTOLD: Final = frozenset({"connection", "run", "cycle", "page", "what", "trace", "template"})
"""Keys that a message does not carry: what every line has, and sentences, which are for the log alone."""
OVER: Final = frozenset({"run.finished", "run.failed"})
"""Events that end a cycle."""
SETTLED: Final = 2.0
"""Seconds after the end of a cycle in which what belongs to it may still be told."""
REST: Final = 30.0
"""Seconds that nothing is put into a store which has refused it."""
_STORES_OWN: Final = "store."
_keeping: ContextVar[bool] = ContextVar("keeping", default=False)


@dataclass(slots=True)
class _Heap:
    """All events of one kind of one connection since they were gathered last."""

    name: str
    event: str
    at: Instant
    items: dict[str, Item] = field(default_factory=dict)
    more: int = 0
    kept: int = 0

    def add(self, item: Item) -> bool:
        """Whether it is time to keep the heap."""
        name = state(self.event, item)
        if name in self.items:
            return False
        if len(self.items) < KEPT:
            self.items[name] = item
        else:
            self.more += 1
        size = len(self.items) + self.more
        return size <= NAMED or size >= 2 * self.kept

    def told(self) -> Heard:
        return Heard(self.event, self.at, tuple(self.items.values()), self.more)


@dataclass(slots=True)
class Hearing:
    """``heard`` is given to ``log.listen``. ``me`` names this process among those that keep rows in one store.

    Events of no connection are kept with ``default``. ``events`` and ``connections`` may be replaced at any time.
    """

    outbox: Callable[[str], Outbox]
    clock: Clock
    lock: AbstractContextManager[object]
    me: str
    default: str
    connections: frozenset[str]
    events: frozenset[str]
    _heaps: dict[tuple[str, str], _Heap] = field(default_factory=dict)
    _over: dict[str, float] = field(default_factory=dict)
    _serial: int = 0
    _rests: float = float("-inf")

    def heard(self, event: str, keys: Mapping[str, Any]) -> None:
        """One event, with the keys that are bound where it happened."""
        connection = str(keys.get("connection") or self.default)
        connection = connection if connection in self.connections else self.default
        if event in OVER:
            self._cycle_over(connection)
        if event not in self.events and ENDS.get(event) not in self.events:
            return
        with self.lock:
            if not self._waits(connection) and self._since_over(connection) > SETTLED:
                self._over.pop(connection, None)
            heap = self._heaps.get((connection, event))
            if heap is None:
                self._serial += 1
                name = f"{HEARD}{self.me}:{self._serial}:{event}"
                heap = self._heaps[connection, event] = _Heap(name, event, self.clock.now())
            due = heap.add(as_item(keys))
            content = written(heap.told()) if due else b""
            size = len(heap.items) + heap.more
        rests = self.clock.monotonic() < self._rests
        if due and not rests and not event.startswith(_STORES_OWN) and not _keeping.get():
            self._keep(connection, heap, content, size)

    def _cycle_over(self, connection: str) -> None:
        """The first end counts, after the oldest event that waits: cycles may follow each other closely."""
        with self.lock:
            if not self._waits(connection) or connection not in self._over:
                self._over[connection] = self.clock.monotonic()

    def _waits(self, connection: str) -> bool:
        return any(name == connection for name, _ in self._heaps)

    def _since_over(self, connection: str) -> float:
        return self.clock.monotonic() - self._over.get(connection, float("-inf"))

    def _keep(self, connection: str, heap: _Heap, content: bytes, size: int) -> None:
        before = _keeping.set(True)
        try:
            self.outbox(connection).exchange((), {heap.name: content}, self.clock.now())
            heap.kept = max(heap.kept, size)
        except SyncdError:
            # Whoever gathers tries again, and tells of it. A store that is locked must not hold up each event anew.
            heap.kept = 0
            self._rests = self.clock.monotonic() + REST
        finally:
            _keeping.reset(before)

    # -- for whoever gathers -----------------------------------------------------------------------------------------
    def is_over(self, connection: str, *, patience: float) -> bool:
        """Whether the cycle of what was heard is over, or the oldest of it has waited for so many seconds."""
        with self.lock:
            oldest = min((heap.at for (name, _), heap in self._heaps.items() if name == connection), default=None)
            settled = SETTLED <= self._since_over(connection) < float("inf")
        return oldest is not None and (settled or abs((self.clock.now() - oldest).total_seconds()) >= patience)

    def take(self, connection: str) -> dict[str, Heard]:
        """Everything heard of a connection, by the names of its rows; what comes later begins anew."""
        with self.lock:
            mine = [key for key in self._heaps if key[0] == connection]
            heaps = [self._heaps.pop(key) for key in mine]
            if heaps:
                self._over.pop(connection, None)
        return {heap.name: heap.told() for heap in heaps}

    def give_back(self, connection: str, taken: Mapping[str, Heard]) -> None:
        """What was taken and could not be gathered is there to be taken again."""
        with self.lock:
            for name, heard in taken.items():
                heap = _Heap(name, heard.event, heard.at, {state(heard.event, each): each for each in heard.items})
                heap.more = heard.more
                later = self._heaps.get((connection, heard.event))
                for item in later.items.values() if later else ():
                    heap.add(item)
                heap.more += later.more if later else 0
                self._heaps[connection, heard.event] = heap

    def at_work(self, connection: str) -> frozenset[str]:
        """Names of the rows that still grow."""
        with self.lock:
            return frozenset(heap.name for (name, _), heap in self._heaps.items() if name == connection)


def as_item(keys: Mapping[str, Any]) -> Item:
    """The keys of an event that a message may carry, as masked texts."""
    told = {key: value for key, value in keys.items() if key not in UNTOLD and value not in (None, "")}
    return {key: masked(value if isinstance(value, str) else _plain(value)) for key, value in told.items()}


def _plain(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def written(heard: Heard) -> bytes:
    """What a row holds."""
    return orjson.dumps({"event": heard.event, "at": stamp(heard.at), "items": heard.items, "more": heard.more})


def read(content: bytes) -> Heard | None:
    """What a row says; ``None`` if another version of syncd wrote it in a way that this one does not know."""
    try:
        told = orjson.loads(content)
        items = tuple({str(key): str(value) for key, value in item.items()} for item in told["items"])
        return Heard(str(told["event"]), instant(told["at"]), items, int(told["more"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
