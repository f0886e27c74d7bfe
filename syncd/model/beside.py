"""What a Base keeps beside the agreed value of a shared field, under names that no shared field has.

Whatever stands there moves with the field and with nothing else: it is stored, sent ahead with an intent, recovered and
given up together with the value it explains.

* The *journey* of a stage is what a person has been through; it stays.
* The *news* of a field is what the handoff ledger has not been told yet; whoever settles the Base takes it out.
"""

from __future__ import annotations

from typing import Final

_NEWS: Final = "@news:"


def journey_of(field: str) -> str:
    """The name under which a Base keeps the journey beside the agreed stage."""
    return f"@{field}"


def news_of(field: str) -> str:
    """The name under which a Base holds what the ledger is to be told once this field is settled."""
    return _NEWS + field


def is_news(name: str) -> bool:
    """Whether this is the name of news."""
    return name.startswith(_NEWS)


def beside(field: str) -> tuple[str, str]:
    """All names that stand beside one field and move with it."""
    return journey_of(field), news_of(field)
