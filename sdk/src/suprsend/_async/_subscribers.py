"""The deprecated API for users, still in SuprSend's documentation: ``client.user`` and ``client.bulk_users``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from suprsend import _replies, _requests
from suprsend._async._bulk import AsyncBulkUsersEdit
from suprsend._async._caller import AsyncApi  # guards the methods, which is one level of the stack
from suprsend._edits import UserEdit
from suprsend._errors import InputValueError, SuprsendError
from suprsend._limits import MAX_EVENT_BYTES_READABLE

if TYPE_CHECKING:
    from suprsend._async._caller import AsyncConfig
    from suprsend._bulk import BulkResponse
    from suprsend._types import JSONObject

_REPLACEMENT = "client.user is deprecated; use client.users.get_edit_instance(id) and client.users.async_edit(user)"


class AsyncSubscriber(UserEdit):
    """An edit of one user, sent by ``save``. Deprecated: use ``client.users``."""

    __slots__ = ()

    config: AsyncConfig

    def __init__(self, config: AsyncConfig, distinct_id: str) -> None:
        super().__init__(config, distinct_id)

    @property
    def user_operations(self) -> list[JSONObject]:
        """Return the operations so far."""
        return self.operations

    def get_event(self) -> JSONObject:
        """Return the identity event. Each call gives it a new id and time."""
        return self.get_async_payload()

    def as_json(self) -> JSONObject:
        """Return the edit in the form in which failed records show it."""
        return self.as_json_async()

    def validate_event_size(self, event: JSONObject) -> tuple[JSONObject, int]:
        """Return the event and its size in bytes. Raise InputValueError if it is larger than 10,240 bytes."""
        return self.validate_payload_size(event)

    def validate_body(self, is_part_of_bulk: bool = False) -> list[str]:
        """Return the mistakes in this edit, and log each of them once."""
        del is_part_of_bulk
        return self.mistakes()

    async def save(self) -> JSONObject:
        """Send the edit. A refused call and a missing answer are reported in the answer, not raised.

        Returns:
            ``{"success": bool, "status": "success" or "fail", "status_code": n, "message": text}``, and ``warnings`` if
            the edit contains mistakes or the hub refused a part of it. If nothing of the edit could be applied, or in
            strict mode if anything was refused, ``success`` is False.
        """
        mistakes = self.mistakes()
        try:
            receipt = await self.config._caller.call_events(self.encode_event())  # noqa: SLF001  # see AsyncApi
            if self.config.strict:
                _replies.refuse_refusals(receipt, self.distinct_id)
            return dict(_replies.event_answer(receipt, self.distinct_id, mistakes))
        except SuprsendError as error:
            answer = _failed(*_replies.failure(error))
        if mistakes:
            answer["warnings"] = mistakes
        return answer

    def _too_big(self, size: int) -> str:
        return f"User Event size too big - {size} Bytes, must not cross {MAX_EVENT_BYTES_READABLE}"


class AsyncSubscriberFactory(AsyncApi):
    """``client.user``. Deprecated: use ``client.users``."""

    def get_instance(self, distinct_id: str) -> AsyncSubscriber:
        """Return an edit of a user. Send it with its ``save``.

        Raises:
            InputValueError: the id is not a string, or is blank.
        """
        warnings.warn(_REPLACEMENT, DeprecationWarning, stacklevel=3)
        return self._make(distinct_id)

    def new(self, distinct_id: str) -> AsyncSubscriber:
        """Return an edit of a user, like ``get_instance``."""
        warnings.warn(_REPLACEMENT, DeprecationWarning, stacklevel=3)
        return self._make(distinct_id)

    def _make(self, distinct_id: object) -> AsyncSubscriber:
        if not isinstance(distinct_id, str):
            error = InputValueError("distinct_id must be a string. an Id which uniquely identify a user in your app")
            error.add_note(_requests.not_a_string(distinct_id, "distinct_id"))
            raise error
        if not distinct_id.strip():
            raise InputValueError("distinct_id must be passed")
        return AsyncSubscriber(self.config, _requests.clean_id(distinct_id, "distinct_id"))


class AsyncBulkSubscribers(AsyncBulkUsersEdit):
    """A collector for edits from ``client.user``. Deprecated: use ``client.users.get_bulk_edit_instance``."""

    async def trigger(self) -> BulkResponse:
        """Send what was appended, like ``save``."""
        return await self.save()


class AsyncBulkSubscribersFactory(AsyncApi):
    """``client.bulk_users``. Deprecated: use ``client.users.get_bulk_edit_instance``."""

    def new_instance(self) -> AsyncBulkSubscribers:
        """Return a collector."""
        warnings.warn(
            "client.bulk_users is deprecated; use client.users.get_bulk_edit_instance()",
            DeprecationWarning,
            stacklevel=3,
        )
        return AsyncBulkSubscribers(self.config)


def _failed(status_code: int, message: str) -> JSONObject:
    return {"success": False, "status": "fail", "status_code": status_code, "message": message}
