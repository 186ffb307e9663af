"""The algebra of merging: total, idempotent in effect, and taken back without a trace."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain import choices, merging
from suprsend_hub.domain.choices import NO_CHOICES
from suprsend_hub.domain.profile import Profile, encode_channels, encode_properties

from ...preference_strategies import choices as any_choices  # noqa: TID252 - the absolute name depends on where pytest starts
from ...strategies import profiles  # noqa: TID252 - the absolute name depends on where pytest starts


def _choosing(profile: Profile, chosen: choices.Choices) -> Profile:
    return Profile(profile.properties, profile.channels, None, None if chosen == NO_CHOICES else choices.encode(chosen))


people = st.builds(_choosing, profiles, st.just(NO_CHOICES) | any_choices)


def stored(profile: Profile) -> tuple[str, str, str | None]:
    return encode_properties(profile), encode_channels(profile), profile.preferences


@given(people, people)
def test_the_primary_wins_and_nothing_of_either_is_lost(primary: Profile, secondary: Profile) -> None:
    merged = merging.merge(primary, secondary)
    assert merged.profile.properties == {**secondary.properties, **primary.properties}
    assert merged.profile.properties.keys() >= primary.properties.keys() | secondary.properties.keys()
    for channel, identities in primary.channels.items():
        assert merged.profile.channels[channel][: len(identities)] == identities
    ours, theirs = merging.choices_of(primary), merging.choices_of(secondary)
    assert merging.choices_of(merged.profile) == choices.merge(ours, theirs)
    merging.misfit(merged.profile)  # never raises


@given(people, people)
def test_merging_again_takes_nothing(primary: Profile, secondary: Profile) -> None:
    once = merging.merge(primary, secondary).profile
    again = merging.merge(once, secondary)
    assert stored(again.profile) == stored(once)
    assert again.taken == merging.Taken()


@given(people)
def test_a_profile_merged_with_itself_or_with_nothing_stays_the_same(profile: Profile) -> None:
    for other in (profile, Profile()):
        merged = merging.merge(profile, other)
        assert stored(merged.profile) == stored(profile)
        assert not merged.conflicts


@given(people, people)
def test_taking_a_merge_back_gives_the_primary_as_it_was(primary: Profile, secondary: Profile) -> None:
    merged = merging.merge(primary, secondary)
    left, given_back = merging.unmerge(merged.profile, merged.taken)
    assert stored(left) == stored(primary)
    assert given_back == merged.taken


@given(people, people, people)
def test_taking_a_merge_back_never_takes_what_was_there_before(
    primary: Profile, secondary: Profile, present: Profile
) -> None:
    """Whatever the profile has become meanwhile."""
    taken = merging.merge(primary, secondary).taken
    left, given_back = merging.unmerge(present, taken)
    for key, value in present.properties.items():
        assert key in left.properties or taken.properties[key] == value
    assert left.properties.keys().isdisjoint(given_back.properties)
    assert merging.unmerge(left, taken)[1] == merging.Taken()


@given(people, people)
def test_the_history_entries_replay(primary: Profile, secondary: Profile) -> None:
    """As the console reads them: from JSON, onto the values that they replaced."""
    merged = merging.merge(primary, secondary)
    for operator, old, new in (
        (merging.MERGE, primary, merged.profile),
        (merging.UNMERGE, merged.profile, primary),
    ):
        operations = json.loads(msgspec.json.encode(merging.record(operator, "anon", merged.taken)))
        replayed = merging.replay(old, operations)
        assert replayed is not None
        assert stored(replayed) == stored(new)
    assert merging.replay(primary, [{"$set": {"n": 1}}]) is None
    assert merging.replay(primary, "?") is None
