"""What a simulation finds broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, where, and what was found."""

    promise: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise} {self.where}: {self.what}"
