"""The way back of each edit: exact, readable in every form, and never more than a multiple of what was sent."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.before import changed_keys, changed_part, read_before, rewind
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import (
    Identity,
    Profile,
    decode_profile,
    encode_channels,
    encode_properties,
    identities_to_storage,
)

from ...strategies import (  # noqa: TID252 - the absolute name depends on where pytest starts
    CHANNEL_VALUES,
    companions,
    maybe_profiles,
    operations,
)

BYTES_PER_BYTE = 16
"""Bytes of the history, operations and way back together, for each byte of operations sent, over any sequence of edits.

Whatever the way back repeats was in the profile and is no longer, so it was sent once for each time that it is stored.
What a byte sent can become is the rest: a number written as 1e15 takes 4 bytes and is stored as 18, in the operations, in
the profile and later in the way back; a push token of one character takes 4 bytes with its quotes and comma, and its
identity about 60. Where an edit removes one element of an array, its position adds at most 9 bytes to at least 2."""
BYTES_PER_EDIT = 2400
"""In addition, for each edit: the names of the parts, and a device and a bundle id of 255 characters (4 bytes each). Those
are sent once and may belong to 100 identities, the last of which can be removed by an edit that does not repeat them."""


def stored(profile: Profile | None) -> str | None:
    """Storage form without the order of keys; None for no profile."""
    if profile is None:
        return None
    channels = {channel: identities_to_storage(identities) for channel, identities in profile.channels.items()}
    return json.dumps([profile.properties, channels], sort_keys=True)


def reread(profile: Profile) -> Profile:
    return decode_profile(encode_properties(profile), encode_channels(profile))


def text_of(before) -> str | None:
    return None if before is None else msgspec.json.encode(before).decode()


elements = st.integers(0, 3) | st.sampled_from(["a", "b", 1.0, True, None, [1], {"a": 1}, "x" * 300, 1e15])
values = elements | st.lists(elements, max_size=6)
keys = st.sampled_from(["l", "m", "n"])
on_arrays = st.builds(
    lambda operator, key, value: {operator: {key: value}},
    st.sampled_from(["$append", "$append", "$remove", "$set", "$set_once", "$add"]),
    keys,
    values,
)
long_ids = st.sampled_from(["d" * 255, "é" * 255, "e", None])


def on_channel(channel: str) -> st.SearchStrategy:
    value = CHANNEL_VALUES[channel]
    if channel in {"$androidpush", "$iospush"}:
        value = st.sampled_from("abcdefgh")
    given_ids = st.fixed_dictionaries({}, optional={"$device_id": long_ids, "$bundle_id": long_ids}) | companions
    return st.builds(
        lambda operator, given, around: {operator: {channel: given} | around},
        st.sampled_from(["$append", "$append", "$append", "$remove"]),
        value | st.lists(value, max_size=4),
        given_ids if channel in {"$androidpush", "$iospush", "$webpush"} else st.just({}),
    )


on_channels = st.sampled_from(list(CHANNEL_VALUES)).flatmap(on_channel)
removals = st.builds(
    lambda names: {"$unset": names}, st.lists(keys | st.sampled_from(list(CHANNEL_VALUES)), min_size=1, max_size=3)
)
edits = operations | st.lists(on_arrays | on_channels | on_channels | removals, min_size=1, max_size=5)


@given(maybe_profiles, st.lists(edits, max_size=8))
def test_rewinding_rebuilds_every_profile(profile, sequence):
    """From the last profile, each way back leads to the one before it, exactly, and at last to where it began."""
    profiles, ways = [profile], []
    for edit in sequence:
        result = fold(profile, edit)
        ways.append((text_of(result.before), edit))
        profile = reread(result.profile)
        profiles.append(profile)
    for expected, (text, edit) in zip(reversed(profiles[:-1]), reversed(ways), strict=True):
        assert profile is not None
        profile = rewind(profile, read_before(json.loads(text or "null"), edit))
        assert stored(profile) == stored(expected)


def size(value) -> int:
    return len(msgspec.json.encode(value))


def assert_bounded(sequence) -> None:
    """Fold the edits onto nothing, as JSON that comes in, and compare what they would store with what was sent."""
    profile, sent, kept = None, 0, 0
    for edit in sequence:
        text = json.dumps(edit, separators=(",", ":"), ensure_ascii=False)
        result = fold(profile, json.loads(text))
        sent += len(text.encode())
        kept += size(edit) + len((text_of(result.before) or "").encode())
        profile = result.profile
    assert kept <= BYTES_PER_BYTE * sent + BYTES_PER_EDIT * len(sequence)


@given(st.lists(st.lists(on_arrays | on_channels | on_channels | removals, min_size=1, max_size=5), max_size=20))
def test_history_is_bounded_by_what_was_sent(sequence):
    """Over any sequence of edits, the history stores at most a multiple of the bytes sent, and a constant for each."""
    assert_bounded(sequence)


def batches(channel: str, tokens: str, **ids) -> dict:
    return {"$append": {channel: list(tokens)} | {f"${name}": text for name, text in ids.items()}}


BIG = "x" * 200_000
TOKENS = "".join(map(chr, range(0x4E00, 0x4E00 + 90)))
TEAMS = {"tenant_id": BIG, "user_id": "u"}


@pytest.mark.parametrize(
    "sequence",
    [
        pytest.param([[{"$set": {"big": BIG}}], *[[{"$set_once": {"a": 1}}]] * 400], id="set_once"),
        pytest.param([[{"$set": {"big": BIG}}], *[[{"$set_once": {"big": 1}}, {"$set": {"n": 1}}]] * 400], id="no-op"),
        pytest.param([[{"$set": {"big": BIG}}], *[[{"$set": {"n": i}}] for i in range(400)]], id="other-key"),
        pytest.param([[{"$append": {"l": i}}] for i in range(1000)], id="append"),
        pytest.param([[{"$set": {"l": [BIG]}}], *[[{"$append": {"l": i}}] for i in range(400)]], id="append-to-big"),
        pytest.param(
            [[{"$set": {"l": [BIG]}}], *[[{"$append": {"l": 1}}], [{"$remove": {"l": 1}}]] * 200], id="there-and-back"
        ),
        pytest.param(
            [[{"$set": {"l": list(range(400))}}], *[[{"$remove": {"l": i}}] for i in range(400)]], id="remove-each"
        ),
        pytest.param([[{"$set": {"l": [0, 1] * 30_000}}], [{"$remove": {"l": 1}}]], id="remove-every-second"),
        pytest.param([[{"$set": {"l": [1e15] * 5_000}}], [{"$unset": ["l"]}]], id="numbers-that-grow"),
        pytest.param(
            [[{"$set": {"big": BIG}}, {"$append": {"big": 1}}], *[[{"$append": {"big": 1}}]] * 99], id="wrapped"
        ),
        pytest.param([[{"$append": {"$email": f"a{i}@example.com"}}] for i in range(100)], id="addresses"),
        pytest.param(
            [
                [{"$append": {"$ms_teams": TEAMS}}],
                *[
                    [{"$append": {"$ms_teams": {"user_id": "u", "service_url": f"https://s/{i % 2}"}}}]
                    for i in range(200)
                ],
            ],
            id="token-that-stays",
        ),
        pytest.param(
            [
                [batches(channel, TOKENS[i % 2 :: 2], device_id=f"{i % 3}" + "\U0001f600" * 254, bundle_id="b" * 255)]
                for i in range(60)
                for channel in ("$iospush", "$androidpush")
            ],
            id="shared-ids-renewed",
        ),
        pytest.param(
            [
                [batches("$iospush", TOKENS, device_id="\U0001f600" * 255)],
                *[[{"$remove": {"$iospush": token}}] for token in TOKENS],
            ],
            id="shared-ids-removed-one-by-one",
        ),
        pytest.param(
            [
                *[[batches("$iospush", TOKENS[i::10], device_id=f"{i}" + "\U0001f600" * 254)] for i in range(10)],
                *[[{"$remove": {"$iospush": list(TOKENS[i * 10 : i * 10 + 10])}}] for i in range(9)],
            ],
            id="shared-ids-removed-across",
        ),
        pytest.param([[batches("$iospush", TOKENS, device_id="d" * 255)], [{"$unset": ["$iospush"]}]] * 20, id="unset"),
    ],
)
def test_known_ways_to_amplify_are_bounded(sequence):
    """Small edits of a large profile, growing arrays, renewed tokens and shared ids do not multiply what was sent."""
    assert_bounded(sequence)


def test_one_bound_is_tight_where_it_matters():
    """Edits that change nothing store two bytes each, whatever the profile holds."""
    profile = fold(None, [{"$set": {"big": BIG, "n": 1}}, {"$append": {"$email": "a@example.com"}}]).profile
    for edit in (
        [{"$set_once": {"big": 1}}], [{"$add": {"n": 0}}], [{"$append": {"$email": "a@example.com"}}],
        [{"$remove": {"big": 1}}], [{"$unset": ["no"]}], [{"$set": {"n": 1}}], [{"$set": {"n": 2}}, {"$set": {"n": 1}}], [],
    ):  # fmt: skip
        assert text_of(fold(profile, edit).before) == "{}"


def test_form():
    """Changed values, new keys, cuts of arrays and channels, each in its part; nothing about what stayed."""
    profile = Profile(
        {"a": 1, "b": 2, "l": [1, 2, 3, 2], "m": [1]},
        {
            "$email": [Identity("a@example.com"), Identity("b@example.com")],
            "$iospush": [Identity("t", "apns", "d1"), Identity("u", "apns")],
        },
    )
    edit = [
        {"$set": {"a": 3, "b": 2, "new": 1}},
        {"$append": {"m": [2, 3], "$email": "c@example.com"}},
        {"$append": {"$iospush": "t", "$device_id": "d2"}},
        {"$append": {"$sms": "+15550100"}},
        {"$remove": {"l": 2, "$email": "a@example.com"}},
    ]
    assert fold(profile, edit).before == {
        "$set": {"a": 1},
        "$unset": ["new", "$sms"],
        "$arrays": {"m": {"kept": 1}, "l": {"kept": 2, "gone": [[1, 2], [3, 2]]}},
        "$identities": {
            "$email": {"kept": 1, "gone": [[0, {"value": "a@example.com"}]], "added": ["c@example.com"]},
            "$iospush": {"kept": 2, "was": [[0, {"value": "t", "device_id": 0}]]},
        },
        "$ids": ["d1"],
    }


def test_creation_has_no_way_back():
    """Before its first edit there was no profile."""
    result = fold(None, [{"$set": {"a": 1}}])
    assert result.before is None
    assert rewind(result.profile, None) is None


def test_rows_of_earlier_releases():
    """Their form, values by key, is read as the present one; keys that the edit named and that it lacks were new."""
    edit = [{"$set": {"a": 3, "new": 1}}, {"$append": {"$email": "b@example.com"}}, {"$unset": "gone"}]
    text = '{"a":1,"gone":[5],"$email":[{"value":"a@example.com"}]}'
    after = Profile({"a": 3, "new": 1, "k": 0}, {"$email": [Identity("a@example.com"), Identity("b@example.com")]})
    before = read_before(json.loads(text or "null"), edit)
    assert rewind(after, before) == Profile({"a": 1, "gone": [5], "k": 0}, {"$email": [Identity("a@example.com")]})


def test_changed_part():
    """Without the profile, the way back tells what the edit replaced or removed, and which keys it changed."""
    profile = Profile(
        {"a": 1, "l": [1, 2]},
        {"$iospush": [Identity("t", "apns", "d1")], "$slack": [Identity({"user_id": "U", "access_token": "x"})]},
    )
    edit = [
        {"$set": {"a": 2}}, {"$remove": {"l": 1}}, {"$append": {"$iospush": "t", "$device_id": "d2"}},
        {"$append": {"$slack": {"user_id": "U", "access_token": "y"}}},
    ]  # fmt: skip
    before = fold(profile, edit).before
    part = changed_part(read_before(json.loads(text_of(before)), edit))
    assert part.properties == {"a": 1, "l": [1]}
    assert part.channels == {
        "$iospush": [Identity("t", device_id="d1")], "$slack": [Identity({"user_id": "U", "access_token": "x"})]
    }  # fmt: skip
    assert changed_keys(before) == {"a", "l", "$iospush", "$slack"}
