"""Puts together what tells people: for a daemon a thread of its own, for a single command a look at its end.

Where no target is configured nothing of it is made: no thread, no listener, no row, no import.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from syncd.model.errors import SyncdError
from syncd.model.values import Instant, Side
from syncd.observe.log import emit, listen, unlisten
from syncd.system import SystemChance, SystemClock, holder_name, surely_gone

if TYPE_CHECKING:
    from syncd.model.errors import Flaw
    from syncd.model.notice import Item, Message
    from syncd.model.remote import RemoteRef
    from syncd.operations.alarms import Alarms
    from syncd.operations.heartbeats import Pulse
    from syncd.operations.telling import Teller
    from syncd.ports.post import Posted
    from syncd.settings.accounts import Loaded
    from syncd.store import SqlStore

TICK: Final = 1.0
PATIENCE: Final = 12.0
"""Seconds that a receiver has for one message, in a daemon."""
ALARMS: Final = 30.0
"""Seconds between two looks at what no event begins."""
FAREWELL: Final = 1.5
"""Seconds that a daemon's last look may take when it ends."""
AT_ONCE: Final = 5.0
"""Seconds that a command waits at its end for its notices to be taken; what is not taken then waits in the store."""


def unreadable_targets(loaded: Loaded) -> tuple[Flaw, ...]:
    """A flaw for each target and each heartbeat whose address cannot be used."""
    beats: tuple[Flaw, ...] = ()
    if loaded.notify.heartbeats:
        from syncd.post.calling import trouble_with_beat  # noqa: PLC0415 - heavy, see the module
        from syncd.settings.notify import unusable  # noqa: PLC0415

        beats = tuple(unusable(loaded.notify.heartbeats, trouble_with_beat))
    if not loaded.notify.urls:
        return beats
    from syncd.post import trouble_with  # noqa: PLC0415 - heavy, see the module
    from syncd.post.by_apprise import ADVICE  # noqa: PLC0415
    from syncd.settings.notify import unreadable  # noqa: PLC0415

    return (*unreadable(loaded.notify, trouble_with, ADVICE), *beats)


def post_to(loaded: Loaded, target: str, message: Message) -> Posted:
    """Sends one message past the outbox, and says what came back."""
    from syncd.post import ApprisePost  # noqa: PLC0415 - heavy, see the module

    return ApprisePost(lambda: _urls(loaded))(target, message)


def _urls(loaded: Loaded) -> Mapping[str, Callable[[], str]]:
    return {name: lambda url=url: url().get_secret_value() for name, url in loaded.notify.urls.items()}  # type: ignore[misc]


def build_teller(loaded: Callable[[], Loaded], store: Callable[[str], SqlStore], *, patience: float) -> Teller:
    """Hears, gathers and sends for the connections of a configuration, which may be another one from time to time.

    :param patience: seconds that a receiver has for one message.
    """
    from syncd.operations.hearing import Hearing  # noqa: PLC0415 - heavy, see the module
    from syncd.operations.telling import Teller  # noqa: PLC0415
    from syncd.post import ApprisePost  # noqa: PLC0415
    from syncd.system import Hands  # noqa: PLC0415

    telling, connections = loaded().notify.telling, tuple(loaded().connections)
    clock, chance = SystemClock(), SystemChance()
    hearing = Hearing(
        outbox=store,
        clock=clock,
        lock=threading.Lock(),
        me=holder_name("notices"),
        default=connections[0],
        connections=frozenset(connections),
        events=telling.events,
    )
    return Teller(
        telling=telling,
        connections=connections,
        several=lambda: len(loaded().connections) > 1,
        outbox=store,
        hearing=hearing,
        post=ApprisePost(lambda: _urls(loaded()), patience=patience),
        clock=clock,
        chance=chance,
        abreast=Hands(4),
        gone=surely_gone,
        pages=lambda name, item: pages(loaded(), name, store(name), item),
    )


def pages(loaded: Loaded, connection: str, store: SqlStore, item: Item) -> Sequence[str]:
    """The addresses of the records that an item names, by itself or by its link, in their vendors' pages."""
    from connectors.hubspot.paths import page as hubspot  # noqa: PLC0415 - heavy, see the module
    from connectors.salesforce.ids import page as salesforce  # noqa: PLC0415
    from syncd.operations.wording import ref_in  # noqa: PLC0415

    refs: dict[Side, RemoteRef] = {}
    named = ref_in(item)
    if named is not None and item.get("side") in {str(side) for side in Side}:
        refs[Side(item["side"])] = named
    if item.get("link"):
        for linked in store.by_link([item["link"]]).values():
            refs |= {side: linked.link.refs.of(side) for side in Side}
    bound = store.bound().get(Side.MARKETING)
    found: list[str | None] = []
    if Side.MARKETING in refs and bound is not None:
        found.append(hubspot(bound.name, bound.account, refs[Side.MARKETING]))
    if Side.CRM in refs:
        found.append(salesforce(loaded.connection(connection).crm.login_url, refs[Side.CRM].id))
    return [page for page in found if page is not None]


