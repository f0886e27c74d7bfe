"""A plain kill ends a command as Ctrl-C does, whatever Python was doing when it came.

Both arrive as an exception between two steps of the program. Python drops exceptions that come up in callbacks of its
own (of a weak reference, of a finaliser: https://docs.python.org/3/library/sys.html#sys.unraisablehook), and with it
the wish to stop. What is dropped like that is sent once more, and by then the callback is over.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Final

SHORTLY: Final = 0.01
"""Seconds until a dropped signal is sent again: callbacks take microseconds, and a person waits for an answer."""


class Terminated(BaseException):
    """Somebody sent SIGTERM. No exception that anybody else catches: everything is left as it is at a Ctrl-C."""


def heed_interrupts() -> None:
    """Lets SIGTERM raise :class:`Terminated` and sends what Python dropped, SIGINT's exception too, once more.

    Commands that stop by themselves put handlers of their own in the place of both; what is sent again reaches those
    that are there by then. For the main thread, once a process; takes SIGALRM and ``sys.unraisablehook``.
    """
    before = sys.unraisablehook

    def once_more(dropped: sys.UnraisableHookArgs) -> None:
        number = _SIGNALS.get(dropped.exc_type)
        if number is None:
            before(dropped)
            return
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
        signal.setitimer(signal.ITIMER_REAL, SHORTLY)

    signal.signal(signal.SIGTERM, _terminated)
    sys.unraisablehook = once_more


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


_SIGNALS: Final[dict[type[BaseException], signal.Signals]] = {
    Terminated: signal.SIGTERM,
    KeyboardInterrupt: signal.SIGINT,
}
