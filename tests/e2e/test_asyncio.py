"""The asyncio half of our SDK against a live hub."""

from __future__ import annotations

import asyncio

import pytest
import suprsend


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def client_of(hub) -> suprsend.AsyncSuprsend:
    return suprsend.AsyncSuprsend("workspace_key", "workspace_secret", base_url=hub.base_url)


@pytest.mark.anyio
async def test_a_users_life(hub, prefix):
    """Edit by event and synchronously, read, delete, find it gone."""
    async with client_of(hub) as client:
        user = client.users.get_edit_instance(f"{prefix}1")
        user.set("name", "Ada")
        user.add_email("ada@example.com")
        answer = await client.users.async_edit(user)
        assert answer.items() >= {"success": True, "status_code": 202}.items()
        assert (await client.users.get(f"{prefix}1"))["properties"] == {"name": "Ada"}
        again = client.users.get_edit_instance(f"{prefix}1")
        again.increment("logins", 2)
        assert (await client.users.edit(again))["properties"] == {"name": "Ada", "logins": 2}
        assert (await client.users.delete(f"{prefix}1")) == {"success": True, "status_code": 204}
        with pytest.raises(suprsend.SuprsendAPIException, match=r"\[code: 404\]"):
            await client.users.get(f"{prefix}1")


@pytest.mark.anyio
async def test_bulk_save_of_a_thousand(hub, prefix):
    async with client_of(hub) as client:
        bulk = client.users.get_bulk_edit_instance()
        for number in range(1000):
            user = client.users.get_edit_instance(f"{prefix}{number:04}")
            user.set("number", number)
            bulk.append(user)
        response = await bulk.save()
        assert (response.status, response.success, response.failure) == ("success", 1000, 0)
        page = await client.users.list({"search": prefix, "limit": 1})
        assert page["meta"]["has_next"]
        assert (await client.users.get(f"{prefix}0999"))["properties"] == {"number": 999}


@pytest.mark.anyio
async def test_many_edits_under_way_at_once_all_count(hub, prefix):
    """One client, one user, fifty edits awaited together."""
    async with client_of(hub) as client:

        async def add() -> None:
            user = client.users.get_edit_instance(f"{prefix}1")
            user.increment("count", 1)
            await client.users.async_edit(user)

        await asyncio.gather(*(add() for _ in range(50)))
        assert (await client.users.get(f"{prefix}1"))["properties"] == {"count": 50}
