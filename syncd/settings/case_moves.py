"""Cases of moves: who moves a person from which stage to which, and what is to become of it.

The lifecycle and the teams judge a case as they judge a cycle (``syncd.core.rehearsal``). What the case does not tell
is not known: an author without a name is nobody known, and a shared field that `given` does not tell is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from syncd.core.lifecycle import Course
from syncd.core.rehearsal import Fate, Rehearsed, rehearse
from syncd.model.lifecycle import AUTOMATION, NEW, NOBODY_KNOWN, Agreed, Author, AuthorSort, Move
from syncd.model.values import Canonical, Instant, Pair, Side, instant
from syncd.settings.mapping_file import SideName
from syncd.settings.tree import Loc, Tree
from syncd.settings.validate import Section, Text

if TYPE_CHECKING:
    from syncd.settings.cases import CaseSection

Outcome = Literal["allowed", "refused", "held", "put_back", "waits"]


class AuthorSection(Section):
    """Who made a move, as the vendor tells it."""

    user: Text | None = Field(None, description="E-mail address or login.")
    role: Text | None = Field(None, description="Role; in HubSpot the primary team.")
    profile: Text | None = Field(None, description="Profile (Salesforce).")
    queue: Text | None = Field(None, description="Queue they work from.")
    automation: bool = Field(False, description="No person: a workflow, a flow, another integration.")


class MoveSection(Section):
    """One move on one side."""

    to: Text = Field(description="Stage, or `none` where it is emptied.")
    on: SideName = Field(description="Side on which it is made.")
    by: AuthorSection | Text | None = Field(
        None, description="Who makes it: a user's address, or a section. Without it nobody is known."
    )
    reason: Text | None = Field(None, description="Key of the reason that is given with it.")
    at: Text | None = Field(None, description="When, e.g. `2026-03-01T09:00:00Z`; only where both sides move.")


class MovedSection(Section):
    """Moves of one person, and what is to become of them."""

    from_: Text = Field(
        alias="from", description="Stage on which both sides agree before; `new` is a person without a stage."
    )
    moves: list[MoveSection] = Field(min_length=1, description="What is done since then, oldest first.")
    outcome: Outcome = Field(
        description="`allowed`; `refused`: listed, and both sides stay as they are; `held`: a person decides; "
        "`put_back`; `waits`: for a reason, or for what must be known."
    )
    becomes: Text | None = Field(None, description="Stage on which both sides agree afterwards.")
    cycle: int | None = Field(None, ge=1, description="Cycle the person is in afterwards; it begins in the first.")


def rehearsed(section: MovedSection, course: Course, values: Mapping[str, Canonical]) -> Rehearsed:
    """What becomes of the moves of a case that was found sound."""
    moves = Pair(*(tuple(_move(each) for each in section.moves if each.on == side.value) for side in Side))
    agreed = None if section.from_ == NEW else section.from_
    return rehearse(course, agreed, moves, values=values)


def check_moves(
    case: CaseSection,
    agreed: Agreed | None,
    read: Mapping[str, Any],
    *,
    tree: Tree,
    loc: Loc,
) -> None:
    """Notes in the tree where moves do not come to what the case expects, or cannot be judged.

    :param read: the shared values that the case's record tells; one that cannot be read has a ``reason``.
    """
    section = case.moved
    if section is None:
        return
    loc = (*loc, "moved")
    if agreed is None:
        what = "no lifecycle decides about stages of this kind"
        advice = "add lifecycle.yaml with `policy: lifecycle` at its field, or remove the case"
        tree.flaw(loc, what, advice, key=True)
        return
    before = len(tree.flaws)
    _check_names(section, agreed, tree, loc)
    for name, value in read.items():
        if hasattr(value, "reason"):
            tree.flaw((*loc[:-1], "given"), f"{case.name}: {name} is without a value ({value.reason})", "correct it")
    if len(tree.flaws) > before:
        return
    course = Course(agreed.lifecycle, agreed.teams, fields=frozenset(agreed.fields))
    found = rehearsed(section, course, read)
    advice = "correct the case, lifecycle.yaml or teams.yaml"
    if found.fate is not Fate(section.outcome):
        why = f" ({found.why})" if found.why else ""
        tree.flaw((*loc, "outcome"), f"{case.name}: the outcome is {found.fate}{why}", advice)
        return
    if section.becomes is not None and section.becomes != (found.stage or NEW):
        tree.flaw((*loc, "becomes"), f"{case.name}: both sides agree on {found.stage or NEW}", advice)
    if section.cycle is not None and section.cycle != found.cycle:
        tree.flaw((*loc, "cycle"), f"{case.name}: the cycle is {found.cycle}", advice)


def _check_names(section: MovedSection, agreed: Agreed, tree: Tree, loc: Loc) -> None:
    stages = [stage.key for stage in agreed.lifecycle.stages]
    _known(section.from_, [*stages, NEW], "stage", tree, (*loc, "from"))
    if section.becomes is not None:
        _known(section.becomes, [*stages, NEW], "stage", tree, (*loc, "becomes"))
    reasons = [reason.key for listed in agreed.lifecycle.reasons.values() for reason in listed]
    for number, move in enumerate(section.moves):
        here: Loc = (*loc, "moves", number)
        _known(move.to, [*stages, "none"], "stage", tree, (*here, "to"))
        if move.reason is not None:
            _known(move.reason, reasons, "reason", tree, (*here, "reason"))
        try:
            _at(move)
        except ValueError:
            tree.flaw((*here, "at"), f"{move.at!r} is no time", "write 2026-03-01T09:00:00Z")
        by = move.by
        if isinstance(by, AuthorSection) and by.automation and (by.user or by.role or by.profile or by.queue):
            tree.flaw((*here, "by"), "automation is nobody by name", "leave out either of them", key=True)


def _known(name: str, known: Sequence[str], what: str, tree: Tree, loc: Loc) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        advice = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known) or '(none is declared)'}"
        tree.flaw(loc, f"there is no {what} {name!r}", advice)


def _move(section: MoveSection) -> Move:
    stage = None if section.to == "none" else section.to
    return Move(stage, _author(section.by), _at(section), section.reason)


def _at(section: MoveSection) -> Instant | None:
    return None if section.at is None else instant(section.at)


def _author(by: AuthorSection | str | None) -> Author:
    if by is None:
        return NOBODY_KNOWN
    if isinstance(by, str):
        return Author(AuthorSort.USER, user=by)
    if by.automation:
        return AUTOMATION
    return Author(
        AuthorSort.USER, user=by.user or "", role=by.role or "", profile=by.profile or "", queue=by.queue or ""
    )
