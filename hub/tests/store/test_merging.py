"""Merges of users: what moves and what counts, how they are taken back, and what happens to edits that race with them."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from cast import TESTER
from interleaving import DONE_S, held, until_waiting
from suprsend_hub.domain.choices import RestrictChannels, of_text
from suprsend_hub.domain.errors import Conflict, InvalidRequest, NotFound
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.merging import ALIAS
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.domain.tenancy import TenancyChange, TenancyMode
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import FAST_PATH_EDITS, Edit, EditStatus, Outcome, RequestKey
from suprsend_hub.store import merging

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1
TEAM = RecipientKey(WORKSPACE, "teams", "core")


@pytest.fixture(params=[FAST_PATH_EDITS, 1], ids=["slow", "fast"])
def fast_path_edits(request: pytest.FixtureRequest) -> int:
    """What is promised to racing edits holds whether a batch takes the fast path first or not."""
    return request.param


@pytest.fixture
async def hub(hub: Services) -> Services:
    """A hub with the workspace that the tests use."""
    assert (await hub.workspaces.create(TESTER, "shop")).workspace_id == WORKSPACE
    return hub


async def makes_aliases(hub: Services) -> None:
    await hub.workspaces.set_after_merge(TESTER, "shop", ALIAS)


def user(distinct_id: str) -> RecipientKey:
    return RecipientKey.user(WORKSPACE, distinct_id)


async def edit(hub: Services, key: RecipientKey, *operations: object, insert_key: uuid.UUID | None = None) -> Outcome:
    [outcome] = await hub.batcher.submit(WORKSPACE, [Edit(key, insert_key or uuid.uuid4(), list(operations), TESTER)])
    return outcome


def shown(profile: StoredProfile) -> tuple[dict, dict]:
    channels = msgspec.json.decode(profile.channels)
    return msgspec.json.decode(profile.properties), {
        channel: [identity["value"] for identity in identities] for channel, identities in channels.items()
    }


async def profile(hub: Services, distinct_id: str) -> tuple[dict, dict]:
    return shown(await hub.recipients.get(user(distinct_id)))


async def merge(hub: Services, primary: str, secondary: str) -> StoredProfile:
    return await hub.merging.merge(TESTER, user(primary), user(secondary))


async def is_sound(hub: Services) -> None:
    assert await hub.maintenance.check() == []


async def user_count(hub: Services) -> int:
    return (await hub.recipients.page(WORKSPACE, PageRequest())).count


async def subscribe(hub: Services, *names: str, parent: RecipientKey = TEAM, **properties: object) -> None:
    recipients = tuple(Recipient("", name) for name in names)
    await hub.subscriptions.create(TESTER, parent, SubscribeRequest(recipients, properties, None))


async def subscribers(hub: Services, parent: RecipientKey = TEAM) -> dict[str, dict]:
    page = await hub.subscriptions.page(parent, PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return {
        view.subscription.subscriber.recipient_id: msgspec.json.decode(view.subscription.properties)
        for view in page.rows
    }


async def members(hub: Services, list_id: str = "news") -> list[str]:
    page = await hub.lists.page_members(WORKSPACE, list_id, PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return sorted(row.distinct_id for row in page.rows)


async def add_tenant(hub: Services, number: int, tenant_id: str) -> None:
    async with hub.database.connection() as connection:
        await connection.execute(
            "INSERT INTO tenant (workspace_id, tenant_no, created_at, updated_at, tenant_id, tenant_name, settings, "
            "properties, preferences) VALUES (1, $1, now(), now(), $2, '', '{}', '{}', '{}')",
            number, tenant_id,
        )  # fmt: skip


async def tenant_profiles(hub: Services, distinct_id: str) -> dict[int, tuple[dict, dict]]:
    async with hub.database.connection() as connection:
        rows = await merging.read(connection, user(distinct_id))
    return {number: shown(row) for number, row in rows.items() if number}


async def test_a_merge_unites_the_two_and_the_secondary_is_gone(hub: Services) -> None:
    await edit(hub, user("ada"), {"$set": {"name": "Ada", "age": 36}}, {"$append": {"$email": "ada@example.com"}})
    await edit(
        hub, user("anon"), {"$set": {"name": "?", "city": "Paris"}},
        {"$append": {"$email": ["ada@example.com", "anon@example.com"]}}, {"$append": {"$sms": "+15550100"}},
    )  # fmt: skip
    expected = (
        {"name": "Ada", "age": 36, "city": "Paris"},
        {"$email": ["ada@example.com", "anon@example.com"], "$sms": ["+15550100"]},
    )
    assert shown(await merge(hub, "ada", "anon")) == expected
    assert await profile(hub, "ada") == expected
    with pytest.raises(NotFound) as caught:
        await profile(hub, "anon")
    assert caught.value.detail == {"merged_into": "ada"}
    assert await user_count(hub) == 1
    assert await hub.recipients.find_by_address(WORKSPACE, "anon@example.com") == ["ada"]
    await is_sound(hub)


async def test_subscriptions_and_memberships_are_united_with_exact_counts(hub: Services) -> None:
    crew = TEAM._replace(recipient_id="crew")
    for key in (TEAM, crew, user("ada"), user("anon"), user("bo")):
        await edit(hub, key, {"$set": {"n": 1}})
    await subscribe(hub, "ada", role="lead")
    await subscribe(hub, "anon", "bo", role="guest")
    await subscribe(hub, "anon", parent=crew, role="pilot")
    for list_id in ("news", "beta"):
        await hub.lists.save(TESTER, WORKSPACE, ListDefinition(list_id, None, None, None, None))
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "anon"])
    await hub.lists.add(TESTER, WORKSPACE, "beta", ["anon"])
    draft = await hub.lists.start_sync(TESTER, WORKSPACE, "news")
    assert draft.version_id is not None
    await hub.lists.add(TESTER, WORKSPACE, "news", ["anon", "bo"], version_id=ulid_text(draft.version_id))
    await merge(hub, "ada", "anon")
    assert await subscribers(hub) == {"ada": {"role": "lead"}, "bo": {"role": "guest"}}
    assert await subscribers(hub, crew) == {"ada": {"role": "pilot"}}
    assert (await members(hub), await members(hub, "beta")) == (["ada"], ["ada"])
    await is_sound(hub)
    await hub.lists.finish_sync(TESTER, WORKSPACE, "news", ulid_text(draft.version_id))
    assert await members(hub) == ["ada", "bo"]
    while await hub.lists.sweep():
        pass
    await is_sound(hub)


async def test_relations_of_earlier_lives_are_not_taken_over(hub: Services) -> None:
    """A subscription to an object that was deleted, and a membership in a version that is swept, belong to nobody."""
    for key in (TEAM, user("ada"), user("anon")):
        await edit(hub, key, {"$set": {"n": 1}})
    await subscribe(hub, "anon")
    await hub.lists.save(TESTER, WORKSPACE, ListDefinition("news", None, None, None, None))
    await hub.lists.add(TESTER, WORKSPACE, "news", ["anon"])
    await hub.recipients.delete(TESTER, TEAM)
    await edit(hub, TEAM, {"$set": {"n": 2}})
    await hub.lists.delete(TESTER, WORKSPACE, "news")
    await merge(hub, "ada", "anon")
    assert await subscribers(hub) == {}
    async with hub.database.connection() as connection:
        for table in ("subscription", "subscribed_to", "list_member", "list_membership"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    await is_sound(hub)


async def test_profiles_for_tenants_are_united_for_each_tenant(hub: Services) -> None:
    """One for a tenant that is gone goes with the secondary."""
    await add_tenant(hub, 1, "acme")
    await add_tenant(hub, 2, "globex")
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": 1}})
    await edit(hub, user("ada")._replace(tenant_no=1), {"$set": {"role": "lead"}})
    await edit(hub, user("anon")._replace(tenant_no=1), {"$set": {"role": "guest", "desk": 7}})
    await edit(hub, user("anon")._replace(tenant_no=2), {"$set": {"role": "guest"}})
    await edit(hub, user("anon")._replace(tenant_no=3), {"$set": {"role": "ghost"}})
    await merge(hub, "ada", "anon")
    assert await tenant_profiles(hub, "ada") == {1: ({"role": "lead", "desk": 7}, {}), 2: ({"role": "guest"}, {})}
    assert await tenant_profiles(hub, "anon") == {}
    await is_sound(hub)
    await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    assert await tenant_profiles(hub, "ada") == {1: ({"role": "lead"}, {})}
    assert await tenant_profiles(hub, "anon") == {1: ({"role": "guest", "desk": 7}, {}), 2: ({"role": "guest"}, {})}
    await is_sound(hub)


async def test_the_primarys_history_says_what_came_from_whom(hub: Services) -> None:
    await edit(hub, user("ada"), {"$append": {"$email": "ada@example.com"}})
    await edit(hub, user("anon"), {"$set": {"city": "Paris"}}, {"$append": {"$email": "anon@example.com"}})
    await merge(hub, "ada", "anon")
    entry, first = await hub.recipients.history(user("ada"))
    assert msgspec.json.decode(entry.operations) == [
        {
            "$merge": {
                "user_id": "anon",
                "properties": {"city": "Paris"},
                "channels": {"$email": [{"value": "anon@example.com"}]},
            }
        }
    ]
    assert entry.before is not None
    assert msgspec.json.decode(entry.before) == {
        "$unset": ["city"],
        "$identities": {"$email": {"kept": 1, "added": ["anon@example.com"]}},
    }
    assert entry.version == first.version + 1
    assert entry.actor == TESTER.label


async def test_a_resend_to_either_stays_a_duplicate(hub: Services) -> None:
    """The secondary's keys go to the primary, its content does not."""
    key = uuid.uuid4()
    await edit(hub, user("ada"), {"$set": {"n": 1}})
    await edit(hub, user("anon"), {"$add": {"visits": 1}}, insert_key=key)
    await merge(hub, "ada", "anon")
    for name in ("ada", "anon"):
        assert (await edit(hub, user(name), {"$add": {"visits": 1}}, insert_key=key)).status is EditStatus.DUPLICATE
    assert await profile(hub, "ada") == ({"n": 1, "visits": 1}, {})
    with pytest.raises(NotFound):
        await profile(hub, "anon")
    async with hub.database.connection() as connection:
        assert await connection.fetchval(
            "SELECT bool_and(operations IS NULL AND before IS NULL) FROM history WHERE insert_key = $1", key
        )


