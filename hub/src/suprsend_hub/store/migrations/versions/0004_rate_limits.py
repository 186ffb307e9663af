"""Rate limits of workspaces."""

from suprsend_hub.store.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0004_rate_limits.sql`."""
    run_sql("0004_rate_limits.sql")
