"""What a sound configuration leaves switched off, and what people will miss in the reports for it.

A feature that is off without a word looks broken to whoever opens a report: a table that says `(none)` for everybody
does not tell that nobody has named a field. So each such feature is one notice with its place, what will be missing,
and the lines that switch it on. A notice is never a flaw: whoever does not want the feature leaves it off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syncd.model.lifecycle import Lifecycle
from syncd.model.mapping import KindMapping
from syncd.settings.tree import Loc, Tree, read_tree

if TYPE_CHECKING:
    from syncd.settings.accounts import ConnectionSettings

PACK: Final = "config/optional/handoff"
"""The folder of the project that has all of it switched on."""
COMPANY: Final = "company"
MISSING: Final[Mapping[str, str]] = {
    "origin": "`syncd report credit` says (none) for every first source",
    "last_touch": "`syncd report credit` says (none) for every last touch",
    "asset": "`syncd report credit --by asset` says (none) for everybody",
    "contacted": "`syncd report funnel` has no days until a deal is won, and wins before any contact are not found",
    COMPANY: "a second person of a company begins a handoff of their own instead of joining the one that is open",
    "owner": "reports name no owners, and service levels go by the default calendar",
}
"""For each fact of the handoff that nobody has named a field for, what comes of it."""
NO_REASON: Final = "no move waits for its reason, and reports do not say why people were rejected or given back"
AT_ONCE: Final = (
    f"all of it at once, as long as lifecycle.yaml and schema/person.yaml are still those of the example: "
    f"`cp -r {PACK}/. config/`"
)
NO_HANDOFF: Final = "no handoff is kept, and `syncd report` has nothing to tell"


def left_off(settings: ConnectionSettings) -> tuple[str, ...]:
    """The notices for one connection, by the files alone; none where there is no lifecycle."""
    if settings.lifecycle is None:
        return ()
    tree = read_tree(settings.directory / "lifecycle.yaml")
    fields = {kind.kind: frozenset(field.name for field in kind.fields) for kind in settings.connection.kinds}
    known = fields.get(settings.lifecycle.kind, frozenset())
    told = tuple(_off(settings.lifecycle, tree, known, settings.directory))
    return (*told, AT_ONCE) if any(PACK in each for each in told) else told


def then(kind: KindMapping, field: str) -> str:
    """What comes of a shared field that is left out, because a vendor has no such field; empty if nothing does."""
    if kind.agreed is None:
        return ""
    lifecycle = kind.agreed.lifecycle
    facts = {} if lifecycle.handoff is None else lifecycle.handoff.facts
    lost = [MISSING.get(fact, f"the reports lack the fact {fact}") for fact, name in facts.items() if name == field]
    if field == lifecycle.reason_field:
        lost.append(NO_REASON)
    return "; ".join(lost)


def _off(lifecycle: Lifecycle, tree: Tree, fields: frozenset[str], directory: Path) -> Iterator[str]:
    mapping = directory / "schema" / f"{lifecycle.kind}.yaml"
    if lifecycle.handoff is None:
        yield _told(tree, (), "the handoff", NO_HANDOFF, "add `handoff:` (docs/lifecycle.md, The handoff)")
        return
    if lifecycle.reason_field is None and any(each.reasons for each in lifecycle.transitions):
        advice = (
            f"add `reason_field: stage_reason`, and to {mapping} the field stage_reason as it stands in "
            f"{PACK}/schema/person.yaml (docs/lifecycle.md, Reasons)"
        )
        yield _told(tree, ("reasons",), "asking for reasons", NO_REASON, advice)
    for fact, without in MISSING.items():
        if fact in lifecycle.handoff.facts:
            continue
        if fact in fields:
            advice = f"add `{fact}: {fact}` to `facts`"
        else:
            advice = (
                f"add `{fact}: {fact}` to `facts`, and to {mapping} a field {fact} as it stands in "
                f"{PACK}/schema/person.yaml, or name in `facts` a field that you have"
            )
        loc: Loc = ("handoff", "facts") if ("handoff", "facts") in tree.values else ("handoff",)
        yield _told(tree, loc, f"the fact {fact}", without, f"{advice} (docs/report.md, The ledger)")


def _told(tree: Tree, loc: Loc, feature: str, without: str, advice: str) -> str:
    mark = tree.at(loc, key=True)
    return f"{mark.file}:{mark.line}: {feature} is off: {without}; to switch it on, {advice}"