@pytest.mark.parametrize("after_merge", ["recreate", ALIAS])
async def test_a_resend_stays_a_duplicate_after_all_that_can_follow(hub: Services, after_merge: str) -> None:
    """Of an edit within a tenant, too: after another merge, a new life of the id, a reversal and a rename."""
    await hub.workspaces.set_after_merge(TESTER, "shop", after_merge)
    await add_tenant(hub, 1, "acme")
    for name in ("ada", "anon", "boss"):
        await edit(hub, user(name), {"$set": {"n": name}})
    key, within = uuid.uuid4(), uuid.uuid4()

    async def send(name: str) -> set[EditStatus]:
        one = await edit(hub, user(name), {"$add": {"visits": 1}}, insert_key=key)
        other = await edit(hub, user(name)._replace(tenant_no=1), {"$add": {"visits": 1}}, insert_key=within)
        return {one.status, other.status}

    assert EditStatus.DUPLICATE not in await send("anon")
    await merge(hub, "ada", "anon")
    assert await send("ada") == await send("anon") == {EditStatus.DUPLICATE}
    await merge(hub, "boss", "ada")
    for name in ("boss", "ada", "anon"):
        assert await send(name) == {EditStatus.DUPLICATE}, name
    await edit(hub, user("anon"), {"$set": {"again": True}})
    assert await send("anon") == {EditStatus.DUPLICATE}
    await hub.unmerging.unmerge(TESTER, user("boss"), user("ada"))
    assert await send("ada") == await send("boss") == {EditStatus.DUPLICATE}
    await hub.renaming.rename(TESTER, user("ada"), user("countess"))
    assert await send("ada") == await send("countess") == {EditStatus.DUPLICATE}
    assert (await profile(hub, "countess"))[0]["visits"] == 1
    assert await tenant_profiles(hub, "countess") == {1: ({"visits": 1}, {})}
    await is_sound(hub)


