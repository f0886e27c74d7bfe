"""The part ``handoff`` of ``lifecycle.yaml`` made into frozen values, with every check that needs no vendor.

A report can only be believed if each stage means one thing: a stage that were both a yes and a no would make every
acceptance rate of it true. So stages must be known and stand in one list, those of people whom sales found must be a
way in, and facts must be shared fields that there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from syncd.model.lifecycle import NEW, Commitments, HandoffRules
from syncd.settings.lifecycle_file import HandoffSection, LifecycleFile
from syncd.settings.tree import Loc, Tree

if TYPE_CHECKING:
    from syncd.settings.kinds import MappingSource  # reports read this part alone, and need no mapping

MEANINGS: Final = ("qualified", "accepted", "offered", "won", "rejected", "lost", "recycled")


def handoff_of(section: LifecycleFile, tree: Tree, *, sources: Mapping[str, MappingSource]) -> HandoffRules | None:
    """The frozen rules, ``None`` where the file has none; what is wrong is noted in the tree."""
    given = section.handoff
    if given is None:
        return None
    _stages(given, section, tree)
    _born(given, section, tree)
    _rates(given, tree)
    facts = {name: field for name, field in given.facts.model_dump().items() if field is not None}
    source = sources.get(section.kind)
    if source is not None:  # a kind without a mapping is told where it is named
        for name, field in facts.items():
            tree.knows(field, "shared field", source.file.fields, ("handoff", "facts", name))
    first = section.stages.get(given.qualified[0])
    inherited = {} if first is None else first.leave_within
    return HandoffRules(
        qualified=tuple(given.qualified),
        accepted=tuple(given.accepted),
        rejected=tuple(given.rejected),
        won=tuple(given.won),
        offered=tuple(given.offered),
        lost=tuple(given.lost),
        recycled=tuple(given.recycled),
        born=tuple(given.born),
        touch_within=dict(given.touch_within),
        decide_within=dict(given.decide_within or inherited),
        work_within=dict(given.work_within),
        facts=facts,
        commitments=Commitments(**given.commitments.model_dump()),
        currency=given.currency or "",
        rates=dict(given.rates),
    )


def _rates(given: HandoffSection, tree: Tree) -> None:
    """Rates lead to a currency that is named, which is worth itself."""
    if given.rates and given.currency is None:
        tree.flaw(("handoff", "rates"), "rates into no currency", "say which one: `currency: EUR` beside them")
    own = given.rates.get(given.currency or "")
    if own is not None and own != 1:
        what = f"one {given.currency} is worth {own} {given.currency}"
        tree.flaw(("handoff", "rates", str(given.currency)), what, "take the line out: rates are of the others")


def _stages(given: HandoffSection, section: LifecycleFile, tree: Tree) -> None:
    meaning: dict[str, str] = {}
    for name in MEANINGS:
        for stage in getattr(given, name):
            loc: Loc = ("handoff", name)
            if not tree.knows(stage, "stage", section.stages, loc):
                continue
            first = meaning.setdefault(stage, name)
            if first != name:
                tree.flaw(loc, f"the stage {stage} means {first} already", "leave it in one of the two lists")


def _born(given: HandoffSection, section: LifecycleFile, tree: Tree) -> None:
    ways_in = {stage for each in section.transitions if NEW in each.from_ for stage in each.to}
    for stage in given.born:
        loc: Loc = ("handoff", "born")
        if not tree.knows(stage, "stage", section.stages, loc):
            continue
        if stage in given.qualified:
            what = f"{stage} is what marketing qualifies, so nobody could tell who was found by sales"
            tree.flaw(loc, what, "name a stage that sales alone begins with")
        elif stage not in ways_in:
            what = f"nobody begins in the stage {stage}"
            tree.flaw(loc, what, f"declare a transition from `{NEW}` to it, or name another stage")
