"""The step that gave every profile a tenant keeps what is there, and ends the support of code that does not know it."""

import json
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from cast import TESTER
from releases import MakeDatabase, release, run, schema_of
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.store.migrate import migrate

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

BEFORE = "0008"
DATA = """
INSERT INTO workspace (name, workspace_uid, workspace_key, secret_encrypted, created_at)
    VALUES ('w', 'wksp_w', 'WK_w', 'x', '2026-01-01Z');
INSERT INTO profile SELECT 1, '', 'ada', '00000000-0000-0000-0000-000000000001', 7, '{"n":1}', '{}', '{"1 a@b.c"}',
    '2026-01-01Z', '2026-02-01Z';
INSERT INTO profile SELECT 1, 'teams', 'a/b:c', '00000000-0000-0000-0000-000000000002', 8, '{}', '{}', '{}',
    '2026-01-02Z', '2026-01-02Z';
INSERT INTO history SELECT 1, '', 'ada', gen_random_uuid(), '00000000-0000-0000-0000-00000000000' || n, 'sdk',
    json_build_array(n), CASE WHEN n > 1 THEN '{"n":0}'::json END, 'api_key:nightly' FROM (VALUES (1), (2)) AS k (n);
INSERT INTO counter VALUES (1, 'users', 3, 1), (1, 'objects:teams', 0, 1), (1, 'subscribers:5:teams/a/b:c', 0, 2),
    (1, 'subscribers:12:teams:eu/odd/x', 1, 3), (1, 'members:news:00000000-0000-0000-0000-000000000009', 0, 4);
INSERT INTO idempotency_key VALUES (1, 'k', '', 'ada', 'digest', '00000000-0000-0000-0000-000000000001');
""".replace("'00000000-0000-0000-0000-00000000000' || n", "('00000000-0000-0000-0000-00000000000' || n)::uuid")


async def test_data_comes_over(make_empty_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_empty_database()
    await migrate(url, folder=release(tmp_path, through=BEFORE))
    await run(url, DATA)
    migrated = await migrate(url)
    assert migrated.revision == "0009"
    connection = await asyncpg.connect(url)
    try:
        profiles = await connection.fetch("SELECT * FROM profile ORDER BY profile_id")
        assert [(row["recipient_id"], row["tenant_no"], row["version"]) for row in profiles] == [
            ("ada", 0, 7), ("a/b:c", 0, 8),
        ]  # fmt: skip
        assert (json.loads(profiles[0]["properties"]), profiles[0]["addresses"]) == ({"n": 1}, ["1 a@b.c"])
        assert profiles[0]["updated_at"].month == 2
        history = await connection.fetch("SELECT * FROM history ORDER BY edit_id")
        assert [(row["tenant_no"], row["version"], row["position"], row["actor"]) for row in history] == [
            (0, 0, 0, "api_key:nightly")
        ] * 2
        assert [(row["operations"], row["before"]) for row in history] == [("[1]", None), ("[2]", '{"n":0}')]
        counters = {
            row["name"]: (row["place"], row["value"]) for row in await connection.fetch("SELECT * FROM counter")
        }
        assert counters == {
            "users": ("", 1),
            "objects:teams": ("", 1),
            "subscribers:5:teams/a/b:c": ("a/b:c", 2),
            "subscribers:12:teams:eu/odd/x": ("x", 3),
            "members:news:00000000-0000-0000-0000-000000000009": ("news", 4),
        }
        assert await connection.fetchval("SELECT tenant_no FROM idempotency_key") == 0
        tenant = await connection.fetchrow(
            "SELECT w.last_tenant_no, t.* FROM workspace AS w JOIN tenant AS t USING (workspace_id)"
        )
        assert (tenant["tenant_id"], tenant["tenant_no"], tenant["last_tenant_no"]) == ("default", 1, 1)
        assert tenant["created_at"].year == 2026
    finally:
        await connection.close()


async def test_code_from_before_is_too_old_afterwards(
    make_empty_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    """Its statements do not know that a key has a tenant, so it must stand aside."""
    url = await make_empty_database()
    await migrate(url, folder=release(tmp_path, through=BEFORE))
    assert not (await schema_of(url)).has_outgrown(BEFORE)
    await migrate(url)
    assert (await schema_of(url)).has_outgrown(BEFORE)


async def test_old_edits_are_shown_by_time(hub: Services) -> None:
    """They have no version; edits that have one were applied later."""
    key = RecipientKey.user(1, "ada")
    await hub.recipients.edit(TESTER, key, [{"$set": {"n": 3}}])
    async with hub.database.connection() as connection:
        for number in (1, 2):
            await connection.execute(
                "INSERT INTO history VALUES (1, 0, 0, gen_random_uuid(), $1, 0, '', 'ada', 'old', '', '[]')",
                UUID(int=number),
            )
    newest = await hub.recipients.history(key, limit=2)
    older = await hub.recipients.history(key, before=newest[-1].edit_id, limit=2)
    assert [entry.edit_id.int for entry in (newest[-1], *older)] == [2, 1]
    assert newest[0].version > 0
    assert (await hub.recipients.page(1, PageRequest())).count == 1
