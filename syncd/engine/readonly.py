"""A connector that cannot write: planning and shadow mode get these, so that no flag has to be obeyed below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from syncd.model.errors import Bug
from syncd.model.fitting import Step
from syncd.model.remote import Shape
from syncd.model.values import Instant, Lane
from syncd.model.write import Write, WriteResult
from syncd.ports.connector import Connector, nothing
from syncd.ports.fitting import Fitting


class ReadOnly:
    """Passes every question on and refuses every write."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self.side = connector.side
        self.capabilities = connector.capabilities
        self.check = connector.check
        self.identity = connector.identity
        self.schema = connector.schema
        self.remember = connector.remember
        self.users = connector.users
        self.changes = connector.changes
        self.span = connector.span
        self.start = connector.start
        self.scan = connector.scan
        self.departures = connector.departures
        self.fetch = connector.fetch
        self.find = connector.find
        self.keyed = connector.keyed
        self.history = connector.history
        self.roster = connector.roster
        self.billed = connector.billed
        self.waits = connector.waits
        self.quota = connector.quota
        self.close = connector.close

    def fitting(self) -> Fitting:
        """The same account's rights, without making any."""
        return _Looking(self._connector.fitting())

    def for_lane(self, lane: Lane) -> Connector:
        """The same account in another lane, still without writing."""
        return ReadOnly(self._connector.for_lane(lane))

    def quieten(self) -> None:
        """Nothing: ending what somebody left is a write."""

    def write(
        self,
        shape: Shape,
        batch: Sequence[Write],
        deadline: Instant,
        meanwhile: Callable[[], None] = nothing,
    ) -> Sequence[WriteResult]:
        """:raises Bug: always."""
        raise Bug(f"a write of {len(batch)} records of {shape.kind} was asked of a read-only connector by {deadline}")


class _Looking:
    """Passes every question about rights on and makes nothing."""

    def __init__(self, fitting: Fitting) -> None:
        self.user = fitting.user
        self.rights = fitting.rights
        self.synced = fitting.synced
        self.survey = fitting.survey

    def make(self, step: Step) -> None:
        """:raises Bug: always."""
        raise Bug(f"{step.what} was to be made through a read-only connector")
