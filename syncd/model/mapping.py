"""The shared schema of one kind: which vendor fields mean the same, which way they flow, who wins.

These are the frozen objects that ``syncd.settings`` builds from ``config/schema/*.yaml`` after it has checked them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncd.model.brake import Limits
from syncd.model.derived import Definitions, Derivation
from syncd.model.handoff import Handoff, Outcome
from syncd.model.lifecycle import Agreed
from syncd.model.routing import Routing
from syncd.model.signal import NO_SIGNALS, Signals
from syncd.model.values import Canonical, FieldType, Lane, Pair, Side, Wire


class Direction(StrEnum):
    """Which way a field flows."""

    BOTH = "both"
    TO_CRM = "to_crm"
    TO_MARKETING = "to_marketing"

    def flows_to(self, side: Side) -> bool:
        """Whether syncd may write this field on that side."""
        return self is Direction.BOTH or self is (Direction.TO_CRM if side is Side.CRM else Direction.TO_MARKETING)


class Policy(StrEnum):
    """What to do when both sides changed one field, or differ at the first link."""

    CRM = "crm"
    MARKETING = "marketing"
    NEWEST = "newest"
    UNION = "union"
    LIFECYCLE = "lifecycle"
    """The declared transitions decide about every move, not only where both sides moved."""
    HOLD = "hold"


class Tie(StrEnum):
    """What ``newest`` does when both changes are equally old at the coarser side's resolution."""

    CRM = "crm"
    MARKETING = "marketing"
    HOLD = "hold"


class Clear(StrEnum):
    """Whether an emptied value travels."""

    HOLD = "hold"
    BOTH = "both"
    TO_CRM = "to_crm"
    TO_MARKETING = "to_marketing"

    def flows_to(self, side: Side) -> bool:
        """Whether a clear may be written on that side."""
        return self is Clear.BOTH or self is (Clear.TO_CRM if side is Side.CRM else Clear.TO_MARKETING)


class Confirm(StrEnum):
    """How a write guards against lost updates: read again just before and looked up in the history afterwards;
    ``PRECONDITION`` also by the vendor's own condition, for so many records of a cycle as the connection allows.
    """

    NONE = "none"
    READBACK = "readback"
    PRECONDITION = "precondition"


class Unknown(StrEnum):
    """What to do with a vendor value that the table does not know."""

    HOLD = "hold"
    DEFAULT = "default"
    PASS = "pass"  # noqa: S105 - a rule, not a password


@dataclass(frozen=True, slots=True)
class TableRow:
    """One shared value and its form on each side, one entry per vendor field of the slot (``None`` in a tuple: any).

    ``reads`` are the forms that mean this value; ``writes`` the canonical form that is written, ``None`` where the
    value is never written on that side.
    """

    value: str
    reads: Pair[tuple[tuple[Wire, ...], ...]]
    writes: Pair[tuple[Wire, ...] | None]


