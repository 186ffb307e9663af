"""Channel identities: which values each channel accepts, their stored form, and when two are the same identity.

Sources: the documented shapes of Slack and MS Teams objects and push providers; the rules by which official clients
used to check e-mail addresses and phone numbers, which have no successor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from .codes import Code
from .limits import MAX_COMPANION_CHARS, MAX_EMAIL_CHARS, MIN_EMAIL_CHARS
from .profile import Identity
from .values import InvalidValue, check_text, check_value, same_value
from .wire import (
    ACCESS_TOKEN,
    ACTIVE,
    ANDROIDPUSH,
    APNS,
    AUTH,
    BUNDLE_ID,
    CHANNEL,
    CHANNEL_ID,
    CONVERSATION_ID,
    DEVICE_ID,
    EMAIL,
    EMAIL_FIELD,
    EMAIL_ID,
    ENDPOINT,
    FCM,
    ID_PROVIDER,
    INCOMING_WEBHOOK,
    IOSPUSH,
    KEYS,
    MS_TEAMS,
    OPPO,
    P256DH,
    PUSHVENDOR,
    SERVICE_URL,
    SLACK,
    SMS,
    TENANT_ID,
    URL,
    USER_ID,
    VAPID,
    WEBPUSH,
    WHATSAPP,
    XIAOMI,
    Json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Address: TypeAlias = str | dict[str, Any]

_EMAIL: Final = re.compile(r"\S+@\S+\.\S+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_SEPARATORS: Final = re.compile(r"[\s\-()]+")


@dataclass(frozen=True, slots=True)
class _Shapes:
    """The shapes of an object-valued channel: identifiers in order of precedence with their spellings, and extras."""

    name: str
    ladder: tuple[tuple[str, tuple[str, ...]], ...]
    extras: tuple[str, ...]


_SLACK_SHAPES: Final = _Shapes(
    "Slack",
    ((CHANNEL_ID, (CHANNEL_ID, CHANNEL)), (USER_ID, (USER_ID,)), (EMAIL_FIELD, (EMAIL_FIELD, EMAIL_ID))),
    (ACCESS_TOKEN,),
)
_TEAMS_SHAPES: Final = _Shapes(
    "MS Teams",
    ((CONVERSATION_ID, (CONVERSATION_ID,)), (USER_ID, (USER_ID,))),
    (TENANT_ID, SERVICE_URL),
)

EXTRAS: Final = (*_SLACK_SHAPES.extras, *_TEAMS_SHAPES.extras)
"""Fields of Slack and Teams objects that do not identify, and so may be renewed."""


def _invalid(reason: str) -> InvalidValue:
    return InvalidValue(Code.INVALID_CHANNEL_VALUE, reason)


def _read_email(value: Json) -> str:
    address = value.strip() if type(value) is str else ""
    if not MIN_EMAIL_CHARS <= len(address) <= MAX_EMAIL_CHARS or not _EMAIL.fullmatch(address):
        raise _invalid(
            f"expected an e-mail address such as 'name@example.com', {MIN_EMAIL_CHARS} to {MAX_EMAIL_CHARS} characters"
        )
    check_text(address)
    return address


def _email_key(value: Address) -> str:
    # lower(), not casefold(): the latter makes one address of 'straße@' and 'strasse@'.
    return cast("str", value).strip().lower()


def _read_phone(value: Json) -> str:
    """Return the number in E.164, without spaces, dashes and parentheses."""
    number = value if type(value) is str else ""
    if not _PHONE.fullmatch(number):
        number = _PHONE_SEPARATORS.sub("", number)
        if not _PHONE.fullmatch(number):
            raise _invalid("expected a phone number with country code such as '+15550100', 7 to 15 digits")
    return number


def _phone_key(value: Address) -> str:
    number = cast("str", value)
    return number if _PHONE.fullmatch(number) else _PHONE_SEPARATORS.sub("", number)


def _read_token(value: Json) -> str:
    token = value.strip() if type(value) is str else ""
    if not token:
        raise _invalid("expected a push token, a non-empty string")
    check_text(token)
    return token


def _token_key(value: Address) -> str:
    return cast("str", value)


def _read_subscription(value: Json) -> dict[str, Json]:
    """Return a web push subscription as given. Endpoint and both keys are needed to encrypt for it."""
    keys = value.get(KEYS) if type(value) is dict else None
    if not (type(keys) is dict and _is_text(value.get(ENDPOINT)) and _is_text(keys.get(P256DH))
            and _is_text(keys.get(AUTH))):  # fmt: skip
        raise _invalid("expected a web push subscription with endpoint, keys.p256dh and keys.auth as non-empty strings")
    check_value(value)
    return cast("dict[str, Json]", value)


def _subscription_key(value: Address) -> Hashable:
    return cast("dict[str, Json]", value).get(ENDPOINT)


def _removable_subscription(value: Json) -> dict[str, Json]:
    if type(value) is not dict or not _is_text(value.get(ENDPOINT)):
        raise _invalid("expected a web push subscription, or an object with its endpoint")
    return value


def _read_slack(value: Json) -> dict[str, Json]:
    return _reduce(_SLACK_SHAPES, value)


def _read_teams(value: Json) -> dict[str, Json]:
    return _reduce(_TEAMS_SHAPES, value)


def _reduce(shapes: _Shapes, value: Json) -> dict[str, Json]:
    """Return the given identifier of highest precedence with the extras; only these are stored."""
    if type(value) is not dict:
        raise _invalid(f"expected a {shapes.name} object")
    reduced = _winner(shapes, value)
    for extra in shapes.extras:
        text = _optional_text(value, extra)
        if text is not None:
            reduced[extra] = text
    return reduced


def _winner(shapes: _Shapes, value: dict[str, Json]) -> dict[str, Json]:
    webhook = value.get(INCOMING_WEBHOOK)
    if webhook is not None:
        if type(webhook) is not dict:
            raise _invalid(f"{INCOMING_WEBHOOK} must be an object with a {URL}")
        url = _optional_text(webhook, URL)
        if url is not None:
            return {INCOMING_WEBHOOK: {URL: url}}
    for name, spellings in shapes.ladder:
        for spelling in spellings:
            identifier = _optional_text(value, spelling)
            if identifier is not None:
                return {name: identifier}
    names = ", ".join(name for name, _ in shapes.ladder)
    raise _invalid(f"expected a {shapes.name} object with one of {INCOMING_WEBHOOK}.{URL}, {names}")


def _object_key(shapes: _Shapes, value: Address) -> Hashable:
    stored = cast("dict[str, Json]", value)
    if INCOMING_WEBHOOK in stored:
        return (INCOMING_WEBHOOK, stored[INCOMING_WEBHOOK].get(URL))
    for name, _ in shapes.ladder:
        if name in stored:
            identifier = stored[name]
            return (name, identifier.lower() if name == EMAIL_FIELD else identifier)
    return None


def _slack_key(value: Address) -> Hashable:
    return _object_key(_SLACK_SHAPES, value)


def _teams_key(value: Address) -> Hashable:
    return _object_key(_TEAMS_SHAPES, value)


def _is_text(value: Json) -> bool:
    return type(value) is str and bool(value) and not value.isspace()


def _optional_text(source: dict[str, Json], field: str) -> str | None:
    """Return a trimmed field; null and blank mean absent, another type is an error."""
    value = source.get(field)
    if value is None:
        return None
    if type(value) is not str:
        raise _invalid(f"{field} must be a string")
    text = value.strip()
    check_text(text)
    return text or None


def _keep_stored(stored: Address, given: Address) -> Address:
    """Keep the first spelling if the same address is given in another spelling."""
    del given
    return stored


def _take_given(stored: Address, given: Address) -> Address:
    """Replace a web push subscription by a newer one of the same endpoint, because its keys belong together."""
    return stored if same_value(stored, given) else given


def _refresh_extras(stored: Address, given: Address) -> Address:
    """Keep the identifier's spelling, and replace the token or service URL by a newly given one."""
    stored, given = cast("dict[str, Json]", stored), cast("dict[str, Json]", given)
    extras: dict[str, Json] = {name: given[name] for name in EXTRAS if name in given}
    merged = stored | extras
    return stored if same_value(stored, merged) else merged


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """Rules for reading, comparing and refreshing the identities of one channel.

    `read` and `read_removal` accept any JSON and raise InvalidValue; `key` and `refresh` take stored values.
    """

    read: Callable[[Json], Address]
    read_removal: Callable[[Json], Address]
    key: Callable[[Address], Hashable]
    refresh: Callable[[Address, Address], Address]
    providers: frozenset[str] = frozenset()
    default_provider: str | None = None


