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
    "kind": "kind of record: person, company, activity or campaign_member",
    "page": "number of the page within the stream",
}
"""Keys that any line may carry; most are bound once per cycle."""

KEYS: Final[Mapping[str, str]] = {
    "after": "seconds to wait at least, as the vendor said",
    "about": "ids of what the command was about, with spaces between",
    "agreeing": "linked records found in step",
    "approved": "digest of what a person approved",
    "asked": "who asked for it: marketing, crm or operator",
    "at": "file:line of the code that said so",
    "attempt": "number of this attempt, from 1",
    "attempts": "attempts made in all",
    "audit_head": "hash of the last entry of the audit's chain; empty before the first",
    "backup": "name of the backup's file",
    "bytes": "size of the body, or of the store",
    "calls": "API calls made",
    "campaign": "key of the campaign in signals.yaml",
    "category": "class of a Python warning",
    "clock": "which time of a handoff runs: touch, decision or work",
    "code": "the vendor's error code, or ours where it sends none",
    "command": "the command that was called",
    "conflict": "id of the conflict",
    "correlation": "id that whoever called was told",
    "counts": "names to numbers, as in `syncd runs --json`",
    "connections": "how many connections",
    "creates": "records that would be made",
    "digest": "digest of the plan, or of what the brake holds",
    "due": "instant of the next turn, ISO 8601 in UTC",
    "dropped": "keys that were left out of a line",
    "episode": "id of the handoff, as `syncd report handoff --show` lists it",
    "entry": "number of an entry of the audit's chain",
    "epoch": "number of the lease holder; grows with each new one",
    "error": "class of the exception",
    "exit": "exit code of the process",
    "field": "name of the shared field, or of the vendor field where there is no shared one",
    "files": "files read",
    "terms": "what is defined otherwise: definitions of stages, moves, personas and the like",
    "fingerprint": "digest of the vendor's schema",
    "foreign_level": "level that the library gave its line",
    "gone": "older backups that were deleted",
    "held": "records that the brake holds for the same reason, in all",
    "hash": "digest of the configuration in use, or hash of an entry of the audit's chain",
    "holder": "id of the worker that holds the lease",
    "how": "archived, deleted, erased, invisible, merged, converted or restored",
    "intent": "id of the write-ahead record; HubSpot knows it as objectWriteTraceId",
    "job": "id of a Bulk 2.0 job, as Salesforce > Setup > Bulk Data Load Jobs lists it",
    "jobs": "turns that a worker had begun",
    "journal": "SQLite journal mode: wal or delete",
    "lane": "priority of work: opt_out, handoff, ordinary or bulk",
    "limit": "what the vendor allows, or the brake",
    "link": "id of the link",
    "logger": "name of the library's logger",
    "measure": "what the brake counts: creates, updates, stages, clears, same_value, value, "
    "stage_value, backward or unlinks",
    "method": "HTTP method",
    "mode": "live or shadow",
    "ms": "duration in milliseconds",
    "new": "ref of the record it became",
    "notice": "id of a notice, which stands in its message, too",
    "object": "vendor object, or several",
    "old": "ref of the record it was",
    "operator": "name of an operator of the console",
    "operation": "name of the API operation",
    "outcome": "how it ended",
    "part": "which part of a description",
    "place": "where the store is: the whole path of its file, or its address without a password",
    "port": "TCP port on this machine",
    "quota_left": "API calls left today, as the vendor last said; null where it did not say",
    "rate": "name of the limit",
    "reason": "why, in words of our own, with anything that looks like an address or a token masked",
    "record": "ref of the record: object/id",
    "people": "how many people",
    "records": "how many records",
    "reread": "records read again only to find late ones",
    "role": "viewer, operator or admin",
    "rule": "which limit of the brake: hour, day, new_value or rate",
    "seconds": "seconds between the first and the last stamp that one question asks for, at most",
    "share": "part of the day's limit, 0 to 1",
    "since": "instant, ISO 8601 in UTC",
    "state": "done, partial, failed or held",
    "status": "HTTP status; 0 where no answer came",
    "store": "sqlite or postgresql",
    "step": "what was made: the name of a field, of a right, or of a permission set",
    "stream": "changes, departures or scan",
    "target": "name of a target in `notify.targets`",
    "template": "the library's unformatted text; empty where it came formatted, see `at`",
    "topic": "field, clear, match, gone, lost, move or waits",
    "trace": "file:line of each frame, innermost last",
    "turns": "how many turns",
    "unknown": "name of the event that is not registered",
    "until": "instant, ISO 8601 in UTC",
    "upto": "instant, ISO 8601 in UTC",
    "updates": "records that would be changed",
    "used": "API calls used today, or records changed before within the brake's window",
    "vendor": "hubspot or salesforce",
    "version": "version of syncd, of the store's schema, or of an API",
    "waited": "seconds waited",
    "known": "hints about what was known already",
    "waiting": "how many wait",
    "what": "our own sentence, with anything that looks like an address or a token masked",
    "worker": "id of a daemon: who, host, process id, and when the process began",
    "way": "session or token",
    "who": "who asked: user of the shell as the machine knows them, name of an operator, or daemon",
}
"""What each key means."""