async def test_the_primarys_choices_win_and_a_reversal_gives_the_others_back(hub: Services) -> None:
    """By channel, for the workspace and for each tenant."""
    await add_tenant(hub, 2, "acme")
    chosen = {"ada": {Channel.SMS: True}, "anon": {Channel.SMS: False, Channel.EMAIL: True}}

    async def choose(name: str, tenant_id: str | None, restricted: dict[Channel, bool]) -> None:
        view = await hub.preferences.tenant_view(WORKSPACE, tenant_id)
        await hub.preferences.choose(TESTER, user(name), [RestrictChannels(restricted)], view)

    async def choices(name: str) -> list[dict[Channel, bool]]:
        async with hub.database.connection() as connection:
            rows = await merging.read(connection, user(name))
        return [of_text(row.preferences).restricted for _, row in sorted(rows.items())]

    for name, restricted in chosen.items():
        await edit(hub, user(name), {"$set": {"n": name}})
        for tenant_id in (None, "acme"):
            await choose(name, tenant_id, restricted)
    preview = await hub.merging.preview(user("ada"), user("anon"))
    assert [tenant for tenant, conflict in preview.conflicts if "preference" in conflict.key] == [None, "acme"]
    await merge(hub, "ada", "anon")
    assert await choices("ada") == [{Channel.SMS: True, Channel.EMAIL: True}] * 2
    await choose("ada", None, {Channel.EMAIL: False})
    await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    assert await choices("ada") == [{Channel.SMS: True, Channel.EMAIL: False}, {Channel.SMS: True}]
    assert await choices("anon") == [chosen["anon"]] * 2
    await is_sound(hub)


