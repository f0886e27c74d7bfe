"""YAML text that is changed in one place and left alone everywhere else: comments, order, quotes and line ends stay.

A place is named by the keys that lead to it; ``*`` stands for every key there is. What is not there is left alone, so
that a change made twice changes nothing the second time.

Nothing is guessed: after each change the text is read again and must say exactly what was meant. Where it cannot be
written so (a section in braces, a name that is taken), the flaw says what to do by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Final, TypeAlias

import yaml

from syncd.model.errors import BadConfig, Flaw
from syncd.settings.tree import parse_tree, scalar

Keys: TypeAlias = tuple[str, ...]
Entry: TypeAlias = tuple[yaml.ScalarNode, yaml.Node]
"""A key and its value."""
ANY: Final = "*"
STEP: Final = "  "
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
_COMMENT: Final = re.compile(r"(?:^|\s)(#.*)$")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of one file of the configuration."""

    file: str
    text: str

    def says(self) -> Any:  # noqa: ANN401 - any plain value
        """What the text says. :raises BadConfig: with every flaw, if it cannot be read."""
        tree = parse_tree(self.text, file=self.file)
        if tree.flaws:
            raise BadConfig(tuple(tree.flaws))
        return tree.value

    def written(self, path: Keys, plain: str) -> Sheet:
        """A scalar with another value, as it is to stand there."""
        sheet = self
        for found in _places(sheet.says(), path):
            meant = deepcopy(sheet.says())
            _at(meant, found[:-1])[found[-1]] = scalar(plain)
            _, value = _entry(sheet.text, found)
            sheet = sheet._checked(sheet._spliced(value, plain), meant, f"write {_name(found)}: {plain}", value)
        return sheet

    def renamed(self, path: Keys, new: str) -> Sheet:
        """A key under another name, where it stands."""
        sheet = self
        for found in _places(sheet.says(), path):
            by_hand = f"rename {_name(found)} to {new}"
            key, _ = _entry(sheet.text, found)
            meant = deepcopy(sheet.says())
            around = _at(meant, found[:-1])
            if new in around:
                raise sheet._flaw(key, f"both {found[-1]!r} and {new!r} stand here", "keep the one that counts")
            around[new] = around.pop(found[-1])
            sheet = sheet._checked(sheet._spliced(key, new), meant, by_hand, key)
        return sheet

    def moved(self, path: Keys, to: Keys) -> Sheet:
        """A key with all below it and the comments above it, at the end of another section, which is made if need be.

        ``*`` in ``to`` stands for what the ``*`` of ``path`` stood for. A section that is left empty goes, its comments
        do not.
        """
        sheet = self
        for found in _places(sheet.says(), path):
            bound = iter([key for key, asked in zip(found, path, strict=True) if asked == ANY])
            goal = tuple(next(bound) if part == ANY else part for part in to)
            sheet = sheet._moved(found, goal)
        return sheet

    # -- parts -------------------------------------------------------------------------------------------------------
    def _moved(self, path: Keys, to: Keys) -> Sheet:
        by_hand = f"move {_name(path)} to {_name(to)}"
        key, _ = _entry(self.text, path)
        meant = deepcopy(self.says())
        what = _at(meant, path[:-1]).pop(path[-1])
        emptied = [path[:-1]] if len(path) > 1 else []
        while emptied and not _at(meant, emptied[-1]):
            _at(meant, emptied[-1][:-1]).pop(emptied[-1][-1])
            if len(emptied[-1]) > 1:
                emptied.append(emptied[-1][:-1])
            else:
                break
        around = meant
        for part in to[:-1]:
            around = around.setdefault(part, {}) if isinstance(around, dict) else None
        if not isinstance(around, dict) or to[-1] in around:
            raise self._flaw(key, f"{_name(path)} belongs to {_name(to)}, where something else stands", by_hand)
        around[to[-1]] = what
        alone = [gone for gone in emptied if not _places(meant, gone)]
        return self._checked(self._carried(path, to, alone), meant, by_hand, key)

    def _carried(self, path: Keys, to: Keys, alone: Sequence[Keys]) -> str:
        """The text with the lines of an entry in another place; ``alone`` are the sections around it that go, too."""
        lines = _LINES.findall(self.text)
        key, _ = _entry(self.text, path)
        first, last = _lines(self.text, path)
        block = lines[first:last]
        head = key.start_mark.line - first
        block[head] = to[-1].join((block[head][: key.start_mark.column], block[head][key.end_mark.column :]))
        if alone:  # their keys go, what is said about them goes along
            begins, ends = _lines(self.text, alone[-1])
            indent, ended = " " * key.start_mark.column, _break(self.text)
            before = [f"{indent}{told}{ended}" for told in _comments(lines[begins:first])]
            after = [f"{indent}{told}{ended}" for told in _comments(lines[last:ends])]
            block, first, last = [*before, *block, *after], begins, ends
        return _with("".join(lines[:first] + lines[last:]), block, key.start_mark.column, to)

    def _spliced(self, node: yaml.Node, new: str) -> str:
        return f"{self.text[: node.start_mark.index]}{new}{self.text[node.end_mark.index :]}"

    def _checked(self, text: str, meant: object, by_hand: str, node: yaml.Node) -> Sheet:
        """The text, if it says what was meant. :raises BadConfig: if it does not."""
        tree = parse_tree(text, file=self.file)
        if tree.flaws or tree.value != meant:
            raise self._flaw(node, "this cannot be rewritten as it is laid out here", f"by hand: {by_hand}")
        return replace(self, text=text)

    def _flaw(self, node: yaml.Node, what: str, advice: str) -> BadConfig:
        return BadConfig((Flaw(self.file, node.start_mark.line + 1, node.start_mark.column + 1, what, advice),))


