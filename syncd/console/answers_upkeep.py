"""What the API answers about upkeep, as models: accounts, plans, maintenance, waves, the store and its history.

As ``answers``, of which these are a part; the documents are made by the operations.
"""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from syncd.console.answers import Answer

WORDS = "Each a text, or `code`, `gone` or `come` with a text."
Word = str | dict[str, str]


class Maintenance(Answer):
    """Until when alerts rest; all are null where they are told."""

    until: AwareDatetime | None
    since: AwareDatetime | None
    who: str | None
    reason: str | None


class Expected(Answer):
    """A wave that is expected, and how much of it has come."""

    id: str
    wave: str
    records: int
    used: int
    kind: str | None
    field: str | None
    until: AwareDatetime
    reason: str
    who: str
    at: AwareDatetime


class Drained(Answer):
    """How far a connection stands still: whether this call asked for it, whether a turn is under way, and writes that
    have no answer yet.
    """

    changed: bool
    at_work: bool
    in_flight: int


class MarkedRestored(Answer):
    """Whether it was news that the store was put back."""

    changed: bool


class AcceptedRestored(Answer):
    """Whether there was something to accept, and the conflicts that are to be decided."""

    accepted: bool
    open_conflicts: int


class Sentinel(Answer):
    """How it stands with the sentinel of a side, read from its vendor now."""

    side: str
    account: str
    record: str | None
    state: str
    says: str


class GivenUp(Answer):
    """The sentinels that are read no longer, by side."""

    records: dict[str, str]


class Waiting(Answer):
    """A notice that its target has not taken yet."""

    target: str
    id: str
    at: AwareDatetime
    attempts: int
    title: str


class Hit(Answer):
    """What a text may mean: a link, or one record a side that has none yet."""

    kind: str
    link: str | None
    refs: dict[str, str]


class Meant(Answer):
    """Everything that a text may mean, and the explanation if it is one; as ``syncd explain --json`` says it."""

    hits: list[Hit]
    record: dict[str, Any] | None


class Tried(Answer):
    """Whether a target took a message, and what it said; the events it is told of."""

    name: str
    taken: bool
    said: str
    events: list[str]


class LinkStands(Answer):
    """A link, and what the next cycle does with it as a person said."""

    link: str
    kind: str
    state: str
    gone: str | None
    proof: str
    since: AwareDatetime
    marketing: str | None
    crm: str | None
    asked: str | None


class Remnant(Answer):
    """A record of a forgotten person that is still there."""

    side: str
    record: str
    kind: str
    opted_out: str
    since: AwareDatetime


class ToForget(Answer):
    """The records of a person whom the next cycle forgets, as ``side:object/id``."""

    records: list[str]


class ShownHeld(Answer):
    """One held change: its record, and what would be written over what."""

    record: str
    before: Any
    after: Any


class NewValue(Answer):
    """A new value, and how many of the records get it."""

    value: str
    records: int


class HeldValues(Answer):
    """What a held part would write, read from both vendors now: of its first records, 200 at most."""

    records: list[ShownHeld]
    values: list[NewValue]


class Finding(Answer):
    """One thing about an account: what it breaks and where to mend it."""

    side: str
    topic: str
    severity: str = Field(description="broken, risk or notice")
    what: str
    breaks: str
    where: str


class Diagnosis(Answer):
    """How fit both accounts are, the worst first; ``unreached`` are sides that could not be looked at."""

    healthy: bool
    unreached: list[str]
    findings: list[Finding]


class PlannedCalls(Answer):
    """Calls of one side that a plan needs, and what is left of the day's."""

    planned: int
    share_of_today: float | None
    used_today: int | None
    limit_today: int | None


class Plan(Answer):
    """What a cycle would do now, as ``syncd plan --json`` says it."""

    connection: str
    digest: str
    first_link: bool
    needs_approval: bool
    open_conflicts: int
    unfilled: list[str]
    seconds: float
    calls: dict[str, PlannedCalls]
    kinds: dict[str, dict[str, Any]]
    samples: list[dict[str, Any]]
    appends: list[dict[str, Any]]
    append_samples: list[dict[str, str]]
    would_be_held: list[list[str | int]]
    resting: list[str]


class Verified(Answer):
    """What a walk over the audit found, as ``syncd audit verify --json`` says it; sound where no flaw is told."""

    rows: int
    unfinished: int
    before_chain: int
    entries: int
    reads: int
    commands: int
    pruned: dict[str, Any] | None
    head: dict[str, Any] | None
    flaws: list[str]
    more_flaws: int


class TableSize(Answer):
    """One table that grows."""

    rows: int
    lately: int
    bytes_each: int
    bytes_a_day: int


class Ahead(Answer):
    """The size of the store in so many days."""

    days: int
    bytes: int


class Sizes(Answer):
    """How large the store is, as ``syncd store size --json`` says it."""

    used: int
    free: int
    days: float
    tables: dict[str, TableSize]
    ahead: list[Ahead]
    keep: dict[str, float | None]


class Backup(Answer):
    """A backup on the host, by the name of its file."""

    file: str
    made: AwareDatetime
    schema_: int = Field(alias="schema")
    bytes: int


class OrderedBackup(Answer):
    """Since when a backup is asked for that is not made yet, and why the latest that was tried here failed, if it did;
    both are forgotten when the daemon ends.
    """

    asked: AwareDatetime | None
    failed: str | None


class Backups(OrderedBackup):
    """The backups that are there, the latest first; ``overdue`` also where none are made."""

    backups: list[Backup]
    overdue: bool


class ApprovedFirstLink(Answer):
    """A first link that the daemon's next turn writes, and who approved it first."""

    id: str
    who: str
    at: AwareDatetime
    digest: str


class Recreated(Answer):
    """A counterpart that the daemon's next turn makes anew: of which link, and who asked for it first."""

    id: str
    who: str
    at: AwareDatetime
    link: str


class Wish(Answer):
    """What waits for the daemon's next turn: a first link by its digest, or the counterpart of a link's record."""

    id: str
    wish: str = Field(description="link_first or recreate")
    who: str
    at: AwareDatetime
    digest: str | None = Field(description="of a first link")
    link: str | None = Field(description="of a counterpart")
    side: str | None = Field(description="of a counterpart: which record of an unlinked pair gets it")


class Withdrawn(Wish):
    """One that was taken back."""

    at_work: bool = Field(description="a turn is under way, which may have begun with it and carry it out still")


class Card(Answer):
    """One thing among several of a section."""

    key: str
    name: str
    notes: list[str]
    blocks: list[dict[str, Any]]


class Section(Answer):
    """One part of a page; a block says what it is under ``block``: paragraph, terms, table, diagram or bars."""

    title: str
    blocks: list[dict[str, Any]]
    cards: list[Card]


class Page(Answer):
    """A page of words as data."""

    title: str
    lead: list[Word] = Field(description=WORDS)
    sections: list[Section]
    foot: list[Word] = Field(description=WORDS)
