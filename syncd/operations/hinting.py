"""Takes the vendor's webhooks: judges each call, keeps the ids it is about, and hands them to the store now and then.

Promises

* Of a call only ids are kept, and only if it is signed, young, and about the account that the connection is bound to.
* Nothing that comes in costs more than its share: calls a second are limited, those that are not believed more
  strictly; the same call twice is one; what waits is bounded here and in the store; the log says the same once a
  minute.
* The answer is given before anything is stored. A hint that is lost then is no loss: the poll finds the change.

It reaches no vendor and hastens no cycle.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import blake2b
from typing import Final

from syncd.model.errors import NeedsOperator, SyncdError
from syncd.model.hint import MOST, Called, Hint, later
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.observe.log import bound, emit
from syncd.ports.hints import Caller
from syncd.ports.store import Store
from syncd.ports.system import Clock

LARGEST: Final = 1 << 20
"""Bytes of a body; 100 events with long values are rarely half of it."""
CALLS: Final = 20.0
"""Calls a second in the long run; the vendor has ten under way at a time at most."""
BURST: Final = 60.0
UNBELIEVED: Final = 2.0
"""Calls a second that may turn out not to be the vendor's. Beyond, all are told to come again."""
DOUBTS: Final = 20.0
SEEN: Final = 4_096
"""So many calls are remembered, to know a replayed one."""
QUIET: Final = 60.0
"""Seconds between two lines of the log that say the same."""


