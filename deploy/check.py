"""Runs every check of the project, the same by hand and in continuous integration.

Promises: all checks run even if one fails; one line each, and the whole output of those that failed; exit code 1 if
any failed. Checks run beside each other, as many as there are processors, and are reported in the order of CHECKS.
Refuses: to change a file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Check:
    """One command of the virtual environment, and what it makes sure of."""

    title: str
    command: tuple[str, ...]


CHECKS = (
    Check("types (mypy --strict)", ("mypy", "--strict", "syncd", "connectors", "sandbox", "deploy")),
    Check("style (ruff check)", ("ruff", "check", "--quiet", "--output-format=concise", ".")),
    Check("format (ruff format)", ("ruff", "format", "--check", "--quiet", "--output-format=concise", ".")),
    Check("layers (import-linter)", ("lint-imports",)),
    Check("Dockerfile (hadolint)", ("hadolint", "--no-color", "Dockerfile")),
    Check("locks are current", ("python", "deploy/lock.py", "--check")),
    Check("config schema is current", ("syncd", "config", "schema", "--check", "config/schema.json")),
    Check("docs are current", ("python", "deploy/docs.py", "--check")),
    Check("links", ("python", "deploy/links.py")),
    Check("licences", ("python", "deploy/licences.py")),
    Check("no secrets", ("python", "deploy/secret_scan.py")),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one check ended: passed or not, everything it printed, seconds."""

    check: Check
    passed: bool
    printed: str
    seconds: float


def run(check: Check) -> Verdict:
    """Runs one check. A command that cannot be started is a failed check."""
    started = time.perf_counter()
    program, *arguments = check.command
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    try:
        ended = subprocess.run(
            [str(BIN / program), *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        return Verdict(check, passed=False, printed=f"{error}: run `make venv`", seconds=0.0)
    return Verdict(check, ended.returncode == 0, ended.stdout.strip(), time.perf_counter() - started)


def main() -> int:
    """Runs all checks and reports them. Returns the exit code."""
    failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for verdict in pool.map(run, CHECKS):
            word = "ok    " if verdict.passed else "FAILED"
            print(f"{word}  {verdict.check.title}  {verdict.seconds:.1f} s", flush=True)
            if not verdict.passed:
                failed += 1
                print("    $", " ".join(verdict.check.command))
                print("\n".join(f"    {line}" for line in verdict.printed.splitlines()), flush=True)
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
