"""A sender with our SDK: it asks whom to send to and where, reports what came of it, and asks again."""

from __future__ import annotations

import pytest
from suprsend import AsyncSuprsend, Suprsend, SuprsendNotFoundError


@pytest.fixture
def client(hub):
    with Suprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as made:
        yield made


def addresses(resolution) -> list[str]:
    return [address["value"] for channel in resolution["channels"] for address in channel["addresses"]]


def test_a_sender_asks_sends_and_reports(client, prefix):
    """The bounced address is gone from the next answer, and comes back when it has recovered."""
    ada, bo = f"{prefix}ada", f"{prefix}bo"
    client.users.upsert(ada, {"$email": [f"{ada}@example.com"], "$locale": "de_DE"})
    client.users.upsert(bo, {"$email": [f"{bo}@example.com"]})
    client.users.update_category_preference(bo, "news", {"preference": "opt_out"})

    def ask():
        answer = client.users.resolve([ada, bo, f"{prefix}nobody"], "news", channels=["email"])
        assert answer["not_found"] == [f"{prefix}nobody"]
        return [(each["send"], each["rule"], addresses(each)) for each in answer["results"]]

    opted_out = (False, "chosen", [])
    assert ask() == [(True, "default", [f"{ada}@example.com"]), opted_out]
    bounce = {"channel": "email", "value": f"{ada}@example.com", "event": "hard_bounce", "insert_id": f"{prefix}1"}
    assert client.users.set_channel_status([bounce])["results"] == [{"outcome": "applied", "profiles": 1}]
    assert ask() == [(False, "no_address", []), opted_out]
    client.users.upsert(ada, {"$email": [f"{ada}@example.com"]})
    assert ask() == [(False, "no_address", []), opted_out]
    recovered = {"channel": "email", "value": f"{ada}@example.com", "event": "recovered", "distinct_id": ada}
    client.users.set_channel_status([recovered])
    assert client.users.set_channel_status([bounce])["results"] == [{"outcome": "duplicate", "profiles": 1}]
    assert ask() == [(True, "default", [f"{ada}@example.com"]), opted_out]


def test_members_of_lists_and_objects_are_walked(client, prefix):
    ids = [f"{prefix}{number}" for number in range(205)]
    client.users.bulk_edit(client.users.get_edit_instance(each) for each in ids).result()
    client.subscriber_lists.create({"list_id": f"{prefix}list"})
    client.subscriber_lists.add(f"{prefix}list", ids)
    members = list(client.subscriber_lists.iter_resolutions(f"{prefix}list", "news"))
    assert sorted(each["distinct_id"] for each in members) == sorted(ids)
    assert {each["rule"] for each in members} == {"no_address"}
    client.objects.upsert("teams", f"{prefix}core")
    client.objects.create_subscriptions("teams", f"{prefix}core", {"recipients": ids[:3]})
    subscribers = client.objects.iter_resolutions("teams", f"{prefix}core", "news", channels=["sms"])
    assert {each["distinct_id"] for each in subscribers} == set(ids[:3])
    with pytest.raises(SuprsendNotFoundError, match="category 'gossip' not found"):
        client.users.resolve(ids[:1], "gossip")


def test_a_message_on_behalf_of_a_tenant_goes_to_its_address(client, prefix):
    ada, acme = f"{prefix}ada", f"{prefix}acme"
    client.tenants.upsert(acme, {"tenant_name": "Acme", "blocked_channels": ["sms"], "timezone": "Asia/Tokyo"})
    client.users.upsert(ada, {"$email": [f"{ada}@example.com"], "$sms": ["+15550100"]})
    client.users.upsert_for_tenant(ada, acme, {"$email": [f"{ada}@acme.example"]})
    [found] = client.users.resolve([ada], "news", channels=["email", "sms"], tenant_id=acme)["results"]
    assert addresses(found) == [f"{ada}@acme.example"]
    assert [each["rule"] for each in found["channels"]] == ["default", "channel_blocked"]
    assert found["timezone"] == "Asia/Tokyo"
    [user] = client.users.find_by_address(f"{ada}@ACME.example")["results"]
    assert user["distinct_id"] == ada
    assert client.users.read_many([ada, f"{prefix}nobody"])["not_found"] == [f"{prefix}nobody"]


@pytest.mark.anyio
async def test_the_asyncio_client_does_the_same(hub, prefix):
    ada = f"{prefix}ada"
    async with AsyncSuprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as client:
        await client.users.upsert(ada, {"$androidpush": [f"{prefix}token"]})
        report = {"channel": "androidpush", "value": f"{prefix}token", "event": "dead_token", "distinct_id": ada}
        assert (await client.users.set_channel_status([report]))["results"][0]["outcome"] == "applied"
        [found] = (await client.users.resolve([ada], "news"))["results"]
        assert (found["send"], found["rule"]) == (False, "no_address")
        [identity] = (await client.users.get(ada))["$androidpush"]
        assert (identity["perma_status"], identity["status_reason"]) == ("disabled", "dead_token")
        await client.subscriber_lists.create({"list_id": f"{prefix}list"})
        await client.subscriber_lists.add(f"{prefix}list", [ada])
        members = client.subscriber_lists.iter_resolutions(f"{prefix}list", "news")
        assert [each["distinct_id"] async for each in members] == [ada]
