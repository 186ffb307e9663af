"""The refusals of the contract, through the fold; and the events that are refused as a whole."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cast import TESTER
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.ids import check_distinct_id
from suprsend_hub.domain.profile import Profile, encode_channels, encode_properties
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.writing.batch import Batch
from suprsend_hub.service.writing.edit import Edit

VECTORS = json.loads((Path(__file__).parents[4] / "contract" / "vectors" / "refusals.json").read_text())
CASES = VECTORS["cases"]
KEY = RecipientKey.user(1, "ada")
NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_refusals(case: dict):
    """The fold refuses exactly what a vector says, and the batch counts the event or refuses it as a whole."""
    before = Profile(case.get("before", {"properties": {}})["properties"], {})
    result = fold(before, case["operations"])
    assert [[refusal.code, refusal.key] for refusal in result.refusals] == case["refused"]

    nil = uuid.UUID(int=0)
    stored = StoredProfile(KEY, nil, 1, encode_properties(before), encode_channels(before), None, None)
    batch = Batch.of([Edit(KEY, uuid.uuid4(), case["operations"], TESTER)], [nil], now=NOW)
    list(batch.fold({KEY: stored} if "before" in case else {}))
    [outcome] = batch.outcomes()
    assert (outcome.error is None) == case["accepted"]
    assert batch.counts() == case["accepted"]


def test_distinct_ids():
    for distinct_id in VECTORS["distinct_ids"]["accepted"]:
        assert check_distinct_id(distinct_id) == distinct_id.strip()
    for distinct_id in VECTORS["distinct_ids"]["refused"]:
        with pytest.raises(InvalidRequest):
            check_distinct_id(distinct_id)


def test_all_cases_are_read():
    assert len(CASES) >= 60
    assert {case["accepted"] for case in CASES} == {True, False}
