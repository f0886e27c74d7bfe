"""The plain conditions of a configuration as Python functions: most of them are, and these take a tenth of the time.

``title != null``, ``country in ['US', 'GB']``, ``!freemail(email)``, joined by ``&&``, ``||`` and ``!``: what reads
like this is read here, and nothing else. CEL stays what it means: a shortcut gives yes or no only where the library
would, and where that would stumble, or might, it is asked (``Ask``). So nothing here knows how an error is told.

What is made holds no text of the condition: it is put together of fixed pieces, with values under names of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from syncd.core.bounds import Token, tokens
from syncd.core.cel_library import OWN, library
from syncd.model.values import Canonical

Shortcut: TypeAlias = Callable[[Mapping[str, Canonical]], bool]

_ORDERS: Final = frozenset({"<", "<=", ">", ">="})
_DOUBLED: Final = frozenset({"==", "!=", "<=", ">=", "&&", "||"})
_ENDS: Final = frozenset({"", ")", "&&", "||"})
"""What may follow a whole part; anything else compares it."""
_WORDS: Final = {"null": "None", "true": "True", "false": "False"}
_LARGEST: Final = 2**63 - 1


class Ask(Exception):
    """The library is to be asked of these values."""


class _Beyond(Exception):
    """The condition is not as plain as that."""


def shortcut(text: str) -> Shortcut | None:
    """The function of a condition that compiles; ``None`` if it is not a plain one."""
    try:
        return _Writing(text).whole()
    except _Beyond:
        return None


class _Writing:
    """One walk down the condition; each method reads one level of it and gives the Python that means it."""

    def __init__(self, text: str) -> None:
        self._tokens = [token for token in tokens(text) if token.sort != "blank"]
        self._next = 0
        self._fields: dict[str, str] = {}
        self._known: dict[str, Any] = {"ask": Ask, "sound": _sound, "truth": _truth, "text": _text, "members": _members}
        self._known |= {"whole": _whole}

    def whole(self) -> Shortcut:
        body = self._either()
        if self._next < len(self._tokens):
            raise _Beyond
        read = "".join(f"    {held} = sound(values.get({self._value(name)}))\n" for name, held in self._fields.items())
        exec(f"def run(values):\n{read}    return {body}\n", self._known)  # noqa: S102 - see above
        made: Shortcut = self._known["run"]
        return made

    # -- tokens ------------------------------------------------------------------------------------------------------
    def _peek(self, ahead: int = 0) -> Token:
        place = self._next + ahead
        return self._tokens[place] if place < len(self._tokens) else Token("end", "", 0)

    def _operator(self) -> str:
        """The operator that comes next, of one or two marks; empty if none does."""
        token, after = self._peek(), self._peek(1)
        if token.sort == "name":
            return "in" if token.text == "in" else ""
        both = token.text + after.text
        if both in _DOUBLED and after.at == token.at + 1:
            return both
        return token.text if token.sort == "mark" else ""

    def _take(self, wanted: str = "") -> Token:
        token = self._peek()
        if token.sort == "end" or (wanted and token.text != wanted):
            raise _Beyond
        self._next += 1
        return token

    def _value(self, value: object) -> str:
        """A name for a value."""
        name = f"c{len(self._known)}"
        self._known[name] = value
        return name

    # -- the grammar -------------------------------------------------------------------------------------------------
    def _either(self) -> str:
        return self._joined("||", " or ", lambda: self._joined("&&", " and ", self._test))

    def _joined(self, operator: str, word: str, under: Callable[[], str]) -> str:
        """For CEL, too, one that says no (of ``&&``) or yes (of ``||``) is enough, whatever the others stumble over."""
        parts = [under()]
        while self._operator() == operator:
            self._next += 2
            parts.append(under())
        return parts[0] if len(parts) == 1 else f"({word.join(parts)})"

    def _test(self) -> str:
        if self._operator() == "!":
            self._take()
            return f"(not {self._denied()})"
        if self._operator() == "(":
            self._take()
            inner = self._either()
            self._take(")")
            if self._operator() not in _ENDS:  # it is compared with something
                raise _Beyond
            return inner
        return self._relation()

    def _denied(self) -> str:
        """What stands behind a ``!``, which binds closer than any comparison does."""
        if self._operator() in {"!", "("}:
            return self._test()
        part, counted = self._part()
        if counted or self._operator() not in _ENDS:
            raise _Beyond
        return f"truth({part})"

    def _relation(self) -> str:
        part, counted = self._part()
        operator = self._operator()
        if operator in _ENDS:
            return f"truth({part})"
        self._next += 2 if operator in _DOUBLED else 1
        if operator == "in":
            return f"({part} in {self._listed()})"
        token = self._take()
        if operator in _ORDERS or counted or token.sort == "number":
            return self._numeric(part, operator, token, counted=counted)
        if operator not in {"==", "!="}:
            raise _Beyond
        if token.text in _WORDS:
            return f"({part} {'is' if operator == '==' else 'is not'} {_WORDS[token.text]})"
        return f"({part} {operator} {self._literal(token)})"

    def _numeric(self, part: str, operator: str, token: Token, *, counted: bool) -> str:
        if not (token.sort == "number" and token.text.isdigit()):
            raise _Beyond
        number = self._value(int(token.text))
        if counted or operator in _ORDERS:
            return f"({part if counted else f'whole({part})'} {operator} {number})"
        equal = f"(type({part}) is int and {part} == {number})"  # for Python, true is 1
        return equal if operator == "==" else f"(not {equal})"

    def _part(self) -> tuple[str, bool]:
        """A field, or what a function makes of one; and whether that is a count."""
        token = self._take()
        if token.sort != "name" or token.text in _WORDS:
            raise _Beyond
        counted = False
        if self._peek().text == "(":
            self._take()
            inner, nested = self._part()
            self._take(")")
            if nested or (not (counted := token.text == "size") and token.text not in OWN):
                raise _Beyond
            part = f"members({inner})" if counted else f"{self._value(OWN[token.text])}({inner})"
        else:
            part = self._fields.setdefault(token.text, f"v{len(self._fields)}")
        while self._peek().text == ".":
            if counted:
                raise _Beyond
            self._take()
            part = self._called(self._take().text, part)
        return part, counted

    def _called(self, name: str, part: str) -> str:
        """A function that is called on something."""
        self._take("(")
        if self._peek().text == ")" and name in OWN:
            self._take()
            return f"{self._value(OWN[name])}({part})"
        literal = self._literal(self._take())
        self._take(")")
        match name:
            case "contains":
                return f"({literal} in text({part}))"
            case "startsWith":
                return f"text({part}).startswith({literal})"
            case "endsWith":
                return f"text({part}).endswith({literal})"
        raise _Beyond

    def _literal(self, token: Token) -> str:
        if token.sort not in {"quoted", "raw", "string"}:
            raise _Beyond
        told = library().evaluate(token.text)
        if not isinstance(told, str):
            raise _Beyond
        return self._value(told)

    def _listed(self) -> str:
        """A list of texts."""
        self._take("[")
        names = [self._literal(self._take())]
        while self._peek().text == ",":
            self._take()
            names.append(self._literal(self._take()))
        self._take("]")
        return self._value(frozenset(self._known[name] for name in names))


# -- what is asked of values -------------------------------------------------------------------------------------------
def _sound(value: Canonical) -> Canonical:
    """A value that the library can be handed."""
    kind = type(value)
    if kind is str:
        _encoded(value)  # type: ignore[arg-type]
    elif kind is tuple:
        for member in value:  # type: ignore[union-attr]
            _encoded(member)
    elif kind is int and not -_LARGEST <= value <= _LARGEST:  # type: ignore[operator]
        raise Ask
    return value


def _encoded(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Ask from None


def _truth(value: object) -> bool:
    if value is True or value is False:
        return bool(value)
    raise Ask


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise Ask


def _whole(value: object) -> int:
    if type(value) is int:
        return value
    raise Ask


def _members(value: object) -> int:
    """The members of a set: of a text the library counts something else."""
    if isinstance(value, tuple):
        return len(value)
    raise Ask
