"""What ``syncd sandbox --state`` keeps from one run to the next, what ``--like`` copies from real accounts, and the
certificate authority that ``--tls`` makes and leaves for callers to trust.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from sandbox.certificates import Authority
    from sandbox.server import RunningSandbox
    from syncd.cli.call import Call


def load(running: RunningSandbox, folder: Path) -> bool:
    """Fills both stand-ins from a folder, and lets their control planes save there; answers whether it held a state.

    :raises BadUsage: for a file that is damaged, of another version, or alone.
    """
    from sandbox import state

    found: dict[str, bool] = {}
    for server in (running.hubspot_server, running.salesforce_server):
        with server.lock:
            server.controls.folder = folder
            name = state.state_file(folder, server.kernel).name
            try:
                found[name] = state.load(server.kernel, folder)
            except state.StateError as why:
                raise BadUsage(f"--state: {why}") from why
    if len(set(found.values())) > 1:
        lone = next(name for name, there in found.items() if there)
        raise BadUsage(f"--state: {folder} holds {lone} alone; give a whole state or another folder")
    if all(found.values()):
        typer.echo(f"# state loaded from {folder}; nothing is made in addition")
    return all(found.values())


def save(running: RunningSandbox, folder: Path) -> None:
    """Ends what faults have left behind, and writes both files.

    :raises BadUsage: if they cannot be written.
    """
    from sandbox import state

    for server in (running.hubspot_server, running.salesforce_server):
        with server.lock:
            server.kernel.faults.clear()
            try:
                told = state.save(server.kernel, folder)
            except state.StateError as why:
                raise BadUsage(f"--state: {why}") from why
        typer.echo(told["file"])


def imitate(running: RunningSandbox, call: Call, connection: str) -> None:
    """Makes both stand-ins look like the accounts of a connection, and says what of them could not be read.

    Reads definitions only.

    :raises BadConfig, NeedsOperator, RetryLater: if the accounts cannot be reached.
    :raises BadUsage: if the stand-ins have records already.
    """
    from sandbox import likeness
    from syncd.bootstrap.likening import read_likeness

    document = read_likeness(call.loaded(), connection)
    with running.hubspot_server.lock, running.salesforce_server.lock:
        try:
            unread = likeness.apply(document, running.hubspot, running.salesforce)
        except likeness.WrongLikeness as why:
            raise BadUsage(f"--like: {why}") from why
    typer.echo(f"# like the accounts of {connection}; no record was read")
    for what in unread:
        typer.echo(f"# not read, since the credentials may not: {what}")


def authority() -> Authority:
    """A certificate authority for the stand-ins of this run."""
    from sandbox.certificates import Authority
    from sandbox.server import RealClock

    return Authority(now=RealClock().now())


def trusted(authority: Authority, folder: Path | None) -> Path:
    """The file of the authority's certificate: in a folder that was named, else in one that the system gives.

    :raises BadUsage: if it cannot be written.
    """
    import tempfile

    folder = folder or Path(tempfile.mkdtemp(prefix="syncd-sandbox-"))
    try:
        return authority.write(folder).resolve()
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written ({error.strerror}); name a folder of yours") from error


@contextmanager
def refusals_told() -> Iterator[None]:
    """Accounts that are like real ones may refuse made-up records, which know nothing of their rules.

    :raises BadUsage: naming the first refusal.
    """
    from sandbox.hubspot.errors import Refusal as HubSpotRefusal
    from sandbox.salesforce.errors import Refusal as SalesforceRefusal

    try:
        yield
    except (HubSpotRefusal, SalesforceRefusal) as why:
        raise BadUsage(f"the stand-ins refuse these records by their own rules: {why}; start them empty") from why