async def test_in_exclusive_mode_a_merge_races_with_a_first_link(
    hub: Services, make_hub: Callable[[], Services]
) -> None:
    """Whichever comes first, the user ends with one tenant, and the other one is refused."""
    await hub.tenancy.change(TESTER, WORKSPACE, "shop", TenancyChange(mode=TenancyMode.EXCLUSIVE))
    await add_tenant(hub, 1, "acme")
    await add_tenant(hub, 2, "globex")
    other = make_hub()
    async with other.database, asyncio.timeout(3 * DONE_S):
        other.batcher.start()
        for _ in range(5):
            for name in ("ada", "anon"):
                await edit(hub, user(name), {"$set": {"n": name}})

            async def link(by: Services, name: str, number: int) -> Outcome:
                key = user(name)._replace(tenant_no=number)
                one = Edit(key, uuid.uuid4(), [{"$set": {"n": 1}}], TESTER, exclusive=True)
                [outcome] = await by.batcher.submit(WORKSPACE, [one])
                return outcome

            assert (await link(hub, "anon", 2)).error is None
            merged, linked = await asyncio.gather(
                merge(hub, "ada", "anon"), link(other, "ada", 1), return_exceptions=True
            )
            assert isinstance(linked, Outcome)
            assert isinstance(merged, Conflict) is (linked.error is None)
            assert len(await tenant_profiles(hub, "ada")) == 1
            await is_sound(hub)
            await hub.recipients.bulk_delete(TESTER, WORKSPACE, [user("ada"), user("anon")])
        await other.batcher.stop()


async def test_a_new_event_creates_a_new_user_by_default(hub: Services) -> None:
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    await merge(hub, "ada", "anon")
    await edit(hub, user("anon"), {"$set": {"n": "again"}})
    assert await profile(hub, "anon") == ({"n": "again"}, {})
    assert await user_count(hub) == 2
    with pytest.raises(Conflict, match="exists again"):
        await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    await hub.recipients.delete(TESTER, user("anon"))
    with pytest.raises(NotFound) as caught:
        await profile(hub, "anon")
    assert caught.value.detail is None  # that life was not merged
    await is_sound(hub)


async def test_with_aliases_an_event_reaches_the_primary(hub: Services, make_hub: Callable[[], Services]) -> None:
    """Also in processes that have never heard of an alias, and also after the primary was merged itself."""
    await makes_aliases(hub)
    for name in ("ada", "anon", "boss"):
        await edit(hub, user(name), {"$set": {"n": name}})
    other = make_hub()
    async with other.database:
        other.batcher.start()
        await edit(other, user("eve"), {"$set": {"n": 1}})
        await merge(hub, "ada", "anon")
        for each in (hub, other):
            outcome = await edit(each, user("anon"), {"$add": {"visits": 1}})
            assert outcome.profile is not None
            assert outcome.profile.key == user("ada")
        await merge(hub, "boss", "ada")
        outcomes = await other.batcher.submit(
            WORKSPACE,
            [
                Edit(user(name), uuid.uuid4(), [{"$add": {"visits": 1}}], TESTER)
                for name in ("anon", "boss", "new", "ada")
            ],
        )
        assert [each.profile.key for each in outcomes if each.profile] == [
            user("boss"), user("boss"), user("new"), user("boss"),
        ]  # fmt: skip
        await other.batcher.stop()
    assert await profile(hub, "boss") == ({"n": "boss", "visits": 5}, {})
    with pytest.raises(NotFound) as caught:
        await profile(hub, "anon")
    assert caught.value.detail == {"merged_into": "boss"}
    await is_sound(hub)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unheard of"])
