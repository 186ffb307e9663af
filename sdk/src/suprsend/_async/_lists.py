"""Subscriber lists: the lists, their members, and replacing all members through a draft."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from suprsend import _replies, _requests
from suprsend._answers import Affected, Done, Member, OffsetPage, Page, Resolution, SubscriberList
from suprsend._async._caller import AsyncApi
from suprsend._async._pages import walk, walk_offsets, walk_resolutions
from suprsend._errors import SuprsendValidationError
from suprsend._limits import MAX_LISTED_IDS
from suprsend._pieces import pieces
from suprsend._requests import PagedByOffset, id_list, list_path, page_window, text_id
from suprsend._unsupported import refuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from suprsend._types import JSONObject

Options = dict[str, Any] | None
Ids = Iterable[str]  # at run time, of anything but text: a list, set, generator, column of a table


class AsyncSubscriberListsApi(PagedByOffset, AsyncApi):
    """``client.subscriber_lists``. Options and errors are as in ``client.users``."""

    # -- lists

    async def create(self, payload: JSONObject, options: Options = None) -> SubscriberList:
        """Create or update a list, ``{"list_id": …, "list_name": …, "list_description": …}``, and return it."""
        if not payload:
            raise SuprsendValidationError("missing payload")
        if not isinstance(payload, dict) or "list_id" not in payload:
            raise SuprsendValidationError("missing list_id is payload")  # the official wording
        named = {**payload, "list_id": text_id(payload["list_id"], "list_id")}
        return await self._caller.call_json(_requests.post("v1/subscriber_list/", named, options), SubscriberList)

    async def get_all(self, limit: int = 20, offset: int = 0, options: Options = None) -> OffsetPage[SubscriberList]:
        """Return a page of lists; ``limit`` 1 to 1000, else 20; ``offset`` from 0, else 0."""
        window = {**page_window(limit, offset), **(options or {})}
        return await self._caller.call_json(_requests.get("v1/subscriber_list/", window), OffsetPage[SubscriberList])

    def iter_lists(self) -> AsyncIterator[SubscriberList]:
        """Iterate over all lists, one page at a time."""
        return walk_offsets(self._caller, "v1/subscriber_list/", SubscriberList)

    async def get(self, list_id: str, options: Options = None) -> SubscriberList:
        """Return a list with its number of members."""
        return await self._caller.call_json(_requests.get(list_path(list_id), options), SubscriberList)

    async def delete(self, list_id: str, options: Options = None) -> Done:
        """Delete a list. The users on it remain."""
        return await self._caller.call_done(_requests.delete(list_path(list_id), options=options))

    # -- members

    async def get_subscribers(self, list_id: str, options: Options = None) -> Page[Member]:
        """Return a page of members (id, distinct_id, created_at); options ``limit``, ``before``, ``after``."""
        return await self._caller.call_json(_requests.get(list_path(list_id, "subscriber"), options), Page[Member])

    def iter_subscribers(self, list_id: str, options: Options = None) -> AsyncIterator[Member]:
        """Iterate over all members, one page at a time."""
        return walk(self._caller, list_path(list_id, "subscriber"), options, Member)

    def iter_resolutions(
        self, list_id: str, category: str, *, channels: Ids | None = None, tenant_id: str | None = None
    ) -> AsyncIterator[Resolution]:
        """Iterate over all members: whether to send each a message, as ``users.resolve`` answers it."""
        whom = {"list_id": text_id(list_id, "list_id")}
        return walk_resolutions(self._caller, _requests.question(category, channels, tenant_id, whom))

    async def add(self, list_id: str, distinct_ids: Ids, options: Options = None) -> Affected:
        """Add users that exist to a list, and return ``{"success": True, "affected_count": n}``.

        With an empty list of ids nothing is sent. A long list takes several requests, and the count is that of all. If
        a request fails, those before it have been applied; you can repeat the call. If an answer is lost and a request
        is repeated, ``affected_count`` is only what the last attempt changed. The answer then has ``warnings``.
        """
        return await self._change(list_path(list_id, "subscriber", "add"), distinct_ids, options)

    async def remove(self, list_id: str, distinct_ids: Ids, options: Options = None) -> Affected:
        """Remove users from a list, and return ``{"success": True, "affected_count": n}``; non-members are ignored."""
        return await self._change(list_path(list_id, "subscriber", "remove"), distinct_ids, options)

    def broadcast(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: the hub does not send messages."""
        del args, kwargs
        refuse("subscriber_lists.broadcast")

    # -- draft versions

    async def start_sync(self, list_id: str, options: Options = None) -> SubscriberList:
        """Create an empty draft of the list and return it; its ``version_id`` identifies it.

        The call is not repeated after a lost answer, because each attempt could create a draft.
        """
        path = list_path(list_id, "start_sync")
        return await self._caller.call_json(_requests.post(path, {}, options, repeatable=False), SubscriberList)

    async def get_version(self, list_id: str, version_id: str, options: Options = None) -> SubscriberList:
        """Return a draft."""
        return await self._caller.call_json(_requests.get(_version_path(list_id, version_id), options), SubscriberList)

    async def add_to_version(
        self, list_id: str, version_id: str, distinct_ids: Ids, options: Options = None
    ) -> Affected:
        """Add users to a draft; see ``add``."""
        return await self._change(_version_path(list_id, version_id, "subscriber", "add"), distinct_ids, options)

    async def remove_from_version(
        self, list_id: str, version_id: str, distinct_ids: Ids, options: Options = None
    ) -> Affected:
        """Remove users from a draft; see ``remove``."""
        return await self._change(_version_path(list_id, version_id, "subscriber", "remove"), distinct_ids, options)

    async def finish_sync(self, list_id: str, version_id: str, options: Options = None) -> SubscriberList:
        """Replace the members of the list by those of the draft, in one step, and return the list.

        If the answer is lost, the call is repeated. If the draft no longer exists by then, it counts as finished by the
        first attempt: the answer is the list as it is now, with ``warnings``.
        """
        path = _version_path(list_id, version_id, "finish_sync")
        response = await self._caller.call(_requests.finish(path, options))
        if response.content or not response.maybe_repeated:
            return _replies.json_object(response, SubscriberList)
        return {**await self.get(list_id), "warnings": [_replies.FINISHED_WARNING]}

    async def delete_version(self, list_id: str, version_id: str, options: Options = None) -> Done:
        """Discard a draft."""
        return await self._caller.call_done(_requests.delete(_version_path(list_id, version_id), options=options))

    async def _change(self, path: str, distinct_ids: Ids, options: Options) -> Affected:
        ids = id_list(distinct_ids)
        if not ids:
            return {"success": True}
        total: Affected = {"success": True}
        for piece in pieces(ids, MAX_LISTED_IDS):
            request = _requests.post(path, {"distinct_ids": piece}, options)
            total = _replies.added(total, _replies.counted(await self._caller.call(request)))
        return total


def _version_path(list_id: str, version_id: str, *rest: str) -> str:
    return list_path(list_id, "version", _version(version_id), *rest)


def _version(version_id: object) -> str:
    # As the official SDK: any falsy version is missing, another type is wrong.
    return text_id(version_id or "", "version_id")
