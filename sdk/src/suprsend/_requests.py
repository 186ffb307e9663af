"""Build requests. No I/O.

Paths, encodings and local checks follow the official SDK: ``contract/vectors/wire_requests.json``. Ids that are ``.``
or ``..`` are refused here, because URL rules would turn them into another resource.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from suprsend import _encoding
from suprsend._errors import SuprsendValidationError
from suprsend._iterables import listed
from suprsend._limits import MAX_ID_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from suprsend._types import JSONObject


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Request:
    """One call, before it is signed.

    Attributes:
        method: HTTP method.
        path: path and query after the base URL, percent-encoded, without leading slash.
        body: bytes to send.
        repeatable: applying it twice equals applying it once, so it may be sent again if there was no answer.
        gone_is_done: the call removes what it names, so a repetition finds nothing.
        idempotency_key: value of ``Idempotency-Key``: the hub applies the edit once for each key.
        asks_for_report: ask the hub what it refused.
    """

    method: str
    path: str
    body: bytes = b""
    repeatable: bool = False
    idempotency_key: str | None = None
    gone_is_done: bool = False
    asks_for_report: bool = False


def get(path: str, options: Mapping[str, Any] | None = None) -> Request:
    """Return a GET."""
    return Request("GET", path + query(options), repeatable=True)


def post(path: str, payload: object, options: Mapping[str, Any] | None = None, *, repeatable: bool = True) -> Request:
    """Return a POST with a JSON body."""
    return Request("POST", path + query(options), json_body(payload), repeatable=repeatable)


def patch(path: str, payload: object, options: Mapping[str, Any] | None = None, *, repeatable: bool = True) -> Request:
    """Return a PATCH with a JSON body."""
    return Request("PATCH", path + query(options), json_body(payload), repeatable=repeatable)


def delete(path: str, payload: object = None, options: Mapping[str, Any] | None = None) -> Request:
    """Return a DELETE: of what the path names, or of what the payload lists."""
    if payload is None:
        return Request("DELETE", path + query(options), repeatable=True, gone_is_done=True)
    return Request("DELETE", path + query(options), json_body(payload), repeatable=True)


def finish(path: str, options: Mapping[str, Any] | None = None) -> Request:
    """Return the PATCH that turns a draft into the list; the draft is gone afterwards."""
    return Request("PATCH", path + query(options), json_body({}), repeatable=True, gone_is_done=True)


def profile_write(
    method: str, path: str, payload: object, options: Mapping[str, Any] | None = None, key: str | None = None
) -> Request:
    """Return a synchronous edit or upsert; its idempotency key makes it safe to repeat, increments included."""
    return Request(method, path + query(options), json_body(payload), True, key or str(uuid.uuid4()))


def post_events(body: bytes) -> Request:
    """Return the POST of identity events; their ``$insert_id`` makes it safe to repeat."""
    return Request("POST", "event/", body, repeatable=True, asks_for_report=True)


def json_body(payload: object) -> bytes:
    """Return the JSON of a payload; None becomes ``{}``.

    Raises:
        SuprsendValidationError: the payload is not a dict.
        InputValueError: a value in it has no JSON form.
    """
    if payload is None:
        return b"{}"
    if not isinstance(payload, dict):
        raise SuprsendValidationError(f"payload must be a dict, not {type(payload).__name__}")
    return _encoding.encode(payload, "payload")


def query(options: Mapping[str, Any] | None) -> str:
    """Return the query string with its ``?``: None is dropped, booleans become true and false, order is kept."""
    pairs = [(key, _query_value(value)) for key, value in query_options(options).items() if value is not None]
    try:
        return "?" + urlencode(pairs) if pairs else ""
    except UnicodeEncodeError:
        raise SuprsendValidationError(
            "options: a value contains a lone surrogate, which is not valid Unicode"
        ) from None


def query_options(options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return query parameters, none for None.

    Raises:
        SuprsendValidationError: not a dict.
    """
    if not options:
        return {}
    if not isinstance(options, dict):
        raise SuprsendValidationError(f"options must be a dict of query parameters, not {type(options).__name__}")
    return options


def _query_value(value: object) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def clean_id(value: object, name: str) -> str:
    """Return an id, trimmed.

    Raises:
        SuprsendValidationError: not a string, blank, ``.`` or ``..``, longer than 255 characters, with a control
            character, or not valid Unicode. No hub accepts such an id.
    """
    if value is not None and not isinstance(value, str):
        raise SuprsendValidationError(not_a_string(value, name))
    if not value or not (trimmed := value.strip()):
        raise SuprsendValidationError(f"missing {name}")
    if trimmed in {".", ".."}:
        raise SuprsendValidationError(f"{name} must not be '.' or '..': a URL cannot carry it")
    if len(trimmed) > MAX_ID_CHARS:
        raise SuprsendValidationError(f"{name} must have at most {MAX_ID_CHARS} characters, not {len(trimmed)}")
    if not trimmed.isprintable():
        try:
            trimmed.encode()
        except UnicodeEncodeError:
            raise SuprsendValidationError(f"{name} contains a lone surrogate, which is not valid Unicode") from None
        if _CONTROL.search(trimmed):
            raise SuprsendValidationError(f"{name} contains a control character, such as a line break")
    return trimmed


