"""Where ``lifecycle.yaml`` and the mapping meet: who decides about a field, and which field holds the reasons.

Exactly one of two decides about a field: its policy, or the lifecycle. So the policy ``lifecycle`` stands at the field
that the lifecycle names, and nowhere else; what says otherwise is a flaw, and there is no default between the two. A
reason is a value of a shared field like any other, so that it travels with the move and can be read on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from syncd.model.errors import Flaw
from syncd.model.lifecycle import Agreed, Lifecycle, Teams
from syncd.model.mapping import Direction, KindMapping, Policy
from syncd.model.values import SIDES, FieldType
from syncd.settings.kinds import MappingSource
from syncd.settings.lifecycle_file import LifecycleFile
from syncd.settings.tree import Loc, Tree

_TEXTS = frozenset({FieldType.STRING, FieldType.TEXT})


def with_agreed(
    kinds: Sequence[KindMapping], lifecycle: Lifecycle | None, teams: Teams | None
) -> tuple[KindMapping, ...]:
    """The kinds, of which the lifecycle's own knows what decides about its stages."""
    if lifecycle is None or teams is None:
        return tuple(kinds)
    return tuple(
        replace(kind, agreed=Agreed(lifecycle, teams, tuple(field.name for field in kind.fields)))
        if kind.kind == lifecycle.kind
        else kind
        for kind in kinds
    )


def undecided(lifecycle: Lifecycle | None, sources: Mapping[str, MappingSource]) -> Iterator[Flaw]:
    """Fields that leave their moves to a lifecycle which does not know them."""
    for kind, source in sources.items():
        for name, section in source.file.fields.items():
            known = lifecycle is not None and (kind, name) == (lifecycle.kind, lifecycle.field)
            if section.policy is not Policy.LIFECYCLE or known:
                continue
            if lifecycle is None:
                what, advice = "there is no lifecycle.yaml that could decide", "add it, or choose another policy"
            else:
                what = f"lifecycle.yaml decides about the field {lifecycle.field} of a {lifecycle.kind}, and no other"
                advice = f"choose another policy here, or say `field: {name}` there"
            mark = source.tree.at(("fields", name, "policy"))
            yield Flaw(mark.file, mark.line, mark.column, what, advice, name)


def check_reasons(section: LifecycleFile, tree: Tree, source: MappingSource) -> None:
    """The field of the reasons is there, goes both ways, and can hold each reason; flaws are noted in the tree."""
    name, loc = section.reason_field, ("reason_field",)
    if name is None:
        return
    mapping = source.file.fields.get(name)
    if mapping is None or name == section.field:
        what = f"there is no shared field {name!r} that could hold a reason"
        tree.flaw(loc, what, f"map one in {source.tree.file}, beside the field {section.field}")
        return
    if mapping.direction not in {None, Direction.BOTH}:
        what = f"the field {name} goes {mapping.direction} only, so a reason given on the other side would be lost"
        tree.flaw(loc, what, f"let it go both ways in {source.tree.file}")
    if mapping.type is FieldType.ENUM and mapping.values:
        _keys(section, tree, source, name)
    elif mapping.type in _TEXTS:
        _words(section, tree)
    else:
        what = f"the field {name} is of type {mapping.type}"
        tree.flaw(loc, what, "name one of `type: enum` with a value for each reason, or a text")


def _keys(section: LifecycleFile, tree: Tree, source: MappingSource, name: str) -> None:
    """The value table knows the reasons by their keys, and nothing else."""
    values = source.file.fields[name].values
    for listed, reasons in section.reasons.items():
        for key in reasons:
            if key not in values:
                what = f"the reason {key} is no value of the field {name}"
                tree.flaw(("reasons", listed, key), what, f"add a row for it in {source.tree.file}", key=True)
    known = {key for reasons in section.reasons.values() for key in reasons}
    for value in values:
        if value not in known:
            mark = source.tree.at(("fields", name, "values", value), key=True)
            what = f"the value {value} of the field {name} ({mark.file}:{mark.line}) is no reason of any list"
            tree.flaw(("reason_field",), what, "add it to a list of reasons, or remove the value from the table")


def _words(section: LifecycleFile, tree: Tree) -> None:
    """A text travels as it stands: each reason has the same words on both sides, and no other reason has them."""
    first: dict[str, str] = {}
    for listed, reasons in section.reasons.items():
        for key, reason in reasons.items():
            loc: Loc = ("reasons", listed, key)
            words = [str(getattr(reason, side.value)).casefold() for side in SIDES]
            if words[0] != words[1]:
                what = f"the reason {key} has other words on each side, and the text that holds it is the same on both"
                tree.flaw((*loc, "crm"), what, "give it the same words, or an enum with a value table")
            elif first.setdefault(words[0], key) != key:
                what = f"{first[words[0]]} and {key} have the same words, so nobody can tell which was given"
                tree.flaw(loc, what, "tell them apart, or give both one key", key=True)
