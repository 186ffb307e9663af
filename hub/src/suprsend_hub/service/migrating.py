"""Migrate the database and record that. Loads Alembic, which takes a second: import it where it is used."""

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import HUB_WIDE, Action, Change
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.service.audit import audit_row
from suprsend_hub.store import audit, migrate
from suprsend_hub.store.connect import DriverConnection


async def migrate_database(actor: Actor, url: str, *, post: bool, ulids: UlidFactory) -> migrate.Migrated:
    """Run the missing steps as `store.migrate` does. If there are any, the audit log of the hub has an entry."""

    async def record(connection: DriverConnection, found: str | None, target: str) -> None:
        change = Change(Action.DATABASE_MIGRATE, "", detail={"from": found, "to": target})
        await audit.insert(connection, [audit_row(actor, HUB_WIDE, change, ulids.new())])

    return await migrate.migrate(url, post=post, record=record)
