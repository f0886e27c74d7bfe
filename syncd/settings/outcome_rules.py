"""The part ``outcome`` of ``schema/deal.yaml`` made into frozen values, with every check that needs no vendor.

What a deal says moves people, so nothing in it may be a guess: each stage named must be one of the table's, the contact
must be a reference to the people who have the lifecycle, and there must be a lifecycle that says what its stages mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from syncd.model.derived import DEALT
from syncd.model.errors import Flaw
from syncd.model.handoff import DealRules, Handoff, Outcome
from syncd.model.lifecycle import Lifecycle
from syncd.model.mapping import KindMapping
from syncd.model.values import FieldType
from syncd.settings.mapping_file import FieldSection, OutcomeSection
from syncd.settings.tree import Tree

if TYPE_CHECKING:
    from syncd.settings.kinds import MappingSource

_TYPES: Final[Mapping[str, frozenset[FieldType]]] = {
    "stage": frozenset({FieldType.ENUM}),
    "contact": frozenset({FieldType.REFERENCE}),
    "amount": frozenset({FieldType.MONEY}),
    "reason": frozenset({FieldType.TEXT, FieldType.STRING, FieldType.ENUM}),
    "owner": frozenset({FieldType.OWNER}),
}
"""What each of the fields named may be."""
OUTCOME: Final = "outcome"


def with_outcome(
    kinds: Sequence[KindMapping], sources: Mapping[str, MappingSource], lifecycle: Lifecycle | None, *, sound: bool
) -> tuple[tuple[KindMapping, ...], tuple[Flaw, ...]]:
    """The kinds, of which deals know how they are read; and what is wrong with that.

    :param sound: whether the lifecycle was read, or is not there; of another the flaw is told elsewhere.
    """
    made: list[KindMapping] = []
    flaws: list[Flaw] = []
    for kind in kinds:
        source = sources[kind.kind]
        given = source.file.outcome
        if given is None:
            made.append(kind)
            continue
        tree = source.tree
        before = len(tree.flaws)
        _checked(given, kind.kind, source.file.fields, lifecycle, tree, sound=sound)
        flaws += tree.flaws[before:]
        del tree.flaws[before:]
        won, lost = tuple(given.won), tuple(given.lost)
        rules = Outcome(given.stage, won, lost, given.contact, given.amount, given.reason, given.owner)
        made.append(replace(kind, outcome=rules))
    return tuple(made), tuple(flaws)


def dealing(handoff: Handoff | None, kinds: Sequence[KindMapping]) -> Handoff | None:
    """What a handoff is booked by, with what deals say of it."""
    outcome = next((kind.outcome for kind in kinds if kind.outcome is not None), None)
    people = next((kind for kind in kinds if kind.agreed is not None), None)
    if handoff is None or outcome is None or people is None or people.agreed is None:
        return handoff
    shown = any(each.derive is not None and each.derive.sort in DEALT for each in people.fields)
    rules = DealRules(outcome, people.agreed.lifecycle, people.agreed.teams, shown=shown)
    return replace(handoff, deals=rules)


def _checked(
    given: OutcomeSection,
    kind: str,
    fields: Mapping[str, FieldSection],
    lifecycle: Lifecycle | None,
    tree: Tree,
    *,
    sound: bool,
) -> None:
    if kind != "deal":
        tree.flaw((OUTCOME,), f"a {kind} is neither won nor lost", "leave it to schema/deal.yaml", key=True)
        return
    for role, types in _TYPES.items():
        name = getattr(given, role)
        if name is None or not tree.knows(name, "shared field", fields, (OUTCOME, role)):
            continue
        if fields[name].type not in types:
            wanted = " or ".join(sorted(types))
            what = f"{name} is of type {fields[name].type}, and the {role} of a deal is of type {wanted}"
            tree.flaw((OUTCOME, role), what, "name another field")
    stages = fields[given.stage].values if given.stage in fields else {}
    for key, listed in (("won", given.won), ("lost", given.lost)):
        for stage in listed if stages else ():
            tree.knows(stage, "stage", stages, (OUTCOME, key))
    for stage in sorted(set(given.won) & set(given.lost)):
        tree.flaw((OUTCOME, "lost"), f"the stage {stage} means won already", "leave it in one of the two lists")
    if not sound:
        return
    if lifecycle is None or lifecycle.handoff is None:
        missing = "there is no lifecycle.yaml" if lifecycle is None else "lifecycle.yaml has no part `handoff`"
        what = f"{missing}, which says what it means for people that a deal is won or lost"
        tree.flaw((OUTCOME,), what, "add it, or remove `outcome`", key=True)
    elif given.contact in fields and fields[given.contact].kind not in {None, lifecycle.kind}:
        what = (
            f"{given.contact} refers to a {fields[given.contact].kind}, and lifecycle.yaml is about a {lifecycle.kind}"
        )
        tree.flaw((OUTCOME, "contact"), what, f"name a reference to a {lifecycle.kind}")
