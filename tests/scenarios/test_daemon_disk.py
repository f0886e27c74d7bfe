"""A daemon whose disk is full: it says so, writes nothing to anybody, and goes on by itself once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from tests.scenarios.processes import Place, answered, someone, until

pytestmark = pytest.mark.slow

DISK = "6m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk that fills up is a tmpfs, which only root may mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(disk: Path) -> Path:
    """Takes all the room that is left, and what the store's log had taken already."""
    with closing(dbapi2.connect(str(disk / "syncd.db"), isolation_level=None)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
    return ballast


@pytest.mark.fault("F61")
def test_a_full_disk_stops_writes_and_heals(place: Place, disk: Path) -> None:
    """No write at a vendor without its audit row; unready meanwhile; nothing to be done but to make room."""
    place.remember_in(f"sqlite:///{disk}/syncd.db")
    contact, lead = someone(place)
    assert place.approve().code == 0

    def title() -> str:
        return next(str(row["Title"]) for row in place.salesforce.export()["Lead"] if row["Id"] == lead)

    with place.daemon("--http", "127.0.0.1:0") as daemon:
        port = daemon.wait_for("console.started")["port"]
        daemon.wait_for("run.finished", state="done")
        ballast = _fill(disk)
        place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": "Full"}, by="userId:1")
        told = daemon.wait_for("service.troubled", within=40)
        assert "the disk is full; make room" in told["what"]
        until(lambda: answered(port, "readyz")[0] == 503, what=daemon.tail)
        assert title() != "Full"
        ballast.unlink()
        until(lambda: title() == "Full", what=daemon.tail)
        daemon.wait_for("service.recovered")
        until(lambda: answered(port, "readyz")[0] == 200, what=daemon.tail)
    assert place.run("status", "--json").json["connections"][0]["open_intents"] == 0
