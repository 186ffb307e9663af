"""Subscriptions of objects, and subscriber lists."""

from suprsend_hub.store.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0002_subscriptions.sql`."""
    run_sql("0002_subscriptions.sql")
