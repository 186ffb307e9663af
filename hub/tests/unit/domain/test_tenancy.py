"""What applies to a user within a tenant, and the rules of a workspace: properties that hold for any profiles."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.tenancy import (
    SHARED,
    FallbackMode,
    Tenancy,
    TenancyChange,
    TenancyMode,
    decode,
    encode,
    overlay,
    tenancy_to_wire,
)

from ...strategies import profiles  # noqa: TID252 - the absolute name depends on where pytest starts

tenancies = st.builds(
    Tenancy,
    st.sampled_from(TenancyMode),
    st.sampled_from(FallbackMode),
    st.lists(st.sampled_from(Channel), unique=True).map(tuple),
    st.booleans(),
)


@given(profiles, profiles)
def test_each_key_is_the_tenants_or_else_the_global_one_as_a_whole(base: Profile, own: Profile) -> None:
    merged = overlay(base, own)
    for part in ("properties", "channels"):
        of_base, of_own, of_both = (getattr(profile, part) for profile in (base, own, merged))
        assert set(of_both) == set(of_base) | set(of_own)
        for key, value in of_both.items():
            assert value is (of_own[key] if key in of_own else of_base[key])


@given(profiles)
def test_without_a_profile_of_the_tenant_the_global_one_applies_and_the_reverse(profile: Profile) -> None:
    assert overlay(profile, None) == overlay(profile, Profile()) == overlay(Profile(), profile) == profile
    assert overlay(profile, profile) == profile


@given(profiles, profiles, profiles)
def test_overlays_are_associative(first: Profile, second: Profile, third: Profile) -> None:
    assert overlay(overlay(first, second), third) == overlay(first, overlay(second, third))


@given(profiles, profiles, tenancies, st.sampled_from(["acme", "default"]))
def test_only_global_channels_are_held_back(base: Profile, own: Profile, tenancy: Tenancy, tenant_id: str) -> None:
    full, limited = overlay(base, own), overlay(base, own, tenancy.fallback(tenant_id))
    assert limited.properties == full.properties
    for channel, identities in full.channels.items():
        is_free = tenancy.channel_fallback_mode is FallbackMode.ALL or (
            tenant_id == "default" and not tenancy.default_tenant_is_limited
        )
        applies = channel in own.channels or is_free or channel.removeprefix("$") in tenancy.channel_fallback
        assert limited.channels.get(channel) == (identities if applies else None)


@given(profiles, profiles)
def test_the_profiles_stay_as_they_are(base: Profile, own: Profile) -> None:
    before = msgspec.json.encode([base, own])
    merged = overlay(base, own)
    merged.properties["more"] = merged.channels["$more"] = []
    assert msgspec.json.encode([base, own]) == before


@given(tenancies)
def test_rules_are_stored_and_read_without_loss(tenancy: Tenancy) -> None:
    assert decode(encode(tenancy)) == tenancy


@given(tenancies, tenancies)
def test_a_change_replaces_what_it_gives(stored: Tenancy, wanted: Tenancy) -> None:
    whole = TenancyChange(*(getattr(wanted, name) for name in Tenancy.__struct_fields__))
    assert whole.apply(stored) == wanted
    assert TenancyChange().apply(stored) == stored


def test_a_workspace_without_rules_shares_its_users_and_their_channels() -> None:
    assert encode(SHARED) == "{}"
    assert not SHARED.is_exclusive
    assert SHARED.fallback("acme")("$email")
    assert tenancy_to_wire(SHARED) == {
        "user_tenancy_mode": "shared",
        "user_tenancy_channel_fallback_mode": "all",
        "user_tenancy_channel_fallback": [],
        "user_tenancy_default_tenant_is_limited": False,
    }


def test_a_damaged_row_is_not_read_as_rules() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode('{"mode":"both"}')
