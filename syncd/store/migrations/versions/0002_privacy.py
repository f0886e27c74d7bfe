"""What forgetting a person needs: hashed addresses with their key, and the records that remain at a vendor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds three tables; nothing that is there changes."""
    op.create_table(
        "suppressed",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column(
            "hash", sa.LargeBinary, nullable=False, comment="HMAC-SHA-256 of an address under the connection's own key"
        ),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "hash", name="suppressed_key"),
        comment="addresses of people who were forgotten; kept for good",
    )
    op.create_table(
        "suppression_secret",
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        comment="the key of the hashes in suppressed",
    )
    op.create_table(
        "remnant",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("ref_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("opted_out", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "side", "object", "ref_id", name="remnant_key"),
        comment="records of forgotten people that a person must delete at the vendor",
    )
    op.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
