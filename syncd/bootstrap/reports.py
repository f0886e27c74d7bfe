"""Makes reports for the console, as ``syncd report`` does, with what both teams agreed on as it stands in the files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.operations.report import Report
from syncd.operations.report_agreement import agreement
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.operations.report_handoff import handoff
from syncd.operations.report_names import named
from syncd.operations.report_rating import rating
from syncd.operations.report_reasons import reasons
from syncd.operations.report_review import review
from syncd.operations.report_writing import saying_how
from syncd.operations.reporting import Question
from syncd.settings.agreed import agreed

if TYPE_CHECKING:
    from syncd.bootstrap.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Reports:
    """Reports of a daemon's connections."""

    workshop: Workshop

    def __call__(self, connection: str, asked: Question) -> Report:
        """One report. :raises BadUsage: if what it needs was not agreed on."""
        store = self.workshop.store(connection)
        return named(saying_how(self._made(connection, asked), store), store)

    def _made(self, connection: str, asked: Question) -> Report:
        store, now = self.workshop.store(connection), self.workshop.clock.now()
        if asked.name == "agreement":
            return agreement(store)
        told = agreed(self.workshop.loaded.files[0], os.environ, connection)
        promised = told.rules.commitments
        match asked.name:
            case "handoff":
                return handoff(store, asked.period, now=now, by=asked.by, promised=promised)
            case "funnel":
                return funnel(store, asked.period, now=now, names=told.stages)
            case "reasons":
                return reasons(store, asked.period, now=now, by=asked.by)
            case "credit":
                return credit(store, asked.period, now=now, by=asked.by)
            case "review":
                qualified = told.stages[told.rules.qualified[0]]
                month = asked.calendar_month
                return review(store, month=month, now=now, promised=promised, letters=told.grades, qualified=qualified)
            case _:
                return rating(store, asked.period, now=now, letters=told.grades)