async def test_events_and_choices_for_tenants_follow_an_alias(
    hub: Services, make_hub: Callable[[], Services], known: bool
) -> None:
    """Also if the primary has no profile for the tenant yet."""
    await makes_aliases(hub)
    await add_tenant(hub, 1, "acme")
    await add_tenant(hub, 2, "globex")
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    other = make_hub()
    async with other.database:
        other.batcher.start()
        await edit(other, user("eve"), {"$set": {"n": 1}})
        await merge(hub, "ada", "anon")
        if known:
            await edit(other, user("anon"), {"$set": {"heard": True}})
        for _ in range(2):
            outcome = await edit(other, user("anon")._replace(tenant_no=1), {"$add": {"visits": 1}})
            assert (outcome.error, outcome.profile and outcome.profile.key.recipient) == (None, user("ada"))
        view = await other.preferences.tenant_view(WORKSPACE, "globex")
        await other.preferences.choose(TESTER, user("anon"), [RestrictChannels({Channel.SMS: True})], view)
        await other.batcher.stop()
    assert await tenant_profiles(hub, "ada") == {1: ({"visits": 2}, {}), 2: ({}, {})}
    assert await tenant_profiles(hub, "anon") == {}
    assert await user_count(hub) == 2
    await is_sound(hub)


async def test_deleting_the_primary_ends_the_alias(hub: Services) -> None:
    await makes_aliases(hub)
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    await merge(hub, "ada", "anon")
    await hub.recipients.delete(TESTER, user("ada"))
    await edit(hub, user("anon"), {"$set": {"n": "new"}})
    assert await profile(hub, "anon") == ({"n": "new"}, {})
    with pytest.raises(NotFound):
        await profile(hub, "ada")
    await is_sound(hub)


async def test_a_request_for_an_alias_that_is_sent_again_is_the_same_request(hub: Services) -> None:
    """An `Idempotency-Key` that was used before the merge finds its request after it."""
    await makes_aliases(hub)
    await edit(hub, user("ada"), {"$set": {"n": 1}})
    request = RequestKey(uuid.uuid4(), b"digest")
    for _ in range(2):
        got = await hub.recipients.edit(TESTER, user("anon"), [{"$add": {"visits": 1}}], request=request)
        assert msgspec.json.decode(got.properties)["visits"] == 1
        if got.key == user("anon"):
            await merge(hub, "ada", "anon")
    assert await profile(hub, "ada") == ({"n": 1, "visits": 1}, {})


async def test_subscribing_an_alias_subscribes_the_primary(hub: Services) -> None:
    await makes_aliases(hub)
    for key in (TEAM, user("ada"), user("anon")):
        await edit(hub, key, {"$set": {"n": 1}})
    await merge(hub, "ada", "anon")
    await subscribe(hub, "anon", "ada")
    assert list(await subscribers(hub)) == ["ada"]


async def test_circles_self_and_twice_get_a_clear_answer(hub: Services) -> None:
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    with pytest.raises(InvalidRequest, match="itself"):
        await merge(hub, "ada", "ada")
    with pytest.raises(NotFound, match=r"^user \[distinct_id: 'nobody'\] not found"):
        await merge(hub, "nobody", "ada")
    with pytest.raises(NotFound, match=r"^from_user_id: \[distinct_id: 'nobody'\] not found"):
        await merge(hub, "ada", "nobody")
    await merge(hub, "ada", "anon")
    with pytest.raises(NotFound) as twice:
        await merge(hub, "ada", "anon")
    assert twice.value.detail == {"merged_into": "ada"}
    with pytest.raises(NotFound) as circle:
        await merge(hub, "anon", "ada")
    assert circle.value.detail == {"merged_into": "ada"}
    await edit(hub, user("anon"), {"$set": {"n": "again"}})
    await merge(hub, "anon", "ada")  # the new life of anon is another user
    assert await profile(hub, "anon") == ({"n": "again"}, {})
    async with hub.database.connection() as connection:
        assert await connection.fetch("SELECT recipient_id, former_id FROM former_id") == [("anon", "ada")]
    await is_sound(hub)


