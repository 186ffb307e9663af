"""Subscriber lists: exact counts, both ends, drafts that become live in one step, and nothing left of the dead."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable

import pytest
from cast import TESTER
from suprsend_hub.api.bodies.subscriber_list import parse_definition
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ALL_USERS
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import Edit

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1


async def create_users(hub: Services, *names: str) -> None:
    edits = [Edit(RecipientKey.user(WORKSPACE, name), uuid.uuid4(), [], TESTER) for name in names]
    await hub.batcher.submit(WORKSPACE, edits)


async def create_list(hub: Services, list_id: str = "news", **fields: object) -> None:
    await hub.lists.save(TESTER, WORKSPACE, parse_definition({"list_id": list_id, **fields}))


async def members(hub: Services, list_id: str = "news") -> list[str]:
    """Members, oldest first, after checking that the counter says the same as the rows and the other end agrees."""
    page = await hub.lists.page_members(WORKSPACE, list_id, PageRequest(limit=1000), order=Direction.OLDEST_FIRST)
    assert page.count == len(page.rows) == (await hub.lists.get(WORKSPACE, list_id)).subscribers_count
    return [row.distinct_id for row in page.rows]


async def lists_of(hub: Services, name: str) -> list[str]:
    page = await hub.lists.page_of_user(WORKSPACE, name, PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return [view.list.list_id for view in page.rows]


async def test_only_existing_users_are_added_and_the_count_is_of_changes(hub: Services) -> None:
    await create_users(hub, "ada", "bo")
    await create_list(hub)
    assert await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "nobody"]) == 1
    assert await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"]) == 1
    assert await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"]) == 0
    assert sorted(await members(hub)) == ["ada", "bo"]
    assert await lists_of(hub, "ada") == ["news"]
    assert await hub.lists.remove(TESTER, WORKSPACE, "news", ["ada", "nobody"]) == 1
    assert await hub.lists.remove(TESTER, WORKSPACE, "news", ["ada"]) == 0
    assert await members(hub) == ["bo"]
    assert await lists_of(hub, "ada") == []


async def test_ten_thousand_ids_are_one_statement(hub: Services) -> None:
    names = [f"user-{n:05d}" for n in range(10_000)]
    await create_users(hub, *names)
    await create_list(hub)
    assert await hub.lists.add(TESTER, WORKSPACE, "news", names) == 10_000
    assert (await hub.lists.get(WORKSPACE, "news")).subscribers_count == 10_000
    assert await hub.lists.remove(TESTER, WORKSPACE, "news", names) == 10_000


async def test_saving_again_changes_only_what_is_named(hub: Services) -> None:
    await create_list(hub, list_name="News", track_user_entry=True)
    await create_list(hub, list_description="All about it")
    view = await hub.lists.get(WORKSPACE, "news")
    assert (view.list_name, view.list_description, view.track_user_entry) == ("News", "All about it", True)


async def test_a_draft_is_invisible_until_it_becomes_live_as_a_whole(hub: Services) -> None:
    await create_users(hub, "ada", "bo", "cy")
    await create_list(hub)
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"])
    draft = await hub.lists.start_sync(TESTER, WORKSPACE, "news")
    assert draft.version_id is not None
    version = ulid_text(draft.version_id)
    assert await hub.lists.add(TESTER, WORKSPACE, "news", ["bo", "cy", "nobody"], version_id=version) == 2
    assert await hub.lists.remove(TESTER, WORKSPACE, "news", ["bo"], version_id=version) == 1
    assert (await hub.lists.get_draft(WORKSPACE, "news", version)).subscribers_count == 1
    assert await members(hub) == ["ada", "bo"]
    assert await lists_of(hub, "cy") == []
    [named] = (await hub.lists.get(WORKSPACE, "news")).drafts
    assert (named.version_id, named.subscribers_count) == (draft.version_id, 1)

    live = await hub.lists.finish_sync(TESTER, WORKSPACE, "news", version)
    assert (live.subscribers_count, live.version_id, tuple(live.drafts)) == (1, None, ())
    assert await members(hub) == ["cy"]
    assert await lists_of(hub, "ada") == []
    assert await lists_of(hub, "cy") == ["news"]
    with pytest.raises(NotFound, match=f"version_id {version} not found for list_id news"):
        await hub.lists.get_draft(WORKSPACE, "news", version)


async def test_several_drafts_live_side_by_side(hub: Services) -> None:
    await create_users(hub, "ada", "bo")
    await create_list(hub)
    first, second = [
        ulid_text((await hub.lists.start_sync(TESTER, WORKSPACE, "news")).version_id or _nil) for _ in range(2)
    ]
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada"], version_id=first)
    await hub.lists.add(TESTER, WORKSPACE, "news", ["bo"], version_id=second)
    await hub.lists.finish_sync(TESTER, WORKSPACE, "news", first)
    assert await members(hub) == ["ada"]
    assert len((await hub.lists.get(WORKSPACE, "news")).drafts) == 1
    await hub.lists.delete_draft(TESTER, WORKSPACE, "news", second)
    assert (await hub.lists.get(WORKSPACE, "news")).drafts == []
    with pytest.raises(NotFound):
        await hub.lists.add(TESTER, WORKSPACE, "news", ["bo"], version_id=second)


async def test_the_sweeper_leaves_nothing_of_dead_versions_and_all_of_the_live(hub: Services) -> None:
    await create_users(hub, "ada", "bo")
    await create_list(hub)
    await create_list(hub, "other")
    await hub.lists.add(TESTER, WORKSPACE, "other", ["ada"])
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"])
    version = ulid_text((await hub.lists.start_sync(TESTER, WORKSPACE, "news")).version_id or _nil)
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada"], version_id=version)
    await hub.lists.finish_sync(TESTER, WORKSPACE, "news", version)
    while await hub.lists.sweep():
        pass
    assert await members(hub) == ["ada"]
    assert sorted(await lists_of(hub, "ada")) == ["news", "other"]
    await hub.lists.delete(TESTER, WORKSPACE, "news")
    with pytest.raises(NotFound, match="list_id: news not found"):
        await hub.lists.get(WORKSPACE, "news")
    assert await lists_of(hub, "ada") == ["other"]
    while await hub.lists.sweep():
        pass
    async with hub.database.connection() as connection:
        for table in ("list_member", "list_membership"):
            assert await connection.fetchval(f"SELECT array_agg(DISTINCT list_id) FROM {table}") == ["other"]
        assert await connection.fetchval("SELECT count(*) FROM dead_list_version") == 0
        assert await connection.fetchval("SELECT count(*) FROM counter WHERE name LIKE 'members:news:%'") == 0


async def test_a_deleted_user_leaves_lists_and_drafts_with_right_counts(hub: Services) -> None:
    await create_users(hub, "ada", "bo")
    await create_list(hub)
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"])
    version = ulid_text((await hub.lists.start_sync(TESTER, WORKSPACE, "news")).version_id or _nil)
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"], version_id=version)
    await hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada"))
    assert await members(hub) == ["bo"]
    assert (await hub.lists.get_draft(WORKSPACE, "news", version)).subscribers_count == 1
    await create_users(hub, "ada")
    assert await lists_of(hub, "ada") == []


async def test_all_users_is_a_list_of_everybody_that_cannot_be_written(hub: Services, postgres_version: int) -> None:
    await hub.workspaces.create(TESTER, "first")
    await create_users(hub, "ada", "bo")
    view = await hub.lists.get(WORKSPACE, ALL_USERS)
    assert (view.subscribers_count, view.is_readonly) == (2, True)
    page = await hub.lists.page_members(WORKSPACE, ALL_USERS, PageRequest(limit=1))
    assert (page.count, len(page.rows), page.after is not None) == (2, 1, True)
    for write in (
        hub.lists.add(TESTER, WORKSPACE, ALL_USERS, ["ada"]),
        hub.lists.remove(TESTER, WORKSPACE, ALL_USERS, ["ada"]),
        hub.lists.delete(TESTER, WORKSPACE, ALL_USERS),
        hub.lists.start_sync(TESTER, WORKSPACE, ALL_USERS),
    ):
        with pytest.raises(InvalidRequest, match="read-only"):
            await write


async def test_lists_page_by_offset_ends_with_all_users(hub: Services) -> None:
    await hub.workspaces.create(TESTER, "first")
    for n in range(3):
        await create_list(hub, f"list-{n}")
    seen = []
    for offset in range(0, 6, 2):
        views, count = await hub.lists.page(WORKSPACE, limit=2, offset=offset)
        assert count == 4
        seen += [view.list_id for view in views]
    assert sorted(seen) == [ALL_USERS, "list-0", "list-1", "list-2"]
    assert seen[-1] == ALL_USERS


async def test_no_member_is_lost_between_adding_finishing_and_deleting(
    hub: Services, make_hub: Callable[[], Services]
) -> None:
    """Whoever was told that a user was added finds the user in the version that was live then, or in none."""
    other = make_hub()
    await create_list(hub)
    names = [f"user-{n:03d}" for n in range(60)]
    await create_users(hub, *names)

    async def forgiving(work: Awaitable[object]) -> None:
        with contextlib.suppress(DomainError):  # the user or the object was gone: one of the fair outcomes
            await work

    async with other.database:
        for start in range(0, 60, 6):
            version = ulid_text((await hub.lists.start_sync(TESTER, WORKSPACE, "news")).version_id or _nil)
            some = names[start : start + 6]
            await asyncio.gather(
                forgiving(hub.lists.add(TESTER, WORKSPACE, "news", some)),
                forgiving(other.lists.add(TESTER, WORKSPACE, "news", some[::-1])),
                forgiving(other.lists.add(TESTER, WORKSPACE, "news", some, version_id=version)),
                forgiving(hub.lists.finish_sync(TESTER, WORKSPACE, "news", version)),
                forgiving(other.recipients.bulk_delete(TESTER, WORKSPACE, [RecipientKey.user(WORKSPACE, some[0])])),
                forgiving(other.lists.remove(TESTER, WORKSPACE, "news", some[1:2])),
                forgiving(hub.lists.sweep()),
            )
            ids = set(await members(hub))  # compares the counter with the rows
            assert some[0] not in ids
            for name in some[1:]:
                assert (await lists_of(hub, name) == ["news"]) == (name in ids)


_nil = uuid.UUID(int=0)
