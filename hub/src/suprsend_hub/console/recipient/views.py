"""Show a user or an object: profile, JSON, history, subscriptions at both ends, rejected records."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency

from suprsend_hub.console.formats import pretty
from suprsend_hub.console.recipient.differences import REFUSED_WITHIN, Change, changes_of
from suprsend_hub.console.recipient.secrets import find_identity, shown_channels
from suprsend_hub.console.recipient.shared import both, read_recipient, recipient_page
from suprsend_hub.console.rendering import content
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.profile import Profile, decode_profile, profile_to_wire
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import HistoryEntry, StoredProfile
from suprsend_hub.domain.wire import LOCALE, PREFERRED_LANGUAGE, TIMEZONE
from suprsend_hub.service.pages import PageRequest

LANGUAGE_KEYS = {PREFERRED_LANGUAGE: "Language", LOCALE: "Locale", TIMEZONE: "Timezone"}
_BESIDE = 5
"""How many subscriptions and edits are shown next to the profile."""
_PAGE = 50
_HISTORY_PAGE = 20
_REFUSED_LOOKED_AT = 200
_JSON_CHARS = 40_000
"""How many characters of a profile's JSON the page shows; a link opens the rest."""


async def profile_page(desk: Desk, stored: StoredProfile, *, reveal: str | None = None) -> Response[bytes]:
    """Return the first tab, an overview of the recipient."""
    services, key = desk.services, stored.key
    profile = decode_profile(stored.properties, stored.channels)
    beside = PageRequest(_BESIDE)
    objects = await services.subscriptions.page_of_subscriber(key, beside)
    lists = await services.lists.page_of_user(desk.workspace_id, key.recipient_id, beside) if key.is_user else None
    subscribers = None if key.is_user else await services.subscriptions.page(key, beside)
    history = await services.recipients.history(key, limit=_BESIDE)
    former_ids = await services.recipients.former_ids(key) if key.is_user else ()
    custom = {name: value for name, value in profile.properties.items() if name not in LANGUAGE_KEYS}
    return recipient_page(
        desk, stored, "recipient/profile.html", tab="", channels=shown_channels(profile, reveal=reveal),
        properties=mask_secrets(custom), language_keys=LANGUAGE_KEYS, objects=objects, lists=lists,
        subscribers=subscribers, former_ids=former_ids, changes=await _changes(desk, key, history),
    )  # fmt: skip


@get(both())
async def show(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the profile."""
    return await profile_page(desk, await read_recipient(desk))


@post(both("reveal/"), status_code=200)
async def reveal(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the profile with one secret in plain text. The audit log records who revealed which."""
    desk.require_editor()
    fields = await desk.form()
    stored = await read_recipient(desk)
    found = find_identity(decode_profile(stored.properties, stored.channels), fields.get("mark", ""))
    if found is not None:
        await desk.services.recipients.record_reveal(desk.actor, stored.key, channel=found[0])
    return await profile_page(desk, stored, reveal=fields.get("mark", ""))


def _wire_json(profile: Profile) -> str:
    return pretty(mask_secrets(profile_to_wire(profile)))


@get(both("json/"))
async def show_json(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the profile as JSON with secrets masked; with `?whole=1` as a separate document."""
    stored = await read_recipient(desk)
    text = _wire_json(decode_profile(stored.properties, stored.channels))
    if desk.request.query_params.get("whole"):
        return content(desk.request, text.encode(), "application/json")
    return recipient_page(
        desk, stored, "recipient/json.html", tab="json", text=text[:_JSON_CHARS], chars=len(text),
        is_cut=len(text) > _JSON_CHARS,
    )  # fmt: skip


@get(both("history/"))
async def show_history(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the edits, newest first, each with what it changed."""
    stored = await read_recipient(desk)
    before = desk.newest_before()
    recipients = desk.services.recipients
    entries = await recipients.history(stored.key, before=before, limit=_HISTORY_PAGE)
    last = entries[-1].edit_id if entries else None
    older = ulid_text(last) if last and await recipients.history(stored.key, before=last, limit=1) else None
    return recipient_page(
        desk, stored, "recipient/history.html", tab="history", older=older, is_first=before is None,
        changes=await _changes(desk, stored.key, entries),
    )  # fmt: skip


@get(both("rejected/"))
async def show_rejected(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show which records and operations of this recipient were rejected."""
    stored = await read_recipient(desk)
    before = desk.newest_before()
    rows = await desk.services.rejected.page_of_recipient(stored.key, before=before, limit=_HISTORY_PAGE + 1)
    older = ulid_text(rows[_HISTORY_PAGE - 1].rejected_id) if len(rows) > _HISTORY_PAGE else None
    return recipient_page(
        desk, stored, "recipient/rejected.html", tab="rejected", rows=rows[:_HISTORY_PAGE], older=older,
        is_first=before is None,
    )  # fmt: skip


async def _changes(desk: Desk, key: RecipientKey, entries: Sequence[HistoryEntry]) -> list[Change]:
    """Return what edits changed; the log of rejected records of that time says which parts were not applied."""
    if not entries:
        return []
    until = UUID(int=min(entries[0].edit_id.int + REFUSED_WITHIN, 2**128 - 1))
    rejected = await desk.services.rejected.page_of_recipient(key, before=until, limit=_REFUSED_LOOKED_AT)
    return changes_of(entries, [row for row in rejected if row.rejected_id > entries[-1].edit_id])


@get(both("subscriptions/"))
async def show_subscriptions(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the objects that a recipient is subscribed to."""
    stored = await read_recipient(desk)
    found = await desk.services.subscriptions.page_of_subscriber(stored.key, desk.page_request(_PAGE))
    return recipient_page(desk, stored, "recipient/subscriptions.html", tab="subscriptions", found=found)


@get("/w/{workspace:str}/users/{recipient_id:str}/lists/")
async def show_lists(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the lists that a user is a member of."""
    stored = await read_recipient(desk)
    found = await desk.services.lists.page_of_user(desk.workspace_id, stored.key.recipient_id, desk.page_request(_PAGE))
    return recipient_page(desk, stored, "recipient/lists.html", tab="lists", found=found)


@get("/w/{workspace:str}/objects/{object_type:str}/{recipient_id:str}/subscribers/")
async def show_subscribers(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the subscribers of an object."""
    stored = await read_recipient(desk)
    found = await desk.services.subscriptions.page(stored.key, desk.page_request(_PAGE))
    return recipient_page(desk, stored, "recipient/subscribers.html", tab="subscribers", found=found)


HANDLERS = (
    show, reveal, show_json, show_history, show_rejected, show_subscriptions, show_lists, show_subscribers,
)  # fmt: skip
