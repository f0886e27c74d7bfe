"""What goes into a support bundle: how things stand and went, in numbers and words of our own, and nobody's data.

Everything is taken in by name (what is not named here is left out), because a list of what to leave out is never
whole: no value of a record, no name, address, id of a record or of an account, no sentence of a vendor or of a person,
no host, no user. Ids that a log needs to be followed are replaced by numbers that hold for one bundle. ``pack`` looks
through all of it once more, masks what looks like an address or a token, and refuses to write where a secret of the
configuration stands in it.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import orjson

from syncd.engine.lateness import CLOCKS
from syncd.model.brake import Measure
from syncd.model.errors import Bug
from syncd.model.link import Topic
from syncd.model.mapping import KindMapping
from syncd.model.run import Run, RunState
from syncd.model.values import SIDES, Side
from syncd.observe.events import EVENTS
from syncd.observe.log import LEVELS, masked
from syncd.operations.standing import Standing
from syncd.ports.store import Store

Document: TypeAlias = Any
RUNS: Final = 500
"""So many runs are told of."""
LINES: Final = 50_000
"""So many lines of a log, the last ones."""
OTHER: Final = "(other)"
SHORTEST: Final = 6
"""A secret of fewer characters would be found in anything."""
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,3}")
"""What a name of ours looks like that is one of many: an operation, a count."""
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
"""A vendor's code."""
_CLASS: Final = re.compile(r"[A-Z][A-Za-z]{2,39}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_VERSION: Final = re.compile(r"\d{1,4}(\.\d{1,4}){0,3}")
_PLACE: Final = re.compile(r"([A-Za-z_][\w-]{0,60}/)?[A-Za-z_][\w-]{0,60}\.py:\d{1,6}")

_VOCABULARY: Final[Mapping[str, frozenset[str]]] = {
    "level": frozenset(LEVELS),
    "event": frozenset(EVENTS),
    "side": frozenset(Side),
    "kind": frozenset({"person", "company", "deal", "activity", "campaign_member"}),
    "state": frozenset(RunState),
    "measure": frozenset(Measure),
    "topic": frozenset(Topic),
    "clock": frozenset(CLOCKS),
    "mode": frozenset({"live", "shadow"}),
    "method": frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"}),
    "stream": frozenset({"changes", "departures", "scan"}),
    "how": frozenset({"archived", "deleted", "erased", "invisible", "merged", "converted", "restored"}),
    "rule": frozenset({"hour", "day", "new_value", "rate"}),
    "vendor": frozenset({"hubspot", "salesforce"}),
    "store": frozenset({"sqlite", "postgresql"}),
    "journal": frozenset({"wal", "delete"}),
    "outcome": frozenset({"ok", "limited", "refused", "failed", "unanswered", "taken"}),
    "command": frozenset({"sync", "resync"}),
}
"""Keys whose texts are words of our own; any other text of them is not told."""
_SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("time", "due", "until", "since"), _INSTANT),
    **dict.fromkeys(("error", "category"), _CLASS),
    "code": _CODE,
    "version": _VERSION,
    "at": _PLACE,
    "operation": _WORD,
    "le": re.compile(r"[0-9.]{1,12}|\+Inf"),
}
"""Keys whose texts are told if they look like this."""
_SAMPLE: Final = re.compile(r"(syncd_[a-z_]{1,80})(\{[^{}]*\})? ([0-9.e+-]{1,30}|NaN)")
_PAIR: Final = re.compile(r'([a-z_]{1,40})="((?:[^"\\]|\\.)*)"')
_FOLLOWED: Final = frozenset(
    {
        "connection",
        "run",
        "link",
        "intent",
        "episode",
        "conflict",
        "notice",
        "job",
        "holder",
        "worker",
        "target",
        "digest",
        "hash",
        "fingerprint",
    }
)
"""Ids that are replaced by numbers of this bundle, so that a story can still be followed."""

_COUNTED: Final = frozenset(
    {
        *("after", "agreeing", "attempt", "attempts", "bytes", "calls", "connections", "creates", "cycle", "dropped"),
        *("epoch", "exit", "files", "held", "jobs", "limit", "ms", "page", "people", "port", "quota_left", "records"),
        *("reread", "seconds", "share", "status", "turns", "updates", "used", "version", "waited", "waiting"),
    }
)
"""Keys of a log line whose numbers are told."""


