"""The project's own files as syntax trees, each read once for all rules that look at it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def parsed(text: str) -> ast.Module:
    """Parses a file once for all rules."""
    return ast.parse(text)


@functools.cache
def walked(text: str) -> tuple[ast.AST, ...]:
    """Every node of a file, looked for once for all rules."""
    return tuple(ast.walk(parsed(text)))


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path from the project root with forward slashes, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the file, the same one at every call."""
        return parsed(self.text)

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The nodes of that tree, in the order of `ast.walk`."""
        return walked(self.text)

    def within(self, *folders: str) -> bool:
        """True when the file is one of the given files, or lies below one of the given folders."""
        return any(self.path == folder or self.path.startswith(f"{folder}/") for folder in folders)


def sources(*folders: str) -> list[Source]:
    """All Python files below the given folders that exist, in order of path."""
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in found]


@functools.cache
def full_names(source: Source) -> tuple[tuple[int, str], ...]:
    """Line and full dotted name of every import and of every attribute reached through one.

    `from datetime import datetime as d` and then `d.now()` gives `datetime.datetime` and `datetime.datetime.now`.
    """
    return tuple(_full_names(source))


def _full_names(source: Source) -> Iterator[tuple[int, str]]:
    known: dict[str, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                known[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.split(".")[0]
                )
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                known[name.asname or name.name] = f"{node.module}.{name.name}"
                yield node.lineno, f"{node.module}.{name.name}"
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            parts = [node.attr]
            root = node.value
            while isinstance(root, ast.Attribute):
                parts.append(root.attr)
                root = root.value
            if isinstance(root, ast.Name) and root.id in known:
                yield node.lineno, ".".join([known[root.id], *reversed(parts)])


def forget() -> None:
    """Lets go of all that was read."""
    for read in (parsed, walked, full_names):
        read.cache_clear()
