"""Runs migrations on the connection that ``syncd.store.migrate`` hands over, inside its transaction.

There is no alembic.ini and no mode without a database: a store is migrated when it is opened, by the code that knows
where it is.
"""

from __future__ import annotations

from alembic import context

from syncd.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,  # both databases take back a table that was made in a transaction
)
with context.begin_transaction():
    context.run_migrations()