def run_part(runs: Sequence[Run]) -> Document:
    """What runs did, without who asked and without the sentences of their trouble."""
    return [
        {
            "command": _shown(run.command, _WORD),
            "asked_by": "daemon" if run.who == "daemon" else "somebody",
            "state": run.state.value,
            "started_at": run.started_at,
            "seconds": None if run.finished_at is None else (run.finished_at - run.started_at).total_seconds(),
            "counts": {_shown(name, _WORD): number for name, number in run.counts.items()},
            "trouble": bool(run.trouble),
        }
        for run in runs[:RUNS]
    ]


def standing_part(stands: Standing) -> Document:
    """How a connection stands, in numbers."""
    waits = stands.waits
    return {
        "at": stands.at,
        "vendors": {side.value: identity.vendor for side, identity in stands.bound.items()},
        "links": dict(stands.links),
        "person_accounts": {kind: sum(counted.values()) for kind, counted in stands.person_accounts.items()},
        "cursors": [
            {
                "kind": row.kind,
                "side": row.side.value,
                "stream": row.stream,
                "age_seconds": round((stands.at - row.moved_at).total_seconds()),
            }
            for row in stands.cursors
        ],
        "open_intents": stands.intents,
        "waits": {
            "conflicts": waits.conflicts,
            "dead_letters": waits.dead_letters,
            "first_link": waits.approval,
            "remnants": waits.remnants,
            "quarantined": waits.quarantined,
            "restored": waits.restored is not None,
            "not_itself": sorted(side.value for side in waits.strange),
            "resting": Counter(f"{each.kind}.{each.field}" for each in waits.resting),
            "braked": waits.braked,
        },
        "stale": len(stands.stale),
        "lease": None if stands.lease is None else {"epoch": stands.lease.epoch, "until": stands.lease.until},
        "paused_since": None if stands.turn is None or stands.turn.paused is None else stands.turn.paused.at,
        "next_turn": None if stands.turn is None else stands.turn.due,
        "workers": [{"began": row.began, "beat": row.beat, "version": row.version} for row in stands.workers],
    }


def waiting_part(store: Store) -> Document:
    """How much waits, by kind, side, field and code; no record and no reason."""
    return {
        "conflicts": _counted((row.kind, row.topic.value, row.field or "") for row in store.conflicts()),
        "parked": _counted((row.kind, row.side.value, row.field, _shown(row.code, _CODE)) for row in store.parked()),
        "dead_letters": _counted(
            (row.kind, row.side.value, _shown(row.code, _CODE), str(row.origin.object)) for row in store.dead_letters()
        ),
        "counts": dict(store.counts()),
    }


def schema_part(store: Store, kinds: Iterable[KindMapping]) -> Document:
    """The mapping's fields, and the fingerprints of both vendors' schemas as they were last read."""
    found: dict[str, Document] = {}
    for kind in kinds:
        sides: dict[str, Document] = {}
        for side in SIDES:
            remembered = store.recall(f"schema:{kind.kind}:{kind.hash}:{side}")
            read = None if remembered is None else orjson.loads(remembered[0])
            sides[side.value] = None if remembered is None or read is None else {
                "fingerprint": read["fingerprint"],
                "read_at": remembered[1],
                "fields": {name: len(fields) for name, fields in read["objects"].items()},
            }  # fmt: skip
        found[kind.kind] = {
            "mapping": kind.hash,
            "schemas": sides,
            "fields": [
                {
                    "name": each.name,
                    "type": each.type.value,
                    "direction": each.direction.value,
                    "policy": each.policy.value,
                    "clear": each.clear.value,
                    "vendor_fields": {side.value: each.slots.of(side) for side in SIDES},
                    "computed": None if each.derive is None else each.derive.sort,
                }
                for each in kind.fields
            ],
        }
    return found


