"""Every log event there is: its level, its keys, what it means and what an operator does about it.

The level says what is asked of a person: ``debug`` nothing and not shown, ``info`` nothing, ``warning`` look at it
today, ``error`` act now. Keys carry ids, names, counts and codes; never a field's value, an e-mail address, a token or
a vendor's free text, because those texts quote values. ``docs/logs.md`` is generated from these tables.

Length: one table of all events, which is read as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of log line. ``keys`` are the keys of its own; those of ``CONTEXT`` may be on every line."""

    level: Level
    keys: tuple[str, ...]
    meaning: str
    action: str = NOTHING


CONTEXT: Final[Mapping[str, str]] = {
    "connection": "name of the connection in syncd.yaml",
    "run": "id of the run (one cycle of one connection)",
    "cycle": "number of the cycle within this process",
    "side": "marketing or crm",
    "kind": "kind of record: person or company",
    "page": "number of the page within the stream",
}
"""Keys that any line may carry; most are bound once per cycle."""

KEYS: Final[Mapping[str, str]] = {
    "account": "portal id or organization id",
    "action": "create or update",
    "advice": "what to do next, in words of our own",
    "after": "seconds to wait at least, as the vendor said",
    "asked": "who asked for it: marketing, crm or operator",
    "at": "file:line of the code that said so",
    "attempt": "number of this attempt, from 1",
    "attempts": "attempts made in all",
    "bytes": "size of the body",
    "calls": "API calls made",
    "candidates": "how many records match",
    "category": "class of a Python warning",
    "clears": "values that would be emptied",
    "code": "the vendor's error code, or ours where it sends none",
    "command": "the command that was called",
    "conflict": "id of the conflict",
    "conflicts": "clashes that wait for a person",
    "counts": "names to numbers, as in `syncd runs --json`",
    "creates": "records that would be made",
    "dead_letter": "id of the dead letter",
    "digest": "digest of the plan",
    "dropped": "keys that were left out of a line",
    "edits": "edits made by scripted people",
    "epoch": "number of the lease holder; grows with each new one",
    "error": "class of the exception",
    "exit": "exit code of the process",
    "field": "name of the shared field, or of the vendor field where there is no shared one",
    "fields": "how many fields",
    "files": "files read",
    "fingerprint": "digest of the vendor's schema",
    "foreign_level": "level that the library gave its line",
    "hash": "digest of the configuration in use",
    "holder": "id of the worker that holds the lease",
    "how": "archived, deleted, erased, invisible, merged, converted or restored",
    "intent": "id of the write-ahead record; HubSpot knows it as objectWriteTraceId",
    "journal": "SQLite journal mode: wal or delete",
    "limit": "what the vendor allows",
    "link": "id of the link",
    "links": "live links",
    "logger": "name of the library's logger",
    "method": "HTTP method",
    "mode": "live or shadow",
    "ms": "duration in milliseconds",
    "new": "ref of the record it became",
    "old": "ref of the record it was",
    "operation": "name of the API operation",
    "outcome": "how it ended",
    "owner": "the vendor's user id or queue id",
    "policy": "the policy in force",
    "port": "TCP port on 127.0.0.1",
    "quota_left": "API calls left today, as the vendor last said; null where it did not say",
    "rate": "name of the limit",
    "reason": "why, as one of a fixed set of words of our own",
    "record": "ref of the record: object/id",
    "records": "how many records",
    "reread": "records read again only to find late ones",
    "resolution": "what a person chose",
    "scene": "name of the scene",
    "share": "part of the day's limit, 0 to 1",
    "state": "done, partial, failed or held",
    "status": "HTTP status; 0 where no answer came",
    "store": "sqlite or postgresql",
    "stream": "changes, departures or scan",
    "template": "the library's unformatted text; empty where it came formatted, see `at`",
    "topic": "field, clear, match or gone",
    "trace": "file:line of each frame, innermost last",
    "unknown": "name of the event that is not registered",
    "until": "instant, ISO 8601 in UTC",
    "updates": "records that would be changed",
    "used": "API calls used today",
    "vendor": "hubspot or salesforce",
    "version": "version of the store's schema, or of an API",
    "waited": "seconds waited",
    "what": "our own sentence, with anything that looks like an address or a token masked",
    "who": "who asked: user name of the shell, or daemon",
    "writes": "records written",
}
"""What each key means."""

