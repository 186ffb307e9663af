"""The registry of what names a recipient is complete, and deletion does what it says."""

import uuid

import asyncpg
import pytest
from cast import TESTER
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import Edit, RejectedRecord, RequestKey
from suprsend_hub.store.maintenance import RELATION_CHECKS
from suprsend_hub.store.registry import COUNTERS_NAMED_AFTER_OBJECTS, NAMINGS, WITHOUT_RECIPIENTS, Fate, Naming

pytestmark = pytest.mark.anyio

FORMER = {
    naming
    for naming in NAMINGS
    if (naming.table, naming.id_column)
    in (("former_id", "former_id"), ("alias", "alias_id"), ("tombstone", "recipient_id"))
}
"""Ids that no recipient has any more."""
WORKSPACE = 1
ADA, BO = RecipientKey.user(WORKSPACE, "ada-4711"), RecipientKey.user(WORKSPACE, "bo-4712")
TEAM, CREW = RecipientKey(WORKSPACE, "teams", "core-4713"), RecipientKey(WORKSPACE, "teams", "crew-4714")


@pytest.fixture
async def filled(hub: Services) -> Services:
    """Two users and two objects, each of whom every table names that can."""
    for key in (ADA, BO, TEAM, CREW):
        request = RequestKey(uuid.uuid4(), b"digest")
        operations = [{"$set": {"n": 1}}]
        edit = Edit(key, request.key, operations, TESTER, request=request)
        rejected = RejectedRecord(key, "invalid_event", "no", {"of": key.recipient_id}, TESTER)
        await hub.batcher.submit(WORKSPACE, [edit], [rejected])
        await hub.batcher.submit(WORKSPACE, [Edit(key, uuid.uuid4(), [{"$set": {"n": 2}}], TESTER)])
    subscribers = tuple(Recipient(key.object_type, key.recipient_id) for key in (ADA, BO, CREW))
    await hub.subscriptions.create(TESTER, TEAM, SubscribeRequest(subscribers, {}, None))
    await hub.subscriptions.create(TESTER, CREW, SubscribeRequest(subscribers[:2], {}, None))
    await hub.lists.save(TESTER, WORKSPACE, ListDefinition("news", None, None, None, None))
    await hub.lists.add(TESTER, WORKSPACE, "news", [ADA.recipient_id, BO.recipient_id])
    async with hub.database.connection() as connection:
        for key in (ADA, BO, TEAM, CREW):
            ids = (key.object_type, key.recipient_id, f"before {key.recipient_id[::-1]}")
            await connection.execute("INSERT INTO former_id VALUES (1, $1, $2, $3)", *ids)
            await connection.execute("INSERT INTO alias VALUES (1, $1, $3, $2, now())", *ids)
            await connection.execute(
                "INSERT INTO tombstone VALUES (1, $1, $3, $2, gen_random_uuid(), now(), to_json($2::text))", *ids
            )
    return hub


async def rows_naming(connection: asyncpg.Connection, naming: Naming, key: RecipientKey) -> list[asyncpg.Record]:
    if naming.type_column is None:
        if not key.is_user:
            return []
        return await connection.fetch(f"SELECT * FROM {naming.table} WHERE {naming.id_column} = $1", key.recipient_id)
    return await connection.fetch(
        f"SELECT * FROM {naming.table} WHERE {naming.type_column} = $1 AND {naming.id_column} = $2",
        key.object_type,
        key.recipient_id,
    )


def can_name(naming: Naming, key: RecipientKey) -> bool:
    """Whether the columns name this kind of recipient while it is there."""
    if naming.table in ("audit", "dead_object"):  # only of recipients that are gone
        return False
    if naming in FORMER:
        return False
    return naming.id_column != "object_id" if key.is_user else naming.type_column is not None