class Beating:
    """A daemon's thread that calls the addresses of dead man's switches; ``loaded`` is the configuration of today,
    ``store`` one that other daemons work on as well, if it is such a one.
    """

    def __init__(
        self, loaded: Callable[[], Loaded], ca_file: str | None, store: Callable[[str], SqlStore] | None
    ) -> None:
        from syncd.operations.heartbeats import Heartbeats, was_well  # noqa: PLC0415 - nothing of it where not used
        from syncd.post.calling import Calling  # noqa: PLC0415

        def elsewhere(connection: str, since: Instant, now: Instant) -> bool:
            try:
                return store is not None and was_well(store(connection), since, now)
            except SyncdError:  # a store that does not answer is told of by whoever works on it
                return False

        self._hearts = Heartbeats(lambda: _pulses(loaded()), Calling(ca_file), SystemClock(), elsewhere)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    @property
    def at_work(self) -> bool:
        """Whether an address is still waited for."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins to listen and to call."""
        listen(self._hearts.heard)
        self._thread.start()

    def close(self) -> None:
        """Ends; a call under way is not waited for."""
        self._stop.set()
        unlisten(self._hearts.heard)
        self._thread.join(TICK / 10)

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            try:
                self._hearts.tick()
            except Exception as why:  # noqa: BLE001 - a call that nobody foresaw to fail so must end no daemon
                emit("heartbeat.failed", target="", reason=f"{type(why).__name__}, which nobody foresaw; report it")


def _pulses(loaded: Loaded) -> Sequence[Pulse]:
    from syncd.operations.heartbeats import Pulse  # noqa: PLC0415 - nothing of it where not used

    return [
        Pulse(
            each.name,
            lambda url=each.url: url().get_secret_value(),  # type: ignore[misc]
            mine,
            each.every,
            private=each.private,
        )
        for each in loaded.notify.heartbeats
        if (mine := each.connections & loaded.connections.keys())
    ]


class Notices:
    """A daemon's thread that tells people. ``start`` and ``close`` are called by whoever runs the daemon."""

    def __init__(self, teller: Teller, alarms: Alarms) -> None:
        self.teller = teller
        self._alarms = alarms
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    @property
    def at_work(self) -> bool:
        """Whether a receiver is still waited for."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins to listen and to tell."""
        listen(self.teller.hearing.heard)
        listen(self._alarms.outages.heard)
        self._thread.start()

    def close(self) -> None:
        """Gathers what was heard; what cannot be sent within a moment is sent after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(FAREWELL)
        unlisten(self.teller.hearing.heard)
        unlisten(self._alarms.outages.heard)

    def _run(self) -> None:
        ticks = 0
        trouble = False
        while not self._stop.wait(TICK):
            try:
                if ticks % int(ALARMS / TICK) == 0:
                    self._alarms.look()
                ticks += 1
                self.teller.tick()
                trouble = False
            except Exception as why:  # noqa: BLE001 - telling people must go on, whatever one message was like
                if not trouble:
                    foreseen = isinstance(why, SyncdError)
                    reason = str(why) if foreseen else "nobody foresaw this; report it with this line"
                    emit("notify.unkept", error=type(why).__name__, reason=reason)
                trouble = True
        self.teller.at_once()


@contextmanager
def notified(loaded: Loaded, store: SqlStore, connection: str) -> Iterator[None]:
    """Tells at the end of a block what happened in it, and what earlier ones could not tell.

    Not after a Ctrl-C: then it is in the store, and told by whoever comes next.
    """
    if not loaded.notify.telling.targets:
        yield
        return
    teller = build_teller(lambda: loaded, lambda _: store, patience=AT_ONCE - 1)
    teller.hearing.default, teller.hearing.connections = connection, frozenset({connection})
    teller.connections, teller.turn = (connection,), AT_ONCE
    listen(teller.hearing.heard)
    try:
        yield
    except Exception:
        _within(teller.at_once, AT_ONCE)
        raise
    else:
        _within(teller.at_once, AT_ONCE)
    finally:
        unlisten(teller.hearing.heard)


def _within(deed: Callable[[], None], seconds: float) -> None:
    thread = threading.Thread(target=deed, name="notices", daemon=True)
    thread.start()
    thread.join(seconds)
