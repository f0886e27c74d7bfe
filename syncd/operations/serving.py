"""The life of a daemon from its first tick to its last: ticks, reloads, and an end within ten seconds.

A tick that fails because the store is in trouble costs that tick. When told to stop, nothing new is sent; answers that
are under way are waited for ``PATIENCE`` seconds. What is not there by then stays an open intent, which the next start
settles by reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from syncd.model.errors import BadConfig, Stopping, SyncdError
from syncd.observe.log import emit
from syncd.operations.worker import TICK, Daemon
from syncd.ports.system import Clock

PATIENCE: Final = 8.0
"""Seconds that answers under way are waited for at the end."""

Reload = Callable[[], None]
"""Puts a new configuration into use. :raises BadConfig: and keeps the old one."""


def serve(daemon: Daemon, *, reload: Reload, reload_wanted: Callable[[], bool], patient: Clock) -> bool:
    """Works until the process is told to stop; ``True`` if every turn ended in time.

    :param reload_wanted: whether a reload was asked for since the last time this was asked.
    :param patient: a clock whose waits go on while the process stops.
    """
    try:
        daemon.begin()
        emit("service.started", worker=daemon.me.id, version=daemon.me.version, connections=len(daemon.shop.polls()))
        while True:
            if reload_wanted():
                _reload(reload)
            daemon.rest(_tick(daemon))
    except Stopping:
        emit("service.stopping", turns=len(daemon.working))
    over = patient.monotonic() + PATIENCE
    while daemon.working and patient.monotonic() < over:
        patient.sleep(0.05)
    left = len(daemon.working)
    try:
        daemon.end()
    except SyncdError as trouble:
        emit("service.troubled", error=type(trouble).__name__, what=str(trouble))
    emit("service.stopped", turns=left)
    return left == 0


def _tick(daemon: Daemon) -> float:
    """One tick: seconds until the next. The same trouble is told once, and its end, too."""
    before = daemon.trouble
    try:
        wait = daemon.tick()
        daemon.trouble = ""
    except Stopping:
        raise
    except SyncdError as trouble:
        daemon.trouble = str(trouble)
        if daemon.trouble != before:
            emit("service.troubled", error=type(trouble).__name__, what=daemon.trouble)
        return TICK
    if before:
        emit("service.recovered")
    return wait


def _reload(reload: Reload) -> None:
    try:
        reload()
    except BadConfig as trouble:
        for flaw in trouble.flaws:
            emit("config.refused", what=str(flaw))
    except SyncdError as trouble:
        emit("config.refused", what=str(trouble))
