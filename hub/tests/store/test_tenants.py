"""Tenants and the profiles for them in the database: what a deletion leaves, races, and what `db check` finds."""

import asyncio
import json
import uuid
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from cast import TESTER
from hot_statements import nodes
from interleaving import held, until_waiting
from suprsend_hub.domain.choices import SetCategory, operation_to_json
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.preference_terms import Preference
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenancy import SHARED, Tenancy, TenancyMode
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.service import tenants as tenants_service
from suprsend_hub.service.credentials import Workspace
from suprsend_hub.service.lookup import CACHE_S
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.tenant_numbers import TenantNumbers
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import Edit, RequestKey
from suprsend_hub.settings import Settings
from suprsend_hub.store.database import Database
from suprsend_hub.store.queries import sql

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

EXCLUSIVE = Tenancy(mode=TenancyMode.EXCLUSIVE)
NOW = timedelta(0)


@pytest.fixture
def workspace(workspace_a: NewWorkspace) -> Workspace:
    """Workspace A as a request sees it."""
    return Workspace(workspace_a.workspace_id, workspace_a.workspace_uid, workspace_a.workspace_key, workspace_a.name)


@pytest.fixture
def exclusive(workspace: Workspace) -> Workspace:
    """The same in exclusive mode."""
    return Workspace(
        workspace.workspace_id, workspace.workspace_uid, workspace.workspace_key, workspace.name, EXCLUSIVE
    )


async def make(hub: Services, workspace: Workspace, *tenant_ids: str) -> None:
    for tenant_id in tenant_ids:
        await hub.tenants.save(TESTER, workspace.workspace_id, tenant_id, TenantChange(tenant_name=tenant_id))


async def edit(
    hub: Services, workspace: Workspace, tenant_id: str, distinct_id: str = "ada", tenancy: Tenancy = SHARED
) -> None:
    """Set a property of a user within a tenant."""
    await hub.tenant_profiles.edit(
        TESTER,
        RecipientKey.user(workspace.workspace_id, distinct_id),
        tenant_id,
        [{"$set": {"of": tenant_id}}],
        tenancy=tenancy,
        request=lambda _key: RequestKey(uuid.uuid4(), b"digest"),
        size_bytes=0,
    )


def event(tenant_id: str, distinct_id: str = "ada") -> IdentityEvent:
    return IdentityEvent(distinct_id, uuid.uuid4(), [{"$set": {"of": tenant_id}}], None, tenant_id, 0)


async def send(hub: Services, workspace: Workspace, sent: IdentityEvent) -> None:
    """Apply one event; raise the error if it is refused."""
    outcome = await hub.events.apply_one(TESTER, workspace, sent, size_bytes=0)
    if outcome.error is not None:
        raise outcome.error


async def create(hub: Services, workspace: Workspace, *distinct_ids: str) -> None:
    for distinct_id in distinct_ids:
        await hub.recipients.edit(TESTER, RecipientKey.user(workspace.workspace_id, distinct_id), [])


async def fetch(hub: Services, statement: str, *arguments: object) -> Any:
    async with hub.database.connection() as connection:
        return await connection.fetchval(statement, *arguments)


async def profiles_of_tenants(hub: Services) -> int:
    return await fetch(hub, "SELECT count(*) FROM profile WHERE tenant_no > 0")


async def tenants_of(hub: Services, workspace: Workspace, distinct_id: str = "ada") -> list[str]:
    key = RecipientKey.user(workspace.workspace_id, distinct_id)
    return [view.tenant_id for view in (await hub.tenant_profiles.page_of_user(key, PageRequest())).rows]


async def test_each_life_of_a_tenant_has_a_number_of_its_own(hub: Services, workspace: Workspace) -> None:
    numbers = []
    for _ in range(3):
        await make(hub, workspace, "acme")
        numbers.append((await hub.tenants.get(workspace.workspace_id, "acme")).tenant_no)
        await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
    assert numbers == [2, 3, 4], "1 is that of the default tenant"


async def test_concurrent_creations_make_one_tenant_with_all_fields(hub: Services, workspace: Workspace) -> None:
    changes = [TenantChange(tenant_name="Acme", properties={str(n): n}) for n in range(8)]
    await asyncio.gather(*(hub.tenants.save(TESTER, workspace.workspace_id, "acme", each) for each in changes))
    row = await hub.tenants.get(workspace.workspace_id, "acme")
    assert json.loads(row.properties) == {str(n): n for n in range(8)}
    assert await fetch(hub, "SELECT count(*) FROM tenant WHERE tenant_id = 'acme'") == 1


