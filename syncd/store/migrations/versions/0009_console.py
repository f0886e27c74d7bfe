"""What the console needs: operators and what opens it for them, what they did, and words to find people by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.words import index_all

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _instant(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Adds five tables and two indexes, and fills one of the tables; nothing that is there changes."""
    op.create_table(
        "operator",
        sa.Column("name", sa.Text, primary_key=True),
        _text("role"),
        sa.Column("password", sa.Text, nullable=False, comment="scrypt: its cost, salt and hash"),
        _instant("since"),
        _text("invited_by"),
        comment="who may use the console, for all connections",
    )
    op.create_table(
        "credential",
        sa.Column("id", sa.Text, primary_key=True),
        _text("sort"),
        _text("operator"),
        _text("role"),
        _text("label"),
        sa.Column(
            "hash",
            sa.LargeBinary,
            nullable=False,
            unique=True,
            comment="SHA-256 of a random secret that is not kept",
        ),
        _instant("since"),
        _instant("seen"),
        _instant("until"),
        _instant("proved"),
        comment="invitations, sessions and API tokens of operators",
    )
    op.create_table(
        "attempt",
        sa.Column("mark", sa.LargeBinary, primary_key=True, comment="a hash of an account's name or of an address"),
        sa.Column("failures", sa.Integer, nullable=False),
        _instant("at"),
        comment="logins that failed lately; kept for an hour",
    )
    op.create_table(
        "deed",
        sa.Column("id", sa.Text, primary_key=True),
        _instant("at"),
        _text("who"),
        _text("way"),
        _text("connection"),
        _text("what"),
        _text("about"),
        sa.Column("key", sa.Text, nullable=True),
        sa.Column("asked", sa.LargeBinary, nullable=False, comment="a hash of everything that was asked for"),
        sa.Column("status", sa.Integer, nullable=True),
        sa.Column("answer", sa.Text, nullable=True),
        sa.UniqueConstraint("who", "key", name="deed_once"),
        comment="what operators did in the console and over its API",
    )
    op.create_index("deed_at", "deed", ["at", "id"])
    cause = ["connection", "kind", "side", "code"]
    op.create_index("dead_letter_cause", "dead_letter", [*cause, "since", "id", "retry"])
    op.create_index("dead_letter_origin", "dead_letter", ["connection", "object", "origin_id"])
    op.create_table(
        "search_word",
        _text("connection"),
        sa.Column("word", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        _text("link"),
        sa.PrimaryKeyConstraint("connection", "word", "link", name="search_word_key"),
        sqlite_with_rowid=False,
        comment="words of the names and addresses in link.base, to find a person by how they begin",
    )
    index_all(op.get_bind())
    op.execute("UPDATE meta SET value = '9' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
