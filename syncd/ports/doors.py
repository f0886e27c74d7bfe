"""The doors Protocol: who may use the console of one store, with which secrets, and what they did with it.

It spans all connections of a store. No secret is ever in it: the hash of a token, a salted hash of a password. Every
method is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from syncd.model.operator import Credential, Deed, Operator, Sort
from syncd.model.values import Instant


class Doors(Protocol):
    """Operators, credentials, failed attempts and deeds, on SQLite or PostgreSQL."""

    # -- people ----------------------------------------------------------------------------------------------------
    def operator(self, name: str) -> Operator | None:
        """An operator by name."""
        ...

    def operators(self) -> Sequence[Operator]:
        """All of them, by name."""
        ...

    def let_in(self, invitation: Credential, operator: Operator) -> bool:
        """Makes an operator of an invitation, or gives one that is there a new password and role; every credential
        they had ends. ``False`` if the invitation is used up.

        :raises LastAdmin: if the only admin would be one no more; then nothing is done.
        """
        ...

    def remove(self, name: str) -> bool:
        """Removes an operator with every credential; ``False`` if there is none of that name.

        :raises LastAdmin: as ``let_in``.
        """
        ...

    # -- credentials -----------------------------------------------------------------------------------------------
    def add(self, credential: Credential) -> None:
        """Stores a credential."""
        ...

    def found(self, hash: bytes) -> Credential | None:
        """The credential of a secret with this hash, run out or not."""
        ...

    def credentials(self, sort: Sort) -> Sequence[Credential]:
        """All of a sort, the youngest first."""
        ...

    def seen(self, id: str, at: Instant) -> None:
        """A credential was used."""
        ...

    def proved(self, id: str, at: Instant) -> None:
        """The password was typed again in this session."""
        ...

    def end(self, id: str, sort: Sort) -> bool:
        """Revokes a credential; ``False`` if there is none of that id and sort."""
        ...

    def end_all(self, operator: str, sort: Sort) -> int:
        """Revokes all of a sort that an operator has; how many."""
        ...

    def tidy(self, now: Instant) -> None:
        """Forgets credentials that ran out, attempts of an hour ago, answers of a day ago, deeds of 400 days ago."""
        ...

    # -- attempts --------------------------------------------------------------------------------------------------
    def knock(self, marks: Sequence[tuple[bytes, int]], now: Instant) -> timedelta:
        """Counts an attempt under each mark, unless one of them has to wait first: how long, or zero.

        A mark is a hash and the attempts it has without a wait; with each further one the wait doubles, to five
        minutes at most. Counted before the attempt is judged, so that many at once are not judged at once.
        """
        ...

    def admitted(self, account: bytes, address: bytes) -> None:
        """An attempt was right: forgets those of the account, and that one of the address."""
        ...

    # -- deeds -----------------------------------------------------------------------------------------------------
    def begin_deed(self, deed: Deed) -> Deed | None:
        """Stores a deed before it is done, or one that has a status as done; the earlier one of the same person and
        key instead, if there is one.
        """
        ...

    def end_deed(self, deed: Deed) -> None:
        """Stores how it ended, and what it was about."""
        ...

    def deeds(self, limit: int, before: str | None = None) -> Sequence[Deed]:
        """The latest deeds, the youngest first; those before the one of an id.

        :raises PlaceGone: if there is none of that id, or none any more.
        """
        ...
