"""Subscriptions hold at both ends, count exactly, nest within limits, and die with either end."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from cast import TESTER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interleaving import until_waiting
from suprsend_hub.api.bodies.subscription import parse_recipients, parse_subscribe
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1


def team(object_id: str, workspace_id: int = WORKSPACE) -> RecipientKey:
    return RecipientKey(workspace_id, "teams", object_id)


def user(distinct_id: str) -> RecipientKey:
    return RecipientKey.user(WORKSPACE, distinct_id)


async def create(hub: Services, *keys: RecipientKey) -> None:
    for key in keys:
        await hub.recipients.edit(TESTER, key, [])


async def subscribe(hub: Services, parent: RecipientKey, *recipients: object, **properties: object) -> list:
    request = parse_subscribe({"recipients": list(recipients), "properties": properties})
    return await hub.subscriptions.create(TESTER, parent, request)


def child(object_id: str) -> dict:
    return {"object_type": "teams", "id": object_id}


async def parents_of(hub: Services, key: RecipientKey) -> list[str]:
    page = await hub.subscriptions.page_of_subscriber(key, PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return [view.parent.key.recipient_id for view in page.rows]


async def subscribers_of(hub: Services, key: RecipientKey) -> list[str]:
    """The ids of the subscribers, after checking that the counter says the same as the rows."""
    page = await hub.subscriptions.page(key, PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return [view.subscription.subscriber.recipient_id for view in page.rows]


async def test_a_subscription_is_seen_from_both_ends(hub: Services) -> None:
    await create(hub, team("core"), user("ada"))
    [view] = await subscribe(hub, team("core"), "ada", role="dev")
    assert view.subscription.properties == '{"role":"dev"}'
    assert await subscribers_of(hub, team("core")) == ["ada"]
    assert await parents_of(hub, user("ada")) == ["core"]


async def test_unknown_recipients_are_created_with_their_inline_profile(hub: Services) -> None:
    await create(hub, team("core"))
    await subscribe(hub, team("core"), "ada", {"distinct_id": "bo", "$email": ["bo@example.com"]}, child("sub"))
    assert "bo@example.com" in (await hub.recipients.get(user("bo"))).channels
    assert sorted(await subscribers_of(hub, team("core"))) == ["ada", "bo", "sub"]
    assert (await hub.recipients.page(WORKSPACE, PageRequest())).count == 2
    assert (await hub.recipients.page(WORKSPACE, PageRequest(), object_type="teams")).count == 2


async def test_the_documented_cursor_is_a_position_in_front_of_today_s_subscriptions(hub: Services) -> None:
    """The documentation prints a cursor of January 2025, one character short; the walk goes on behind it."""
    await create(hub, team("core"), team("web"))
    await subscribe(hub, team("core"), "ada")
    await subscribe(hub, team("web"), "ada")
    request = PageRequest(limit=1, after="01JJW6HXXXXPB59ARDW85G0KN")
    page = await hub.subscriptions.page_of_subscriber(user("ada"), request)
    assert [view.parent.key.recipient_id for view in page.rows] == ["core"]
    assert page.after is not None
    page = await hub.subscriptions.page_of_subscriber(user("ada"), PageRequest(limit=1, after=page.after))
    assert [view.parent.key.recipient_id for view in page.rows] == ["web"]


async def test_subscribing_again_overwrites_the_properties_and_counts_once(hub: Services) -> None:
    await create(hub, team("core"))
    [first] = await subscribe(hub, team("core"), "ada", role="dev")
    [second] = await subscribe(hub, team("core"), "ada", role="lead")
    assert second.subscription.properties == '{"role":"lead"}'
    assert second.subscription.subscription_id == first.subscription.subscription_id
    assert second.subscription.created_at == first.subscription.created_at
    assert await subscribers_of(hub, team("core")) == ["ada"]


async def test_a_refused_recipient_leaves_the_others_untouched(hub: Services) -> None:
    await create(hub, team("core"))
    with pytest.raises(InvalidRequest, match="bo"):
        await subscribe(hub, team("core"), "ada", {"distinct_id": "bo", "$email": ["no address"]})
    assert await subscribers_of(hub, team("core")) == []
    with pytest.raises(NotFound):
        await hub.recipients.get(user("ada"))


async def test_an_unknown_parent_is_refused_unless_the_request_creates_it(hub: Services) -> None:
    with pytest.raises(NotFound, match="object 'teams/core' not found"):
        await subscribe(hub, team("core"), "ada")
    with pytest.raises(NotFound):
        await hub.recipients.get(user("ada"))
    request = parse_subscribe({"recipients": ["ada"], "parent_object_properties": {"name": "Core"}})
    await hub.subscriptions.create(TESTER, team("core"), request)
    assert "Core" in (await hub.recipients.get(team("core"))).properties


async def test_ending_subscriptions_ignores_those_that_are_none(hub: Services) -> None:
    await create(hub, team("core"))
    await subscribe(hub, team("core"), "ada", "bo")
    await hub.subscriptions.delete(TESTER, team("core"), parse_recipients(["ada", "nobody", child("sub")]))
    assert await subscribers_of(hub, team("core")) == ["bo"]
    assert await parents_of(hub, user("ada")) == []
    with pytest.raises(NotFound):
        await hub.subscriptions.delete(TESTER, team("other"), parse_recipients(["ada"]))


async def test_an_object_cannot_be_subscribed_to_itself_or_in_a_circle(hub: Services) -> None:
    await create(hub, team("a"), team("b"), team("c"))
    with pytest.raises(InvalidRequest, match="itself"):
        await subscribe(hub, team("a"), child("a"))
    await subscribe(hub, team("a"), child("b"))
    with pytest.raises(InvalidRequest, match="already subscribed to it"):
        await subscribe(hub, team("b"), child("a"))
    await subscribe(hub, team("b"), child("c"))
    with pytest.raises(InvalidRequest, match="already subscribed to it"):
        await subscribe(hub, team("c"), child("a"))
    assert await subscribers_of(hub, team("c")) == []


async def test_a_refused_nesting_creates_nobody_even_if_the_circle_appears_meanwhile(
    hub: Services, database_url: str
) -> None:
    """Somebody else subscribes a to b after the request to subscribe b to a has begun."""
    await create(hub, team("a"), team("b"))
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT pg_advisory_xact_lock(78770002, $1)", WORKSPACE)
    request = asyncio.create_task(subscribe(hub, team("a"), child("b"), "new-user", child("new-object")))
    await until_waiting(database_url, "pg_advisory_xact_lock")
    for table in ("subscription (properties, created_at, updated_at, ", "subscribed_to ("):
        more = "'{}', now(), now(), " if table.startswith("subscription ") else ""
        await connection.execute(
            f"INSERT INTO {table}workspace_id, object_type, object_id, subscriber_type, subscriber_id, subscription_id) "
            f"VALUES ({more}$1, 'teams', 'b', 'teams', 'a', $2)",
            WORKSPACE,
            uuid.UUID(int=1),
        )
    await transaction.commit()
    await connection.close()
    with pytest.raises(InvalidRequest, match="already subscribed to it"):
        await request
    for key in (user("new-user"), team("new-object")):
        with pytest.raises(NotFound):
            await hub.recipients.get(key)


async def test_many_nesting_requests_at_once_leave_connections_to_the_lanes(hub: Services) -> None:
    """Each keeps a connection while its edits wait for a lane; all of them together must not take the last one."""
    await create(hub, team("root"))
    async with asyncio.timeout(20):
        await asyncio.gather(*(subscribe(hub, team("root"), child(f"child-{n}"), f"user-{n}") for n in range(30)))
    assert len(await subscribers_of(hub, team("root"))) == 60


async def test_objects_nest_two_deep_and_no_deeper_from_either_side(hub: Services) -> None:
    await create(hub, *(team(name) for name in "abcd"))
    await subscribe(hub, team("a"), child("b"))
    await subscribe(hub, team("b"), child("c"))
    with pytest.raises(InvalidRequest, match="2 steps"):
        await subscribe(hub, team("c"), child("d"))
    with pytest.raises(InvalidRequest, match="2 steps"):
        await subscribe(hub, team("d"), child("a"))
    await subscribe(hub, team("c"), "ada")


async def test_two_writers_cannot_close_a_circle_between_them(hub: Services) -> None:
    await create(hub, team("a"), team("b"))
    for _ in range(5):
        results = await asyncio.gather(
            subscribe(hub, team("a"), child("b")), subscribe(hub, team("b"), child("a")), return_exceptions=True
        )
        assert sum(isinstance(result, InvalidRequest) for result in results) == 1
        await hub.subscriptions.delete(TESTER, team("a"), parse_recipients([child("b")]))
        await hub.subscriptions.delete(TESTER, team("b"), parse_recipients([child("a")]))


async def test_deleting_a_user_ends_its_subscriptions(hub: Services) -> None:
    await create(hub, team("core"), team("web"))
    await subscribe(hub, team("core"), "ada", "bo")
    await subscribe(hub, team("web"), "ada")
    await hub.recipients.delete(TESTER, user("ada"))
    assert await subscribers_of(hub, team("core")) == ["bo"]
    assert await subscribers_of(hub, team("web")) == []
    await create(hub, user("ada"))
    assert await parents_of(hub, user("ada")) == []


async def test_deleting_an_object_ends_the_subscriptions_of_and_to_it(hub: Services) -> None:
    await create(hub, team("core"), team("sub"))
    await subscribe(hub, team("core"), child("sub"), "ada")
    await subscribe(hub, team("sub"), "ada")
    await hub.recipients.delete(TESTER, team("sub"))
    assert await subscribers_of(hub, team("core")) == ["ada"]
    assert await parents_of(hub, user("ada")) == ["core"]
    await create(hub, team("sub"))
    assert await subscribers_of(hub, team("sub")) == []


async def test_ids_with_slashes_do_not_share_a_counter(hub: Services) -> None:
    first, second = RecipientKey(WORKSPACE, "a", "b/c"), RecipientKey(WORKSPACE, "a/b", "c")
    await create(hub, first, second)
    await subscribe(hub, first, "ada")
    assert await hub.subscriptions.count_of([first, second]) == {first: 1, second: 0}


async def test_workspaces_do_not_share_subscriptions(hub: Services) -> None:
    await create(hub, team("core"), team("core", 2))
    await subscribe(hub, team("core"), "ada")
    assert await subscribers_of(hub, team("core", 2)) == []
    with pytest.raises(NotFound):
        await parents_of(hub, RecipientKey.user(2, "ada"))


async def test_counts_follow_when_subscribing_races_with_deleting(
    hub: Services, make_hub: Callable[[], Services]
) -> None:
    other = make_hub()
    await create(hub, team("core"))

    async def forgiving(work: Awaitable[object]) -> None:
        with contextlib.suppress(DomainError):  # the user or the object was gone: one of the fair outcomes
            await work

    async with other.database:
        other.batcher.start()
        for round_number in range(15):
            names = [f"user-{round_number}-{n}" for n in range(4)]
            await create(hub, *(user(name) for name in names))
            await asyncio.gather(
                forgiving(subscribe(hub, team("core"), *names)),
                forgiving(subscribe(other, team("core"), *reversed(names))),
                forgiving(hub.recipients.bulk_delete(TESTER, WORKSPACE, [user(name) for name in names[:2]])),
                forgiving(other.subscriptions.delete(TESTER, team("core"), parse_recipients(names[1:3]))),
            )
            ids = await subscribers_of(hub, team("core"))  # compares the counter with the rows
            for name in names:
                try:
                    assert (await parents_of(hub, user(name)) == ["core"]) == (name in ids)
                except NotFound:
                    assert name not in ids
        await other.batcher.stop()


@given(st.lists(st.sampled_from(["next", "previous", "insert", "delete"]), max_size=25), st.integers(1, 4))
@settings(
    max_examples=15,
    suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.function_scoped_fixture],
)
async def test_pages_walk_one_sequence_while_rows_come_and_go(hub: Services, actions: list[str], limit: int) -> None:
    """Rows that are there all the time appear exactly once on a walk, in order, in both directions."""
    parent = team(f"walk-{uuid.uuid4()}")
    await create(hub, parent)
    stable = [f"s{n}" for n in range(7)]
    for name in stable:
        await subscribe(hub, parent, name)
    fleeting = 0
    seen: list[str] = []
    request = PageRequest(limit=limit)
    for action in [*actions, *["next"] * 30]:
        if action == "insert":
            fleeting += 1
            await subscribe(hub, parent, f"f{fleeting}")
        elif action == "delete" and fleeting:
            await hub.subscriptions.delete(TESTER, parent, parse_recipients([f"f{fleeting}"]))
            fleeting -= 1
        elif action == "next":
            page = await hub.subscriptions.page(parent, request)
            seen += [view.subscription.subscriber.recipient_id for view in page.rows]
            if page.after is None:
                break
            request = PageRequest(limit=limit, after=page.after)
    assert [name for name in seen if name in stable] == list(reversed(stable))
    # And back: from the last stable row to the newest.
    back: list[str] = []
    last = await hub.subscriptions.page(parent, PageRequest(limit=1000))
    request = PageRequest(limit=limit, before=_cursor(last.rows[-1]))
    while True:
        page = await hub.subscriptions.page(parent, request)
        back = [view.subscription.subscriber.recipient_id for view in page.rows] + back
        if page.before is None:
            break
        request = PageRequest(limit=limit, before=page.before)
    assert back == [view.subscription.subscriber.recipient_id for view in last.rows[:-1]]


def _cursor(view: object) -> str:
    from suprsend_hub.domain.ids import ulid_text

    return ulid_text(view.subscription.subscription_id)  # type: ignore[attr-defined]
