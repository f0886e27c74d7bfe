"""Carries a message to somebody outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from syncd.model.notice import Message


@dataclass(frozen=True, slots=True)
class Posted:
    """Whether the receiver took it, and what came back, in words without a secret in them."""

    taken: bool
    said: str


class Post(Protocol):
    """Reaches targets by their names."""

    def __call__(self, target: str, message: Message) -> Posted:
        """Sends one message; trouble of any sort is an answer, never an exception. May take ten seconds."""
        ...
