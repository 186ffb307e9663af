"""Laws of the fold, on any JSON."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.limits import MAX_PROFILE_BYTES
from suprsend_hub.domain.profile import (
    Profile,
    decode_profile,
    encode_channels,
    encode_properties,
    identities_to_storage,
)
from suprsend_hub.domain.size import bound_after, stored_bytes

from ...strategies import (  # noqa: TID252 - the absolute name depends on where pytest starts
    CHANNEL_VALUES,
    any_json,
    channel_operands,
    maybe_profiles,
    operations,
    profiles,
    property_keys,
    storable_json,
    storable_numbers,
)

if TYPE_CHECKING:
    from suprsend_hub.domain.refusal import FoldResult


def stored(profile: Profile | None) -> str:
    """Storage form without the order of keys: equal texts are equal profiles, 1 and 1.0 and true differ."""
    if profile is None:
        profile = Profile()
    channels = {channel: identities_to_storage(identities) for channel, identities in profile.channels.items()}
    return json.dumps([profile.properties, channels], sort_keys=True)


def refused(result: FoldResult) -> list[str]:
    """The refusals as texts, without the order of keys."""
    return sorted(json.dumps(msgspec.to_builtins(refusal), sort_keys=True) for refusal in result.refusals)


@given(maybe_profiles, any_json | operations)
def test_total(profile, edit):
    """Any JSON gives a result whose refusals and profile can be encoded and stored."""
    result = fold(profile, edit)
    text = msgspec.json.encode([[r.code, r.key, r.message, r.operation, r.ignorable] for r in result.refusals])
    texts = text.decode() + encode_properties(result.profile) + encode_channels(result.profile)
    assert "\\u0000" not in texts
    msgspec.json.encode(result.before)


@given(maybe_profiles, operations)
def test_deterministic(profile, edit):
    """The same input gives the same result."""
    one, two = fold(profile, edit), fold(profile, edit)
    assert (stored(one.profile), one.changed, one.refusals) == (stored(two.profile), two.changed, two.refusals)


@given(maybe_profiles, operations)
def test_input_is_not_mutated(profile, edit):
    """Neither the profile nor the operations are changed by a fold."""
    before = repr(copy.deepcopy((profile, edit)))
    fold(profile, edit)
    assert repr((profile, edit)) == before


@given(maybe_profiles, operations)
def test_changed_is_exact(profile, edit):
    """`changed` holds exactly when the stored forms differ."""
    result = fold(profile, edit)
    assert result.changed == (stored(profile) != stored(result.profile))


@given(maybe_profiles, operations, operations)
def test_edits_compose(profile, first, second):
    """Folding two edits as one equals folding one after the other, refusals included."""
    whole = fold(profile, first + second)
    one = fold(profile, first)
    two = fold(one.profile, second)
    assert stored(whole.profile) == stored(two.profile)
    assert whole.refusals == one.refusals + two.refusals


@given(maybe_profiles, operations)
def test_key_order_is_irrelevant(profile, edit):
    """Reversing the keys of op objects and operands changes neither the profile nor what is refused."""

    def reverse(node, depth):
        if isinstance(node, dict) and depth:
            return {key: reverse(value, depth - 1) for key, value in reversed(node.items())}
        return node

    result, turned = fold(profile, edit), fold(profile, [reverse(operation, 2) for operation in edit])
    assert stored(result.profile) == stored(turned.profile)
    assert refused(result) == refused(turned)


@given(maybe_profiles, operations)
def test_bytes_bound_is_a_bound(profile, edit):
    """The size handed from fold to fold is never below the true one, else the byte limit would leak."""
    after = fold(profile, edit).profile
    assert after.bytes_bound is None or after.bytes_bound >= stored_bytes(after.properties, after.channels)


@given(profiles, operations)
def test_the_gauge_is_exact(profile, edit):
    """Near the limit, the size after an edit is measured by what each write adds or takes away, to the byte."""
    large = replace(profile, properties=profile.properties | {"filler": "x" * (MAX_PROFILE_BYTES - 3000)})
    assume(bound_after(large, edit)[1])
    after = fold(large, edit).profile
    assert after.bytes_bound in {None, stored_bytes(after.properties, after.channels)}


@given(maybe_profiles, channel_operands)
def test_append_twice_is_append_once(profile, operand):
    """A channel is a set of identities: appending the same again changes nothing."""
    once = fold(profile, [{"$append": operand}])
    again = fold(once.profile, [{"$append": operand}])
    assert stored(again.profile) == stored(once.profile)
    assert not again.changed


@given(profiles, st.sampled_from(list(CHANNEL_VALUES)), st.data())
def test_unset_then_append_replaces(profile, channel, data):
    """The documented recipe for replacing a channel leaves just the new identity, whatever was there."""
    value = data.draw(CHANNEL_VALUES[channel])
    replaced = fold(profile, [{"$unset": [channel]}, {"$append": {channel: value}}])
    fresh = fold(None, [{"$append": {channel: value}}])
    assert replaced.profile.channels[channel] == fresh.profile.channels[channel]
    assert len(replaced.profile.channels[channel]) == 1


@given(profiles, st.sampled_from(list(CHANNEL_VALUES)), st.data())
def test_remove_undoes_append(profile, channel, data):
    """$remove takes out what $append put in: appending it once more then adds exactly one identity."""
    value = data.draw(CHANNEL_VALUES[channel])
    removed = fold(profile, [{"$append": {channel: value}}, {"$remove": {channel: value}}]).profile
    again = fold(removed, [{"$append": {channel: value}}]).profile
    assert len(again.channels[channel]) == len(removed.channels.get(channel, [])) + 1


@given(maybe_profiles, property_keys, storable_json, storable_json)
def test_set_once_keeps_the_first(profile, key, first, second):
    """Once a property is there, $set_once changes nothing."""
    once = fold(profile, [{"$set_once": {key: first}}])
    assume(key in once.profile.properties)
    assert not fold(once.profile, [{"$set_once": {key: second}}]).changed


@given(maybe_profiles, property_keys, storable_json | storable_numbers)
def test_increment_is_add(profile, key, number):
    """$increment and $add are one operator with two spellings."""
    added, incremented = fold(profile, [{"$add": {key: number}}]), fold(profile, [{"$increment": {key: number}}])
    assert stored(added.profile) == stored(incremented.profile)
    assert [r.code for r in added.refusals] == [r.code for r in incremented.refusals]


@given(profiles)
def test_storage_round_trip(profile):
    """Encoding and decoding gives the same profile, types of numbers included."""
    again = decode_profile(encode_properties(profile), encode_channels(profile))
    assert again == profile
    assert repr(again) == repr(profile)
    assert again.bytes_bound >= stored_bytes(profile.properties, profile.channels)
