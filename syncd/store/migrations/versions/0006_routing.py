"""What routing needs: who was given whom, by which rule, and whose turn that was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Adds a table; nothing that is there changes."""
    op.create_table(
        "assignment",
        *(_text(name) for name in ("connection", "intent", "link")),
        *(_number(name) for name in ("number", "at")),
        _text("how"),
        sa.Column("owner", sa.Text, nullable=True),
        *(_text(name) for name in ("rule", "pool")),
        sa.Column("passed", sa.Text, nullable=False, comment="JSON: rule, owner and reason of who was passed over"),
        sa.Column(
            "outcome", sa.Text, nullable=False, comment="of the write that carries it out; empty while not known"
        ),
        sa.Column("live", sa.Boolean, nullable=False, comment="the last one of a person who may be open"),
        sa.PrimaryKeyConstraint("connection", "intent", name="assignment_key"),
        comment="who was given whom in the CRM, stored and ended with the write that carries it out",
    )
    op.create_index("assignment_number", "assignment", ["connection", "number"])
    op.create_index("assignment_turn", "assignment", ["connection", "pool", "owner", "outcome", "number"])
    op.create_index("assignment_at", "assignment", ["connection", "at"])
    op.create_index("assignment_link", "assignment", ["connection", "link"])
    op.create_index("assignment_live", "assignment", ["connection", "live", "outcome"])
    op.execute("UPDATE meta SET value = '6' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
