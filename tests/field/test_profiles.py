"""Profiles and lists as programs really use them: read, changed and written back, and by the ten thousand."""

from __future__ import annotations

import pytest
import suprsend


def test_a_profile_that_is_written_back_does_not_nest_in_itself(client: suprsend.Suprsend) -> None:
    """Read, change, write: refused with an explanation, and the profile stays as it was.

    https://github.com/radius-project/radius/issues/7597
    """
    client.users.upsert("field-ada", {"city": "Paris", "$email": ["ada@example.com"]})
    profile = client.users.get("field-ada")
    profile["properties"]["city"] = "London"
    with pytest.raises(suprsend.SuprsendAPIException, match="next to the channels") as caught:
        client.users.upsert("field-ada", profile)
    assert caught.value.status_code == 400
    assert client.users.get("field-ada")["properties"] == {"city": "Paris"}
    with pytest.raises(suprsend.InputValueError, match="not a property"), suprsend.Suprsend(
        "workspace_key", "workspace_secret", base_url=client.base_url, strict=True
    ) as strict:  # fmt: skip
        strict.users.upsert("field-ada", profile)


def test_the_identities_of_a_profile_can_be_written_back(client: suprsend.Suprsend) -> None:
    """As they are shown, for every kind of channel; nothing is there twice.

    https://github.com/radius-project/radius/issues/7597
    """
    client.users.upsert("field-bob", {
        "$email": ["bob@example.com"], "$sms": ["+15550100042"], "$slack": {"user_id": "U1"},
        "$androidpush": {"token": "t", "provider": "xiaomi", "device_id": "d"},
    })  # fmt: skip
    before = client.users.get("field-bob")
    channels = {key: value for key, value in before.items() if key.startswith("$") and key != "$inbox"}
    after = client.users.upsert("field-bob", {"city": "London", **channels})
    assert after["properties"] == {"city": "London"}
    assert {key: after[key] for key in channels} == channels


@pytest.mark.slow
def test_thirty_thousand_users_go_onto_a_list_in_one_call(client: suprsend.Suprsend) -> None:
    """The hub takes a megabyte in a request; the SDK cuts longer lists and adds up the counts.

    https://github.com/useplunk/plunk/issues/183
    """
    names = [f"field-list-{number}" for number in range(12_000)]
    assert client.users.bulk_edit(client.users.get_edit_instance(name) for name in names).result().failure == 0
    ids = names + [f"field-nobody-with-a-long-name-{number}" for number in range(18_000)]
    client.subscriber_lists.create({"list_id": "field-list", "list_name": "All"})
    assert client.subscriber_lists.add("field-list", ids) == {"success": True, "affected_count": 12_000}
    assert client.subscriber_lists.get("field-list")["subscribers_count"] == 12_000
    assert client.subscriber_lists.remove("field-list", ids)["affected_count"] == 12_000
    client.users.bulk_delete({"distinct_ids": names})
    assert client.users.list({"search": "field-list-"})["meta"]["count"] == 0