async def test_a_deleted_tenant_leaves_nothing_once_it_has_been_swept(
    hub: Services, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In small steps, and without touching the other tenant, the users, or what they did globally."""
    monkeypatch.setattr(tenants_service, "SWEEP_STEP", 2)
    users = [f"u{n}" for n in range(5)]
    await create(hub, workspace, *users)
    await make(hub, workspace, "acme", "other")
    for distinct_id in users:
        await edit(hub, workspace, "acme", distinct_id)
        await edit(hub, workspace, "other", distinct_id)
    number = (await hub.tenants.get(workspace.workspace_id, "acme")).tenant_no
    await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
    assert await hub.maintenance.check() == [], "what waits for the sweeper is not a fault"
    steps = 0
    while await hub.tenants.sweep(last_write=NOW):
        steps += 1
    assert steps == 3
    for table in ("profile", "history"):
        assert await fetch(hub, f"SELECT count(*) FROM {table} WHERE tenant_no = $1", number) == 0
        assert await fetch(hub, f"SELECT count(*) FROM {table} WHERE tenant_no > 0") == 5
        assert await fetch(hub, f"SELECT count(*) FROM {table} WHERE tenant_no = 0") == 5
    assert (
        await fetch(hub, "SELECT count(*) FROM idempotency_key WHERE tenant_no = $1 AND digest IS NOT NULL", number)
        == 0
    )
    assert await fetch(hub, "SELECT count(*) FROM counter WHERE name = 'tenant:' || $1", str(number)) == 0
    assert await fetch(hub, "SELECT count(*) FROM dead_tenant") == 0
    assert await hub.maintenance.check() == []


async def test_an_address_of_a_deleted_tenant_finds_nobody(hub: Services, workspace: Workspace) -> None:
    """Before the sweeper has been there; the same address within another tenant still does."""
    key = RecipientKey.user(workspace.workspace_id, "ada")
    await create(hub, workspace, "ada")
    for tenant_id in ("acme", "other"):
        await make(hub, workspace, tenant_id)
        await hub.events.apply_one(
            TESTER,
            workspace,
            IdentityEvent("ada", uuid.uuid4(), [{"$append": {"$email": "ada@acme.example"}}], None, tenant_id, 0),
            size_bytes=0,
        )
    for tenant_id, found in (("acme", ["ada"]), ("other", [])):
        assert await hub.recipients.find_by_address(key.workspace_id, "ada@acme.example") == ["ada"]
        await hub.tenants.delete(TESTER, workspace.workspace_id, tenant_id)
        assert await hub.recipients.find_by_address(key.workspace_id, "ada@acme.example") == found


async def choose(hub: Services, workspace: Workspace, tenant_id: str) -> None:
    """Let the user ada choose something within a tenant."""
    number = (await hub.tenants.get(workspace.workspace_id, tenant_id)).tenant_no
    key = RecipientKey.user(workspace.workspace_id, "ada")._replace(tenant_no=number)
    choice = operation_to_json(SetCategory("news", Preference.OPT_OUT))
    edit = Edit(key, uuid.uuid4(), [{"$preference": choice}], TESTER, strict=True, chooses=True)
    [outcome] = await hub.batcher.submit(workspace.workspace_id, [edit])
    assert outcome.error is None


async def test_choices_within_a_tenant_make_no_link_and_outlive_one(hub: Services, exclusive: Workspace) -> None:
    """Also in exclusive mode, where they do not count as a tenant of the user."""
    await create(hub, exclusive, "ada")
    await make(hub, exclusive, "acme", "other")
    for tenant_id in ("acme", "other"):
        await choose(hub, exclusive, tenant_id)
    assert await tenants_of(hub, exclusive) == []
    await edit(hub, exclusive, "acme", tenancy=EXCLUSIVE)
    assert await tenants_of(hub, exclusive) == ["acme"]
    with pytest.raises(InvalidRequest):
        await edit(hub, exclusive, "other", tenancy=EXCLUSIVE)
    await choose(hub, exclusive, "other")
    key = RecipientKey.user(exclusive.workspace_id, "ada")
    await hub.tenant_profiles.unlink(TESTER, key, "acme")
    assert await tenants_of(hub, exclusive) == []
    with pytest.raises(NotFound):
        await hub.tenant_profiles.unlink(TESTER, key, "acme")
    assert await fetch(hub, "SELECT count(*) FROM profile WHERE preferences IS NOT NULL") == 2
    assert await hub.maintenance.check() == []
    await edit(hub, exclusive, "other", tenancy=EXCLUSIVE)
    assert await tenants_of(hub, exclusive) == ["other"]
    assert await hub.maintenance.check() == []


async def test_edits_that_belong_together_are_refused_with_that_for_a_tenant_that_is_gone(
    hub: Services, workspace: Workspace
) -> None:
    """As a choice for a tenant goes with an edit that holds the user."""
    await create(hub, workspace, "ada")
    together, ada = object(), RecipientKey.user(workspace.workspace_id, "ada")
    operations = [{"$set": {"n": 1}}]
    edits = [
        Edit(ada, uuid.uuid4(), operations, TESTER, strict=True, together=together),
        Edit(ada._replace(tenant_no=99), uuid.uuid4(), operations, TESTER, strict=True, together=together),
        Edit(ada, uuid.uuid4(), [{"$set": {"m": 1}}], TESTER, strict=True),
    ]
    outcomes = await hub.batcher.submit(workspace.workspace_id, edits)
    codes = [None if outcome.error is None else outcome.error.code.value for outcome in outcomes]
    assert codes == ["tenant_not_found", "tenant_not_found", None]
    assert (await hub.recipients.get(ada)).properties == '{"m":1}'
    assert await fetch(hub, "SELECT count(*) FROM history") == 2, "the creation, and the edit that was applied"


async def test_two_sweepers_share_the_dead_tenants(hub: Services, workspace: Workspace, database_url: str) -> None:
    """While one hub sweeps a tenant, another takes the next."""
    await create(hub, workspace, "ada")
    for tenant_id in ("acme", "other"):
        await make(hub, workspace, tenant_id)
        await edit(hub, workspace, tenant_id)
        await hub.tenants.delete(TESTER, workspace.workspace_id, tenant_id)
    async with held(database_url, "SELECT 1 FROM dead_tenant ORDER BY deleted_at LIMIT 1 FOR UPDATE"):
        while await hub.tenants.sweep(last_write=NOW):
            pass
        assert await profiles_of_tenants(hub) == 1
        assert await fetch(hub, "SELECT count(*) FROM dead_tenant") == 2 - 1
    while await hub.tenants.sweep(last_write=NOW):
        pass
    assert await profiles_of_tenants(hub) == 0


async def test_the_sweeper_finds_the_profiles_of_a_tenant_by_index(hub: Services) -> None:
    async with hub.database.connection() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {sql('find_profiles_of_dead_tenant')}", 1, 7, 10)
    found = nodes(json.loads(rows[0][0])[0]["Plan"])
    [scan] = [node for node in found if node.get("Index Name")]
    assert scan["Index Name"] == "profile_by_creation"
    assert "tenant_no" in scan["Index Cond"]


async def test_what_is_written_late_for_a_deleted_tenant_is_swept_too(hub: Services, workspace: Workspace) -> None:
    """An edit that had been checked before the deletion committed may be written after it."""
    await create(hub, workspace, "ada")
    await make(hub, workspace, "acme")
    number = (await hub.tenants.get(workspace.workspace_id, "acme")).tenant_no
    await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
    assert await hub.tenants.sweep() is False
    async with hub.database.connection() as connection:
        await connection.execute(
            "INSERT INTO profile (workspace_id, tenant_no, version, profile_id, created_at, updated_at, linked, "
            "object_type, recipient_id, properties, channels, addresses) "
            "VALUES ($1, $2, 1, gen_random_uuid(), now(), now(), true, '', 'ada', '{}', '{}', '{}')",
            workspace.workspace_id, number,
        )  # fmt: skip
    assert await tenants_of(hub, workspace) == []
    assert await hub.tenants.sweep() is True
    assert await profiles_of_tenants(hub) == 0


async def test_profiles_of_tenants_that_never_were_are_found_and_repaired(hub: Services, workspace: Workspace) -> None:
    await create(hub, workspace, "ada")
    await make(hub, workspace, "acme")
    await edit(hub, workspace, "acme")
    async with hub.database.connection() as connection:
        await connection.execute("DELETE FROM tenant WHERE tenant_id = 'acme'")
    [finding] = await hub.maintenance.check()
    assert (finding.check, finding.workspace_id) == ("profiles_of_no_tenant", workspace.workspace_id)
    await hub.maintenance.repair(TESTER)
    while await hub.tenants.sweep(last_write=NOW):
        pass
    assert await profiles_of_tenants(hub) == 0
    assert await hub.maintenance.check() == []


@pytest.mark.parametrize("fast_path_edits", [1, 1000], ids=["fast path", "slow path"])
async def test_edits_race_with_the_deletion_of_their_tenant(
    hub: Services, workspace: Workspace, make_hub: Callable[[], Services]
) -> None:
    """Each is applied or refused; afterwards nothing of the tenant is left, also if it was created again meanwhile."""
    await create(hub, workspace, "ada", "bo")
    other = make_hub()
    async with other.database:
        other.batcher.start()
        await make(hub, workspace, "acme")

        async def live() -> None:
            for _ in range(4):
                await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
                await make(hub, workspace, "acme")

        edits: list[Coroutine[Any, Any, None]] = [
            edit(each, workspace, "acme", distinct_id)
            for distinct_id in ("ada", "bo", "ada", "bo", "ada", "bo")
            for each in (hub, other)
        ]
        events = [send(other, workspace, event("acme", f"u{n}")) for n in range(12)]
        results = await asyncio.gather(live(), *edits, *events, return_exceptions=True)
        assert all(result is None or isinstance(result, NotFound) for result in results), results
        await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
        await other.batcher.stop()
    while await hub.tenants.sweep(last_write=NOW):
        pass
    assert await profiles_of_tenants(hub) == 0
    assert await hub.maintenance.check() == []


async def test_an_accepted_edit_is_visible_whatever_another_hub_remembers(
    hub: Services, workspace: Workspace, make_hub: Callable[[], Services]
) -> None:
    """Another hub knows the number of the tenant's earlier life."""
    await create(hub, workspace, "ada")
    await make(hub, workspace, "acme")
    other = make_hub()
    async with other.database:
        other.batcher.start()
        await send(other, workspace, event("acme"))
        await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
        await make(hub, workspace, "acme")
        await send(other, workspace, event("acme"))
        assert await tenants_of(hub, workspace) == ["acme"]
        await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
        await make(hub, workspace, "acme")
        await other.events.apply(TESTER, workspace, [event("acme", "bo")], [], size_bytes=0)
        assert await tenants_of(hub, workspace, "bo") == ["acme"]
        await hub.tenants.delete(TESTER, workspace.workspace_id, "acme")
        await make(hub, workspace, "acme")
        await edit(other, workspace, "acme")
        assert await tenants_of(hub, workspace) == ["acme"]
        await other.batcher.stop()


@pytest.mark.parametrize("fast_path_edits", [1, 1000], ids=["fast path", "slow path"])
@pytest.mark.parametrize("known", [True, False], ids=["known users", "new users"])
async def test_of_concurrent_first_links_in_exclusive_mode_one_wins(
    hub: Services, exclusive: Workspace, make_hub: Callable[[], Services], *, known: bool
) -> None:
    """From two hubs, for users who exist and for users whom the events create."""
    tenant_ids = [f"t{n}" for n in range(4)]
    users = [f"u{n}" for n in range(6)]
    await make(hub, exclusive, *tenant_ids)
    if known:
        await create(hub, exclusive, *users)
    other = make_hub()
    async with other.database:
        other.batcher.start()
        results = await asyncio.gather(
            *(
                send(each, exclusive, event(tenant_id, distinct_id))
                for distinct_id in users
                for tenant_id, each in zip(tenant_ids, (hub, other, hub, other), strict=True)
            ),
            return_exceptions=True,
        )
        await other.batcher.stop()
    refused = [result for result in results if result is not None]
    assert all(isinstance(each, InvalidRequest) for each in refused), refused
    assert len(refused) == len(users) * (len(tenant_ids) - 1)
    for distinct_id in users:
        assert len(await tenants_of(hub, exclusive, distinct_id)) == 1
    assert await fetch(hub, "SELECT count(*) FROM history WHERE tenant_no > 0") == len(users), (
        "refused edits leave none"
    )
    assert await hub.maintenance.check() == []


async def test_a_first_link_waits_for_another_one_that_is_under_way(
    hub: Services, exclusive: Workspace, database_url: str, make_hub: Callable[[], Services]
) -> None:
    """The second sees what the first has committed, and is refused."""
    await create(hub, exclusive, "ada")
    await make(hub, exclusive, "acme", "other")
    other = make_hub()
    async with other.database:
        other.batcher.start()
        async with held(database_url, "LOCK TABLE counter IN EXCLUSIVE MODE"):  # which a link adds to at its end
            first = asyncio.create_task(edit(hub, exclusive, "acme", tenancy=EXCLUSIVE))
            await until_waiting(database_url, "counter")
            second = asyncio.create_task(edit(other, exclusive, "other", tenancy=EXCLUSIVE))
            await until_waiting(database_url, "NO KEY UPDATE")
        await first
        with pytest.raises(InvalidRequest):
            await second
        await other.batcher.stop()
    assert await tenants_of(hub, exclusive) == ["acme"]


@pytest.mark.parametrize("fast_path_edits", [1, 1000], ids=["fast path", "slow path"])
async def test_edits_for_tenants_race_with_the_deletion_of_the_user(
    hub: Services, workspace: Workspace, make_hub: Callable[[], Services]
) -> None:
    """No profile for a tenant is ever left without its user."""
    await make(hub, workspace, "acme", "other")
    key = RecipientKey.user(workspace.workspace_id, "ada")
    other = make_hub()
    async with other.database:
        other.batcher.start()
        for _ in range(5):
            await create(hub, workspace, "ada")
            results = await asyncio.gather(
                hub.recipients.delete(TESTER, key),
                *(edit(each, workspace, tenant) for each in (hub, other) for tenant in ("acme", "other")),
                *(send(other, workspace, event("acme")) for _ in range(3)),
                return_exceptions=True,
            )
            assert all(result is None or isinstance(result, DomainError) for result in results), results
            orphans = await fetch(
                hub,
                "SELECT count(*) FROM profile AS p WHERE tenant_no > 0 AND NOT EXISTS (SELECT FROM profile AS g "
                "WHERE g.recipient_id = p.recipient_id AND g.tenant_no = 0)",
            )
            assert orphans == 0
            assert await hub.maintenance.check() == []
        await other.batcher.stop()


async def test_an_edit_for_a_tenant_waits_for_the_deletion_of_its_user(
    hub: Services, workspace: Workspace, database_url: str
) -> None:
    """The event that comes after the deletion creates the user again; a strict edit finds nobody."""
    await make(hub, workspace, "acme")
    await create(hub, workspace, "ada")
    key = RecipientKey.user(workspace.workspace_id, "ada")
    async with held(database_url, "LOCK TABLE audit IN EXCLUSIVE MODE"):  # which a deletion writes at its end
        deleting = asyncio.create_task(hub.recipients.delete(TESTER, key))
        await until_waiting(database_url, "audit")
        editing = asyncio.create_task(edit(hub, workspace, "acme"))
        await until_waiting(database_url, "NO KEY UPDATE")
    await deleting
    with pytest.raises(NotFound):
        await editing
    assert await profiles_of_tenants(hub) == 0
    assert await fetch(hub, "SELECT count(*) FROM history WHERE tenant_no > 0") == 0


async def test_the_event_that_creates_a_user_is_in_the_users_history(hub: Services, workspace: Workspace) -> None:
    await make(hub, workspace, "acme")
    await send(hub, workspace, event("acme", "bo"))
    [entry] = await hub.recipients.history(RecipientKey.user(workspace.workspace_id, "bo"))
    assert (entry.operations, entry.actor) == ("[]", TESTER.label)


async def test_the_number_of_a_tenant_is_remembered_for_a_few_seconds(
    hub: Services, workspace: Workspace, settings: Settings
) -> None:
    """So an event costs no look-up. Nothing is remembered of unknown tenants, which may be created any moment."""
    await make(hub, workspace, "acme", "other")
    assert settings.database_url is not None
    now = 0.0
    database = Database(settings.database_url.get_secret_value())
    numbers = TenantNumbers(database, patience_s=10, monotonic=lambda: now)
    async with database:
        found = await numbers.find(workspace.workspace_id, ["acme", "nowhere"])
        assert found == {"acme": (await hub.tenants.get(workspace.workspace_id, "acme")).tenant_no}
    # The pool is closed: whatever is answered now has been remembered.
    assert await numbers.find(workspace.workspace_id, ["acme"]) == found
    with pytest.raises(RuntimeError, match="not open"):
        await numbers.find(workspace.workspace_id, ["acme", "other"])
    with pytest.raises(RuntimeError, match="not open"):
        await numbers.find(workspace.workspace_id, ["nowhere"])
    with pytest.raises(RuntimeError, match="not open"):
        await numbers.find(workspace.workspace_id + 1, ["acme"])
    now = CACHE_S + 1
    with pytest.raises(RuntimeError, match="not open"):
        await numbers.find(workspace.workspace_id, ["acme"])


async def test_profiles_for_tenants_of_nobody_are_found_and_repaired(hub: Services, workspace: Workspace) -> None:
    await create(hub, workspace, "ada")
    await make(hub, workspace, "acme")
    await edit(hub, workspace, "acme")
    async with hub.database.connection() as connection:
        await connection.execute("DELETE FROM profile WHERE tenant_no = 0")
    assert "profiles_of_nobody" in {finding.check for finding in await hub.maintenance.check()}
    await hub.maintenance.repair(TESTER)
    assert await profiles_of_tenants(hub) == 0
    assert await hub.maintenance.check() == []


async def test_a_batch_for_users_and_their_tenants_applies_in_order(hub: Services, workspace: Workspace) -> None:
    """Global edits and edits for tenants of one new user, some refused, in one batch."""
    await make(hub, workspace, "acme", "other")
    numbers = await hub.events._numbers.find(workspace.workspace_id, ["acme", "other"])
    ada = RecipientKey.user(workspace.workspace_id, "ada")
    acme, other = (ada._replace(tenant_no=numbers[each]) for each in ("acme", "other"))
    bad = [{"$add": {"n": "x"}}]
    edits = [
        Edit(acme, uuid.uuid4(), [{"$set": {"n": 1}}], TESTER, exclusive=True),
        Edit(ada, uuid.uuid4(), bad, TESTER, strict=True),
        Edit(other, uuid.uuid4(), [{"$set": {"n": 2}}], TESTER, exclusive=True),
        Edit(acme, uuid.uuid4(), [{"$add": {"n": 1}}], TESTER, strict=True, needs_user=True, exclusive=True),
        Edit(ada._replace(recipient_id="bo", tenant_no=acme.tenant_no), uuid.uuid4(), [], TESTER, needs_user=True),
    ]
    outcomes = await hub.batcher.submit(workspace.workspace_id, edits)
    codes = [None if outcome.error is None else outcome.error.code.value for outcome in outcomes]
    assert codes == [None, "not_a_number", "tied_to_another_tenant", None, "user_not_found"]
    assert outcomes[3].profile is not None
    assert outcomes[3].profile.properties == '{"n":2}'
    assert await fetch(hub, "SELECT count(*) FROM history") == 3
    assert await hub.maintenance.check() == []


@pytest.mark.parametrize("fast_path_edits", [1, 1000], ids=["fast path", "slow path"])
@pytest.mark.parametrize("creates", [False, True], ids=["two choices", "a choice and an event"])
async def test_a_choice_does_not_pass_for_the_creation_of_its_user(
    hub: Services, workspace: Workspace, database_url: str, creates: bool
) -> None:
    """In one batch with an edit for a tenant, folded while the user's deletion is under way. Only the event creates it."""
    await make(hub, workspace, "acme")
    await create(hub, workspace, "ada")
    key = RecipientKey.user(workspace.workspace_id, "ada")
    number = (await hub.tenants.get(workspace.workspace_id, "acme")).tenant_no
    choice = [{"$preference": operation_to_json(SetCategory("news", Preference.OPT_OUT))}]
    edits = [Edit(key, uuid.uuid4(), choice, TESTER, strict=True, chooses=True)]
    within = key._replace(tenant_no=number)
    if creates:
        edits.append(Edit(within, uuid.uuid4(), [{"$set": {"n": 1}}], TESTER))
    else:
        edits.append(Edit(within, uuid.uuid4(), choice, TESTER, strict=True, chooses=True))
    async with held(database_url, "LOCK TABLE audit IN EXCLUSIVE MODE"):  # which a deletion writes at its end
        deleting = asyncio.create_task(hub.recipients.delete(TESTER, key))
        await until_waiting(database_url, "audit")
        writing = asyncio.create_task(hub.batcher.submit(workspace.workspace_id, edits))
        await until_waiting(database_url, "NO KEY UPDATE")
    await deleting
    chosen, other = await writing
    assert isinstance(chosen.error, NotFound)
    assert (other.error is None) is creates
    found = await fetch(hub, "SELECT array_agg(tenant_no ORDER BY tenant_no) FROM profile")
    assert found == ([0, number] if creates else None)
    assert await fetch(hub, "SELECT count(*) FROM profile WHERE preferences IS NOT NULL") == 0
    assert await hub.maintenance.check() == []
