"""What tests of recorded traffic share: how two answers are compared without their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CODES = frozenset({"errorCode", "statusCode", "httpStatusCode", "category", "success", "created", "done", "status"})
"""Keys whose values are the vendor's own words and must agree."""


def differences(recorded: Any, ours: Any, place: str = "") -> Iterator[str]:
    """Keys that only one of two answers has, values of another type, and other codes.

    ``null`` fits everything: it says nothing of a type. Lists are compared entry by entry, as far as both reach.
    """
    if isinstance(recorded, Mapping) and isinstance(ours, Mapping):
        for key in sorted(recorded.keys() | ours.keys()):
            here = f"{place}.{key}".lstrip(".")
            if key not in ours:
                yield f"{here} only recorded"
            elif key not in recorded:
                yield f"{here} only ours"
            elif key in CODES and recorded[key] != ours[key]:
                yield f"{here} is {recorded[key]}, not {ours[key]}"
            else:
                yield from differences(recorded[key], ours[key], here)
    elif isinstance(recorded, list) and isinstance(ours, list):
        for theirs, mine in zip(recorded, ours, strict=False):
            yield from differences(theirs, mine, f"{place}[]")
    elif recorded is not None and ours is not None and _sort(recorded) != _sort(ours):
        yield f"{place} is {_sort(recorded)}, not {_sort(ours)}"


def _sort(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__
