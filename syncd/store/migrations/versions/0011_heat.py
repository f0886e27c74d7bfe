"""When a vendor refused last, and how hot the person behind it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UNRATED = str((2 * 10**12 + 1) * 4 + 2)
"""Nobody was rated when these rows were written."""


def upgrade() -> None:
    """Adds three columns to each of two tables, and orders what they find."""
    for name in ("dead_letter", "parked"):
        op.add_column(name, sa.Column("last", sa.BigInteger, nullable=True))
        op.add_column(name, sa.Column("grade", sa.Text, nullable=True))
        op.add_column(name, sa.Column("heat", sa.BigInteger, nullable=False, server_default=_UNRATED))
    op.drop_index("dead_letter_cause", "dead_letter")
    cause = ["connection", "kind", "side", "code", "heat", "since", "id", "last", "retry"]
    op.create_index("dead_letter_cause", "dead_letter", cause)
    cause = ["connection", "kind", "side", "field", "code", "heat", "since", "link", "last"]
    op.create_index("parked_cause", "parked", cause)
    op.execute("UPDATE meta SET value = '11' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
