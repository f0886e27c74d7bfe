"""A resync in an operator's words: which records, by name, file, filter, time or side; asked for, watched, cancelled.

Words that cannot be meant are refused with all of them named; nothing is stored then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from syncd.core.expressions import compile_expression
from syncd.core.meanings import meanings_of
from syncd.core.sense import senseless
from syncd.engine.price import CALL_SECONDS
from syncd.engine.resync import CANCELLED, asked_for, estimate, reached_by
from syncd.engine.world import World
from syncd.model.errors import BadUsage, Misunderstood
from syncd.model.mapping import KindMapping
from syncd.model.resync import RESYNC, Resync, kinds_in_order
from syncd.model.run import Request, RunState
from syncd.model.values import SIDES, Instant, Side
from syncd.operations.finding import FORMS, find_hits
from syncd.ports.store import Store

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
SHOWN: Final = 10
"""How many faulty lines of a file are named."""


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed. ``everything`` must be said, so that a forgotten option compares not all."""

    records: Sequence[str] = ()
    file: Path | None = None
    where: str | None = None
    since: str | None = None
    until: str | None = None
    side: Side | None = None
    kinds: Sequence[str] = ()
    fields: Sequence[str] = ()
    everything: bool = False


def understood(world: World, words: Words) -> Resync:
    """What the words ask for; the world is ready (``make_ready``).

    :raises BadUsage: if they ask for nothing, for two things that exclude each other, or for what is not there.
    """
    wanted = meant(world, words)
    return replace(wanted, records=named_links(world, wanted.records, set(wanted.kinds)))


def meant(world: World, words: Words) -> Resync:
    """The same as far as it can be told without a vendor, ``records`` as they were typed: what cannot be meant is told
    at once, also while a vendor does not answer.

    :raises BadUsage: as ``understood``.
    """
    records = [*words.records, *(_lines(words.file) if words.file else ())]
    narrowed = [
        name
        for name, given in (
            ("--where", words.where),
            ("--since", words.since),
            ("--until", words.until),
            ("--side", words.side),
            ("--all", words.everything),
        )
        if given
    ]
    if (words.records or words.file) and narrowed:
        raise Misunderstood(f"records are named, and {narrowed[0]} asks for others; give one or the other")
    if not records and not narrowed:
        asked = "the file names no record" if words.file else "nothing is asked for"
        raise Misunderstood(f"{asked}; name records ({FORMS}), say --where, --since or --side, or --all")
    if words.until and not words.since:
        raise Misunderstood("--until needs --since: where does the span begin?")
    known = {kind.kind: kind for kind in world.connection.kinds}
    unknown = [name for name in words.kinds if name not in known]
    if unknown:
        raise Misunderstood(f"there is no kind {unknown[0]!r}; there are: {', '.join(known)}")
    wanted = [known[name] for name in kinds_in_order(words.kinds, list(known))]
    wanted = _with_fields(wanted, words.fields)
    if words.where:
        wanted = _fitting(wanted, words.where)
    if never := never_linked(world.store, [kind.kind for kind in wanted]):
        raise BadUsage(f"{', '.join(never)}: never linked yet; look at `syncd plan`, then approve with `syncd sync`")
    now = world.clock.now()
    since = moment_of(words.since, now) if words.since else None
    if since and since > now:
        raise Misunderstood(f"--since {words.since} lies in the future; name a time that is over, such as 2h or 3d")
    until = moment_of(words.until, now) if words.until else None
    if since and until and since >= until:
        raise Misunderstood(f"--since {words.since} is not before --until {words.until}")
    return Resync(
        kinds=tuple(kind.kind for kind in wanted),
        sides=(words.side,) if words.side else (Side.MARKETING, Side.CRM),
        records=tuple(records),
        where=words.where or "",
        since=since,
        until=until,
        fields=tuple(words.fields),
    )


def never_linked(store: Store, kinds: Iterable[str]) -> list[str]:
    """Those of these kinds whose first link, which compares everything, is still to come."""
    read = {(row.kind, row.side) for row in store.cursors() if row.stream == "changes"}
    return [kind for kind in kinds if any((kind, side) not in read for side in Side)]


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        raise BadUsage(
            f"{file} cannot be read ({type(why).__name__}); name a UTF-8 file with one record a line"
        ) from why
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line]


