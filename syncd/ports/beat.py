"""Whoever calls an address and tells whether it answered."""

from __future__ import annotations

from typing import Protocol


class Beat(Protocol):
    """Calls an address that somebody outside watches. Gives up after some seconds and never raises."""

    def __call__(self, url: str, *, private: bool) -> str:
        """Why it was not reached, without the address; empty if it was.

        :param private: whether it may lead into a private network.
        """
        ...
