"""One sync as a process of its own, for whoever wants to kill it: ``python -m syncd.lab.worker CONFIG``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from syncd.bootstrap import open_world, read_config
from syncd.engine.cycle import sync


def main(config: Path) -> int:
    """One cycle; the exit code says whether it came to its end."""
    with open_world(read_config(config, os.environ), None, who="worker") as world:
        sync(world)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