def named_links(world: World, records: Sequence[str], kinds: set[str]) -> tuple[str, ...]:
    """Each record as a link or a lone record of a side; every one that cannot be found is named."""
    named: dict[str, None] = {}
    trouble: list[str] = []
    slips = 0
    for text in records:
        try:
            hits = [hit for hit in find_hits(world, text) if hit.kind in kinds]
        except BadUsage as why:
            trouble.append(str(why))
            slips += isinstance(why, Misunderstood)
            continue
        if not hits:
            trouble.append(f"{text}: neither side has such a record")
        for hit in hits:
            if hit.link is not None:
                named[f"link:{hit.link.id}"] = None
            else:
                named.update((f"{side}:{ref}", None) for side in Side if (ref := hit.refs.of(side)) is not None)
    if trouble:
        more = f"\nand {len(trouble) - SHOWN} more" if len(trouble) > SHOWN else ""
        sort = Misunderstood if slips == len(trouble) else BadUsage
        raise sort("\n".join(trouble[:SHOWN]) + more)
    return tuple(named)


def _with_fields(kinds: Sequence[KindMapping], fields: Sequence[str]) -> list[KindMapping]:
    if not fields:
        return list(kinds)
    every = sorted({field.name for kind in kinds for field in kind.fields})
    unknown = [name for name in fields if name not in every]
    if unknown:
        raise Misunderstood(f"there is no field {unknown[0]!r}; there are: {', '.join(every)}")
    return [kind for kind in kinds if any(field.name in fields for field in kind.fields)]


def _fitting(kinds: Sequence[KindMapping], where: str) -> list[KindMapping]:
    """The kinds that have all the fields of a filter, and of which it can be true."""
    fitting: list[KindMapping] = []
    why = never = ""
    for kind in kinds:
        try:
            compile_expression(where, frozenset(field.name for field in kind.fields))
        except ValueError as error:
            why = why or str(error)
            continue
        if flaws := senseless(where, meanings_of(kind.fields)):
            never = never or flaws[0]
        else:
            fitting.append(kind)
    if not fitting:
        raise Misunderstood(f"--where: {never or why}; it is CEL over the shared fields, like country == 'DE'")
    return fitting


def moment_of(text: str, now: Instant) -> Instant:
    """``2h`` ago, or an ISO 8601 instant; one without an offset is UTC."""
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as why:  # before the year 1, or after 9999
        raise Misunderstood(f"{text!r:.60} is no time; write 30m, 2h, 3d, 1w or 2026-11-25T08:00") from why


def estimated(world: World, wanted: Resync) -> dict[str, Any]:
    """About how many records a resync compares, a linked pair as one, and what it costs to read them: calls of each
    side, seconds.

    Its writes cost beside that what differs; nobody knows before it was read.
    """
    records = estimate(world.store, wanted)
    pairs = len(wanted.records) or sum(world.store.count_links(kind) for kind in wanted.kinds)
    sides = [each for each in SIDES if wanted.records or each in wanted.sides]
    calls = {
        side.value: -(-records // world.connectors.of(side).capabilities.read_batch) if side in sides else 0
        for side in SIDES
    }
    return {"records": pairs, "calls": calls, "seconds": round(sum(calls.values()) * CALL_SECONDS, 1)}


def ask(world: World, wanted: Resync) -> Request:
    """Stores a resync, to be carried out by a daemon or by the caller; the same one that still waits is not doubled."""
    argument = wanted.written()
    for waiting in asked_for(world.store):
        if waiting.argument == argument:
            return waiting
    request = Request(
        id=world.chance.identifier(),
        connection=world.connection.name,
        wish=RESYNC,
        argument=argument,
        who=world.who,
        at=world.clock.now(),
    )
    world.store.approve(request)
    return request


def cancel_resync(store: Store, request: Request, now: Instant) -> None:
    """Takes a resync back; a share under way ends. What it has settled stays."""
    store.cancel(request.id, now)
    run = store.run(request.id)
    if run is not None and run.state is RunState.RUNNING:
        store.save_run(replace(run, state=RunState.PARTIAL, finished_at=now, trouble=CANCELLED))


def resync_document(store: Store, request: Request) -> dict[str, Any]:
    """A resync that waits or is under way, as plain values."""
    wanted = Resync.read(request.argument)
    checked = reached_by(store, request.id).checked
    return {
        "id": request.id,
        "who": request.who,
        "at": request.at,
        "asked": json.loads(request.argument),
        "checked": checked,
        "of": max(checked, estimate(store, wanted)),
    }


def waiting_resync(store: Store, prefix: str) -> Request:
    """The resync whose id begins so.

    :raises BadUsage: if there is none that waits or is under way, or several.
    """
    hits = [request for request in asked_for(store) if request.id.startswith(prefix)]
    if len(hits) != 1:
        known = ", ".join(request.id for request in asked_for(store)) or "none"
        raise BadUsage(f"{'several resyncs' if hits else 'no resync'} with the id {prefix!r} wait; there are: {known}")
    return hits[0]
