"""The first schema.

Written out rather than made from ``tables.py``: a migration must go on doing what it did when it was released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes all tables."""
    op.create_table(
        "account",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bound_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "side", name="account_key"),
        sa.UniqueConstraint("vendor", "account", name="account_once"),
        comment="the portal or org each side of a connection is bound to",
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("ref_object", sa.Text, nullable=True),
        sa.Column("ref_id", sa.Text, nullable=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False, comment="JSON: [[field, rule, cause], ...]"),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="[[before, after], ...] under the key of the link"),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("finished_at", sa.BigInteger, nullable=True),
        comment="history of writes: append only, the last two columns are filled in once",
    )
    op.create_index("audit_intent", "audit", ["connection", "intent", "attempt"], unique=True)
    op.create_index("audit_link", "audit", ["connection", "link"])
    op.create_table(
        "conflict",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=True),
        sa.Column("refs", sa.Text, nullable=False, comment="JSON: [[side, object, id], ...]"),
        sa.Column("field", sa.Text, nullable=True),
        sa.Column("held", sa.Text, nullable=False, comment="JSON: [marketing value, CRM value, base value]"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("resolution", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("connection", "id", name="conflict_key"),
        comment="clashes that wait for a person",
    )
    op.create_index("conflict_link", "conflict", ["connection", "link"])
    op.create_table(
        "cursor",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("moved_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", "side", "stream", name="cursor_key"),
        comment="positions in the vendors' streams",
    )
    op.create_table(
        "day",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("used", sa.Integer, nullable=True),
        sa.Column("allowed", sa.Integer, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "side", name="day_key"),
        comment="the day's calls as the vendor last counted them",
    )
    op.create_table(
        "dead_letter",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("origin_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("connection", "id", name="dead_letter_key"),
        comment="records that cannot be written",
    )
    op.create_table(
        "field_set",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("names", sa.Text, nullable=False, unique=True),
        comment="field names of stored value lists, sorted, as a JSON list; written once, never changed",
    )
    op.create_table(
        "intent",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("ref_object", sa.Text, nullable=True),
        sa.Column("ref_id", sa.Text, nullable=True),
        sa.Column("origin_object", sa.Text, nullable=False),
        sa.Column("origin_id", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("agreed", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "id", name="intent_key"),
        comment="writes whose ending is not known",
    )
    op.create_table(
        "lease",
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        comment="who may write for a connection; the epoch grows at each take and never goes back",
    )
    op.create_table(
        "memory",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "name", name="memory_key"),
        comment="answers of the vendors kept to spare calls: schemas, users, accounts",
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        comment="facts of the store as a whole; 'schema' is the schema version",
    )
    op.create_table(
        "parked",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("ref_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "link", "side", "field", name="parked_key"),
        comment="single fields that a vendor refused",
    )
    op.create_table(
        "person_key",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("connection", "link", name="person_key_key"),
        comment="one key per linked record; without it that record's audit values are unreadable for good",
    )
    op.create_table(
        "rate",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(
            "full_until",
            sa.BigInteger,
            nullable=False,
            comment="microseconds: when the calls charged so far have drained",
        ),
        sa.Column("blocked_until", sa.BigInteger, nullable=False, comment="microseconds: the vendor said not before"),
        sa.Column("lot", sa.Integer, nullable=False, comment="calls granted by the last charge"),
        sa.PrimaryKeyConstraint("connection", "side", "name", name="rate_key"),
        comment="one row per account and limit; the generic cell rate algorithm",
    )
    op.create_table(
        "request",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("argument", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("connection", "id", name="request_key"),
        comment="what operators asked for",
    )
    op.create_table(
        "run",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("finished_at", sa.BigInteger, nullable=True),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("connection", "id", name="run_key"),
        comment="cycles as history",
    )
    op.create_index("run_started", "run", ["connection", "started_at"])
    op.create_table(
        "schema_seen",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", "side", name="schema_seen_key"),
        comment="the last check of a vendor's schema",
    )
    op.create_table(
        "link",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("marketing_object", sa.Text, nullable=False),
        sa.Column("marketing_id", sa.Text, nullable=False),
        sa.Column("crm_object", sa.Text, nullable=False),
        sa.Column("crm_id", sa.Text, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("grave", sa.Text, nullable=False),
        sa.Column("keyed", sa.Integer, nullable=False, comment="1: marketing holds the key, 2: CRM holds it, 3: both"),
        sa.Column("gone", sa.Text, nullable=True),
        sa.Column("agreed_set", sa.Integer, sa.ForeignKey("field_set.id"), nullable=True),
        sa.Column("marketing_set", sa.Integer, sa.ForeignKey("field_set.id"), nullable=True),
        sa.Column("crm_set", sa.Integer, sa.ForeignKey("field_set.id"), nullable=True),
        sa.Column(
            "base", sa.Text, nullable=True, comment="JSON: [agreed values, marketing values, CRM values], in set order"
        ),
        sa.PrimaryKeyConstraint("connection", "id", name="link_key"),
        comment="two records that are one, and their base",
    )
    op.create_index("link_crm", "link", ["connection", "kind", "crm_object", "crm_id", "grave"], unique=True)
    op.create_index(
        "link_marketing", "link", ["connection", "kind", "marketing_object", "marketing_id", "grave"], unique=True
    )
    op.execute("INSERT INTO meta (key, value) VALUES ('schema', '1')")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
