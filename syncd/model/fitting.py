"""How well two accounts are fitted for their mapping: what it needs, what is amiss, what ``setup`` would make.

A ``Finding`` is told by ``doctor``: what is so, what it breaks, where it is mended. A ``Step`` is one thing that
``setup`` makes with an administrator's credentials; making it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from syncd.model.values import FieldType, Side


class Severity(StrEnum):
    """How bad a finding is: nothing works, something will not work one day or goes beyond need, or worth knowing."""

    BROKEN = "broken"
    RISK = "risk"
    NOTICE = "notice"


class Topic(StrEnum):
    """What a finding is about."""

    CREDENTIALS = "credentials"
    RIGHTS = "rights"
    MAPPING = "mapping"
    RECORD_TYPES = "record types"
    OWNERS = "owners"
    QUOTA = "quota"
    CLOCK = "clock"
    SUNSET = "sunset"
    SANDBOX = "sandbox"
    SENTINEL = "sentinel"
    NATIVE = "native connector"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about an account. ``where`` says where to click or what to write; ``breaks`` what happens if not."""

    side: Side
    topic: Topic
    severity: Severity
    what: str
    breaks: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class OwnField:
    """A vendor field whose value syncd computes, so that ``setup`` may make it: of which canonical type, what it says,
    and of a list the values as they are written with the words that people read.
    """

    type: FieldType
    words: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectNeeds:
    """What a mapping does with one vendor object: fields that are read (the written ones too) and written.

    ``key`` is the field that names the other side's record, ``origin`` the one that tells who made a record, if any.
    ``guarded`` are the written fields whose history tells which edits were overwritten, ``derived`` those that hold
    what syncd computes.
    """

    read: frozenset[str]
    written: frozenset[str]
    key: str
    origin: str | None = None
    guarded: frozenset[str] = frozenset()
    derived: Mapping[str, OwnField] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """What the mappings of all kinds need of one side, by vendor object.

    ``opt_outs``: they are written there; ``owners``: they are read, to tell who is who on the other side;
    ``gives_owners``: records are given owners there; ``lists``: who is in its lists is read. ``homes`` are the vendor
    fields of each shared field that stands on several objects and is not computed, by object.
    """

    objects: Mapping[str, ObjectNeeds]
    opt_outs: bool = False
    owners: bool = False
    gives_owners: bool = False
    lists: bool = False
    homes: tuple[Mapping[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Sunset:
    """Something of a vendor's that ends: ``version`` of its API as configured (``to``: the last of a range of numbers),
    ``what`` it is, and what to do.
    """

    vendor: str
    version: str
    what: str
    ends: date
    advice: str
    to: str = ""

    def concerns(self, version: str) -> bool:
        """Whether it is about this version."""
        if not self.to:
            return version == self.version
        return float(self.version) <= float(version) <= float(self.to)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, the worst first; ``unreached`` are the sides that could not be looked at."""

    findings: tuple[Finding, ...]
    unreached: frozenset[Side]

    @property
    def healthy(self) -> bool:
        """Nothing to be mended."""
        return all(finding.severity is Severity.NOTICE for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        return {"unreached": sorted(self.unreached), "findings": [asdict(finding) for finding in self.findings]}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is to be made. ``id`` names it for its vendor's code, ``what`` and ``why`` for people.

    Steps of one ``group`` are shown together, each by its ``part``.
    """

    side: Side
    id: str
    what: str
    why: str
    body: Mapping[str, object] = field(default_factory=dict)
    group: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What an account has and lacks for its mapping: what stands already (in words), what is to be made, what nobody
    but a person can do.
    """

    there: tuple[str, ...]
    steps: tuple[Step, ...]
    by_hand: tuple[str, ...] = ()
