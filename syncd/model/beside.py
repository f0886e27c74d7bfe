"""What a Base keeps beside the agreed value of a shared field, under names that no shared field has.

Whatever stands there moves with the field and with nothing else: it is stored, sent ahead with an intent, recovered and
given up together with the value it explains.

* The *journey* of a stage is what a person has been through; it stays.
* The *news* of a field is what the handoff ledger has not been told yet; whoever settles the Base takes it out.
* The *former* of a field is what a record told last that became another one, where that one has no place for it or came
  out of it empty; it goes when the field is settled.
"""

from __future__ import annotations

from typing import Final

_NEWS: Final = "@news:"
_FORMER: Final = "@former:"


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


def beside(field: str) -> tuple[str, str, str]:
    """All names that stand beside one field and move with it."""
    return journey_of(field), news_of(field), former_of(field)
