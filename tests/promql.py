"""Which metrics and labels an expression of Prometheus names: enough of the language to hold our own to.

Reads selectors, label lists (``by``, ``on``, ``without``, ``group_left``) and what an aggregation is over; refuses what
it does not know rather than passing it over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s+|(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<range>\[[^\]]*\])|(?P<number>\d[\d.]*(?:e[+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},])"
)
LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
WORDS = frozenset({"and", "or", "unless", "bool", "offset"})
FUNCTIONS = frozenset(
    {
        *("sum", "min", "max", "avg", "count", "absent", "vector", "label_values", "histogram_quantile"),
        *("rate", "increase", "delta", "predict_linear", "min_over_time", "max_over_time", "quantile_over_time"),
    }
)


@dataclass(frozen=True, slots=True)
class Selector:
    """One series that is read: its name and its matchers (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    where: int


@dataclass(frozen=True, slots=True)
class Labels:
    """A list of labels, and which tokens it is over: the argument of its aggregation, or everything."""

    word: str
    names: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Expression:
    """What an expression names."""

    selectors: tuple[Selector, ...]
    labels: tuple[Labels, ...]

    def over(self, labels: Labels) -> Iterator[Selector]:
        """The series that a list of labels is over."""
        return (each for each in self.selectors if labels.first <= each.where <= labels.last)


def read(text: str) -> Expression:
    """What an expression names. :raises ValueError: for what it cannot read."""
    tokens = list(_tokens(text))
    selectors: list[Selector] = []
    lists: list[Labels] = []
    at = 0
    while at < len(tokens):
        sort, word = tokens[at]
        if sort != "name" or word in WORDS:
            at += 1
        elif word in LISTS:
            end = _closing(tokens, at + 1)
            names = tuple(each for kind, each in tokens[at + 2 : end] if kind == "name")
            over = (0, len(tokens))
            if word == "by":
                over = (end + 1, _closing(tokens, end + 1))
            lists.append(Labels(word, names, *over))
            at = end + 1
        elif at + 1 < len(tokens) and (tokens[at + 1][1] == "(" or tokens[at + 1][1] in LISTS):
            if word not in FUNCTIONS:
                raise ValueError(f"{word}: not a function that is known here, in {text}")
            at += 1
        else:
            end = at
            if at + 1 < len(tokens) and tokens[at + 1][1] == "{":
                end = tokens.index(("sign", "}"), at)
            selectors.append(Selector(word, tuple(_matchers(tokens[at + 2 : end])), at))
            at = end + 1
    return Expression(tuple(selectors), tuple(lists))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text[at : at + 20]!r} is nothing that is known here, in {text}")
        at = found.end()
        if found.lastgroup is not None:
            yield found.lastgroup, found[0]


def _closing(tokens: list[tuple[str, str]], at: int) -> int:
    if at >= len(tokens) or tokens[at][1] != "(":
        raise ValueError(f"a parenthesis is missing behind {tokens[at - 1][1]}")
    depth = 0
    for number in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[number][1], 0)
        if not depth:
            return number
    raise ValueError("a parenthesis is not closed")


def _matchers(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    words = [word for _, word in tokens if word != ","]
    for start in range(0, len(words), 3):
        label, operator, value = words[start : start + 3]
        yield label, operator, value[1:-1]
