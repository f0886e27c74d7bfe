"""Plays one scenario: people and a daemon at work, faults and kills, then quiet; a pure function of the scenario.

The daemon takes its turns as the real one does (a cycle, then resyncs until the next is due); people act whenever the
clock passes their moment, in the middle of a call too. Then the vendors behave again, nobody is killed,
and the daemon gets the time it needs; only then the oracle looks. Every call, point and deed goes into the trace, whose
hash tells whether a replay was the same.

Length: one play from its first turn to its verdict, whose steps share all that has happened.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from sandbox.faults.arming import WrongArming, arm
from sandbox.faults.calls import creating
from sandbox.kernel import HttpRequest, HttpResponse, Kernel, NothingToHit
from syncd.engine.cycle import Ended, sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.wishing import looked_at_next
from syncd.engine.world import World
from syncd.lab.arena import Arena
from syncd.lab.crowd import Crowd
from syncd.lab.line import sort_of
from syncd.lab.lives import Killed, Life
from syncd.lab.loudness import Loudness
from syncd.lab.operating import let_all_go_on, operate
from syncd.lab.oracle import judged
from syncd.lab.scenario import Happening, Scenario
from syncd.lab.swarm import CREATING, UNANSWERED, Arming
from syncd.lab.upsets import remapped
from syncd.lab.violation import Violation
from syncd.lab.witness import Witness
from syncd.model.errors import SyncdError
from syncd.model.values import Side
from syncd.observe.log import listen

FOLDER: Final = re.compile(r"\S*/syncd-arena-[^/]+/")
"""Where an arena's configuration lay (``founding``)."""
TAKING_AWAY: Final = frozenset({"record-deleted", "record-erased"})
"""Faults that take a record from its side."""
FIELDS_GONE: Final = frozenset({"field-deleted", "field-renamed"})
"""Faults after which a vendor field stands in no record any more, whatever stood in it."""
WRITING: Final = ("batch.update", "batch.upsert", "batch.create", "collections.update", "collections.upsert")
"""Calls by which syncd moves the stamps of records."""
RESTART: Final = 5.0
"""Seconds until a killed process is there again."""
QUIET_AFTER: Final = 12 * 60.0
"""Seconds after which no request that was given up is still carried out."""
HEALING: Final = 540.0
"""Seconds after the first cycle in which everything is to come right: with the quiet before longer than a horizon, and
too short to be taken for an outage, of which the play has two anyway."""
CATCHING_UP: Final = 20
"""Turns in which a backlog is read, at most."""
SETTLING: Final = (540.0,) * 5 + (3600.0,) * 5
"""Pauses between further cycles, after which nothing may move any more."""
HOUR: Final = 3600.0


@dataclass(slots=True)
class Result:
    """What became of one scenario. ``fired`` counts faults by name and the operation they hit; of the ``points`` the
    first ``exposed`` ones are those at which a life can end, since in quiet nobody is killed. ``checked`` are the
    promises of which something came up that could have broken them.
    """

    seed: str
    violations: list[Violation]
    trace: str
    calls: int = 0
    edits: int = 0
    crashes: int = 0
    points: int = 0
    exposed: int = 0
    turns: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    done: list[str] = field(default_factory=list)
    listed: int = 0
    loud: int = 0
    checked: list[str] = field(default_factory=list)
    judged: int = 0


def play(arena: Arena, scenario: Scenario) -> Result:
    """Plays a scenario in an arena whose first link is made, and judges it."""
    return _Play(arena, scenario).go()


