"""Whether the history of writes is what was written, as an operator asks and is told; the store walks the chain."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from syncd.model.audit import Verified
from syncd.model.errors import BadUsage
from syncd.model.keeping import Pruned

_DIGITS: Final = frozenset("0123456789abcdef")


def head_of(text: str | None) -> str | None:
    """A hash that was the head before, as it was noted. :raises BadUsage: if it is none."""
    if text is None:
        return None
    if len(text) != 64 or set(text.lower()) - _DIGITS:
        raise BadUsage("--head: a hash has 64 hex digits, as `syncd audit verify` prints it")
    return text.lower()


def verified_document(found: Verified) -> dict[str, Any]:
    """What a walk found as plain values with stable keys."""
    return {
        "rows": found.rows,
        "unfinished": found.unfinished,
        "before_chain": found.before,
        "entries": found.entries,
        "pruned": None if found.pruned is None else _pruned(found.pruned),
        "reads": found.reads,
        "commands": found.commands,
        "head": None if found.head is None else asdict(found.head),
        "flaws": list(found.flaws),
        "more_flaws": found.more,
    }


def _pruned(gone: Pruned) -> dict[str, Any]:
    return {
        "number": gone.number,
        "hash": gone.hash,
        "upto": gone.upto.isoformat(),
        "rows": gone.rows,
        "at": gone.at.isoformat(),
        "days": gone.age.days,
    }
