"""What somebody who opens the console or types a command waits for, with a million linked people in the store.

Pages are asked for one at a time over HTTP, by somebody who is logged in; beside the clock stands the processor time
of the console's process, since a busy machine makes everybody wait. ``BENCH_PEOPLE`` names another number of people.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from benchmarks.crowded import CAUSES, CONFIG, linked, person, settings
from benchmarks.figures import Figure
from benchmarks.lab import ROOT, Watched
from benchmarks.measures import children_seconds, share

PEOPLE: Final = int(os.environ.get("BENCH_PEOPLE", "1000000"))
LETTERS: Final = 100_000
QUERIES: Final = 200
TIMES: Final = 30
ROUNDS: Final = 5
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of an operator of the bench


@dataclass(frozen=True, slots=True)
class Waited:
    """Milliseconds on the clock of each answer, sorted, and of the console's processor per answer."""

    clock: Sequence[float]
    processor: float


class Visitor:
    """Somebody with a browser, on one connection that is kept open."""

    def __init__(self, port: int, watched: Watched) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._watched = watched
        self._cookie = ""

    def join(self, invitation: str) -> None:
        """Redeems an invitation; logged in from then on."""
        fields = {"invitation": invitation, "password": PASSWORD, "again": PASSWORD}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        self._line.request("POST", "/join", body=urlencode(fields), headers=headers)
        answer = self._line.getresponse()
        answer.read()
        assert answer.status == 303, answer.status
        self._cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]

    def read(self, path: str) -> str:
        """A page."""
        self._line.request("GET", path, headers={"Accept": "text/html", "Cookie": self._cookie})
        answer = self._line.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, (path, answer.status, text[:300])
        return text

    def timed(self, paths: Sequence[str], fits: Callable[[str, str], bool]) -> Waited:
        """Pages one after another; each must show what it is asked for."""
        took = []
        used = self._watched.processor()
        for path in paths:
            began = time.perf_counter()
            text = self.read(path)
            took.append((time.perf_counter() - began) * 1_000)
            assert fits(path, text), (path, text[:2_000])
        return Waited(sorted(took), (self._watched.processor() - used) / len(paths) * 1_000)


def console() -> Iterator[Figure]:
    """Pages of the console over 1,000,000 linked people with 100,000 dead letters on SQLite, the slowest twentieth of
    their answers left out; searches are 200 by chance: how an address begins, words of a name, ids. And what the quick
    commands take on the same store, the least of five rounds. Processor time is the console's or the command's.
    """
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
        folder = Path(name)
        began = time.monotonic()
        # Not measured, and long: whoever else works on the machine goes first.
        _run(["nice", "-n", "5", sys.executable, "-m", "benchmarks.crowded", "fill", name, str(PEOPLE), str(LETTERS)])
        yield Figure("linked people", PEOPLE, "people")
        yield Figure("dead letters", LETTERS, "records")
        yield Figure("seconds until they were in the store", time.monotonic() - began, "s")
        with _served(folder) as visitor:
            yield from _pages(visitor)
        yield from _commands(folder)


def _pages(visitor: Visitor) -> Iterator[Figure]:
    chance = random.Random(11)
    visitor.read("/")  # counts the links once; later visitors get what is known
    yield from _told("overview", visitor.timed(["/"] * TIMES, lambda _, text: "main" in text), 150)
    chosen = [chance.randrange(PEOPLE) for _ in range(TIMES)]
    names = {f"/people/{linked(number)[0].id}": person(number)["last_name"] for number in chosen}
    yield from _told("a person's page", visitor.timed(list(names), lambda path, text: names[path] in text), 150)
    yield from _told("search for people", _searched(visitor, chance), 100)
    rows = ["/issues"] * TIMES
    yield from _told("list of issues", visitor.timed(rows, lambda _, text: f"{LETTERS:,}" in text), 300)
    causes = re.findall(r'href="(/issues/cause\?[^"]+)"', visitor.read("/issues"))
    assert len(causes) >= len(CAUSES), causes
    pages = [each.replace("&amp;", "&") for each in causes[: len(CAUSES)]] * 4
    yield from _told("records of one cause", visitor.timed(pages, lambda _, text: "contacts/" in text), 300)


def _searched(visitor: Visitor, chance: random.Random) -> Waited:
    """Searches by chance; somebody whom the words fit must be shown."""
    asked: dict[str, str] = {}
    while len(asked) < QUERIES:
        number = chance.randrange(PEOPLE)
        sort = chance.choice(("address", "word", "beginning", "words", "id"))
        asked[f"/people?q={quote(_words(sort, number, chance))}"] = sort
    return visitor.timed(list(asked), lambda _, text: "/people/" in text)


def _words(sort: str, number: int, chance: random.Random) -> str:
    told = person(number)
    whole = told[chance.choice(("first_name", "last_name"))]
    match sort:
        case "address":
            return told["email"][: chance.randint(3, len(told["email"]))]
        case "word":
            return whole
        case "beginning":
            return whole[: chance.randint(2, len(whole))]
        case "words":
            return f"{told['first_name']} {told['last_name']}"
        case _:
            refs = linked(number)[0].refs
            return chance.choice((refs.marketing.id, refs.crm.id, f"crm:{refs.crm}"))


def _told(what: str, waited: Waited, goal: float) -> Iterator[Figure]:
    yield Figure(f"{what}: half of the answers within", share(waited.clock, 0.5), "ms")
    yield Figure(f"{what}: 95 % of the answers within", share(waited.clock, 0.95), "ms", goal)
    yield Figure(f"{what}: processor time of an answer", waited.processor, "ms")


def _commands(folder: Path) -> Iterator[Figure]:
    for words, goal in ((("--help",), 0.5), (("status",), 1.0)):
        command = [sys.executable, "-m", "syncd.cli.main", "--config", str(CONFIG), *words]
        took, used = [], []
        for _ in range(ROUNDS):
            before, began = children_seconds(), time.perf_counter()
            _run(command, {**settings(folder), **_BYTECODE, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")})
            took.append(time.perf_counter() - began)
            used.append(children_seconds() - before)
        name = f"`syncd {words[0]}`"
        yield Figure(f"{name} from start to end on the clock", min(took), "s", goal)
        yield Figure(f"{name}, processor time", min(used), "s")


_BYTECODE: Final[Mapping[str, str]] = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed syncd has its bytecode: it is made by the first command."""


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """:raises RuntimeError: with what it printed, if it fails; 1 is how `status` says that something waits."""
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"[-3_000:])


@contextmanager
def _served(folder: Path) -> Iterator[Visitor]:
    log = folder / "console.log"
    with log.open("w") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crowded", "serve", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=lines,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(log.read_text()[-3_000:])
        told = json.loads(line)
        visitor = Visitor(told["port"], Watched(process.pid, log))
        visitor.join(told["invitation"])
        yield visitor
    finally:
        process.stdin.close()
        process.wait(timeout=30)