class _Play:
    def __init__(self, arena: Arena, scenario: Scenario) -> None:
        self.arena = arena
        self.scenario = scenario
        self.kernels: Sequence[tuple[str, Kernel]] = (("hubspot", arena.hubspot), ("salesforce", arena.salesforce))
        kinds = arena.settings.connection.kinds
        self.crowd = Crowd(arena.hubspot, arena.salesforce, kinds, ms=lambda: arena.clock.ms)
        self.witness = Witness(arena, self.crowd.ledger)
        self.loudness = Loudness(arena, scenario.poll)
        self.hash = hashlib.blake2b(digest_size=16)
        self.lines: list[str] = []
        self.began = arena.clock.ms
        self.points = arena.effects.count
        self.todo: list[Happening | Arming] = sorted(
            [*scenario.happenings, *scenario.armed], key=lambda each: each.at, reverse=True
        )
        self.acting = False
        self.world: World | None = None
        self.life: Life | None = None
        self.remap: int | None = None
        self.turning = False
        self.full = False
        self.exposed = 0
        self.still = False
        self.result = Result(scenario.seed, [], "")

    def go(self) -> Result:
        """The whole play."""
        calls = sum(len(kernel.calls) for _, kernel in self.kernels)
        self.begin()
        try:
            self._work()
            self.exposed = self.arena.effects.count - self.points
            self.stabilize()
        finally:
            self.arena.clock.moved = lambda: None
        return self._told(calls)

    def begin(self) -> None:
        """From now on everything is heard, and people act as time passes."""
        arena, scenario = self.arena, self.scenario
        arena.effects.kills = {self.points + number for number in scenario.kills}
        arena.effects.failing = {arena.effects.stored + number for number in scenario.failing}
        arena.senses.trace = self._traced
        arena.senses.heard = self._heard
        arena.effects.passed = self.witness.passed
        arena.senses.latency.seed(scenario.latency)
        arena.clock.moved = self._act
        self.witness.know_pairs()
        listen(self.witness.overheard)

    def stabilize(self) -> None:
        """Everything comes right, and is judged."""
        self._heal()
        self.result.violations += judged(self.witness)
        self.result.violations += self._still()
        self.result.violations += self.loudness.broken[:5]

    def _told(self, calls: int) -> Result:
        """What became of it, counted; ``calls`` there were before."""
        arena, result, points = self.arena, self.result, self.points
        result.calls = sum(len(kernel.calls) for _, kernel in self.kernels) - calls
        result.edits = len(self.crowd.ledger.done)
        result.crashes = len(arena.effects.killed)
        result.points = arena.effects.count - points
        result.exposed = self.exposed
        result.done = self.crowd.ledger.done
        result.loud = self.loudness.asked
        result.checked = self._checked()
        result.listed, result.judged = self.witness.listed, self.witness.judged
        for _, kernel in self.kernels:
            for call in kernel.calls:
                if call.fault:
                    hit = sort_of(call.path) if call.operation == "fault" else call.operation
                    result.fired[f"{call.fault.partition(',')[0]} {hit}"] += 1
                if call.operation in WRITING and call.status < HTTPStatus.MULTIPLE_CHOICES:
                    result.fired.update(("echo", f"echo {call.operation}"))
            for name, number in kernel.faults.fired.items():
                result.fired[name] += number
        effects = arena.effects
        binned = [each for each in result.done if each.startswith("marketing deletes contacts/")]
        happened = {"binned": ["contacts"] * len(binned), "killed": effects.killed, "store fails": effects.failed}
        for name, places in happened.items():
            result.fired[name] += len(places)
            result.fired.update(f"{name} {place}" for place in places)
        result.trace = self.hash.hexdigest()
        return result

    def _checked(self) -> list[str]:
        """P7 where a process was killed, P10 where the quiet was reached, others where there was something to see."""
        own = {"P1": self.witness.judged, "P7": self.result.crashes, "P8": self.result.calls, "P15": self.result.loud}
        found = {*self.witness.checked, *(name for name, number in own.items() if number)}
        return sorted(found | ({"P10"} if self.still else set()), key=lambda each: int(each[1:]))

    # -- the daemon ----------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        """Turns at the poll's pace, until everything that was to happen has happened."""
        end = self.began + self.scenario.minutes * 60_000
        while self.arena.clock.ms < end or self.todo:
            due = self.arena.clock.ms + round(self.scenario.poll * 1000)
            self._turn(due)
            self.loudness.turned(self.life.skew if self.life is not None else None)
            self.arena.clock.advance(max(1.0, (due - self.arena.clock.ms) / 1000))

    def _turn(self, due: int) -> Ended | None:
        """One turn, as ``operations.worker`` takes it; what goes wrong costs this turn only."""
        began = self.arena.clock.ms
        try:
            world = self._alive()
            self.turning = True
            ended = sync(world, wait=0.0, steady=True, full=self.full)
            self.full = False
            met = Met()
            for request in asked_for(world.store):
                over = carry_on(world, request, met, leave_off=lambda: self.arena.clock.ms >= due)
                if not over or world.clock.stopping() or self.arena.clock.ms >= due:
                    break
            self.result.turns[str(ended.run.state)] += 1
            return ended
        except SyncdError as trouble:
            self.result.turns[type(trouble).__name__] += 1
            told = FOLDER.sub("", str(trouble))  # a folder of this process: no other one's trace would be the same
            self._traced(f"turn failed: {type(trouble).__name__} {told}")
            self.witness.failed.append((began, self.arena.clock.ms))
        except Killed:
            self.result.turns["killed"] += 1
            self.witness.failed.append((began, self.arena.clock.ms))
            self._end()
        finally:
            self.turning = False
            if self.life is not None and self.life.told is not None:
                self._end()
        return None

    def _end(self) -> None:
        """The process is over; somebody starts the next one."""
        self.world = self.life = None
        self.arena.clock.advance(RESTART)

    def _alive(self) -> World:
        if self.world is None:
            if self.remap is not None:
                self.result.fired["remap"] += bool(self.arena.store.open_intents())
                self.arena.settings = remapped(self.arena.settings, self.remap)
                self.remap = None
            self.world, self.life = self.arena.start()
        return self.world

    # -- people, faults, the machine ---------------------------------------------------------------------------------
    def _act(self) -> None:
        """Whatever is due by now happens, one thing after the other."""
        if self.acting:
            return
        self.acting = True
        try:
            while self.todo and self.began + self.todo[-1].at <= self.arena.clock.ms:
                due = self.todo.pop()
                if isinstance(due, Arming):
                    self._arm(due)
                elif due.who == "operator":
                    self._operate(due)
                else:
                    before = len(self.crowd.ledger.done)
                    self.crowd.do(due)
                    for line in self.crowd.ledger.done[before:]:
                        self._traced(line)
            for _, kernel in self.kernels:
                kernel.carry_out_late()
        finally:
            self.acting = False

    def _arm(self, arming: Arming) -> None:
        try:
            side = Side.MARKETING if arming.vendor == "hubspot" else Side.CRM
            if arming.name in TAKING_AWAY and self.crowd.alone(side):
                raise NothingToHit("nobody would be left, which stops syncd and is a scenario of its own")
            told = arm(self.arena.kernel(arming.vendor), arming.name, **arming.words)
            deeds = told.get("what", ())
            touched = [str(id_) for deed in deeds for id_ in deed.get("ids", ())]
            self.crowd.ledger.touch(side, touched, ms=self.arena.clock.ms)
            if arming.name == "external-id-twice":
                self.crowd.ledger.typed += [(side, record) for record in touched]
            for deed in deeds:
                self.result.fired[f"{arming.name} {deed.get('object') or deed.get('field') or 'the account'}"] += 1
                if "lead" in deed:  # a Contact was entered with the address of this Lead, which stays as it is
                    self.crowd.ledger.join((side, deed["lead"]), (side, touched[0]))
                if "emptied" in deed or arming.name in FIELDS_GONE:
                    self.crowd.ledger.emptied[side, deed["object"], deed["field"]] = self.arena.clock.ms
            self._traced(f"armed {arming.vendor} {arming.name} {' '.join(touched)}")
        except (NothingToHit, WrongArming) as why:
            self._traced(f"not armed {arming.name}: {why}")

    def _operate(self, wish: Happening) -> None:
        """What an operator does, or what happens to the machine."""
        self._traced(f"operator {wish.does}")
        self.result.fired[wish.does] += operate(self, wish, self._traced)

    # -- quiet -------------------------------------------------------------------------------------------------------
    def _heal(self) -> None:
        """The vendors behave, the process lives, the clock is right, an operator does what is left to do."""
        arena = self.arena
        arena.effects.kills = arena.effects.failing = ()
        arena.effects.ends_at = ""
        for _, kernel in self.kernels:
            kernel.faults.clear()
        arena.skew = 0
        self.world = self.life = None  # a new start, as after any of this
        self._traced("healed")
        arena.clock.advance(QUIET_AFTER)
        self._turn(arena.clock.ms + 30_000)
        let_all_go_on(arena, self.crowd.ledger)
        arena.clock.advance(HEALING)
        self.full = True
        self._turn(arena.clock.ms)
        ended: Ended | None = None
        for pause in SETTLING:
            arena.clock.advance(pause)
            written = self._written()
            ended = self._turn(arena.clock.ms + 30_000)
            self._catch_up()
            looks = any(map(looked_at_next, arena.store.requests()))
            if ended is not None and not ended.run.counts and self._written() == written and not looks:
                return
        last = "failed" if ended is None else dict(ended.run.counts)
        self.result.violations.append(
            Violation("P1", "quiet", f"still not quiet after {round(sum(SETTLING) / HOUR)} hours: {last}")
        )

    def _catch_up(self) -> None:
        """What a long pause has left to a resync is read turn by turn, as by a daemon while nothing else happens."""
        for _ in range(CATCHING_UP):
            if not asked_for(self.arena.store):
                return
            self.arena.clock.advance(30.0)
            self._turn(self.arena.clock.ms + 30_000)

    def _still(self) -> list[Violation]:
        """P10: comparing everything once more writes nothing at all. P15: and then nothing is told any more."""
        written = self._written()
        self.arena.clock.advance(HOUR)
        self.full = True
        if self._turn(self.arena.clock.ms) is None:
            return [Violation("P15", "quiet", "a cycle fails though nothing is wrong any more")]
        self.still = True
        more = self._written() - written
        loud = list(self.loudness.quiet())
        made = Violation("P10", "quiet", f"comparing everything when quiet made {more} writes")
        return [*loud, *([made] if more else [])]

    def _written(self) -> int:
        return sum(1 for _, kernel in self.kernels for call in kernel.calls if call.written or call.created)

    # -- what is noticed ---------------------------------------------------------------------------------------------
    def _traced(self, line: str) -> None:
        stamped = f"{self.arena.clock.ms} {line}"
        self.hash.update(stamped.encode())
        self.lines.append(stamped)

    def _heard(self, side: Side, asked: HttpRequest, answer: HttpResponse | None) -> None:
        status = answer.status if answer is not None else "lost"
        if answer is not None and answer.status < HTTPStatus.BAD_REQUEST:
            self.loudness.heard(side)
        if answer is None and creating(asked):
            fault = self.arena.kernel("hubspot" if side is Side.MARKETING else "salesforce").calls[-1].fault
            if fault in UNANSWERED:
                self.result.fired[f"{fault} {CREATING}"] += 1
        body = hashlib.blake2b(asked.body, digest_size=6).hexdigest()
        self._traced(f"{side} {asked.method} {asked.path} {body} {status}")
        self.witness.heard(side, asked, answer)
