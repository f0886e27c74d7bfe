"""Whether the line of a simulation behaves as the connectors' own sessions do."""

from __future__ import annotations

import pytest
import requests

from connectors.patience import Patience
from connectors.transport import READ_TIMEOUT
from sandbox.kernel import Answered, HttpRequest, HttpResponse, Kernel, SimulatedClock
from syncd.lab.line import PATIENCE, Line
from syncd.lab.lives import Effects, Life
from syncd.lab.virtual import START, VirtualClock


class Vendor(Kernel):
    """Gives every request one answer."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(clock=SimulatedClock(START), seed=1)
        self._answer = answer

    def answer(self, request: HttpRequest) -> Answered:
        """The answer."""
        return Answered(self._answer, "any")


def asked(answer: HttpResponse, *, left: float) -> tuple[bytes | None, int, bool]:
    """The body that was heard, if any, the virtual milliseconds that it took, and whether it was heard to its end."""
    clock = VirtualClock()
    heard: list[HttpResponse | None] = []
    life = Life(Effects(), number=1, trace=lambda _: None)
    line = Line(
        Vendor(answer), life, clock, latency=lambda: 0.1, heard=lambda _, told: heard.append(told), name="crm"
    )  # fmt: skip
    request = requests.Request("GET", "https://vendor.example/x").prepare()
    body = None
    try:
        body = line.send(request, timeout=Patience(5, READ_TIMEOUT, lambda: left)).content
    except requests.exceptions.RequestException:
        assert heard == [None]
    return body, clock.ms, heard != [None]


def test_a_simulated_call_waits_as_long_as_a_real_one() -> None:
    """Else a fault that is a timeout in the simulation would be none outside of it."""
    assert PATIENCE == READ_TIMEOUT


@pytest.mark.parametrize(
    ("answer", "left", "told"),
    [
        (HttpResponse(200, b"{}", wire="drip", pace=1.0), 120, (b"{}", 2_100, True)),
        (HttpResponse(200, b"{" + b" " * 90 + b"}", wire="drip", pace=1.0), 40, (None, 40_100, False)),
        (HttpResponse(200, b"{}", wire="drip", pace=70.0), 120, (None, 60_100, False)),
        (HttpResponse(200, b"{}", wire="endless", pace=1.0), 120, (None, 120_100, False)),
        (HttpResponse(200, b"{}", wire="flood", pace=1.0), 120, (None, 100, False)),
        (HttpResponse(200, b"{}", delay=59.0), 120, (b"{}", 59_100, True)),
        (HttpResponse(200, b"{}", delay=61.0), 120, (None, 60_100, False)),
        (HttpResponse(200, b"{}", delay=59.0), 7, (None, 7_100, False)),
    ],
    ids=["a short drip", "a long one", "a slow one", "headers", "a flood", "late", "too late", "no time left"],
)
def test_an_answer_comes_when_it_would_over_a_socket(
    answer: HttpResponse, left: float, told: tuple[bytes | None, int, bool]
) -> None:
    """One that drips is heard if it comes to its end before the call does; a socket waits long for no byte (F15)."""
    assert asked(answer, left=left) == told
