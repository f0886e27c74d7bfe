"""New connections, which come before any request: whoever makes one asks here whether it comes about.

A server asks when a caller speaks for the first time, an adapter in process before every call, as it keeps none open.
Promises that a call over a connection that stands is never hit by what hits connections, and that a connection which
fails is no call: it is counted as a fault that has fired and stands in no log.
"""

from __future__ import annotations

from sandbox.kernel import ConnectionDropped, Kernel


class NoConnection(ConnectionDropped):
    """A new connection does not come about; ``name`` is the fault's and says why (``sandbox.faults.connections``)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def connect(kernel: Kernel) -> None:
    """A caller makes a new connection. Raises ``NoConnection``."""
    fault = kernel.faults.take_connection()
    if fault is not None:
        kernel.faults.fired[fault.name] += 1
        raise NoConnection(fault.name)


def awaits_connection(kernel: Kernel) -> bool:
    """Whether a fault waits for a new connection, so that those which stand had better end after their answer."""
    return any(fault.awaits_connection for fault in kernel.faults.armed)
