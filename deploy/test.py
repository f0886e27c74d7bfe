"""The whole suite, in two halves side by side: the scenarios, which mostly wait, and everything else, which mostly
reckons: the other tests and the deliberately wrong versions (``deploy/sabotage.py``).

Options are handed to both pytests (``--basetemp`` is split); where they name tests, one pytest runs just those. The
scenarios are shown as they go, the rest once it is through. Exit code: 0 if all passed, else that of the first that
failed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

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
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told, ThreadPoolExecutor(1) as hands:
        beside = _Beside(options, told)
        others = hands.submit(beside.run)
        try:
            print("the scenarios; everything else runs beside them and is shown afterwards", flush=True)
            scenarios = subprocess.run(command(options, SCENARIOS, half="scenarios"), cwd=ROOT, check=False).returncode
            ended = others.result()
        finally:
            beside.stop()
        told.seek(0)
        sys.stdout.write(told.read())
    codes = [code for code in (scenarios, *ended) if code not in (0, NOTHING_FOUND)]
    if all(code == NOTHING_FOUND for code in (scenarios, *ended)):
        return NOTHING_FOUND
    return codes[0] if codes else 0


class _Beside:
    """What runs beside the scenarios, one after the other: the other tests, then, where nothing was picked out, the
    deliberately wrong versions.
    """

    def __init__(self, options: Sequence[str], told: IO[str]) -> None:
        self._told = told
        self._running: subprocess.Popen[str] | None = None
        self._stopped = False
        self._todo = [("the other tests", command(options, *OTHERS, half="others"))]
        if not any(option.startswith(("-k", "-m")) for option in options):
            self._todo.append(("the wrong versions", [sys.executable, "-m", "deploy.sabotage"]))

    def run(self) -> list[int]:
        """Runs them all, whatever becomes of each. Returns their exit codes."""
        codes: list[int] = []
        for title, words in self._todo:
            if self._stopped:
                break
            self._told.write(f"\n{title}\n")
            self._told.flush()
            with subprocess.Popen(words, cwd=ROOT, stdout=self._told, stderr=subprocess.STDOUT, text=True) as running:
                self._running = running
                codes.append(running.wait())
        return codes

    def stop(self) -> None:
        """Ends whatever is still running."""
        self._stopped = True
        if self._running is not None and self._running.poll() is None:
            self._running.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
