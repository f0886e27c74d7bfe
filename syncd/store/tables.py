"""What the store's tables look like, for SQLite and PostgreSQL alike.

Decides names, types, keys and indexes; the migrations make the same tables, and a contract test compares the two.

* Every row belongs to one connection and every key begins with it, so that two connections never meet in a query.
* Instants are whole milliseconds since 1970 in UTC: exact, comparable, the same on both databases.
* What a person may want to read in a database shell is text; only sealed audit values and keys are bytes.
* The base of a link stands in the link's own row: the page lookup of a cycle is one index and one row, no join.
* ``link.grave`` is empty while a link lives and holds the link's own id once it is a tombstone. With it one plain
  unique index per side says "a record is in at most one live link" *and* finds tombstones, on both databases.
* ``link.gone`` of a tombstone is the side whose record left, none where a person has unlinked the two; ``forgotten``
  marks a person who was forgotten.

Length: one table after the other, read as a whole.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION: Final = 11
"""The version this code reads and writes; the newest migration ends with it."""

metadata = MetaData()

_Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the column is called exactly INTEGER."""


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _maybe_text(name: str) -> Column[str | None]:
    return Column(name, Text, nullable=True)


def _instant(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _maybe_instant(name: str) -> Column[int | None]:
    return Column(name, BigInteger, nullable=True)


def _set_id(name: str) -> Column[int | None]:
    return Column(name, Integer, ForeignKey("field_set.id"), nullable=True)


meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    _text("value"),
    comment="facts of the store as a whole; 'schema' is the schema version",
)

account = Table(
    "account",
    metadata,
    _text("connection"),
    _text("side"),
    _text("vendor"),
    _text("account"),
    _text("name"),
    _instant("bound_at"),
    PrimaryKeyConstraint("connection", "side", name="account_key"),
    UniqueConstraint("vendor", "account", name="account_once"),
    comment="the portal or org each side of a connection is bound to",
)

lease = Table(
    "lease",
    metadata,
    Column("connection", Text, primary_key=True),
    _text("holder"),
    Column("epoch", BigInteger, nullable=False),
    _instant("until"),
    comment="who may write for a connection; the epoch grows at each take and never goes back",
)

field_set = Table(
    "field_set",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("names", Text, nullable=False, unique=True),
    comment="field names of stored value lists, sorted, as a JSON list; written once, never changed",
)

link = Table(
    "link",
    metadata,
    _text("connection"),
    _text("id"),
    _text("kind"),
    _text("marketing_object"),
    _text("marketing_id"),
    _text("crm_object"),
    _text("crm_id"),
    _text("proof"),
    _instant("since"),
    _text("grave"),
    Column("keyed", Integer, nullable=False, comment="1: marketing holds the key, 2: CRM holds it, 3: both"),
    _maybe_text("gone"),
    _set_id("agreed_set"),
    _set_id("marketing_set"),
    _set_id("crm_set"),
    Column("base", Text, nullable=True, comment="JSON: [agreed values, marketing values, CRM values], in set order"),
    PrimaryKeyConstraint("connection", "id", name="link_key"),
    comment="two records that are one, and their base",
)
Index(
    "link_marketing",
    link.c.connection,
    link.c.kind,
    link.c.marketing_object,
    link.c.marketing_id,
    link.c.grave,
    unique=True,
)
Index("link_crm", link.c.connection, link.c.kind, link.c.crm_object, link.c.crm_id, link.c.grave, unique=True)

cursor = Table(
    "cursor",
    metadata,
    _text("connection"),
    _text("kind"),
    _text("side"),
    _text("stream"),
    _text("cursor"),
    _instant("moved_at"),
    PrimaryKeyConstraint("connection", "kind", "side", "stream", name="cursor_key"),
    comment="positions in the vendors' streams",
)

