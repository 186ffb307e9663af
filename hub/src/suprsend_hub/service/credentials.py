"""Who sends a request: workspace key with HMAC signature, or Bearer API key.

The head of a request tells all of an API key, and of a signed request which secret to check it with: so credentials are
looked up before the body is read, and what cannot hold is not kept in memory. The signature itself covers the body.

A wrong key and a wrong signature give the same answer after the same work. Look-ups are cached for a few seconds, so a
revoked key stops working within that time, on every worker. While the database is away, they have the same patience as
edits (docs/guides/operate.md).
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from suprsend_hub.domain.errors import Unauthenticated, Unavailable
from suprsend_hub.domain.records import WorkspaceRow
from suprsend_hub.domain.signature import verify
from suprsend_hub.service.credential_cache import LookupCache
from suprsend_hub.service.patience import Patience
from suprsend_hub.service.rate_limits import RateLimit, RateLimits
from suprsend_hub.service.secrets import SecretBox, hash_api_key
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.outage import OutageLog

CACHE_S = 5.0
"""How long a looked-up credential is trusted, in seconds; also how long a revoked one may go on."""

MAX_KEY_CHARS = 128
"""Workspace keys and API keys are shorter; a longer text is not looked up."""
_REFRESH_S = 1.0
"""Seconds that the database has to confirm an expired credential before it is used once more."""
_MAX_WAITING = 1_000
"""Requests that may wait for a look-up at once; their bodies have not been read."""
_RETRIES_AT_ONCE = 4
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
    """The parts of a request that a signature covers, all as received."""

    method: str
    raw_path: bytes
    query: bytes
    body: bytes
    content_type: str | None
    date: str


@dataclass(frozen=True, slots=True)
class _Credential:
    workspace: Workspace
    limit: RateLimit | None
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says it comes from. `signature` is None for an API key, which needs no more than that."""

    credential: _Credential | None
    signature: str | None = field(repr=False)

    @property
    def may_hold(self) -> bool:
        """Whether there are credentials of that name; if not, the request will be refused whatever its body is."""
        return self.credential is not None


