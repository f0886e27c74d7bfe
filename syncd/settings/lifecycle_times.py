"""Times that ``lifecycle.yaml`` gives by grade or persona: each of these is one that there is.

A time for a grade that nobody is given is a promise that nobody keeps, and reads like one that everybody does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from syncd.model.lifecycle import OTHER
from syncd.settings.lifecycle_file import LifecycleFile
from syncd.settings.tree import Loc, Tree


class Groups(NamedTuple):
    """By what a time may be given: the grades of the rating, and the keys of the personas."""

    grades: Collection[str]
    personas: Collection[str]


def check_times(section: LifecycleFile, tree: Tree, groups: Groups) -> None:
    """Notes in the tree each time for a grade or persona that there is not."""
    known = {*groups.grades, *groups.personas, OTHER}
    for loc, times in _times(section):
        for name in times:
            if name in known:
                continue
            near = get_close_matches(name, sorted(known), n=1)
            if near:
                advice = f"did you mean {near[0]!r}?"
            elif not any(groups):
                advice = f"add rating.yaml or personas.yaml, or give one time for all under `{OTHER}`"
            else:
                advice = f"use one of {', '.join(sorted(known - {OTHER}))}, or `{OTHER}` for everybody else"
            tree.flaw((*loc, name), f"there is no grade and no persona {name!r}", advice, key=True)


def _times(section: LifecycleFile) -> Iterator[tuple[Loc, Mapping[str, object]]]:
    for key, stage in section.stages.items():
        yield ("stages", key, "leave_within"), stage.leave_within
    if section.handoff is not None:
        yield ("handoff", "touch_within"), section.handoff.touch_within
        yield ("handoff", "decide_within"), section.handoff.decide_within or {}
        yield ("handoff", "work_within"), section.handoff.work_within
