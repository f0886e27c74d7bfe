"""What a demo stands on: a folder with a configuration, both stand-ins in another process, and one open world.

It decides where things are, starts and stops processes, and knows nothing of scenes. Everything that it started is
stopped when its block ends, however it ends; the folder goes too unless it was to be kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox.control import Control
from syncd.bootstrap import open_world, read_config
from syncd.engine.cycle import Ended, sync
from syncd.engine.world import World
from syncd.lab.mix import Mix
from syncd.model.errors import BadUsage, NeedsOperator, RetryLater
from syncd.model.run import RunState
from syncd.observe.log import configure_logs
from syncd.operations.standing import waiting_document
from syncd.settings.accounts import Loaded

ROOT: Final = Path(__file__).resolve().parent.parent.parent
TOKEN: Final = "pat-na1-sandbox"  # noqa: S105 - what the stand-in takes
CLIENT: Final = ("sandbox-client", "sandbox-secret")
HORIZON: Final = 2
LAG: Final = 1.5
"""Seconds by which the HubSpot stand-in's search lags behind at most; up to 3 were recorded of the vendor."""
INDEX_LAG: Final = LAG + 0.1
"""Seconds after which search surely shows an edit."""
PER_10_SECONDS: Final = 1_000
SEARCH_PER_SECOND: Final = 50
DAILY: Final = 100_000
BRAKE: Final = 1_000_000
"""Records that may change in an hour before the brake holds the rest: more than a demo has."""
POLL: Final = 30
"""Seconds between two cycles of a daemon."""
STOP_WITHIN: Final = 5.0
PATIENCE: Final = 15
"""How many cycles in a row may stay unfinished before a demo with faults takes what the next one says."""

SETTINGS: Final = """\
# Written by the demo. Both vendors are stand-ins on this machine, whose limits are set generously.
version: 1
store:
  url: sqlite:///{folder}/syncd.db
connections:
  main:
    directory: .
    mode: live
    poll: {poll}
    # Both stand-ins carry a write out at once or never; a vendor may take minutes (see the example configuration).
    horizon: {{ marketing: {horizon}, crm: {horizon} }}
    # Limits for a trial, in which much changes at once; for daily work leave them out.
    brake:
      creates: {{ records: {brake} }}
      updates: {{ records: {brake} }}
      stages: {{ records: {brake} }}
      clears: {{ records: {brake} }}
      same_value: {{ records: {brake} }}
      backward: {{ records: {brake} }}
      unlinks: {{ records: {brake} }}
    marketing:
      base_url: {hubspot}
      access_token_file: secrets/hubspot_token
      rate: {{ per_10_seconds: {rolling}, search_per_second: {search} }}
      overlap: 8 # the stand-in's search lags behind by up to {lag} seconds
    crm:
      login_url: {salesforce}
      client_id: {client}
      client_secret_file: secrets/salesforce_client_secret
      overlap: 5
"""


