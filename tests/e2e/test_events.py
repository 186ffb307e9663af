"""What the HTTP interface promises beside the SDKs, with plain requests."""

from __future__ import annotations

import uuid


def event(distinct_id: str, **changes):
    return {
        "$schema": "2",
        "$insert_id": str(uuid.uuid4()),
        "$time": 1748944800000,
        "env": "workspace_key",
        "distinct_id": distinct_id,
        "$user_operations": [{"$add": {"logins": 1}}],
        "properties": {},
    } | changes


def test_an_event_that_is_sent_again_counts_once(http, prefix):
    """Resending is safe: alone, in an array, and twice within one array."""
    sent = event(f"{prefix}1")
    assert http.post("event/", json=sent).status_code == 202
    assert http.post("event/", json=sent).status_code == 202
    assert http.post("event/", json=[sent, event(f"{prefix}1"), sent]).status_code == 202
    assert http.get(f"v1/user/{prefix}1/").json()["properties"] == {"logins": 2}


def test_edits_of_one_user_in_an_array_apply_in_order(http, prefix):
    events = [event(f"{prefix}1", **{"$user_operations": [{"$append": {"n": number}}]}) for number in range(50)]
    response = http.post("event/", json=events)
    assert (response.status_code, response.text) == (202, "OK")
    assert http.get(f"v1/user/{prefix}1/").json()["properties"]["n"] == list(range(50))


def test_the_hub_says_that_it_lives_and_is_ready(http):
    assert http.get("healthz").status_code == 200
    assert http.get("readyz").status_code == 200
