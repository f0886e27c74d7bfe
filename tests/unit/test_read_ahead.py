"""Reading ahead: in order, never further than there is room, errors where they belong, and no thread that stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import structlog

from syncd import system
from syncd.observe.log import bound
from syncd.ports.system import Ahead, as_asked
from syncd.system import read_ahead


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading ahead begins at once, but where a test says otherwise."""
    monkeypatch.setattr(system, "WORTH", 0.0)


BOTH = pytest.mark.parametrize("ahead", [read_ahead, as_asked])


def nothing() -> None:
    """Nothing to do meanwhile."""


def never(_item: object) -> bool:
    """There is never enough."""
    return False


def read(ahead: Ahead, items: Iterator[int], *, room: int = 3, enough: Callable[[int], bool] = never) -> Iterator[int]:
    """Numbers read ahead, each as heavy as one."""
    return ahead(items, weigh=lambda _: 1, room=room, enough=enough, meanwhile=nothing)


@BOTH
def test_items_come_in_their_order(ahead: Ahead) -> None:
    """All of them, and once."""
    assert list(read(ahead, iter(range(50)))) == list(range(50))


@BOTH
def test_the_item_that_is_enough_is_the_last(ahead: Ahead) -> None:
    """What was read by then is not lost, and nothing more is read."""
    items = iter(range(50))
    assert list(read(ahead, items, enough=lambda item: item == 7)) == list(range(8))
    assert next(items) == 8


@BOTH
def test_an_error_comes_after_what_was_read_before_it(ahead: Ahead) -> None:
    """As if it had been read when it was asked for."""

    def items() -> Iterator[int]:
        yield from range(2)
        raise ValueError("the third")

    numbers = read(ahead, items())
    assert [next(numbers), next(numbers)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(numbers)


def test_the_next_is_read_while_one_is_worked_on() -> None:
    """The second item waits for work on the first to begin, which would be for ever if it were read after it."""
    at_work = threading.Event()
    arrived = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert at_work.wait(10)
        arrived.set()
        yield 1

    numbers = read(read_ahead, items())
    assert next(numbers) == 0
    at_work.set()
    assert arrived.wait(10)
    assert list(numbers) == [1]


def test_no_more_waits_than_there_is_room_for() -> None:
    """Two have room, one more lies over it, and the fourth is not read before the first is taken."""
    given: list[int] = []
    third, fourth = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        for number in range(6):
            given.append(number)
            (third if number == 2 else fourth if number == 3 else threading.Event()).set()
            yield number

    numbers = read(read_ahead, items(), room=2)
    assert next(numbers) == 0  # taken out: three others may wait
    assert fourth.wait(10)
    assert third.is_set()
    assert not threading.Event().wait(0.05)
    assert given == [0, 1, 2, 3]
    assert list(numbers) == [1, 2, 3, 4, 5]


def test_who_leaves_early_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the reader is waiting for room or has an endless lot before it."""
    monkeypatch.setattr(system, "MEANWHILE", 0.01)
    before = threading.active_count()
    numbers = read(read_ahead, iter(range(1_000_000)))
    assert next(numbers) == 0
    assert threading.active_count() == before + 1
    numbers.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_while_the_next_is_waited_for_something_else_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease is kept while a vendor takes its time."""
    monkeypatch.setattr(system, "MEANWHILE", 0.01)
    kept: list[int] = []
    enough = threading.Event()

    def items() -> Iterator[int]:
        assert enough.wait(10)
        yield 1

    def keep() -> None:
        kept.append(1)
        if len(kept) == 3:
            enough.set()

    ahead = read_ahead(items(), weigh=lambda _: 1, room=1, enough=never, meanwhile=keep)
    assert list(ahead) == [1]
    assert len(kept) >= 4


def test_log_keys_are_bound_in_the_thread_too() -> None:
    """What is read is logged under the connection and run it is read for."""

    def items() -> Iterator[object]:
        yield structlog.contextvars.get_contextvars()

    with bound(connection="main", run="r1"):
        seen = list(read_ahead(items(), weigh=lambda _: 1, room=1, enough=never, meanwhile=nothing))
    assert seen == [{"connection": "main", "run": "r1"}]


def test_a_thread_is_begun_once_something_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that come quickly are read as they are asked for; the third takes its time, and then it is worth it."""
    monkeypatch.setattr(system, "WORTH", 0.05)
    threads: list[str] = []

    def items() -> Iterator[int]:
        for number in range(5):
            threads.append(threading.current_thread().name)
            if number == 2:
                time.sleep(0.1)
            yield number

    assert list(read(read_ahead, items())) == [0, 1, 2, 3, 4]
    here = threading.current_thread().name
    assert threads == [here, here, here, "ahead", "ahead"]