class CredentialService:
    """Authenticates requests. One instance per process."""

    def __init__(
        self,
        database: Database,
        secrets: SecretBox,
        rate_limits: RateLimits,
        *,
        database_patience_s: float = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._rate_limits = rate_limits
        self._outage = OutageLog("workspace secrets", monotonic=monotonic)
        self._cache = LookupCache[_Credential](monotonic)
        self._monotonic = monotonic
        self._patience_s = database_patience_s
        self._patience = Patience(database_patience_s, monotonic=monotonic)
        self._retries = asyncio.Semaphore(_RETRIES_AT_ONCE)
        self._waiting = 0
        self._lookups: dict[bytes, asyncio.Task[_Credential | None]] = {}

    async def look_up(self, authorization: str | None, *, patiently: bool = False) -> Claim:
        """What the head of a request claims.

        `patiently`: wait out a short absence of the database, as an edit does.
        Raises Unavailable if the database does not answer and nothing is remembered.
        """
        text = (authorization or "").strip()
        scheme, _, rest = text.partition(" ")
        if scheme.lower() == "bearer":
            return Claim(await self._credential("bearer", rest.strip(), patiently=patiently), None)
        if scheme.lower() == "servicetoken":
            return Claim(None, None)
        key, _, signature = text.rpartition(":")
        return Claim(await self._credential("key", key, patiently=patiently), signature)

    def confirm(self, claim: Claim, request: SignedRequest) -> Workspace:
        """The workspace of the request; Unauthenticated, with one text for all causes, otherwise.

        The workspace's rate limit, as fresh as its credentials, is made known to the write path.
        """
        credential = claim.credential
        if claim.signature is not None and not self._is_signed(credential, claim.signature, request):
            credential = None
        if credential is None:
            raise Unauthenticated(
                "Not Authenticated - could not find Workspace details",
                code="unauthorized",
                detail="Authentication failed",
            )
        self._rate_limits.learn(credential.workspace.workspace_id, credential.limit)
        return credential.workspace

    @staticmethod
    def _is_signed(credential: _Credential | None, signature: str, request: SignedRequest) -> bool:
        return verify(
            _DUMMY_SECRET if credential is None else credential.secret,
            signature,
            method=request.method,
            raw_path=request.raw_path,
            query=request.query,
            body=request.body,
            content_type=request.content_type,
            date=request.date,
        )

    async def _credential(self, kind: str, key: str, *, patiently: bool) -> _Credential | None:
        if not key or len(key) > MAX_KEY_CHARS or "\x00" in key:
            return None
        digest = hashlib.sha256(f"{kind}:{key}".encode()).digest()
        entry = self._cache.find(digest)
        if entry is not None and entry.age_s < CACHE_S:
            return entry.value
        fetch = self._by_api_key if kind == "bearer" else self._by_workspace_key
        started = self._monotonic()
        lookup = self._started(digest, key, fetch)
        if entry is not None and entry.value is not None and entry.age_s < CACHE_S + self._patience_s:
            await asyncio.wait({lookup}, timeout=_REFRESH_S)
            if not lookup.done() or _found_database_away(lookup):
                return entry.value
        try:
            return await asyncio.shield(lookup)
        except Unavailable as error:
            if not patiently or not _is_away(error):
                raise
            return await self._wait(digest, key, fetch, started, error)

    def _started(self, digest: bytes, key: str, fetch: "_Fetch") -> "asyncio.Task[_Credential | None]":
        """The look-up that is under way for that key, or a new one: many requests share it."""
        lookup = self._lookups.get(digest)
        if lookup is None:
            lookup = self._lookups[digest] = asyncio.create_task(self._look_up(digest, key, fetch))
            lookup.add_done_callback(lambda done: self._ended(digest, done))
        return lookup

    def _ended(self, digest: bytes, lookup: "asyncio.Task[_Credential | None]") -> None:
        del self._lookups[digest]
        if not lookup.cancelled():
            lookup.exception()  # seen, even if nobody waits for it any more

    async def _look_up(self, digest: bytes, key: str, fetch: "_Fetch") -> _Credential | None:
        try:
            async with self._database.connection() as connection:
                credential = await fetch(connection, key)
        except Unavailable as error:
            if _is_away(error):
                self._patience.failed()
            raise
        self._patience.succeeded()
        self._cache.put(digest, credential)
        return credential

    async def _wait(
        self, digest: bytes, key: str, fetch: "_Fetch", started: float, error: Unavailable
    ) -> _Credential | None:
        """Look up again until the database answers or patience ends; raises the latest error then."""
        if self._waiting >= _MAX_WAITING:
            raise error
        self._waiting += 1
        pause_s = 0.1
        try:
            while self._patience.left_s(started) > pause_s:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 1.0)
                try:
                    async with asyncio.timeout(max(0, self._patience.left_s(started))), self._retries:
                        return await asyncio.shield(self._started(digest, key, fetch))
                except TimeoutError:
                    break
                except Unavailable as again:
                    if not _is_away(again):
                        raise
                    error = again
            raise error
        finally:
            self._waiting -= 1

    async def _by_api_key(self, connection: Connection, api_key: str) -> _Credential | None:
        row = await workspaces.find_by_api_key_hash(connection, hash_api_key(api_key))
        return None if row is None else _Credential(_workspace(row), _limit(row), b"")

    async def _by_workspace_key(self, connection: Connection, workspace_key: str) -> _Credential | None:
        row = await workspaces.find_by_key(connection, workspace_key)
        return None if row is None else _Credential(_workspace(row), _limit(row), self._secret(row))

    def _secret(self, row: WorkspaceRow) -> bytes:
        try:
            secret = self._secrets.decrypt(row.secret_encrypted)
        except Unavailable as error:
            self._outage.note(error)
            raise
        self._outage.end()
        return secret.encode()


_Fetch = Callable[[Connection, str], Awaitable[_Credential | None]]


def _is_away(error: Unavailable) -> bool:
    """Whether it is the database that is missing, and not the right master key."""
    return error.code.startswith("database_")


def _found_database_away(lookup: "asyncio.Task[_Credential | None]") -> bool:
    error = lookup.exception()
    return isinstance(error, Unavailable) and _is_away(error)


def _workspace(row: WorkspaceRow) -> Workspace:
    return Workspace(row.workspace_id, row.workspace_uid, row.workspace_key)


def _limit(row: WorkspaceRow) -> RateLimit | None:
    return RateLimit(row.edits_per_second, row.burst_edits) if row.edits_per_second else None
