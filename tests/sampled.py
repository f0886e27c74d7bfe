"""Which of many points are played, where all of them take long: chosen by the hash of the sources.

The same code plays the same ones wherever it runs, another change plays others. ``CRASH_POINTS=all`` kills at every
effect, ``HOSTILE=all`` lets every call meet every answer, ``SCENARIOS=all`` plays everything in `make test`, too.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import TypeVar

from syncd.lab.seeds import TESTED, hash_of

T = TypeVar("T")


def effects(below: int) -> Iterator[int]:
    """Numbers of the effects to die at, counted before and after each.

    Dying after one and before the next differ only in what is written in between, so it is one of the two.
    """
    each = os.environ.get("CRASH_POINTS") == "all"
    return iter(range(1, below) if each else range(1 + _drawn() % 2, below, 2))


def share(items: Sequence[T], *, of: int, beside: int) -> Sequence[T]:
    """Every ``of``-th of them; the rows ``beside`` 0, 1, 2 and so on begin at another one each."""
    return items if os.environ.get("HOSTILE") == "all" else items[(_drawn() + beside) % of :: of]


def is_played(name: str, *, of: int) -> bool:
    """Whether a scenario is in the part of this run: one of so many, and each in one part."""
    return of < 2 or int(hashlib.blake2b(name.encode(), digest_size=8).hexdigest(), 16) % of == _drawn() % of


@functools.cache
def _drawn() -> int:
    return int(hash_of(TESTED), 16)
