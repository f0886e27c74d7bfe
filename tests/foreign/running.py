"""Runs a script of ``node/`` and gives back its lines; and tells whether a line is what was expected.

The packages are those of ``node/package-lock.json``, which has a hash of each. They are installed once for each state
of that file, beside the Python libraries and never into the project; no script of a package runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).with_name("node")
Lines = dict[str, dict[str, Any]]
"""What came back, by operation: ``{"result": ...}`` or ``{"thrown": ...}``."""


class Matching:
    """A text that fits a pattern as a whole; for ids and instants."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __repr__(self) -> str:
        return f"Matching({self.pattern!r})"


def fits(expected: Any, got: Any) -> bool:
    """Whether an answer is as expected: keys that are not named are free, everything else is exact."""
    if isinstance(expected, Matching):
        return isinstance(got, str) and re.fullmatch(expected.pattern, got, re.DOTALL) is not None
    if isinstance(expected, Mapping):
        return isinstance(got, dict) and all(name in got and fits(want, got[name]) for name, want in expected.items())
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(fits, expected, got))
    if isinstance(expected, Callable):
        return bool(expected(got))
    return type(expected) is type(got) and bool(expected == got)


def installed(scratch: Path) -> Path:
    """The folder that holds ``node_modules``; made by ``npm ci`` when the lock is new. Skips where there is no node."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("node and npm are not on PATH; the JavaScript clients cannot run here (Node 20 is known to do)")
    files = [NODE / "package.json", NODE / "package-lock.json"]
    digest = hashlib.blake2b(b"".join(file.read_bytes() for file in files), digest_size=8).hexdigest()
    cache = Path(sys.prefix) if sys.prefix != sys.base_prefix else scratch
    folder = cache / f"foreign-node-{digest}"
    if folder.is_dir():
        return folder
    draft = cache / f"foreign-node-{digest}.{os.getpid()}"
    draft.mkdir()
    for file in files:
        shutil.copy(file, draft)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=draft, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"npm ci failed; the registry must be reachable once for each new lock:\n{done.stderr}"
    try:
        draft.rename(folder)
    except OSError:
        # Another run was quicker; its folder is as good.
        shutil.rmtree(draft)
    return folder


def run(script: str, modules: Path, **environment: str) -> Lines:
    """Runs one script to its end; every operation in it is one line, whatever came of it."""
    done = subprocess.run(
        ["node", str(NODE / script)],
        env=os.environ | environment | {"FOREIGN_MODULES": str(modules)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{script} broke off after {done.stdout[-500:]}\n{done.stderr[-2000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line.pop("operation"): line for line in lines}
    assert len(found) == len(lines), "an operation is listed twice"
    return found