@dataclass(slots=True)
class Stage:
    """An open stage. ``made`` is what the population maker says it made."""

    folder: Path
    marketing: Control
    crm: Control
    made: Mapping[str, int]
    loaded: Loaded
    world: World
    mix: Mix | None = None
    runs: list[Ended] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    edited_at: float = 0.0

    def cycle(self, *, approve: str | None = None) -> Ended:
        """One sync, as the daemon would run it. Where vendors misbehave, as many as it takes until one is through: the
        daemon would come back just so.

        :raises RetryLater: if a cycle breaks off though nobody misbehaves, or time after time.
        """
        for _ in range(PATIENCE if self.mix is not None else 0):
            try:
                ended = self._cycle(approve)
            except RetryLater as trouble:
                self.broken.append(str(trouble))
                self.edited()  # something may have been written before it broke off
                continue
            if ended.run.state is not RunState.PARTIAL:
                return ended
        return self._cycle(approve)

    def _cycle(self, approve: str | None) -> Ended:
        ended = sync(self.world, approve=approve)
        self.runs.append(ended)
        if wrote(ended):
            self.edited()
        return ended

    def misbehave(self) -> None:
        """Lets the vendors misbehave from now on, in a demo with faults."""
        if self.mix is not None:
            self.mix.arm()

    def behave(self) -> None:
        """Lets them be themselves for a scene whose proof counts single calls."""
        if self.mix is not None:
            self.mix.calm()

    def edited(self) -> None:
        """Notes that somebody, people or syncd, has just written something."""
        self.edited_at = time.monotonic()

    def wait_for_index(self) -> None:
        """Waits until HubSpot's search shows all edits; a change that search does not show cannot be seen."""
        time.sleep(max(0.0, self.edited_at + INDEX_LAG - time.monotonic()))

    def settle(self, *, limit: int = 12) -> int:
        """Cycles until one has nothing to do; returns how many it took.

        :raises NeedsOperator: if that never comes, which would mean that both sides go on overwriting each other.
        """
        self.wait_for_index()
        for number in range(1, limit + 1):
            ended = self.cycle()
            if not wrote(ended) and ended.run.state is RunState.DONE and not ended.run.counts and number > 1:
                return number
            self.wait_for_index()
        raise NeedsOperator(
            f"after {limit} cycles without any edit there is still something to write; look at `syncd runs` in "
            f"{self.folder}"
        )

    def exports(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Everything both vendors hold."""
        return self.marketing.export(), self.crm.export()

    def calls(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The call logs of both stand-ins in figures."""
        return self.marketing.calls(), self.crm.calls()

    def write_exports(self) -> tuple[Path, Path, Path]:
        """Both exports and what waits for a person, as files for a program that is not syncd."""
        marketing, crm = self.exports()
        contents = {"marketing.json": marketing, "crm.json": crm, "listed.json": waiting_document(self.world.store)}
        for name, content in contents.items():
            (self.folder / name).write_text(json.dumps(content), encoding="utf-8")
        return self.folder / "marketing.json", self.folder / "crm.json", self.folder / "listed.json"

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A real ``syncd sync`` in a process of its own; whatever is left of it at the end of the block is stopped."""
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncd.cli.main", "sync", "--config", str(self.folder)],
                cwd=ROOT, env=child_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield process
        finally:
            stop(process)


def wrote(ended: Ended) -> int:
    """How many writes a cycle made."""
    return sum(number for name, number in ended.run.counts.items() if name.startswith(("created", "updated", "keyed")))


@contextmanager
def open_stage(*, seed: int, people: int, companies: int, keep: Path | None, faults: bool = False) -> Iterator[Stage]:
    """Starts everything; stops everything that it started at the end of the block. ``faults``: there is a mix of them,
    not armed yet.

    :raises BadUsage: if the example configuration is not there, or the folder to keep is not empty.
    """
    with ExitStack() as stack:
        folder = chosen_folder(keep, stack)
        log = stack.enter_context((folder / "demo.log").open("a", encoding="utf-8"))
        stack.callback(configure_logs, level="info")  # back to standard error, before the file is closed
        configure_logs(level="info", stream=log)
        process = stack.enter_context(_standins(seed=seed, people=people, companies=companies))
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise NeedsOperator("the stand-ins did not start; what they said stands above (is the extra `sandbox` in?)")
        told = json.loads(line)
        configure(folder, told["hubspot"], told["salesforce"])
        loaded = read_config(folder, {})
        world = stack.enter_context(open_world(loaded, None, who="demo"))
        marketing, crm = Control(told["hubspot"]), Control(told["salesforce"])
        marketing.switch(index_lag=[0.0, LAG])
        mix = Mix(marketing, crm, seed=seed) if faults else None
        yield Stage(folder, marketing, crm, told["made"], loaded, world, mix)


def chosen_folder(keep: Path | None, stack: ExitStack) -> Path:
    """The folder to keep, or one that goes with the block.

    :raises BadUsage: if there is something in it, or it cannot be made.
    """
    if keep is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncd-demo-")))
    try:
        if keep.exists() and any(keep.iterdir()):
            raise BadUsage(f"{keep} is not empty; give a folder that is not there yet")
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUsage(f"{keep} cannot be made ({error.strerror}); name a folder of yours") from error
    return keep.resolve()


def configure(folder: Path, hubspot: str, salesforce: str, *, poll: int = POLL, brake: int = BRAKE) -> None:
    """Writes the example configuration for two stand-ins, with their credentials.

    :raises BadUsage: if the example configuration is not there.
    """
    example = ROOT / "config"
    if not (example / "schema").is_dir():
        raise BadUsage(f"{example} holds no example configuration; run the demo from a checkout of the project")
    for name in ("schema", "cases"):
        shutil.copytree(example / name, folder / name)
    for path in (*example.glob("*.yaml"), *example.glob("*.schema.json")):
        if path.name != "syncd.yaml":
            shutil.copy(path, folder)
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    for name, secret in (("hubspot_token", TOKEN), ("salesforce_client_secret", CLIENT[1])):
        file = secrets / name
        file.touch(mode=0o600)
        file.write_text(secret, encoding="utf-8")
    text = SETTINGS.format(
        folder=folder, horizon=HORIZON, hubspot=hubspot, salesforce=salesforce, client=CLIENT[0],
        rolling=PER_10_SECONDS, search=SEARCH_PER_SECOND, lag=LAG, brake=brake, poll=poll,
    )  # fmt: skip
    (folder / "syncd.yaml").write_text(text, encoding="utf-8")


@contextmanager
def _standins(*, seed: int, people: int, companies: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable, "-m", "syncd.lab.standins", "--people", str(people), "--companies", str(companies),
        "--seed", str(seed), "--per-10-seconds", str(PER_10_SECONDS), "--search-per-second", str(SEARCH_PER_SECOND),
        "--daily", str(DAILY),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # their trouble goes to our own standard error
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that we started: by the end of its input if it has one, by force if it does not listen."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()


def child_environment() -> dict[str, str]:
    """Our own, without settings of the caller's own syncd."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")}
    return own | {"PYTHONPATH": os.pathsep.join(part for part in (str(ROOT), own.get("PYTHONPATH", "")) if part)}