def text_id(value: object, name: str) -> str:
    """Return an id as ``clean_id`` does. For lists and tenants, the official SDK distinguishes None from blank."""
    if value is None:
        raise SuprsendValidationError(not_a_string(value, name))
    return clean_id(value, name)


def not_a_string(value: object, name: str) -> str:
    """Return the message for an id of another type; in many databases, primary keys are numbers or UUIDs."""
    kind = type(value).__name__
    remedy = ": pass str(pk)" if isinstance(value, (int, uuid.UUID)) and not isinstance(value, bool) else ""
    return f"{name} must be a string, not {kind}{remedy}"


def path(*segments: str) -> str:
    """Return a path whose segments are percent-encoded, one by one, all but the unreserved characters."""
    return "/".join([quote(segment, safe="") for segment in segments]) + "/"


def user_path(distinct_id: object, *rest: str) -> str:
    """Return the path of a user, or of something below it."""
    return path("v1", "user", clean_id(distinct_id, "distinct_id"), *rest)


def hub_user_path(distinct_id: object, *rest: str) -> str:
    """Return the path of something below a user that only this hub has."""
    return path("hub", "v1", "user", clean_id(distinct_id, "distinct_id"), *rest)


def object_path(object_type: object, object_id: object, *rest: str) -> str:
    """Return the path of an object, or of something below it."""
    kind = clean_id(object_type, "object_type")
    return path("v1", "object", kind, clean_id(object_id, "object_id"), *rest)


def list_path(list_id: object, *rest: str) -> str:
    """Return the path of a subscriber list, or of something below it."""
    return path("v1", "subscriber_list", text_id(list_id, "list_id"), *rest)


def tenant_path(tenant_id: object, *rest: str) -> str:
    """Return the path of a tenant, or of something below it."""
    return path("v1", "tenant", text_id(tenant_id, "tenant_id"), *rest)


def clean_window(limit: object, offset: object) -> tuple[int, int]:
    """Return limit and offset as the official SDK cleans them: 1 to 1000, else 20; from 0, else 0."""
    return (
        limit if isinstance(limit, int) and 0 < limit <= 1000 else 20,
        offset if isinstance(offset, int) and offset >= 0 else 0,
    )


def page_window(limit: object, offset: object) -> JSONObject:
    """Return the query of a page that is found by its offset."""
    return dict(zip(("limit", "offset"), clean_window(limit, offset), strict=True))


class PagedByOffset:
    """What sub-APIs share whose pages are found by an offset."""

    def cleaned_limit_offset(self, limit: int, offset: int) -> tuple[int, int]:
        """Return limit and offset as ``list`` sends them: a limit of 1 to 1000, else 20; an offset from 0, else 0."""
        return clean_window(limit, offset)


def question(
    category: str, channels: Iterable[str] | None, tenant_id: str | None, whom: Mapping[str, Any]
) -> JSONObject:
    """Return the body of a question to ``resolve/``; what is None is left out."""
    asked = {
        "category": clean_id(category, "category"),
        "channels": None if channels is None else text_list(channels, "channels"),
        "tenant_id": tenant_id,
    }
    return {**whom, **{name: value for name, value in asked.items() if value is not None}}


def report_list(reports: Iterable[Mapping[str, Any]]) -> list[JSONObject]:
    """Return reports of deliveries, each with an id by which it counts once, so that the request may be repeated.

    Raises:
        SuprsendValidationError: not a list of dicts, nor another iterable of dicts.
    """
    found = listed(reports)
    if found is None or not all(isinstance(report, dict) for report in found):
        kind = type(reports).__name__ if found is None else "a list of something else"
        raise SuprsendValidationError(f"reports must be a list of dicts, not {kind}")
    return [{"insert_id": str(uuid.uuid4()), **report} for report in found]


def text_list(values: Iterable[str], name: str) -> list[str]:
    """Return a list of strings, from any iterable of strings that is not itself text.

    Raises:
        SuprsendValidationError: something else. The text starts with the official wording.
    """
    found = listed(values)
    if found is None:
        remedy = f"pass [{name[:-1]}]" if isinstance(values, str) else "pass a list"
        raise SuprsendValidationError(f"{name} must be list of strings, not {type(values).__name__}: {remedy}")
    for position, value in enumerate(found):
        if not isinstance(value, str):
            reason = not_a_string(value, f"{name}[{position}]")
            raise SuprsendValidationError(f"{name} must be list of strings: {reason}")
    return found


def id_list(values: Iterable[str]) -> list[str]:
    """Return a list of distinct_ids, as ``text_list`` does."""
    return text_list(values, "distinct_ids")
