"""Which code works on the schema."""

from suprsend_hub.store.migrate import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply `0005_schema_support.sql`."""
    run_sql("0005_schema_support.sql")
