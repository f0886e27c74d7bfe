"""Passwords and keys that cost a test little: the time that each takes is for whoever guesses, not for tests.

A password is reckoned with a small cost. The key of a backup is the true one, but of one secret and salt it is reckoned
once: what is sealed and then unsealed, or altered in many ways, has the same.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from syncd.operations import doors
from syncd.store import sealing

TRUE: Final = {"_N": doors._N, "_P": doors._P}
"""What they cost outside of tests, by the names of `syncd.operations.doors`."""
_CHEAP: Final = {"_N": 2**4, "_P": 1}


@contextmanager
def cheap() -> Iterator[None]:
    """Until the end of the block."""
    key = sealing._key
    vars(doors).update(_CHEAP)
    sealing._key = functools.lru_cache(maxsize=64)(key)
    yield
    sealing._key = key
    vars(doors).update(TRUE)
