"""Whether a sentinel is as its store remembers it, and if not, what that says. Pure: a reading in, a judgement out.

The text must be the one that the store wrote last, letter by letter, or the one before while nobody knows whether that
was taken; the key must be the marker. Another text is read: it may be of another account (a copy of its records), of
another store (two keep this account in step), or of this very store at another point of its history (an older copy of
it was put back, or a clone of it is at work). What cannot be read was edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncd.model.remote import Gone, Moved, RemoteRecord
from syncd.model.run import Mark
from syncd.model.sentinel import LONGEST, MARKER, NAMED, Inscription, Planted


class Amiss(StrEnum):
    """What is wrong with a sentinel."""

    GONE = "gone"
    MERGED = "merged"
    EDITED = "edited"
    ACCOUNT = "another account's"
    STORE = "another store's"
    COPY = "another copy's"
    STRANGER = "no sentinel"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is wrong with a sentinel, if anything; ``text`` is what it says, ``says`` the same if it can be read."""

    amiss: Amiss | None
    text: str = ""
    says: Inscription | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a sentinel of this store on this side says in any case."""

    connection: str
    account: str
    mark: Mark

    def is_ours(self, says: Inscription) -> bool:
        """Whether an inscription is this store's, of whatever point of its history."""
        return bool(self.mark.identity) and says.store == self.mark.identity[:NAMED]


def judged(
    planted: Planted, answer: RemoteRecord | Gone | Moved, expected: Expected, *, key: str, field: str
) -> Judged:
    """What is wrong with a sentinel as it was just read, if anything.

    :param key: its key field. :param field: the one that it is written on.
    """
    if isinstance(answer, Gone):
        return Judged(Amiss.GONE)
    if isinstance(answer, Moved):
        return Judged(Amiss.MERGED)
    text = str(answer.fields.get(field) or "")
    if text in {planted.text, planted.before or planted.text}:
        return Judged(None if answer.fields.get(key) == MARKER else Amiss.EDITED, text)
    says = Inscription.read(text)
    if says is None:
        return Judged(Amiss.EDITED, text)
    return Judged(_another(says, planted, expected), text, says)


def _another(says: Inscription, planted: Planted, expected: Expected) -> Amiss:
    if says.account != expected.account:
        return Amiss.ACCOUNT
    if not expected.is_ours(says):
        return Amiss.STORE
    ours = Inscription.read(planted.text)
    moved_on = ours is None or (says.generation, says.token) != (ours.generation, ours.token)
    return Amiss.COPY if moved_on and says.connection == expected.connection[:LONGEST] else Amiss.EDITED