async def test_every_table_is_in_the_registry_and_every_column_that_it_names_exists(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    records = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    await connection.close()
    columns = {(record["table_name"], record["column_name"]) for record in records}
    named = {naming.table for naming in NAMINGS}
    assert named | WITHOUT_RECIPIENTS == {table for table, _ in columns}
    assert named & WITHOUT_RECIPIENTS == set()
    for naming in NAMINGS:
        for column in (naming.type_column, naming.id_column, *naming.content):
            assert column is None or (naming.table, column) in columns, (naming.table, column)
    # Columns with these names name recipients wherever they are.
    telling = {"recipient_id", "distinct_id", "subscriber_id", "object_id", "user_id"}
    known = {(naming.table, naming.id_column) for naming in NAMINGS}
    assert {each for each in columns if each[1] in telling} <= known


async def test_the_checks_it_names_are_checks() -> None:
    checks = {*RELATION_CHECKS, "counters", "profiles", "addresses"}
    assert {check for naming in NAMINGS for check in naming.checks} <= checks


@pytest.mark.parametrize("key", [ADA, CREW], ids=["a user", "an object"])
async def test_a_deletion_treats_each_table_as_it_says(filled: Services, key: RecipientKey) -> None:
    async with filled.database.connection() as connection:
        before = {naming: len(await rows_naming(connection, naming, key)) for naming in NAMINGS}
        named = {naming for naming, count in before.items() if count}
        assert named >= {naming for naming in NAMINGS if can_name(naming, key)}, "the fixture fills every table"
    await filled.recipients.delete(TESTER, key)
    while await sweep_dead_objects(filled.database):
        pass
    async with filled.database.connection() as connection:
        for naming in NAMINGS:
            rows = await rows_naming(connection, naming, key)
            if naming.deletion in (Fate.GOES, Fate.IS_SWEPT):
                assert rows == [], naming
            elif naming.deletion is Fate.IS_SCRUBBED:
                assert len(rows) == before[naming] > 0, naming
                assert all(row[column] is None for row in rows for column in naming.content), naming
            elif naming not in FORMER:
                assert naming.deletion is Fate.STAYS
                assert len(rows) > before[naming], naming  # of the deletion itself
    assert await filled.maintenance.check() == []


@pytest.mark.parametrize("key", [ADA, CREW], ids=["a user", "an object"])
async def test_after_a_deletion_nothing_else_names_the_recipient(filled: Services, key: RecipientKey) -> None:
    """Every column of every table is read as text: JSON, names of counters, whatever comes later."""
    await filled.recipients.delete(TESTER, key)
    while await sweep_dead_objects(filled.database):
        pass
    stays = {naming.table for naming in set(NAMINGS) - FORMER if naming.deletion in (Fate.STAYS, Fate.IS_SCRUBBED)}
    async with filled.database.connection() as connection:
        for naming in NAMINGS:
            if naming.table not in stays:
                found = await connection.fetch(
                    f"SELECT t::text FROM {naming.table} AS t WHERE t::text LIKE '%' || $1 || '%'", key.recipient_id
                )
                assert found == [], naming.table
        for table in WITHOUT_RECIPIENTS:
            found = await connection.fetch(
                f"SELECT t::text FROM {table} AS t WHERE t::text LIKE '%' || $1 || '%'", key.recipient_id
            )
            assert found == [], table


async def test_a_merge_treats_each_table_as_it_says(filled: Services) -> None:
    """What moves names the primary afterwards, joined with rows that did; what stays goes on naming the secondary."""
    async with filled.database.connection() as connection:
        before = {(naming, key): await rows_naming(connection, naming, key) for naming in NAMINGS for key in (ADA, BO)}
    await filled.workspaces.create(TESTER, "the rules of whose merges apply")
    await filled.merging.merge(TESTER, ADA, BO)
    for naming in NAMINGS:
        if not can_name(naming, BO) and naming not in FORMER and naming.table != "audit":
            continue
        async with filled.database.connection() as connection:
            of_primary = await rows_naming(connection, naming, ADA)
            of_secondary = await rows_naming(connection, naming, BO)
        if naming.merge is Fate.MOVES:
            assert of_secondary == [], naming
            assert before[naming, BO], naming
            moved = {identity(row, naming) for row in before[naming, BO]}
            assert {identity(row, naming) for row in of_primary} >= moved, naming
        else:
            assert naming.merge is Fate.STAYS
            assert len(of_secondary) >= len(before[naming, BO]), naming
    assert await filled.maintenance.check() == []


def identity(row: asyncpg.Record, naming: Naming) -> tuple:
    """The key of a row without the recipient: of what a merge moves, the rest of it stays the same."""
    rest = {
        "profile": ("tenant_no",),
        "former_id": ("former_id",),
        "alias": ("alias_id",),
        "tombstone": ("recipient_id",),
        "rejected": ("rejected_id",),
        "subscription": ("object_type", "object_id"),
        "subscribed_to": ("object_type", "object_id"),
        "list_member": ("list_id", "version_id"),
        "list_membership": ("list_id", "version_id"),
    }[naming.table]
    return tuple(row[column] for column in rest)


async def test_counters_named_after_objects_begin_as_it_says(filled: Services) -> None:
    async with filled.database.connection() as connection:
        names = [row["name"] for row in await connection.fetch("SELECT name FROM counter")]
    about = [name for name in names if TEAM.recipient_id in name or CREW.recipient_id in name]
    assert about
    assert all(name.startswith(COUNTERS_NAMED_AFTER_OBJECTS) for name in about)
