"""Who sends a request: workspace key with HMAC signature, or Bearer API key.

A wrong key and a wrong signature give the same answer after the same work. Lookups are cached for a few seconds, so a
revoked key stops working within that time, on every worker.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from suprsend_hub.domain.errors import Unauthenticated, Unavailable
from suprsend_hub.domain.records import WorkspaceRow
from suprsend_hub.domain.signature import verify
from suprsend_hub.service.rate_limits import RateLimit, RateLimits
from suprsend_hub.service.secrets import SecretBox, hash_api_key
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Database
from suprsend_hub.store.outage import OutageLog

CACHE_S = 5.0
"""How long a looked-up credential is trusted, in seconds; also how long a revoked one may go on."""

_CACHE_ENTRIES = 10_000
_DUMMY_SECRET = b"no workspace has this secret"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace a request acts for."""

    workspace_id: int
    workspace_uid: str
    workspace_key: str

    def owns_env(self, env: str) -> bool:
        """Whether `env` of an event names this workspace (scheme A writes the key, scheme B the uid)."""
        return env in (self.workspace_key, self.workspace_uid)


@dataclass(slots=True)
class SignedRequest:
    """The parts of a request that authentication looks at, all as received."""

    method: str
    raw_path: bytes
    query: bytes
    body: bytes
    authorization: str | None = field(repr=False)
    content_type: str | None
    date: str


@dataclass(frozen=True, slots=True)
class _Credential:
    workspace: Workspace
    limit: RateLimit | None
    secret: bytes = field(repr=False)


class CredentialService:
    """Authenticates requests. One instance per process."""

    def __init__(
        self,
        database: Database,
        secrets: SecretBox,
        rate_limits: RateLimits,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._rate_limits = rate_limits
        self._outage = OutageLog("workspace secrets", monotonic=monotonic)
        self._by_key = _Cache[str](monotonic)
        self._by_api_key = _Cache[bytes](monotonic)

    async def authenticate(self, request: SignedRequest) -> Workspace:
        """The workspace of the request; Unauthenticated, with one text for all causes, otherwise.

        The workspace's rate limit, as fresh as its credentials, is made known to the write path.
        """
        authorization = (request.authorization or "").strip()
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            credential = await self._by_bearer(rest.strip())
        elif scheme.lower() == "servicetoken":
            credential = None
        else:
            credential = await self._by_signature(authorization, request)
        if credential is None:
            raise Unauthenticated(
                "Not Authenticated - could not find Workspace details",
                code="unauthorized",
                detail="Authentication failed",
            )
        self._rate_limits.learn(credential.workspace.workspace_id, credential.limit)
        return credential.workspace

    async def _by_bearer(self, api_key: str) -> _Credential | None:
        key_hash = hash_api_key(api_key)
        credential, known = self._by_api_key.get(key_hash)
        if not known:
            async with self._database.connection() as connection:
                row = await workspaces.find_by_api_key_hash(connection, key_hash)
            credential = None if row is None else _Credential(_workspace(row), _limit(row), b"")
            self._by_api_key.put(key_hash, credential)
        return credential

    async def _by_signature(self, authorization: str, request: SignedRequest) -> _Credential | None:
        key, separator, signature = authorization.rpartition(":")
        credential = await self._credential(key) if separator and key and "\x00" not in key else None
        valid = verify(
            _DUMMY_SECRET if credential is None else credential.secret,
            signature,
            method=request.method,
            raw_path=request.raw_path,
            query=request.query,
            body=request.body,
            content_type=request.content_type,
            date=request.date,
        )
        return credential if valid else None

    async def _credential(self, workspace_key: str) -> _Credential | None:
        credential, known = self._by_key.get(workspace_key)
        if not known:
            async with self._database.connection() as connection:
                row = await workspaces.find_by_key(connection, workspace_key)
            credential = None if row is None else _Credential(_workspace(row), _limit(row), self._secret(row))
            self._by_key.put(workspace_key, credential)
        return credential

    def _secret(self, row: WorkspaceRow) -> bytes:
        try:
            secret = self._secrets.decrypt(row.secret_encrypted)
        except Unavailable as error:
            self._outage.note(error)
            raise
        self._outage.end()
        return secret.encode()


def _workspace(row: WorkspaceRow) -> Workspace:
    return Workspace(row.workspace_id, row.workspace_uid, row.workspace_key)


def _limit(row: WorkspaceRow) -> RateLimit | None:
    return RateLimit(row.edits_per_second, row.burst_edits) if row.edits_per_second else None


_K = TypeVar("_K")


class _Cache(Generic[_K]):
    """Credentials, absent ones included, for a few seconds; emptied when full, so guessing keys cannot grow it."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._entries: dict[_K, tuple[float, _Credential | None]] = {}

    def get(self, key: _K) -> tuple[_Credential | None, bool]:
        """The entry, and whether there is one that is still fresh."""
        entry = self._entries.get(key)
        if entry is None or entry[0] < self._monotonic():
            return None, False
        return entry[1], True

    def put(self, key: _K, credential: _Credential | None) -> None:
        if len(self._entries) >= _CACHE_ENTRIES:
            self._entries.clear()
        self._entries[key] = (self._monotonic() + CACHE_S, credential)
