"""Deliberately wrong versions of the code, and whether the tests notice: the lists in ``tests/sabotage``.

An entry names a file, a piece of text that stands there exactly once, what stands there instead, and the tests that
must fail then; where ``fact`` is given, the tests are those that prove that fact (``deploy/facts.py``). Nothing on the
disk is changed: the module is compiled from the changed text as it is imported, in a process of its own.

Promises: a wrong version counts as killed only if a named test failed; one that cannot be imported, or whose tests were
not found, is a flaw of its entry. Refuses an entry whose text is not there once, so that none outlives its code.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

import pytest
import yaml

from deploy.facts import proofs
from syncd.lab.seeds import TESTED, hash_of

ROOT: Final = Path(__file__).resolve().parent.parent
LISTS: Final = ROOT / "tests" / "sabotage"
AT_ONCE: Final = 2
"""Processes side by side."""

Ending = Literal["killed", "survived", "flawed"]


class Flawed(Exception):
    """An entry that cannot be played; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong version: in ``file``, ``becomes`` stands where ``was`` stood; one of ``tests`` must fail. With a
    ``promise`` (its number) it breaks that one, and `make test` plays a third of those.
    """

    name: str
    says: str
    file: str
    was: str
    becomes: str
    tests: tuple[str, ...]
    promise: str = ""

    @property
    def module(self) -> str:
        """The changed module, as it is imported."""
        return ".".join(Path(self.file).with_suffix("").parts).removesuffix(".__init__")

    def text(self) -> str:
        """The file as it would be. Raises ``Flawed`` if what is to be changed is not there exactly once."""
        path = ROOT / self.file
        if not path.is_file():
            raise Flawed(f"{self.name}: there is no file {self.file}; name where its code went")
        true = path.read_text(encoding="utf-8")
        if true.count(self.was) != 1:
            raise Flawed(f"{self.name}: {self.file} has this {true.count(self.was)} times, not once: {self.was!r}")
        return true.replace(self.was, self.becomes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one wrong version: ``by`` are the tests that failed, ``told`` what pytest printed."""

    wrong: Wrong
    ending: Ending
    by: tuple[str, ...]
    told: str
    seconds: float


def proving() -> frozenset[str]:
    """The tests that must notice the broken promises which `make test` plays this time, as the lists name them."""
    rows = [row for file in sorted(LISTS.glob("*.yaml")) for row in _rows(file)]
    chosen = drawn([row.get("promise", "") for row in rows], 0)
    return frozenset(test for place in chosen for test in rows[place]["tests"])


