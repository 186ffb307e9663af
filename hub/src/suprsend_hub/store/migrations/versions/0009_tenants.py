"""Profiles for tenants, and the order of application in the history.

No release has been made yet, so this step may do what no later one may: rewrite the largest tables with hubs stopped.
"""

from suprsend_hub.store.migrate import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
breaking = True


def upgrade() -> None:
    """Apply `0009_tenants.sql`."""
    run_sql("0009_tenants.sql")
