"""Ordinary use of the asyncio client; checked by mypy --strict, never run."""

from collections.abc import AsyncIterator
from typing import assert_type

from suprsend import (
    AsyncSuprsend,
    BulkResponse,
    CategoryPreference,
    EventAnswer,
    FullPreference,
    Member,
    Outcome,
    Resolution,
    ResolvedUsers,
    TenantCategory,
    UserEdit,
    UserProfile,
)


async def main() -> None:
    async with AsyncSuprsend("workspace_key", "workspace_secret") as client:
        user = client.users.get_edit_instance("user-1")
        user.set("name", "Ada")
        assert_type(await client.users.async_edit(user), EventAnswer)
        assert_type(await client.users.get("user-1"), UserProfile)

        async def edits() -> AsyncIterator[UserEdit]:
            yield client.users.get_edit_instance("user-1")

        async for outcome in client.users.bulk_edit(edits()):
            assert_type(outcome, Outcome)
        assert_type(await client.users.bulk_edit([user]).result(), BulkResponse)
        bulk = client.users.get_bulk_edit_instance()
        bulk.append(user)
        assert_type(await bulk.save(), BulkResponse)
        async for item in client.users.iter_users():
            assert_type(item, UserProfile)
        async for member in client.subscriber_lists.iter_subscribers("my-list"):
            assert_type(member, Member)
        async for resolution in client.subscriber_lists.iter_resolutions("my-list", "news"):
            assert_type(resolution, Resolution)
        assert_type(await client.users.resolve(["user-1"], "news"), ResolvedUsers)
        await client.objects.upsert("teams", "core", {"name": "Core"})
        assert_type(await client.users.get_full_preference("user-1"), FullPreference)
        chosen = await client.users.update_category_preference("user-1", "news", {"preference": "opt_out"})
        assert_type(chosen, CategoryPreference)
        page = await client.tenants.list_preference_categories("acme")
        assert_type(page["results"], list[TenantCategory])
        await client.with_options(timeout=1, max_retries=0).users.delete("user-1")
