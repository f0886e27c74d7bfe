"""What goes with what in a condition: operators and words held against the sorts of the parts they stand between.

``core.sense`` reads an expression and asks here at each operator and call. What is wrong is noted once, with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from syncd.core.bounds import flaw
from syncd.core.meanings import NUMBERS, Meaning, Sort, misspelt
from syncd.model.values import FieldType

_LETTERED: Final = {FieldType.DECIMAL: "a decimal", FieldType.MONEY: "money"}
"""Kept as text so that nothing is rounded; as text they cannot be compared by size."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of an expression is: its sort, where it stands, and what more is known of it.

    ``shown``: how it is called in a message. ``meaning``: that of the field it is, or is a member of. ``text``: the
    literal text it is. ``members``: those of a literal list. ``folds``: what a function has made of every letter.
    """

    sort: Sort
    at: int = 0
    shown: str = ""
    meaning: Meaning | None = None
    text: str | None = None
    members: tuple[Part, ...] = ()
    folds: tuple[str, Callable[[str], str]] | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A function: what it is called on (and then with), and what it gives. ``method``: never called as ``f(x)``."""

    takes: tuple[Sort, ...]
    gives: Sort
    method: bool = False


_ON_TEXT: Final = Signature((Sort.TEXT, Sort.TEXT), Sort.TRUTH, method=True)
_OF_TIME: Final = Signature((Sort.INSTANT,), Sort.WHOLE, method=True)
SIGNATURES: Final[Mapping[str, Signature]] = {
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), _ON_TEXT),
    **dict.fromkeys(("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"), _OF_TIME),
    **dict.fromkeys(("lower", "upper", "trim", "domain"), Signature((Sort.TEXT,), Sort.TEXT)),
    "freemail": Signature((Sort.TEXT,), Sort.TRUTH),
    "replace": Signature((Sort.TEXT, Sort.TEXT, Sort.TEXT), Sort.TEXT),
    "split": Signature((Sort.TEXT, Sort.TEXT), Sort.LIST),
    "join": Signature((Sort.LIST, Sort.TEXT), Sort.TEXT),
    "timestamp": Signature((Sort.TEXT,), Sort.INSTANT),
    "duration": Signature((Sort.TEXT,), Sort.SPAN),
    "string": Signature((), Sort.TEXT),
    "int": Signature((), Sort.WHOLE),
    "double": Signature((), Sort.REAL),
    "size": Signature((), Sort.WHOLE),
}
FOLDS: Final[Mapping[str, Callable[[str], str]]] = {"lower": str.lower, "upper": str.upper}


