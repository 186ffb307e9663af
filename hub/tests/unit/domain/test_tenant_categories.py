"""What tenants set for categories: the algebra of the operation, and the storage form."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import assume, given
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.tenant_categories import (
    NO_OVERRIDE,
    NO_OVERRIDES,
    CategoryOverride,
    SetOverride,
    apply,
    decode,
    encode,
    operation_to_json,
)

from ...preference_strategies import overrides, tenants  # noqa: TID252 - the absolute name depends on where pytest starts


@given(tenants, overrides)
def test_twice_equals_once(stored, operation):
    """Applying the same operation again changes nothing."""
    once = apply(stored, operation)
    assert encode(apply(once, operation)) == encode(once)


@given(tenants, overrides, overrides)
def test_different_categories_commute(stored, one, other):
    """Two updates of different categories give the same stored text in either order."""
    assume(one.category != other.category)
    assert encode(apply(apply(stored, one), other)) == encode(apply(apply(stored, other), one))


@given(tenants)
def test_storage_round_trip(stored):
    """Decoding what was encoded gives the same document."""
    assert decode(encode(stored)) == stored


@given(overrides)
def test_an_operation_is_json(operation):
    """An operation can be recorded; what is unset has no field, so that it stays apart from null."""
    recorded = msgspec.json.decode(msgspec.json.encode(operation_to_json(operation)))
    assert msgspec.convert(recorded, SetOverride) == operation


def test_what_is_unset_stays_and_null_returns_to_the_default():
    """An update changes only what it names."""
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    stored = apply(
        NO_OVERRIDES,
        SetOverride(
            "news",
            preference=Preference.OPT_OUT,
            enabled_for_tenant=False,
            blocked_channels=(Channel.SMS, Channel.EMAIL),
            properties={"a": 1, "b": 2},
            updated_at=moment,
        ),
    )
    stored = apply(stored, SetOverride("news", enabled_for_tenant=True, properties={"a": None}))
    assert stored.find("news") == CategoryOverride(
        preference=Preference.OPT_OUT,
        blocked_channels=(Channel.EMAIL, Channel.SMS),
        properties={"b": 2},
        updated_at=moment,
    )
    stored = apply(stored, SetOverride("news", preference=None, blocked_channels=None, properties=None))
    assert stored.find("news") == CategoryOverride(updated_at=moment)


def test_a_category_without_settings_has_none():
    assert NO_OVERRIDES.find("news") is NO_OVERRIDE
    assert encode(NO_OVERRIDES) == "{}"
