"""The fold where neither the vectors nor the laws say it: refusals, `before`, limits of an edit."""

from __future__ import annotations

import json

import pytest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.limits import (
    MAX_EDIT_WORK,
    MAX_OPERATIONS,
    MAX_PROFILE_BYTES,
    MAX_PROPERTIES,
    MAX_REFUSALS,
    MAX_REFUSED_BYTES,
    MAX_REQUEST_WORK,
)
from suprsend_hub.domain.profile import Profile, decode_profile, encode_channels, encode_properties
from suprsend_hub.domain.size import stored_bytes
from suprsend_hub.domain.work import UNITS_PER_UNUSUAL_CHAR, work_of_each


def deep(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("edit", "code", "ignorable"),
    [
        ({"$set": {}}, "invalid_operations", False),
        (None, "invalid_operations", False),
        (["$set"], "invalid_operation", False),
        ([{"$union": {"a": 1}}], "unknown_operator", False),
        ([{"$set": []}], "invalid_operand", False),
        ([{"$set": None}], "invalid_operand", False),
        ([{"$unset": {"a": 1}}], "invalid_operand", False),
        ([{"$unset": [5]}], "invalid_key", True),
        ([{"$unset": ["$foo"]}], "reserved_key", True),
        ([{"$set": {"$foo": 1}}], "reserved_key", True),
        ([{"$set": {"SS_x": 1}}], "reserved_key", True),
        ([{"$append": {"$messenger": "x"}}], "reserved_key", True),
        ([{"$set": {"$id_provider": "fcm"}}], "reserved_key", True),
        ([{"$add": {"$email": 1}}], "channel_key", True),
        ([{"$set_once": {"$email": "a@example.com"}}], "channel_key", True),
        ([{"$append": {"$timezone": "UTC"}}], "not_a_list", True),
        ([{"$remove": {"$locale": "en"}}], "not_a_list", True),
        ([{"$add": {"$timezone": 1}}], "not_a_number", False),
        ([{"$add": {"a": None}}], "not_a_number", False),
        ([{"$set": {"$timezone": "Mars/Olympus"}}], "invalid_timezone", False),
        ([{"$set": {"$timezone": "localtime"}}], "invalid_timezone", False),
        ([{"$set": {"$locale": "english please"}}], "invalid_language", False),
        ([{"$set": {"$preferred_language": 5}}], "invalid_value", False),
        ([{"$set": {" ": 1}}], "invalid_key", False),
        ([{"$set": {"k" * 256: 1}}], "invalid_key", False),
        ([{"$set": {"a\0": 1}}], "invalid_text", False),
        ([{"$set": {"a": {"b": ["\0"]}}}], "invalid_text", False),
        ([{"$set": {"a": {"\ud800": 1}}}], "invalid_text", False),
        ([{"$set": {"a": 2**63}}], "number_out_of_range", False),
        ([{"$set": {"a": [float("nan")]}}], "number_out_of_range", False),
        ([{"$add": {"a": float("inf")}}], "number_out_of_range", False),
        ([{"$add": {"a": 2**63 - 1}}, {"$add": {"a": 1}}], "number_out_of_range", False),
        ([{"$set": {"a": 1e308}}, {"$add": {"a": 1e308}}], "number_out_of_range", False),
        ([{"$set": {"a": deep(65)}}], "value_too_deep", False),
        ([{"$append": {"a": {"b": deep(63)}}}], "value_too_deep", False),
    ],
    ids=lambda value: ascii(value)[:60],
)  # fmt: skip
def test_refusals(edit, code, ignorable):
    """What cannot be applied is refused with its stable code, and PATCH may ignore only what is documented so."""
    (refusal,) = fold(None, edit).refusals
    assert (refusal.code, refusal.ignorable) == (code, ignorable)
    json.dumps(refusal.operation)


def test_bottomless_nesting():
    """Nesting that no reader survives is refused like any other, in a value and around operations."""
    (refusal,) = fold(None, [{"$set": {"a": deep(100_000)}}]).refusals
    assert refusal.code == "value_too_deep"
    assert [refusal.code for refusal in fold(None, deep(100_000)).refusals] == ["invalid_operation"]


