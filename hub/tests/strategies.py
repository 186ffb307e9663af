"""Hypothesis strategies of the hub: JSON as hostile as a decoder can give it, operations, and valid profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
from hypothesis import strategies as st
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.wire import OPERATORS

if TYPE_CHECKING:
    from suprsend_hub.domain.profile import Profile

# Any code point, lone surrogates and NUL included: json.loads gives them.
any_text = st.text(st.characters(exclude_categories=()), max_size=12)
storable_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def _json(scalars: st.SearchStrategy, keys: st.SearchStrategy) -> st.SearchStrategy:
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
    )


_any_numbers = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 10**400, 2**63 - 1, 1, 1.0, -0.0])
any_json = _json(st.none() | st.booleans() | _any_numbers | any_text, any_text)
_int64 = st.integers(-(2**63), 2**63 - 1)
storable_numbers = (
    _int64 | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 0.0, -0.0, 1, 1.0, 2**63 - 1])
)
storable_json = _json(
    st.none() | st.booleans() | storable_numbers | storable_text | st.sampled_from(["a", "1", ""]), storable_text
)

property_keys = st.sampled_from(["a", "b", "tags", "a.b", "é", "$timezone", "$locale", "$preferred_language"])
odd_keys = st.sampled_from(
    ["$foo", "ss_x", "SS_y", "$inbox", "", "  ", "$id_provider", "$set", "k" * 256, "\0", "\ud800"]
)

emails = st.sampled_from(["a@example.com", "A@Example.com", " b@example.org ", "c@example.net"])
phones = st.sampled_from(["+15550100", "+1 555-0100", "+4930123456", "(+49) 30 123456"])
tokens = st.sampled_from(["t1", "t2", " t1 "])
subscriptions = st.builds(
    lambda end, key, expiry: {
        "endpoint": f"https://push.example.net/{end}",
        "keys": {"p256dh": key, "auth": key},
        "expirationTime": expiry,
    },
    st.sampled_from("xy"),
    st.sampled_from("kl"),
    st.sampled_from([None, 1, 1.0]),
)
slacks = st.builds(
    lambda who, token: who | token,
    st.sampled_from([{"user_id": "U1"}, {"email": "A@example.com"}, {"email_id": "a@example.com"}, {"channel": "C1"}]),
    st.sampled_from([{}, {"access_token": "xoxb-1"}, {"access_token": "xoxb-2"}]),
)
teams = st.sampled_from(
    [
        {"tenant_id": "m1", "service_url": "https://teams.example", "user_id": "29:1"},
        {"conversation_id": "19:1"},
        {"incoming_webhook": {"url": "https://hook.example/1"}},
    ]
)
CHANNEL_VALUES = {
    "$email": emails,
    "$sms": phones,
    "$whatsapp": phones,
    "$androidpush": tokens,
    "$iospush": tokens,
    "$webpush": subscriptions,
    "$slack": slacks,
    "$ms_teams": teams,
}
companions = st.fixed_dictionaries(
    {},
    optional={
        "$id_provider": st.sampled_from([None, "fcm", "XIAOMI", "apns", "vapid", "nobody", 1]),
        "$device_id": st.sampled_from([None, "d1", "d2", "", 5]),
        "$bundle_id": st.sampled_from([None, "com.app", "x" * 256]),
    },
)


def mostly(usual: st.SearchStrategy, hostile: st.SearchStrategy) -> st.SearchStrategy:
    """Nine times in ten the usual; a plain union would let the many branches of hostile JSON crowd it out."""
    return st.integers(0, 9).flatmap(lambda roll: hostile if roll == 9 else usual)


channel_names = st.sampled_from(list(CHANNEL_VALUES))


def _channel_operand(channel: str) -> st.SearchStrategy:
    value = CHANNEL_VALUES[channel]
    values = mostly(value, st.lists(mostly(value, any_json), max_size=3) | any_json)
    return st.builds(
        lambda given, around: {channel: given} | around, values, mostly(st.just({}), companions) | companions
    )


channel_operands = channel_names.flatmap(_channel_operand)
languages = st.sampled_from(["Asia/Kolkata", "Mars/Olympus", "en", "es-AR", "english please", None])
property_values = mostly(
    st.integers(-3, 3) | st.sampled_from(["a", "en", 1.0, True]) | storable_json | languages, any_json
)
property_operands = st.dictionaries(mostly(property_keys, odd_keys | channel_names), property_values, max_size=3)
unset_operands = st.lists(mostly(property_keys | channel_names, odd_keys | any_json), max_size=2)


def _operation(operator: str) -> st.SearchStrategy:
    if operator == "$unset":
        operand = mostly(unset_operands, st.sampled_from(["a", "$email"]))
    elif operator in {"$append", "$remove"}:
        operand = st.booleans().flatmap(lambda channel: channel_operands if channel else property_operands)
    else:
        operand = property_operands
    return st.fixed_dictionaries({operator: mostly(operand, any_json)})


single_operations = st.sampled_from([*OPERATORS, "$append", "$append", "$set"]).flatmap(_operation)
operations = st.lists(
    mostly(
        single_operations,
        st.builds(lambda a, b: a | b, single_operations, single_operations)
        | st.dictionaries(st.sampled_from([*OPERATORS, "$union"]) | any_text, any_json, max_size=2)
        | any_json,
    ),
    max_size=6,
)


def _with_statuses(profile: Profile, statuses: list[tuple[str, str, str | None]]) -> Profile:
    """The same profile as delivery reports might have left it."""
    marks = iter(statuses)
    channels = {
        channel: [
            msgspec.structs.replace(
                identity, status=status, perma_status=perma_status, status_reason=reason, status_at=reason and _MOMENT
            )
            for identity, (status, perma_status, reason) in zip(identities, marks, strict=False)
        ]
        for channel, identities in profile.channels.items()
    }
    return replace(profile, channels={channel: kept for channel, kept in channels.items() if kept}, bytes_bound=None)


_MOMENT = "2026-01-02T00:00:00.000000+00:00"
_statuses = st.tuples(
    st.sampled_from(["active", "inactive"]), st.sampled_from(["active", "disabled"]), st.sampled_from([None, "stop"])
)
profiles = st.builds(
    _with_statuses,
    st.lists(single_operations, min_size=1, max_size=8).map(lambda edit: fold(None, edit).profile),
    st.lists(_statuses, min_size=20, max_size=20),
)
maybe_profiles = st.none() | profiles
