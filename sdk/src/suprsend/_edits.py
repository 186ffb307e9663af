"""The edits that callers fill: UserEdit and ObjectEdit. Pure, except for clock and randomness in event ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suprsend import _encoding
from suprsend._errors import InputValueError
from suprsend._ids import new_insert_id, now_ms
from suprsend._limits import MAX_EVENT_BYTES, MAX_EVENT_BYTES_READABLE
from suprsend._operations import EditBuilder

if TYPE_CHECKING:
    from suprsend._types import EditConfig, JSONObject


class UserEdit(EditBuilder):
    """An edit of one user. Create it with ``client.users.get_edit_instance``.

    You can send an edit more than once. Sending does not clear its operations.
    """

    __slots__ = ("distinct_id", "tenant_id")

    def __init__(self, config: EditConfig, distinct_id: str, tenant_id: str | None = None) -> None:
        super().__init__(config)
        self._look_at_id(distinct_id, "distinct_id")
        self.distinct_id = distinct_id
        self.tenant_id = tenant_id

    def __repr__(self) -> str:
        return f"<UserEdit distinct_id={self.distinct_id!r} operations={len(self._operations)}>"

    def get_async_payload(self) -> JSONObject:
        """Return the identity event. Each call gives it a new ``$insert_id`` and ``$time``."""
        self._plain = False  # the caller holds the lists now
        return self._event()

    def as_json_async(self) -> JSONObject:
        """Return the edit in the form in which failed records show it: user, operations, warnings, tenant."""
        payload: JSONObject = {
            "distinct_id": self.distinct_id,
            "$user_operations": self.operations,
            "warnings": self.mistakes(),
        }
        if self.tenant_id:
            payload["tenant_id"] = self.tenant_id
        return payload

    def validate_body(self) -> list[str]:
        """Return the mistakes in this edit, in up to three texts, and log each of them once at WARNING."""
        return self.mistakes()

    def validate_payload_size(self, payload: JSONObject) -> tuple[JSONObject, int]:
        """Return ``payload`` and the size of its JSON in bytes.

        Raises:
            InputValueError: the payload is larger than 10,240 bytes, or has no JSON form.
        """
        _encoding.encode(payload, self._label())
        size = _encoding.spaced_size(payload)
        if size > MAX_EVENT_BYTES:
            raise InputValueError(self._too_big(size))
        return payload, size

    def encode_event(self) -> bytes:
        """Return the identity event as bytes to send.

        Raises:
            InputValueError: the event is larger than 10,240 bytes, or a value has no JSON form.
        """
        event = self._event()
        record = (_encoding.encode_plain if self._plain else _encoding.encode)(event, self._label())
        if not _encoding.fits_spaced(len(record), MAX_EVENT_BYTES):
            size = _encoding.spaced_size(event)
            if size > MAX_EVENT_BYTES:
                raise InputValueError(self._too_big(size))
        return record

    def _event(self) -> JSONObject:
        time_ms = now_ms()
        event: dict[str, Any] = {
            "$schema": "2",
            "$insert_id": new_insert_id(time_ms),
            "$time": time_ms,
            "env": self.config.workspace_identifier(),
            "distinct_id": self.distinct_id,
            "$user_operations": self._operations,
            "properties": {"$ss_sdk_version": self.config.user_agent},
        }
        if self.tenant_id:
            event["tenant_id"] = self.tenant_id
        return event

    def _too_big(self, size: int) -> str:
        return f"User Payload size too big - {size} Bytes, must not cross {MAX_EVENT_BYTES_READABLE}"

    def _label(self) -> str:
        return f"[distinct_id: {self.distinct_id}]"


class ObjectEdit(EditBuilder):
    """An edit of one object. Create it with ``client.objects.get_edit_instance``."""

    __slots__ = ("object_id", "object_type")

    def __init__(self, config: EditConfig, object_type: str, object_id: str) -> None:
        super().__init__(config)
        self._look_at_id(object_type, "object_type")
        self._look_at_id(object_id, "object_id")
        self.object_type = object_type
        self.object_id = object_id

    def __repr__(self) -> str:
        where = f"object_type={self.object_type!r} object_id={self.object_id!r}"
        return f"<ObjectEdit {where} operations={len(self._operations)}>"

    def validate_body(self) -> None:
        """Log each mistake in this edit once, at WARNING."""
        self.mistakes()

    def _label(self) -> str:
        return f"[Object: {self.object_type}/{self.object_id}]"
