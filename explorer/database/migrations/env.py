"""Alembic's way in: runs migrations over the connection that `explorer.database.migrate` opened."""

from alembic import context

from explorer.database.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes tables by copying them.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