@pytest.mark.parametrize(
    "edit", [[{"$append": None}, {"$remove": None}], [{}], [{"$unset": "a"}], [{"$set": {"a": deep(64)}}]]
)
def test_liberal_forms_are_accepted(edit):
    """Null operands of $append and $remove are nothing, one key for $unset is a list of one, 64 levels are allowed."""
    assert fold(Profile({"a": 1}), edit).refusals == []


def test_one_bad_key_spares_the_others():
    """Within one operand every key stands for itself."""
    result = fold(None, [{"$set": {"bad": 2**70, "$x": 1, "good": 1}}])
    assert result.profile.properties == {"good": 1}
    assert [refusal.key for refusal in result.refusals] == ["bad", "$x"]


def test_refusal_tells_where_and_why():
    """The message names operator, key and reason; the operation holds only the part concerned."""
    (refusal,) = fold(None, [{"$set": {"good": 1, "bad": 2**70}}]).refusals
    assert refusal.message == "$set 'bad': integers must fit in 64 bits"
    assert refusal.operation == {"$set": {"bad": "an integer beyond 64 bits"}}


def test_large_refusals_are_left_out():
    """The log of refusals is for reading: of a large operand only the size is kept."""
    (refusal,) = fold(None, [{"$set": {"a": ["x" * MAX_REFUSED_BYTES, 2**70]}}]).refusals
    assert refusal.operation.startswith("not recorded, ")


def test_secrets_do_not_reach_refusals():
    """A refused identity is shown without its token."""
    (refusal,) = fold(None, [{"$append": {"$slack": {"access_token": "xoxb-very-secret-1"}}}]).refusals
    assert "secret" not in repr(refusal)


@pytest.mark.parametrize(
    ("old", "new"), [(1, 1.0), (1, True), (0.0, -0.0), ([1], [1.0]), ({"a": 0}, {"a": False}), (None, 0)]
)
def test_types_are_values(old, new):
    """Setting a number of another type is a change; setting the same value is none."""
    assert fold(Profile({"k": old}), [{"$set": {"k": new}}]).changed
    assert not fold(Profile({"k": old}), [{"$set": {"k": old}}]).changed


def test_there_and_back_is_no_change():
    """`changed` and `before` compare the ends of an edit, not its steps."""
    result = fold(Profile({"k": {"a": 1, "b": 2}}), [{"$set": {"k": 5}}, {"$set": {"k": {"b": 2, "a": 1}}}])
    assert not result.changed
    assert result.before == {}


def test_wrapping_counts_as_a_level():
    """$append to a value nested 64 deep would nest it 65 deep in the new array."""
    value = {"a": deep(63)}
    assert [refusal.code for refusal in fold(Profile({"k": value}), [{"$append": {"k": 1}}]).refusals] == [
        "value_too_deep"
    ]


def test_language_null_removes():
    """Null removes timezone, language and locale instead of being stored."""
    result = fold(
        Profile({"$timezone": "UTC", "$locale": "en"}), [{"$set": {"$timezone": None, "$preferred_language": None}}]
    )
    assert result.profile.properties == {"$locale": "en"}


def test_at_most_so_many_operations():
    """An edit of more than 1000 operations keeps the first 1000 and refuses the rest in one refusal."""
    result = fold(None, [{"$add": {"n": 1}}] * (MAX_OPERATIONS + 5))
    assert result.profile.properties == {"n": MAX_OPERATIONS}
    assert [refusal.code for refusal in result.refusals] == ["too_many_operations"]


def test_at_most_so_many_properties():
    """A profile takes 512 properties; known ones can still change."""
    result = fold(None, [{"$set": {f"p{i}": i for i in range(MAX_PROPERTIES + 1)}}, {"$set": {"p0": "new"}}])
    assert len(result.profile.properties) == MAX_PROPERTIES
    assert result.profile.properties["p0"] == "new"
    assert [refusal.code for refusal in result.refusals] == ["too_many_properties"]


ENTRY = len('"k":"",')


