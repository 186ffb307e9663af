"""Users of the console: rows, grants, one-time links, and counted sign-in attempts."""

from datetime import datetime

from suprsend_hub.domain.console import ConsoleUser, Grant, Role
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row


async def insert(connection: Connection, *, name: str, password_hash: str | None, now: datetime) -> int:
    """Create a console user and return its id; Conflict if the name is taken."""
    return int(await connection.fetchval(sql("insert_console_user"), name, password_hash, now))


async def find_by_name(connection: Connection, name: str) -> ConsoleUser | None:
    """Return the console user with that name, or None."""
    record = await connection.fetchrow(sql("find_console_user_by_name"), name)
    return None if record is None else row(ConsoleUser, record)


async def find(connection: Connection, console_user_id: int) -> ConsoleUser | None:
    """Return the console user with that id, or None."""
    record = await connection.fetchrow(sql("find_console_user"), console_user_id)
    return None if record is None else row(ConsoleUser, record)


async def find_of_session(
    connection: Connection, console_user_id: int, *, epoch: int, nonce: str
) -> ConsoleUser | None:
    """Return the console user of a session, or None if the session has ended."""
    record = await connection.fetchrow(sql("find_console_user_of_session"), console_user_id, epoch, nonce)
    return None if record is None else row(ConsoleUser, record)


async def end_session(connection: Connection, nonce: str, *, expires_at: datetime, now: datetime) -> None:
    """End one session. Forget the ends of sessions that have expired."""
    await connection.execute(sql("delete_expired_console_sessions"), now)
    await connection.execute(sql("end_console_session"), nonce, expires_at)


async def list_all(connection: Connection) -> list[ConsoleUser]:
    """Return all console users, by name."""
    return [row(ConsoleUser, record) for record in await connection.fetch(sql("list_console_users"))]


async def delete(connection: Connection, console_user_id: int) -> None:
    """Delete a console user with grants and links."""
    await connection.execute(sql("delete_console_user"), console_user_id)


async def set_password(connection: Connection, console_user_id: int, password_hash: str) -> None:
    """Replace the password and end all sessions."""
    await connection.execute(sql("set_console_password"), console_user_id, password_hash)


async def end_sessions(connection: Connection, console_user_id: int) -> None:
    """End all sessions of a console user."""
    await connection.execute(sql("end_console_sessions"), console_user_id)


async def grant(connection: Connection, console_user_id: int, workspace_id: int, role: Role) -> None:
    """Grant access to a workspace, or change the role there."""
    await connection.execute(sql("grant_console_workspace"), console_user_id, workspace_id, role.value)


async def revoke(connection: Connection, console_user_id: int, workspace_id: int) -> bool:
    """Revoke access to a workspace; return False if it was not granted."""
    return await connection.fetchval(sql("revoke_console_workspace"), console_user_id, workspace_id) is not None


async def read_grants(connection: Connection, console_user_id: int, *, with_disabled: bool) -> list[Grant]:
    """Return the workspaces of a console user, oldest first."""
    records = await connection.fetch(sql("read_console_grants"), console_user_id, with_disabled)
    return [row(Grant, record, role=Role(record["role"])) for record in records]


async def insert_link(
    connection: Connection, token_hash: bytes, console_user_id: int, *, expires_at: datetime, now: datetime
) -> None:
    """Store a one-time link, and delete expired ones."""
    await connection.execute(sql("delete_stale_console_links"), now)
    await connection.execute(sql("insert_console_link"), token_hash, console_user_id, expires_at)


async def use_link(connection: Connection, token_hash: bytes, now: datetime) -> int | None:
    """Use up a link; return the id of its console user, or None if the link no longer exists."""
    record = await connection.fetchrow(sql("use_console_link"), token_hash)
    return None if record is None or record["expires_at"] < now else int(record["console_user_id"])


async def count_attempt(
    connection: Connection, subject: bytes, *, now: datetime, oldest_window: datetime
) -> tuple[int, datetime]:
    """Count an attempt; return the number of attempts in the subject's window, this one included, and its start."""
    record = await connection.fetchrow(sql("count_console_attempt"), subject, now, oldest_window)
    assert record is not None
    return int(record["attempts"]), record["window_start"]


async def forget_attempts(connection: Connection, subject: bytes) -> None:
    """Reset the count of a subject."""
    await connection.execute(sql("forget_console_attempts"), subject)


async def take_back_attempt(connection: Connection, subject: bytes) -> None:
    """Reduce the count of a subject by one."""
    await connection.execute(sql("take_back_console_attempt"), subject)


async def delete_stale_attempts(connection: Connection, oldest_window: datetime) -> None:
    """Delete expired windows, so that guessing names cannot grow the table for long."""
    await connection.execute(sql("delete_stale_console_attempts"), oldest_window)
