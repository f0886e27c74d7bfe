"""The words in which late writes are told: how late one comes, and worlds that wait for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.kernel import Fault, HttpRequest, Kernel
from syncd.model.values import Pair
from tests.scenarios.steps import Steps

LATE = 90.0


def patient(steps: Steps) -> None:
    """Both vendors may carry a write out for ten minutes."""
    steps.both.world.connection = replace(steps.both.world.connection, horizon=Pair(600.0, 600.0))


def meanwhile(kernel: Kernel, looks: Callable[[HttpRequest], bool], deed: Callable[[], object]) -> None:
    """Has something happen just before a vendor answers the first request of a sort."""

    def prepare(request: HttpRequest) -> HttpRequest:
        deed()
        return request

    kernel.faults.arm(Fault("meanwhile", looks, "around", prepare=prepare))
