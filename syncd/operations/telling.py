"""Gathers what was heard into one notice per target and cycle, and sends notices until each target has taken its own.

Promises

* What was heard becomes a notice in one transaction, and what a target was told is remembered in the same one: a crash
  at any point loses nothing and tells nothing twice, but for the notice that was being sent, which then says so.
* A target gets its notices in the order they arose. One that takes none is asked again after 5 s, then twice as long
  up to ten minutes; the others are sent to beside it.
* One process at a time gathers and sends for a connection. Nothing here waits inside a cycle.
* What may wait for a target (quiet hours, a digest), and all there is during maintenance, is kept beside it in the same
  transaction, and told in one message when its time has come.

At most ``MOST`` notices wait per target and connection; then the oldest is given up, which is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final

import orjson

from syncd.core.notices import apart, news, standing
from syncd.core.resting import planned
from syncd.model.errors import Stopping, SyncdError
from syncd.model.notice import Heard, Item, Message, News, Notice, Target, Telling
from syncd.model.values import Instant, stamp
from syncd.observe.log import bound, emit
from syncd.operations.hearing import Hearing, read, written
from syncd.operations.kept_notices import restored, stored, told_of, told_to, waiting_for
from syncd.operations.resting import as_planned, is_due, later_of, may_wait, read_later, resting, written_later
from syncd.operations.wording import as_sent, at_last, message
from syncd.ports.outbox import HEARD, REST, RESTS, TELLS, WAITING, Outbox
from syncd.ports.post import Post
from syncd.ports.system import Abreast, Chance, Clock

PATIENCE: Final = 20.0
"""Seconds that what was heard waits at most for the end of its cycle: an alert arrives within a minute."""
LEFT: Final = 30.0
"""Seconds after which what another process heard, and did not gather, is gathered by whoever looks."""
LOOK: Final = 30.0
"""Seconds between two looks for what others left."""
RIGHT: Final = timedelta(seconds=90)
"""How long the right to gather and send is taken for; a round is shorter."""
ROUND: Final = 20.0
FIRST: Final = 5.0
LONGEST: Final = 600.0
MOST: Final = 3_000


@dataclass(slots=True)
class _Pause:
    """A target that took nothing: how often in a row, and when it is asked again."""

    times: int
    until: float


@dataclass(slots=True)
class _Lot:
    """What one transaction of the outbox takes and puts, and how many notices are given up by it, by target."""

    gone: list[str]
    put: dict[str, bytes] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Teller:
    """``tick`` is called every second or so by one thread; ``at_once`` at the end of a command.

    ``several`` says whether commands must name the connection; ``pages`` finds the addresses of the records that an
    item of a connection is about; ``gone`` judges names of processes; ``turn`` is the seconds after which a target's
    turn ends, however much waits for it.
    """

    telling: Telling
    connections: Sequence[str]
    outbox: Callable[[str], Outbox]
    hearing: Hearing
    post: Post
    clock: Clock
    chance: Chance
    abreast: Abreast
    several: Callable[[], bool]
    pages: Callable[[str, Item], Sequence[str]]
    gone: Callable[[str], bool] = lambda _: False
    turn: float = ROUND
    _pauses: dict[str, _Pause] = field(default_factory=dict)
    _again: dict[str, float] = field(default_factory=dict)
    _looked: dict[str, float] = field(default_factory=dict)
    _swept: set[str] = field(default_factory=set)
    _trouble: str = ""

    def use(self, telling: Telling, connections: Sequence[str]) -> None:
        """Another configuration, from now on."""
        self.telling, self.connections = telling, connections
        self.hearing.events, self.hearing.connections = telling.events, frozenset(connections)
        self.hearing.default = connections[0]
        for kept in (self._pauses, self._looked, self._swept, self._again):
            kept.clear()

    def tick(self) -> None:
        """Does what is due. Trouble of the store is told once and costs this tick."""
        now = self.clock.monotonic()
        for name in self.connections:
            looks = now - self._looked.get(name, float("-inf")) >= LOOK
            over = self.hearing.is_over(name, patience=PATIENCE)
            if looks or over or now >= self._again.get(name, float("inf")):
                self._look(name, self.hearing.take(name) if over else {})
                self._looked[name] = now if looks else self._looked.get(name, now)

    def at_once(self) -> None:
        """Gathers everything that was heard, and asks each target once."""
        for name in self.connections:
            self._look(name, self.hearing.take(name))

    def _look(self, connection: str, taken: dict[str, Heard]) -> None:
        """Gathers what was taken, if there is anything, and what others left, and sends what waits."""
        try:
            with bound(connection=connection):
                if taken or self._is_due(connection):
                    self._turn(connection, self.outbox(connection), taken)
            self._trouble = ""
        except Stopping:
            raise
        except SyncdError as trouble:
            if not self._trouble:
                emit("notify.unkept", error=type(trouble).__name__, reason=str(trouble))
            self._trouble = str(trouble)

    def _is_due(self, connection: str) -> bool:
        """Whether something was left by others, or waits and may be sent. Only reads: most looks find nothing."""
        outbox, again = self.outbox(connection), self._again.get(connection, float("-inf"))
        if outbox.rows(HEARD, 1) or (self.clock.monotonic() >= again and outbox.rows(WAITING, 1)):
            return True
        if outbox.rows(RESTS, 1):
            return True
        return planned(self.clock.now(), connection, self.telling.maintenance) is not None

    def _turn(self, connection: str, outbox: Outbox, taken: dict[str, Heard]) -> None:
        now = self.clock.now()
        gathered = False
        try:
            if not outbox.seize(TELLS, self.hearing.me, now, now + RIGHT):
                if taken:  # for whoever has the right: this process may end before it gets it
                    outbox.exchange((), {name: written(each) for name, each in taken.items()}, now)
                return
            if connection not in self._swept:
                self._sweep(outbox)
                self._swept.add(connection)
            rests = resting(outbox)
            if rests is not None and rests.until <= now:  # the last of it is told with its end
                taken = {**taken, **self.hearing.take(connection)}
            self._gather(connection, outbox, taken)
            gathered = True
            self._release(connection, outbox)
        finally:
            if not gathered:
                self.hearing.give_back(connection, taken)
        try:
            targets = [each for each in self.telling.targets if not self._paused(each.name)]
            left = self.abreast([partial(self._send, connection, outbox, each) for each in targets])
            self._again.pop(connection, None)
            if any(left) or len(targets) < len(self.telling.targets):
                pauses = [self._pauses[each.name].until for each in self.telling.targets if self._paused(each.name)]
                unasked = any(more and not self._paused(each.name) for more, each in zip(left, targets, strict=True))
                self._again[connection] = self.clock.monotonic() if unasked else min(pauses)
        finally:
            now = self.clock.now()
            outbox.seize(TELLS, self.hearing.me, now, now)

    def _sweep(self, outbox: Outbox) -> None:
        """Gives up what waits for targets that nobody has configured any more."""
        known = {each.name for each in self.telling.targets}
        names: dict[str, list[str]] = {}
        for row in outbox.rows(WAITING, MOST):
            target = row.name.split(":")[2]
            if target not in known:
                names.setdefault(target, []).append(row.name)
        for target, rows in names.items():
            outbox.exchange([*rows, told_to(target)], {}, self.clock.now())
            emit("notify.dropped", target=target, records=len(rows), reason="no target has that name any more")

    # -- gathering ---------------------------------------------------------------------------------------------------
    def _gather(self, connection: str, outbox: Outbox, taken: Mapping[str, Heard]) -> None:
        heard, lost = dict(taken), 0
        growing, now = self.hearing.at_work(connection), self.clock.now()
        for row in outbox.rows(HEARD, MOST):
            theirs = row.name.removeprefix(HEARD).rsplit(":", 2)[0]
            fresh = abs((now - row.at).total_seconds()) < LEFT and not self.gone(theirs)
            if row.name in taken or row.name in growing or fresh:
                continue
            told = read(row.content)
            lost += told is None
            heard[row.name] = told or Heard("", row.at, ())
        if heard:
            self._write(connection, outbox, heard, now)
        if lost:
            emit("notify.dropped", target="", records=lost, reason="another version of syncd wrote them")

    def _write(self, connection: str, outbox: Outbox, heard: Mapping[str, Heard], now: Instant) -> None:
        """Turns what was heard into a notice per target, in one transaction."""
        lot = _Lot(list(heard))
        rests = as_planned(connection, outbox, self.telling, now)
        all_of_it = [each for each in heard.values() if each.event]
        for target in self.telling.targets:
            if not target.hears_of(connection):
                continue
            told = told_of(outbox.rows(told_to(target.name), 1))
            found, known = news(all_of_it, target, told, now=now, repeat=self.telling.repeat)
            if known != told:
                lot.put[told_to(target.name)] = orjson.dumps(known)
            at_once, waits = may_wait(target, found, self.telling.pages, now)
            if rests is not None:  # though it may be over: then all of it is told with that, and once
                at_once, waits = [], list(found)
            if waits:
                later = read_later(outbox.rows(later_of(target.name), 1), now)
                later.add(waits, told=told)
                lot.put[later_of(target.name)] = written_later(later)
            self._add(lot, outbox, target, self._texts(connection, target, at_once), now)
        self._exchange(outbox, lot, now)

    def _texts(self, connection: str, target: Target, found: Sequence[News]) -> list[Message]:
        """The messages about what is news: one for all of it, or one for each state."""
        made = partial(message, connection, several=self.several(), pages=lambda item: self.pages(connection, item))
        if not target.incidents:
            return [made(found)] if found else []
        return [made([each], key=f"{connection}\t{name}" if name else "") for name, each in apart(found)]

    def _add(self, lot: _Lot, outbox: Outbox, target: Target, texts: Sequence[Message], now: Instant) -> None:
        """Puts messages behind those that wait for a target; the oldest of too many are given up."""
        if not texts:
            return
        waiting = outbox.rows(waiting_for(target.name), MOST + 1)
        number = max(_ms(now), int(waiting[-1].name.split(":")[3]) + 1 if waiting else 0)
        for place, text in enumerate(texts[:MOST]):
            notice = Notice(self.chance.identifier()[:8], now, text)
            lot.put[f"{waiting_for(target.name)}{number + place:015d}"] = stored(notice)
        if over := waiting[: max(0, len(waiting) + len(texts) - MOST)]:
            lot.gone += [row.name for row in over]
            lot.dropped[target.name] = len(over)

    def _exchange(self, outbox: Outbox, lot: _Lot, now: Instant) -> None:
        outbox.exchange(lot.gone, lot.put, now)
        for name, number in lot.dropped.items():
            emit("notify.dropped", target=name, records=number, reason=f"more than {MOST} waited")

    def _release(self, connection: str, outbox: Outbox) -> None:
        """Tells what waited, to whom it may be told now; and after maintenance what still is wrong."""
        now = self.clock.now()
        rests = as_planned(connection, outbox, self.telling, now)
        if rests is not None and now < rests.until:
            return
        lot = _Lot([REST] if rests is not None else [])
        for target in self.telling.targets:
            if not target.hears_of(connection):
                continue
            later = read_later(outbox.rows(later_of(target.name), 1), now)
            still = standing(told_of(outbox.rows(told_to(target.name), 1)))
            if rests is not None and (later or self.telling.pages & target.events):
                later.rested = f"Alerts of {connection} rested since {rests.at:%Y-%m-%d %H:%M} UTC, by {rests.who}" + (
                    f": {rests.reason}" if rests.reason else "."
                )
                lot.put[later_of(target.name)] = written_later(later)
            if later and is_due(target, later, self.telling.pages, still, now):
                lot.put.pop(later_of(target.name), None)
                lot.gone.append(later_of(target.name))
                texts = self._texts(connection, target, later.told())
                if not target.incidents:
                    (text,) = texts or [Message(f"syncd {connection}", "", "info")]
                    texts = [at_last(text, connection, later, still)]
                self._add(lot, outbox, target, texts, now)
        if lot.gone or lot.put:
            self._exchange(outbox, lot, now)
        if rests is not None:
            emit("maintenance.ended", since=stamp(rests.at), who=rests.who)

    # -- sending -----------------------------------------------------------------------------------------------------
    def _paused(self, target: str) -> bool:
        pause = self._pauses.get(target)
        return pause is not None and self.clock.monotonic() < pause.until

    def _send(self, connection: str, outbox: Outbox, target: Target) -> bool:
        """Sends what waits for a target, until it takes one not; whether something is left."""
        began = self.clock.monotonic()
        while rows := outbox.rows(waiting_for(target.name), 20):
            for row in rows:
                if self.clock.stopping() or self.clock.monotonic() - began > self.turn:
                    return True
                notice = restored(row.content)
                if notice is None:
                    outbox.exchange([row.name], {}, self.clock.now())
                    emit("notify.dropped", target=target.name, records=1, reason="another version of syncd wrote it")
                elif not self._sent(connection, outbox, target.name, row.name, notice):
                    return True
        return False

    def _sent(self, connection: str, outbox: Outbox, target: str, row: str, notice: Notice) -> bool:
        began = self.clock.monotonic()
        tried = replace(notice, tries=notice.tries + 1)
        outbox.exchange((), {row: stored(tried)}, self.clock.now())  # before it is sent: a crash may come after
        posted = self.post(target, as_sent(connection, notice, self.clock.now()))
        if not posted.taken:
            times = self._pauses[target].times + 1 if target in self._pauses else 1
            after = min(LONGEST, FIRST * 2 ** min(times - 1, 20))
            self._pauses[target] = _Pause(times, self.clock.monotonic() + after)
            emit("notify.failed", target=target, notice=notice.id, attempt=tried.tries, after=after, reason=posted.said)
            return False
        outbox.exchange([row], {}, self.clock.now())
        self._pauses.pop(target, None)
        ms = round((self.clock.monotonic() - began) * 1000)
        emit("notify.sent", target=target, notice=notice.id, attempt=tried.tries, ms=ms)
        return True

    # -- for an operator ---------------------------------------------------------------------------------------------
    def readings(self) -> Iterable[tuple[str, tuple[str, ...], float]]:
        """For metrics: how many notices wait."""
        for connection in self.connections:
            for target in self.telling.targets:
                if target.hears_of(connection):
                    number = len(self.outbox(connection).rows(waiting_for(target.name), MOST + 1))
                    yield "syncd_notices_waiting", (connection, target.name), float(number)


def waiting(outbox: Outbox) -> Iterator[tuple[str, Notice]]:
    """What waits to be sent, and to whom, in the order of targets and then of time."""
    for row in outbox.rows(WAITING, MOST):
        notice = restored(row.content)
        if notice is not None:
            yield row.name.split(":")[2], notice


def _ms(at: Instant) -> int:
    return int(at.timestamp() * 1000)