@dataclass(frozen=True, slots=True)
class Transform:
    """One step of reading or writing a value: a built-in by name, or a CEL expression over ``value``."""

    name: str
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """The transforms of one side: after the vendor's value was read, before it is written."""

    read: tuple[Transform, ...] = ()
    write: tuple[Transform, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One field of the shared schema.

    ``slots`` maps per side each vendor object to the vendor fields that hold the value (usually one). ``region`` is the
    default country for phones, ``currency`` the fixed currency of a money field without a currency field, ``kind`` the
    kind a reference points to, ``optional`` lets one without its vendor field be left out with a notice. A field with
    ``derive`` is computed by syncd, and may stand on one side only.
    """

    name: str
    type: FieldType
    slots: Pair[Mapping[str, tuple[str, ...]]]
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.HOLD
    tie: Tie | None = None
    clear: Clear = Clear.HOLD
    confirm: Confirm = Confirm.NONE
    table: tuple[TableRow, ...] = ()
    unknown: Unknown = Unknown.HOLD
    default: Canonical = None
    steps: Pair[Steps] = Pair(Steps(), Steps())
    only_on_create: bool = False
    create_default: Pair[Canonical] = Pair(None, None)
    optional: bool = False
    region: str | None = None
    currency: str | None = None
    kind: str | None = None
    lane: Lane = Lane.ORDINARY
    derive: Derivation | None = None


@dataclass(frozen=True, slots=True)
class MatchRule:
    """One way to recognise an unlinked record on the other side: equal normalised values of one shared field.

    ``by`` is ``email`` (any address of either record), ``domain`` (registrable domain of an address or a website,
    freemail excluded) or ``value``. What is recognised must be alike in the fields of ``also``, too.
    """

    field: str
    by: str
    suggests: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordTypeRule:
    """Give a new record the type of this developer name when the CEL expression over shared fields holds.

    ``when`` is ``None`` for always.
    """

    name: str
    when: str | None = None


@dataclass(frozen=True, slots=True)
class CreateRule:
    """Make a record of this object on the other side when the CEL expression over shared fields holds.

    ``when`` is ``None`` for always. The first rule that holds is used, and so is the first of ``record_types``; where
    none of these holds, the vendor chooses the type. A record is made ``after`` so many seconds without a change of the
    record it is made of: the vendor may be about to make it by itself.
    """

    object: str
    when: str | None = None
    after: float = 0.0
    record_types: tuple[RecordTypeRule, ...] = ()


class Rule(StrEnum):
    """How one of several records of a side is chosen. ``WHEN`` is a CEL expression over shared fields, ``OBJECT`` the
    object that goes before the others.
    """

    OWNED = "owned"
    OLDEST = "oldest"
    WHEN = "when"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Choice:
    """One rule that narrows several records down; one that leaves none of them is passed over."""

    rule: Rule
    when: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True)
class KindMapping:
    """All that is configured for one kind. ``create.crm`` are the rules for making CRM records, and so on.

    ``origin`` is per side the vendor field that tells of each write whether it is live or bulk work. ``native`` maps id
    properties of the vendor's own connector on the marketing side to the CRM object they point to. ``several`` are the
    rules that choose among several records of a side that match one of the other; without them a person is asked.
    ``agreed`` is what decides about its field with the policy ``lifecycle``, ``definitions`` what its derived fields
    follow from; ``None`` where there is no such field. ``routing`` says who gets people in the CRM, ``outcome`` how
    deals are read that move people.
    ``hash`` changes with anything that can change a decision.
    """

    kind: str
    objects: Pair[tuple[str, ...]]
    key: Pair[str]
    fields: tuple[FieldMapping, ...]
    origin: Pair[str | None] = Pair(None, None)
    match: tuple[MatchRule, ...] = ()
    native: Mapping[str, str] = field(default_factory=dict)
    create: Pair[tuple[CreateRule, ...]] = Pair((), ())
    several: Pair[tuple[Choice, ...]] = Pair((), ())
    scope: Pair[str | None] = Pair(None, None)
    partner_domains: tuple[str, ...] = ()
    agreed: Agreed | None = None
    routing: Routing | None = None
    definitions: Definitions | None = None
    outcome: Outcome | None = None
    hash: str = ""

    def writes(self, field: FieldMapping, side: Side) -> bool:
        """Whether a field is written on a side: because it flows there, or because routing gives owners there."""
        given = side is Side.CRM and self.routing is not None and self.routing.owner == field.name
        return given or field.direction.flows_to(side)


@dataclass(frozen=True, slots=True)
class Connection:
    """One marketing account and one CRM org kept in step, as far as decisions need to know.

    ``horizon`` is per side the seconds after which an unanswered write may be sent again. ``kinds`` are in the order in
    which they are synced: what is referred to comes first. ``brake`` is what may change before a person is asked,
    ``precondition_rows`` how many records of a cycle are written one by one, under the vendor's own condition;
    ``signals`` is what is only ever added on the other side, ``handoff`` what a ledger is kept by.
    """

    name: str
    kinds: tuple[KindMapping, ...]
    horizon: Pair[float]
    mode: str = "live"
    allow_billable: bool = False
    precondition_rows: int = 200
    config_hash: str = ""
    brake: Limits = field(default_factory=Limits)
    handoff: Handoff | None = None
    signals: Signals = NO_SIGNALS
