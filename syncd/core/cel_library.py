"""The CEL library as syncd uses it: imported only where an expression is compiled, and with functions of our own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, Final

from syncd.core.domains import domain_of, is_freemail

_COMMAND_LINE: Final = "cel.cli"


@cache
def library() -> ModuleType:
    """The library, imported on first use, and without its own command line, which would take half of its time."""
    sys.modules.setdefault(_COMMAND_LINE, ModuleType(_COMMAND_LINE))
    try:
        import cel  # noqa: PLC0415 - see above
    finally:
        del sys.modules[_COMMAND_LINE]
    return cel


def _text_function(change: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A function of one text that answers ``null`` for anything else.

    It must not raise: the library prints the error of a Python function, and with it the value, to the terminal.
    """

    def answer(text: Any = None, *_: Any) -> Any:  # noqa: ANN401 - whatever the expression holds at that place
        return change(text) if isinstance(text, str) else None

    return answer


def _replace(text: Any = None, old: Any = None, new: Any = None, *_: Any) -> str | None:  # noqa: ANN401 - as above
    if isinstance(text, str) and isinstance(old, str) and old and isinstance(new, str):
        return text.replace(old, new)
    return None


def _split(text: Any = None, mark: Any = None, *_: Any) -> list[str] | None:  # noqa: ANN401 - as above
    return text.split(mark) if isinstance(text, str) and isinstance(mark, str) and mark else None


def _join(parts: Any = None, mark: Any = "", *_: Any) -> str | None:  # noqa: ANN401 - as above
    if isinstance(parts, list) and isinstance(mark, str) and all(isinstance(part, str) for part in parts):
        return mark.join(parts)
    return None


OWN: Final[Mapping[str, Callable[..., Any]]] = {
    "lower": _text_function(str.lower),
    "upper": _text_function(str.upper),
    "trim": _text_function(str.strip),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "domain": _text_function(domain_of),
    "freemail": _text_function(is_freemail),
}
"""What syncd adds to CEL; each answers ``null`` where its first argument is empty."""
