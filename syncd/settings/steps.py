"""From each version of the configuration's format to the next: the list that ``syncd config migrate`` walks.

A step is a sentence for people and edits by the names of files. Files that were rewritten already are met again when a
migration was killed half-way, so an edit made twice must change nothing the second time; those of ``Sheet`` are so.

There is one version in the world, so the list is empty. A change of the format adds a step here and one to ``CURRENT``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from syncd.settings.sheet import Sheet

Edit: TypeAlias = Callable[[Sheet], Sheet]
MAIN: Final = "syncd.yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """What makes files of version ``since`` into files of the next one.

    ``says`` tells people what is different; ``edits`` are by pattern of a file's name within its folder
    (``schema/*.yaml``). Overlays have the name of the main file, ``syncd.yaml``.
    """

    since: int
    says: str
    edits: Mapping[str, Edit]

    def over(self, name: str, sheet: Sheet) -> Sheet:
        """A file after this step. :raises BadConfig: if it cannot be rewritten by itself."""
        for pattern, edit in self.edits.items():
            if fnmatchcase(name, pattern):
                sheet = edit(sheet)
        return sheet


STEPS: tuple[Step, ...] = ()
"""Each from where the one before ends; the last ends at ``CURRENT``."""


def steps_since(version: int) -> tuple[Step, ...]:
    """The steps that lead from a version to the current one; none if there never was such a version."""
    found = tuple(step for step in STEPS if step.since >= version)
    return found if found and found[0].since == version else ()


def first_version(current: int) -> int:
    """The oldest version that can be read or migrated."""
    return STEPS[0].since if STEPS else current
