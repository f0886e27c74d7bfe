"""Ten prepared troubles, each solved by the commands of its section in docs/troubles.md and by nothing else.

``syncd demo --trouble NAME`` prepares it, the section's ``sh`` blocks are typed word for word, what stands there in
capitals is taken from what the commands before have printed. Whether both systems agree is computed here from both
exports and the example's mapping, with nothing excused as listed; what syncd says of itself is asked as a person does.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from sandbox.control import Control
from syncd.bootstrap import read_config
from syncd.lab.agreement import agreement, as_text, holds
from syncd.lab.drill import PAGE, READY, SOLVED
from syncd.lab.listed import Listed
from syncd.lab.troubles import TROUBLES
from syncd.model.mapping import KindMapping
from syncd.model.values import Pair
from tests import forked
from tests.forked import Forked
from tests.scenarios.processes import ROOT, SYNCD, until
from tests.worlds import config_environment

pytestmark = pytest.mark.slow

TURNS = 3
"""Cycles of the daemon that a trouble is left alone for before it counts as one that does not get well by itself."""
CAPITALS = {
    "DIGEST": r"\b([0-9a-f]{24})\b",
    "ID": r"^([0-9a-f]{24})\b",
    "RUN": r"changed done run ([0-9a-f]{16})\b",
    "LEAD": r"\b(00Q\w{15})\b",
    "CONTACT1": r"contacts/(\d+)",
    "CONTACT2": r"contacts/\d+\D.*?contacts/(\d+)",
}
"""What stands for something that a command before has printed, and how one finds it there."""


def section(name: str) -> str:
    """The text of one section of the page."""
    parts = re.split(r"^## ", (ROOT / PAGE).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (found,) = [part for part in parts if part.partition("\n")[0] == name]
    return found


def commands(name: str) -> list[str]:
    """Every line of its ``sh`` blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", section(name), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@cache
def right_mapping() -> Sequence[KindMapping]:
    """The example's, as it was before anything went wrong."""
    return read_config(ROOT / "config", config_environment()).connection(None).connection.kinds


@dataclass
class Drill:
    """A running ``syncd demo --trouble``, and somebody in another shell, who sees what it printed."""

    process: subprocess.Popen[str]
    folder: Path
    given: dict[str, str]
    hubspot: Control
    salesforce: Control
    seen: list[str] = field(default_factory=list)

    def types(self, line: str) -> int:
        """One line of the page, in a shell; the exit code of what it called."""
        for word, form in CAPITALS.items():
            if re.search(rf"\b{word}\b", line):
                hits = (re.search(form, out, re.MULTILINE | re.DOTALL) for out in self.seen[::-1])
                found = next((hit[1] for hit in hits if hit), "")
                assert found, f"{line}: nothing before has printed what {word} stands for: {self.seen}"
                line = re.sub(rf"\b{word}\b", found, line)
        if line.startswith("syncd "):
            done = forked.run([*SYNCD, *shlex.split(line, comments=True)[1:]], cwd=ROOT, env=self.environ())
        else:
            done = subprocess.run(
                ["/bin/bash", "-c", line], env=self.environ(), capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr
            assert '"error"' not in done.stdout, f"{line}: {done.stdout}"
        assert done.returncode != 2, f"{line}: {done.stdout}{done.stderr}"
        self.seen.append(done.stdout)
        return done.returncode

    def environ(self) -> dict[str, str]:
        """That of the other shell: nothing of syncd's but what was printed."""
        return {name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")} | self.given

    def turns(self) -> int:
        """How many cycles have ended, well or not."""
        log = (self.folder / "daemon.log").read_text(encoding="utf-8")
        return sum(log.count(f'"event":"{name}"') for name in ("run.finished", "run.failed"))

    def disagreement(self) -> str:
        """What both exports do not agree in, by the example's mapping; empty if they agree in everything."""
        exports = Pair(self.hubspot.export(), self.salesforce.export())
        verdicts = agreement(right_mapping(), exports, Listed())
        people = next(verdict for verdict in verdicts if verdict.kind == "person")
        assert people.pairs > 5
        return "" if holds(verdicts) else as_text(verdicts)

    def trouble(self) -> str:
        """Everything that is not as it should be, as an operator and the exports tell it; empty if all is well."""
        told = [f"agreement: {found}"] if (found := self.disagreement()) else []
        for line in ("syncd status", "syncd doctor"):
            code = self.types(line)
            told += [f"{line} exits with {code}: {self.seen[-1]}"] if code else []
        self.types("syncd status --json")
        (stands,) = json.loads(self.seen[-1])["connections"]
        told += ["something is parked"] if stands["parked_fields"] else []
        return "\n".join(told)


@contextmanager
def drill(name: str, folder: Path) -> Iterator[Drill]:
    """The trouble, prepared; ended by force if the test did not end it."""
    process = Forked(
        [*SYNCD, "demo", "--trouble", name, "--keep", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed: list[str] = []
        while not printed or READY not in printed[-1]:
            line = process.stdout.readline()
            assert line, f"{name}: it ended: {printed}"
            printed.append(line)
        told = "".join(printed)
        assert f"{PAGE}#{name}" in told
        (export,) = re.findall(r"^  export (.*)$", told, re.MULTILINE)
        given = dict(word.split("=", 1) for word in shlex.split(export))
        yield Drill(process, folder, given, Control(given["HUBSPOT"]), Control(given["SALESFORCE"]))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("name", list(TROUBLES))
def test_it_is_solved_by_its_section_alone(name: str, tmp_path: Path) -> None:
    """Left alone it stays; with the section's commands all is well, nothing waits, and both systems agree."""
    with drill(name, tmp_path / "practice") as at:
        left_alone = at.turns() + TURNS
        until(lambda: at.turns() >= left_alone, within=60)
        assert at.disagreement(), "it got well by itself"
        for line in commands(name):
            at.types(line)
        last = ""

        def well() -> bool:
            nonlocal last
            last = at.disagreement() or at.trouble()
            if last:
                time.sleep(0.5)
            return not last

        until(well, within=60, what=lambda: f"{last}\n{at.seen[-6:]}")
        at.process.send_signal(signal.SIGINT)
        rest, _ = at.process.communicate(timeout=60)
        assert (at.process.returncode, SOLVED in rest) == (0, True), rest
