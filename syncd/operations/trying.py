"""Whether a target can be reached: one message of its own, sent past the outbox, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syncd.model.errors import BadUsage
from syncd.model.notice import Message, Target
from syncd.ports.post import Post


@dataclass(frozen=True, slots=True)
class Tried:
    """Whether a target took it, and what it said, in words without a secret in them."""

    target: Target
    taken: bool
    said: str

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        events = sorted(self.target.events)
        return {"name": self.target.name, "taken": self.taken, "said": self.said, "events": events}


def meant(targets: Sequence[Target], name: str | None) -> list[Target]:
    """The target of a name, or all. :raises BadUsage: if there is none."""
    found = [each for each in targets if name in (None, each.name)]
    if not found:
        known = ", ".join(each.name for each in targets)
        raise BadUsage(
            f"there is no target {name!r}; use one of {known}"
            if known
            else "notify.targets names nobody; docs/notifications.md says how to add somebody"
        )
    return found


def tried(target: Target, post: Post) -> Tried:
    """Sends it one message now, which says what the target is told of."""
    lines = [
        "This is a test: whoever reads it gets what `notify.targets` sends to this target.",
        f"Events: {', '.join(sorted(target.events))}.",
        f"Connections: {', '.join(sorted(target.connections)) or 'all'}.",
    ]
    posted = post(target.name, Message(f"syncd: test of {target.name}", "\n".join(lines), "info"))
    return Tried(target, posted.taken, posted.said)