def drawn(promises: Sequence[str], others: int) -> list[int]:
    """Which wrong versions `make test` plays, by their places: ``promises`` are what each of them breaks, empty for
    none. A third of those that break one, at least one of each, and so many of the others, or all of them; chosen by
    the sources, so that each change plays others.
    """
    shuffled = random.Random(hash_of(TESTED)).sample(range(len(promises)), len(promises))  # noqa: S311 - no secret
    breaking = [place for place in shuffled if promises[place]]
    first = {promises[place]: place for place in reversed(breaking)}
    chosen = [*first.values(), *(place for place in breaking if place not in first.values())]
    rest = [place for place in shuffled if not promises[place]]
    return [*chosen[: max(len(first), len(breaking) // 3)], *rest[:others]]


def listed(file: Path) -> tuple[Wrong, ...]:
    """The entries of one list, in its order. Raises ``Flawed``."""
    return tuple(_entry(row, file=file) for row in _rows(file))


def _rows(file: Path) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return rows


def _entry(row: Mapping[str, Any], *, file: Path) -> Wrong:
    given = dict(row)
    fact = given.pop("fact", None)
    if fact is not None:
        given = {"name": str(fact), "tests": proofs().get(str(fact), ())} | given
    try:
        tests = given.pop("tests")
        wrong = Wrong(tests=tuple(tests), **given)
    except (KeyError, TypeError) as error:
        raise Flawed(f"{file.name}: {given.get('name', given)} is no entry: {error}") from error
    if not wrong.tests:
        raise Flawed(f"{wrong.name}: no test is named, so nothing could notice")
    return wrong


def played(wrongs: Sequence[Wrong]) -> Iterator[Verdict]:
    """Runs the tests of each wrong version in a process of its own, some side by side, and says how each ended.

    The processes are forked, so that the libraries are read once; nothing of the project is imported before the fork.
    """
    _read_libraries()
    gc.collect()
    gc.freeze()  # a fork that looks through what it shares would only copy it
    waiting = list(wrongs)
    under_way: dict[int, tuple[Wrong, Path, float]] = {}
    with tempfile.TemporaryDirectory(prefix="wrong-") as place:
        while waiting or under_way:
            while waiting and len(under_way) < AT_ONCE:
                wrong = waiting.pop(0)
                room = Path(tempfile.mkdtemp(dir=place))
                under_way[_forked(wrong, room=room)] = (wrong, room, time.monotonic())
            pid, status = os.wait()
            if pid in under_way:
                wrong, room, began = under_way.pop(pid)
                yield _judged(wrong, os.waitstatus_to_exitcode(status), room, time.monotonic() - began)


def _forked(wrong: Wrong, *, room: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70  # not one of pytest's: the process ended before pytest said anything
    try:
        out = os.open(room / "told", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.meta_path.insert(0, _Swap(wrong))
        code = int(pytest.main(_options(wrong, room), plugins=[_Failures(room / "failed")]))
    except BaseException:  # noqa: BLE001 - whatever it was, it is told, and the child goes no further
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(code)


def _options(wrong: Wrong, room: Path) -> list[str]:
    return [
        "-x",
        "-q",
        "--tb=line",
        "--assert=plain",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",  # the same code comes to the same verdict
        f"--basetemp={room / 'tmp'}",
        *wrong.tests,
    ]


def _judged(wrong: Wrong, code: int, room: Path, seconds: float) -> Verdict:
    failed = room / "failed"
    by = tuple(failed.read_text(encoding="utf-8").split("\n")[:-1]) if failed.exists() else ()
    ending: Ending = "killed" if code == pytest.ExitCode.TESTS_FAILED and by else "flawed"
    if code == pytest.ExitCode.OK:
        ending = "survived"
    return Verdict(wrong, ending, by, (room / "told").read_text(encoding="utf-8", errors="replace"), seconds)


class _Failures:
    """Notes the tests whose own body failed; a fixture that cannot be made is no proof."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when == "call":
            with self._file.open("a", encoding="utf-8") as failed:
                failed.write(f"{report.nodeid}\n")


class _Swap(MetaPathFinder):
    """Finds one module, and compiles it from the changed text."""

    def __init__(self, wrong: Wrong) -> None:
        self._wrong = wrong

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self._wrong.module:
            return None
        file = ROOT / self._wrong.file
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Text(file, self._wrong.text())
        return importlib.util.spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=inside)


class _Text(SourceLoader):
    """A loader that reads nothing from the disk, compiled code least of all."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return str(self._file)

    def get_data(self, path: str | bytes) -> bytes:
        if path == str(self._file):
            return self._text.encode()
        raise OSError(f"only the changed text is read, and not {path!r}")


def _read_libraries() -> None:
    """Imports what the project's modules import of others, by asking a process that imported all of them."""
    ours = ("syncd", "connectors", "sandbox", "tests", "deploy", "benchmarks")
    code = (
        "import sys, syncd.bootstrap.building, sandbox.server, tests.conftest, tests.inproc\n"
        f"print(*(m for m in sys.modules if m.partition('.')[0] not in {ours!r} and not m.startswith('_')))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in run.stdout.split():
        try:
            importlib.import_module(name)
        except ImportError:  # a module that was made by hand, not found on the disk
            continue