class Notes:
    """The flaws of one expression, in the order in which they were found."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[str, None] = {}

    @property
    def found(self) -> tuple[str, ...]:
        """Each once, as ``line L, column C: what; advice``."""
        return tuple(self._found)

    def note(self, where: Part, what: str, advice: str) -> None:
        """Notes something wrong with a part."""
        self._found[str(flaw(self._text, where.at, what, advice))] = None

    def truth(self, part: Part, operator: str) -> None:
        """What an operator on truth values stands beside is one."""
        if part.sort not in {Sort.TRUTH, Sort.ANY}:
            what = f"{operator} goes with what is true or false, and {part.shown} gives {part.sort}"
            self.note(part, what, f"say what it is compared with, as in `{part.shown} != null`")

    def called(self, name: str, parts: Sequence[Part]) -> None:
        """A function is called on parts of the sorts it takes."""
        known = SIGNATURES[name]
        for part, sort in zip(parts, known.takes, strict=False):
            if part.sort not in {sort, Sort.ANY}:
                self.note(part, f"{name} takes {sort}, and {part.shown} gives {part.sort}", _instead(name, part))
        first = parts[0] if parts else None
        if first is None:
            return
        if name == "size" and first.sort not in {Sort.TEXT, Sort.LIST, Sort.ANY}:
            self.note(first, f"size takes text or a list, and {first.shown} gives {first.sort}", "remove it")
        if name == "timestamp" and first.meaning is not None and first.meaning.type is FieldType.DATE:
            told = f"write timestamp({first.shown} + 'T00:00:00Z')"
            self.note(first, f"{first.shown} is a day without a time", told)
        if known is _ON_TEXT and name != "matches" and len(parts) > 1:
            self.folded(first, parts[1])

    def calculated(self, first: Part, operator: str, second: Part) -> Sort:
        """What an operator of arithmetic gives."""
        sort = _calculated(first.sort, operator, second.sort)
        if sort is None:
            what = f"{operator} does not go with {first.sort} ({first.shown}) and {second.sort} ({second.shown})"
            mixed = {first.sort, second.sort} == NUMBERS
            self.note(second, what, "write double(...) around the whole number" if mixed else "take two of one sort")
        return sort or Sort.ANY

    def equal(self, first: Part, second: Part) -> None:
        """``==`` and ``!=``."""
        if not _alike(first.sort, second.sort):
            self._unlike(first, second, "are never equal")
            return
        for one, other in ((first, second), (second, first)):
            self._word(one, other)
            if one.sort is Sort.LIST:
                for member in one.members:
                    self._word(member, other)

    def ordered(self, first: Part, second: Part, operator: str) -> None:
        """``<`` and the like."""
        if Sort.NULL in {first.sort, second.sort} or not _alike(first.sort, second.sort):
            self._unlike(first, second, f"have no order for {operator}")
            return
        for one in (first, second):
            lettered = None if one.meaning is None or one.folds else _LETTERED.get(one.meaning.type)
            if lettered is not None:
                what = f"{one.shown} is {lettered}, which is kept as text, and as text '9' is more than '50'"
                self.note(one, what, f"write double({one.shown}), and a number beside it")

    def within(self, first: Part, second: Part) -> None:
        """``in``."""
        if second.sort not in {Sort.LIST, Sort.ANY}:
            what = f"`in` looks into a list, and {second.shown} gives {second.sort}"
            self.note(second, what, f"write == {second.shown}, or [{second.shown}]")
            return
        for member in second.members:
            if not _alike(first.sort, member.sort):
                self._unlike(first, member, "are never equal")
            else:
                self._word(member, first)
        if second.meaning is not None:
            if not _alike(first.sort, Sort.TEXT):
                self._unlike(first, replace(second, sort=Sort.TEXT), "are never equal")
            self._word(first, second)

    def _word(self, literal: Part, other: Part) -> None:
        """A literal text is one of those that the other can be."""
        if literal.text is None:
            return
        self.folded(other, literal)
        wrong = None if other.meaning is None else misspelt(literal.text, other.meaning)
        if wrong is not None:
            self.note(literal, *wrong)

    def folded(self, part: Part, literal: Part) -> None:
        """A literal text has the letters that a function leaves in what it gives."""
        if part.folds is None or literal.text is None:
            return
        name, fold = part.folds
        if fold(literal.text) != literal.text:
            what = f"what {name} gives never holds {literal.shown}"
            self.note(literal, what, f"write it as {fold(literal.text)!r}")

    def _unlike(self, first: Part, second: Part, how: str) -> None:
        what = f"{first.shown} ({first.sort}) and {second.shown} ({second.sort}) {how}"
        advice = next(filter(None, map(_read_as, (first, second))), "compare it with one of its own sort")
        self.note(second, what, advice)


def _alike(one: Sort, other: Sort) -> bool:
    """Whether two sorts can be equal for some values."""
    return one == other or not {one, other}.isdisjoint({Sort.ANY, Sort.NULL}) or {one, other} == NUMBERS


def _calculated(one: Sort, operator: str, other: Sort) -> Sort | None:
    """What an operator of arithmetic gives; ``None`` where it gives nothing."""
    if Sort.ANY in {one, other}:
        return Sort.ANY
    times = {
        (Sort.INSTANT, "+", Sort.SPAN): Sort.INSTANT,
        (Sort.SPAN, "+", Sort.INSTANT): Sort.INSTANT,
        (Sort.INSTANT, "-", Sort.SPAN): Sort.INSTANT,
        (Sort.INSTANT, "-", Sort.INSTANT): Sort.SPAN,
        (Sort.SPAN, "+", Sort.SPAN): Sort.SPAN,
        (Sort.SPAN, "-", Sort.SPAN): Sort.SPAN,
    }
    if (one, operator, other) in times:
        return times[one, operator, other]
    fitting = {Sort.WHOLE} if operator == "%" else NUMBERS | {Sort.TEXT, Sort.LIST} if operator == "+" else NUMBERS
    return one if one == other and one in fitting else None


def _read_as(part: Part) -> str:
    """How a field whose values are kept as text is read as what it means; empty for others."""
    if part.sort is Sort.NULL:
        return "write `field != null`"
    if part.meaning is None or part.sort is not Sort.TEXT:
        return ""
    if part.meaning.type in _LETTERED:
        return f"write double({part.shown}): what is not whole is kept as text, so that nothing is rounded"
    if part.meaning.type is FieldType.DATETIME:
        return f"write timestamp({part.shown})"
    return "write a day as text: '2026-03-01'" if part.meaning.type is FieldType.DATE else ""


def _instead(name: str, part: Part) -> str:
    if part.sort is Sort.LIST and name in {"contains", "startsWith", "endsWith", "matches"}:
        return f"ask for a member: 'word' in {part.shown}, or {part.shown}.exists(each, each.{name}('word'))"
    if part.sort in NUMBERS:
        return f"write string({part.shown})"
    return _read_as(part) or "give it something else"
