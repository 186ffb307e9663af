"""What operators can change their minds about."""

from suprsend_hub.store.migrate import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0008_operators.sql`."""
    run_sql("0008_operators.sql")
