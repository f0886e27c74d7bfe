"""What a Base keeps beside the agreed value of a shared field, under names that no shared field has.

Whatever stands there moves with the field and with nothing else: it is stored, sent ahead with an intent, recovered and
given up together with the value it explains.

* The *journey* of a stage is what a person has been through; it stays.
* The *news* of a field is what the handoff ledger has not been told yet; whoever settles the Base takes it out.
* The *former* of a field is what a record told last that became another one, where that one has no place for it or came
  out of it empty; it goes when the field is settled.
* What is *called* for is a move that deals call for, put there without the field. With the field goes the news that
  it is *answered*: whoever settles the Base then takes it out, unless something else is called for by now.
* When a person was last *moved* by a stage, and when by hand, stays as well.
* The *closer* of a deal's stage is news, too: who won, lost or reopened it, and when.

``DEALS`` stands in the Base of a person alone: how their deals stand. It moves with the deals, and with no field.
"""

from __future__ import annotations

from typing import Final

_NEWS: Final = "@news:"
_FORMER: Final = "@former:"
_CALLED: Final = "@called:"
_CLOSER: Final = "@closer:"
_MOVED: Final = "@moved:"
DEALS: Final = "@deals"
"""The name under which the Base of a person keeps how their deals stand (``core.dealing``)."""


def journey_of(field: str) -> str:
    """The name under which a Base keeps the journey beside the agreed stage."""
    return f"@{field}"


def news_of(field: str) -> str:
    """The name under which a Base holds what the ledger is to be told once this field is settled."""
    return _NEWS + field


def is_news(name: str) -> bool:
    """Whether this is the name of news."""
    return name.startswith(_NEWS)


def former_of(field: str) -> str:
    """The name under which a Base holds what a converted record told last of this field."""
    return _FORMER + field


def field_of_former(name: str) -> str | None:
    """The field that such a name is about; ``None`` if it is no such name."""
    return name[len(_FORMER) :] if name.startswith(_FORMER) else None


def called_of(field: str) -> str:
    """The name under which a Base holds the move of this field that deals call for."""
    return _CALLED + field


def answered_of(field: str) -> str:
    """The name under which a Base holds the news that what was called for is done, or decided on: with what it was."""
    return _NEWS + _CALLED + field


def called_of_answer(name: str) -> str | None:
    """Under which name that stands which such news is about; ``None`` of any other name."""
    return name[len(_NEWS) :] if name.startswith(_NEWS + _CALLED) else None


def moved_of(field: str) -> str:
    """The name under which a Base keeps when the stage was entered that both sides agreed on last, as the ledger says;
    and, as its second word, when a person last moved somebody by hand, if a vendor dates that.
    """
    return _MOVED + field


def closer_of(field: str) -> str:
    """The name under which a Base holds who won, lost or reopened the deal whose stage this is, until it is settled."""
    return _NEWS + _CLOSER + field


def field_waiting(name: str) -> str | None:
    """The field that has to be looked at since something is kept for it; ``None`` of any other name."""
    return name[len(_CALLED) :] if name.startswith(_CALLED) else field_of_former(name)


def beside(field: str) -> tuple[str, ...]:
    """All names that stand beside one field and move with it."""
    named = journey_of, news_of, former_of, moved_of, answered_of, closer_of
    return tuple(name(field) for name in named)
