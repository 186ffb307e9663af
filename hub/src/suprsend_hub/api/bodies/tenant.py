"""Read the bodies of tenants and, under the old name, of brands."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET, UnsetType

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, invalid_field
from suprsend_hub.domain.ids import shown
from suprsend_hub.domain.limits import MAX_PROPERTIES, MAX_TENANT_NAME_CHARS, MAX_TENANT_TEXT_CHARS
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.tenant import FORMER_NAME_OF_X, SOCIAL_LINKS, TenantChange, is_markup
from suprsend_hub.domain.values import InvalidValue, check_key, check_text, check_value, read_language
from suprsend_hub.domain.wire import TIMEZONE, Json

_TEXTS: Final = ("logo", "hosted_preference_domain", "primary_color", "secondary_color", "tertiary_color")
_LINK_NAMES: Final = {name: name for name in SOCIAL_LINKS} | {FORMER_NAME_OF_X: "x"}
_CHANNELS: Final = {channel.value: channel for channel in Channel}


def parse_tenant(body: Json, *, name_field: str = "tenant_name") -> TenantChange:
    """Read the fields that a request saves; others are ignored, as the hosted service does.

    For a text, null removes it. For `blocked_channels`, links and properties, null changes nothing: some SDKs send it
    for what they were not given.

    Raises:
        InvalidRequest: a field is wrong; `detail` names it.
    """
    if type(body) is not dict:
        raise InvalidRequest("the body must be a JSON object with the tenant's fields", code=Code.INVALID_BODY)
    urls = [name for name in ("embedded_preference_url", "preference_page_url") if name in body]
    return TenantChange(
        tenant_name=_name(body.get(name_field), name_field),
        timezone=_checked("timezone", body.get("timezone", UNSET), _timezone),
        blocked_channels=_blocked_channels(body.get("blocked_channels")),
        embedded_preference_url=_text(urls[0], body[urls[0]]) if urls else UNSET,
        social_links=_social_links(body.get("social_links")),
        properties=_properties(body.get("properties")),
        name_field=name_field,
        **{name: _text(name, body.get(name, UNSET)) for name in _TEXTS},
    )


def _name(value: Json, name_field: str) -> str | None:
    if value is None:
        return None
    if type(value) is not str or len(value) > MAX_TENANT_NAME_CHARS:
        raise invalid_field(name_field, f"Must be a string of at most {MAX_TENANT_NAME_CHARS} characters.")
    if not value.strip():
        raise invalid_field(name_field, "This field may not be blank.")
    if is_markup(value):
        raise invalid_field(name_field, "Ensure this field contains non-html text")
    _checked(name_field, value, check_text)
    return value.strip()


def _text(name: str, value: Json | UnsetType) -> str | UnsetType | None:
    if value is None or value is UNSET:
        return value
    if type(value) is not str or len(value) > MAX_TENANT_TEXT_CHARS:
        raise invalid_field(name, f"Must be null or a string of at most {MAX_TENANT_TEXT_CHARS} characters.")
    _checked(name, value, check_text)
    return value


def _timezone(value: Json) -> str | None:
    return read_language(TIMEZONE, value or None)


def _blocked_channels(value: Json) -> tuple[Channel, ...] | UnsetType:
    if value is None:
        return UNSET
    if type(value) is not list:
        raise invalid_field("blocked_channels", "Must be a list of channels.")
    for name in value:
        if type(name) is not str or name not in _CHANNELS:
            raise invalid_field("blocked_channels", f"Each must be one of {', '.join(_CHANNELS)}.")
    return tuple(channel for name, channel in _CHANNELS.items() if name in value)


def _social_links(value: Json) -> dict[str, str]:
    if value is None:
        return {}
    if type(value) is not dict:
        raise invalid_field("social_links", "Must be an object of links.")
    links = {}
    for given, link in value.items():
        name = _LINK_NAMES.get(given.lower())
        if name is None:
            raise invalid_field("social_links", f"{shown(given)} is not one of {', '.join(SOCIAL_LINKS)}.")
        text = _text(f"social_links.{name}", link)
        if type(text) is str:
            links[name] = text.strip()
    return links


def _properties(value: Json) -> dict[str, Json]:
    if value is None:
        return {}
    if type(value) is not dict or len(value) > MAX_PROPERTIES:
        raise invalid_field("properties", f"Must be an object with at most {MAX_PROPERTIES} keys.")
    for key, each in value.items():
        _checked("properties", key, check_key)
        _checked("properties", each, check_value)
    return value


def _checked(name: str, value: Json | UnsetType, check: Callable[[Any], Any]) -> Any:
    """Return what `check` makes of a value; its complaint becomes the error of the field. UNSET stays."""
    if value is UNSET:
        return UNSET
    try:
        return check(value)
    except InvalidValue as problem:
        raise invalid_field(name, f"{problem.reason[:1].upper()}{problem.reason[1:]}.") from problem
