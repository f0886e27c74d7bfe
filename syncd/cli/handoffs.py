"""What happened to a person between the teams, as ``syncd explain`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.operations.handoffs import Handoffs


def print_handoffs(story: Handoffs) -> None:
    """Prints every move with its author and reason, then the handoffs they add up to; nothing if nothing happened."""
    from syncd.cli.out import table, when
    from syncd.operations.handoffs import CLOCKS

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