class Numbers:
    """Numbers in place of ids: the same one for the same id within a bundle, and nothing to anybody else.

    :param key: chosen anew for each bundle.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, text: str) -> str:
        """The number of an id."""
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=5).hexdigest()


def metrics_part(text: str, numbers: Numbers) -> str:
    """The samples of a scrape that are ours, with numbers in place of the names that a person has chosen."""

    def sample(line: re.Match[str]) -> str:
        def label(found: re.Match[str]) -> str:
            name, value = found[1], found[2]
            if line[1] == "syncd_outcomes_total" and name == "outcome":  # by the names of what runs count
                return f'{name}="{_shown(value, _WORD)}"'
            return f'{name}="{_told(name, value, numbers) or OTHER}"'

        return f"{line[1]}{_PAIR.sub(label, line[2] or '')} {line[3]}\n"

    found = (_SAMPLE.fullmatch(line) for line in text.splitlines())
    return "".join(sample(each) for each in found if each is not None)


def log_part(lines: Iterable[str], numbers: Numbers) -> Iterator[Document]:
    """Log lines with the keys that can quote nobody. What is no line of ours is counted and left out."""
    strangers = 0
    for text in lines:
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError:
            strangers += 1
            continue
        if not isinstance(line, dict) or line.get("event") not in EVENTS:
            strangers += 1
            continue
        yield {key: kept for key, value in line.items() if (kept := _kept(key, value, numbers)) is not None}
    if strangers:
        yield {"left_out": strangers}


def _kept(key: str, value: object, numbers: Numbers) -> Document:
    """A value of a log line as it is told, ``None`` if it is not."""
    if isinstance(value, (bool, int, float)):
        return value if key in _COUNTED else None
    if key == "counts" and isinstance(value, Mapping):
        return {_shown(str(name), _WORD): number for name, number in value.items() if isinstance(number, int)}
    if key == "trace" and isinstance(value, list):
        return [_shown(str(each), _PLACE) for each in value]
    if not isinstance(value, str):
        return None
    return _told(key, value, numbers)


def _told(key: str, text: str, numbers: Numbers) -> str | None:
    """A text as it is told under its key, ``None`` if nothing of that key is."""
    if key in _FOLLOWED:
        return numbers.of(text)
    if key in _VOCABULARY:
        return text if text in _VOCABULARY[key] else OTHER
    shape = _SHAPES.get(key)
    return None if shape is None else _shown(text, shape)


def _shown(text: str, shape: re.Pattern[str]) -> str:
    return text if shape.fullmatch(text) else OTHER


def _counted(rows: Iterable[tuple[str, ...]]) -> dict[str, int]:
    return {" ".join(row): number for row, number in sorted(Counter(rows).items())}


# -- the archive -------------------------------------------------------------------------------------------------------
def pack(parts: Mapping[str, Document], *, secrets: Collection[str], now: datetime) -> bytes:
    """All parts as a ZIP archive: text as it is, a list of lines one a line, anything else as JSON.

    :param secrets: what must not be in it; looked for in every part.
    :raises Bug: naming the part, if one of them is.
    """
    known = [each for each in secrets if len(each) >= SHORTEST]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            text = _text(_masked(part))
            if any(each in text for each in known):
                raise Bug(f"a secret of the configuration would be in {name}; no bundle was written: report it")
            stamped = zipfile.ZipInfo(name, now.timetuple()[:6])
            stamped.external_attr = 0o600 << 16
            file.writestr(stamped, text, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _text(part: Document) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, tuple):
        return "".join(f"{orjson.dumps(each).decode()}\n" for each in part)
    return orjson.dumps(part, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode() + "\n"


def _masked(part: Document) -> Document:
    if isinstance(part, str):
        return "\n".join(masked(line) for line in part.split("\n"))
    if isinstance(part, Mapping):
        return {masked(str(key)): _masked(each) for key, each in part.items()}
    if isinstance(part, tuple):
        return tuple(_masked(each) for each in part)
    if isinstance(part, list):
        return [_masked(each) for each in part]
    return part


def whole(part: Callable[[], Document]) -> Document:
    """A part, or the class of what kept it from being made: a bundle is made when something is broken."""
    try:
        return part()
    except Exception as trouble:  # noqa: BLE001 - its text may quote anything, and the other parts are wanted all the same
        return {"could_not_be_read": type(trouble).__name__}
