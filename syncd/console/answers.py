"""What the API answers, as models: the OpenAPI document is made of them, and an answer that does not fit is an error.

The documents themselves are made by the operations, the same for ``--json`` at the command line.

Length: one model after the other, looked up and not read.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

T = TypeVar("T")


class Answer(BaseModel):
    """A part of an answer: these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Listed(Answer, Generic[T]):
    """One page of a list. ``next`` is the cursor of the following one; null on the last."""

    items: list[T]
    next: str | None = None


class Me(Answer):
    """Whoever calls."""

    name: str
    role: str
    way: str


class Run(Answer):
    """One cycle."""

    id: str
    connection: str
    command: str
    who: str
    state: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    seconds: float | None
    digest: str
    counts: dict[str, int]
    calls: dict[str, int] | None = Field(description="of each side's API; null where that is not known")
    trouble: str


class LaneShare(Answer):
    """Percent of the day's calls up to which a lane goes on, and whether it waits for the rest, which is kept."""

    up_to: int
    waits: bool


class Calls(Answer):
    """The day's calls of one side, as its vendor counts them for all programs, and when they are used up.

    Neither ``exhausted_at`` nor ``lasts``: not known, since too little was observed.
    """

    used: int | None
    limit: int | None
    counted_at: AwareDatetime | None
    per_hour: float | None
    known: bool
    exhausted_at: AwareDatetime | None
    lasts: bool
    reserve: int = Field(description="percent that is kept for other programs")
    lanes: dict[str, LaneShare]


class LaneWaits(Answer):
    """What waits in one lane to be carried out by itself; ``since`` is null where nothing does, or it is not known."""

    waiting: int
    since: AwareDatetime | None


class Summary(Answer):
    """One connection in a few words."""

    connection: str
    mode: str
    state: str = Field(description="good, busy, waits, late, paused, idle or troubled")
    words: str
    links: dict[str, int]
    polled: dict[str, AwareDatetime | None]
    agreement: dict[str, float]
    waits: dict[str, int]
    backlog: int
    quota: dict[str, dict[str, int | None]]
    calls: dict[str, Calls]
    lanes: dict[str, LaneWaits]


class Count(Answer):
    """How many wait for a person, and how many for the next cycle."""

    open: int


class Conflicts(Count):
    """Of conflicts."""

    decided: int


class Letters(Count):
    """Of dead letters."""

    retrying: int


class Resting(Answer):
    """A field that rests since a vendor changed what it is; without a place the mapping does not fit any more. Or since
    the native connector writes it, which it last did at ``native``.
    """

    kind: str
    field: str
    side: str | None
    place: str
    change: str
    since: AwareDatetime
    native: AwareDatetime | None


class LetGoOn(Answer):
    """Fields that go on, those that the mapping does not fit any more, and the resyncs that compare all by them."""

    ended: list[str]
    unfit: list[str]
    resyncs: list[str]


class Reworded(Answer):
    """A part of the configuration that came to say something else; not in force yet where no time is told."""

    at: AwareDatetime | None
    sort: str
    key: str
    part: str
    before: str | None
    after: str | None


class Spoken(Answer):
    """What was said of a held part."""

    word: str
    who: list[str]
    reason: str
    at: AwareDatetime


class Held(Answer):
    """A part of what the brake holds; no value of a record is in it."""

    digest: str
    stands: str
    kind: str
    measure: str
    side: str
    field: str | None
    records: int
    rule: str
    limit: int
    used: int
    linked: int
    people: int
    since: AwareDatetime
    likely_cause: str
    samples: list[str]
    answer: Spoken | None


class Status(Answer):
    """How a connection stands, as ``syncd status --json`` says it, without the lists that have calls of their own."""

    connection: str
    at: AwareDatetime
    waits: bool
    stale: list[str]
    failed: bool
    first_link_awaits_approval: bool
    restored: dict[str, Any] | None
    not_itself: dict[str, str]
    accounts: dict[str, dict[str, str]]
    links: dict[str, int]
    person_accounts: dict[str, dict[str, int]]
    cursors: list[dict[str, Any]]
    last_run: Run | None
    open_intents: int
    parked_fields: int
    quarantined: int
    quarantined_since: AwareDatetime | None
    conflicts: Conflicts
    dead_letters: Letters
    calls: dict[str, Calls]
    lanes: dict[str, LaneWaits]
    remnants: int
    held: list[Held]
    resting: list[dict[str, Any]]
    lease: dict[str, Any] | None
    paused: dict[str, Any] | None
    next_turn: AwareDatetime | None
    workers: list[dict[str, Any]]


class Conflict(Answer):
    """A clash that waits for a person."""

    id: str
    kind: str
    topic: str
    link: str | None
    refs: list[str]
    field: str | None
    values: dict[str, Any]
    base: Any
    reason: str
    since: AwareDatetime
    resolution: str | None


class Wrote(Answer):
    """Who gave one side of a conflict its value, and when, as its history tells. `whose` is person, automation, syncd
    or unknown; `why` says why it is not known, or not for sure.
    """

    side: str
    whose: str
    by: str
    at: AwareDatetime | None
    changed_since: bool
    why: str


class FirstLink(Answer):
    """A first link that waits for approval: how many `link`, `create.SIDE`, `update.SIDE`, `conflict` and `ambiguous`
    of each kind, its calls and seconds; none of these where the version that found it kept no figures.
    """

    digest: str
    at: AwareDatetime
    kinds: dict[str, dict[str, int]]
    calls: dict[str, int | None]
    seconds: float | None
    look: str
    approve: str


