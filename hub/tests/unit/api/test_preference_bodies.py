"""Bodies and queries of preferences, as the SDKs send them and as they must not be."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from suprsend_hub.api.bodies.preferences import (
    PreferenceQuery,
    parse_bulk_reset,
    parse_bulk_update,
    parse_category_update,
    parse_channels_update,
    parse_full_update,
    parse_query,
    parse_tags,
    parse_tenant_update,
)
from suprsend_hub.domain import tenant_categories
from suprsend_hub.domain.choices import (
    NO_CHOICES,
    Reset,
    RestrictChannels,
    SetCategory,
    apply_all,
    decode,
    encode,
    operation_to_json,
)
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.digest import DigestChoice
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.preference_terms import NOT_A_CHANNEL, Channel, Preference
from suprsend_hub.domain.tag_filter import TagFilter
from suprsend_hub.domain.tenant_categories import NO_OVERRIDES, SetOverride

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts

IN, OUT = Preference.OPT_IN, Preference.OPT_OUT
EMAIL, SMS = Channel.EMAIL, Channel.SMS
EMPTY = "Request body must not be empty"


def refusal(parse, *arguments) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(*arguments)
    return caught.value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"preference": "opt_out"}, SetCategory("news", OUT)),
        ({"preference": "opt_in", "opt_out_channels": ["sms"]}, SetCategory("news", IN, opt_out_channels=(SMS,))),
        ({"opt_in_channels": ["sms", "email"]}, SetCategory("news", IN, opt_in_channels=(SMS, EMAIL))),
        ({"preference": "", "opt_out_channels": []}, SetCategory("news", IN, opt_out_channels=())),
        ({"preference": "opt_in", "opt_out_channels": None}, SetCategory("news", IN)),
        (
            {"preference": "", "opt_out_channels": None, "digest_schedule": None},
            SetCategory("news", digest_schedule=None),
        ),
        (
            {"digest_schedule": {"id": "daily", "time": "09:30"}},
            SetCategory("news", digest_schedule=DigestChoice("daily", time="09:30")),
        ),
        ({"properties": [{"key": "a", "value": 1}]}, SetCategory("news", properties={"a": 1})),
        ({"properties": None}, SetCategory("news", properties=None)),
        ({"preference": "opt_out", "unknown": 1}, SetCategory("news", OUT)),
    ],
)
def test_a_category_update(body, expected):
    """A null means absent, except that it returns digest schedule and properties to their defaults."""
    assert parse_category_update("news", body) == expected


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"preference": "maybe"}, {"preference": "must be one of opt_in, opt_out"}),
        ({"preference": ["opt_in"]}, {"preference": "must be one of opt_in, opt_out"}),
        ({"preference": False}, {"preference": "must be one of opt_in, opt_out"}),
        ({"preference": None}, {"preference": "must be opt_in or opt_out"}),
        ({"unknown": 1}, {"preference": "must be opt_in or opt_out"}),
        ({"opt_out_channels": ["fax"]}, {"opt_out_channels[0]": NOT_A_CHANNEL}),
        ({"opt_out_channels": ["$email"]}, {"opt_out_channels[0]": NOT_A_CHANNEL}),
        ({"opt_in_channels": "sms"}, {"opt_in_channels": "must be a list"}),
        (
            {"opt_in_channels": [], "opt_out_channels": []},
            {"opt_in_channels": "must not be given together with opt_out_channels"},
        ),
        ({"digest_schedule": "daily"}, {"digest_schedule": "must be an object"}),
        ({"properties": {"a": 1}}, {"properties": "must be a list"}),
        (
            {"properties": [{"key": "a", "value": "\0"}]},
            {"properties[0].value": "text must not contain a NUL character"},
        ),
    ],
)
def test_a_wrong_category_update(body, detail):
    """Each mistake is named by its path; the message is the same as text."""
    error = refusal(parse_category_update, "news", body)
    assert error.code is Code.INVALID_VALUE
    assert msgspec.json.decode(error.message) == error.detail
    assert error.detail == detail


def test_the_documented_error_of_a_bad_channel():
    """The published body, word for word."""
    error = refusal(parse_channels_update, {"channel_preferences": [{"channel": "fax", "is_restricted": True}]})
    assert error.detail == {
        "channel_preferences[0].channel": 'must be one of ["sms", "email", "androidpush" "iospush", "webpush", '
        '"inbox", "whatsapp", "slack", "ms_teams"]'
    }


@pytest.mark.parametrize(
    "parse",
    [
        parse_channels_update,
        parse_full_update,
        parse_bulk_update,
        parse_bulk_reset,
        lambda body: parse_category_update("news", body),
        lambda body: parse_tenant_update("news", body),
    ],
)
def test_an_empty_body_and_a_wrong_one(parse):
    """An empty body never means "all" or "nothing"; a body that is not an object has its own error."""
    for body in ({}, None):
        error = refusal(parse, body)
        assert (error.code, error.message) == (Code.EMPTY_BODY, EMPTY)
    for body in ([], "x", 5, False):
        assert refusal(parse, body).code is Code.INVALID_BODY


def test_channels():
    """All named channels, the later entry of one channel counts."""
    body = {
        "channel_preferences": [
            {"channel": "sms", "is_restricted": True},
            {"channel": "email", "is_restricted": False},
            {"channel": "sms", "is_restricted": False},
        ]
    }
    assert parse_channels_update(body) == RestrictChannels({SMS: False, EMAIL: False})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"categories": []}, {"channel_preferences": 'must be a list of {"channel", "is_restricted"}'}),
        ({"channel_preferences": []}, {"channel_preferences": 'must be a list of {"channel", "is_restricted"}'}),
        ({"channel_preferences": {}}, {"channel_preferences": "must be a list"}),
        ({"channel_preferences": ["sms"]}, {"channel_preferences[0]": "must be an object"}),
        (
            {"channel_preferences": [{"channel": "sms", "is_restricted": "yes"}]},
            {"channel_preferences[0].is_restricted": "must be true or false"},
        ),
    ],
)
def test_wrong_channels(body, detail):
    assert refusal(parse_channels_update, body).detail == detail


def test_a_full_update():
    """Channels first, then the categories in the order of the body, so that later errors have its paths."""
    body = {
        "channel_preferences": [{"channel": "sms", "is_restricted": True}],
        "categories": [{"category": "news", "preference": "opt_out"}, {"category": "offers", "preference": "opt_in"}],
    }
    channels, news, offers = parse_full_update(body)
    assert channels == RestrictChannels({SMS: True})
    assert (news, offers) == (SetCategory("news", OUT), SetCategory("offers", IN))
    assert parse_full_update({"channel_preferences": None, "categories": body["categories"]}) == [news, offers]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"categories": []}, {"body": "must have channel_preferences or categories"}),
        ({"other": 1}, {"body": "must have channel_preferences or categories"}),
        ({"categories": [5]}, {"categories[0]": "must be an object"}),
        ({"categories": [{"preference": "opt_in"}]}, {"categories[0].category": "must be a non-empty string"}),
        (
            {"categories": [{"category": "news", "preference": "opt_in", "opt_out_channels": ["x"]}]},
            {"categories[0].opt_out_channels[0]": NOT_A_CHANNEL},
        ),
    ],
)
def test_a_wrong_full_update(body, detail):
    assert refusal(parse_full_update, body).detail == detail


def test_bulk_update():
    """Ids are read once each, in order; the operations are those of a full update."""
    body = {"distinct_ids": ["b", "a", " b "], "categories": [{"category": "news", "preference": "opt_out"}]}
    assert parse_bulk_update(body) == (["b", "a"], [SetCategory("news", OUT)])
    assert refusal(parse_bulk_update, {"categories": body["categories"]}).code is Code.MISSING_IDS
    assert refusal(parse_bulk_update, {"distinct_ids": ["a"]}).detail == {
        "body": "must have channel_preferences or categories"
    }
    assert refusal(parse_bulk_update, {**body, "distinct_ids": ["a"] * 1001}).code is Code.TOO_MANY_IDS
    assert refusal(parse_bulk_update, {**body, "distinct_ids": [""]}).code is Code.INVALID_ID


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, Reset(categories=True, channels=True)),
        ({"reset_categories": None}, Reset(categories=True, channels=True)),
        ({"reset_categories": False}, Reset(categories=False, channels=True)),
        ({"reset_channel_preferences": False}, Reset(categories=True, channels=False)),
    ],
)
def test_bulk_reset(flags, expected):
    """Both halves are reset unless a flag says no."""
    assert parse_bulk_reset({"distinct_ids": ["a"], **flags}) == (["a"], expected)


def test_a_wrong_flag_resets_nothing():
    error = refusal(parse_bulk_reset, {"distinct_ids": ["a"], "reset_categories": "no"})
    assert error.detail == {"reset_categories": "must be true, false or null"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"preference": "cant_unsubscribe"}, SetOverride("news", preference=Preference.CANT_UNSUBSCRIBE)),
        (
            {"preference": None},
            SetOverride("news", preference=None, mandatory_channels=None, opt_in_channels=None),
        ),
        (
            {"preference": None, "opt_in_channels": ["sms"]},
            SetOverride("news", preference=None, mandatory_channels=None, opt_in_channels=(SMS,)),
        ),
        (
            {
                "enabled_for_tenant": False,
                "blocked_channels": None,
                "mandatory_channels": None,
                "opt_in_channels": None,
            },
            SetOverride("news", enabled_for_tenant=False),
        ),
        ({"preference": "", "visible_to_subscriber": True}, SetOverride("news", visible_to_subscriber=True)),
        ({"blocked_channels": [], "preference": "opt_in"}, SetOverride("news", preference=IN, blocked_channels=())),
        ({"digest_schedule": None, "properties": None}, SetOverride("news", digest_schedule=None, properties=None)),
        ({"digest_schedule": {"options": []}}, SetOverride("news", digest_schedule={"options": []})),
        ({"properties": [{"key": "a", "value": 1}]}, SetOverride("news", properties={"a": 1})),
    ],
)
def test_a_tenant_update(body, expected):
    """What the Go SDK sends unasked changes nothing; null as preference returns to the workspace's default."""
    assert parse_tenant_update("news", body) == expected


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"preference": "maybe"}, {"preference": "must be one of opt_in, opt_out, cant_unsubscribe"}),
        ({"blocked_channels": ["fax"]}, {"blocked_channels[0]": NOT_A_CHANNEL}),
        ({"enabled_for_tenant": 1}, {"enabled_for_tenant": "must be true, false or null"}),
        ({"digest_schedule": []}, {"digest_schedule": "must be an object"}),
        ({"properties": 5}, {"properties": "must be a list"}),
    ],
)
def test_a_wrong_tenant_update(body, detail):
    assert refusal(parse_tenant_update, "news", body).detail == detail