@pytest.mark.parametrize("reread", [False, True])
def test_profile_bytes_are_exact(reread):
    """A profile of exactly the limit is accepted, one byte more is refused, whether built at once or in steps."""
    fits = fold(None, [{"$set": {"k": "x" * (MAX_PROFILE_BYTES - ENTRY - len('"a":1,'))}}])
    assert fits.refusals == []
    profile = fits.profile
    if reread:
        profile = decode_profile(encode_properties(profile), encode_channels(profile))
    assert [r.code for r in fold(profile, [{"$set": {"a": 10}}]).refusals] == ["profile_too_large"]
    full = fold(profile, [{"$set": {"a": 1}}])
    assert full.refusals == []
    assert stored_bytes(full.profile.properties, full.profile.channels) == MAX_PROFILE_BYTES
    assert [r.code for r in fold(full.profile, [{"$append": {"$email": "a@example.com"}}]).refusals] == [
        "profile_too_large"
    ]
    assert fold(full.profile, [{"$add": {"a": 1}}]).refusals == []


def test_room_after_a_removal():
    """Within one edit, what $unset frees may be used by what follows."""
    full = fold(None, [{"$set": {"k": "x" * (MAX_PROFILE_BYTES - ENTRY)}}]).profile
    result = fold(full, [{"$set": {"b": 1}}, {"$unset": ["k"]}, {"$set": {"b": 1}}])
    assert result.profile.properties == {"b": 1}
    assert [refusal.code for refusal in result.refusals] == ["profile_too_large"]


@pytest.mark.parametrize("removal", [{"$unset": ["$email"]}, {"$remove": {"$email": "a@example.com"}}])
def test_room_after_a_channel_is_gone(removal):
    """The same for a channel, whichever way it is emptied."""
    email = fold(None, [{"$append": {"$email": "a@example.com"}}]).profile
    free = MAX_PROFILE_BYTES - ENTRY - stored_bytes(email.properties, email.channels)
    full = fold(email, [{"$set": {"k": "x" * free}}]).profile
    result = fold(full, [{"$set": {"b": 1}}, removal, {"$set": {"b": 1}}])
    assert result.profile.properties["b"] == 1
    assert [refusal.code for refusal in result.refusals] == ["profile_too_large"]


def test_too_large_profiles_may_shrink():
    """A profile above the limit (stored before it existed) can be made smaller, step by step."""
    profile = Profile({"k": ["x" * 1000] * 300, "l": 1})
    result = fold(profile, [{"$set": {"k": ["x" * 1000] * 280}}])
    assert result.refusals == []
    assert len(result.profile.properties["k"]) == 280


@pytest.mark.parametrize("companions", [{}, {"$device_id": "d" * 255, "$bundle_id": "b" * 255}])
def test_bound_covers_the_worst_growth(companions):
    """The edit that grows most in storage, one-character tokens with long companions shared by all, stays in its bound."""
    tokens = [chr(code) for code in range(0x21, 0x7F)]
    after = fold(None, [{"$append": {"$androidpush": tokens, "$iospush": tokens, **companions}}]).profile
    assert len(after.channels["$androidpush"]) > 90
    assert after.bytes_bound is not None
    assert after.bytes_bound >= stored_bytes(after.properties, after.channels)


def test_limit_holds_beside_text_that_cannot_be_encoded():
    """A lone surrogate, which cannot be measured, opens no way around the byte limit for the rest of the edit."""
    full = fold(None, [{"$set": {"k": "x" * (MAX_PROFILE_BYTES - ENTRY)}}]).profile
    result = fold(full, [{"$set": {"bad": "\ud800", "b": 1}}])
    assert [refusal.code for refusal in result.refusals] == ["invalid_text", "profile_too_large"]


def test_hostile_edits_have_a_short_log():
    """Of thousands of refusals the first hundred are listed and the rest counted, but an error is never hidden."""
    edit = [{"$set": {f"${i}": i for i in range(5000)}}, {"$add": {"n": "1"}}, {"$add": {"n": "2"}}]
    refusals = fold(None, edit).refusals
    assert [refusal.code for refusal in refusals] == ["reserved_key"] * MAX_REFUSALS + ["not_a_number", "more_refusals"]
    assert refusals[-1].message.startswith(f"{5000 - MAX_REFUSALS + 1} more")


def test_hostile_removals_are_bounded():
    """Removing from a long array a thousand times over is refused at some point; once with many values is not."""
    profile = fold(None, [{"$set": {"l": ["x" * 90] * 2000}}]).profile
    costly = fold(profile, [{"$remove": {"l": i}} for i in range(100)])
    assert {refusal.code for refusal in costly.refusals} == {"edit_too_costly"}
    assert MAX_EDIT_WORK - 2000 * 93 < costly.work <= MAX_EDIT_WORK
    assert fold(profile, [{"$remove": {"l": list(range(10_000))}}]).refusals == []