class Answered(IntEnum):
    """What the caller is told; the vendor repeats a call over a day for all but the first."""

    TAKEN = 204
    UNREADABLE = 400
    REFUSED = 401
    UNKNOWN = 404
    SLOW = 408
    TOO_LARGE = 413
    LATER = 429
    UNREADY = 503


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the vendor calls for one connection, and with which secret. ``objects`` are those that are synced."""

    connection: str
    url: str
    secret: Callable[[], str]
    objects: frozenset[str]


@dataclass(slots=True)
class _Bucket:
    """So many in a second, and a burst of more."""

    rate: float
    burst: float
    left: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.left = self.burst

    def has(self, now: float) -> bool:
        if self.at is not None:
            self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        return self.left >= 1

    def take(self) -> None:
        self.left = max(0.0, self.left - 1)


@dataclass(slots=True)
class Intake:
    """One listener's. ``hooks`` are those of today's configuration by path; ``lock`` is held for moments only."""

    hooks: Callable[[], Mapping[str, Hook]]
    caller: Caller
    store: Callable[[str], Store]
    clock: Clock
    lock: AbstractContextManager[object]
    _calls: _Bucket = field(default_factory=lambda: _Bucket(CALLS, BURST))
    _doubts: _Bucket = field(default_factory=lambda: _Bucket(UNBELIEVED, DOUBTS))
    _seen: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _kept: dict[str, dict[RemoteRef, Hint]] = field(default_factory=dict)
    _accounts: dict[str, str] = field(default_factory=dict)
    _counted: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _told: dict[tuple[str, str, str], float] = field(default_factory=dict)

    # -- a call ------------------------------------------------------------------------------------------------------
    def begin(self, path: str, method: str, headers: Mapping[str, str], length: int | None) -> Answered | Hook:
        """What is known before a body is read: the connection that the call is for, or why it is not read at all."""
        hook = self.hooks().get(path)
        if hook is None or method != "POST":
            return Answered.UNKNOWN
        with self.lock:
            now = self.clock.monotonic()
            if not (self._calls.has(now) and self._doubts.has(now)):
                self._note("refused", hook.connection, "too many calls")
                return Answered.LATER
            self._calls.take()
            if length is not None and length > LARGEST:
                self._note("refused", hook.connection, "too large")
                return Answered.TOO_LARGE
            doubt = self.caller.early(Called(method, hook.url, headers), self.clock.now())
            if doubt is not None:
                self._doubts.take()
                self._note("refused", hook.connection, str(doubt))
                return Answered.REFUSED
        return hook

    def end(self, hook: Hook, method: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Judges a whole call and keeps what it is about."""
        if len(body) > LARGEST:
            return self._refused(hook, "too large", Answered.TOO_LARGE)
        try:
            secret = hook.secret()
        except NeedsOperator:
            return self._refused(hook, "the secret cannot be read", Answered.UNREADY)
        called = Called(method, hook.url, headers, body)
        doubt = self.caller.doubt(called, secret, self.clock.now())
        if doubt is not None:
            with self.lock:
                self._doubts.take()
            return self._refused(hook, str(doubt), Answered.REFUSED)
        told = self.caller.read(body)
        if told is None:
            return self._refused(hook, "unreadable", Answered.UNREADABLE)
        account = self._account(hook.connection)
        with self.lock:
            if self._is_replayed(called):
                self._note("dropped", hook.connection, "the same call again", len(told))
                return Answered.TAKEN
            kept = self._kept.setdefault(hook.connection, {})
            for each in told:
                if each.hint.ref.object not in hook.objects:
                    continue
                if each.account != account:
                    self._note("dropped", hook.connection, "another account")
                    self._accounts.pop(hook.connection, None)  # it may be bound anew since
                elif (before := kept.get(each.hint.ref)) is not None:
                    kept[each.hint.ref] = later(each.hint, before)
                elif len(kept) < MOST:
                    kept[each.hint.ref] = each.hint
                else:
                    self._note("dropped", hook.connection, "too many wait")
        return Answered.TAKEN

    def _is_replayed(self, called: Called) -> bool:
        """Whether what is signed came before, with whatever headers: what the vendor repeats itself is signed anew."""
        mark = blake2b(self.caller.signed(called), digest_size=16).digest()
        if mark in self._seen:
            return True
        self._seen[mark] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return False

    def _account(self, connection: str) -> str | None:
        """The account that a connection is bound to; nobody's before its first cycle."""
        if connection not in self._accounts:
            try:
                bound_to = self.store(connection).bound().get(Side.MARKETING)
            except SyncdError:  # whoever flushes tells of a store that is in trouble
                return None
            if bound_to is None:
                return None
            self._accounts[connection] = bound_to.account
        return self._accounts[connection]

    def _refused(self, hook: Hook, reason: str, answered: Answered) -> Answered:
        with self.lock:
            self._note("refused", hook.connection, reason)
        return answered

    def _note(self, what: str, connection: str, reason: str, records: int = 1) -> None:
        self._counted[what, connection, reason] += records

    # -- now and then ------------------------------------------------------------------------------------------------
    def flush(self) -> None:
        """Hands what was kept to the store, and tells what was not; called every half second or so by one thread."""
        with self.lock:
            kept, self._kept = self._kept, {}
        for connection, hints in kept.items():
            if hints:
                with bound(connection=connection):
                    self._keep(connection, list(hints.values()))
        with self.lock:
            now = self.clock.monotonic()
            due = [key for key in self._counted if now - self._told.get(key, float("-inf")) >= QUIET]
            told = {key: self._counted.pop(key) for key in due}
            self._told |= dict.fromkeys(due, now)
        for (what, connection, reason), records in told.items():
            with bound(connection=connection):
                if what == "refused":
                    emit("webhooks.refused", reason=reason, records=records)
                else:
                    emit("webhooks.dropped", reason=reason, records=records)

    def _keep(self, connection: str, hints: Sequence[Hint]) -> None:
        try:
            dropped = self.store(connection).note_hints(hints, self.clock.now())
        except SyncdError:
            dropped = len(hints)
            with self.lock:
                self._note("dropped", connection, "the store did not take them", dropped)
            return
        if dropped:
            with self.lock:
                self._note("dropped", connection, "too many wait", dropped)
        if dropped < len(hints):
            emit("webhooks.heard", records=len(hints) - dropped)
