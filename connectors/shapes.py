"""The last net below a connector's own checks: an answer of a shape that nobody foresaw is a ``Bug``, never a crash.

Answers are read where they are used, by key and by position; a vendor (or a proxy) that sends a list for a text, a
number for a row or no id at all shows as one of Python's lookup and conversion errors. ``foreseen`` turns these into
the typed error at the connector's edge, and names only the call and the place in our code that could not read it: such
an error's own text may hold people's values. ``reading`` does the same for a part of a call, where the rest can go on.
A paged read that is sent back to a page it has read would never end: ``Turns`` refuses it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import extract_tb
from typing import Any, Final, ParamSpec, TypeVar, cast

from connectors.transport import wrong_shape

P = ParamSpec("P")
R = TypeVar("R")
_MISREAD: Final = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)


@contextmanager
def reading(operation: str) -> Iterator[None]:
    """A block in which an answer is read. :raises Bug: where it has a shape that the block cannot read."""
    try:
        yield
    except _MISREAD as why:
        place = extract_tb(why.__traceback__)[-1].name if why.__traceback__ else "?"
        raise wrong_shape(operation, f"{type(why).__name__} in {place}") from why


def foreseen(call: Callable[P, R]) -> Callable[P, R]:
    """A connector's method whose misread answers become ``Bug``; works for generators, page by page."""
    if inspect.isgeneratorfunction(call):

        @functools.wraps(call)
        def pages(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
            with reading(call.__name__):
                yield from cast("Iterator[Any]", call(*args, **kwargs))

        return cast("Callable[P, R]", pages)

    @functools.wraps(call)
    def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        with reading(call.__name__):
            return call(*args, **kwargs)

    return answered


class Turns:
    """The addresses of one paged read so far."""

    def __init__(self, operation: str, *begun: str | None) -> None:
        self._operation = operation
        self._seen = set(begun)

    def to(self, after: str | None) -> str | None:
        """The address of the next page, ``None`` at the end. :raises Bug: if that page was read already."""
        if after is None:
            return None
        if after in self._seen:
            raise wrong_shape(self._operation, "the next page is one that was read already")
        self._seen.add(after)
        return after
