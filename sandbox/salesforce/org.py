"""The org: everything the stand-in remembers, and the rules its admins have set up.

No decisions here; ``saving`` writes rows by these rules, ``soql_eval`` reads them, ``people`` changes the org as humans
do, and the endpoint modules put it all on the wire.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandbox.kernel import Clock
from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Schema
from sandbox.salesforce.ids import IdSequence
from sandbox.salesforce.limits import DailyCalls
from sandbox.salesforce.records import Store
from sandbox.salesforce.standard_setup import STANDARD_OBJECTS
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.salesforce.wire_time import stamp

ValidationRule = Callable[[Mapping[str, object] | None, Mapping[str, object]], "str | tuple[str, str] | None"]
"""Gets the row before (``None`` on create) and after; answers a message, (message, field), or ``None`` to accept."""

Workflow = Callable[[Mapping[str, object] | None, Mapping[str, object]], Mapping[str, object]]
"""Gets the row before and after; answers the fields it rewrites after the save, in the same second."""

AssignmentRule = Callable[[Mapping[str, object]], "str | None"]
"""Gets the row to be saved; answers the id of its new owner, or ``None`` to leave the owner alone."""


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Rows are duplicates when all these fields are filled and equal without regard to case."""

    name: str
    fields: Sequence[str]
    action: Literal["block", "alert"] = "block"
    message: str = "Use one of these records?"


@dataclass(frozen=True, slots=True)
class Author:
    """Who saves and with which of the vendor's headers.

    ``human`` sees every field and is not counted; an integration user is bound by field-level security.
    """

    user_id: str
    human: bool = False
    auto_assign: bool = True
    allow_duplicates: bool = False
    duplicate_details: bool = False


@dataclass(slots=True)
class Org:
    """The state of one org."""

    clock: Clock
    switches: SalesforceSwitches
    chance: random.Random
    limits: DailyCalls
    instance_url: str
    schema: Schema = field(init=False)
    ids: IdSequence = field(init=False)
    store: Store = field(default_factory=Store)
    validation_rules: dict[str, list[ValidationRule]] = field(default_factory=dict)
    workflows: dict[str, list[Workflow]] = field(default_factory=dict)
    assignment_rules: dict[str, AssignmentRule] = field(default_factory=dict)
    duplicate_rules: dict[str, list[DuplicateRule]] = field(default_factory=dict)
    conversion_map: dict[str, tuple[str, str]] = field(default_factory=dict)
    locked_rows: dict[str, int] = field(default_factory=dict)
    commit_delay: float = 0.0
    maintenance: bool = False
    background: list[Callable[[datetime], None]] = field(default_factory=list)
    """What the vendor does on its own; done before the next thing that anybody else does."""
    deletions_known_since: datetime = field(init=False)
    organization_id: str = ""
    integration_user: str = ""
    admin_user: str = ""

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.ids = IdSequence(self.chance)
        self.schema = Schema(STANDARD_OBJECTS, switches=self.switches, changed=now)
        self.deletions_known_since = now

    def settle(self) -> None:
        """Lets everything happen that is due: late commits, queued jobs. Call it between transactions only."""
        now = self.clock.now()
        self.store.settle(now)
        for work in self.background:
            work(now)

    def now_stamp(self) -> str:
        """The present second in wire form."""
        return stamp(self.clock.now())

    def row(self, record_id: object) -> Row | None:
        """A row of any object by its id, deleted ones included."""
        if not isinstance(record_id, str):
            return None
        entity = self.schema.of_id(record_id)
        return entity.table.rows.get(record_id) if entity else None
