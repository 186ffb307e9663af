"""The operation vectors of the contract, through the fold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Identity, Profile, profile_to_wire
from suprsend_hub.domain.wire import CHANNELS

VECTORS = Path(__file__).parents[4] / "contract" / "vectors" / "operation_semantics.json"
CASES = json.loads(VECTORS.read_text())["cases"]


def _profile(state: dict) -> Profile:
    channels = {}
    for channel in CHANNELS:
        if channel in state:
            channels[channel] = [
                Identity(**{"value" if key == "value_json" else key: value for key, value in entry.items()})
                for entry in state[channel]
            ]
    return Profile(dict(state["properties"]), channels)


def _state(profile: Profile) -> dict:
    """The wire form as the vectors write it: object identities under value_json only."""
    state = profile_to_wire(profile)
    for channel in state.keys() & set(CHANNELS):
        for entry in state[channel]:
            if "value_json" in entry:
                del entry["value"]
    return state


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_state_after(case):
    """Folding the operations of a vector over its state before gives its state after, and `changed` tells them apart."""
    result = fold(_profile(case["before"]), case["operations"])
    assert json.dumps(_state(result.profile), sort_keys=True) == json.dumps(case["after"], sort_keys=True)
    assert result.changed == (case["before"] != case["after"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_skipped_entries(case):
    """Exactly the entries a vector lists as skipped are refused, as errors unless the key is reserved or a channel."""
    result = fold(_profile(case["before"]), case["operations"])
    skipped = [tuple(entry) for entry in case.get("skipped_in_event_400_in_patch_or_ignored", [])]
    assert [(next(iter(refusal.operation)), refusal.key) for refusal in result.refusals] == skipped
    for refusal, (operator, key) in zip(result.refusals, skipped, strict=True):
        assert refusal.ignorable == (operator == "$set" and key.startswith(("$", "ss_")))


def test_all_cases_are_read():
    """The vector file holds the cases the contract announces; an empty file would prove nothing."""
    assert len(CASES) >= 61
