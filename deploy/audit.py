"""Asks a public database which locked libraries have known weaknesses: ``make audit``. It needs the network.

Decides: whether a locked version has an advisory, by pip-audit and the database of osv.dev; what users get
(requirements.lock) is told apart from tools of development.
Promises: pip-audit lives in an environment of its own (``.audit``), from deploy/audit.lock with hashes, so that what it
needs touches nothing of ours. Exit code 0 if nothing is known, 1 if something is, 2 if nothing was scanned, with the
reason. With ``--note`` the dated result goes into docs/security.md, and only if the scan really ran.
Refuses: to scan in part. A library that the scan skipped makes it fail.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".audit"
LOCK = ROOT / "deploy" / "audit.lock"
SCANNED, SHIPPED = "requirements-dev.lock", "requirements.lock"
DATABASE = "api.osv.dev"
PAGE = ROOT / "docs" / "security.md"
NOTED = re.compile(r"(<!-- scan: `make audit` writes this -->\n).*?(\n<!-- end of scan -->)", re.DOTALL)
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)

ACCEPTED: Mapping[str, str] = {}
"""Advisories that do not reach syncd, by their id, each with the reason."""


class NotScannedError(Exception):
    """Nothing was scanned; the text says why, and what to do."""


def reached() -> None:
    """:raises NotScannedError: if the database cannot be reached from here."""
    try:
        socket.create_connection((DATABASE, 443), timeout=10).close()
    except OSError as why:
        raise NotScannedError(f"{DATABASE} cannot be reached from here ({why}); run it where the network is") from why


def program() -> Path:
    """pip-audit, installed first if need be. :raises NotScannedError: if it cannot be."""
    stamp, wanted = HOME / "installed", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print("installing pip-audit into .audit ...", file=sys.stderr)
        python = str(HOME / "bin" / "python")
        steps = (
            [sys.executable, "-m", "venv", "--clear", str(HOME)],
            [python, "-m", "pip", "--quiet", "--no-input", "install", "--require-hashes", "-r", str(LOCK)],
        )
        for step in steps:
            ended = subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=False)
            if ended.returncode:
                raise NotScannedError(f"pip-audit cannot be installed: {ended.stderr.strip()[-500:]}")
        stamp.write_text(wanted)
    return HOME / "bin" / "pip-audit"


def scanned(audit: Path) -> Mapping[str, Any]:
    """What pip-audit found. :raises NotScannedError: if it did not get to the end."""
    command = [str(audit), "--requirement", SCANNED, "--require-hashes", "--disable-pip", "--vulnerability-service=osv",
               "--format=json", "--progress-spinner=off"]  # fmt: skip
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        found: Mapping[str, Any] = json.loads(ended.stdout)
    except ValueError:
        raise NotScannedError(f"pip-audit ended with {ended.returncode}: {ended.stderr.strip()[-500:]}") from None
    skipped = [each["name"] for each in found["dependencies"] if "skip_reason" in each]
    if skipped or not found["dependencies"]:
        raise NotScannedError(f"pip-audit left out {', '.join(skipped) or 'everything'}")
    return found


def weaknesses(found: Mapping[str, Any], shipped: frozenset[str]) -> Sequence[str]:
    """What is known, a line each, without what is accepted."""
    lines = []
    for library in found["dependencies"]:
        for each in library["vulns"]:
            if ACCEPTED.keys() & {each["id"], *each.get("aliases", ())}:
                continue
            where = "shipped" if library["name"] in shipped else "development only"
            mended = ", ".join(each["fix_versions"]) or "no release"
            lines.append(f"{library['name']} {library['version']} ({where}): {each['id']}; mended in {mended}")
    return sorted(lines)


def note(page: str, found: Mapping[str, Any], lines: Sequence[str], *, on: str) -> str:
    """The page with the dated result in its place. :raises ValueError: if the page has no such place."""
    known = "; ".join(lines) or "none known"
    accepted = "".join(f" {id} is accepted: {why}." for id, why in ACCEPTED.items())
    told = f"{on}: {len(found['dependencies'])} libraries of `{SCANNED}` against {DATABASE}: {known}.{accepted}"
    if NOTED.search(page) is None:
        raise ValueError("docs/security.md has no place for the scan's result")
    return NOTED.sub(lambda match: f"{match[1]}{told}{match[2]}", page)


def main() -> int:
    """Scans. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make audit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--note", action="store_true", help="write the dated result into docs/security.md")
    noting = parser.parse_args().note
    try:
        reached()
        found = scanned(program())
    except NotScannedError as why:
        print(f"nothing was scanned: {why}", file=sys.stderr)
        return 2
    lines = weaknesses(found, frozenset(PIN.findall((ROOT / SHIPPED).read_text())))
    print("\n".join(lines) or f"no weakness is known of {len(found['dependencies'])} libraries")
    if noting:
        PAGE.write_text(note(PAGE.read_text(), found, lines, on=f"{datetime.now(UTC):%Y-%m-%d}"))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
