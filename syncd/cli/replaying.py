"""``syncd sandbox --load FOLDER --people``: the real funnel replayed, with a daemon at work, and then left to look at.

Prints the seed and how far it is, month by month; at the end a few figures and how to ask for more. What was played
stays in a folder: the configuration, and the store with its ledger. Both stand-ins go on serving until interrupted.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from sandbox.funnel import Script
    from sandbox.server import RunningSandbox
    from syncd.cli.call import Call
    from syncd.lab.replay import Played, Replay

PEOPLE: Final = "--people"
PLAY: Final = "--play"
"""What ``--people`` means without a number."""
_CONFIG: Final = Path(__file__).resolve().parents[2] / "config" / "funnel"


def people_at_work(words: list[str]) -> list[str]:
    """The words of ``syncd sandbox`` in which ``--people`` without a number is the flag that it stands for."""
    if "sandbox" not in words:
        return words
    following = [*words[1:], ""]
    return [
        PLAY if word == PEOPLE and not after.lstrip("-").isdigit() else word
        for word, after in zip(words, following, strict=True)
    ]


def replay(
    call: Call,
    load: Path | None,
    *,
    folder: Path | None,
    ports: tuple[int, int],
    seed: int,
    leads: int,
    stop_signal: Callable[[], threading.Event],
) -> None:
    """Plays it, tells of it, and serves both stand-ins as they are in the end until that is to stop.

    :param folder: where configuration and store stay; one of the system's unless given.
    :param leads: the first so many of the file; 0 for all.
    """
    if load is None:
        raise BadUsage("--people without a number plays the funnel of --load FOLDER; give that, or how many people")
    from syncd.system import SystemClock

    script = _script(load, seed=seed, leads=leads)
    folder = _folder(folder)
    typer.echo(
        f"# seed {script.seed}: {script.length:,} deeds about {len(script.deeds):,} leads, "
        f"{script.begins:%Y-%m-%d} to {script.ends:%Y-%m-%d}, one poll an hour"
    )
    with tempfile.TemporaryDirectory(prefix="syncd-replay-") as scratch:
        made = _opened(call, script, folder, Path(scratch))
    try:
        with _quiet():
            played = made.play(told=_Months(made).told)
        _summary(made, played)
    finally:
        made.arena.store.close()
    made.clock.release(SystemClock())
    with _served(made, ports) as running:
        _write_config(call, folder, running)
        typer.echo(f"# hubspot: {running.hubspot_url}, salesforce: {running.salesforce_url}, both at today's date now")
        typer.echo(f"# in another shell: syncd --config {folder} report credit --by origin")
        typer.echo("# runs until interrupted")
        stop_signal().wait()


def _script(load: Path, *, seed: int, leads: int) -> Script:
    from sandbox.funnel import script_of
    from sandbox.olist_files import OlistFlaw, read_olist

    try:
        return script_of(read_olist(load), seed=seed, only=leads)
    except OlistFlaw as flaw:
        raise BadUsage(f"--load: {flaw}") from flaw


def _folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="syncd-funnel-"))
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadUsage(
                f"{folder} is not empty; a replay begins with nothing, so name a folder that is not there yet"
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written ({error.strerror}); name a folder of yours") from error
    return folder.resolve()


def _config(call: Call) -> Path:
    config = call.config or _CONFIG
    if not (config if config.is_file() else config / "syncd.yaml").is_file():
        raise BadUsage(
            f"{config} holds no syncd.yaml; run this from a checkout of the project, or name one by --config"
        )
    return config


def _opened(call: Call, script: Script, folder: Path, scratch: Path) -> Replay:
    from sandbox.names import MissingFaker
    from syncd.lab.replay import open_replay

    try:
        return open_replay(_config(call), script, folder=scratch, store_url=_store(folder))
    except MissingFaker as missing:
        raise BadUsage(str(missing)) from missing


def _store(folder: Path) -> str:
    return f"sqlite:///{folder / 'syncd.db'}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a log line for each of thousands of polls."""
    from syncd.observe.log import configure_logs

    configure_logs(level="error")
    try:
        yield
    finally:
        configure_logs(level="info")


class _Months:
    """Says how far a replay is."""

    def __init__(self, made: Replay) -> None:
        self._made = made
        self._month = ""

    def told(self, played: Played) -> None:
        """After a poll."""
        month = f"{self._made.clock.now():%Y-%m}"
        if month != self._month:
            self._month = month
            done = f"{played.playing.done:,} deeds done, {played.polls:,} of {played.hours:,} polls made"
            typer.echo(f"# {month}: {done}", err=True)


def _summary(made: Replay, played: Played) -> None:
    """What anybody can compute from the two files, as the report has it."""
    from syncd.operations.report import Period
    from syncd.operations.report_credit import credit
    from syncd.operations.report_writing import text_of

    late = f", {len(played.playing.late):,} of them late" if played.playing.late else ""
    typer.echo(f"{played.playing.done:,} deeds{late}; {played.polls:,} of {played.hours:,} hourly polls made")
    report = credit(made.arena.store, Period(), now=made.arena.clock.now(), by=("origin",), top=0)
    for figure in report.figures():
        if figure.key.startswith(("opened", "all:", "oddity:")) or figure.key.endswith(":conversion"):
            name = figure.name
            if figure.key.startswith("origin:"):
                name = f"{name}, {figure.key.split(':')[1]}"
            typer.echo(f"  {name}: {text_of(figure)}")


def _served(made: Replay, ports: tuple[int, int]) -> RunningSandbox:
    from sandbox.server import RunningSandbox

    try:
        return RunningSandbox.serving(made.arena.hubspot, made.arena.salesforce, *ports)
    except OSError as error:
        raise BadUsage(str(error.strerror or error)) from error


def _write_config(call: Call, folder: Path, running: RunningSandbox) -> None:
    """The configuration as it was played, led to where the stand-ins and the store are now."""
    import yaml

    from syncd.settings.copying import copy_mapping

    config = _config(call)
    main = config if config.is_file() else config / "syncd.yaml"
    told = yaml.safe_load(main.read_text(encoding="utf-8"))
    for directory in {str(each.get("directory", ".")) for each in told["connections"].values()}:
        if not Path(directory).is_absolute():  # else the new main file leads to the same folder
            copy_mapping(main.parent / directory, folder / directory)
    told["store"] = {"url": _store(folder)}
    for connection in told["connections"].values():
        connection["marketing"]["base_url"] = running.hubspot_url
        connection["crm"]["login_url"] = running.salesforce_url
    (folder / "syncd.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