intent = Table(
    "intent",
    metadata,
    _text("connection"),
    _text("id"),
    _text("kind"),
    _text("side"),
    _text("action"),
    _text("link"),
    _text("object"),
    _maybe_text("ref_object"),
    _maybe_text("ref_id"),
    _text("origin_object"),
    _text("origin_id"),
    _text("fields"),
    _text("agreed"),
    _text("run"),
    _text("config"),
    _instant("sent_at"),
    PrimaryKeyConstraint("connection", "id", name="intent_key"),
    comment="writes whose ending is not known",
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    _text("connection"),
    _text("intent"),
    Column("attempt", Integer, nullable=False),
    _text("link"),
    _text("kind"),
    _text("side"),
    _maybe_text("ref_object"),
    _maybe_text("ref_id"),
    _text("action"),
    Column("changes", Text, nullable=False, comment="JSON: [[field, rule, cause], ...]"),
    Column("sealed", LargeBinary, nullable=False, comment="[[before, after], ...] under the key of the link"),
    _text("run"),
    _instant("at"),
    _text("outcome"),
    _maybe_instant("finished_at"),
    Column("lot", BigInteger, nullable=True, comment="the entry of the chain that holds the row as it was begun"),
    Column("end_lot", BigInteger, nullable=True, comment="the entry of the chain that holds its ending"),
    comment="history of writes: append only; outcome, finished_at and end_lot are filled in once",
)
Index("audit_intent", audit.c.connection, audit.c.intent, audit.c.attempt, unique=True)
Index("audit_link", audit.c.connection, audit.c.link)

chain = Table(
    "chain",
    metadata,
    _text("connection"),
    Column("number", BigInteger, nullable=False, comment="1, 2, 3, ... without a gap"),
    _instant("at"),
    Column("rows", Integer, nullable=False, comment="rows of the audit that the entry holds"),
    Column("hash", LargeBinary, nullable=False, comment="over the hash before and what the entry holds of each row"),
    PrimaryKeyConstraint("connection", "number", name="chain_key"),
    comment="one entry per lot of audit rows that was begun or ended, each hashed over the one before",
)

charge = Table(
    "charge",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    _text("connection"),
    _instant("at"),
    Column("counts", Text, nullable=False, comment="JSON: [[kind, measure, side, field, value hash, records], ...]"),
    comment="what each lot of writes changed, as the mass-change brake counts it; a trailing week is kept",
)
Index("charge_at", charge.c.connection, charge.c.at)

person_key = Table(
    "person_key",
    metadata,
    _text("connection"),
    _text("link"),
    Column("key", LargeBinary, nullable=False),
    PrimaryKeyConstraint("connection", "link", name="person_key_key"),
    comment="one key per linked record; without it that record's audit values are unreadable for good",
)

suppressed = Table(
    "suppressed",
    metadata,
    _text("connection"),
    Column("hash", LargeBinary, nullable=False, comment="HMAC-SHA-256 of an address under the connection's own key"),
    _instant("since"),
    PrimaryKeyConstraint("connection", "hash", name="suppressed_key"),
    comment="addresses of people who were forgotten; kept for good",
)

suppression_secret = Table(
    "suppression_secret",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    comment="the key of the hashes in suppressed",
)

remnant = Table(
    "remnant",
    metadata,
    _text("connection"),
    _text("side"),
    _text("object"),
    _text("ref_id"),
    _text("kind"),
    _text("opted_out"),
    _instant("since"),
    PrimaryKeyConstraint("connection", "side", "object", "ref_id", name="remnant_key"),
    comment="records of forgotten people that a person must delete at the vendor",
)

conflict = Table(
    "conflict",
    metadata,
    _text("connection"),
    _text("id"),
    _text("kind"),
    _text("topic"),
    _maybe_text("link"),
    Column("refs", Text, nullable=False, comment="JSON: [[side, object, id], ...]"),
    _maybe_text("field"),
    Column("held", Text, nullable=False, comment="JSON: [marketing value, CRM value, base value]"),
    _text("reason"),
    _instant("since"),
    _maybe_text("resolution"),
    PrimaryKeyConstraint("connection", "id", name="conflict_key"),
    comment="clashes that wait for a person",
)
Index("conflict_link", conflict.c.connection, conflict.c.link)

