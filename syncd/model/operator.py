"""People who operate syncd, what each may do, and what opens the console for them.

A secret (an invitation, a session, an API token) is known here by its hash alone; its text is shown once and kept by
whoever was given it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncd.model.values import Instant


class Role(StrEnum):
    """What an operator may do: look; decide and ask for work too; let others in too. Each holds those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether whoever has this role may do what needs that one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Sort(StrEnum):
    """What a credential is: an invitation sets a password, once; a session is a browser's; a token is a program's. The
    command line asks for none, and is a way to do something all the same.
    """

    INVITATION = "invitation"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word and no secret
    SHELL = "shell"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may use the console. ``password`` is its salted hash with the cost it was made with."""

    name: str
    role: Role
    password: str
    since: Instant
    invited_by: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What opens the console until an instant. ``hash`` is that of its secret, ``role`` the most it can do, ``label``
    what it is for, ``seen`` when it was last used, to the minute; ``proved`` when its password was last typed.
    """

    id: str
    sort: Sort
    operator: str
    role: Role
    label: str
    hash: bytes
    since: Instant
    seen: Instant
    until: Instant
    proved: Instant


@dataclass(frozen=True, slots=True)
class Deed:
    """A command of an operator, or a look at personal data: who, in which way, what about what, and how it ended.

    ``key`` is what the caller gave so that calling twice is one deed, ``asked`` a hash of all that was asked for.
    ``status`` and ``answer`` are set once it ended; the answer is forgotten after a day.
    """

    id: str
    at: Instant
    who: str
    way: Sort
    connection: str
    what: str
    about: str
    key: str | None = None
    asked: bytes = b""
    status: int | None = None
    answer: str | None = None