async def test_a_merge_beyond_a_limit_changes_nothing(hub: Services) -> None:
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {f"{name}{n}": n for n in range(300)}})
    preview = await hub.merging.preview(user("ada"), user("anon"))
    assert preview.refusal is not None
    with pytest.raises(InvalidRequest, match="512 properties"):
        await merge(hub, "ada", "anon")
    assert await user_count(hub) == 2


async def test_unmerging_restores_both(hub: Services) -> None:
    """Everything that has not changed since goes back; what has changed stays with the primary."""
    await makes_aliases(hub)
    crew = TEAM._replace(recipient_id="crew")
    for key in (TEAM, crew, user("ada"), user("anon")):
        await edit(hub, key, {"$set": {"n": key.recipient_id}})
    await edit(hub, user("anon"), {"$set": {"city": "Paris", "zip": "75001"}}, {"$append": {"$email": "a@example.com"}})
    await subscribe(hub, "ada", role="lead")
    await subscribe(hub, "anon", role="guest")
    await subscribe(hub, "anon", parent=crew)
    await hub.lists.save(TESTER, WORKSPACE, ListDefinition("news", None, None, None, None))
    await hub.lists.add(TESTER, WORKSPACE, "news", ["anon"])
    before = await hub.recipients.get(user("anon"))
    await merge(hub, "ada", "anon")
    await edit(hub, user("anon"), {"$set": {"city": "Rome"}})
    preview = await hub.unmerging.preview(user("ada"), user("anon"))
    done = await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    assert shown(preview.primary) == shown(done.primary)
    assert preview.kept == done.kept == ["city"]
    assert await profile(hub, "ada") == ({"n": "ada", "city": "Rome"}, {})
    after = await hub.recipients.get(user("anon"))
    assert (after.properties, after.channels) == (before.properties, before.channels)
    assert (after.profile_id, after.created_at) == (before.profile_id, before.created_at)
    assert await subscribers(hub) == {"anon": {"role": "guest"}, "ada": {"role": "lead"}}
    assert list(await subscribers(hub, crew)) == ["anon"]
    assert await members(hub) == ["anon"]
    await edit(hub, user("anon"), {"$set": {"city": "Oslo"}})  # the alias has ended
    assert (await profile(hub, "anon"))[0]["city"] == "Oslo"
    with pytest.raises(NotFound, match="was not merged"):
        await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    await is_sound(hub)


async def test_later_merges_are_taken_back_first(hub: Services) -> None:
    for name in ("ada", "anon", "boss"):
        await edit(hub, user(name), {"$set": {name: 1}})
    await merge(hub, "ada", "anon")
    await merge(hub, "boss", "ada")
    with pytest.raises(Conflict, match="later merges"):
        await hub.unmerging.unmerge(TESTER, user("boss"), user("anon"))
    await hub.unmerging.unmerge(TESTER, user("boss"), user("ada"))
    with pytest.raises(NotFound) as caught:
        await profile(hub, "anon")
    assert caught.value.detail == {"merged_into": "ada"}
    with pytest.raises(Conflict, match="too long ago"):  # ada's history went with the second merge
        await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    await is_sound(hub)


async def test_a_merge_is_not_taken_back_once_its_history_is_deleted(hub: Services) -> None:
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {name: 1}})
    await merge(hub, "ada", "anon")
    hub.maintenance._now = lambda: datetime.now(UTC) + timedelta(days=40)
    await hub.maintenance.clean(TESTER, history_days=30, rejected_days=30, audit_days=30)
    with pytest.raises(Conflict, match="too long ago"):
        await hub.unmerging.unmerge(TESTER, user("ada"), user("anon"))
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(snapshot) FROM tombstone") == 0