def test_queries():
    """Without a query: no tenant, no filter, no locale. The tenant `default` is no tenant."""
    assert parse_query({}) == PreferenceQuery(None, show_opt_out_channels=False, tags=None, locale=None)
    query = {"tenant_id": "ACME", "show_opt_out_channels": "True", "tags": "a", "locale": "es_ar"}
    assert parse_query(query) == PreferenceQuery("acme", True, TagFilter({"or": ["a"]}), "es-AR")
    assert parse_query({"tenant_id": "Default"}).tenant_id is None
    assert parse_query({"tenant_id": ""}).tenant_id is None
    assert parse_query({"locale": "en-GB,en;q=0.9"}).locale == "en"
    assert refusal(parse_query, {"tenant_id": "no such!"}).code is Code.INVALID_ID


@pytest.mark.parametrize(
    ("text", "tags", "passes"),
    [
        ("a", ["a"], True),
        (" a , b ", ["b"], True),
        ("a,b", ["c"], False),
        ('{"and": ["a", "b"]}', ["a"], False),
        ('{"not": "a"}', ["b"], True),
        ('["a"]', None, "must be a tag"),
        ("{", None, "not valid JSON"),
        ('{"or": ' * 5000, None, "not valid JSON"),
    ],
)
def test_tags(text, tags, passes):
    """A tag, several of which one is enough, or a filter as JSON."""
    if tags is None:
        assert passes in refusal(parse_tags, {"tags": text}).message
    else:
        assert parse_tags({"tags": text}).matches(tags) is passes


