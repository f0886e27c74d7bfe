"""The hands of a process: all jobs are done, in order, with the log keys of whoever asked, and never a deadlock."""

from __future__ import annotations

import threading
import time

import pytest
import structlog

from syncd.observe.log import bound
from syncd.ports.system import one_by_one
from syncd.system import Hands


def test_jobs_run_at_once_and_answer_in_their_order() -> None:
    """Three that wait for each other end, which they could not one by one."""
    together = threading.Barrier(3, timeout=10)

    def job(number: int) -> int:
        together.wait()
        time.sleep(0.01 * (3 - number))
        return number

    assert Hands(3)([lambda n=n: job(n) for n in range(3)]) == [0, 1, 2]  # type: ignore[misc]


def test_the_others_end_before_an_error_is_raised() -> None:
    """The first in order, whichever came first: what was done is known then."""
    done: list[int] = []

    def job(number: int) -> None:
        time.sleep(0.02 * (4 - number))
        if number in {1, 2}:
            raise ValueError(str(number))
        done.append(number)

    with pytest.raises(ValueError, match="1"):
        Hands(2)([lambda n=n: job(n) for n in range(4)])  # type: ignore[misc]
    assert sorted(done) == [0, 3]


def test_jobs_inside_jobs_need_no_further_hand() -> None:
    """All hands are busy with jobs that ask for more: they do it themselves."""
    hands = Hands(2)

    def outer() -> list[int]:
        return hands([lambda: 1, lambda: 2, lambda: 3])

    assert hands([outer] * 8) == [[1, 2, 3]] * 8


def test_log_keys_are_bound_in_the_jobs_too() -> None:
    """A call made by a hand is logged under the connection and run it was made for."""
    with bound(connection="main", run="r1"):
        seen = Hands(2)([structlog.contextvars.get_contextvars] * 2)
    assert seen == [{"connection": "main", "run": "r1"}] * 2


def test_one_hand_stops_at_the_first_error() -> None:
    """What tests and small tools use."""
    done: list[int] = []

    def job(number: int) -> int:
        if number == 1:
            raise ValueError
        done.append(number)
        return number

    with pytest.raises(ValueError):  # noqa: PT011 - ours, just above
        one_by_one([lambda n=n: job(n) for n in range(3)])  # type: ignore[misc]
    assert done == [0]
