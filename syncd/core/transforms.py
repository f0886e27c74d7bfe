"""Transforms: the named steps between a vendor's text and a shared value, and CEL over ``value`` for the rest.

A read step works on the vendor's text before its type is read; a write step on the text form of the shared value (the
English name of a country, ``a;b`` of a set) before it is sent. Empty stays empty, except for ``default``. A step that
cannot do its work refuses with a reason instead of passing something half done.

A step that loses something has no way back. ``way_back`` tells when that hurts: on a field that flows both ways a
losing step is allowed only if the same step is read on both sides, so that both are compared in the folded form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from syncd.core.domains import domain_of, host_of
from syncd.core.expressions import Unclear, compile_expression
from syncd.core.places import country_code, country_name
from syncd.core.types import read_date, read_datetime
from syncd.model.mapping import Steps, Transform
from syncd.model.remote import RemoteUser
from syncd.model.values import Pair

Step: TypeAlias = Callable[[str | None], str | None]
FindUser: TypeAlias = Callable[[str], RemoteUser | None]
"""Looks up a user or queue of the same side by its vendor id."""


class Unusable(Exception):
    """A step cannot be applied to this value; the text says why, without the value."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """What the configuration may name. ``argument`` describes it in words and is empty where none is taken.

    ``invertible``: nothing a shared value can hold is lost. ``folding``: applied twice it changes nothing more, so the
    same step read on both sides compares like with like. ``reads_only``: makes sense only when reading.
    """

    meaning: str
    argument: str = ""
    invertible: bool = False
    folding: bool = False
    reads_only: bool = False


BUILT_IN: Final[Mapping[str, BuiltIn]] = {
    "trim": BuiltIn("without white space at both ends", invertible=True, folding=True),
    "lower": BuiltIn("in lower case", folding=True),
    "upper": BuiltIn("in upper case", folding=True),
    "title": BuiltIn("each word with a capital", folding=True),
    "digits": BuiltIn("only the digits 0-9", folding=True),
    "number": BuiltIn("a number without thousands separators", argument="the decimal sign: . or ,", reads_only=True),
    "domain": BuiltIn("the registrable domain of an address or website", folding=True),
    "url_host": BuiltIn("the host of a website", folding=True),
    "iso_code": BuiltIn("the ISO code of a country (or state) instead of its name", invertible=True, folding=True),
    "country_name": BuiltIn("the English name of a country instead of its code", invertible=True, folding=True),
    "day": BuiltIn("the day of an instant, in UTC, where a side keeps a date with a time", folding=True),
    "midnight": BuiltIn("midnight UTC of a day, for a side that keeps a date with a time"),
    "owner_name": BuiltIn("the name of the user or queue with this id", reads_only=True),
    "owner_email": BuiltIn("the e-mail address of the user with this id", reads_only=True),
    "split": BuiltIn("a set written with this sign between its members", argument="the sign, for example ,"),
    "join": BuiltIn("members joined with this sign", argument="the sign, for example ,"),
    "default": BuiltIn("this text where there is none", argument="the text"),
    "truncate": BuiltIn("at most so many characters", argument="the number of characters"),
    "cel": BuiltIn("a CEL expression over `value`", argument="the expression"),
}
"""Every transform by name."""

VALUE: Final = frozenset({"value"})
_UNDONE: Final = {"split": "join", "day": "midnight"}


def invertible(name: str) -> bool:
    """Whether a step loses nothing, so that a field that flows both ways may use it on one side alone.

    :raises KeyError: for a name that is not built in.
    """
    return BUILT_IN[name].invertible


def way_back(steps: Pair[Steps]) -> str | None:
    """Why these steps cannot serve a field that flows both ways; ``None`` if they can."""
    folded = {step for step in steps.marketing.read if step in steps.crm.read and BUILT_IN[step.name].folding}
    for side in steps:
        harmless = folded | _mirrored(side)
        for step in (*side.read, *side.write):
            if not BUILT_IN[step.name].invertible and step not in harmless:
                return f"{step.name} loses something and has no way back; make the field one-way{_advice(step)}"
    return None


def _advice(step: Transform) -> str:
    return f", or read {step.name} on both sides" if BUILT_IN[step.name].folding else ""


def _mirrored(steps: Steps) -> set[Transform]:
    """Split on reading and join with the same sign on writing undo each other, and so do day and midnight."""
    pairs: set[Transform] = set()
    for step in steps.read:
        undone = Transform(_UNDONE.get(step.name, ""), step.argument)
        if undone in steps.write:
            pairs |= {step, undone}
    return pairs


def check_transform(step: Transform) -> None:
    """Checks the name and the argument of one step.

    :raises ValueError: with what is wrong and what to write instead.
    """
    known = BUILT_IN.get(step.name)
    if known is None:
        raise ValueError(f"unknown transform {step.name}; use one of {', '.join(BUILT_IN)}")
    if known.argument and not step.argument:
        raise ValueError(f"{step.name} needs an argument; give {known.argument}")
    if not known.argument and step.argument is not None:
        raise ValueError(f"{step.name} takes no argument; remove it")
    if step.name == "truncate" and not _is_count(step.argument):
        raise ValueError("truncate needs a whole number of at least 1; give the number of characters")
    if step.name == "number" and step.argument not in {".", ","}:
        raise ValueError("number needs the decimal sign; give . or ,")
    if step.name == "cel":
        compile_expression(step.argument or "", VALUE)


def _is_count(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and int(text) >= 1


def compile_steps(steps: Sequence[Transform], *, find_user: FindUser, writing: bool = False) -> Step | None:
    """One function that applies the steps in order, ``None`` if there are none.

    The function raises ``Unusable`` for a value that a step cannot take.

    :param find_user: looks up a user or queue of this side; asked at each run.
    :param writing: whether these are write steps.
    :raises ValueError: for an unknown name, a wrong argument, or a write step that only makes sense when reading.
    """
    for step in steps:
        check_transform(step)
        if writing and BUILT_IN[step.name].reads_only:
            raise ValueError(f"{step.name} is for reading only; move it to the read steps")
    compiled = [_compile(step, find_user) for step in steps]
    if not compiled:
        return None

    def run(text: str | None) -> str | None:
        for step in compiled:
            text = step(text) or None
        return text

    return run


def _compile(step: Transform, find_user: FindUser) -> Step:
    argument = step.argument or ""
    if step.name in _PLAIN:
        return _on_text(_PLAIN[step.name])
    if step.name == "default":
        return lambda text: argument if text is None else text
    if step.name == "truncate":
        count = int(argument)
        return _on_text(lambda text: text[:count])
    if step.name == "number":
        return _on_text(lambda text: _without_thousands(text, argument))
    if step.name == "split":
        return _on_text(lambda text: ";".join(text.split(argument)))
    if step.name == "join":
        return _on_text(lambda text: argument.join(text.split(";")))
    if step.name == "cel":
        return _cel_step(argument)
    return _on_text(_owner_step(step.name, find_user))


def _on_text(change: Callable[[str], str | None]) -> Step:
    return lambda text: None if text is None else change(text)


def _digits(text: str) -> str | None:
    found = "".join(letter for letter in text if letter in "0123456789")
    return found if found or not text.strip() else None


def _finding(name: str, find: Callable[[str], str | None], advice: str) -> Callable[[str], str]:
    """A step that looks for something in a text: where it is not there nothing is known, which is not empty."""

    def run(text: str) -> str:
        found = find(text)
        if found is None:
            raise Unusable(f"{name} {advice}")
        return found

    return run


def _name_of_country(text: str) -> str | None:
    code = country_code(text)
    return None if code is None else country_name(code)


def _day(text: str) -> str:
    """A day stays one; an instant, ISO text or epoch milliseconds, is the day that it lies in."""
    moment = read_datetime(text)
    return moment[:10] if isinstance(moment, str) else text  # what is neither, its type refuses


def _midnight(text: str) -> str:
    return f"{text}T00:00:00.000Z" if isinstance(read_date(text), str) else text


_NO_COUNTRY: Final = "does not know this country; write its English name or its ISO code"
_PLAIN: Final[Mapping[str, Callable[[str], str | None]]] = {
    "trim": str.strip,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "digits": _finding("digits", _digits, "finds none in this; write some, or empty the field"),
    "day": _day,
    "midnight": _midnight,
    "domain": _finding("domain", domain_of, "finds none in this; write a web or e-mail address, or empty the field"),
    "url_host": _finding("url_host", host_of, "finds none in this; write a web address, or empty the field"),
    "iso_code": _finding("iso_code", country_code, _NO_COUNTRY),
    "country_name": _finding("country_name", _name_of_country, _NO_COUNTRY),
}


_SPACERS: Final = "' \N{RIGHT SINGLE QUOTATION MARK}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


def _without_thousands(text: str, decimal: str) -> str:
    """Takes out thousands separators only where they stand between groups of three digits, so ``1,5`` is refused."""
    whole, mark, rest = text.strip().partition(decimal)
    thousands = "." if decimal == "," else ","
    for sign in (thousands, *_SPACERS):
        head, *groups = whole.split(sign)
        if not groups:
            continue
        if not all(len(group) == 3 and group.isdigit() for group in groups):
            raise Unusable("thousands separators stand in the wrong places; check the decimal sign of the transform")
        whole = head + "".join(groups)
    return f"{whole}.{rest}" if mark else whole


def _cel_step(text: str) -> Step:
    expression = compile_expression(text, VALUE)

    def run(value: str | None) -> str | None:
        answer = expression.value({"value": value})
        if isinstance(answer, Unclear):
            raise Unusable(f"the expression {answer.reason}")
        if isinstance(answer, bool):
            return "true" if answer else "false"
        if isinstance(answer, tuple):
            return ";".join(answer)
        return None if answer is None else str(answer)

    return run


def _owner_step(name: str, find_user: FindUser) -> Callable[[str], str | None]:
    def run(text: str) -> str | None:
        user = find_user(text)
        if user is None:
            raise Unusable(f"{name} does not know this id; users are read anew every ten minutes")
        return user.name if name == "owner_name" else user.email

    return run
