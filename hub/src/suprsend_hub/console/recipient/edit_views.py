"""Change a user or an object: forms that show the operation they send, and deletion with a typed confirmation.

Changes use the write path of the API, with the person's name as the source.
"""

from litestar import Response, get, post
from litestar.di import NamedDependency

from suprsend_hub.console.recipient.edit_forms import (
    ACTIONS,
    EDIT_CHANNELS,
    KINDS,
    MAX_PREVIEW_CHARS,
    PROVIDERS,
    Draft,
    draft,
    field_of,
    first_fields,
)
from suprsend_hub.console.recipient.shared import both, read_recipient, recipient_page
from suprsend_hub.console.recipient.snippets import python_lines
from suprsend_hub.console.rendering import redirect
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.values import timezone_names

_HINTS = {
    "$email": "name@example.com",
    "$sms": "+15550100",
    "$whatsapp": "+15550100",
    "$androidpush": "push token",
    "$iospush": "push token",
    "$webpush": '{"endpoint": "https://…", "keys": {"p256dh": "…", "auth": "…"}}',
    "$slack": '{"channel_id": "C0123", "access_token": "xoxb-…"}',
    "$ms_teams": '{"conversation_id": "…", "tenant_id": "…", "service_url": "https://…"}',
}


@get(both("edit/"))
async def edit_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the form of one kind of edit, `?do=`."""
    desk.require_editor()
    stored = await read_recipient(desk)
    query = dict(desk.request.query_params)
    profile = decode_profile(stored.properties, stored.channels)
    do = _action(query.get("do", ""))
    return _form(desk, stored, draft(do, first_fields(do, query, profile), profile), is_fresh=True)


@post(both("edit/"), status_code=200)
async def edit(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Apply the edit, or only show what it would do (the button Preview)."""
    desk.require_editor()
    fields = await desk.form()
    stored = await read_recipient(desk)
    drafted = draft(_action(fields.get("do", "")), fields, decode_profile(stored.properties, stored.channels))
    if fields.get("preview") or drafted.errors:
        return _form(desk, stored, drafted, status=422 if drafted.errors and not fields.get("preview") else 200)
    if not drafted.operations:
        if drafted.do == "set_language":
            return redirect(desk.paths.recipient(stored.key, done="unchanged"))
        return _form(desk, stored, _incomplete(drafted), status=422)
    try:
        after = await desk.services.recipients.edit(desk.actor, stored.key, drafted.operations)
    except InvalidRequest as error:  # the profile has changed since it was read
        key = next(iter(error.detail), "") if isinstance(error.detail, dict) else ""
        errors = {field_of(drafted.do, error.code, str(key)): error.message}
        return _form(desk, stored, Draft(drafted.do, drafted.typed, errors=errors), status=422)
    changed = (after.properties, after.channels) != (stored.properties, stored.channels)
    return redirect(desk.paths.recipient(stored.key, done="saved" if changed else "unchanged"))


def _action(do: str) -> str:
    if do not in ACTIONS:
        raise NotFound("No such form. Start from the page of the user or object.", code=Code.NO_SUCH_FORM)
    return do


def _incomplete(drafted: Draft) -> Draft:
    missing = "key" if drafted.do.endswith("_property") and not drafted.typed.get("key") else "value"
    return Draft(drafted.do, drafted.typed, errors={missing: "This field is required."})


def _form(
    desk: Desk, stored: StoredProfile, drafted: Draft, *, status: int = 200, is_fresh: bool = False
) -> Response[bytes]:
    shown = drafted.shown_operations
    return recipient_page(
        desk, stored, "recipient/edit.html", tab="edit", status=status, draft=drafted, title=ACTIONS[drafted.do],
        channels=EDIT_CHANNELS, providers=PROVIDERS, kinds=KINDS, hints=_HINTS,
        lines=python_lines(stored.key, shown) if shown and not drafted.errors else [],
        # Stored values are not an edit yet, so a form that was just opened shows no operation unless it is complete.
        has_preview=bool(shown) and not drafted.errors and not (is_fresh and drafted.do == "set_property"),
        timezones=sorted(timezone_names()) if drafted.do == "set_language" else [], max_chars=MAX_PREVIEW_CHARS,
    )  # fmt: skip


@get(both("delete/"))
async def delete_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show what deletion removes, and the field to confirm it."""
    desk.require_editor()
    stored = await read_recipient(desk)
    return recipient_page(desk, stored, "recipient/delete.html", tab="delete", error="")


@post(both("delete/"), status_code=200)
async def delete(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Delete the recipient if the id was typed exactly."""
    desk.require_editor()
    fields = await desk.form()
    stored = await read_recipient(desk)
    key = stored.key
    if fields.get("confirm", "").strip() != key.recipient_id:
        return recipient_page(
            desk,
            stored,
            "recipient/delete.html",
            tab="delete",
            status=422,
            error="This is not the id. Type the id exactly.",
        )
    await desk.services.recipients.delete(desk.actor, key)
    if key.is_user:
        return redirect(desk.paths.users(done="deleted"))
    return redirect(desk.paths.objects(key.object_type, done="deleted"))


HANDLERS = (edit_page, edit, delete_page, delete)
