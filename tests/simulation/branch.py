"""A founded world that is branched as often as one likes: each branch is a fork, told what to do step by step.

A branch costs a few milliseconds, whatever it does is gone with it, and one that hangs or dies says so. It is told in
plain values over a pipe and answers with the promises that are broken by then.
"""

from __future__ import annotations

import gc
import os
import signal
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from syncd.lab.arena import Arena
from syncd.lab.scenario import Happening, Scenario
from syncd.lab.simulation import _Play
from syncd.model.mapping import Policy, Tie

FIELDS: Final = ("first_name", "last_name", "title")
CHOSEN: Final = ("country", "product_interests", "phone")
PATIENCE: Final = 60


class Branch:
    """One branch, as whoever tells it what to do sees it."""

    def __init__(self, arena: Arena) -> None:
        told, self._tell = os.pipe()
        self._answers, answer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._tell)
            os.close(self._answers)
            _serve(arena, told, answer)
        os.close(told)
        os.close(answer)
        self._heard = os.fdopen(self._answers, "rb")

    def ask(self, name: str, **words: Any) -> Mapping[str, Any]:
        """Does one step. Raises ``AssertionError`` for what it broke."""
        os.write(self._tell, orjson.dumps({"name": name, **words}) + b"\n")
        line = self._heard.readline()
        assert line, f"the process ended at {name}: endless, or out of memory"
        answer: Mapping[str, Any] = orjson.loads(line)
        assert not answer["broken"], "\n".join(answer["broken"])
        return answer

    def close(self) -> None:
        """Ends it."""
        os.close(self._tell)
        self._heard.close()
        os.waitpid(self.pid, 0)


def _serve(arena: Arena, told: int, answer: int) -> None:
    """The branch itself: never returns."""
    gc.disable()
    try:
        steps = _Steps(arena)
        with os.fdopen(told, "rb") as heard:
            for line in heard:
                signal.alarm(PATIENCE)
                words = orjson.loads(line)
                try:
                    said = getattr(steps, words.pop("name"))(**words) or {}
                    broken = steps.broken()
                except Exception:  # noqa: BLE001 - whatever it was, the example has found it
                    said, broken = {}, [traceback.format_exc(limit=-6)]
                os.write(answer, orjson.dumps({"broken": broken, **said}) + b"\n")
    finally:
        os._exit(0)


class _Steps:
    """What a branch can be told to do."""

    def __init__(self, arena: Arena) -> None:
        self.playing = _Play(arena, Scenario("branch", 0, 0, (), ()))
        self.playing.begin()
        self.arena = arena
        crowd = self.playing.crowd
        crowd._kinds = [kind for kind in crowd._kinds if kind.kind == "person"]
        for columns in crowd._texts.values():
            columns[:] = [each for each in columns if each.mapping.name in FIELDS]
        for mappings in crowd._drawn.values():
            mappings[:] = [each for each in mappings if each.name in CHOSEN]

    def broken(self) -> list[str]:
        """Every promise that is broken by now; those of the pace (P4, P12) too, which the end only repeats."""
        witness = self.playing.witness
        return [str(each) for each in (*self.playing.result.violations, *witness.broken, *witness.pace.broken())]

    def people(self, who: str, does: str, pick: int, token: str) -> Mapping[str, Any]:
        """Somebody does something."""
        self.arena.clock.advance(1.0)
        before = len(self.playing.crowd.ledger.done)
        self.playing.crowd.do(Happening(self.arena.clock.ms, who, does, pick, token))
        return {"done": self.playing.crowd.ledger.done[before:]}

    def operator(self, does: str, pick: int) -> Mapping[str, Any]:
        """An operator does something, or something happens to the machine; ``met`` says whether there was anything."""
        if self.playing.world is None:
            self.playing._alive()
        fired = self.playing.result.fired
        before = fired[does]
        self.playing._operate(Happening(self.arena.clock.ms, "operator", does, pick))
        return {"met": fired[does] > before}

    def poll(self, seconds: float) -> Mapping[str, Any]:
        """A turn of the daemon, and a pause."""
        ended = self.playing._turn(self.arena.clock.ms + 30_000)
        self.arena.clock.advance(seconds)
        return {"ended": None if ended is None else str(ended.run.state)}

    def crash(self, after: int) -> Mapping[str, Any]:
        """A turn that is killed at its so-manieth point, if it has so many."""
        effects = self.arena.effects
        before = len(effects.killed)
        effects.kills = {effects.count + after}
        self.poll(1.0)
        effects.kills = ()
        return {"killed": effects.killed[before:]}

    def rule(self, field: str, policy: str) -> None:
        """Somebody changes one rule in the configuration and starts the daemon anew."""
        connection, chosen = self.arena.settings.connection, Policy(policy)
        kinds = []
        for kind in connection.kinds:
            fields = tuple(
                replace(each, policy=chosen, tie=Tie.CRM if chosen is Policy.NEWEST else None)
                if (kind.kind, each.name) == ("person", field)
                else each
                for each in kind.fields
            )
            changed = fields != kind.fields
            kinds.append(replace(kind, fields=fields, hash=f"{kind.hash}+{field}={policy}") if changed else kind)
        self.arena.settings = replace(self.arena.settings, connection=replace(connection, kinds=tuple(kinds)))
        self.playing.world = self.playing.life = None

    def stabilize(self) -> Mapping[str, Any]:
        """Everything comes right, and is judged."""
        self.playing.stabilize()
        return {"judged": self.playing.witness.judged}