def test_work_is_what_is_touched():
    """Small edits of a large profile do little work: neither the sums nor the appends of an edit read what is there."""
    large = fold(None, [{"$set": {"text": "x" * 150_000, "list": list(range(15_000))}}]).profile
    edit = [*[{"$append": {"list": 1}}] * 900, *[{"$add": {"n": 1}}] * 90, {"$set": {"text": "y"}}]
    result = fold(large, edit)
    assert result.refusals == []
    assert result.work < 3 * 15_000
    assert fold(large, [{"$append": {"list": 1}}]).work * 1.1 > result.work


def test_looking_up_arrays_costs_more():
    """Work is that of searching the array, and twice that if arrays or objects are unwanted; how many makes no odds."""
    profile = Profile({"l": [[1, 2], [3, 4]] * 1000})

    def work(unwanted):
        return fold(profile, [{"$remove": {"l": unwanted}}]).work

    assert work(1) == work(list(range(3000))) == 2000 * 8
    assert work([[5, 6]]) == work([[5, 6]] * 8) == work([[n] for n in range(3000)]) == 2 * 2000 * 8


def test_edits_of_a_large_request_share_its_work():
    """Many edits in one request may each search the longest array once, a few may do more."""
    assert work_of_each(1) == work_of_each(16) == MAX_EDIT_WORK
    assert work_of_each(64) == MAX_REQUEST_WORK // 64
    assert work_of_each(400) == MAX_PROFILE_BYTES
    profile = fold(None, [{"$set": {"l": ["x" * 90] * 2800}}]).profile
    twice = fold(profile, [{"$remove": {"l": 1}}, {"$remove": {"l": 2}}], max_work=work_of_each(400))
    assert [refusal.code for refusal in twice.refusals] == ["edit_too_costly"]


def test_appends_do_not_reach_earlier_profiles():
    """An array that grows in place within an edit is a copy: neither the profile before nor the operand grows."""
    before, operand = Profile({"l": [1]}), [7]
    after = fold(before, [{"$append": {"l": 2}}, {"$append": {"l": 3}}, {"$set": {"m": operand}}]).profile
    later = fold(after, [{"$append": {"l": 4, "m": 8}}, {"$append": {"l": 5, "m": 9}}]).profile
    assert (before.properties, operand) == ({"l": [1]}, [7])
    assert after.properties == {"l": [1, 2, 3], "m": [7]}
    assert later.properties == {"l": [1, 2, 3, 4, 5], "m": [7, 8, 9]}


@pytest.mark.parametrize("operator", ["$append", "$remove"])
@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("$email", "name@b\u00fccher-{}.example"),
        ("$email", "no address {}"),
        ("$sms", "+44 20 7946 {}"),
        ("$slack", {"email": "name@b\u00fccher.example"}),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["one operation", "an operation each"])
def test_addresses_that_need_a_library_count_as_work(
    operator: str, channel: str, address: object, at_once: bool
) -> None:
    """A body of them would take seconds."""
    unusual = [address.format(number) if isinstance(address, str) else address for number in range(50)]
    operations = [{operator: {channel: unusual}}] if at_once else [{operator: {channel: each}} for each in unusual]
    assert fold(None, operations).work >= 50 * 12 * UNITS_PER_UNUSUAL_CHAR


@pytest.mark.parametrize("operator", ["$append", "$remove"])
def test_addresses_of_the_usual_form_cost_no_work(operator: str) -> None:
    usual = {"$email": [f"n{n}@example.com" for n in range(50)], "$sms": [f"+1202555{n:04d}" for n in range(50)]}
    result = fold(None, [{operator: usual}])
    assert result.refusals == []
    assert result.work < 12 * UNITS_PER_UNUSUAL_CHAR


def test_too_many_unusual_addresses_are_refused() -> None:
    operations = [{"$append": {"$email": f"name@b\u00fccher-{n}.example"}} for n in range(1000)]
    costly = [{"$remove": {"$email": [f"x{n}@b\u00fccher.example" for n in range(400)]}}] * 4
    assert "edit_too_costly" in {refusal.code for refusal in fold(None, [*costly, *operations[:90]]).refusals}
