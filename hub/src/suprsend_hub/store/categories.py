"""Preference categories: documents by version, translations, the settings of workspaces and tenants for preferences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row

DRAFT = 0
"""The version number under which the draft is stored."""


@dataclass(frozen=True, slots=True)
class PreferenceSettings:
    """What decides about preferences besides choices. `settings` and `preferences` are JSON texts of the tenant.

    Without a tenant with the id that was asked for, `tenant_no` is None.
    """

    category_version: int
    translation_version: int
    active_channels: Sequence[str] | None
    tenant_no: int | None
    settings: str | None
    preferences: str | None


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A stored version. `document` is JSON text, empty in lists."""

    version_no: int
    saved_at: datetime
    commit_message: str | None
    hash: str
    document: str = ""


async def find_settings(connection: Connection, workspace_id: int, tenant_id: str) -> PreferenceSettings:
    """Return the settings of a workspace, with those of a tenant if it exists."""
    record = await connection.fetchrow(sql("find_preference_settings"), workspace_id, tenant_id)
    assert record is not None, "requests belong to a workspace that exists"
    return row(PreferenceSettings, record)


async def lock(connection: Connection, workspace_id: int) -> int:
    """Let no other change of the categories begin until the transaction ends; return the version in force."""
    return int(await connection.fetchval(sql("lock_category_version"), workspace_id))


async def make_live(connection: Connection, workspace_id: int, version_no: int) -> None:
    """Put a version into force."""
    await connection.execute(sql("set_category_version"), workspace_id, version_no)


async def find(connection: Connection, workspace_id: int, version_no: int) -> CategoryRow | None:
    """Return a version, or the draft."""
    record = await connection.fetchrow(sql("find_category_document"), workspace_id, version_no)
    return None if record is None else row(CategoryRow, record)


async def list_versions(connection: Connection, workspace_id: int, *, limit: int) -> list[CategoryRow]:
    """Return committed versions without their documents, newest first."""
    return [
        row(CategoryRow, each) for each in await connection.fetch(sql("list_category_versions"), workspace_id, limit)
    ]


async def save(connection: Connection, workspace_id: int, version: CategoryRow) -> None:
    """Store a new version, or the draft in place of the earlier one."""
    await connection.execute(
        sql("save_category_document"),
        workspace_id,
        version.version_no,
        version.saved_at,
        version.commit_message,
        version.hash,
        version.document,
    )


async def count_choices(connection: Connection, workspace_id: int, slugs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return how many recipients and how many tenants chose something for categories; others have no entry."""
    recipients: dict[str, int] = {}
    tenants: dict[str, int] = {}
    for found, name in ((recipients, "count_choices"), (tenants, "count_overrides")):
        for record in await connection.fetch(sql(name), workspace_id, slugs):
            found[record["slug"]] = record["choices"]
    return {
        slug: (recipients.get(slug, 0), tenants.get(slug, 0)) for slug in slugs if slug in recipients or slug in tenants
    }


async def list_locales(connection: Connection, workspace_id: int) -> list[tuple[str, datetime]]:
    """Return the locales with translations and when these were saved, in order."""
    records = await connection.fetch(sql("list_translations"), workspace_id)
    return [(record["locale"], record["updated_at"]) for record in records]


async def find_translations(connection: Connection, workspace_id: int, locales: Sequence[str]) -> Mapping[str, str]:
    """Return the translations that exist for the locales, as JSON texts."""
    records = await connection.fetch(sql("find_translations"), workspace_id, locales)
    return {record["locale"]: record["content"] for record in records}


async def save_translation(connection: Connection, workspace_id: int, locale: str, content: str, now: datetime) -> None:
    """Store the translations of a locale, and count the change."""
    await connection.execute(sql("save_translation"), workspace_id, locale, now, content)
    await connection.execute(sql("count_translation_change"), workspace_id)


async def set_active_channels(connection: Connection, workspace_id: int, channels: Sequence[str] | None) -> None:
    """Set the channels that a workspace uses; None means all."""
    await connection.execute(sql("set_active_channels"), workspace_id, channels)


async def lock_tenant(connection: Connection, workspace_id: int, tenant_id: str) -> str | None:
    """Return what a tenant sets for categories, locked; None if there is no such tenant."""
    text: str | None = await connection.fetchval(sql("lock_tenant_overrides"), workspace_id, tenant_id)
    return text


async def set_tenant(connection: Connection, workspace_id: int, tenant_id: str, preferences: str) -> None:
    """Write what a tenant sets for categories."""
    await connection.execute(sql("set_tenant_overrides"), workspace_id, tenant_id, preferences)
