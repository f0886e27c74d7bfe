"""What ``syncd sandbox --export`` writes: all records of both stand-ins, one JSON file a vendor, mode 0600."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from syncd.model.errors import RetryLater

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def running_there(*ports: int) -> bool:
    """Whether somebody listens on all of these ports."""
    import socket

    def listens(port: int) -> bool:
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return all(listens(port) for port in ports)


def export_running(folder: Path, hubspot_port: int, salesforce_port: int) -> None:
    """Writes what the stand-ins on these ports hold."""
    from urllib.error import URLError

    from sandbox.control import Control, ControlRefused

    exports = {}
    for vendor, port in (("hubspot", hubspot_port), ("salesforce", salesforce_port)):
        try:
            exports[vendor] = Control(f"http://127.0.0.1:{port}").export()
        except (URLError, ControlRefused, ValueError, OSError) as trouble:
            raise RetryLater(
                f"what listens on port {port} is no stand-in of {vendor} ({type(trouble).__name__}); "
                "start `syncd sandbox` there, or name its ports",
                sent=False,
            ) from trouble
    save_exports(folder, exports)


def save_exports(folder: Path, exports: Mapping[str, Mapping[str, object]]) -> None:
    """One file a vendor: ``{object: [record]}``."""
    from syncd.cli.plan import write_private

    folder.mkdir(parents=True, exist_ok=True)
    for vendor, records in exports.items():
        write_private(folder / f"{vendor}.json", records)
        typer.echo(f"{folder / f'{vendor}.json'}")
