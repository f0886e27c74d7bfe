"""The files of a configuration in another folder: what ``simulate`` plays, and what ``sandbox --write-config`` writes.

Takes what syncd reads and what an editor completes by, and nothing else that lies there: secrets, stores and backups
may, and some of them only their owner can look at. The main file is left to whoever copies, since it leads to accounts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syncd.model.errors import BadUsage
from syncd.settings.main_file import FILE

PARTS: Final = ("schema", "cases")
"""The folders of a configuration whose files are read by their endings and not by name."""


def copy_mapping(directory: Path, folder: Path) -> None:
    """Copies all but the main file of a configuration; ``folder`` is made if need be.

    :param directory: where ``schema/`` and ``lifecycle.yaml`` are.
    :raises BadUsage: if a file cannot be read there, or written here.
    """
    try:
        for path in _files(directory):
            there = folder / path.relative_to(directory)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
        folder.mkdir(parents=True, exist_ok=True)  # of a folder without a single file of ours, too
    except OSError as error:
        raise BadUsage(
            f"{error.filename} does not let the configuration be copied to {folder} ({error.strerror}); mend its rights"
        ) from error


def _files(directory: Path) -> Iterator[Path]:
    for part in PARTS:
        yield from sorted((directory / part).glob("*.yaml"))
    for pattern in ("*.yaml", "*schema.json"):
        yield from sorted(path for path in directory.glob(pattern) if path.name != FILE)
