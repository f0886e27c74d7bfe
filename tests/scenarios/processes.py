"""The program as processes: stand-ins, single calls and daemons, each proven to keep its standard error clean.

They begin at once (``tests/forked.py``); ``SYNCD`` is the command for who means its very start.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control import Control
from tests import forked
from tests.forked import Forked

ROOT = Path(__file__).resolve().parent.parent.parent
SYNCD = (sys.executable, "-m", "syncd.cli.main")
READY = "# runs until interrupted"
CANARY = "Zqcanary"
MAIL = f"{CANARY}.person@example.com"


def clean(stderr: str) -> list[dict[str, Any]]:
    """The lines of a standard error as JSON. :raises AssertionError: for another line, or one that shows a secret."""
    events: list[dict[str, Any]] = []
    for line in stderr.splitlines():
        event = json.loads(line)
        assert isinstance(event, dict), line
        events.append(event)
    for secret in (CANARY, CANARY.lower(), "pat-na1-sandbox", "sandbox-secret"):
        assert secret not in stderr, secret
    assert not re.search(r'(?<!"account":")\b00D', stderr), "an org is named"
    return events


@dataclass
class RunningDaemon:
    """One ``syncd run`` and what it wrote to standard error."""

    process: subprocess.Popen[bytes]
    log: Path

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Whole lines written so far, or those of one event."""
        lines = self.log.read_text().rpartition("\n")[0].splitlines()
        return [event for event in map(json.loads, lines) if not name or event["event"] == name]

    def wait_for(self, name: str, *, times: int = 1, within: float = 30.0, **keys: object) -> dict[str, Any]:
        """Waits until an event was written so often; the last of them."""

        def told() -> list[dict[str, Any]]:
            return [event for event in self.events(name) if all(event.get(key) == each for key, each in keys.items())]

        until(lambda: len(told()) >= times, within=within, what=lambda: f"{name} {keys}: {self.tail()}")
        return told()[-1]

    def tail(self) -> str:
        """The last lines that are not about single calls."""
        lines = [event for event in self.events() if event["event"] != "api.call"]
        return "\n".join(json.dumps(event) for event in lines[-25:])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Sends a signal and waits for the end: exit code and seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        return code, time.monotonic() - began


def until(holds: Callable[[], bool], *, within: float = 30.0, what: Callable[[], str] = lambda: "") -> None:
    """Waits until something holds. :raises AssertionError: if it does not in time."""
    over = time.monotonic() + within
    while not holds():
        assert time.monotonic() < over, f"not within {within:g} s: {what()}"
        time.sleep(0.05)


def answered(port: int, page: str) -> tuple[int, str]:
    """What a daemon with ``--http`` answers: status and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@dataclass
class Said:
    """What one call answered. Every line of its standard error was JSON."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass
class Place:
    """Two running stand-ins and a configuration that points at them."""

    config: Path
    hubspot: Control
    salesforce: Control
    ports: tuple[str, str]

    def run(self, *words: str, environ: Mapping[str, str] | None = None) -> Said:
        """One call of the program; proves on the way that standard error is clean."""
        command = [*SYNCD, "--config", str(self.config), *words]
        done = forked.run(command, cwd=ROOT, env={**os.environ, **(environ or {})})
        clean(done.stderr)
        assert "\x1b" not in done.stdout
        return Said(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def daemon(self, *words: str, environ: Mapping[str, str] | None = None) -> Iterator[RunningDaemon]:
        """``syncd run``, stopped at the end if the test did not."""
        log = self.config.parent / f"daemon-{time.monotonic_ns()}.err"
        with log.open("wb") as stderr:
            process = Forked(
                [*SYNCD, "--config", str(self.config), "run", *words],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, "SYNCD_CONNECTIONS__MAIN__POLL": "1", **(environ or {})},
            )
        running = RunningDaemon(process, log)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                running.stop()
        clean(log.read_text())

    def remember_in(self, url: str) -> None:
        """The configuration names this database from now on."""
        settings = self.config / "syncd.yaml"
        lines = settings.read_text().splitlines()
        lines = [f'store: {{url: "{url}"}}' if line.startswith("store:") else line for line in lines]
        settings.write_text("\n".join(lines) + "\n")

    def agreement(self) -> Said:
        """What the agreement program says of both exports as they are now."""
        waiting = self.run("status", "--json").json["connections"][0]["waiting"]
        contents = {"marketing": self.hubspot.export(), "crm": self.salesforce.export(), "listed": waiting}
        words: list[str] = []
        for name, content in contents.items():
            file = self.config.parent / f"{name}.json"
            file.write_text(json.dumps(content))
            words += [f"--{name}", str(file)]
        done = forked.run([sys.executable, "-m", "syncd.lab.agreement", "--config", str(self.config), *words], cwd=ROOT)
        return Said(done.returncode, done.stdout, done.stderr)

    def linked(self) -> list[tuple[str, str]]:
        """Ids of contact and Lead of the pairs that the contacts' keys name."""
        leads = {row["Id"] for row in self.salesforce.export()["Lead"]}
        keys = {row["id"]: row["properties"].get("syncd_crm_id") for row in self.hubspot.export()["contacts"]}
        pairs = [(contact, key) for contact, key in keys.items() if key in leads]
        assert len(pairs) > 20
        return pairs

    def approve(self) -> Said:
        """The first link, previewed and approved."""
        digest = self.run("plan", "--json").json["digest"]
        return self.run("sync", "--approve", digest, "--json")


def urls(lines: list[str]) -> tuple[str, str]:
    """Both base URLs from what the stand-ins printed."""
    shown = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    prefix = "SYNCD_CONNECTIONS__MAIN__"
    return shown[f"{prefix}MARKETING__BASE_URL"], shown[f"{prefix}CRM__LOGIN_URL"]


@contextmanager
def open_place(folder: Path, *words: str) -> Iterator[Place]:
    """Stand-ins started by ``syncd sandbox``, and a configuration that points at them.

    :param words: more for that command, like ``--people 300``.
    """
    config = folder / "config"
    process = Forked(
        [*SYNCD, "sandbox", "--write-config", str(config), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != READY:
            line = process.stdout.readline()
            assert line, f"the stand-ins ended: {lines}"
            lines.append(line.rstrip("\n"))
        marketing, crm = urls(lines)
        hubspot, salesforce = Control(marketing), Control(crm)
        ports = (marketing.rpartition(":")[2], crm.rpartition(":")[2])
        yield Place(config, hubspot, salesforce, ports)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def someone(place: Place) -> tuple[str, str]:
    """One person known to both sides, and one that only marketing knows; ids of the shared pair."""
    shared = {"email": MAIL, "lastname": CANARY, "jobtitle": f"{CANARY} title", "lifecyclestage": "lead"}
    alone = {"email": f"2{MAIL}", "lastname": CANARY, "lifecyclestage": "marketingqualifiedlead"}
    contact = place.hubspot.do("create", object="contacts", properties=shared, by="userId:1")
    place.hubspot.do("create", object="contacts", properties=alone, by="userId:1")
    lead = place.salesforce.do("insert", object="Lead", fields={"LastName": CANARY, "Company": "Acme", "Email": MAIL})
    return contact, lead