async def test_a_rename_moves_everything_and_the_old_id_is_an_alias(hub: Services) -> None:
    for key in (TEAM, user("old"), user("anon")):
        await edit(hub, key, {"$set": {"n": key.recipient_id}})
    await subscribe(hub, "old", role="lead")
    await hub.lists.save(TESTER, WORKSPACE, ListDefinition("news", None, None, None, None))
    await hub.lists.add(TESTER, WORKSPACE, "news", ["old"])
    await merge(hub, "old", "anon")
    before = await hub.recipients.get(user("old"))
    renamed = await hub.renaming.rename(TESTER, user("old"), user("new"))
    assert (renamed.profile_id, renamed.created_at) == (before.profile_id, before.created_at)
    assert await hub.recipients.get(user("new")) == renamed
    with pytest.raises(NotFound) as caught:
        await profile(hub, "old")
    assert caught.value.detail == {"renamed_to": "new"}
    assert len(await hub.recipients.history(user("new"))) == 3
    assert await subscribers(hub) == {"new": {"role": "lead"}}
    assert await members(hub) == ["new"]
    await edit(hub, user("old"), {"$set": {"via": "alias"}})
    assert (await profile(hub, "new"))[0]["via"] == "alias"
    await hub.unmerging.unmerge(TESTER, user("new"), user("anon"))  # the merge has moved, too
    await hub.renaming.rename(TESTER, user("new"), user("old"))
    assert (await profile(hub, "old"))[0]["via"] == "alias"
    assert len(await hub.recipients.history(user("old"))) == 6
    await is_sound(hub)


async def test_a_rename_is_refused_for_an_id_that_is_taken(hub: Services) -> None:
    for name in ("ada", "bo", "cy"):
        await edit(hub, user(name), {"$set": {"n": name}})
    for new, expected in (("ada", InvalidRequest), ("bo", Conflict)):
        with pytest.raises(expected):
            await hub.renaming.rename(TESTER, user("ada"), user(new))
    await hub.renaming.rename(TESTER, user("bo"), user("bob"))
    with pytest.raises(Conflict, match="had it before"):
        await hub.renaming.rename(TESTER, user("ada"), user("bo"))
    with pytest.raises(NotFound):
        await hub.renaming.rename(TESTER, user("nobody"), user("somebody"))
    assert await profile(hub, "ada") == ({"n": "ada"}, {})
    await is_sound(hub)


@pytest.mark.parametrize("after_merge", ["recreate", ALIAS])
async def test_an_edit_of_the_secondary_that_waits_for_the_merge_comes_after_it(
    hub: Services, database_url: str, after_merge: str, make_hub: Callable[[], Services]
) -> None:
    """The merge is stopped before it deletes; the edit has read the secondary and must not write to it any more."""
    await hub.workspaces.set_after_merge(TESTER, "shop", after_merge)
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    other = make_hub()
    async with other.database, asyncio.timeout(DONE_S):
        other.batcher.start()
        async with held(database_url, "SELECT FROM history WHERE recipient_id = 'anon' FOR UPDATE"):
            uniting = asyncio.create_task(merge(hub, "ada", "anon"))
            await until_waiting(database_url, "UPDATE history")
            editing = asyncio.create_task(edit(other, user("anon"), {"$add": {"visits": 1}}))
            await until_waiting(database_url, "profile AS p")
        await uniting
        outcome = await editing
        await other.batcher.stop()
    reached = "ada" if after_merge == ALIAS else "anon"
    assert outcome.profile is not None
    assert outcome.profile.key == user(reached)
    assert (await profile(hub, reached))[0]["visits"] == 1
    assert await user_count(hub) == (1 if after_merge == ALIAS else 2)
    await is_sound(hub)


async def test_a_merge_that_waits_for_an_edit_takes_over_what_it_wrote(hub: Services, database_url: str) -> None:
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    statement = (
        "UPDATE profile SET properties = '{\"city\": \"Rome\"}', version = version + 1 WHERE recipient_id = 'anon'"
    )
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement)
    async with asyncio.timeout(DONE_S):
        uniting = asyncio.create_task(merge(hub, "ada", "anon"))
        await until_waiting(database_url, "FOR UPDATE")
        await transaction.commit()
        await uniting
    await connection.close()
    assert await profile(hub, "ada") == ({"n": "ada", "city": "Rome"}, {})


