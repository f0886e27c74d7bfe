"""``syncd run``: the daemon, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.bootstrap import Workshop
    from syncd.operations.worker import Daemon
    from syncd.settings.accounts import Loaded


def run(
    context: typer.Context,
    *,
    http: Annotated[
        str | None,
        typer.Option(
            "--http", metavar="ADDRESS", help="Serve the console, /healthz, /readyz and /metrics, as on 127.0.0.1:9464."
        ),
    ] = None,
    probes: Annotated[
        str | None,
        typer.Option(
            "--probes",
            metavar="ADDRESS",
            help="Serve health and metrics without any reason or data to the network, as on 0.0.0.0:9465.",
        ),
    ] = None,
    webhooks: Annotated[
        str | None,
        typer.Option(
            "--webhooks",
            metavar="ADDRESS",
            help="Listen to webhooks, as on 127.0.0.1:9466, behind a proxy that ends TLS (docs/webhooks.md).",
        ),
    ] = None,
) -> None:
    """Keeps every connection in step until SIGTERM or Ctrl-C; SIGHUP reads the configuration again.

    Polls each connection at its `poll`. On a PostgreSQL store any number of daemons share the work; a SQLite store
    bears one. Exits within ten seconds; what was in flight then is settled at the next start.
    """
    from syncd.bootstrap import Workshop
    from syncd.operations.serving import serve
    from syncd.system import SystemClock

    call: Call = context.obj
    stop, hangup = threading.Event(), threading.Event()
    loaded = _checked(call)
    workshop = Workshop(loaded, stop=stop)
    workshop.trace(os.environ)
    daemon = workshop.daemon()
    consoles = [workshop.console(daemon, http)] if http is not None else []
    consoles += [workshop.probes(daemon, probes)] if probes is not None else []
    consoles += [workshop.webhooks(webhooks)] if webhooks is not None else []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        signal.signal(signal.SIGHUP, lambda *_: hangup.set())
        for console in consoles:
            console.start()
        workshop.tell(daemon)
        workshop.keep_backups()
        ended = serve(
            daemon,
            reload=lambda: _reload(call, workshop, daemon),
            reload_wanted=lambda: _heard(hangup),
            patient=SystemClock(),
        )
        if not ended:
            # A thread still waits for a vendor's answer and would keep the process for up to a minute.
            sys.stderr.flush()
            os._exit(0)
        daemon.jobs.close()
    finally:
        for console in consoles:
            console.close()
        workshop.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    if workshop.tells:
        sys.stderr.flush()
        os._exit(0)  # for the same reason: a receiver of notices that does not answer


def _heard(hangup: threading.Event) -> bool:
    heard = hangup.is_set()
    hangup.clear()
    return heard


def _reload(call: Call, workshop: Workshop, daemon: Daemon) -> None:
    workshop.replace(_checked(call))
    workshop.tell(daemon)


def _checked(call: Call) -> Loaded:
    """The configuration, whose targets can be sent to as far as their addresses tell.

    :raises BadConfig: with every flaw found.
    """
    from syncd.bootstrap import unreadable_targets
    from syncd.model.errors import BadConfig

    loaded = call.loaded()
    flaws = unreadable_targets(loaded)
    if flaws:
        raise BadConfig(flaws)
    return loaded.only(call.connection) if call.connection is not None else loaded
