"""Objects: profiles, edits, subscriptions, preferences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from suprsend import _replies, _requests
from suprsend._answers import Done, ObjectProfile, Page, Resolution, SubscribedTo, Subscription, Subscriptions
from suprsend._async._caller import AsyncApi
from suprsend._async._pages import walk, walk_resolutions
from suprsend._edits import ObjectEdit
from suprsend._limits import MAX_DELETED_IDS, MAX_RECIPIENTS
from suprsend._pieces import payloads
from suprsend._preference_answers import CategoryPreference, ChannelPreferences, FullPreference
from suprsend._requests import clean_id, object_path
from suprsend._types import JSONObject
from suprsend._upserts import payload_mistakes, upsert_mistakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


Options = dict[str, Any] | None
Mistakes = list[str]
Channels = Iterable[str]
Parts = list[JSONObject]  # inside the class the name of the builtin is taken by a method


class AsyncObjectsApi(AsyncApi):
    """``client.objects``. A type and an id identify an object; options and errors are as in ``client.users``."""

    def detail_url(self, object_type: str, object_id: str) -> str:
        """Return the URL of an object."""
        return self.config.base_url + object_path(object_type, object_id)

    # -- profiles

    async def list(self, object_type: str, options: Options = None) -> Page[ObjectProfile]:
        """Return a page of the objects of a type; options ``limit``, ``before``, ``after``."""
        return await self._caller.call_json(_requests.get(_type_path(object_type), options), Page[ObjectProfile])

    def iter_objects(self, object_type: str, options: Options = None) -> AsyncIterator[ObjectProfile]:
        """Iterate over all objects of a type, one page at a time."""
        return walk(self._caller, _type_path(object_type), options, ObjectProfile)

    async def get(self, object_type: str, object_id: str) -> ObjectProfile:
        """Return an object's profile."""
        return await self._caller.call_json(_requests.get(object_path(object_type, object_id)), ObjectProfile)

    async def upsert(self, object_type: str, object_id: str, payload: JSONObject | None = None) -> ObjectProfile:
        """Create or update an object. Properties are merged key by key, channels are added; as ``users.upsert``."""
        path = object_path(object_type, object_id)
        mistakes = upsert_mistakes(payload, strict=self.config.strict)
        profile = await self._caller.call_json(_requests.profile_write("POST", path, payload), ObjectProfile)
        if mistakes:
            profile["warnings"] = mistakes
        return profile

    def get_edit_instance(self, object_type: str, object_id: str) -> ObjectEdit:
        """Return an empty edit of an object. Send it with ``edit``."""
        return ObjectEdit(self.config, clean_id(object_type, "object_type"), clean_id(object_id, "object_id"))

    async def edit(
        self,
        edit_ins_or_object_type: ObjectEdit | str,
        object_id: str | None = None,
        edit_payload: JSONObject | None = None,
    ) -> ObjectProfile:
        """Edit an object and return the profile after the edit.

        Either all operations are applied, or none is. Mistakes are in ``warnings``, as in ``users.edit``.

        Args:
            edit_ins_or_object_type: an edit instance, or a type with ``object_id`` and ``edit_payload``.
            object_id: id of the object, unless you pass an instance.
            edit_payload: ``{"operations": [{"$set": {…}}, …]}``, unless you pass an instance.
        """
        mistakes: Mistakes
        if isinstance(edit_ins_or_object_type, ObjectEdit):
            instance = edit_ins_or_object_type
            mistakes = instance.mistakes()
            path, edit_payload = object_path(instance.object_type, instance.object_id), instance.get_payload()
        else:
            path = object_path(edit_ins_or_object_type, object_id)
            mistakes = payload_mistakes(edit_payload, strict=self.config.strict)
        profile = await self._caller.call_json(_requests.profile_write("PATCH", path, edit_payload), ObjectProfile)
        if mistakes:
            profile["warnings"] = mistakes
        return profile

    async def delete(self, object_type: str, object_id: str) -> Done:
        """Delete an object permanently, with the subscriptions to it and its own."""
        return await self._caller.call_done(_requests.delete(object_path(object_type, object_id)))

    async def bulk_delete(self, object_type: str, payload: JSONObject) -> Done:
        """Delete objects of a type: ``{"object_ids": ["a", "b"]}``. More than 1,000 take several requests."""
        path = _requests.path("v1", "bulk", "object", clean_id(object_type, "object_type"))
        return await self._delete_all(path, payloads(payload, "object_ids", MAX_DELETED_IDS))

    # -- subscriptions

    async def get_subscriptions(self, object_type: str, object_id: str, options: Options = None) -> Page[Subscription]:
        """Return a page of the object's subscribers; options ``limit``, ``before``, ``after``."""
        path = object_path(object_type, object_id, "subscription")
        return await self._caller.call_json(_requests.get(path, options), Page[Subscription])

    def iter_subscriptions(
        self, object_type: str, object_id: str, options: Options = None
    ) -> AsyncIterator[Subscription]:
        """Iterate over all subscriptions to the object, one page at a time."""
        return walk(self._caller, object_path(object_type, object_id, "subscription"), options, Subscription)

    def iter_resolutions(
        self,
        object_type: str,
        object_id: str,
        category: str,
        *,
        channels: Channels | None = None,
        tenant_id: str | None = None,
    ) -> AsyncIterator[Resolution]:
        """Iterate over all subscribers: whether to send each a message, as ``users.resolve`` answers it."""
        named = {"object_type": clean_id(object_type, "object_type"), "id": clean_id(object_id, "object_id")}
        return walk_resolutions(self._caller, _requests.question(category, channels, tenant_id, {"object": named}))

    async def create_subscriptions(self, object_type: str, object_id: str, payload: JSONObject) -> Subscriptions:
        """Subscribe recipients to the object. More than 100 take several requests; the answer has all subscriptions.

        ``{"recipients": ["user-1", {"distinct_id": …}, {"object_type": …, "id": …}], "properties": {…}}``. A string is
        a distinct_id. Other keys of a dict update that recipient. The properties are those of the subscription.
        """
        path = object_path(object_type, object_id, "subscription")
        requests = [_requests.post(path, part) for part in payloads(payload, "recipients", MAX_RECIPIENTS)]
        answers = [await self._caller.call_json(request, Subscriptions) for request in requests]
        return answers[0] if len(answers) == 1 else _replies.joined(answers)

    async def delete_subscriptions(self, object_type: str, object_id: str, payload: JSONObject) -> Done:
        """Unsubscribe recipients: ``{"recipients": ["user-1", {"object_type": …, "id": …}]}``."""
        path = object_path(object_type, object_id, "subscription")
        return await self._delete_all(path, payloads(payload, "recipients", MAX_RECIPIENTS))

    async def _delete_all(self, path: str, parts: Parts) -> Done:
        requests = [_requests.delete(path, part) for part in parts]
        for request in requests[:-1]:
            await self._caller.call_done(request)
        return await self._caller.call_done(requests[-1])

    async def get_objects_subscribed_to(
        self, object_type: str, object_id: str, options: Options = None
    ) -> Page[SubscribedTo]:
        """Return a page of the objects that the object is subscribed to."""
        path = object_path(object_type, object_id, "subscribed_to", "object")
        return await self._caller.call_json(_requests.get(path, options), Page[SubscribedTo])

    def iter_objects_subscribed_to(
        self, object_type: str, object_id: str, options: Options = None
    ) -> AsyncIterator[SubscribedTo]:
        """Iterate over all objects that the object is subscribed to, one page at a time."""
        return walk(self._caller, object_path(object_type, object_id, "subscribed_to", "object"), options, SubscribedTo)

    # -- preferences

    async def get_full_preference(self, object_type: str, object_id: str, options: Options = None) -> FullPreference:
        """Return the object's preferences by section and by channel; options as in ``users.get_full_preference``."""
        path = object_path(object_type, object_id, "preference")
        return await self._caller.call_json(_requests.get(path, options), FullPreference)

    async def update_global_channels_preference(
        self, object_type: str, object_id: str, payload: JSONObject, options: Options = None
    ) -> ChannelPreferences:
        """Restrict channels: ``{"channel_preferences": [{"channel": "email", "is_restricted": True}]}``."""
        path = object_path(object_type, object_id, "preference", "channel_preference")
        request = _requests.profile_write("PATCH", path, payload, options)
        return await self._caller.call_json(request, ChannelPreferences)

    async def get_category_preference(
        self, object_type: str, object_id: str, category: str, options: Options = None
    ) -> CategoryPreference:
        """Return the object's preference for a category, with its channels."""
        request = _requests.get(_category_path(object_type, object_id, category), options)
        return await self._caller.call_json(request, CategoryPreference)

    async def update_category_preference(
        self, object_type: str, object_id: str, category: str, payload: JSONObject, options: Options = None
    ) -> CategoryPreference:
        """Set the object's preference for a category: ``{"preference": "opt_out"}``."""
        path = _category_path(object_type, object_id, category)
        return await self._caller.call_json(
            _requests.profile_write("PATCH", path, payload, options), CategoryPreference
        )


def _category_path(object_type: str, object_id: str, category: str) -> str:
    return object_path(object_type, object_id, "preference", "category", clean_id(category, "category"))


def _type_path(object_type: str) -> str:
    return _requests.path("v1", "object", clean_id(object_type, "object_type"))
