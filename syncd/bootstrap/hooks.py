"""Builds the listener for webhooks: which connection is called where, and what a vendor's calls look like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from connectors.hubspot import webhooks as hubspot
from syncd.console.probes import read_address
from syncd.console.server import Console
from syncd.console.webhooks import Flushing, application
from syncd.model.errors import BadUsage
from syncd.model.values import Side
from syncd.operations.hinting import Hook, Intake
from syncd.settings.webhooks import hook_path
from syncd.system import SystemClock

if TYPE_CHECKING:
    from syncd.bootstrap.workshop import Workshop
    from syncd.settings.accounts import ConnectionSettings, Loaded

OPTION = "--webhooks"


class Listener(Console):
    """The server, and the thread that hands over what it heard."""

    def __init__(self, intake: Intake, *, host: str, port: int) -> None:
        super().__init__(application(intake), host=host, port=port, option=OPTION)
        self._flushing = Flushing(intake)

    def start(self) -> None:
        """Begins to answer."""
        super().start()
        self._flushing.start()

    def close(self) -> None:
        """Stops answering; what was heard is in the store then."""
        super().close()
        self._flushing.close()


def build_listener(workshop: Workshop, address: str) -> Listener:
    """The listener of a daemon.

    :raises BadUsage: if it is no address, or no connection has webhooks.
    :raises NeedsOperator: if its port is taken.
    """
    host, port = read_address(address, option=OPTION)
    if not hooks(workshop.loaded):
        raise BadUsage(
            f"{OPTION} {address}: no connection expects webhooks; set connections.NAME.marketing.webhooks "
            "(docs/webhooks.md), and note that a connection in shadow mode takes none"
        )
    intake = Intake(
        hooks=lambda: hooks(workshop.loaded),
        caller=hubspot,
        store=cache(workshop.store),
        clock=SystemClock(),
        lock=threading.Lock(),
    )
    return Listener(intake, host=host, port=port)


def hooks(loaded: Loaded) -> Mapping[str, Hook]:
    """By path, where each connection is called. What writes nothing looks at nothing early."""
    found: dict[str, Hook] = {}
    for name, each in loaded.connections.items():
        told = each.marketing.webhooks
        if told is not None and each.connection.mode != "shadow":
            found[hook_path(told.url)] = Hook(name, told.url, _secret(each), _objects(each))
    return found


def _secret(settings: ConnectionSettings) -> Callable[[], str]:
    told = settings.marketing.webhooks
    assert told is not None
    secret = told.client_secret
    return lambda: secret().get_secret_value()


def _objects(settings: ConnectionSettings) -> frozenset[str]:
    return frozenset(name for kind in settings.connection.kinds for name in kind.objects.of(Side.MARKETING))
