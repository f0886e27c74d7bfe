"""Makes reports for the console, as ``syncd report`` does, with what both teams agreed on as it stands in the files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from syncd.model.errors import BadUsage
from syncd.model.values import Instant
from syncd.operations.report import Period, Report
from syncd.operations.report_agreement import agreement
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.operations.report_handoff import handoff
from syncd.operations.report_rating import rating
from syncd.operations.report_writing import document, saying_how
from syncd.ports.store import Store
from syncd.settings.agreed import agreed

if TYPE_CHECKING:
    from syncd.bootstrap.workshop import Workshop

NAMES: Final = ("handoff", "funnel", "credit", "rating", "agreement")


@dataclass(frozen=True, slots=True)
class Reports:
    """Reports of a daemon's connections."""

    workshop: Workshop

    def __call__(self, connection: str, name: str, since: date | None, until: date | None) -> Mapping[str, Any]:
        """One report of some days, as a document.

        :raises BadUsage: if there is no such report, or what it needs was not agreed on.
        """
        if name not in NAMES:
            raise BadUsage(f"there is no report {name!r:.60}; there are {', '.join(NAMES)}")
        if since is not None and until is not None and until < since:
            raise BadUsage(f"until {until} is before since {since}")
        store, now = self.workshop.store(connection), self.workshop.clock.now()
        made = self._made(store, connection, name, Period.of(since, until), now)
        return document(saying_how(made, store), now=now)

    def _made(self, store: Store, connection: str, name: str, period: Period, now: Instant) -> Report:
        if name == "agreement":
            return agreement(store)
        if name == "credit":
            return credit(store, period, now=now)
        told = agreed(self.workshop.loaded.files[0], os.environ, connection)
        match name:
            case "handoff":
                return handoff(store, period, now=now, promised=told.rules.commitments)
            case "funnel":
                return funnel(store, period, now=now, names=told.stages)
            case _:
                return rating(store, period, now=now, letters=told.grades)
