"""Users: profiles, edits, tenants, subscriptions, preferences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from suprsend import _replies, _requests
from suprsend._answers import (
    ChannelStatusResult,
    ChannelStatusResults,
    DeliveryReport,
    Done,
    EventAnswer,
    FoundUsers,
    ManyUsers,
    Membership,
    Page,
    ResolvedUsers,
    SubscribedTo,
    TenantUser,
    Unmerged,
    UserProfile,
)
from suprsend._async._bulk import AsyncBulkRun, AsyncBulkUsersEdit
from suprsend._async._caller import AsyncApi
from suprsend._async._pages import walk
from suprsend._batches import Batch, Batcher
from suprsend._edits import UserEdit
from suprsend._errors import SuprsendValidationError
from suprsend._io._iteration import async_end, async_source
from suprsend._limits import MAX_DELETED_IDS, MAX_FAILED_RECORDS_KEPT, MAX_IN_FLIGHT, MAX_REPORTS
from suprsend._pieces import payloads, pieces
from suprsend._preference_answers import CategoryPreference, ChannelPreferences, FullPreference
from suprsend._requests import clean_id, hub_user_path, user_path
from suprsend._upserts import payload_mistakes, upsert_mistakes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable

    from suprsend._bulk import BulkProgress
    from suprsend._types import JSONObject

Options = dict[str, Any] | None
Channels = Iterable[str]
Reports = list[DeliveryReport]
Results = list[ChannelStatusResult]
Mistakes = list[str]
Ids = Iterable[str]  # at run time, of anything but text: a list, set, generator, column of a table


class AsyncUsersApi(AsyncApi):
    """``client.users``.

    The ``options`` of a method become query parameters. Ids are trimmed, and a blank id raises SuprsendValidationError.
    If the hub refuses a call, it raises SuprsendAPIException. If the hub does not answer, SuprsendTransportError.
    """

    def detail_url(self, distinct_id: str) -> str:
        """Return the URL of a user."""
        return self.config.base_url + user_path(distinct_id)

    def detail_url_for_tenant(self, distinct_id: str, tenant_id: str) -> str:
        """Return the URL of a user's profile within a tenant."""
        return self.config.base_url + _tenant_path(distinct_id, tenant_id)

    # -- edits

    def get_edit_instance(self, distinct_id: str, tenant_id: str | None = None) -> UserEdit:
        """Return an empty edit of a user, or of a profile within a tenant. Send it with ``edit`` or ``async_edit``."""
        tenant = clean_id(tenant_id, "tenant_id") if tenant_id else None
        return UserEdit(self.config, clean_id(distinct_id, "distinct_id"), tenant)

    async def edit(
        self,
        edit_ins_or_distinct_id: UserEdit | str,
        edit_payload: JSONObject | None = None,
        tenant_id: str | None = None,
        options: Options = None,
    ) -> UserProfile:
        """Edit a user and return the profile after the edit. A user that does not exist is created.

        Either all operations are applied, or none is. Keys that the hub ignores are in ``warnings``, with the other
        mistakes in the edit; in strict mode they raise.

        Args:
            edit_ins_or_distinct_id: an edit instance, or a distinct_id with the operations in ``edit_payload``.
            edit_payload: ``{"operations": [{"$set": {…}}, …]}``.
            tenant_id: edit the profile within this tenant. An edit instance already knows its tenant.
            options: query parameters.
        """
        mistakes: Mistakes = []
        if isinstance(edit_ins_or_distinct_id, UserEdit):
            instance = edit_ins_or_distinct_id
            if tenant_id and tenant_id.strip() != instance.tenant_id:
                raise SuprsendValidationError("pass tenant_id to get_edit_instance: this edit is for another profile")
            mistakes = instance.mistakes()
            distinct_id, tenant_id, edit_payload = instance.distinct_id, instance.tenant_id, instance.get_payload()
        else:
            distinct_id = edit_ins_or_distinct_id
            mistakes = payload_mistakes(edit_payload, strict=self.config.strict)
        path = user_path(distinct_id) if tenant_id is None else _tenant_path(distinct_id, tenant_id)
        profile = await self._caller.call_json(
            _requests.profile_write("PATCH", path, edit_payload, options), UserProfile
        )
        if mistakes:
            profile["warnings"] = mistakes
        return profile

    async def async_edit(self, edit_instance: UserEdit) -> EventAnswer:
        """Send an edit as an event. A user that does not exist is created.

        "Async" is SuprSend's name for *as an event*: the answer does not contain the profile.

        Returns:
            ``{"success": True, "status": "success", "status_code": 202, "message": "OK"}``. If the edit contains
            mistakes, or the hub refused a part of it, ``warnings`` says what: the rest of the edit is applied. If
            nothing of it could be applied, ``success`` is False, ``status`` is ``fail``, and nothing is stored.

        Raises:
            InputValueError: the event is larger than 10,240 bytes, or a value has no JSON form.
            SuprsendRefusedError: in strict mode, the hub refused a part of the edit, or all of it.
        """
        if not edit_instance:
            raise SuprsendValidationError("instance is required")
        if not isinstance(edit_instance, UserEdit):
            raise SuprsendValidationError(f"instance must be a UserEdit, not {type(edit_instance).__name__}")
        mistakes = edit_instance.mistakes()
        receipt = await self._caller.call_events(edit_instance.encode_event())
        if self.config.strict:
            _replies.refuse_refusals(receipt, edit_instance.distinct_id)
        return _replies.event_answer(receipt, edit_instance.distinct_id, mistakes)

    def get_bulk_edit_instance(self) -> AsyncBulkUsersEdit:
        """Return a collector for edits of many users: ``append`` them, then ``save``."""
        return AsyncBulkUsersEdit(self.config)

    def bulk_edit(
        self,
        edits: Iterable[UserEdit] | AsyncIterable[UserEdit],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        on_progress: Callable[[BulkProgress], object] | None = None,
    ) -> AsyncBulkRun:
        """Send any number of edits from an iterable, using constant memory.

        Args:
            edits: read once, and no further than the requests in flight need.
            max_in_flight: number of requests, of up to 400 edits each, in flight at the same time.
            on_progress: called with the counters each time a request has been answered for good.

        Returns:
            A run, which sends nothing until you use it. Iterate over it to get an Outcome for each edit, or call
            ``result()`` to get a summary, whose ``failed_records`` holds the first 1,000 failures.
        """
        batcher = Batcher(strict=self.config.strict)
        return AsyncBulkRun(
            self._caller,
            _batches(edits, batcher),
            batcher.flush,
            max_in_flight=max_in_flight,
            on_progress=on_progress,
            keep=MAX_FAILED_RECORDS_KEPT,
            strict=self.config.strict,
        )

    # -- profiles

    async def list(self, options: Options = None) -> Page[UserProfile]:
        """Return a page of users, ``{"meta": …, "results": […]}``; options ``limit``, ``before``, ``after``.

        With the option ``tenant_id``, only users who are linked with the tenant, with channels and the tenant's part.
        """
        return await self._caller.call_json(_requests.get("v1/user/", options), Page[UserProfile])

    def iter_users(self, options: Options = None) -> AsyncIterator[UserProfile]:
        """Iterate over all users, one page at a time."""
        return walk(self._caller, "v1/user/", options, UserProfile)

    async def get(self, distinct_id: str, options: Options = None) -> UserProfile:
        """Return a user's profile."""
        return await self._caller.call_json(_requests.get(user_path(distinct_id), options), UserProfile)

    async def upsert(self, distinct_id: str, payload: JSONObject | None = None, options: Options = None) -> UserProfile:
        """Create or update a user and return the profile. Properties are merged key by key, channels are added.

        The payload is flat, ``{"name": "Ada", "$email": ["ada@example.com"]}``; ``properties``, ``created_at`` and the
        like are refused. Identities may be as a profile shows them. Keys that the hub ignores are in ``warnings``.
        """
        path = user_path(distinct_id)
        mistakes = upsert_mistakes(payload, strict=self.config.strict)
        profile = await self._caller.call_json(_requests.profile_write("POST", path, payload, options), UserProfile)
        if mistakes:
            profile["warnings"] = mistakes
        return profile

    async def merge(self, distinct_id: str, from_user_id: str) -> UserProfile:
        """Merge the user ``from_user_id`` into ``distinct_id``, then delete it. Return the merged profile."""
        payload = {"from_user_id": clean_id(from_user_id, "from_user_id")}
        return await self._caller.call_json(
            _requests.post(user_path(distinct_id, "merge"), payload, repeatable=False), UserProfile
        )

    async def unmerge(self, distinct_id: str, from_user_id: str) -> Unmerged:
        """Take back the merge of ``from_user_id`` into ``distinct_id``. Return both users.

        The hub restores the merged user, and takes from the other one what came with the merge and has not changed
        since. It raises an error once the history of the merge is deleted, or a later merge is in the way.
        """
        payload = {"from_user_id": clean_id(from_user_id, "from_user_id")}
        return await self._caller.call_json(
            _requests.post(hub_user_path(distinct_id, "unmerge"), payload, repeatable=False), Unmerged
        )

    async def rename(self, distinct_id: str, to: str) -> UserProfile:
        """Give a user another distinct_id and return it. The old id leads to the user. Needs the scope ``manage``."""
        return await self._caller.call_json(
            _requests.post(hub_user_path(distinct_id, "rename"), {"to": clean_id(to, "to")}, repeatable=False),
            UserProfile,
        )

    async def read_many(self, distinct_ids: Ids) -> ManyUsers:
        """Return the profiles of up to 1,000 users at once, in the order of the ids."""
        payload = {"distinct_ids": _requests.id_list(distinct_ids)}
        return await self._caller.call_json(_requests.post("hub/v1/user/read_many/", payload), ManyUsers)

    async def find_by_address(self, address: str) -> FoundUsers:
        """Return up to 20 users with exactly this e-mail address or phone number, in any usual spelling."""
        request = _requests.get("hub/v1/users/by_address/", {"address": clean_id(address, "address")})
        return await self._caller.call_json(request, FoundUsers)

    # -- sending

    async def resolve(
        self,
        distinct_ids: Ids,
        category: str,
        *,
        channels: Channels | None = None,
        tenant_id: str | None = None,
    ) -> ResolvedUsers:
        """Ask for up to 1,000 users whether to send a message, on which channels, and to which addresses.

        Args:
            distinct_ids: whom to send to. Each user is answered once, whatever ids lead to it.
            category: the slug of the message's category.
            channels: those that you could use, in the order in which you want them; by default all.
            tenant_id: the tenant on whose behalf you send.
        """
        whom = {"distinct_ids": _requests.id_list(distinct_ids)}
        payload = _requests.question(category, channels, tenant_id, whom)
        return await self._caller.call_json(_requests.post("hub/v1/resolve/", payload), ResolvedUsers)

    async def set_channel_status(self, reports: Reports) -> ChannelStatusResults:
        """Report what deliveries came to, which sets the status of addresses. More than 1,000 take several requests.

        ``[{"channel": "email", "value": "ada@example.com", "event": "hard_bounce"}, …]``: see DeliveryReport. A report
        without an ``insert_id`` gets one, so that it counts once however often the request is repeated.
        """
        results: Results = []
        for piece in pieces(_requests.report_list(reports), MAX_REPORTS):
            request = _requests.post("hub/v1/channel_status/", {"reports": piece})
            results += (await self._caller.call_json(request, ChannelStatusResults))["results"]
        return {"results": results}

    async def delete(self, distinct_id: str) -> Done:
        """Delete a user permanently, with all subscriptions and list memberships."""
        return await self._caller.call_done(_requests.delete(user_path(distinct_id)))

    async def bulk_delete(self, payload: JSONObject) -> Done:
        """Delete users: ``{"distinct_ids": ["u1", "u2"]}``. More than 1,000 take several requests."""
        requests = [
            _requests.delete("v1/bulk/user/", part) for part in payloads(payload, "distinct_ids", MAX_DELETED_IDS)
        ]
        for request in requests[:-1]:
            await self._caller.call_done(request)
        return await self._caller.call_done(requests[-1])

    # -- tenants

    async def list_associated_tenants(self, distinct_id: str, options: Options = None) -> Page[TenantUser]:
        """Return a page of the tenants that the user is linked with, each with what applies to the user there."""
        return await self._caller.call_json(
            _requests.get(user_path(distinct_id, "associated_tenant"), options), Page[TenantUser]
        )

    def iter_associated_tenants(self, distinct_id: str, options: Options = None) -> AsyncIterator[TenantUser]:
        """Iterate over all tenants that the user is linked with, one page at a time."""
        return walk(self._caller, user_path(distinct_id, "associated_tenant"), options, TenantUser)

    async def get_for_tenant(self, distinct_id: str, tenant_id: str, options: Options = None) -> TenantUser:
        """Return what applies to the user within a tenant, and under ``tenant`` what was set for it."""
        return await self._caller.call_json(_requests.get(_tenant_path(distinct_id, tenant_id), options), TenantUser)

    async def upsert_for_tenant(
        self, distinct_id: str, tenant_id: str, payload: JSONObject | None = None, options: Options = None
    ) -> TenantUser:
        """Create or update the profile within a tenant. The user must exist."""
        path = _tenant_path(distinct_id, tenant_id)
        return await self._caller.call_json(_requests.profile_write("POST", path, payload, options), TenantUser)

    async def unlink_tenant(self, distinct_id: str, tenant_id: str) -> Done:
        """Delete the profile within a tenant. The user remains."""
        return await self._caller.call_done(_requests.delete(_tenant_path(distinct_id, tenant_id)))

    # -- subscriptions

    async def get_objects_subscribed_to(self, distinct_id: str, options: Options = None) -> Page[SubscribedTo]:
        """Return a page of the objects that the user is subscribed to; options ``limit``, ``before``, ``after``."""
        return await self._caller.call_json(
            _requests.get(user_path(distinct_id, "subscribed_to", "object"), options), Page[SubscribedTo]
        )

    def iter_objects_subscribed_to(self, distinct_id: str, options: Options = None) -> AsyncIterator[SubscribedTo]:
        """Iterate over all objects that the user is subscribed to, one page at a time."""
        return walk(self._caller, user_path(distinct_id, "subscribed_to", "object"), options, SubscribedTo)

    async def get_lists_subscribed_to(self, distinct_id: str, options: Options = None) -> Page[Membership]:
        """Return a page of the lists that the user is on; options ``limit``, ``before``, ``after``."""
        return await self._caller.call_json(
            _requests.get(user_path(distinct_id, "subscribed_to", "list"), options), Page[Membership]
        )

    def iter_lists_subscribed_to(self, distinct_id: str, options: Options = None) -> AsyncIterator[Membership]:
        """Iterate over all lists that the user is on, one page at a time."""
        return walk(self._caller, user_path(distinct_id, "subscribed_to", "list"), options, Membership)

    # -- preferences

    async def get_full_preference(self, distinct_id: str, options: Options = None) -> FullPreference:
        """Return the user's preferences by section and by channel.

        Options, of all preference methods: ``tenant_id`` for the preferences within a tenant, ``locale``; where
        categories are returned, ``show_opt_out_channels`` and ``tags``.
        """
        path = user_path(distinct_id, "preference")
        return await self._caller.call_json(_requests.get(path, options), FullPreference)

    async def update_global_channels_preference(
        self, distinct_id: str, payload: JSONObject, options: Options = None
    ) -> ChannelPreferences:
        """Restrict channels: ``{"channel_preferences": [{"channel": "email", "is_restricted": True}]}``.

        Return all channels. Those that the payload does not name stay as they are.
        """
        path = user_path(distinct_id, "preference", "channel_preference")
        request = _requests.profile_write("PATCH", path, payload, options)
        return await self._caller.call_json(request, ChannelPreferences)

    async def get_category_preference(
        self, distinct_id: str, category: str, options: Options = None
    ) -> CategoryPreference:
        """Return the user's preference for a category, with its channels."""
        request = _requests.get(_category_path(distinct_id, category), options)
        return await self._caller.call_json(request, CategoryPreference)

    async def update_category_preference(
        self, distinct_id: str, category: str, payload: JSONObject, options: Options = None
    ) -> CategoryPreference:
        """Set the user's preference for a category: ``{"preference": "opt_in", "opt_out_channels": ["sms"]}``.

        It replaces the earlier one with its channels. Return the category.
        """
        request = _requests.profile_write("PATCH", _category_path(distinct_id, category), payload, options)
        return await self._caller.call_json(request, CategoryPreference)


def _tenant_path(distinct_id: str, tenant_id: str) -> str:
    return user_path(distinct_id, "tenant", clean_id(tenant_id, "tenant_id"))


def _category_path(distinct_id: str, category: str) -> str:
    return user_path(distinct_id, "preference", "category", clean_id(category, "category"))


async def _batches(edits: Iterable[UserEdit] | AsyncIterable[UserEdit], batcher: Batcher) -> AsyncGenerator[Batch]:
    try:
        async for edit in async_source(edits):
            batch = batcher.add(edit, keep_refused=True)
            if batch is not None:
                yield batch
        last = batcher.flush()
        if last is not None:
            yield last
    finally:
        await async_end(edits)
