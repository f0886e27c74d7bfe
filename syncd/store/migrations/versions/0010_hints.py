"""What webhooks told of and no cycle has looked at yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds one table; nothing that is there changes."""
    op.create_table(
        "hint",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("heard", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "object", "id", name="hint_key"),
        comment="records that a webhook told of and that no cycle has looked at yet; ids alone",
    )
    op.execute("UPDATE meta SET value = '10' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
