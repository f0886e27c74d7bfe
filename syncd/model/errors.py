"""Errors grouped by what to do next, never by where they arose.

    SyncdError
    +-- BadConfig        a person must mend a file; exit 2
    +-- BadUsage         a person must call again, corrected; exit 2
    |   +-- PlaceGone    what a list is to go on behind is not there any more
    |   +-- LastAdmin    nobody would be left who may let others in
    |   +-- NothingLeft  of what is to be made anew, that some is gone; the rest can be asked for
    |   +-- Misunderstood  words that mean nothing, however things stand
    |   +-- NoStore      what was asked about is remembered nowhere: there is no store where it should be
    +-- RetryLater       the vendor, the store or the next run will do later what cannot be done now; exit 3
    +-- NotAdmitted      a person may not do that, or must say first who they are; exit 2
    +-- NeedsOperator    nothing will change until a person acts: a credential, a right, a wrong account; exit 3
    +-- Bug              an answer or a state that nobody foresaw; exit 3

Trouble with one record of a batch is a ``WriteResult``, not an error: an error means the whole call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class SyncdError(Exception):
    """Base of all that syncd raises on purpose. The text says what, where, and what to do next."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong in one config file. ``line`` and ``column`` count from 1; 0 means the file as a whole.

    ``field`` is the shared field that alone is concerned, if it is one.
    """

    file: str
    line: int
    column: int
    what: str
    advice: str
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what}; {self.advice}"


class BadConfig(SyncdError):
    """The configuration cannot be used; holds every flaw found, not only the first."""

    exit_code = 2

    def __init__(self, flaws: tuple[Flaw, ...]) -> None:
        super().__init__("\n".join(str(flaw) for flaw in flaws))
        self.flaws = flaws


class BadUsage(SyncdError):
    """The command was called with words that cannot be carried out."""

    exit_code = 2


class PlaceGone(BadUsage):
    """A list is to go on behind a row that is not there any more: what stands behind it would be passed over unseen."""

    def __init__(self) -> None:
        super().__init__("what this cursor names is gone; begin again without one")


class LastAdmin(BadUsage):
    """Without this operator nobody could let anybody in, or take anything from anybody."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the only admin; invite another one before")


class NothingLeft(BadUsage):
    """Counterparts cannot be made anew, as what they were to be made from is gone, too. ``named`` are those that were
    asked for in vain, in the words of whoever asked; any others are still to be made.
    """

    def __init__(self, what: str, *, named: Sequence[str]) -> None:
        super().__init__(what)
        self.named = tuple(named)


class Misunderstood(BadUsage):
    """Words that mean nothing, or two things at once, however things stand. Other ``BadUsage`` could be carried out if
    they stood otherwise.
    """


class NoStore(BadUsage):
    """There is no store at the configured place, and whoever only looks makes none."""


class RetryLater(SyncdError):
    """A whole call failed for now. ``after`` is how long to wait at least, where the vendor said so.

    ``sent`` is False only if the request surely never reached the vendor; otherwise a write may have happened.
    """

    def __init__(self, what: str, *, after: timedelta | None = None, sent: bool = True) -> None:
        super().__init__(what)
        self.after = after
        self.sent = sent


class NotAdmitted(SyncdError):
    """Nobody is let in like this, or not with this role. The text tells a stranger nothing about who there is.

    ``after`` is how long to wait before the next attempt counts, if it is too early for one.
    """

    exit_code = 2

    def __init__(self, what: str, *, after: timedelta | None = None) -> None:
        super().__init__(what)
        self.after = after


class NeedsOperator(SyncdError):
    """A whole call failed and will go on failing until a person acts."""


class WrongAccount(NeedsOperator):
    """The credentials lead to another portal or org than the one this store is bound to."""

    exit_code = 2


class NotItself(NeedsOperator):
    """A side's sentinel is gone or says something else: the account may have been emptied, restored or exchanged."""


class SecondStore(NotItself):
    """A side's sentinel is another store's: somebody else keeps this account in step, or did."""


class NewerStore(NeedsOperator):
    """The store was written by a newer syncd."""

    exit_code = 2


class LeaseHeld(NeedsOperator):
    """Another worker holds this connection."""


class Stopping(RetryLater):
    """This process was told to stop; what it was doing goes on in the next one. Nothing was sent."""

    def __init__(self) -> None:
        super().__init__("syncd is stopping; the next run goes on from here", sent=False)


class LeaseLost(RetryLater):
    """Our lease ran out or was taken while we worked; nothing more may be sent."""


class Bug(SyncdError):
    """An answer of a shape nobody foresaw, or a broken promise of our own; nothing is assumed."""


class UnusableCursor(Bug):
    """A stored position in a vendor's stream cannot be gone on from: it is unreadable, or lies in the vendor's future,
    where nothing would ever be new. Whoever was to go on begins anew and compares everything.
    """
