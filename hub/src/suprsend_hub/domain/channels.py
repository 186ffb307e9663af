"""Channel identities: which values each channel accepts, their stored form, and when two are the same identity.

The forms of addresses belong to `emails`, `phones` and `chat`; push tokens and subscriptions are read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from .chat import read_slack, read_teams, refresh_extras, slack_key, teams_key
from .codes import Code
from .emails import email_key, plain_email, read_email
from .limits import MAX_COMPANION_CHARS, MAX_EMAIL_BYTES, MAX_PHONE_TEXT_CHARS
from .phones import phone_key, plain_phone, read_phone
from .profile import Identity
from .values import InvalidValue, check_text, check_value, same_value
from .wire import (
    ACTIVE,
    ANDROIDPUSH,
    APNS,
    AUTH,
    BUNDLE_ID,
    DEVICE_ID,
    EMAIL,
    EMAIL_FIELD,
    EMAIL_ID,
    ENDPOINT,
    FCM,
    ID_PROVIDER,
    IOSPUSH,
    KEYS,
    MS_TEAMS,
    OPPO,
    P256DH,
    PUSHVENDOR,
    SLACK,
    SMS,
    VAPID,
    WEBPUSH,
    WHATSAPP,
    XIAOMI,
    Json,
)
from .work import UNITS_PER_INTERNATIONAL_CHAR, UNITS_PER_UNUSUAL_CHAR

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Address: TypeAlias = str | dict[str, Any]


def _invalid(reason: str) -> InvalidValue:
    return InvalidValue(Code.INVALID_CHANNEL_VALUE, reason)


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


def _is_text(value: Json) -> bool:
    return type(value) is str and bool(value) and not value.isspace()


def _keep_stored(stored: Address, given: Address) -> Address:
    """Keep the first spelling if the same address is given in another spelling."""
    del given
    return stored


def _take_given(stored: Address, given: Address) -> Address:
    """Replace a web push subscription by a newer one of the same endpoint, because its keys belong together."""
    return stored if same_value(stored, given) else given


def _never_plain(value: Json) -> None:
    """Take every Slack object for slow, because it may contain an e-mail address."""
    del value


def _no_units(value: Json) -> int:
    del value
    return 0


def _text_units(value: Json) -> int:
    """Return the units for reading an address with a library. Longer texts are refused before they are read."""
    if type(value) is not str:
        return UNITS_PER_UNUSUAL_CHAR
    per_char = UNITS_PER_UNUSUAL_CHAR if value.isascii() else UNITS_PER_INTERNATIONAL_CHAR
    return per_char * min(len(value), 2 * MAX_EMAIL_BYTES)


def _phone_units(value: Json) -> int:
    return UNITS_PER_UNUSUAL_CHAR * min(len(value), MAX_PHONE_TEXT_CHARS) if type(value) is str else 0


def _slack_units(value: Json) -> int:
    """Return the units for reading a Slack object, which may contain an e-mail address."""
    texts = [value.get(EMAIL_FIELD), value.get(EMAIL_ID)] if type(value) is dict else []
    return UNITS_PER_UNUSUAL_CHAR + sum(_text_units(text) for text in texts if text is not None)


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """Rules for reading, comparing and refreshing the identities of one channel.

    `read` and `read_removal` accept any JSON and raise InvalidValue; `key` and `refresh` take stored values.
    `read_plain` does what `read` does, or returns None where that may be slow. Then it costs `reading_units` of work.
    Reading in order to remove costs twice as much, because a text is also compared as it is.
    """

    read_plain: Callable[[Json], Address | None]
    read: Callable[[Json], Address]
    read_removal: Callable[[Json], Address]
    key: Callable[[Address], Hashable]
    refresh: Callable[[Address, Address], Address]
    providers: frozenset[str] = frozenset()
    default_provider: str | None = None
    reading_units: Callable[[Json], int] = _no_units

    def removal_units(self, value: Json) -> int:
        """Return the units of work that reading a value takes, in order to remove what it names."""
        if self.reading_units is _no_units or self.read_plain(value) is not None:
            return 0
        return 2 * self.reading_units(value)


_Key: TypeAlias = "Callable[[Address], Hashable]"  # of a channel whose addresses are all of one type
_Refresh: TypeAlias = "Callable[[Address, Address], Address]"
_PHONE_RULE: Final = ChannelRule(
    plain_phone, read_phone, read_phone, cast("_Key", phone_key), _keep_stored, reading_units=_phone_units
)
RULES: Final[dict[str, ChannelRule]] = {
    EMAIL: ChannelRule(
        plain_email,
        read_email,
        read_email,
        cast("_Key", email_key),
        _keep_stored,
        reading_units=_text_units,
    ),
    SMS: _PHONE_RULE,
    WHATSAPP: _PHONE_RULE,
    ANDROIDPUSH: ChannelRule(
        _read_token,
        _read_token,
        _read_token,
        _token_key,
        _keep_stored,
        frozenset({FCM, XIAOMI, OPPO}),
        default_provider=FCM,
    ),
    IOSPUSH: ChannelRule(
        _read_token, _read_token, _read_token, _token_key, _keep_stored, frozenset({APNS}), default_provider=APNS
    ),
    WEBPUSH: ChannelRule(
        _read_subscription,
        _read_subscription,
        _removable_subscription,
        _subscription_key,
        _take_given,
        frozenset({VAPID}),
        default_provider=VAPID,
    ),
    SLACK: ChannelRule(
        _never_plain,
        read_slack,
        read_slack,
        cast("_Key", slack_key),
        cast("_Refresh", refresh_extras),
        reading_units=_slack_units,
    ),
    MS_TEAMS: ChannelRule(
        read_teams, read_teams, read_teams, cast("_Key", teams_key), cast("_Refresh", refresh_extras)
    ),
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


def removal_keys(rule: ChannelRule, value: Json) -> set[Hashable]:
    """Return the keys of what is to be removed: of the value as it is read, and of a text as it is.

    Raises:
        InvalidValue: as the rule's `read_removal`.
    """
    read = rule.read_removal(value)
    return {rule.key(read), rule.key(value)} if type(value) is str else {rule.key(read)}


def repeats_stored(value: Json, identities: list[Identity]) -> bool:
    """Tell whether a value is stored as it is, so that it can be removed even if it could not be added today."""
    return any(same_value(identity.value, value) for identity in identities)


def renewed(rule: ChannelRule, stored: Identity, value: Address, companions: Companions) -> Identity:
    """Return a stored identity as it is after being appended again; the same object if nothing changes.

    It becomes active; `perma_status` stays (a hard bounce is not undone by asking again), and so does the feedback that
    set it; provider, device and bundle change where given.
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
    feedback = (stored.status_reason, stored.status_at)
    if stored.status != ACTIVE and stored.perma_status == ACTIVE:
        feedback = (None, None)  # it said why the address was inactive
    return Identity(refreshed, id_provider, device_id, bundle_id, ACTIVE, stored.perma_status, *feedback)
