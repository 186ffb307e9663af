"""The preference categories of workspaces: draft, commit, versions, translations, and the channels in use."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import NAMED_IDS, Action, Change
from suprsend_hub.domain.categories import CategoryDocument, Commit, Mode
from suprsend_hub.domain.category_reading import decode_categories
from suprsend_hub.domain.category_translations import Translations, decode_translations, encode_translations
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.limits import MAX_LOCALES
from suprsend_hub.domain.preference_terms import Channel, ordered
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.category_cache import EMPTY
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.store import categories
from suprsend_hub.store.categories import DRAFT, CategoryRow
from suprsend_hub.store.database import Connection, Database

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class CategoryVersion:
    """A document with what is known about it. `version_no` is None for a draft and before the first commit.

    `errors`: why a draft cannot be committed without force; None for what is in force.
    """

    document: CategoryDocument
    hash: str
    version_no: int | None = None
    commit_message: str | None = None
    committed_at: datetime | None = None
    errors: Sequence[str] | None = None


class CategoryService:
    """The categories of all workspaces. `service.preferences` answers what they mean for a recipient."""

    def __init__(
        self, database: Database, audit: AuditLog, rate_limits: RateLimits, *, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._audit = audit
        self._rate_limits = rate_limits
        self._now = now

    async def get(self, workspace_id: int, mode: Mode) -> CategoryVersion:
        """Return the document in force, or the draft; an empty one before anything was saved."""
        async with self._database.connection() as connection:
            settings = await categories.find_settings(connection, workspace_id, "")
            live = await _find_live(connection, workspace_id, settings.category_version)
            if mode is Mode.LIVE:
                return live
            draft = await _find(connection, workspace_id, DRAFT)
            return await _checked(connection, workspace_id, draft, live.document)

    async def save(
        self, actor: Actor, workspace_id: int, document: CategoryDocument, commit: Commit | None
    ) -> CategoryVersion:
        """Save a document as the draft. With `commit` also put it into force, unless the result has `errors`."""
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> CategoryVersion:
            live_no = await categories.lock(connection, workspace_id)
            draft = CategoryVersion(document, _hash(document))
            await categories.save(connection, workspace_id, _row(draft, DRAFT, self._now()))
            change = Change(Action.CATEGORY_SAVE, "", detail={"categories": len(document), "hash": draft.hash})
            await self._audit.record(connection, actor, workspace_id, change)
            live = await _find_live(connection, workspace_id, live_no)
            draft = await _checked(connection, workspace_id, draft, live.document)
            if commit is None or (draft.errors and not commit.force):
                return draft
            return await self._commit(connection, actor, workspace_id, draft, live, commit)

        return await self._database.run(use)

    async def commit(self, actor: Actor, workspace_id: int, commit: Commit) -> CategoryVersion:
        """Put the draft into force.

        Raises:
            InvalidRequest: recipients or tenants chose something for a category that it no longer has; not with force.
        """
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> CategoryVersion:
            live = await _find_live(connection, workspace_id, await categories.lock(connection, workspace_id))
            draft = await _find(connection, workspace_id, DRAFT)
            draft = await _checked(connection, workspace_id, draft, live.document)
            if draft.errors and not commit.force:
                raise InvalidRequest(
                    "; ".join(draft.errors), code=Code.INVALID_CATEGORIES, detail={"errors": draft.errors}
                )
            return await self._commit(connection, actor, workspace_id, draft, live, commit)

        return await self._database.run(use)

    async def _commit(
        self,
        connection: Connection,
        actor: Actor,
        workspace_id: int,
        draft: CategoryVersion,
        live: CategoryVersion,
        commit: Commit,
    ) -> CategoryVersion:
        """Put a draft into force as the next version. The caller holds the lock."""
        now = self._now()
        version_no = (live.version_no or 0) + 1
        version = CategoryVersion(draft.document, draft.hash, version_no, commit.message, now)
        await categories.save(connection, workspace_id, _row(version, version_no, now))
        await categories.make_live(connection, workspace_id, version_no)
        removed = live.document.missing_from(draft.document)
        change = Change(
            Action.CATEGORY_COMMIT,
            str(version_no),
            detail={
                "message": commit.message,
                "categories": len(draft.document),
                "removed": {"count": len(removed), "categories": removed[:NAMED_IDS]},
                "force": commit.force,
            },
        )
        await self._audit.record(connection, actor, workspace_id, change)
        return version

    async def versions(self, workspace_id: int, *, limit: int) -> Sequence[CategoryRow]:
        """Return committed versions without their documents, newest first."""
        async with self._database.connection() as connection:
            return await categories.list_versions(connection, workspace_id, limit=limit)

    async def locales(self, workspace_id: int) -> Sequence[tuple[str, datetime]]:
        """Return the locales with translations, and when these were saved."""
        async with self._database.connection() as connection:
            return await categories.list_locales(connection, workspace_id)

    async def translations(self, workspace_id: int, locale: str) -> Translations:
        """Return the translations of a locale; empty ones if it has none."""
        async with self._database.connection() as connection:
            found = await categories.find_translations(connection, workspace_id, [locale])
        return decode_translations(found[locale]) if found else Translations()

    async def save_translations(self, actor: Actor, workspace_id: int, locale: str, translations: Translations) -> None:
        """Replace the translations of a locale. They apply at once.

        Raises:
            InvalidRequest: the workspace has translations for too many locales.
        """
        self._rate_limits.admit(workspace_id, 1)
        content = encode_translations(translations)

        async def use(connection: Connection) -> None:
            await categories.lock(connection, workspace_id)
            known = {name for name, _ in await categories.list_locales(connection, workspace_id)}
            if len(known | {locale}) > MAX_LOCALES:
                raise InvalidRequest(
                    f"a workspace has translations for at most {MAX_LOCALES} locales", code=Code.INVALID_CATEGORIES
                )
            await categories.save_translation(connection, workspace_id, locale, content, self._now())
            detail = {"sections": len(translations.sections), "categories": len(translations.categories)}
            change = Change(Action.CATEGORY_TRANSLATE, locale, detail=dict(detail))
            await self._audit.record(connection, actor, workspace_id, change)

        await self._database.run(use)

    async def active_channels(self, workspace_id: int) -> Sequence[Channel]:
        """Return the channels that a workspace uses."""
        async with self._database.connection() as connection:
            settings = await categories.find_settings(connection, workspace_id, "")
        return active_channels(settings.active_channels)

    async def set_active_channels(
        self, actor: Actor, workspace_id: int, channels: Sequence[Channel] | None
    ) -> Sequence[Channel]:
        """Set the channels that a workspace uses, None for all; return them. Preferences follow at once."""
        self._rate_limits.admit(workspace_id, 1)
        chosen = None if channels is None else [str(channel) for channel in ordered(channels)]
        async with self._database.transaction() as connection:
            await categories.set_active_channels(connection, workspace_id, chosen)
            change = Change(Action.WORKSPACE_CHANNELS, "", detail={"channels": chosen})
            await self._audit.record(connection, actor, workspace_id, change)
        return active_channels(chosen)


def active_channels(stored: Sequence[str] | None) -> Sequence[Channel]:
    """Return the channels that a workspace uses from their storage form."""
    return tuple(channel for channel in Channel if stored is None or channel in stored)


async def _find_live(connection: Connection, workspace_id: int, version_no: int) -> CategoryVersion:
    """Return the version in force. Before the first commit that is no stored one: its number is that of the draft."""
    return await _find(connection, workspace_id, version_no) if version_no else CategoryVersion(EMPTY, _hash(EMPTY))


async def _find(connection: Connection, workspace_id: int, version_no: int) -> CategoryVersion:
    """Return a stored version, or an empty document if it is not there."""
    found = await categories.find(connection, workspace_id, version_no)
    if found is None:
        return CategoryVersion(EMPTY, _hash(EMPTY))
    committed_at = None if version_no == DRAFT else found.saved_at
    return CategoryVersion(
        decode_categories(found.document), found.hash, version_no or None, found.commit_message, committed_at
    )


async def _checked(
    connection: Connection, workspace_id: int, draft: CategoryVersion, live: CategoryDocument
) -> CategoryVersion:
    """Return the draft with the errors that only the choices of recipients and tenants bring about."""
    removed = live.missing_from(draft.document)
    counts = await categories.count_choices(connection, workspace_id, removed) if removed else {}
    errors = [
        f"category '{slug}' is removed, but has choices: {recipients} by recipients, {tenants} by tenants"
        for slug, (recipients, tenants) in counts.items()
    ]
    return CategoryVersion(draft.document, draft.hash, errors=errors)


def _hash(document: CategoryDocument) -> str:
    return hashlib.sha256(_encode(document.to_wire())).hexdigest()


def _row(version: CategoryVersion, version_no: int, now: datetime) -> CategoryRow:
    document = _encode(version.document.to_wire()).decode()
    return CategoryRow(version_no, now, version.commit_message, version.hash, document)