class Heat(Answer):
    """How hot the person was when they were refused last: grade and points of the rating, and the lane of the write."""

    grade: str | None
    points: float | None
    lane: str


class Letter(Answer):
    """A record that cannot be written."""

    id: str
    kind: str
    side: str
    origin: str
    code: str
    reason: str
    advice: str
    since: AwareDatetime
    last: AwareDatetime
    heat: Heat
    attempts: int
    retry: bool


class Group(Answer):
    """All dead letters of one cause."""

    kind: str
    side: str
    code: str
    records: int
    retrying: int
    first: AwareDatetime
    last: AwareDatetime
    reason: str
    advice: str


class ParkedGroup(Answer):
    """All parked fields of one cause."""

    kind: str
    side: str
    field: str
    code: str
    records: int
    first: AwareDatetime
    last: AwareDatetime
    reason: str
    advice: str


class Parked(Answer):
    """A field that is left alone."""

    id: str
    kind: str
    side: str
    ref: str
    record: str
    link: str
    field: str
    code: str
    reason: str
    advice: str
    since: AwareDatetime
    last: AwareDatetime
    heat: Heat


class Unlinked(Answer):
    """A record that something keeps from being linked: `refused` (id of a dead letter), `held` (digest of a held part)
    or `asked` (id of a conflict).
    """

    kind: str
    record: str
    obstacle: str
    id: str
    code: str | None
    reason: str


class Found(Answer):
    """A record that was found."""

    link: str
    kind: str
    state: str
    name: str
    beside: str
    refs: dict[str, str]


class Search(Answer):
    """One page of what a search found. ``next`` is the cursor of the following one; ``more`` says there are others.
    Without ``next`` these cannot be listed: more than 20,000 have that word, and only more words tell them apart.
    """

    items: list[Found]
    next: str | None
    more: bool


class FieldRow(Answer):
    """One shared field as both sides last confirmed it, and what they agreed on."""

    field: str
    policy: str
    direction: str
    base: Any
    agreed: bool
    sides: dict[str, dict[str, Any] | None]


class Change(Answer):
    """One field of a write."""

    field: str
    before: Any
    after: Any
    rule: str
    cause: str | None


class Write(Answer):
    """One write of syncd."""

    at: AwareDatetime
    side: str
    action: str
    outcome: str
    run: str
    changes: list[Change]


class Dossier(Answer):
    """All that the store knows of a linked record."""

    link: str
    kind: str
    state: str = Field(description="live, unlinked (by a person), tombstone (a record left) or forgotten")
    asked: str | None = Field(description="unlink or relink: what the next cycle does with it, as a person said")
    proof: str
    since: AwareDatetime
    refs: dict[str, str]
    fields: list[FieldRow]
    writes: list[Write]
    conflicts: list[Conflict]
    parked: list[Parked]
    dead_letters: list[str]
    happened: list[dict[str, Any]]


class Joined(Answer):
    """What the next cycle does with two records: ``unlink``, ``relink`` or ``nothing``, since it is so already.

    ``ends`` are links that end for it.
    """

    what: str
    kind: str
    marketing: str
    crm: str
    ends: list[str]


class Explained(Answer):
    """Why a record is what it is, read from both vendors now; as ``syncd explain --json`` says it."""

    record: dict[str, Any]


class Resync(Answer):
    """A resync that waits or is under way."""

    id: str
    who: str
    at: AwareDatetime
    asked: dict[str, Any]
    checked: int
    of: int


class Behind(Answer):
    """The records behind a figure of a report; ``next`` is how many were told with this page and those before it."""

    figure: dict[str, Any]
    items: list[dict[str, Any]]
    next: int | None = None


class Estimate(Answer):
    """What a resync would cost to read, at most, before it is asked for."""

    records: int
    calls: dict[str, int]
    seconds: float


class Stays(Answer):
    """Why something stays as it is, how often, and some of it."""

    reason: str
    number: int
    samples: list[dict[str, str]]


class Rollback(Answer):
    """What would be taken back, as ``syncd rollback --json`` says it; without a plan nothing can be."""

    wanted: dict[str, Any]
    plan: dict[str, Any] | None
    left: list[Stays]


class Resolved(Answer):
    """What was stored for the next cycle."""

    id: str
    resolution: str
    alike: int = Field(description="How many others were decided with it.")


class Rule(Answer):
    """Lines of the configuration under which nobody would be asked about conflicts like this one."""

    words: str
    file: str
    place: str
    lines: list[str]


class Counted(Answer):
    """How many records a command was about."""

    records: int


class Paused(Answer):
    """Whether a connection is paused now, and whether this call changed it."""

    paused: bool
    changed: bool


class Deed(Answer):
    """What an operator did, or whom they read."""

    id: str
    at: AwareDatetime
    who: str
    way: str
    connection: str
    what: str
    about: str
    status: int | None


class Operator(Answer):
    """Somebody who may use the console."""

    name: str
    role: str
    since: AwareDatetime
    invited_by: str


class Token(Answer):
    """An API token, without its secret."""

    id: str
    operator: str
    role: str
    label: str
    since: AwareDatetime
    seen: AwareDatetime
    until: AwareDatetime


class MadeToken(Answer):
    """A new token; ``secret`` is told this once."""

    secret: str
    token: Token


class Invitation(Answer):
    """A new invitation; ``secret`` is told this once and redeemed at ``/join`` within 15 minutes."""

    secret: str
    name: str
    role: str
