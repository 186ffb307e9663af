"""Objects whose subscribers wait to be swept."""

from suprsend_hub.store.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0006_dead_objects.sql`."""
    run_sql("0006_dead_objects.sql")
