"""The lives of a simulated syncd process: its effects are numbered, and any of them may be its last.

An effect is a write to the store or a call to a vendor; each has a point before it and one after it. A life that is
killed at a point does nothing more: whatever its code still tries, cleaning up above all, raises ``Killed`` again, as
if the process were not there any more. So a lease that it held runs out by itself, as it would.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from syncd.lab.virtual import VirtualClock
from syncd.model.errors import RetryLater, Stopping
from syncd.model.values import Instant
from syncd.store import SqlStore

WRITES: Final = frozenset(
    {
        "approve", "begin", "bind", "bound_letters", "cancel", "charge", "drop_letters", "exchange", "extend_lease",
        "forget_appended", "forget_charges", "forget_idle_runs", "mark_dead_letter", "note_hints", "note_reading",
        "note_restored", "prune", "release_lease", "remember", "resolve_conflict", "retry_letters", "save_run", "seize",
        "settle", "take_lease",
    }
)  # fmt: skip
"""The methods of a store that write, all of them: a test reads them off its code."""


class Killed(BaseException):
    """The process was killed here; nothing catches it but the simulation."""


@dataclass(slots=True)
class Effects:
    """All effects of a run, over all lives: how many points there were, and at which ones a life ends.

    ``failing`` are the numbers of store calls that fail, ``names`` what each point was called, for whoever wants to
    know which there are; ``passed`` is told each as it is passed, with the number of the life. At the next point
    that is called ``ends_at`` a life ends, too.
    """

    kills: Collection[int] = ()
    ends_at: str = ""
    failing: Collection[int] = ()
    count: int = 0
    stored: int = 0
    killed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    names: list[str] | None = None
    passed: Callable[[int, str], None] = lambda _life, _name: None


class Life:
    """One process, from its start to its end. ``trace`` is told each point; ``told`` is when it was told to stop, in
    milliseconds; by ``skew`` milliseconds its clock is wrong.
    """

    def __init__(self, effects: Effects, *, number: int, trace: Callable[[str], None], skew: int = 0) -> None:
        self.number = number
        self.skew = skew
        self.dead = False
        self.told: int | None = None
        self._effects = effects
        self._trace = trace

    def point(self, name: str) -> None:
        """Before or after an effect. Raises ``Killed`` if the life ends here, or ended before."""
        self.check()
        effects = self._effects
        effects.count += 1
        effects.passed(self.number, name)
        if effects.names is not None:
            effects.names.append(name)
        if effects.count in effects.kills or name == effects.ends_at:
            effects.ends_at = ""
            self.dead = True
            effects.killed.append(name)
            self._trace(f"killed at {effects.count} {name}")
            raise Killed(name)

    def check(self) -> None:
        """Raises ``Killed`` if the life has ended."""
        if self.dead:
            raise Killed("dead")

    def stores(self, name: str) -> None:
        """A store call is about to be made. Raises ``RetryLater`` if it is one that fails."""
        effects = self._effects
        effects.stored += 1
        if effects.stored in effects.failing:
            effects.failed.append(name)
            self._trace(f"store fails at {effects.stored} {name}")
            raise RetryLater("the store is in trouble for a moment; the work goes on later", sent=False)


class LifeClock:
    """``ports.system.Clock`` of one life: the world's clock, as wrong as it is there, and nothing for the dead."""

    def __init__(self, clock: VirtualClock, life: Life) -> None:
        self._clock = clock
        self._life = life

    def now(self) -> Instant:
        """What this machine takes for the present instant."""
        return self._clock.now() + timedelta(milliseconds=self._life.skew)

    def monotonic(self) -> float:
        """Seconds that never step."""
        return self._clock.ms / 1000

    def sleep(self, seconds: float) -> None:
        """Moves the world on.

        :raises Stopping: if this process is told to stop, or was.
        """
        self._life.check()
        if self._life.told is None:
            self._clock.advance(seconds)
        self._life.check()
        if self._life.told is not None:
            raise Stopping

    def stopping(self) -> bool:
        """Whether this process was told to stop."""
        return self._life.told is not None


class WatchedStore:
    """A store as one life sees it: every write is an effect. Stands in for ``ports.store.Store`` by its methods."""

    def __init__(self, store: SqlStore, life: Life) -> None:
        self._store = store
        self._life = life

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has under this name
        method = getattr(self._store, name)
        if not callable(method):
            return method
        life, writes = self._life, name in WRITES

        def watched(*positional: Any, **named: Any) -> Any:  # noqa: ANN401 - the method's own
            if not writes:
                life.check()
                return method(*positional, **named)
            life.point(f"before {name}")
            life.stores(name)
            answer = method(*positional, **named)
            life.point(f"after {name}")
            return answer

        setattr(self, name, watched)
        return watched
