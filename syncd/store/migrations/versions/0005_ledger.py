"""What the handoff ledger needs: events, the episodes they add up to, and who is in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _maybe(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=True)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _maybe_number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=True)


def upgrade() -> None:
    """Adds three tables; nothing that is there changes."""
    op.create_table(
        "ledger_event",
        _text("connection"),
        sa.Column(
            "id",
            sa.LargeBinary,
            nullable=False,
            comment="a hash of all that the event says: the same one twice is one",
        ),
        *(_text(name) for name in ("person", "what")),
        _number("at"),
        sa.Column("cycle", sa.Integer, nullable=True),
        *(_maybe(name) for name in ("stage", "company")),
        sa.Column("content", sa.Text, nullable=False, comment="JSON: the rest of what it says, by name"),
        sa.PrimaryKeyConstraint("connection", "id", name="ledger_event_key"),
        comment="what happened between marketing and sales: append only, no names and no addresses of those handed "
        "over",
    )
    op.create_index("ledger_event_person", "ledger_event", ["connection", "person"])
    op.create_index("ledger_event_company", "ledger_event", ["connection", "company"])
    op.create_index("ledger_event_stage", "ledger_event", ["connection", "what", "person", "at", "cycle", "stage"])
    times = ("contacted", "qualified", "delivered", "touched", "accepted", "rejected", "offered", "won", "closed")
    facts = ("company", "origin", "last_touch", "asset", "persona", "grade", "owner", "sdr", "bdr", "ae")
    op.create_table(
        "episode",
        *(_text(name) for name in ("connection", "id", "person")),
        sa.Column("people", sa.Integer, nullable=False),
        *(_text(name) for name in ("born", "state")),
        *(_number(name) for name in ("opened_at", "last_at")),
        *(_maybe_number(f"{name}_at") for name in times),
        _maybe("reason"),
        *(_maybe_number(name) for name in ("system", "touch", "decision")),
        *(_maybe_number(name) for name in ("touch_warned", "touch_due", "decision_warned", "decision_due")),
        *(_maybe(name) for name in (*facts, "qualified_by", "complete", "valid")),
        sa.Column("amount", sa.BigInteger, nullable=True, comment="hundredths of the currency"),
        _maybe("currency"),
        sa.Column(
            "oddities",
            sa.Text,
            nullable=False,
            comment="what cannot be true or is lacking, with spaces between",
        ),
        sa.PrimaryKeyConstraint("connection", "id", name="episode_key"),
        comment="one handoff from marketing to sales each; computed from ledger_event and never edited; clocks in ms",
    )
    op.create_index("episode_opened", "episode", ["connection", "opened_at", "id"])
    op.create_index("episode_company", "episode", ["connection", "company"])
    op.create_table(
        "episode_member",
        *(_text(name) for name in ("connection", "person")),
        sa.Column("cycle", sa.Integer, nullable=False),
        _text("episode"),
        _number("at"),
        sa.Column("qualified", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("connection", "person", "cycle", name="episode_member_key"),
        comment="who is in which episode, with which of their cycles",
    )
    op.create_index("episode_member_episode", "episode_member", ["connection", "episode"])
    op.execute("UPDATE meta SET value = '5' WHERE key = 'schema'")


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("migrations go forward only; restore the backup from before the upgrade")
