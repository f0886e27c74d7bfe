"""A small lifecycle to try decisions with, and who moves people in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from syncd.core.lifecycle import Course
from syncd.model.lifecycle import (
    AUTOMATION,
    NEW,
    NOBODY_KNOWN,
    SYSTEM,
    Author,
    AuthorSort,
    Entry,
    Lifecycle,
    Reason,
    Stage,
    Team,
    Teams,
    Transition,
)
from syncd.model.values import Pair

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEAMS = Teams(
    (
        Team("m", "Marketing", roles=("Marketing", "SDR"), profiles=("Standard",)),
        Team("s", "Sales", users=("pat@example.com",), roles=("AE",), queues=("Inbound",)),
        Team("o", "Operations", users=("Pat@example.com",)),
    )
)
WHO = {
    "m": Author(AuthorSort.USER, role="Marketing"),
    "s": Author(AuthorSort.USER, role="AE"),
    "auto": AUTOMATION,
    "?": NOBODY_KNOWN,
    "stranger": Author(AuthorSort.USER, user="x@example.com"),
}
FIELDS = frozenset({"email", "title"})
READY = {"email": "a@example.com", "title": "CEO"}
STAGES = ("lead", "mql", "sal", "sql", "won", "out")
COURSE = Lifecycle(
    kind="person",
    field="stage",
    stages=tuple(
        Stage(key, key.upper(), "words", entry=Entry(("email",), "title != 'CEO of all'") if key == "mql" else Entry())
        for key in STAGES
    ),
    transitions=(
        Transition(NEW, "lead", ("m", "s", SYSTEM)),
        Transition("lead", "mql", ("m", SYSTEM)),
        Transition("mql", "sal", ("s",)),
        Transition("lead", "sql", ("s",)),
        Transition("mql", "sql", ("s",), restarts=False),
        Transition("sal", "sql", ("s",)),
        Transition("sql", "won", ("s", SYSTEM)),
        Transition("mql", "out", ("s",), reasons="rejected"),
        Transition("mql", "out", (SYSTEM,)),
        Transition("sal", "out", ("s",), reasons="rejected"),
        Transition("lead", "out", ("m", "s")),
        Transition("out", "mql", ("m",), recycles=True),
    ),
    reason_field="reason",
    reasons={"rejected": (Reason("timing", Pair("Not now", "Timing")),)},
)


def course(*, fields: frozenset[str] = FIELDS, unknown: Pair[str | None] = Pair(None, None), **rules: object) -> Course:
    """The lifecycle above with some rules of its own."""
    return Course(replace(COURSE, **rules), replace(TEAMS, unknown=unknown), fields=fields)  # type: ignore[arg-type]
