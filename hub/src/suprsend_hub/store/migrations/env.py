"""Alembic's entry point: run the revisions on the connection and in the way that `store.migrate` chose."""

from alembic import context

context.configure(**context.config.attributes)
with context.begin_transaction():
    context.run_migrations()