@pytest.mark.parametrize("name", ["ada", "anon"])
async def test_a_merge_that_waits_for_a_first_edit_within_a_tenant_sees_its_profile(
    hub: Services, database_url: str, make_hub: Callable[[], Services], name: str
) -> None:
    """The profile for the tenant was not there when the merge began to wait for the user."""
    await add_tenant(hub, 1, "acme")
    for each in ("ada", "anon"):
        await edit(hub, user(each), {"$set": {"n": each}})
    other = make_hub()
    async with other.database, asyncio.timeout(DONE_S):
        other.batcher.start()
        async with held(database_url, "LOCK TABLE counter IN EXCLUSIVE MODE"):
            editing = asyncio.create_task(edit(other, user(name)._replace(tenant_no=1), {"$set": {"role": "guest"}}))
            await until_waiting(database_url, "INTO counter")
            uniting = asyncio.create_task(merge(hub, "ada", "anon"))
            await until_waiting(database_url, "FOR UPDATE")
        assert (await editing).error is None
        await uniting
        await other.batcher.stop()
    assert await tenant_profiles(hub, "ada") == {1: ({"role": "guest"}, {})}
    await is_sound(hub)


async def test_of_two_merges_of_a_circle_only_one_happens(hub: Services, make_hub: Callable[[], Services]) -> None:
    other = make_hub()
    async with other.database, asyncio.timeout(DONE_S):
        for _ in range(5):
            for name in ("ada", "anon"):
                await edit(hub, user(name), {"$set": {"n": name}})
            answers = await asyncio.gather(
                merge(hub, "ada", "anon"), merge(other, "anon", "ada"), return_exceptions=True
            )
            assert [type(each) for each in answers].count(NotFound) == 1
            assert await user_count(hub) == 1
            await is_sound(hub)


async def test_a_merge_and_a_deletion_of_either_leave_nothing_half_done(
    hub: Services, make_hub: Callable[[], Services]
) -> None:
    other = make_hub()
    async with other.database, asyncio.timeout(3 * DONE_S):
        await edit(hub, TEAM, {"$set": {"n": 1}})
        for doomed in ("ada", "anon") * 4:
            for name in ("ada", "anon"):
                await edit(hub, user(name), {"$set": {"n": name}})
            await subscribe(hub, "ada", "anon")
            answers = await asyncio.gather(
                merge(hub, "ada", "anon"),
                other.recipients.delete(TESTER, user(doomed)),
                edit(hub, user("anon"), {"$add": {"visits": 1}}),
                return_exceptions=True,
            )
            assert all(isinstance(each, (StoredProfile, Outcome, NotFound, type(None))) for each in answers), answers
            await is_sound(hub)
            await hub.recipients.bulk_delete(TESTER, WORKSPACE, [user("ada"), user("anon")])


async def test_a_user_is_created_while_a_merge_is_taken_back(hub: Services, database_url: str) -> None:
    """Unmerging waits for the user who takes the id first, and then says so."""
    for name in ("ada", "anon"):
        await edit(hub, user(name), {"$set": {"n": name}})
    await merge(hub, "ada", "anon")
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "LOCK TABLE counter IN EXCLUSIVE MODE"):
            creating = asyncio.create_task(edit(hub, user("anon"), {"$set": {"n": "new"}}))
            await until_waiting(database_url, "INTO counter")
            unmerging = asyncio.create_task(hub.unmerging.unmerge(TESTER, user("ada"), user("anon")))
            await until_waiting(database_url, "INTO profile")
        await creating
        with pytest.raises(Conflict, match="exists again"):
            await unmerging
    assert await profile(hub, "anon") == ({"n": "new"}, {})
    await is_sound(hub)


async def test_an_edit_of_a_user_that_waits_for_its_rename_reaches_the_new_id(
    hub: Services, database_url: str, make_hub: Callable[[], Services]
) -> None:
    await edit(hub, user("old"), {"$set": {"n": 1}})
    other = make_hub()
    async with other.database, asyncio.timeout(DONE_S):
        other.batcher.start()
        async with held(database_url, "SELECT FROM history WHERE recipient_id = 'old' FOR UPDATE"):
            renaming = asyncio.create_task(hub.renaming.rename(TESTER, user("old"), user("new")))
            await until_waiting(database_url, "UPDATE history")
            editing = asyncio.create_task(edit(other, user("old"), {"$add": {"visits": 1}}))
            await until_waiting(database_url, "profile AS p")
        await renaming
        outcome = await editing
        await other.batcher.stop()
    assert outcome.profile is not None
    assert outcome.profile.key == user("new")
    assert await profile(hub, "new") == ({"n": 1, "visits": 1}, {})
    assert await user_count(hub) == 1
    await is_sound(hub)
