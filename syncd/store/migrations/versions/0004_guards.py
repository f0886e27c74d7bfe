"""What the guards need: the chain over the audit, and what the mass-change brake counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Adds two tables and two columns, drops a table. The chain begins here: audit rows from before are not in it."""
    for name, comment in (
        ("lot", "the entry of the chain that holds the row as it was begun"),
        ("end_lot", "the entry of the chain that holds its ending"),
    ):
        op.add_column("audit", sa.Column(name, sa.BigInteger, nullable=True, comment=comment))
    if op.get_context().dialect.supports_comments:
        op.create_table_comment(
            "audit", "history of writes: append only; outcome, finished_at and end_lot are filled in once"
        )
    op.create_table(
        "chain",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, comment="1, 2, 3, ... without a gap"),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False, comment="rows of the audit that the entry holds"),
        sa.Column(
            "hash", sa.LargeBinary, nullable=False, comment="over the hash before and what the entry holds of each row"
        ),
        sa.PrimaryKeyConstraint("connection", "number", name="chain_key"),
        comment="one entry per lot of audit rows that was begun or ended, each hashed over the one before",
    )
    op.create_table(
        "charge",
        sa.Column("seq", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column(
            "counts",
            sa.Text,
            nullable=False,
            comment="JSON: [[kind, measure, side, field, value hash, records], ...]",
        ),
        comment="what each lot of writes changed, as the mass-change brake counts it; a trailing week is kept",
    )
    op.create_index("charge_at", "charge", ["connection", "at"])
    op.drop_table("schema_seen")  # written by no version: what a schema looks like is remembered with the answers
    op.execute("UPDATE meta SET value = '4' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
