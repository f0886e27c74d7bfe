"""How far the work of a connection is, for whoever watches it: the run under way, resyncs and rollbacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from syncd.engine.resync import asked_for, reached_by
from syncd.model.run import RunState
from syncd.operations.resyncing import resync_document
from syncd.operations.standing import run_document
from syncd.ports.store import Store


@dataclass(slots=True)
class Watch:
    """Somebody who looks again and again. Of how many records a resync is, is counted once: of a million that takes a
    tenth of a second.
    """

    connection: str
    _asked: dict[str, dict[str, Any]] = field(default_factory=dict)

    def look(self, store: Store) -> dict[str, Any]:
        """How far it is now, as plain values; ``run`` is null where none is under way."""
        latest = next(iter(store.runs(1)), None)
        running = latest is not None and latest.state is RunState.RUNNING
        waiting = asked_for(store)
        self._asked = {each.id: self._asked.get(each.id) or resync_document(store, each) for each in waiting}
        resyncs = []
        for id_, known in self._asked.items():
            checked = reached_by(store, id_).checked
            resyncs.append({**known, "checked": checked, "of": max(checked, known["of"])})
        return {
            "connection": self.connection,
            "run": run_document(latest) if latest is not None and running else None,
            "latest": None if latest is None else latest.id,
            "resyncs": resyncs,
        }
