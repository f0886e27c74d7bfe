"""Bad moments of the account, called for by tests: locked records, an account on the move, an edge that is down.

Statuses and pauses follow the vendor's error page: 423 asks for two seconds, 477 says in ``Retry-After`` how many
seconds it takes (a day at most), and what the content network answers by itself (502 to 504, 521, 523, 524) is HTML.
"""

from __future__ import annotations

from sandbox.hubspot.errors import locked, migrating
from sandbox.hubspot.portal import Portal
from sandbox.kernel import Clock, Fault, HttpResponse

#: What the network before HubSpot answers while nothing behind it does.
EDGE_STATUSES = (502, 503, 504, 521, 523, 524)
LONGEST_MOVE = 86_400.0
_WRITES = frozenset({"create", "update", "archive", "merge", "gdpr_delete"})


class Outages:
    """The kernel's methods for bad moments. All seconds are the clock's."""

    portal: Portal
    clock: Clock
    #: Until when writes of an object are locked, by its name, and until when the account moves; epoch milliseconds.
    _locks: dict[str, int]
    _moving: int

    def lock_rows(self, object: str, seconds: float = 2.0) -> None:
        """Heavy writing locks the records of an object: writes to them are 423 for a while, reads go on."""
        self._locks[self.portal.store(object).kind.name] = self.portal.now() + round(seconds * 1_000)

    def begin_maintenance(self, seconds: float = 3_600.0) -> None:
        """The account moves to another data centre: every call is 477 until it is over.

        :raises ValueError: for more than a day, which the vendor excludes.
        """
        if not 0 < seconds <= LONGEST_MOVE:
            raise ValueError(f"a move takes up to {LONGEST_MOVE:.0f} seconds, not {seconds}")
        self._moving = self.portal.now() + round(seconds * 1_000)

    def end_maintenance(self) -> None:
        """The account has arrived."""
        self._moving = 0

    def left_of_move(self) -> int:
        """Seconds until the account has arrived, rounded up; 0 if it does not move."""
        return max(0, -(-(self._moving - self.portal.now()) // 1_000))

    def check_moving(self) -> None:
        """Raises the 477 refusal while the account moves."""
        if self.left_of_move():
            raise migrating()

    def check_lock(self, object: str, operation: str) -> None:
        """Raises the 423 refusal of a write to locked records."""
        if self._locks.get(object, 0) > self.portal.now() and operation.removeprefix("batch.") in _WRITES | {"upsert"}:
            raise locked()


def edge_fault(status: int, *, times: int = 1) -> Fault:
    """A fault in which the network before HubSpot answers a page of HTML, and HubSpot never sees the call."""
    page = f"<html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>"
    answer = HttpResponse(status=status, body=page.encode(), headers={"Content-Type": "text/html; charset=UTF-8"})
    return Fault(f"edge {status}", lambda _: True, times=times, answer=answer)