def test_no_tags():
    assert parse_tags({}) is None
    assert parse_tags({"tags": " "}) is None
    assert not parse_tags({"tags": ","}).matches(["a"])


hostile_bodies = any_json | st.dictionaries(
    st.sampled_from(
        ["preference", "opt_in_channels", "opt_out_channels", "digest_schedule", "properties", "channel_preferences",
         "categories", "blocked_channels", "enabled_for_tenant", "distinct_ids", "reset_categories"]
    ),
    any_json | st.sampled_from(["opt_in", ["email"], [{"key": "a", "value": 1}], [{"category": "a", "preference": "opt_in"}]]),
    max_size=4,
)  # fmt: skip


@given(hostile_bodies)
def test_nothing_else_is_raised(body):
    """Any JSON is operations that can be recorded, applied and stored, or an InvalidRequest."""
    operations = []
    for parse in (
        lambda given_body: [parse_category_update("news", given_body)],
        lambda given_body: [parse_channels_update(given_body)],
        parse_full_update,
        lambda given_body: parse_bulk_update(given_body)[1],
        lambda given_body: [parse_bulk_reset(given_body)[1]],
    ):
        try:
            operations += parse(body)
        except InvalidRequest as error:
            msgspec.json.encode(error.detail)
    stored = apply_all(NO_CHOICES, operations)
    assert encode(decode(encode(stored))) == encode(stored)
    msgspec.json.encode([operation_to_json(operation) for operation in operations])


@given(hostile_bodies)
def test_no_tenant_update_raises_anything_else(body):
    """Any JSON is an operation on a tenant's settings that can be stored, or an InvalidRequest."""
    try:
        operation = parse_tenant_update("news", body)
    except InvalidRequest:
        return
    stored = tenant_categories.apply(NO_OVERRIDES, operation)
    assert tenant_categories.decode(tenant_categories.encode(stored)) == stored
    assert operation.updated_at is UNSET
