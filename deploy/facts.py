"""What the stand-ins imitate, fact by fact: the registry of ``tests/facts``, and the tests that prove each.

A row of the registry is one row of a table of the vendor reference, in words of our own: ``mark`` is D (documented by
the vendor), C (seen in clients or recordings), U (uncertain) or several of them. It is proven by tests marked
``@pytest.mark.fact("hubspot 4.2")``; an uncertain one names the ``switch`` that holds both behaviours; one that is not
imitated says in ``left_out`` which feature syncd lacks that would need it. What is stated in prose, the facts behind
the defaults, is found there by the words of its ``quote``.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
REGISTRY: Final = ROOT / "tests" / "facts"
SOURCES: Final = {"hubspot": "HubSpot", "salesforce": "Salesforce", "defaults": "Behind the defaults"}
"""Registries by the name of the reference that their rows are of, and their headings."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row: ``id`` is its source, section and place there, such as ``hubspot 4.2``."""

    id: str
    says: str
    mark: str
    switch: str | None = None
    left_out: str | None = None
    quote: str | None = None

    @property
    def certain(self) -> bool:
        """Whether the vendor surely behaves so; a mixed mark counts as uncertain."""
        return "U" not in self.mark


@cache
def facts() -> tuple[Fact, ...]:
    """All rows, in the order of their sources and places.

    :raises ValueError: if a row is given twice.
    """
    rows = [Fact(f"{source} {row.pop('row')}", **row) for source in SOURCES for row in _listed(source)]
    twice = {row.id for row in rows if sum(other.id == row.id for other in rows) > 1}
    if twice:
        raise ValueError(f"tests/facts has rows twice: {', '.join(sorted(twice))}")
    return tuple(rows)


def proofs() -> Mapping[str, Sequence[str]]:
    """The tests of each fact, as pytest names them."""
    return marked("fact")


@cache
def marked(mark: str) -> Mapping[str, Sequence[str]]:
    """The tests, as pytest names them, by what ``pytest.mark.MARK`` names above them or for their whole file; ``fact``
    or ``fault``.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        whole = [named for node in tree.body for named in _of_the_file(node, mark)]
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for named in (*_named(node.decorator_list, mark), *(whole if node.name.startswith("test_") else ())):
                    found[named].append(f"{file.relative_to(ROOT)}::{node.name}")
    return found


def coverage() -> Iterator[str]:
    """The tables of the page, one per source, and the count above each."""
    for source, heading in SOURCES.items():
        rows = [fact for fact in facts() if fact.id.startswith(f"{source} ")]
        if not rows:
            continue
        certain = [fact for fact in rows if fact.certain]
        tested = sum(bool(proofs().get(fact.id)) for fact in certain)
        yield f"### {heading}"
        yield ""
        unsure = len(rows) - len(certain)
        yield f"{tested} of {len(certain)} certain facts are imitated and tested; {unsure} are uncertain."
        yield ""
        yield "| row | fact | mark | imitated |"
        yield "|---|---|---|---|"
        for fact in rows:
            yield f"| {fact.id.partition(' ')[2]} | {_cell(fact.says)} | {fact.mark} | {_cell(_how(fact))} |"
        yield ""


def _how(fact: Fact) -> str:
    parts = [f"switch `{fact.switch}`"] if fact.switch else []
    tests = proofs().get(fact.id, ())
    if tests:
        more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
        parts.append(f"`{tests[0]}`{more}")
    if fact.left_out:
        parts.append(f"left out: {fact.left_out}")
    return "; ".join(parts) or "not yet"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _listed(source: str) -> list[dict[str, str]]:
    file = REGISTRY / f"{source}.yaml"
    return list(yaml.safe_load(file.read_text(encoding="utf-8")) or []) if file.exists() else []


def _of_the_file(node: ast.stmt, name: str) -> Iterator[str]:
    """What ``pytestmark`` names."""
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
        marks = node.value.elts if isinstance(node.value, ast.List) else [node.value]
        yield from _named(marks, name)


def _named(marks: Iterable[ast.expr], name: str) -> Iterator[str]:
    for mark in marks:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{name}":
            yield from (ast.literal_eval(argument) for argument in mark.args)
