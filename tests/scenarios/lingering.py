"""The words in which late writes are told: how late one comes, worlds that wait for it, and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote_plus

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


def seeks_counterparts(asked: HttpRequest) -> bool:
    """Whether Salesforce is asked who has an address."""
    told = unquote_plus(f"{asked.path}?{asked.query} {asked.body.decode()}").partition(" WHERE ")[2]
    return "Email IN" in told
