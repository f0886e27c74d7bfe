"""Whatever a fault of the catalogue does to a stand-in, what is left of it can be saved and comes back the same."""

from __future__ import annotations

import pytest

from sandbox import state
from sandbox.faults.catalogue import CATALOGUE
from sandbox.kernel import ConnectionDropped, NothingToHit, SimulatedClock, VendorClock
from tests.unit.sandbox.fault_stands import Force, Hub, Stand

pytestmark = pytest.mark.beyond

STANDS: dict[str, type[Hub | Force]] = {"hubspot": Hub, "salesforce": Force}
PAIRS = [(name, vendor) for name, entry in CATALOGUE.items() for vendor in STANDS if vendor in entry.vendors]
FEW = {"record-restored"}
"""Faults that find nothing to happen to among eight people who are all there."""


def suffers(stand: Stand, name: str) -> None:
    """A fault, and two reads and writes while it is armed or done; cut connections belong to it."""
    stand.arm(name)
    for number in range(2):
        for method, target, body in (stand.write(number), stand.write(number, "Again")):
            try:
                stand.raw(method, target, body)
            except ConnectionDropped:
                continue


@pytest.mark.slow
@pytest.mark.parametrize(("name", "vendor"), PAIRS)
def test_a_hit_stand_in_comes_back(name: str, vendor: str) -> None:
    """Records, definitions, locks, requests still owed and the log after a fault are saved, loaded and saved alike."""
    stand = STANDS[vendor]()
    if name in FEW:
        with pytest.raises(NothingToHit):
            stand.arm(name)
        return
    suffers(stand, name)
    content = state.dump(stand.kernel)
    fresh = type(stand.kernel)(clock=VendorClock(SimulatedClock(stand.clock.now())), seed=1)
    state.restore(fresh, content)
    assert state.dump(fresh) == content
    assert len(fresh.calls) == len(stand.kernel.calls) > 0