EVENTS: Final[Mapping[str, Event]] = {
    # -- the vendors' APIs -----------------------------------------------------------------------------------------
    "api.call": Event(
        "info",
        ("operation", "method", "status", "ms", "attempt", "quota_left", "bytes"),
        "One HTTP exchange with a vendor ended, well or not.",
    ),
    "api.retry": Event(
        "info",
        ("operation", "method", "status", "attempt", "after", "code", "reason", "rate"),
        "An exchange failed in a way that is safe to repeat, and will be.",
    ),
    "api.waited": Event(
        "debug",
        ("operation", "rate", "waited", "until"),
        "A call waited for its share of a vendor's limit.",
    ),
    "api.refused": Event(
        "error",
        ("operation", "method", "status", "code", "attempts", "reason", "advice"),
        "A vendor refused a whole call, or no answer could be had.",
        "read `advice`; until then the cycle ends as partial and nothing is lost",
    ),
    "api.wrong_shape": Event(
        "warning",
        ("operation", "method", "status", "bytes", "reason"),
        "An answer was no JSON, cut off, too large or of an unknown shape; nothing was assumed from it.",
        "if it stays, look for a proxy or a maintenance page between syncd and the vendor",
    ),
    "api.token": Event("info", ("account", "reason", "vendor"), "A new access token was fetched."),
    "quota.low": Event(
        "warning",
        ("used", "limit", "share", "rate", "vendor"),
        "Little is left of the day's API calls of this account.",
        "find out who else uses the account's API, or raise the limit",
    ),
    # -- runs ------------------------------------------------------------------------------------------------------
    "run.started": Event("info", ("command", "mode", "hash", "who"), "A cycle began."),
    "run.finished": Event(
        "info",
        ("command", "state", "counts", "ms", "calls", "error", "reason"),
        "A cycle ended. `partial` means that something is left and will be taken up by the next one.",
    ),
    "run.failed": Event(
        "error",
        ("command", "error", "reason", "what", "advice"),
        "A cycle broke off; what was settled stays settled.",
        "read `error` and `what`",
    ),
    "cycle.planned": Event(
        "info",
        ("creates", "updates", "clears", "conflicts", "records", "digest", "calls", "ms"),
        "Everything read was decided.",
    ),
    "page.read": Event(
        "debug", ("records", "reread", "stream", "ms"), "A page of changed or departed records was read."
    ),
    "page.settled": Event(
        "info",
        ("records", "writes", "conflicts", "reread", "stream", "ms"),
        "A page was settled in one transaction and its cursor moved.",
    ),
    "intent.recovered": Event(
        "info",
        ("intent", "record", "action", "outcome", "link"),
        "A write without a known ending (a crash, a lost answer) was looked up and settled.",
    ),
    "intent.waiting": Event(
        "info",
        ("intent", "record", "action", "until"),
        "A write got no answer and may still happen; it is looked up again and not repeated before `until`.",
    ),
    "first_link.preview": Event(
        "warning",
        ("digest", "links", "creates", "candidates"),
        "Both systems are filled and not linked yet; nothing is written before a person approves.",
        "read `syncd plan`, then `syncd sync --approve DIGEST`",
    ),
    "wave.stopped": Event(
        "warning",
        ("records", "share", "limit"),
        "A wave of the first run had too many refusals; the rest was not sent.",
        "read `syncd dead-letters list` and `syncd status`, mend, and call `sync` again",
    ),
    "create.held": Event(
        "warning",
        ("records", "reason"),
        "Creates are held because they would make billed marketing contacts.",
        "set `allow_billable: true`, or change the account's setting for apps",
    ),
    # -- writes ----------------------------------------------------------------------------------------------------
    "write.done": Event(
        "debug", ("intent", "record", "action", "fields", "link"), "A record was written and read back."
    ),
    "write.stale": Event(
        "info", ("intent", "record", "link"), "A record changed since it was read; it is decided again next cycle."
    ),
    "write.deferred": Event(
        "info",
        ("intent", "record", "action", "code", "after"),
        "A write was surely not carried out and is tried again.",
    ),
    "write.indeterminate": Event(
        "warning",
        ("intent", "record", "action", "until", "reason"),
        "A write got no answer. The record is looked up by its key until it is known what happened.",
    ),
    "write.refused": Event(
        "warning",
        ("intent", "record", "action", "code", "field", "reason", "link"),
        "A vendor refused a record or one of its fields.",
        "`syncd explain RECORD` tells the vendor's reason",
    ),
    "field.parked": Event(
        "warning",
        ("record", "field", "code", "link"),
        "One field was refused; the rest of the record was written. Tried again when value, mapping or schema change.",
        "`syncd explain RECORD FIELD`; mend the value or the mapping",
    ),
    "field.unparked": Event("info", ("record", "field", "link"), "A parked field was written after all."),
    "field.held": Event(
        "info", ("record", "field", "reason", "link"), "A field is not written on this side, for the reason given."
    ),
    "record.dead_lettered": Event(
        "warning",
        ("record", "code", "dead_letter", "attempts"),
        "A record cannot be written at all.",
        "`syncd dead-letters list`",
    ),
    "record.revived": Event("info", ("record", "dead_letter"), "A dead letter was written after all."),
    # -- people and records ----------------------------------------------------------------------------------------
    "conflict.opened": Event(
        "warning",
        ("conflict", "topic", "field", "link", "policy", "reason"),
        "Both sides changed one value and no policy settles it; nothing is written to this field.",
        "`syncd conflicts list`, then `syncd conflicts resolve`",
    ),
    "conflict.resolved": Event(
        "info", ("conflict", "topic", "field", "link", "resolution"), "A conflict was carried out or went away."
    ),
    "match.ambiguous": Event(
        "warning",
        ("record", "candidates", "conflict", "reason"),
        "A record matches several on the other side; none was guessed.",
        "merge the duplicates there, or `syncd conflicts resolve` with `link:REF` or `apart`",
    ),
    "record.linked": Event("debug", ("record", "link", "reason"), "Two records were recognised as one."),
    "record.rejected": Event(
        "warning", ("record", "reason", "code"), "A record could not be read as its kind; it was left alone."
    ),
    "record.gone": Event(
        "info",
        ("record", "how", "link"),
        "A linked record left; the other one is untouched and nothing is made anew.",
    ),
    "record.moved": Event("info", ("old", "new", "how", "link"), "A record was merged or converted; its link follows."),
    "person.forgotten": Event(
        "warning",
        ("link", "asked", "records"),
        "A person was forgotten: nothing is read, written or matched for them any more. What remains is listed.",
        "`syncd privacy`, then delete what remains in the system it is in",
    ),
    "owner.unmatched": Event(
        "info",
        ("owner", "records"),
        "An owner has no counterpart on the other side; the owner field is left as it is.",
        "give that person a user with the same e-mail address there, if it is wanted",
    ),
    "resync.needed": Event(
        "warning",
        ("reason", "stream"),
        "A cursor is too old for the vendor's change stream; the side is compared in full.",
    ),
    # -- lease, store, settings ------------------------------------------------------------------------------------
    "lease.waiting": Event("info", ("holder", "epoch", "until"), "Another worker holds the connection; we wait."),
    "lease.taken": Event("info", ("holder", "epoch", "until"), "This worker may write for the connection."),
    "lease.orphaned": Event(
        "info", ("holder", "epoch"), "The worker that held the connection is gone; its lease was taken from it."
    ),
    "lease.lost": Event(
        "warning", ("holder", "epoch"), "The lease ran out or was taken while we worked; nothing more was sent."
    ),
    "store.opened": Event("info", ("store", "version", "journal"), "The state store is open."),
    "store.migrated": Event("info", ("store", "version"), "The state store was brought to a newer schema."),
    "store.journal": Event(
        "warning",
        ("journal", "version", "reason"),
        "This SQLite has a defect with write-ahead logs; the slower rollback journal is used.",
        "install the `pysqlite3` package",
    ),
    "config.loaded": Event("info", ("hash", "files"), "The configuration was read and is sound."),
    "config.optional": Event(
        "info", ("field", "reason"), "An optional field is left out, because a vendor field it needs is not there."
    ),
    "schema.changed": Event(
        "warning",
        ("fingerprint", "fields"),
        "A vendor's schema is not what it was at the last check.",
        "`syncd check --online` tells whether the mapping still fits",
    ),
    # -- stand-ins and demo ----------------------------------------------------------------------------------------
    "sandbox.started": Event("info", ("vendor", "port"), "A stand-in listens on loopback."),
    "sandbox.loaded": Event("info", ("vendor", "records", "edits"), "A stand-in was filled."),
    "sandbox.stopped": Event("info", ("vendor", "calls"), "A stand-in stopped."),
    "demo.scene": Event("info", ("scene", "edits", "writes", "calls", "outcome", "ms"), "A scene of the demo ended."),
    # -- the process -----------------------------------------------------------------------------------------------
    "command.failed": Event(
        "error", ("command", "error", "what", "exit"), "A command ended without doing its work.", "read `what`"
    ),
    "process.crashed": Event(
        "error",
        ("error", "trace"),
        "An exception that nobody foresaw ended the process. The next cycle recovers.",
        "report it with this line",
    ),
    "process.warned": Event("warning", ("category", "at"), "Python or a library warned of something."),
    "log.foreign": Event(
        "warning",
        ("logger", "foreign_level", "template", "at", "error"),
        "A library logged something. Its text is shown without the values in it.",
    ),
    "log.unregistered": Event(
        "warning",
        ("unknown", "dropped"),
        "A line of our own is not in this table; its keys are left out.",
        "report it",
    ),
}
"""All events by name."""


def logs_reference() -> str:
    """The body of ``docs/logs.md``: levels, events with their keys, and the meaning of each key, as Markdown."""
    lines = [
        "# Log events",
        "",
        "One JSON object a line on standard error when that is not a terminal. Every line has `time` (ISO 8601, UTC),",
        "`level` and `event`. Levels say what is asked of you: `debug` and `info` nothing, `warning` look at it today,",
        "`error` act now. No line holds field values, e-mail addresses or tokens.",
        "",
        "## Keys on any line",
        "",
        "| key | meaning |",
        "|---|---|",
        *(f"| `{key}` | {meaning} |" for key, meaning in CONTEXT.items()),
        "",
        "## Events",
        "",
        "| event | level | keys | meaning | what to do |",
        "|---|---|---|---|---|",
        *(
            f"| `{name}` | {event.level} | {', '.join(f'`{key}`' for key in event.keys)} "
            f"| {event.meaning} | {event.action} |"
            for name, event in sorted(EVENTS.items())
        ),
        "",
        "## Keys of their own",
        "",
        "| key | meaning |",
        "|---|---|",
        *(f"| `{key}` | {meaning} |" for key, meaning in sorted(KEYS.items())),
        "",
    ]
    return "\n".join(lines)
