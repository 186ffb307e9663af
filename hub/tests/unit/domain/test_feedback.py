"""Delivery feedback as an operation: total, in any order, with an exact way back."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.before import rewind
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.feedback import FeedbackEvent, Report, read_operand, reported, to_operand
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Identity, Profile, decode_profile, encode_channels, encode_properties

from ...strategies import any_json, maybe_profiles, operations  # noqa: TID252 - the name depends on where pytest starts

events = st.sampled_from(FeedbackEvent)
times = st.integers(0, 9).map(lambda n: f"2026-01-0{n + 1}T00:00:00.000000+00:00")
reports = st.builds(Report, st.just("$email"), st.sampled_from(["a@b.io", "A@B.io", "c@d.io"]), events, times)
TIME = "2026-01-01T00:00:00.000000+00:00"


def status_of(report: Report) -> list:
    return [{"$channel_status": to_operand(report)}]


@given(reports)
def test_an_operand_is_read_as_it_was_written(report):
    assert read_operand(to_operand(report)) == report


@given(any_json | st.dictionaries(st.sampled_from(["$email", "$sms", "$inbox", "event", "time"]), any_json))
def test_any_operand_is_feedback_or_refused(operand):
    """The fold stays total, also for a damaged history."""
    result = fold(Profile(channels={"$email": [Identity("a@b.io")]}), [{"$channel_status": operand}], by_hub=True)
    assert result.changed == bool(result.before)
    assert bool(result.refusals) != result.accepted


@given(maybe_profiles, st.lists(operations | reports.map(status_of), max_size=4))
def test_the_way_back_is_exact(profile, edits):
    """Through any sequence of edits and reports, from what is stored."""
    for edit in edits:
        result = fold(profile, edit, by_hub=True)
        after = decode_profile(encode_properties(result.profile), encode_channels(result.profile))
        before = msgspec.json.decode(msgspec.json.encode(result.before))
        assert rewind(after, before) == profile
        profile = result.profile


@given(st.lists(reports.filter(lambda report: report.value != "c@d.io"), max_size=5, unique_by=lambda each: each.time))
def test_the_order_of_arrival_does_not_matter_to_the_reason(arrived):
    """The last event by time is the reason. With it comes the status, but for a STOP, which leaves a disabled one so."""
    expected = max(arrived, key=lambda report: report.time, default=None)
    for order in itertools.permutations(arrived):
        identity = Identity("a@b.io")
        for report in order:
            identity = reported(identity, report)
        assert identity.status_reason == (None if expected is None else str(expected.event))
        assert identity.status_at == (None if expected is None else expected.time)
        if expected is not None and expected.event is FeedbackEvent.RECOVERED:
            assert identity.is_usable


def test_a_report_about_an_address_that_is_not_there_is_refused():
    profile = Profile(channels={"$email": [Identity("a@b.io")]})
    report = Report("$email", "c@d.io", FeedbackEvent.STOP, TIME)
    result = fold(profile, status_of(report), by_hub=True)
    assert [refusal.code for refusal in result.refusals] == [Code.IDENTITY_NOT_FOUND]
    assert (result.changed, result.accepted) == (False, False)
    assert fold(profile, status_of(report)).refusals[0].code is Code.UNKNOWN_OPERATOR, "from a caller"


def test_a_repeated_report_changes_nothing():
    report = Report("$email", "a@b.io", FeedbackEvent.STOP, TIME)
    once = reported(Identity("a@b.io"), report)
    assert reported(once, report) is once


@pytest.mark.parametrize("event", FeedbackEvent)
def test_adding_again_makes_active_and_leaves_disabled(event):
    """The feedback goes where it no longer explains anything."""
    profile = Profile(channels={"$email": [Identity("a@b.io")]})
    after = fold(profile, status_of(Report("$email", "a@b.io", event, TIME)), by_hub=True).profile
    [old] = after.channels["$email"]
    [new] = fold(after, [{"$append": {"$email": "a@b.io"}}]).profile.channels["$email"]
    assert (new.status, new.perma_status) == ("active", old.perma_status)
    assert new.status_reason == (None if event is FeedbackEvent.STOP else str(event))


def test_a_full_profile_has_room_for_no_report():
    """The limit of a profile holds for reports as for other edits, and says so."""
    profile = fold(None, [{"$set": {"text": "x" * 262_000}}, {"$append": {"$email": "a@b.io"}}]).profile
    profile = fold(profile, [{"$set": {"more": "x" * 70}}]).profile
    result = fold(profile, status_of(Report("$email", "a@b.io", FeedbackEvent.STOP, TIME)), by_hub=True)
    assert [refusal.code for refusal in result.refusals] == [Code.PROFILE_TOO_LARGE]
    assert not result.changed
