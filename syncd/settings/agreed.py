"""What the reports need of what both teams agreed on: the stages, what they mean for the handoff, the grades.

Read alone: no mapping, no expression, no holiday and no credential is looked at, so that a report is quick and still
answers while a mapping is broken. ``syncd check`` proves the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncd.model.errors import BadConfig, BadUsage
from syncd.model.lifecycle import HandoffRules
from syncd.model.rating import LETTERS
from syncd.settings.accounts import chosen
from syncd.settings.handoff_rules import handoff_of
from syncd.settings.lifecycle_file import LifecycleFile
from syncd.settings.main_file import main_path, main_section, main_tree, ordered
from syncd.settings.tree import read_tree
from syncd.settings.validate import validated


@dataclass(frozen=True, slots=True)
class Agreed:
    """The stages' names by key, in their order; what they mean; the grades, best first."""

    stages: Mapping[str, str]
    rules: HandoffRules
    grades: tuple[str, ...]


def agreed(path: Path, environ: Mapping[str, str], connection: str | None) -> Agreed:
    """Reads it for one connection, the only one if none is named.

    :raises BadConfig: with every flaw of the files that are read.
    :raises BadUsage: if nobody has said what the stages mean, or there is no such connection.
    """
    main = main_path(path)
    tree, _ = main_tree(main, environ)
    section = main_section(tree)
    if section is None or tree.flaws:
        raise BadConfig(ordered(tree.flaws))
    name = chosen(section.connections, connection)
    directory = main.parent / section.connections[name].directory
    file = directory / "lifecycle.yaml"
    if not file.exists():
        raise BadUsage(f"{directory} holds no lifecycle.yaml; docs/lifecycle.md tells how to write one")
    tree = read_tree(file)
    lifecycle = validated(LifecycleFile, tree)
    rules = None if lifecycle is None else handoff_of(lifecycle, tree, sources={})
    if lifecycle is None or tree.flaws:
        raise BadConfig(ordered(tree.flaws))
    if rules is None:
        raise BadUsage(f"{file} has no part `handoff`, which says what the stages mean; docs/report.md tells how")
    stages = {key: stage.name for key, stage in lifecycle.stages.items()}
    return Agreed(stages, rules, _grades(directory / "rating.yaml"))


def _grades(file: Path) -> tuple[str, ...]:
    """The grades of a rating, in its order; all letters where there is none or it is not sound."""
    listed = read_tree(file).get(("grades",)) if file.exists() else None
    rows = listed if isinstance(listed, list) else []
    found = [row.get("grade") for row in rows if isinstance(row, dict)]
    return tuple(str(each) for each in found if each) or LETTERS
