"""Signals that are only ever added on the other side: what is declared of them, and how a vendor keeps them.

What is declared (``signals.yaml``) speaks of campaigns and sorts of activities; the vendor's forms (``Membership``,
``ActivityForm``) are told by its connector, so that nothing else knows their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from syncd.model.values import Instant, Side, Wire

ANY_VALUE: Final = "*"
"""In the values of a rule: any other value that is not empty."""


# -- campaigns ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Membership:
    """How a CRM tells who takes part in a campaign: the ``object`` of members, its lookup of the ``campaign``, its
    lookup of a person by the person's object, its ``status``; and the object of ``campaigns`` with their ``name``.
    """

    object: str
    campaign: str
    people: Mapping[str, str]
    status: str
    campaigns: str
    name: str


@dataclass(frozen=True, slots=True)
class CampaignRule:
    """Who becomes a member, and with which status: ``values`` of a marketing ``property`` to statuses."""

    property: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListRule:
    """Whoever is in a list of the marketing side becomes a member with a status."""

    list: str
    status: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign of the CRM that marketing fills. ``name`` is its name or id there, ``statuses`` are in the order in
    which one follows another; ``key`` is what it is called in the file.
    """

    key: str
    name: str
    statuses: tuple[str, ...]
    rules: tuple[CampaignRule, ...] = ()
    lists: tuple[ListRule, ...] = ()


# -- activities --------------------------------------------------------------------------------------------------------
class ActivitySort(StrEnum):
    """What somebody did about a person."""

    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    TASK = "task"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class ActivityForm:
    """How a vendor keeps activities of one object: its ``object``, the lookup or association of the ``person``, and the
    fields of ``subject``, ``body``, begin (``at``), end (``until``) and ``owner``, each empty where there is none.

    An activity is over when the flag ``closed`` is set; where there is no such flag, when its end is past. ``sort`` is
    what it is, unless the field ``told`` holds one of ``sorts``. ``also`` are constants of one that is made, ``starts``
    fields that hold its begin a second time, ``days`` fields that hold its day; ``markup`` says that its body is HTML.
    ``done`` are the values of ``closed`` that close it, ``off`` a field and its values that call it off. ``unique``
    says that the key field of a copy is unique, so that it is made by it; else it is made plainly, once none is found.
    """

    object: str
    person: str
    sort: ActivitySort
    subject: str = ""
    body: str = ""
    at: str = ""
    until: str = ""
    owner: str = ""
    closed: str = ""
    told: str = ""
    sorts: Mapping[str, ActivitySort] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    starts: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    markup: bool = False
    done: tuple[Wire, ...] = (True, "true")
    off: tuple[str, tuple[str, ...]] = ("", ())
    unique: bool = True

    @property
    def read(self) -> tuple[str, ...]:
        """Every field of it that is read."""
        names = (self.subject, self.body, self.at, self.until, self.owner, self.closed, self.told, self.off[0])
        return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Activities of one side that are copied to the other: ``sorts`` to what they become there.

    ``per_person`` is how many a person gets for one day, ``per_day`` how many all people get in one day; ``since`` is
    from when on, ``None`` for from now on; ``bodies`` says whether texts go along.
    """

    side: Side
    sorts: Mapping[ActivitySort, ActivitySort]
    per_person: int
    per_day: int
    since: Instant | None = None
    bodies: bool = False


@dataclass(frozen=True, slots=True)
class Signals:
    """All that is declared of signals that are only ever added. ``per_day`` is how many people join or advance in one
    day, all campaigns together.
    """

    campaigns: tuple[Campaign, ...] = ()
    per_day: int = 2_000
    activities: tuple[ActivityRule, ...] = ()


NO_SIGNALS: Final = Signals()