parked = Table(
    "parked",
    metadata,
    _text("connection"),
    _text("link"),
    _text("side"),
    _text("field"),
    _text("kind"),
    _text("object"),
    _text("ref_id"),
    _text("fingerprint"),
    _text("code"),
    _text("reason"),
    _text("advice"),
    _instant("since"),
    _maybe_instant("last"),
    _maybe_text("grade"),
    Column("heat", BigInteger, nullable=False),
    PrimaryKeyConstraint("connection", "link", "side", "field", name="parked_key"),
    comment="single fields that a vendor refused",
)
Index(
    "parked_cause",
    parked.c.connection,
    parked.c.kind,
    parked.c.side,
    parked.c.field,
    parked.c.code,
    parked.c.heat,
    parked.c.since,
    parked.c.link,
    parked.c.last,
)

dead_letter = Table(
    "dead_letter",
    metadata,
    _text("connection"),
    _text("id"),
    _text("kind"),
    _text("side"),
    _text("object"),
    _text("origin_id"),
    _text("fingerprint"),
    _text("code"),
    _text("reason"),
    _text("advice"),
    _instant("since"),
    Column("attempts", Integer, nullable=False),
    Column("retry", Boolean, nullable=False),
    _maybe_instant("last"),
    _maybe_text("grade"),
    Column("heat", BigInteger, nullable=False),
    PrimaryKeyConstraint("connection", "id", name="dead_letter_key"),
    comment="records that cannot be written",
)
Index(
    "dead_letter_cause",
    dead_letter.c.connection,
    dead_letter.c.kind,
    dead_letter.c.side,
    dead_letter.c.code,
    dead_letter.c.heat,
    dead_letter.c.since,
    dead_letter.c.id,
    dead_letter.c.last,
    dead_letter.c.retry,
)
Index("dead_letter_origin", dead_letter.c.connection, dead_letter.c.object, dead_letter.c.origin_id)

request = Table(
    "request",
    metadata,
    _text("connection"),
    _text("id"),
    _text("wish"),
    _text("argument"),
    _text("who"),
    _instant("at"),
    _maybe_instant("done_at"),
    PrimaryKeyConstraint("connection", "id", name="request_key"),
    comment="what operators asked for",
)

run = Table(
    "run",
    metadata,
    _text("connection"),
    _text("id"),
    _text("command"),
    _text("who"),
    _instant("started_at"),
    _text("digest"),
    _text("state"),
    _maybe_instant("finished_at"),
    _text("counts"),
    _text("trouble"),
    PrimaryKeyConstraint("connection", "id", name="run_key"),
    comment="cycles as history",
)
Index("run_started", run.c.connection, run.c.started_at)

memory = Table(
    "memory",
    metadata,
    _text("connection"),
    _text("name"),
    Column("content", LargeBinary, nullable=False),
    _instant("at"),
    PrimaryKeyConstraint("connection", "name", name="memory_key"),
    comment="answers of the vendors kept to spare calls: schemas, users, accounts",
)

rate = Table(
    "rate",
    metadata,
    _text("connection"),
    _text("side"),
    _text("name"),
    Column(
        "full_until", BigInteger, nullable=False, comment="microseconds: when the calls charged so far have drained"
    ),
    Column("blocked_until", BigInteger, nullable=False, comment="microseconds: the vendor said not before"),
    Column("lot", Integer, nullable=False, comment="calls granted by the last charge"),
    PrimaryKeyConstraint("connection", "side", "name", name="rate_key"),
    comment="one row per account and limit; the generic cell rate algorithm",
)

day = Table(
    "day",
    metadata,
    _text("connection"),
    _text("side"),
    Column("used", Integer, nullable=True),
    Column("allowed", Integer, nullable=True),
    _instant("at"),
    PrimaryKeyConstraint("connection", "side", name="day_key"),
    comment="the day's calls as the vendor last counted them",
)

turn = Table(
    "turn",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="grows by one whenever a turn has ended"),
    _instant("due"),
    Column("paused", Text, nullable=True, comment="JSON: who paused it, when and why"),
    comment="when each connection is to be polled next",
)

