"""Passwords that cost a test little: the fifth of a second that each takes is for whoever guesses, not for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from syncd.operations import doors

TRUE: Final = {"_N": doors._N, "_P": doors._P}
"""What they cost outside of tests, by the names of `syncd.operations.doors`."""
_CHEAP: Final = {"_N": 2**4, "_P": 1}


@contextmanager
def cheap() -> Iterator[None]:
    """Until the end of the block."""
    vars(doors).update(_CHEAP)
    yield
    vars(doors).update(TRUE)
