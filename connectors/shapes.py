"""The last net below a connector's own checks: an answer of a shape that nobody foresaw is a ``Bug``, never a crash.

Answers are read where they are used, by key and by position; a vendor (or a proxy) that sends a list for a text, a
number for a row or no id at all shows as one of Python's lookup and conversion errors. ``foreseen`` turns these into
the typed error at the connector's edge, and names only the call: such an error's own text may hold people's values.
A paged read that is sent back to the page it comes from would never end: ``moved_on`` refuses it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

from connectors.transport import wrong_shape

P = ParamSpec("P")
R = TypeVar("R")
_MISREAD = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


@contextmanager
def _reading(operation: str) -> Iterator[None]:
    try:
        yield
    except _MISREAD as why:
        raise wrong_shape(operation, type(why).__name__) from why


def foreseen(call: Callable[P, R]) -> Callable[P, R]:
    """A connector's method whose misread answers become ``Bug``; works for generators, page by page."""
    if inspect.isgeneratorfunction(call):

        @functools.wraps(call)
        def pages(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
            with _reading(call.__name__):
                yield from cast("Iterator[Any]", call(*args, **kwargs))

        return cast("Callable[P, R]", pages)

    @functools.wraps(call)
    def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        with _reading(call.__name__):
            return call(*args, **kwargs)

    return answered


def moved_on(operation: str, before: str | None, after: str | None) -> str | None:
    """The address of the next page, if it is another than the one just read. :raises Bug: if it is the same."""
    if after is not None and after == before:
        raise wrong_shape(operation, "the next page is the page just read")
    return after
