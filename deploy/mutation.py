"""Mutation testing of the core: every small change of its code that the unit tests do not notice.

``python deploy/mutation.py [MODULE ...] [--each N]``: modules of ``syncd/core`` by name, ``merge`` and ``match`` by
default. ``--each`` takes so many changes of every module (or of those named), chosen by their code, so that another one
is tried after a change of it. The project is copied, changed and tested in a folder of its own, since mutmut writes
beside what it reads. Prints the survivors as changes, per module how many were killed, and of all. Exit code 1 if a
module that was tried whole has fewer than its floor.

Promises: the working tree is not touched, and nothing but the tests of ``tests/unit/core`` counts.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COPIED: Final = ("syncd", "connectors", "sandbox", "tests", "config", "pyproject.toml")
MUTMUT: Final = Path(sys.executable).with_name("mutmut")
TESTS: Final = "tests/unit/core/test_"
KERNEL: Final = f"{TESTS}kernel.py::test_every_triple_"
KILLERS: Final[Mapping[str, tuple[str, ...]]] = {
    "merge": (
        f"{TESTS}merge.py", f"{TESTS}verdicts.py",
        *(f"{KERNEL}under_every_rule_keeps_the_laws[{name}]" for name in ("email", "set", "opt_out")),
    ),
    "match": (f"{TESTS}match.py",),
}  # fmt: skip
"""Enough of the kernel, which has every type: a survivor costs the time of all its tests. Others: all of the folder."""
FLOOR: Final = {"merge": 0.9, "match": 0.9}
"""What must be killed at least; the rest is known to be equal or beyond reach. Other modules have no floor."""
UNTRIED: Final = "not checked"
_RESULT: Final = re.compile(r"\s*(syncd\.core\.(\w+)\.\S+): (\w.*)")


def main(arguments: Sequence[str]) -> int:
    """Runs what was asked for and prints it. Returns the exit code."""
    known = sorted(file.stem for file in (ROOT / "syncd" / "core").glob("*.py") if file.stem != "__init__")
    parser = argparse.ArgumentParser(prog="python deploy/mutation.py", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", choices=[[], *known])
    parser.add_argument("--each", type=int, metavar="N", help="so many changes of each module, of all if none is named")
    asked = parser.parse_args(arguments)
    modules = asked.modules or (known if asked.each else list(KILLERS))
    with tempfile.TemporaryDirectory(prefix="mutation-") as place:
        copy = Path(place)
        _copied(copy, modules)
        ended = _run(copy, *(_sample(copy, asked.each) if asked.each else ()))
        counted: dict[str, Counter[str]] = {name: Counter() for name in modules}
        for mutant, module, ending in _results(copy):
            if ending == UNTRIED:
                continue
            counted[module][ending] += 1
            if ending not in {"killed", "timeout"}:
                print(f"{ending}: {mutant}\n{_change(copy, mutant)}")
    if asked.each:  # some modules have nothing to change
        counted = {name: counts for name, counts in counted.items() if counts}
    if not counted or not all(counts.total() for counts in counted.values()):
        print(f"mutmut did not get so far (exit code {ended}); run its tests alone first", file=sys.stderr)
        return 2
    shares = {name: _share(counts) for name, counts in counted.items()}
    for name, counts in counted.items():
        print(f"{name}: {shares[name]:.1%} of {counts.total()} killed ({dict(counts)})")
    whole = sum(counted.values(), Counter())
    print(f"all of it: {_share(whole):.1%} of {whole.total()} killed")
    return int(not asked.each and any(share < FLOOR.get(name, 0.0) for name, share in shares.items()))


def _copied(copy: Path, modules: Sequence[str]) -> None:
    """The project, and what mutmut is to do there."""
    for name in COPIED:
        whole = ROOT / name
        if whole.is_dir():
            shutil.copytree(whole, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(whole, copy / name)
    tests = dict.fromkeys(test for name in modules for test in KILLERS.get(name, ("tests/unit/core",)))
    told = {
        "source_paths": ["syncd"],
        "only_mutate": [f"syncd/core/{name}.py" for name in modules],
        "pytest_add_cli_args_test_selection": list(tests),
        "also_copy": ["tests", "connectors", "sandbox", "config"],
    }
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[tool.mutmut]\n" + "".join(f"{key} = {value!r}\n" for key, value in told.items()))


def _run(copy: Path, *mutants: str) -> int:
    """Tries these, or all. Returns the exit code."""
    return subprocess.run(
        [str(MUTMUT), "run", *mutants], cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode


def _sample(copy: Path, each: int) -> list[str]:
    """So many mutants of each module, chosen by a hash of their names and of the module they change."""
    _run(copy, "none of them")  # makes them all and tries none
    by_module: defaultdict[str, list[str]] = defaultdict(list)
    for mutant, module, _ in _results(copy):
        by_module[module].append(mutant)
    chosen: list[str] = []
    for module, mutants in by_module.items():
        code = blake2b((ROOT / "syncd" / "core" / f"{module}.py").read_bytes()).digest()
        drawn = {mutant: blake2b(mutant.encode(), key=code).digest() for mutant in mutants}
        chosen += sorted(mutants, key=drawn.__getitem__)[:each]
    return chosen


def _results(copy: Path) -> Iterator[tuple[str, str, str]]:
    """Each mutant with its module and its ending."""
    run = subprocess.run(
        [str(MUTMUT), "results", "--all", "true"], cwd=copy, capture_output=True, text=True, check=True
    )
    for line in run.stdout.splitlines():
        if found := _RESULT.fullmatch(line):
            yield found[1], found[2], found[3]


def _change(copy: Path, mutant: str) -> str:
    return "\n".join(f"    {line}" for line in _told(copy, "show", mutant) if re.match(r"[-+](?![-+])", line))


def _told(copy: Path, *words: str) -> list[str]:
    run = subprocess.run([str(MUTMUT), *words], cwd=copy, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def _share(counts: Counter[str]) -> float:
    return (counts["killed"] + counts["timeout"]) / counts.total()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
