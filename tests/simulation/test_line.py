"""Whether the line of a simulation behaves as the connectors' own sessions do."""

from __future__ import annotations

from connectors.transport import READ_TIMEOUT
from syncd.lab.line import PATIENCE


def test_a_simulated_call_waits_as_long_as_a_real_one() -> None:
    """Else a fault that is a timeout in the simulation would be none outside of it."""
    assert PATIENCE == READ_TIMEOUT
