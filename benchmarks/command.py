"""One command of the command line in this process, and its cost: ``python -m benchmarks.command FILE ARGUMENT ...``.

``FILE`` gets one JSON object: processor seconds with start-up, and the peak of resident memory in KiB.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.measures import peak_memory, processor_seconds


def main() -> None:
    """Runs it, and ends as it ends."""
    from syncd.cli.main import run  # noqa: PLC0415 - what it imports is part of what it costs

    file = Path(sys.argv.pop(1))
    try:
        run()
    finally:
        file.write_text(json.dumps({"cpu": processor_seconds(), "memory": peak_memory()}))


if __name__ == "__main__":
    main()
