"""Users of the console, their workspaces, sign-in links and attempts."""

from suprsend_hub.store.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0003_console.sql`."""
    run_sql("0003_console.sql")
