"""YAML as plain values that remember where they stood.

Own rules, so that nothing is guessed: scalars follow YAML 1.2 (``NO`` and ``on`` are texts), a key given twice is a
flaw that names both lines, tags, anchors and merge keys are refused. Numbers keep how they were written, so that a key
which wants text gets ``64.0`` and not a rounded number. Every flaw is collected, not only the first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from syncd.model.errors import Flaw

Loc: TypeAlias = tuple[str | int, ...]
LARGEST: Final = 2_000_000
_PLAIN_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map")}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class WholeNumber(int):
    """A whole number that knows how it was written."""

    raw: str


class RealNumber(float):
    """A number that knows how it was written."""

    raw: str


class _Loader(yaml.CSafeLoader):
    """Composes nodes without PyYAML's YAML 1.1 guesses about plain scalars."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the library's own attribute, emptied


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, counted from 1; line 0 is the file (or environment variable) as a whole."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Tree:
    """Plain values, the place of every key and value by path, and the flaws found so far."""

    file: str
    value: Any = None
    keys: dict[Loc, Mark] = field(default_factory=dict)
    values: dict[Loc, Mark] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def at(self, loc: Loc, *, key: bool = False) -> Mark:
        """The place of a value (or of its key); of the nearest thing around it where it has none."""
        if key and loc in self.keys:
            return self.keys[loc]
        for length in range(len(loc), -1, -1):
            found = self.values.get(loc[:length])
            if found is not None:
                return self.keys.get(loc[:length], found) if length < len(loc) else found
        return Mark(self.file)

    def flaw(self, loc: Loc, what: str, advice: str, *, key: bool = False) -> None:
        """Notes something wrong at a path."""
        mark = self.at(loc, key=key)
        field_name = str(loc[1]) if len(loc) > 1 and loc[0] == "fields" else ""
        self.flaws.append(Flaw(mark.file, mark.line, mark.column, what, advice, field_name))

    def knows(self, name: str, sort: str, known: Collection[str], loc: Loc, *, none: str = "") -> bool:
        """Whether a name is one of those there are; where it is not, a flaw with advice is noted.

        :param none: the advice where there are none at all.
        """
        if name in known:
            return True
        near = get_close_matches(name, sorted(known), n=1)
        others = f"use one of {', '.join(sorted(known))}" if known else none or "add it first"
        self.flaw(loc, f"there is no {sort} {name!r}", f"did you mean {near[0]!r}?" if near else others)
        return False

    def get(self, loc: Loc) -> Any:  # noqa: ANN401 - any plain value
        """The value at a path, ``None`` where there is none."""
        value = self.value
        for part in loc:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def overlaid(self, other: Tree) -> Tree:
        """This tree with another one laid over it: maps are merged, everything else is replaced."""
        merged = Tree(self.file, keys=dict(self.keys), values=dict(self.values), flaws=[*self.flaws, *other.flaws])
        merged.value = _overlay(self.value, other.value)
        for places, more in ((merged.keys, other.keys), (merged.values, other.values)):
            for loc, mark in more.items():
                if not isinstance(merged.get(loc), dict) or loc not in places:
                    places[loc] = mark
        return merged


def read_tree(path: Path) -> Tree:
    """Reads a YAML file; what is wrong with it is in ``flaws``."""
    name = str(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        return Tree(name, flaws=[Flaw(name, 0, 0, f"the file {why}", "make it, or mend the path that leads to it")])
    if len(text) > LARGEST:
        return Tree(name, flaws=[Flaw(name, 0, 0, f"larger than {LARGEST} bytes", "is this the right file?")])
    try:
        return parse_tree(text.decode("utf-8-sig"), file=name)
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        return Tree(name, flaws=[Flaw(name, line, 1, "the file is not UTF-8", "save it as UTF-8")])


def parse_tree(text: str, *, file: str) -> Tree:
    """Reads YAML text; what is wrong with it is in ``flaws``."""
    tree = Tree(file)
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        advice = "mind indentation, colons and quotes near this place"
        tree.flaws.append(Flaw(file, line, column, f"not YAML: {error.problem or 'cannot be parsed'}", advice))
        return tree
    except (yaml.YAMLError, RecursionError, ValueError):
        tree.flaws.append(Flaw(file, 0, 0, "not YAML", "look for control characters and very deep nesting"))
        return tree
    if node is not None:
        _Walk(tree).value((), node)
    return tree


def scalar(text: str) -> Any:  # noqa: ANN401 - any plain scalar
    """A plain (unquoted) scalar by the YAML 1.2 core schema; numbers keep their text as ``raw``."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 40:
        if _INT.fullmatch(text):
            number = WholeNumber(text, 10 if text.lstrip("+-").isdigit() else 0)
            number.raw = text
            return number
        if _FLOAT.fullmatch(text):
            real = RealNumber(text)
            real.raw = text
            return real
    return text


def leaves(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, Any]]:  # noqa: ANN401 - any plain value
    """Every scalar (and empty container) of a tree with its path."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    if not items:
        yield loc, value
    for key, each in items:
        yield from leaves(each, (*loc, key))


def _overlay(under: Any, over: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(under, dict) and isinstance(over, dict):
        # `client_secret` from the environment takes the place of `client_secret_file` in the file, and the reverse
        kept = {key: each for key, each in under.items() if f"{key}_file" not in over and _twin(key) not in over}
        return {**kept, **{key: _overlay(under.get(key), each) for key, each in over.items()}}
    return under if over is None else over


def _twin(key: str) -> str | None:
    return key.removesuffix("_file") if key.endswith("_file") else None


class _Walk:
    """One walk over composed nodes."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._seen: set[int] = set()
        tree.value = None

    def value(self, loc: Loc, node: yaml.Node) -> None:
        """Turns the document into ``tree.value``."""
        self._tree.value = self._read(loc, node)

    def _read(self, loc: Loc, node: yaml.Node) -> Any:  # noqa: ANN401 - any plain value
        self._tree.values[loc] = self._mark(node)
        if node.tag not in _PLAIN_TAGS:
            self._wrong(
                node, f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')}", "write the value without a tag"
            )
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.style else scalar(node.value)
        if id(node) in self._seen:
            self._wrong(node, "an anchor that is used again", "write the value out; anchors are not supported")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self._read((*loc, number), each) for number, each in enumerate(node.value)]
        return self._map(loc, node)

    def _map(self, loc: Loc, node: yaml.Node) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(key_node, "a key that is no text", "write a plain word before the colon")
                continue
            key = key_node.value
            if key == "<<" and not key_node.style:
                self._wrong(key_node, "a merge key", "write the keys out; merge keys are not supported")
                continue
            if key in read:
                first = self._tree.keys[(*loc, key)].line
                self._wrong(key_node, f"the key {key!r} again (first in line {first})", "keep one of the two")
                continue
            self._tree.keys[(*loc, key)] = self._mark(key_node)
            read[key] = self._read((*loc, key), value_node)
        return read

    def _mark(self, node: yaml.Node) -> Mark:
        return Mark(self._tree.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _wrong(self, node: yaml.Node, what: str, advice: str) -> None:
        mark = self._mark(node)
        self._tree.flaws.append(Flaw(mark.file, mark.line, mark.column, what, advice))
