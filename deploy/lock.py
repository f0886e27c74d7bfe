"""Resolves the lock files and tells whether they are current.

Decides: which versions and hashes are installed, for CPython 3.11 and newer on every platform at once (markers choose).
Promises: no lock holds an address of any package index; all locks of one environment agree on every version; `--check`
needs no network and never fails because somebody published a newer release.
Refuses: to install anything.

A lock's first line carries two digests. `inputs` covers what the lock was resolved from (the dependency tables of
pyproject.toml and the options below), `body` the lines that the resolver wrote. A lock is current while both still
match. Resolving again and comparing would need the network, and would differ as soon as a maintainer adds a wheel to
an old release.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
HEADER = re.compile(r"# Made by `make lock`; do not edit\. inputs=([0-9a-f]{16}) body=([0-9a-f]{16})\n")
OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-header")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock file: its path from the project root, what goes in, and the lock that fixes its versions, if any."""

    path: str
    wants: tuple[str, ...]
    like: str | None = None


DEVELOPMENT = "requirements-dev.lock"
LOCKS = (
    Lock(DEVELOPMENT, ("pyproject.toml", "--extra=sandbox", "--extra=otel", "--group=dev", "--group=build")),
    Lock("requirements.lock", ("pyproject.toml", "--extra=sandbox", "--extra=otel"), like=DEVELOPMENT),
    Lock("deploy/build.lock", ("--group=build",), like=DEVELOPMENT),
    Lock("deploy/audit.lock", ("--group=audit",)),  # an environment of its own, see deploy/audit.py
)


def digest(text: str) -> str:
    """A short fingerprint of a text, equal on every platform."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def inputs(lock: Lock, pyproject: str) -> str:
    """The fingerprint of everything that a lock is resolved from, given the text of pyproject.toml."""
    tables = tomllib.loads(pyproject)
    project = tables["project"]
    read = {
        "python": project["requires-python"],
        "dependencies": project["dependencies"],
        "extras": project["optional-dependencies"],
        "groups": tables["dependency-groups"],
        "options": [*OPTIONS, *lock.wants],
    }
    return digest(json.dumps(read, sort_keys=True))


def resolve(lock: Lock, *, upgrade: bool) -> None:
    """Writes one lock. Versions that still fit are kept unless `upgrade` is set."""
    path = ROOT / lock.path
    draft = path.with_name(path.name + ".draft")
    draft.write_text(path.read_text() if path.exists() else "")
    command = [str(UV), "pip", "compile", "--quiet", *OPTIONS, *lock.wants, f"--output-file={draft}"]
    if lock.like:
        command.append(f"--constraint={lock.like}")
    if upgrade:
        command.append("--upgrade")
    try:
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "UV_NO_PROGRESS": "1"})
        body = re.sub(r"^ +# +via -c .*\n|^ +#   -c .*\n", "", draft.read_text(), flags=re.MULTILINE)
    finally:
        draft.unlink()
    fingerprint = inputs(lock, (ROOT / "pyproject.toml").read_text())
    path.write_text(f"# Made by `make lock`; do not edit. inputs={fingerprint} body={digest(body)}\n{body}")


def faults(lock: Lock, pyproject: str) -> list[str]:
    """What is wrong with one lock, as sentences; empty when it is current."""
    path = ROOT / lock.path
    if not path.exists():
        return [f"{lock.path} is missing: run `make lock`"]
    text = path.read_text()
    header = HEADER.match(text)
    if header is None:
        return [f"{lock.path}:1 lacks the line that `make lock` writes: run it"]
    body = text[header.end() :]
    found = []
    if header[1] != inputs(lock, pyproject):
        found.append(f"{lock.path} is older than the dependencies in pyproject.toml: run `make lock`")
    if header[2] != digest(body):
        found.append(f"{lock.path} was edited by hand or merged: run `make lock`")
    if "://" in body:
        found.append(f"{lock.path} names an address: remove index options from the environment and run `make lock`")
    # A pin and its hashes are one logical line, continued by backslashes.
    pins = [line for line in body.replace("\\\n", " ").splitlines() if line and not line.lstrip().startswith("#")]
    found += [f"{lock.path}: {pin.split()[0]} has no hash: run `make lock`" for pin in pins if "--hash=" not in pin]
    return found


def main() -> int:
    """Resolves the locks, or with `--check` only judges them. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Resolve the lock files, or check that they are current.")
    parser.add_argument("--check", action="store_true", help="only tell whether the locks are current (offline)")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases that fit")
    chosen = parser.parse_args()
    if not chosen.check:
        for lock in LOCKS:
            resolve(lock, upgrade=chosen.upgrade)
    pyproject = (ROOT / "pyproject.toml").read_text()
    found = [fault for lock in LOCKS for fault in faults(lock, pyproject)]
    print("\n".join(found) or "the locks are current")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
