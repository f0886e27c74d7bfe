"""What people of one episode need who wait one by one: how it goes with each, whose clock it was, and by what terms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIMES = ("touch_warned", "touch_due", "decision_warned", "decision_due", "work_warned", "work_due")
_AS_IT_ENDED = ("state", "closed_at", "reason", "owner", "persona", "grade")


def upgrade() -> None:
    """Adds columns. Whoever is in an episode that is there has its state; the next cycle counts the open ones anew."""
    op.add_column("episode", sa.Column("assigned_at", sa.BigInteger, nullable=True))
    for name in ("touch_owner", "decision_owner", "terms"):
        op.add_column("episode", sa.Column(name, sa.Text, nullable=True))
    op.execute("UPDATE episode SET touch_owner = owner, decision_owner = owner")
    for name in _AS_IT_ENDED:
        sort = sa.BigInteger if name == "closed_at" else sa.Text
        op.add_column("episode_member", sa.Column(name, sort, nullable=True))
    for name in _TIMES:
        op.add_column("episode_member", sa.Column(name, sa.BigInteger, nullable=True))
    theirs = "FROM episode e WHERE e.connection = episode_member.connection AND e.id = episode_member.episode"
    for name in _AS_IT_ENDED:
        op.execute(f"UPDATE episode_member SET {name} = (SELECT e.{name} {theirs})")  # noqa: S608 - names from above
    op.execute("UPDATE meta SET value = '8' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
