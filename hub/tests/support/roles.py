"""Roles of a test on a server that lets in the hub's own user alone."""

import asyncio

import asyncpg


async def admit(connection: asyncpg.Connection, role: str, method: str = "trust") -> None:
    """Let a role in over the unix socket, by a method of pg_hba.conf; whether it exists is another matter."""
    path = await connection.fetchval("SHOW hba_file")  # as the server sees it: so it reads and writes
    rules = await connection.fetchval("SELECT pg_read_file(current_setting('hba_file'))")
    line = f"local all {role} {method}"
    if line in rules:
        return
    values = ", ".join("('{}')".format(rule.replace("'", "''")) for rule in [line, *rules.splitlines()])
    await connection.execute(f"COPY (VALUES {values}) TO '{path}'")
    loaded_at = await connection.fetchval("SELECT pg_conf_load_time()")
    await connection.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(20):
        while await connection.fetchval("SELECT pg_conf_load_time() FROM pg_sleep(0.01)") == loaded_at:
            pass