EVENTS: Final[Mapping[str, Event]] = {
    # -- the vendors' APIs -----------------------------------------------------------------------------------------
    "bulk.began": Event("info", ("job", "object", "records"), "A Bulk 2.0 job of Salesforce was handed its rows."),
    "bulk.ended": Event("info", ("job", "state", "records", "ms"), "A Bulk 2.0 job has ended; its results were read."),
    "bulk.slow": Event(
        "warning",
        ("job", "state"),
        "A job waits in Salesforce's queue for too long; it is ended, and its rows are sent in another way.",
    ),
    "bulk.refused": Event(
        "warning", ("code", "records"), "The org takes no such job; the rows are sent in another way."
    ),
    "bulk.left": Event(
        "info", ("job", "code"), "A job that was to be ended could not be: it is gone, or it has ended by itself."
    ),
    "query.slow": Event(
        "info",
        ("object", "seconds"),
        "What changed took Salesforce too long; it is asked for in stretches of time of at most `seconds`.",
    ),
    "api.call": Event(
        "info",
        ("operation", "method", "status", "ms", "bytes", "attempt", "quota_left"),
        "One HTTP exchange with a vendor ended, well or not.",
    ),
    "api.retry": Event(
        "info",
        ("operation", "method", "status", "attempt", "after", "reason"),
        "An exchange failed in a way that is safe to repeat, and will be in `after` seconds.",
    ),
    "api.waited": Event(
        "debug",
        ("operation", "rate", "waited"),
        "A call waits for its share of a vendor's limit.",
    ),
    "api.refused": Event(
        "info",
        ("operation", "method", "status", "attempts", "error", "reason"),
        "A whole call ended without the answer it was made for, after all repeats. What could be done without it was "
        "done; if the cycle could not go on, `run.failed` says so.",
    ),
    "api.wrong_shape": Event(
        "warning",
        ("operation", "method", "status", "reason"),
        "An answer was no JSON, cut off, too large or of an unknown shape; nothing was assumed from it.",
        "if it stays, look for a proxy or a maintenance page between syncd and the vendor",
    ),
    "api.token": Event("info", (), "A new access token was fetched."),
    "quota.low": Event(
        "warning",
        ("used", "limit", "share"),
        "Little is left of the day's API calls of this account; told once until it is more again.",
        "find out who else uses the account's API, or raise the limit",
    ),
    "lane.waits": Event(
        "info",
        ("lane", "records", "until"),
        "So many writes of a lane wait, since what is left of the day's calls is kept for other programs "
        "(`rate.reserve`); at `until` it is seen whether they may go.",
    ),
    "hints.taken": Event(
        "debug",
        ("records", "known", "waiting"),
        "What webhooks told of was looked at: so many records were read, so many were known already, so many wait.",
    ),
    "webhooks.started": Event("info", ("port",), "The listener for webhooks answers."),
    "webhooks.heard": Event("debug", ("records",), "Webhooks told of so many records, which the next cycle looks at."),
    "webhooks.refused": Event(
        "warning",
        ("reason", "records"),
        "Calls at the listener for webhooks were not believed; told at most once a minute for each reason.",
        "read `reason` at docs/webhooks.md; nothing is lost, the poll finds every change",
    ),
    "webhooks.dropped": Event(
        "info",
        ("reason", "records"),
        "So many hints of webhooks were not kept; the poll finds what they were about.",
    ),
    # -- runs ------------------------------------------------------------------------------------------------------
    "run.started": Event("info", ("command", "mode", "who"), "A cycle began."),
    "run.finished": Event(
        "info",
        ("command", "state", "counts", "ms", "calls", "audit_head"),
        "A cycle ended. `partial` means that something is left and will be taken up by the next one. With a kept "
        "`audit_head` it can be told later whether the audit was cut: `syncd audit verify --head HASH`.",
    ),
    "run.failed": Event(
        "error",
        ("command", "error", "what"),
        "A cycle broke off; what was settled stays settled, and no cursor moved past what was not.",
        "read `what`",
    ),
    "turn.busy": Event(
        "info", ("what",), "Another process writes for the connection; the turn is taken a few seconds later."
    ),
    "turn.failed": Event(
        "warning",
        ("error", "what", "due"),
        "A turn of the daemon ended in trouble; the next one begins at `due` and finds by itself what was mended.",
        "read `what`",
    ),
    "turn.crashed": Event(
        "error",
        ("error", "trace", "due"),
        "A turn of the daemon ended in a way that nobody foresaw; the next one begins at `due`.",
        "report it with this line",
    ),
    "cycle.planned": Event("info", ("creates", "updates", "digest"), "Everything read was decided."),
    "backlog.left": Event(
        "info",
        ("since",),
        "Nothing was polled for a long time: what changed in it is caught up with in shares, behind what is fresh.",
    ),
    "page.read": Event("debug", ("records", "reread", "stream"), "A page of changed or departed records was read."),
    "setup.made": Event(
        "info",
        ("step",),
        "`setup` made a field, a right or an assignment with an administrator's credentials.",
    ),
    "sweep.ended": Event(
        "info", ("records", "agreeing"), "A whole sweep has seen every linked record; so many were found in step."
    ),
    "intent.recovered": Event(
        "info",
        ("intent", "outcome"),
        "A write without a known ending (a crash, a lost answer) was looked up and settled.",
    ),
    "intent.waiting": Event(
        "info",
        ("intent", "until"),
        "A write got no answer and may still happen; it is looked up again and not repeated before `until`.",
    ),
    "first_link.preview": Event(
        "warning",
        ("digest",),
        "Both systems are filled and not linked yet; nothing is written before a person approves.",
        "read `syncd plan`, then `syncd sync --approve DIGEST`",
    ),
    "first_link.another": Event(
        "warning",
        ("approved", "digest"),
        "The first link that a person approved is another one by now; nothing of it was written.",
        "look at the one under `digest` and approve that: `syncd plan`, or `GET .../first-link` "
        "([operations.md](operations.md#the-first-link-waits))",
    ),
    "recreate.refused": Event(
        "warning",
        ("records", "reason"),
        "Counterparts that a person asked to be made anew were not: what they were to be made from is gone, too.",
        "read `reason`; others that were asked for are made ([operations.md](operations.md#other-lines))",
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
    "write.stale": Event("info", ("link",), "A record changed since it was read; it is decided on again."),
    "write.deferred": Event(
        "info", ("link", "code"), "A write was surely not carried out; its record is looked at again in the next cycle."
    ),
    "write.indeterminate": Event(
        "warning",
        ("intent", "link", "until"),
        "A write got no answer. The record is looked up by its key until it is known what happened.",
    ),
    "write.refused": Event(
        "warning",
        ("link", "code"),
        "A vendor refused a record or one of its fields.",
        "`syncd explain link:ID` tells the vendor's reason",
    ),
    "history.unread": Event(
        "warning",
        ("records", "error"),
        "A vendor's history could not be read after guarded writes: whether one overwrote an edit is not known.",
        "compare the records that were written at that time, if the edits of people matter there",
    ),
    "field.rests": Event(
        "warning",
        ("field", "reason"),
        "A vendor changed what a mapped field is: its type, or its list lost an option; or the native connector writes "
        "it, too. Nothing of the field is carried either way; everything else goes on.",
        "look at the field in both systems, or let one of both syncs write it; then `syncd drift accept KIND.FIELD`",
    ),
    "field.parked": Event(
        "warning",
        ("field", "code", "link"),
        "One field was refused; the rest of the record was written. Tried again when value, mapping or schema change.",
        "`syncd explain link:ID FIELD`; mend the value or the mapping",
    ),
    "field.quarantined": Event(
        "error",
        ("field", "link"),
        "Something keeps putting another value back than syncd writes. After three times within 24 hours the field of "
        "that record is left alone on both sides, until a person says so or both sides agree by themselves.",
        "`syncd parked list`; find the workflow, flow or program that does it, then `syncd parked retry ID`",
    ),
    "routing.fell_back": Event(
        "warning",
        ("link",),
        "Nobody whom routing may give somebody to had room, so the fallback queue has the person.",
        "`syncd explain link:ID` says who was passed over and why; add members, or room, in routing.yaml",
    ),
    "routing.nobody": Event(
        "warning",
        ("link",),
        "Nobody whom routing may give somebody to had room, and the fallback queue is none of the CRM.",
        "`syncd doctor`; make the queue, or name another in routing.yaml",
    ),
    "record.dead_lettered": Event(
        "warning",
        ("record", "code"),
        "A record cannot be written at all.",
        "`syncd dead-letters list`",
    ),
    # -- the brake -------------------------------------------------------------------------------------------------
    "brake.held": Event(
        "error",
        ("measure", "field", "records", "held", "limit", "used", "rule", "digest"),
        "More would change at once than the brake allows; the excess is not written. Everything else goes on.",
        "`syncd held show DIGEST`, then `syncd held approve DIGEST` or `reject`",
    ),
    "brake.released": Event(
        "info", ("measure", "field", "records", "held"), "Held changes were written: approved, or their time had come."
    ),
    "brake.answered": Event(
        "info", ("digest", "outcome", "who", "records"), "A person approved or rejected what the brake holds."
    ),
    # -- handoffs --------------------------------------------------------------------------------------------------
    "handoff.visible": Event(
        "debug",
        ("link", "ms"),
        "Somebody who was qualified in marketing is visible in the CRM, `ms` after the qualification; "
        "`syncd_delivery_seconds` counts them. Not told of a first link, nor of whoever sales could see before.",
    ),
    "handoff.due": Event(
        "info",
        ("episode", "link", "clock", "until"),
        "Three quarters of the time that sales has for somebody are over, and nothing was done yet.",
    ),
    "handoff.overdue": Event(
        "warning",
        ("episode", "link", "clock", "until"),
        "The time that sales had for somebody is over, and nothing was done.",
        "`syncd report handoff --show touch:breached`, `decision:breached` or `work:breached` lists them",
    ),
    "handoff.unheard": Event(
        "warning",
        ("until",),
        "What is left of the day's calls of this side is kept for other programs (`rate.reserve`), so activities of "
        "sales are not read: handoffs are neither told to be late nor handed on until they are. Told once, when it "
        "begins; at `until` it is seen whether they may be read.",
        "look at docs/operations.md#api-calls-run-out; `syncd report handoff` lists what is late meanwhile",
    ),
    "handoff.terms_changed": Event(
        "info",
        ("people",),
        "Service levels, calendars or meanings of stages are others: open handoffs are counted by them from now on.",
    ),
    "handoff.handed_on": Event(
        "warning",
        ("link", "until"),
        "Nobody touched somebody in time, and routing gave them to another owner, or to the queue.",
        "`syncd explain link:ID` says from whom and to whom; `late` in routing.yaml switches it off",
    ),
    "handoff.kept": Event(
        "warning",
        ("records", "limit"),
        "More people were not touched in time than may be taken from their owners in 24 hours; the rest wait.",
        "`syncd report handoff --show touch:breached` lists them; the bound is `late.per_day` in routing.yaml",
    ),
    # -- notices ---------------------------------------------------------------------------------------------------
    "maintenance.began": Event(
        "info", ("until", "who"), "Alerts of the connection rest until then; it is kept in step as before."
    ),
    "maintenance.ended": Event("info", ("since", "who"), "Alerts are told again; what still was wrong was told."),
    "heartbeat.failed": Event(
        "warning",
        ("target", "reason"),
        "A heartbeat's address was not reached; told once until it is again. Nothing else is touched by it.",
        "look at the address in `notify.heartbeats`, and at the way to it",
    ),
    "heartbeat.sent": Event("debug", ("target", "ms"), "A heartbeat's address was called after a good cycle."),
    "vendor.down": Event(
        "warning",
        ("since",),
        "A vendor has not answered properly for a while, whatever was asked. What follows from that (a side that is "
        "not read, cycles that fail) is not told beside it; syncd goes on by itself when the vendor does.",
        "look at the vendor's status page, and at the way to it; `syncd status`",
    ),
    "vendor.up": Event("info", (), "The vendor answers again."),
    "notify.sent": Event("info", ("target", "notice", "attempt", "ms"), "A target took a notice."),
    "notify.failed": Event(
        "warning",
        ("target", "notice", "attempt", "after", "reason"),
        "A target took no notice; it waits, and is sent again in `after` seconds. Other targets get theirs meanwhile.",
        "read `reason`; `syncd notify test` tries it, `syncd notify list` shows what waits",
    ),
    "notify.dropped": Event(
        "error",
        ("target", "records", "reason"),
        "So many notices were given up: too many waited, or nobody of that name is configured any more.",
        "mend the target; what happened meanwhile is in the log",
    ),
    "notify.unkept": Event(
        "warning",
        ("error", "reason"),
        "The store does not take notices just now; they are kept in memory. Told once until it works again.",
        "look at the store: `syncd status`",
    ),
    "side.stalled": Event(
        "error",
        ("since",),
        "A side was not read to its present edge for three intervals: nothing arrives from it.",
        "`syncd status`; the last `turn.failed` in the log says why",
    ),
    "side.polled_again": Event("info", (), "A side that had stalled is read again."),
    "dead_letters.many": Event(
        "warning",
        ("records", "limit"),
        "More records cannot be written than `notify.dead_letters` lets pass.",
        "`syncd dead-letters list`",
    ),
    "dead_letters.dropped": Event(
        "warning",
        ("records",),
        "Dead letters of more than 180 days were dropped, and of more than 100,000 of a connection the oldest.",
        "nothing: a record that still cannot be written is listed anew when it changes or everything is compared",
    ),
    "dead_letters.few": Event("info", ("records", "limit"), "No more than that any longer."),
    # -- people and records ----------------------------------------------------------------------------------------
    "conflict.opened": Event(
        "warning",
        ("conflict", "topic", "field"),
        "A question that no rule settles: both sides changed one value, or several records match. Nothing is guessed.",
        "`syncd conflicts list`, then `syncd conflicts resolve`",
    ),
    "conflict.resolved": Event("info", ("conflict",), "A conflict was carried out or went away."),
    "record.gone": Event(
        "info",
        ("record", "how", "link"),
        "A linked record left; the other one is untouched and nothing is made anew.",
    ),
    "record.moved": Event("info", ("old", "new", "how", "link"), "A record was merged or converted; its link follows."),
    "link.unlinked": Event(
        "info", ("link", "who"), "A person said that two records are not one: their link ended, and they stay apart."
    ),
    "link.key_kept": Event(
        "warning",
        ("record", "link"),
        "The key field of an unlinked record could not be emptied: it goes on naming its former counterpart.",
        "empty that field by hand; a lost store would take the two for one, and another link to that one has no key",
    ),
    "privacy.doubted": Event(
        "error",
        ("records",),
        "So many contacts are nowhere at once that they are not taken for erased: they are tombstones, nobody is "
        "forgotten and nothing is written.",
        "look into the account; if these people were erased for privacy, `syncd forget RECORD` for each",
    ),
    "person.forgotten": Event(
        "warning",
        ("link", "asked", "records"),
        "A person was forgotten: nothing is read, written or matched for them any more. What remains is listed.",
        "`syncd privacy`, then delete what remains in the system it is in",
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
    "store.absent": Event(
        "warning",
        ("place",),
        "There is no store yet at this place: both systems are looked at as before the first sync; nothing is kept.",
        "if there should be one, mind `store.url` and, where that is a relative path, the folder you are in",
    ),
    "store.migrated": Event("info", ("store", "version"), "The state store was brought to a newer schema."),
    "store.journal": Event(
        "warning",
        ("journal", "version", "reason"),
        "This SQLite has a defect with write-ahead logs; the slower rollback journal is used.",
        "install the `pysqlite3` package",
    ),
    "store.checked": Event("info", ("bytes", "ms"), "SQLite found the store file sound, when the daemon started."),
    "store.unchecked": Event(
        "warning",
        ("bytes",),
        "The store file is too large to be looked through at every start of the daemon.",
        "now and then, while nothing runs: `sqlite3 FILE 'PRAGMA quick_check'`",
    ),
    "store.witness": Event(
        "warning",
        ("outcome", "reason"),
        "The file beside the store that shows whether the store went back was missing (`adopted`: it is made anew), "
        "could not be read (`unreadable`: the same) or not be written (`unwritten`: the next time it is tried again).",
        "expected after an upgrade or a move to another machine; else look at rights and disk",
    ),
    "store.restored": Event(
        "error",
        ("reason",),
        "The store is an older copy than the one that was here, or another one. Nothing is written to a vendor until "
        "both sides were compared and a person has accepted it.",
        "`syncd sync`, `syncd conflicts list`, then `syncd store accept-restored`",
    ),
    "store.compared": Event(
        "warning",
        ("counts",),
        "After a restore, all linked records were compared; what agrees is remembered, what differs waits for you.",
        "`syncd conflicts list`, then `syncd store accept-restored`",
    ),
    "side.not_itself": Event(
        "error",
        ("record", "reason"),
        "The sentinel of a side is gone or says something else: the account may have been emptied, restored or "
        "exchanged, or another syncd keeps it in step. Nothing is written to either side.",
        "look into the account; `syncd status` says what to do",
    ),
    "side.itself_again": Event("info", (), "The sentinel is as it was planted again, or none is planted."),
    "sentinel.planted": Event(
        "info", ("record", "outcome"), "A person had a sentinel made, written anew, taken up or adopted."
    ),
    "sentinel.renewed": Event(
        "info",
        ("record", "outcome"),
        "The store wrote on its sentinel how far it has come; an `outcome` other than written is tried again later.",
    ),
    "sentinel.removed": Event("info", ("record",), "A person gave a sentinel up; it is read no longer."),
    "audit.pruned": Event(
        "info",
        ("records", "entry", "hash", "upto"),
        "Writes older than `keep.audit` were pruned, up to an entry of the chain. What stays goes on from its hash.",
    ),
    "audit.unsound": Event(
        "error",
        ("reason",),
        "What was to be pruned of the audit is not what was written, so it stays.",
        "`syncd audit verify` names the places ([audit.md](audit.md))",
    ),
    "backup.made": Event(
        "info",
        ("backup", "bytes", "ms", "gone"),
        "The store was backed up, and the backup restored to a scratch file and found sound; older ones were deleted.",
    ),
    "backup.failed": Event(
        "error",
        ("error", "reason"),
        "No backup could be made, or it did not restore. It is tried again within 15 minutes.",
        "read `reason`: mostly a full disk, or rights ([operations.md](operations.md#backups-fail))",
    ),
    "store.accepted": Event("info", ("who",), "A person accepted the restored store; the connection goes on."),
    "config.loaded": Event("info", ("hash", "files"), "The configuration was read and is sound."),
    "definitions.changed": Event(
        "info", ("terms",), "What both teams' words mean has changed since syncd last worked with them."
    ),
    "config.refused": Event(
        "error",
        ("what",),
        "The configuration was to be read again and is not sound; the old one stays in use.",
        "read `what`",
    ),
    "config.optional": Event(
        "info", ("reason",), "An optional field is left out, because a vendor field it needs is not there."
    ),
    "cursor.unusable": Event(
        "warning",
        ("reason", "stream"),
        "A stored position in a vendor's stream cannot be used; it goes on from now, and all is compared.",
        "nothing, once; if it comes again, read `reason`: the store or one of the clocks is wrong (`syncd doctor`), or"
        " Salesforce empties its log of deletions before it is read",
    ),
    "schema.changed": Event(
        "warning",
        ("fingerprint",),
        "A vendor's schema is not what it was at the last check.",
        "`syncd check --online` tells whether the mapping still fits",
    ),
    "native.unseen": Event(
        "warning",
        ("error", "reason"),
        "It could not be looked whether the vendors' own connector writes the same fields; all else goes on.",
        "read `reason`; `syncd doctor` looks for it, too",
    ),
    "schema.unread": Event(
        "warning",
        ("object", "part", "code"),
        "A vendor did not tell a part of an object's description; the rest is used, and that part is not checked.",
        "give syncd's user the right to it where the code says so; else nothing, it is asked again",
    ),
    # -- stand-ins and demo ----------------------------------------------------------------------------------------
    "sandbox.started": Event("info", ("vendor", "port"), "A stand-in listens on loopback."),
    "sandbox.loaded": Event("info", ("vendor", "records"), "A stand-in was filled."),
    "sandbox.stopped": Event("info", ("vendor", "calls"), "A stand-in stopped."),
    # -- the daemon ------------------------------------------------------------------------------------------------
    "service.started": Event("info", ("worker", "version", "connections"), "The daemon works."),
    "service.stopping": Event("info", ("turns",), "The daemon was told to stop; so many turns are under way."),
    "service.stopped": Event(
        "info", ("turns",), "The daemon ended. What `turns` were doing stays open and is settled at the next start."
    ),
    "service.troubled": Event(
        "error", ("error", "what"), "The daemon cannot see whose turn it is; it tries every second.", "read `what`"
    ),
    "service.recovered": Event("info", (), "The daemon sees again whose turn it is."),
    "probes.started": Event("info", ("port",), "Health and metrics without any reason are served to the network."),
    "traces.started": Event("info", (), "Runs and API calls are told to an OpenTelemetry collector as spans."),
    "traces.missing": Event(
        "info",
        (),
        "The environment names an OpenTelemetry collector, and the extra `syncd[otel]` is not installed: no traces.",
        "install it, or set `OTEL_SDK_DISABLED=true`",
    ),
    "console.started": Event("info", ("port",), "The console, health and metrics are served."),
    "console.failed": Event(
        "error",
        ("correlation", "command", "error", "trace"),
        "A call of the console failed in an unforeseen way; whoever called was told the correlation id alone.",
        "report it with its trace",
    ),
    "console.admitted": Event("info", ("who", "way"), "An operator logged in."),
    "console.refused": Event(
        "warning",
        ("reason",),
        "Somebody was not let into the console: a wrong password, too many attempts, or a command from another site.",
        "look who it was, if there are many",
    ),
    "console.invited": Event("info", ("who", "operator", "role"), "Somebody was invited to the console."),
    "console.joined": Event("info", ("operator", "role"), "Somebody who was invited set a password."),
    "console.removed": Event("info", ("who", "operator"), "An operator was removed, with every session and token."),
    "console.token": Event(
        "info", ("who", "operator", "role", "outcome"), "An API token was made (made) or revoked (revoked)."
    ),
    "console.command": Event(
        "info",
        ("who", "way", "command", "about", "status"),
        "An operator gave a command in the console or over its API; the store has it, too.",
    ),
    "shell.command": Event(
        "info",
        ("who", "command", "about", "status"),
        "Somebody gave a command on the command line that changes something; `status` is its exit code. The store has"
        " it, too.",
    ),
    "command.unnoted": Event(
        "warning",
        ("who", "command", "error"),
        "Somebody gives a command on the command line, and the store could not take the entry that says so; the command"
        " went on.",
        "look whether the store is busy or its disk full; keep the log, which says who it was",
    ),
    "console.read": Event(
        "info",
        ("who", "way", "command", "about"),
        "An operator read personal data in the console or over its API: a record once in ten minutes; the store has it,"
        " too.",
    ),
    "reading.unnoted": Event(
        "warning",
        ("who", "command", "error"),
        "Somebody reads personal data, and the store could not take the entry that says so; the reading went on.",
        "look whether the store is busy or its disk full; keep the log, which says who it was",
    ),
    "turn.stray": Event(
        "info",
        ("jobs",),
        "Turns that nobody was at are begun again: who had them ended while the database was away.",
    ),
    "worker.dead": Event(
        "warning",
        ("worker", "jobs"),
        "A worker gave no sign of life; its leases were given back and its begun jobs go to whoever is free.",
        "find out why it died, and start it again",
    ),
    # -- signals ---------------------------------------------------------------------------------------------------
    "campaign.list_unread": Event(
        "warning",
        ("campaign", "error"),
        "A list that fills a campaign cannot be read; nobody is added by it until it can.",
        "correct its id in signals.yaml, or give the token the scope crm.lists.read",
    ),
    "campaign.waits": Event(
        "warning",
        ("campaign", "records"),
        "A declared campaign is not there in the CRM, or several have its name: nobody is added to it.",
        "make it there, or name it by its id in signals.yaml",
    ),
    "signals.capped": Event(
        "info",
        ("records", "people"),
        "Some activities were left out, being more than signals.yaml allows a person for a day. They are not copied"
        " later.",
        "raise per_person, if they are missed",
    ),
    "signals.full": Event(
        "warning",
        ("waiting",),
        "As many were added today as signals.yaml allows in a day; the others wait for tomorrow.",
        "raise per_day, if that many are meant",
    ),
    "signals.refused": Event(
        "warning",
        ("code", "records"),
        "A vendor refused to add some; each is tried again a day later, and when what it is made of changes.",
        "look the code up in docs/errors.md",
    ),
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

_GOOD_NEWS: Final = frozenset(
    [
        "brake.answered",
        "brake.released",
        "conflict.resolved",
        "dead_letters.few",
        "handoff.due",
        "run.finished",
        "service.recovered",
        "service.started",
        "service.stopped",
        "side.itself_again",
        "side.polled_again",
        "store.accepted",
        "vendor.up",
    ]
)
_NOT_FOR_PEOPLE: Final = ("api.", "bulk.", "log.", "notify.")
"""One call of many, a library's own line, and what happened to a notice: told, it would be the next one."""
TELLABLE: Final = frozenset(
    name
    for name, event in EVENTS.items()
    if (event.level in {"warning", "error"} or name in _GOOD_NEWS) and not name.startswith(_NOT_FOR_PEOPLE)
)
"""Events that a person can be told of (``notify.targets.NAME.events``)."""
USUAL: Final = frozenset(
    {
        "audit.unsound",
        "backup.failed",
        "brake.held",
        "config.refused",
        "dead_letters.many",
        "field.quarantined",
        "handoff.due",
        "handoff.overdue",
        "privacy.doubted",
        "process.crashed",
        "routing.nobody",
        "service.troubled",
        "side.not_itself",
        "side.stalled",
        "store.restored",
        "turn.crashed",
        "vendor.down",
    }
)
"""What a target is told of that names no events: what waits for a person or keeps the daemon from its work."""


PAGES: Final = frozenset({"process.crashed", "service.troubled", "side.not_itself", "side.stalled", "store.restored"})
"""What wakes somebody where `notify.pages` says nothing: nothing is carried, and a person can do something about it."""


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
        "## Events for people",
        "",
        "A target of `notify` ([notifications.md](notifications.md)) that names no events is told of",
        f"{', '.join(f'`{name}`' for name in sorted(USUAL))}.",
        "",
        "Pages, which wait for no morning, are where `notify.pages` says nothing",
        f"{', '.join(f'`{name}`' for name in sorted(PAGES))}; all others are tickets.",
        "Whoever was told of a state is told of its end, without naming that event.",
        "",
        "It can also name",
        f"{', '.join(f'`{name}`' for name in sorted(TELLABLE - USUAL))}.",
        "",
        "## Keys of their own",
        "",
        "| key | meaning |",
        "|---|---|",
        *(f"| `{key}` | {meaning} |" for key, meaning in sorted(KEYS.items())),
        "",
    ]
    return "\n".join(lines)
