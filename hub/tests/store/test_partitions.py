"""The hot statements scale out: on hash-partitioned copies of the tables each key touches one partition.

That is what Citus asks for, checked without a cluster: the tables are partitioned by their distribution column and
PostgreSQL's own pruning says how many partitions a statement looked into.
"""

import json
import re

import asyncpg
import pytest
from hot_statements import DISTRIBUTION_COLUMN, STATEMENTS, nodes
from suprsend_hub.store.queries import sql

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

PARTITIONS = 8


async def _partition(connection: asyncpg.Connection) -> None:
    """Replace each distributed table by one that is hash-partitioned on its distribution column."""
    for table, column in DISTRIBUTION_COLUMN.items():
        await connection.execute(f"ALTER TABLE {table} RENAME TO {table}_plain")
        await connection.execute(
            f"CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS INCLUDING INDEXES) PARTITION BY HASH ({column})"
        )
        for number in range(PARTITIONS):
            await connection.execute(
                f"CREATE TABLE {table}_p{number} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            )


async def _fill(connection: asyncpg.Connection) -> None:
    """Enough rows for the planner to prefer looking keys up over reading everything."""
    for statement in (
        "INSERT INTO profile SELECT 1, 0, 1, gen_random_uuid(), now(), now(), true, '', 'user-' || n, '{}', '{}', NULL, '{}'",
        "INSERT INTO history SELECT 1, 0, 1, gen_random_uuid(), gen_random_uuid(), 0, '', 'user-' || n, 'test', '', '[]'",
        "INSERT INTO alias SELECT 1, '', 'old-' || n, 'user-' || n, now()",
        "INSERT INTO former_id SELECT 1, '', 'user-' || n, 'old-' || n",
        "INSERT INTO tombstone SELECT 1, '', 'gone-' || n, 'user-' || n, gen_random_uuid(), now()",
        "INSERT INTO rejected SELECT 1, '', 'user-' || n, gen_random_uuid(), 'c', 'k', 'm', '{}', 'test'",
        "INSERT INTO subscription SELECT 1, 'teams', 'o-' || n, '', 'user-' || n, gen_random_uuid(), '{}', now(), now()",
        "INSERT INTO subscribed_to SELECT 1, '', 'user-' || n, 'teams', 'o-' || n, gen_random_uuid()",
        "INSERT INTO list_member SELECT 1, 'l-' || n, gen_random_uuid(), 'user-' || n, gen_random_uuid(), now()",
        "INSERT INTO list_membership SELECT 1, 'user-' || n, 'l-' || n, gen_random_uuid(), gen_random_uuid(), now()",
    ):
        await connection.execute(f"{statement} FROM generate_series(1, 2000) AS n")
    await connection.execute("ANALYZE")


def _touched(plan: dict, table: str) -> set[str]:
    """The partitions of a table that were read; a ModifyTable node only names its target."""
    return {
        node["Relation Name"]
        for node in nodes(plan)
        if re.fullmatch(rf"{table}_p\d+", node.get("Relation Name", ""))
        and node["Node Type"] != "ModifyTable"
        and node["Actual Loops"] > 0
    }


async def test_hot_statements_touch_one_partition_for_one_key(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await _partition(connection)
        await _fill(connection)
        # What the hub gets once a prepared statement has run a few times: a plan that knows no values.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        too_many = {}
        for name, arguments in STATEMENTS.items():
            transaction = connection.transaction()
            await transaction.start()
            rows = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql(name)}", *arguments)
            await transaction.rollback()
            plan = json.loads(rows[0][0])[0]["Plan"]
            for table in DISTRIBUTION_COLUMN:
                touched = _touched(plan, table)
                if len(touched) > 1:
                    too_many[name] = sorted(touched)
        assert too_many == {}
    finally:
        await connection.close()


async def test_the_check_notices_a_statement_that_looks_everywhere(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await _partition(connection)
        rows = await connection.fetch("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM profile WHERE workspace_id = 1")
        assert len(_touched(json.loads(rows[0][0])[0]["Plan"], "profile")) == PARTITIONS
    finally:
        await connection.close()


async def test_every_distributed_table_has_its_column_in_every_unique_key(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        records = await connection.fetch(
            "SELECT t.relname, array_agg(a.attname::text) AS columns, i.indexrelid::regclass::text AS index "
            "FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid "
            "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey) "
            "WHERE i.indisunique AND t.relname = ANY($1) GROUP BY 1, 3",
            list(DISTRIBUTION_COLUMN),
        )
        assert {record["relname"] for record in records} == set(DISTRIBUTION_COLUMN)
        for record in records:
            assert DISTRIBUTION_COLUMN[record["relname"]] in record["columns"], record["index"]
            assert "workspace_id" in record["columns"], record["index"]
    finally:
        await connection.close()
