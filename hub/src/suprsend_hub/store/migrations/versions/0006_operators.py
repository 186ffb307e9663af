"""What operators can change their minds about."""

from suprsend_hub.store.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0006_operators.sql`."""
    run_sql("0006_operators.sql")