def _with(text: str, block: Sequence[str], column: int, to: Keys) -> str:
    """The text with lines of that indentation at the end of a section."""
    value, known = parse_tree(text, file="").value, 0
    while known < len(to) - 1 and isinstance(value, dict) and isinstance(value.get(to[known]), dict):
        value, known = value[to[known]], known + 1
    made = to[known:-1]
    lines = _LINES.findall(text)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += _break(text)
    end, indent = len(lines), 0
    if value:
        *_, last = value
        neighbour = (*to[:known], last)
        indent, (_, end) = _entry(text, neighbour)[0].start_mark.column, _lines(text, neighbour)
    heads = [f"{' ' * indent}{STEP * deep}{name}:{_break(text)}" for deep, name in enumerate(made)]
    shift = indent + len(STEP) * len(made) - column
    ended = [line if line.endswith("\n") else line + _break(text) for line in block]
    return "".join([*lines[:end], *heads, *(_shifted(line, shift) for line in ended), *lines[end:]])


def _lines(text: str, path: Keys) -> tuple[int, int]:
    """The lines of an entry: from the comments right above it, to before what belongs to the next one."""
    lines = _LINES.findall(text)
    key, value = _entry(text, path)
    column, begins = key.start_mark.column, key.start_mark.line
    indent = " " * column
    above = [*takewhile(lambda line: line.startswith(f"{indent}#"), reversed(lines[:begins]))]
    if not _in_a_block(value):
        last = value.end_mark.line + 1
    else:  # its end is where the next thing begins
        last = len(lines) if value.end_mark.index >= len(text) else value.end_mark.line
    while last > begins + 1 and _between(lines[last - 1], column):
        last -= 1
    return begins - len(above), last


def _entry(text: str, path: Keys) -> Entry:
    """The nodes of a key and its value, which are there."""
    node: Any = yaml.compose(text, yaml.CSafeLoader)
    found: Entry | None = None
    for part in path:
        found = next((key, value) for key, value in node.value if key.value == part)
        node = found[1]
    assert found is not None
    return found


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _places(value: object, path: Keys) -> list[Keys]:
    """The paths that are there."""

    def of(value: object, left: Keys) -> Iterator[Keys]:
        if not left:
            yield ()
        elif isinstance(value, dict):
            for key in value if left[0] == ANY else [left[0]]:
                if key in value:
                    yield from ((key, *rest) for rest in of(value[key], left[1:]))

    return list(of(value, path))


def _at(value: Any, path: Keys) -> Any:  # noqa: ANN401 - any plain value
    for part in path:
        value = value[part]
    return value


def _in_a_block(value: yaml.Node) -> bool:
    """Whether a value goes on as long as lines are indented."""
    if isinstance(value, yaml.CollectionNode):
        return not value.flow_style
    return isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")


def _comments(lines: Sequence[str]) -> list[str]:
    """The comments of lines that hold nothing else, or a key."""
    return [told.group(1) for line in lines if (told := _COMMENT.search(line.rstrip()))]


def _between(line: str, column: int) -> bool:
    """A line that belongs to what comes next: empty, or a comment no deeper than the key."""
    plain = line.lstrip(" ")
    return not plain.strip() or (plain.startswith("#") and len(line) - len(plain) <= column)


def _shifted(line: str, by: int) -> str:
    if not line.strip():
        return line
    if by >= 0:
        return f"{' ' * by}{line}"
    return line[min(-by, len(line) - len(line.lstrip(" "))) :]


def _name(path: Keys) -> str:
    return ".".join(path)