_PHONE_RULE: Final = ChannelRule(_read_phone, _read_phone, _phone_key, _keep_stored)
RULES: Final[dict[str, ChannelRule]] = {
    EMAIL: ChannelRule(_read_email, _read_email, _email_key, _keep_stored),
    SMS: _PHONE_RULE,
    WHATSAPP: _PHONE_RULE,
    ANDROIDPUSH: ChannelRule(
        _read_token, _read_token, _token_key, _keep_stored, frozenset({FCM, XIAOMI, OPPO}), default_provider=FCM
    ),
    IOSPUSH: ChannelRule(_read_token, _read_token, _token_key, _keep_stored, frozenset({APNS}), default_provider=APNS),
    WEBPUSH: ChannelRule(
        _read_subscription,
        _removable_subscription,
        _subscription_key,
        _take_given,
        frozenset({VAPID}),
        default_provider=VAPID,
    ),
    SLACK: ChannelRule(_read_slack, _read_slack, _slack_key, _refresh_extras),
    MS_TEAMS: ChannelRule(_read_teams, _read_teams, _teams_key, _refresh_extras),
}
"""Every channel that edits may write. `$inbox` is not included."""

_ALL_PROVIDERS: Final = frozenset(provider for rule in RULES.values() for provider in rule.providers)


