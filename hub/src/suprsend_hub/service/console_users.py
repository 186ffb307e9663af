"""Manage the users of the console: create them, grant them workspaces, sign them out."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from argon2 import PasswordHasher

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import HUB_WIDE, Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.console import ConsoleUser, Grant, Role
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.store import console_users, workspaces
from suprsend_hub.store.database import Connection, Database

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 1024
"""Limit of a password's length, so that clients cannot make the hub hash megabytes."""
LINK_LIFETIME = timedelta(hours=12)
"""How long a one-time link is valid."""

_NAME_LENGTH = 64


class ConsoleUserService:
    """Administration of console users."""

    def __init__(self, database: Database, audit: AuditLog, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._audit = audit
        self._now = now
        self._hasher = PasswordHasher()

    async def create(self, actor: Actor, name: str, password: str | None) -> ConsoleUser:
        """Create a console user without access to any workspace. Conflict if the name is taken.

        Without a password (None), the user can sign in only with one-time links.
        """
        name = name.strip()
        if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
            raise InvalidRequest(
                f"the name of a console user must have 1 to {_NAME_LENGTH} printable characters", code=Code.INVALID_NAME
            )
        password_hash = None if password is None else self._hash(password)
        async with self._database.transaction() as connection:
            await console_users.insert(connection, name=name, password_hash=password_hash, now=self._now())
            await self._record(connection, actor, name, Action.CONSOLE_USER_CREATE)
        return await self.get(name)

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise InvalidRequest(
                f"a password must have {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters",
                code=Code.INVALID_PASSWORD,
            )
        return self._hasher.hash(password)

    async def set_password(self, actor: Actor, name: str, password: str) -> None:
        """Replace a password and end all sessions of that console user."""
        password_hash = self._hash(password)
        user = await self.get(name)
        async with self._database.transaction() as connection:
            await console_users.set_password(connection, user.console_user_id, password_hash)
            await self._record(connection, actor, user.name, Action.CONSOLE_USER_PASSWORD)

    async def get(self, name: str) -> ConsoleUser:
        """Return the console user with that name; NotFound if there is none."""
        user = await self.find(name)
        if user is None:
            raise NotFound(
                f"console user '{name}' not found; `suprsend-hub console-user list` lists all",
                code=Code.CONSOLE_USER_NOT_FOUND,
            )
        return user

    async def find(self, name: str) -> ConsoleUser | None:
        """Return the console user with that name, or None."""
        async with self._database.connection() as connection:
            return await console_users.find_by_name(connection, name.strip())

    async def list_all(self) -> Sequence[tuple[ConsoleUser, Sequence[Grant]]]:
        """Return all console users with their workspaces, by name."""
        async with self._database.connection() as connection:
            users = await console_users.list_all(connection)
            return [
                (user, await console_users.read_grants(connection, user.console_user_id, with_disabled=True))
                for user in users
            ]

    async def grant(self, actor: Actor, name: str, workspace_name: str, role: Role) -> None:
        """Grant a console user access to a workspace, or change the role there."""
        user, workspace_id = await self._user_and_workspace(name, workspace_name)
        async with self._database.transaction() as connection:
            await console_users.grant(connection, user.console_user_id, workspace_id, role)
            change = Change(Action.CONSOLE_USER_GRANT, user.name, detail={"role": role.value})
            await self._audit.record(connection, actor, workspace_id, change)

    async def revoke(self, actor: Actor, name: str, workspace_name: str) -> None:
        """Revoke access to a workspace at once; NotFound if it was not granted."""
        user, workspace_id = await self._user_and_workspace(name, workspace_name)
        async with self._database.transaction() as connection:
            if not await console_users.revoke(connection, user.console_user_id, workspace_id):
                raise NotFound(f"'{name}' has no access to workspace '{workspace_name}'", code=Code.GRANT_NOT_FOUND)
            change = Change(Action.CONSOLE_USER_REVOKE, user.name)
            await self._audit.record(connection, actor, workspace_id, change)

    async def _user_and_workspace(self, name: str, workspace_name: str) -> tuple[ConsoleUser, int]:
        user = await self.get(name)
        async with self._database.connection() as connection:
            workspace = await workspaces.find_by_name(connection, workspace_name)
        if workspace is None:
            raise NotFound(
                f"workspace '{workspace_name}' not found; `suprsend-hub workspace list` lists all",
                code=Code.WORKSPACE_NOT_FOUND,
            )
        return user, workspace.workspace_id

    async def delete(self, actor: Actor, name: str) -> None:
        """Delete a console user. The history keeps the name with the changes."""
        user = await self.get(name)
        async with self._database.transaction() as connection:
            await console_users.delete(connection, user.console_user_id)
            await self._record(connection, actor, user.name, Action.CONSOLE_USER_DELETE)

    async def sign_out(self, actor: Actor, name: str) -> None:
        """End all sessions of a console user at once, everywhere."""
        user = await self.get(name)
        async with self._database.transaction() as connection:
            await console_users.end_sessions(connection, user.console_user_id)
            await self._record(connection, actor, user.name, Action.CONSOLE_USER_SIGN_OUT_EVERYWHERE)

    async def one_time_link(self, actor: Actor, name: str) -> str:
        """Return a token that signs in once, within `LINK_LIFETIME`; only its hash is stored."""
        user = await self.get(name)
        token = secrets.token_urlsafe(32)
        now = self._now()
        async with self._database.transaction() as connection:
            await console_users.insert_link(
                connection, hash_link(token), user.console_user_id, expires_at=now + LINK_LIFETIME, now=now
            )
            await self._record(connection, actor, user.name, Action.CONSOLE_USER_LINK)
        return token

    async def _record(self, connection: Connection, actor: Actor, name: str, action: Action) -> None:
        await self._audit.record(connection, actor, HUB_WIDE, Change(action, name))


def hash_link(token: str) -> bytes:
    """Return the stored form of a one-time link. Plain SHA-256 is enough, because the tokens are random."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
