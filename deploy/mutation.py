"""Mutation testing of the core: every small change of its code that the unit tests do not notice.

``python deploy/mutation.py [MODULE ...] [--each N]``: modules of ``syncd/core`` by name, those that have a floor by
default. ``--each`` takes so many changes of every module (or of those named), chosen by their code, so that another one
is tried after a change of it. The project is copied, changed and tested in a folder of its own, since mutmut writes
beside what it reads. Prints the survivors as changes, per module how many were killed, and of all. Those that nobody
can notice stand in ``tests/mutation.yaml``, each with its reason, and are told with it and left out of the shares.

Exit code 1 if a module with tests of its own (``KILLERS``) was tried whole and has fewer than ``FLOOR``; if an entry of
a module that was tried whole is about no survivor of it; or, with ``--each``, if all that was tried has fewer.

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
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import yaml

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
    "dealing": tuple(f"{TESTS}{name}.py" for name in ("dealing", "deal_stage", "deal_parted")),
    "doubt": (f"{TESTS}doubt.py",),
    "figures": (f"{TESTS}figures.py",),
    "former": (f"{TESTS}former.py",),
    "later": (f"{TESTS}later.py",),
    "lost": (f"{TESTS}lost.py",),
    "rehearsal": (f"{TESTS}rehearsal.py",),
    "replay": (f"{TESTS}replay.py",),
    "replay_creation": (f"{TESTS}replay_creation.py",),
    "replay_profiles": (f"{TESTS}replay_values.py",),
    "replay_values": (f"{TESTS}replay_values.py",),
    "teams": (f"{TESTS}teams.py", f"{TESTS}lifecycle.py"),
    "transforms": (f"{TESTS}transforms.py",),
    "undoing": (f"{TESTS}undoing.py", f"{TESTS}taking_back.py"),
}  # fmt: skip
"""The modules that were tried whole, so that they have a floor, and the tests that are enough for each: a survivor
costs the time of them all. Of others all tests of the folder count."""
FLOOR: Final = 0.9
"""What must be killed at least of what can be noticed."""
EXCUSED: Final = ROOT / "tests" / "mutation.yaml"
UNTRIED: Final = "not checked"
KILLED: Final = ("killed", "timeout")
_RESULT: Final = re.compile(r"\s*(syncd\.core\.(\w+)\.\S+): (\w.*)")


@dataclass(frozen=True, slots=True)
class Excuse:
    """A change that no test can notice, or none need: the lines that it takes away and those that it puts there, each
    without the blanks around it, and why.
    """

    module: str
    was: tuple[str, ...]
    becomes: tuple[str, ...]
    why: str

    def fits(self, module: str, change: str) -> bool:
        """Whether this is about that change, as ``mutmut show`` tells it: lines that begin with ``-`` or ``+``."""
        lines = [line.strip() for line in change.splitlines()]
        told = (tuple(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
        return (self.module, self.was, self.becomes) == (module, *told)


def excuses(text: str) -> tuple[Excuse, ...]:
    """The entries of ``tests/mutation.yaml``: ``module``, ``was``, ``becomes`` and ``why``.

    :raises TypeError: for a key that is missing, or that none knows.
    """

    def lines(of: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in of.splitlines())

    def entry(*, module: str, was: str, becomes: str, why: str) -> Excuse:
        return Excuse(module, lines(was), lines(becomes), why)

    return tuple(entry(**each) for each in yaml.safe_load(text) or ())


def main(arguments: Sequence[str]) -> int:
    """Runs what was asked for and prints it. Returns the exit code."""
    known = sorted(file.stem for file in (ROOT / "syncd" / "core").glob("*.py") if file.stem != "__init__")
    parser = argparse.ArgumentParser(prog="python deploy/mutation.py", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", choices=[[], *known])
    parser.add_argument("--each", type=int, metavar="N", help="so many changes of each module, of all if none is named")
    asked = parser.parse_args(arguments)
    modules = asked.modules or (known if asked.each else list(KILLERS))
    known_to_survive = excuses(EXCUSED.read_text(encoding="utf-8"))
    used: set[Excuse] = set()
    with tempfile.TemporaryDirectory(prefix="mutation-") as place:
        copy = Path(place)
        _copied(copy, modules)
        ended = _run(copy, *(_sample(copy, asked.each) if asked.each else ()))
        counted: dict[str, Counter[str]] = {name: Counter() for name in modules}
        for mutant, module, ending in _results(copy):
            if ending == UNTRIED:
                continue
            listed = [each for each in known_to_survive if each.module == module]
            if ending == "killed" or (ending in KILLED and not listed):
                counted[module][ending] += 1
                continue
            change = _change(copy, mutant)
            excuse = next((each for each in listed if each.fits(module, change)), None)
            if excuse is not None:
                used.add(excuse)
            elif ending in KILLED:  # the tests may only have been slow, which is no proof that an entry is out of date
                counted[module][ending] += 1
                continue
            counted[module][ending if excuse is None else "excused"] += 1
            why = "" if excuse is None else f" (excused: {excuse.why})"
            print(f"{ending}{why}: {mutant}\n{change}")
    if asked.each:  # some modules have nothing to change
        counted = {name: counts for name, counts in counted.items() if counts}
    if not counted or not all(counts.total() for counts in counted.values()):
        print(f"mutmut did not get so far (exit code {ended}); run its tests alone first", file=sys.stderr)
        return 2
    for name, counts in counted.items():
        print(f"{name}: {share(counts):.1%} of {counts.total()} killed ({dict(counts)})")
    whole = sum(counted.values(), Counter())
    print(f"all of it: {share(whole):.1%} of {whole.total()} killed")
    if asked.each:
        return int(share(whole) < FLOOR)
    idle = [each for each in known_to_survive if each.module in counted and each not in used]
    for each in idle:
        print(f"{EXCUSED.name}: no survivor of {each.module} is this: {' '.join(each.was)} -> {' '.join(each.becomes)}")
    return int(bool(idle) or any(share(counts) < FLOOR for name, counts in counted.items() if name in KILLERS))


def share(counts: Counter[str]) -> float:
    """How much was killed of what can be noticed; all of nothing."""
    noticeable = counts.total() - counts["excused"]
    return sum(counts[ending] for ending in KILLED) / noticeable if noticeable else 1.0


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
