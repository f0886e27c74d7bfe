"""What a configuration says of cases, whatever they expect: for the question what another one would say.

Cases are read from any file of their form, such as one that a marketing operations person writes for a change that is
planned. Where a configuration has no answer (an object it does not map, a stage it does not know), the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncd.core.lifecycle import Course
from syncd.core.rating import Profiles
from syncd.model.errors import BadConfig, BadUsage
from syncd.model.lifecycle import NEW
from syncd.model.mapping import KindMapping
from syncd.model.values import Side
from syncd.settings.case_moves import rehearsed
from syncd.settings.cases import Case, CaseLens, CasesFile, Trial, cases_of
from syncd.settings.main_file import ordered
from syncd.settings.profiles import moment_of
from syncd.settings.tree import Tree, read_tree
from syncd.settings.validate import validated


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of one file.

    :raises BadUsage: if there is no such file.
    :raises BadConfig: with every flaw of it.
    """
    if not path.is_file():
        raise BadUsage(f"{path} is no file; name one of the form of cases/*.yaml (docs/config.md)")
    tree = read_tree(path)
    section = validated(CasesFile, tree)
    if section is None or tree.flaws:
        raise BadConfig(ordered(tree.flaws))
    return cases_of(section, tree)


def answers(
    case: Case, kinds: Mapping[str, KindMapping], lenses: Mapping[str, CaseLens], profiles: Profiles
) -> dict[str, str]:
    """What the configuration makes of one case, by name: shared fields, vendor fields, persona, grade, move."""
    if case.kind not in kinds:
        return {"kind": f"{case.kind} is not mapped"}
    kind, section = kinds[case.kind], case.section
    trial = Trial(case, kind, lenses[case.kind], Tree(case.tree.file))
    trial.run()
    told: dict[str, str] = {name: _shown(value) for name, value in trial.read.items()}
    if section.given is not None:
        other = Side(section.given.side).other
        target = section.written.object if section.written is not None else kind.objects.of(other)[0]
        if target in kind.objects.of(other):
            told |= {f"{target}.{name}": _shown(wire) for name, wire in trial.wires(target).items()}
        else:
            told[target] = "is not mapped"
        told |= _profile(case, trial.read, profiles)
    if section.moved is not None:
        told["move"] = _move(case, kind, trial.read)
    return told


def _profile(case: Case, read: Mapping[str, Any], profiles: Profiles) -> dict[str, str]:
    moment = moment_of(case.section, Tree(case.tree.file), case.loc)
    if moment is None or case.kind != "person":
        return {}
    values = {name: value for name, value in read.items() if not hasattr(value, "reason")}
    unsettled = {name: value.reason for name, value in read.items() if hasattr(value, "reason")}
    profile = profiles.of(values, moment, unsettled=unsettled)
    told: dict[str, str] = {}
    if profile.persona is not None:
        told["persona"] = profile.persona.key or "none"
    if profile.rated is not None:
        told["grade"] = profile.rated.grade or "none"
    return told


def _move(case: Case, kind: KindMapping, read: Mapping[str, Any]) -> str:
    section, agreed = case.section.moved, kind.agreed
    assert section is not None
    if agreed is None:
        return "no lifecycle decides"
    known = {stage.key for stage in agreed.lifecycle.stages}
    named = {section.from_, *(move.to for move in section.moves)} - {NEW, "none"}
    if named - known:
        return f"there is no stage {', '.join(sorted(named - known))}"
    values = {name: value for name, value in read.items() if not hasattr(value, "reason")}
    found = rehearsed(section, Course(agreed.lifecycle, agreed.teams, fields=frozenset(agreed.fields)), values)
    return f"{found.fate}; both sides agree on {found.stage or NEW}" + (f" ({found.why})" if found.why else "")


def _shown(value: Any) -> str:  # noqa: ANN401 - a canonical or wire value, or an answer with a reason
    if getattr(value, "reason", None) is not None:
        return f"without a value ({value.reason})"
    if isinstance(value, tuple):
        return ", ".join(value)
    return "(empty)" if value in (None, "") else str(value)
