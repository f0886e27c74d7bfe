"""The whole suite, in two halves side by side: the scenarios, which mostly wait, and the others, which mostly reckon.

Options are handed to both (``--basetemp`` is split); where they name tests, one pytest runs just those. The scenarios
are shown as they go, the others once they are through. Exit code: 0 if both passed, else that of the first that failed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SCENARIOS: Final = "tests/scenarios"
OTHERS: Final = ("tests", f"--ignore={SCENARIOS}")
NOTHING_FOUND: Final = 5
"""pytest's exit code where no test was selected, as ``-k`` and ``-m`` may leave one half empty."""


def command(options: Sequence[str], *tests: str, half: str) -> list[str]:
    """One call of pytest; each half gets a folder and a cache of its own."""
    own = [f"{option}/{half}" if option.startswith("--basetemp=") else option for option in options]
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{half}", *tests, *own]


def main(options: Sequence[str]) -> int:
    """Runs both halves. Returns the exit code."""
    if any((ROOT / option.partition("::")[0]).exists() for option in options if not option.startswith("-")):
        return subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, check=False).returncode
    base = next((Path(option.partition("=")[2]) for option in options if option.startswith("--basetemp=")), None)
    if base is not None:
        base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        others = subprocess.Popen(
            command(options, *OTHERS, half="others"), cwd=ROOT, stdout=told, stderr=subprocess.STDOUT
        )
        try:
            print("the scenarios; the other tests run beside them and are shown afterwards", flush=True)
            scenarios = subprocess.run(command(options, SCENARIOS, half="scenarios"), cwd=ROOT, check=False).returncode
            ended = others.wait()
        finally:
            others.kill()
            others.wait()
        told.seek(0)
        print("\nthe other tests", flush=True)
        sys.stdout.write(told.read())
    codes = [code for code in (scenarios, ended) if code not in (0, NOTHING_FOUND)]
    if scenarios == ended == NOTHING_FOUND:
        return NOTHING_FOUND
    return codes[0] if codes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
