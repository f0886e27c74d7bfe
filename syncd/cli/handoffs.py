"""What happened to a person between the teams, as ``syncd explain`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syncd.model.episode import Episode
    from syncd.operations.handoffs import Handoffs, Happening

CLOCKS = ("system", "touch", "decision")


def print_handoffs(story: Handoffs) -> None:
    """Prints every move with its author and reason, then the handoffs they add up to; nothing if nothing happened."""
    from syncd.cli.out import table, when

    if not story.happened:
        return
    rows = [
        (when(each.at), str(each.cycle or ""), each.what, each.by, each.team, each.side, each.reason)
        for each in story.happened
    ]
    table("between the teams", ("at (UTC)", "cycle", "what", "by", "for", "in", "reason"), rows)
    episodes = [
        (
            when(each.opened_at),
            each.state.value,
            *(_span(getattr(each, clock)) for clock in CLOCKS),
            each.grade or "",
            each.owner or "",
            each.reason or "",
            ", ".join(each.oddities),
        )
        for each in story.episodes
    ]
    names = ("begun (UTC)", "state", "to be seen", "to a touch", "to a decision", "grade", "owner", "reason", "odd")
    table("handoffs", names, episodes)


def _span(milliseconds: int | None) -> str:
    from syncd.operations.report_writing import span

    return "" if milliseconds is None else span(milliseconds)


def handoffs_document(story: Handoffs | None) -> dict[str, Any]:
    """The same for programs: the keys ``happened`` and ``handoffs`` of a record."""
    return {
        "happened": [] if story is None else [_happening(each) for each in story.happened],
        "handoffs": [] if story is None else [_episode(each) for each in story.episodes],
    }


def _happening(each: Happening) -> dict[str, Any]:
    return {
        "at": each.at,
        "what": each.what,
        "cycle": each.cycle,
        "by": each.by or None,
        "team": each.team or None,
        "side": each.side or None,
        "reason": each.reason or None,
    }


def _episode(each: Episode) -> dict[str, Any]:
    names = (
        "id", "opened_at", "qualified_at", "delivered_at", "touched_at", "accepted_at", "rejected_at", "offered_at",
        "won_at", "closed_at", "reason", *CLOCKS, "touch_due", "decision_due", "persona", "grade", "owner", "sdr",
        "bdr", "ae", "amount", "currency",
    )  # fmt: skip
    told = {name: getattr(each, name) for name in names}
    return {"state": each.state.value, "born": each.born.value, **told, "oddities": list(each.oddities)}
