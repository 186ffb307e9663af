"""The audit log, the actor of an edit, the scopes of an API key, the requests that idempotency keys belong to."""

from suprsend_hub.store.migrate import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0007_audit.sql`."""
    run_sql("0007_audit.sql")
