"""Workspaces, profiles, history, rejected records, counters."""

from suprsend_hub.store.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0001_profiles.sql`."""
    run_sql("0001_profiles.sql")
