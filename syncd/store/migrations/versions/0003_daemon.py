"""What the daemon needs: when each connection is due, and which workers are alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two tables; nothing that is there changes."""
    op.create_table(
        "turn",
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, comment="grows by one whenever a turn has ended"),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Text, nullable=True, comment="JSON: who paused it, when and why"),
        comment="when each connection is to be polled next",
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Text, primary_key=True, comment="who, host, process id and when the process began"),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        comment="daemons at work; one whose beat is old is dead, and its work is taken over",
    )
    op.execute("UPDATE meta SET value = '3' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
