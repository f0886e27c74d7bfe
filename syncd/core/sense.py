"""Whether a condition can ever be true: its operators and words held against what the fields can hold.

CEL finds out only when it runs, one person at a time, and then says "no answer" or, of two things of different sorts,
"not equal"; a rule with a misspelt stage is never true, and people wait for ever. What can be told from the fields
alone is told when the configuration is loaded: an operator or function on things of the wrong sort, a condition that
gives no truth value, and a word that a field is never.

Only what is certain is told. Every field may be empty, so ``null`` goes with ``==`` everywhere; what a map holds, and
what this reading does not understand, can be anything. Goes through the tokens of an expression that compiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from syncd.core.bounds import MACROS, Token, tokens
from syncd.core.cel_library import library
from syncd.core.likeness import FOLDS, SIGNATURES, Notes, Part
from syncd.core.meanings import NUMBERS, Meaning, Sort

_RELATIONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_DOUBLED: Final = frozenset({"==", "!=", "<=", ">=", "&&", "||"})
_END: Final = Token("end", "", 0)


def senseless(text: str, meanings: Mapping[str, Meaning]) -> tuple[str, ...]:
    """Why a condition that compiles can never be true, or has parts that cannot; empty if nothing speaks against it.

    :param meanings: what its names hold; names that are not there can hold anything.
    :return: each as ``line L, column C: what; advice``, the first first.
    """
    reading = _Reading(text, meanings)
    return reading.flaws()


class _Lost(Exception):
    """A form that this reading does not know; it then says nothing of the rest."""


class _Reading:
    """One walk down the grammar: each method reads one level of it and tells what it found."""

    def __init__(self, text: str, meanings: Mapping[str, Meaning]) -> None:
        self._text = text
        self._meanings = meanings
        self._tokens = [token for token in tokens(text) if token.sort != "blank"]
        self._next = 0
        self._variables: list[tuple[str, Part]] = []
        self._notes = Notes(text)

    def flaws(self) -> tuple[str, ...]:
        """Everything found."""
        try:
            whole = self._condition()
        except _Lost:
            return self._notes.found
        if self._peek() is _END and whole.sort not in {Sort.TRUTH, Sort.ANY}:
            what = f"a condition is true or false, and {whole.shown} gives {whole.sort}"
            self._notes.note(whole, what, f"say what it is compared with, as in `{whole.shown} != null`")
        return self._notes.found

    # -- tokens ------------------------------------------------------------------------------------------------------
    def _peek(self, ahead: int = 0) -> Token:
        place = self._next + ahead
        return self._tokens[place] if place < len(self._tokens) else _END

    def _operator(self) -> str:
        """The operator that comes next, of one or two marks; empty if none does."""
        token, after = self._peek(), self._peek(1)
        if token.sort == "name":
            return token.text if token.text == "in" else ""
        both = token.text + after.text
        return both if both in _DOUBLED and after.at == token.at + 1 else token.text if token.sort == "mark" else ""

    def _take(self, wanted: str = "") -> Token:
        token = self._peek()
        if token is _END or (wanted and token.text != wanted):
            raise _Lost
        self._next += 1
        return token

    def _skip(self, operator: str) -> None:
        self._next += 2 if operator in _DOUBLED else 1

    def _shown(self, start: int) -> str:
        """The part of the expression from a character to here, shortened."""
        last = self._tokens[self._next - 1]
        part = " ".join(self._text[start : last.at + len(last.text)].split())
        return part if len(part) <= 40 else part[:37] + "..."

    # -- the grammar -------------------------------------------------------------------------------------------------
    def _condition(self) -> Part:
        first = self._joined("||")
        if self._operator() != "?":
            return first
        self._notes.truth(first, "?")
        self._take("?")
        yes = self._joined("||")
        self._take(":")
        no = self._condition()
        sort = yes.sort if yes.sort == no.sort else Sort.ANY
        return Part(sort, first.at, self._shown(first.at))

    def _joined(self, operator: str) -> Part:
        def under() -> Part:
            return self._joined("&&") if operator == "||" else self._relation()

        first = under()
        if self._operator() != operator:
            return first
        self._notes.truth(first, operator)
        while self._operator() == operator:
            self._skip(operator)
            self._notes.truth(under(), operator)
        return Part(Sort.TRUTH, first.at, self._shown(first.at))

    def _relation(self) -> Part:
        first = self._sum(("+", "-"))
        while (operator := self._operator()) in _RELATIONS:
            self._skip(operator)
            second = self._sum(("+", "-"))
            if operator == "in":
                self._notes.within(first, second)
            elif operator in {"==", "!="}:
                self._notes.equal(first, second)
            else:
                self._notes.ordered(first, second, operator)
            first = Part(Sort.TRUTH, first.at, self._shown(first.at))
        return first

    def _sum(self, operators: Sequence[str]) -> Part:
        def under() -> Part:
            return self._sum(("*", "/", "%")) if "+" in operators else self._signed()

        first = under()
        while (operator := self._operator()) in operators:
            self._skip(operator)
            second = under()
            sort = self._notes.calculated(first, operator, second)
            first = Part(sort, first.at, self._shown(first.at))
        return first

    def _signed(self) -> Part:
        operator = self._operator()
        if operator not in {"!", "-"}:
            return self._member()
        sign = self._take(operator)
        part = self._signed()
        if operator == "!":
            self._notes.truth(part, "!")
            return Part(Sort.TRUTH, sign.at, self._shown(sign.at))
        if part.sort not in {*NUMBERS, Sort.SPAN, Sort.ANY}:
            self._notes.note(part, f"- goes with numbers, and {part.shown} gives {part.sort}", "remove it")
        return Part(part.sort, sign.at, self._shown(sign.at))

    def _member(self) -> Part:
        part = self._primary()
        while (mark := self._peek().text) in {".", "["}:
            self._take()
            if mark == "[":
                self._condition()
                self._take("]")
                sort = Sort.TEXT if part.meaning is not None and part.sort is Sort.LIST else Sort.ANY
                part = Part(sort, part.at, self._shown(part.at), part.meaning)
                continue
            name = self._take().text
            part = self._macro(name, part) if name in MACROS else self._called(name, part)
        return part

    def _primary(self) -> Part:
        token = self._take()
        if token.text == "(":
            part = self._condition()
            self._take(")")
            return replace(part, at=token.at, shown=self._shown(token.at))
        if token.text == "[":
            members = tuple(self._listed("]"))
            return Part(Sort.LIST, token.at, self._shown(token.at), members=members)
        if token.sort in {"quoted", "raw", "string"}:
            return self._literal(token)
        if token.sort == "number":
            real = not token.text.lower().startswith("0x") and any(each in token.text.lower() for each in ".e")
            sort = Sort.ANY if token.text[-1] in "uU" else Sort.REAL if real else Sort.WHOLE
            return Part(sort, token.at, token.text)
        if token.sort == "name":
            return self._named(token)
        raise _Lost

    def _literal(self, token: Token) -> Part:
        told = library().evaluate(token.text)
        if not isinstance(told, str):
            return Part(Sort.ANY, token.at, token.text)
        return Part(Sort.TEXT, token.at, token.text, text=told)

    def _named(self, token: Token) -> Part:
        if self._peek().text == "(":
            return self._called(token.text, None, at=token.at)
        if token.text in {"true", "false"}:
            return Part(Sort.TRUTH, token.at, token.text)
        if token.text == "null":
            return Part(Sort.NULL, token.at, token.text)
        for name, held in reversed(self._variables):
            if name == token.text:
                return replace(held, at=token.at, shown=name)
        meaning = self._meanings.get(token.text)
        return Part(Sort.ANY if meaning is None else meaning.sort, token.at, token.text, meaning)

    def _listed(self, closes: str) -> Iterator[Part]:
        """Expressions between commas, up to and with the bracket that closes."""
        while self._peek().text != closes:
            yield self._condition()
            if self._peek().text != closes:
                self._take(",")
        self._take(closes)

    # -- functions ---------------------------------------------------------------------------------------------------
    def _called(self, name: str, on: Part | None, *, at: int = 0) -> Part:
        begins = at if on is None else on.at
        self._take("(")
        given = tuple(self._listed(")"))
        known = SIGNATURES.get(name)
        if known is None:
            return Part(Sort.ANY, begins, self._shown(begins))
        called = Part(known.gives, begins, self._shown(begins), folds=(name, FOLDS[name]) if name in FOLDS else None)
        if on is None and known.method:
            self._notes.note(called, f"{name} is called on something", f"write field.{name}(...)")
        else:
            self._notes.called(name, given if on is None else (on, *given))
        return called

    def _macro(self, name: str, on: Part) -> Part:
        self._take("(")
        variable = self._take().text
        self._take(",")
        if on.sort not in {Sort.LIST, Sort.ANY}:
            self._notes.note(
                on, f"{name} goes through a list, and {on.shown} gives {on.sort}", "name a field of type set"
            )
        sort = Sort.TEXT if on.meaning is not None and on.sort is Sort.LIST else Sort.ANY
        with self._holding(variable, Part(sort, meaning=on.meaning)):
            parts = tuple(self._listed(")"))
        tested = parts if name != "map" else parts[:-1]
        for part in tested:
            self._notes.truth(part, name)
        if name in {"map", "filter"}:
            kept = on.meaning if name == "filter" else None
            return Part(Sort.LIST, on.at, self._shown(on.at), kept)
        return Part(Sort.TRUTH, on.at, self._shown(on.at))

    @contextmanager
    def _holding(self, name: str, sense: Part) -> Iterator[None]:
        self._variables.append((name, sense))
        yield
        self._variables.pop()
