"""What ``doctor`` and ``setup`` ask of an account: rights, what is lacking, and to make it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from syncd.model.fitting import Finding, Fitted, Needs, Step
from syncd.model.native import Synced
from syncd.model.values import Instant


class Fitting(Protocol):
    """One account, seen with one set of credentials: the daemon's (``rights``) or an administrator's (the rest).

    Errors are those of a connector: ``RetryLater``, ``NeedsOperator`` or ``Bug``.
    """

    def user(self) -> str | None:
        """Who the credentials act as, where the vendor gives rights to users; else ``None``."""
        ...

    def rights(self, needs: Needs) -> Sequence[Finding]:
        """Rights that are missing and what each breaks, and rights beyond need."""
        ...

    def synced(self, object: str, notes: Collection[str], since: Instant, *, most: int) -> Sequence[Synced]:
        """The records that the vendor's own connector to the other system touched last, or may have.

        :param notes: the fields of the object in which it leaves something, as far as they are there.
        """
        ...

    def survey(self, needs: Needs, *, user: str | None) -> Fitted:
        """What is there and what is lacking of key fields and rights.

        :param user: who the daemon acts as, for the assignment of rights; ``None`` if it cannot log in yet.
        """
        ...

    def make(self, step: Step) -> None:
        """Makes one thing of ``survey``; the steps in their order. What is there by now is no error."""
        ...