class Companions(NamedTuple):
    """What an op object says about its push identities."""

    id_provider: str | None = None
    device_id: str | None = None
    bundle_id: str | None = None


NO_COMPANIONS: Final = Companions()


def read_companions(operand: dict[str, Json], rule: ChannelRule) -> Companions:
    """Return the companions of an op object as they apply to one channel. Missing, null and blank mean the same.

    One op object may hold tokens of several channels and one shared provider. A provider of another channel counts
    as not given; an unknown one is an error.

    Raises:
        InvalidValue: code `invalid_provider`, or `invalid_companion` for a wrong type or an overlong text.
    """
    if not rule.providers:
        return NO_COMPANIONS
    provider = _companion(operand, ID_PROVIDER) or _companion(operand, PUSHVENDOR)
    if provider is not None:
        provider = provider.lower()
        if provider not in rule.providers:
            if provider not in _ALL_PROVIDERS:
                raise InvalidValue(
                    Code.INVALID_PROVIDER, f"{ID_PROVIDER} must be {' or '.join(sorted(rule.providers))}"
                )
            provider = None
    return Companions(provider, _companion(operand, DEVICE_ID), _companion(operand, BUNDLE_ID))


def _companion(operand: dict[str, Json], name: str) -> str | None:
    value = operand.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise InvalidValue(Code.INVALID_COMPANION, f"{name} must be a string or null")
    text = value.strip()
    if len(text) > MAX_COMPANION_CHARS:
        raise InvalidValue(Code.INVALID_COMPANION, f"{name} must have at most {MAX_COMPANION_CHARS} characters")
    check_text(text)
    return text or None


def new_identity(rule: ChannelRule, value: Address, companions: Companions) -> Identity:
    """Return a new, active identity, with the channel's default provider if none is given."""
    if not rule.providers:
        return Identity(value)
    return Identity(value, companions.id_provider or rule.default_provider, companions.device_id, companions.bundle_id)


def is_stored(value: Json, identities: list[Identity]) -> bool:
    """Tell whether a text is exactly a stored, active address of a non-push channel and so need not be read again."""
    return type(value) is str and any(identity.value == value and identity.status == ACTIVE for identity in identities)


def renewed(rule: ChannelRule, stored: Identity, value: Address, companions: Companions) -> Identity:
    """Return a stored identity as it is after being appended again; the same object if nothing changes.

    It becomes active; `perma_status` stays (a hard bounce is not undone by asking again); provider, device and
    bundle change where given.
    """
    refreshed = rule.refresh(stored.value, value)
    id_provider = companions.id_provider or stored.id_provider
    device_id = companions.device_id or stored.device_id
    bundle_id = companions.bundle_id or stored.bundle_id
    if (
        refreshed is stored.value
        and stored.status == ACTIVE
        and (id_provider, device_id, bundle_id) == (stored.id_provider, stored.device_id, stored.bundle_id)
    ):
        return stored
    return Identity(refreshed, id_provider, device_id, bundle_id, ACTIVE, stored.perma_status)


_ADDRESS_CHANNELS: Final = ((EMAIL, _email_key), (SMS, _phone_key), (WHATSAPP, _phone_key))


def addresses(channels: dict[str, list[Identity]]) -> list[str]:
    """Return the searchable addresses of a profile: e-mail addresses in lower case and phone numbers, each once."""
    found: dict[str, None] = {}
    for channel, key in _ADDRESS_CHANNELS:
        for identity in channels.get(channel, ()):
            found[key(identity.value)] = None
    return list(found)


def address_key(text: str) -> str:
    """Return a searched address in the form of `addresses`; '' if it is neither an e-mail address nor a number."""
    address = text.strip()
    if "@" in address:
        return "" if "\0" in address else address.lower()
    number = _PHONE_SEPARATORS.sub("", address)
    return number if _PHONE.fullmatch(number) else ""