worker = Table(
    "worker",
    metadata,
    Column("id", Text, primary_key=True, comment="who, host, process id and when the process began"),
    _instant("began"),
    _instant("beat"),
    _text("version"),
    comment="daemons at work; one whose beat is old is dead, and its work is taken over",
)

ledger_event = Table(
    "ledger_event",
    metadata,
    _text("connection"),
    Column("id", LargeBinary, nullable=False, comment="a hash of all that the event says: the same one twice is one"),
    _text("person"),
    _text("what"),
    _instant("at"),
    Column("cycle", Integer, nullable=True),
    _maybe_text("stage"),
    _maybe_text("company"),
    Column("content", Text, nullable=False, comment="JSON: the rest of what it says, by name"),
    PrimaryKeyConstraint("connection", "id", name="ledger_event_key"),
    comment="what happened between marketing and sales: append only, no names and no addresses of those handed over",
)
Index("ledger_event_person", ledger_event.c.connection, ledger_event.c.person)
Index("ledger_event_company", ledger_event.c.connection, ledger_event.c.company)
Index(
    "ledger_event_stage",
    ledger_event.c.connection,
    ledger_event.c.what,
    ledger_event.c.person,
    ledger_event.c.at,
    ledger_event.c.cycle,
    ledger_event.c.stage,
)

episode = Table(
    "episode",
    metadata,
    _text("connection"),
    _text("id"),
    _text("person"),
    Column("people", Integer, nullable=False),
    _text("born"),
    _text("state"),
    _instant("opened_at"),
    _instant("last_at"),
    *(
        _maybe_instant(name)
        for name in (
            "contacted_at",
            "qualified_at",
            "delivered_at",
            "touched_at",
            "accepted_at",
            "rejected_at",
            "offered_at",
            "won_at",
            "closed_at",
        )
    ),
    _maybe_text("reason"),
    *(_maybe_instant(name) for name in ("system", "touch", "decision")),
    *(_maybe_instant(name) for name in ("touch_warned", "touch_due", "decision_warned", "decision_due")),
    _maybe_instant("assigned_at"),
    *(
        _maybe_text(name)
        for name in (
            "company",
            "origin",
            "last_touch",
            "asset",
            "persona",
            "grade",
            "owner",
            "sdr",
            "bdr",
            "ae",
            "qualified_by",
            "complete",
            "valid",
            "touch_owner",
            "decision_owner",
        )
    ),
    Column("amount", BigInteger, nullable=True, comment="hundredths of the currency"),
    *(_maybe_text(name) for name in ("currency", "terms")),
    Column("oddities", Text, nullable=False, comment="what cannot be true or is lacking, with spaces between"),
    PrimaryKeyConstraint("connection", "id", name="episode_key"),
    comment="one handoff from marketing to sales each; computed from ledger_event and never edited; clocks in ms",
)
Index("episode_opened", episode.c.connection, episode.c.opened_at, episode.c.id)
Index("episode_company", episode.c.connection, episode.c.company)

episode_member = Table(
    "episode_member",
    metadata,
    _text("connection"),
    _text("person"),
    Column("cycle", Integer, nullable=False),
    _text("episode"),
    _instant("at"),
    Column("qualified", Boolean, nullable=False),
    _maybe_text("state"),
    _maybe_instant("closed_at"),
    *(_maybe_text(name) for name in ("reason", "owner", "persona", "grade")),
    *(_maybe_instant(name) for name in ("touch_warned", "touch_due", "decision_warned", "decision_due")),
    *(_maybe_instant(name) for name in ("work_warned", "work_due")),
    PrimaryKeyConstraint("connection", "person", "cycle", name="episode_member_key"),
    comment="who is in which episode, with which of their cycles",
)
Index("episode_member_episode", episode_member.c.connection, episode_member.c.episode)

