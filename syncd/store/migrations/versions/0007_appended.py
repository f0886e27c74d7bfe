"""What is only ever added to needs: which activities and campaign members were dealt with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(name: str, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, comment=comment)


def upgrade() -> None:
    """Adds one table; nothing that is there changes."""
    op.create_table(
        "appended",
        _text("connection"),
        _text("kind"),
        _text("origin", "the record of the other side, or campaign and person"),
        _text("person", "id of the person's link"),
        _text("state"),
        sa.Column("day", sa.Integer, nullable=False, comment="days since 1970; 0 where days do not matter"),
        sa.Column("ref_object", sa.Text, nullable=True),
        sa.Column("ref_id", sa.Text, nullable=True),
        _text("status"),
        sa.Column("due", sa.BigInteger, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", "origin", name="appended_key"),
        comment="activities and campaign members that were dealt with, so that none is added twice; ids only",
    )
    op.create_index("appended_person", "appended", ["connection", "kind", "person", "day"])
    op.create_index("appended_at", "appended", ["connection", "kind", "at"])
    op.create_index("appended_due", "appended", ["connection", "kind", "due"])
    op.execute("UPDATE meta SET value = '7' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
