"""``syncd support-bundle``: an archive for whoever helps, without anybody's data and without a secret."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call
from syncd.model.errors import BadConfig, BadUsage, NeedsOperator

if TYPE_CHECKING:
    from syncd.model.mapping import KindMapping
    from syncd.settings.main_file import Outline


def support_bundle(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to; default: syncd-support-DATE.zip, here.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Also the log's last lines, from a file; - reads standard input."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="ADDRESS", help="Also the metrics of the daemon that serves them there."),
    ] = None,
) -> None:
    """Makes an archive for whoever helps: versions, settings without texts, how things stand and went, in numbers.

    It holds no value of a record, no name, no e-mail address, no id of a record or account, no host and no secret, and
    is refused if a secret of the configuration would be in it. Changes nothing, reaches no vendor, and is made even
    when the configuration or the store is broken. docs/support.md says what is in it.
    """
    from syncd.cli.out import say
    from syncd.operations.supporting import pack
    from syncd.system import SystemClock

    call: Call = context.obj
    now = SystemClock().now()
    file = out or Path(f"syncd-support-{now:%Y%m%d-%H%M%S}.zip")
    parts = dict(_parts(call, log=log, http=http))
    packed = pack(parts, secrets=_secrets(call), now=now)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
            sink.write(packed)
    except OSError as trouble:
        raise BadUsage(f"{file} cannot be written ({trouble.strerror}); name another with --out") from trouble
    say(f"{file}: {len(packed) / 1024:,.0f} KB, {', '.join(parts)}")
    say("look through it before you send it; docs/support.md says what is in it and what is not")


def _parts(call: Call, *, log: Path | None, http: str | None) -> Iterator[tuple[str, Any]]:
    from syncd.bootstrap import config_path
    from syncd.operations.supporting import LINES, Numbers, log_part, metrics_part, whole
    from syncd.settings.shown import shown

    numbers = Numbers(os.urandom(32))
    yield "about.json", whole(_about)
    yield "config.json", whole(lambda: shown(config_path(call.config, os.environ), os.environ))
    try:
        outline = call.outlined()
    except BadConfig:
        outline = None
    if outline is not None:
        kinds = _kinds(call)
        for name in outline.connections:
            yield f"connection-{numbers.of(name)}.json", whole(_connecting(outline, name, kinds.get(name, ())))
    if http is not None:
        yield "metrics.txt", whole(lambda: metrics_part(_scraped(http), numbers))
    if log is not None:
        yield "log.jsonl", whole(lambda: tuple(log_part(_last_lines(log, LINES), numbers)))


def _about() -> Mapping[str, Any]:
    import platform
    from importlib.metadata import requires, version

    from syncd.bootstrap import store_versions

    names = sorted({_distribution(each) for each in requires("syncd") or () if "extra ==" not in each})
    libraries: dict[str, str | None] = {}
    for name in names:
        try:
            libraries[name] = version(name)
        except ModuleNotFoundError:  # not for this platform
            libraries[name] = None
    return {
        "syncd": version("syncd"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        **store_versions(),
        "libraries": libraries,
    }


def _distribution(requirement: str) -> str:
    import re

    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def _kinds(call: Call) -> Mapping[str, tuple[KindMapping, ...]]:
    """The mapping of each connection; nothing while it is not sound."""
    try:
        loaded, _ = call.loaded_without_secrets()
    except BadConfig:
        return {}
    return {name: each.connection.kinds for name, each in loaded.connections.items()}


def _connecting(outline: Outline, name: str, kinds: Collection[KindMapping]) -> Callable[[], Mapping[str, Any]]:
    return lambda: _connection(outline, name, kinds)


def _connection(outline: Outline, name: str, kinds: Collection[KindMapping]) -> Mapping[str, Any]:
    from syncd.bootstrap import open_memory, open_roster
    from syncd.operations.standing import standing
    from syncd.operations.supporting import RUNS, run_part, schema_part, standing_part, waiting_part, whole
    from syncd.system import SystemClock

    now = SystemClock().now()
    with open_roster(outline) as roster:
        turns, workers = roster.turns(outline.connections, now), roster.workers()
    with open_memory(outline, name) as store:
        stands = standing(
            store,
            connection=name,
            kinds=outline.connections[name],
            now=now,
            turn=turns[name],
            workers=workers,
            poll=outline.polls[name],
        )
        return {
            "poll": outline.polls[name],
            "stands": whole(lambda: standing_part(stands)),
            "waits": whole(lambda: waiting_part(store)),
            "runs": whole(lambda: run_part(store.runs(RUNS))),
            "mapping": whole(lambda: schema_part(store, kinds)),
        }


def _scraped(address: str) -> str:
    """What the daemon on this machine serves."""
    from http.client import HTTPConnection

    from syncd.console.server import read_address

    host, port = read_address(address)
    line = HTTPConnection(host, port, timeout=10)
    try:
        line.request("GET", "/metrics")
        return line.getresponse().read(16_000_000).decode()
    finally:
        line.close()


def _last_lines(path: Path, number: int) -> Collection[str]:
    if str(path) == "-":
        return deque(sys.stdin, maxlen=number)
    with path.open(encoding="utf-8", errors="replace") as file:
        return deque(file, maxlen=number)


def _secrets(call: Call) -> Collection[str]:
    """Every secret that this configuration or this environment names, as far as they can be read."""
    ours = ("SECRET", "TOKEN", "PASSWORD", "PRIVATE_KEY", "URL")
    found = {
        value
        for name, value in os.environ.items()
        if name.upper().endswith("_PROXY") or (name.startswith("SYNCD_") and name.upper().endswith(ours))
    }
    try:
        found |= set(call.loaded().secrets())
    except (BadConfig, NeedsOperator, BadUsage):
        return found  # what cannot be read cannot be in it by way of us, either
    return found