assignment = Table(
    "assignment",
    metadata,
    _text("connection"),
    _text("intent"),
    _text("link"),
    Column("number", BigInteger, nullable=False),
    _instant("at"),
    _text("how"),
    _maybe_text("owner"),
    _text("rule"),
    _text("pool"),
    Column("passed", Text, nullable=False, comment="JSON: rule, owner and reason of who was passed over"),
    Column("outcome", Text, nullable=False, comment="of the write that carries it out; empty while not known"),
    Column("live", Boolean, nullable=False, comment="the last one of a person who may be open"),
    PrimaryKeyConstraint("connection", "intent", name="assignment_key"),
    comment="who was given whom in the CRM, stored and ended with the write that carries it out",
)
Index("assignment_number", assignment.c.connection, assignment.c.number)
Index(
    "assignment_turn",
    assignment.c.connection,
    assignment.c.pool,
    assignment.c.owner,
    assignment.c.outcome,
    assignment.c.number,
)
Index("assignment_at", assignment.c.connection, assignment.c.at)
Index("assignment_link", assignment.c.connection, assignment.c.link)
Index("assignment_live", assignment.c.connection, assignment.c.live, assignment.c.outcome)

appended = Table(
    "appended",
    metadata,
    _text("connection"),
    _text("kind"),
    Column("origin", Text, nullable=False, comment="the record of the other side, or campaign and person"),
    Column("person", Text, nullable=False, comment="id of the person's link"),
    _text("state"),
    Column("day", Integer, nullable=False, comment="days since 1970; 0 where days do not matter"),
    _maybe_text("ref_object"),
    _maybe_text("ref_id"),
    _text("status"),
    _maybe_instant("due"),
    _instant("at"),
    PrimaryKeyConstraint("connection", "kind", "origin", name="appended_key"),
    comment="activities and campaign members that were dealt with, so that none is added twice; ids only",
)
Index("appended_person", appended.c.connection, appended.c.kind, appended.c.person, appended.c.day)
Index("appended_at", appended.c.connection, appended.c.kind, appended.c.at)
Index("appended_due", appended.c.connection, appended.c.kind, appended.c.due)

operator = Table(
    "operator",
    metadata,
    Column("name", Text, primary_key=True),
    _text("role"),
    Column("password", Text, nullable=False, comment="scrypt: its cost, salt and hash"),
    _instant("since"),
    _text("invited_by"),
    comment="who may use the console, for all connections",
)

credential = Table(
    "credential",
    metadata,
    Column("id", Text, primary_key=True),
    _text("sort"),
    _text("operator"),
    _text("role"),
    _text("label"),
    Column("hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of a random secret that is not kept"),
    _instant("since"),
    _instant("seen"),
    _instant("until"),
    _instant("proved"),
    comment="invitations, sessions and API tokens of operators",
)

attempt = Table(
    "attempt",
    metadata,
    Column("mark", LargeBinary, primary_key=True, comment="a hash of an account's name or of an address"),
    Column("failures", Integer, nullable=False),
    _instant("at"),
    comment="logins that failed lately; kept for an hour",
)

deed = Table(
    "deed",
    metadata,
    Column("id", Text, primary_key=True),
    _instant("at"),
    _text("who"),
    _text("way"),
    _text("connection"),
    _text("what"),
    _text("about"),
    _maybe_text("key"),
    Column("asked", LargeBinary, nullable=False, comment="a hash of everything that was asked for"),
    Column("status", Integer, nullable=True),
    _maybe_text("answer"),
    UniqueConstraint("who", "key", name="deed_once"),
    comment="what operators did in the console and over its API",
)
Index("deed_at", deed.c.at, deed.c.id)

search_word = Table(
    "search_word",
    metadata,
    _text("connection"),
    Column("word", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    _text("link"),
    PrimaryKeyConstraint("connection", "word", "link", name="search_word_key"),
    sqlite_with_rowid=False,
    comment="words of the names and addresses in link.base, to find a person by how they begin",
)

hint = Table(
    "hint",
    metadata,
    _text("connection"),
    _text("object"),
    _text("id"),
    _maybe_text("version"),
    _instant("since"),
    _instant("heard"),
    PrimaryKeyConstraint("connection", "object", "id", name="hint_key"),
    comment="records that a webhook told of and that no cycle has looked at yet; ids alone",
)
