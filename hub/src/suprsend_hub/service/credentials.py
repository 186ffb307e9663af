"""Authenticate requests: workspace key with HMAC signature, or Bearer API key.

The head of a request contains an API key, or says which secret a signature was made with. So credentials are looked up
before the body is read, and the bodies of unknown clients are not kept in memory. A signature can only be checked with
the body, because it covers it.

A wrong key and a wrong signature give the same answer after the same work. Look-ups are cached for a few seconds, so a
revoked key stops working within that time, on every worker, or a little later if the database is away (`lookup.py`).
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from suprsend_hub.domain.actor import DEFAULT_SCOPES, ActorKind, Scope
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Forbidden, Unauthenticated, Unavailable
from suprsend_hub.domain.records import WorkspaceRow
from suprsend_hub.service.lookup import PatientLookup
from suprsend_hub.service.request_date import parse_request_date
from suprsend_hub.service.secrets import SecretBox, hash_api_key
from suprsend_hub.service.signature import verify
from suprsend_hub.service.writing import RateLimit, RateLimits
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.outage import OutageLog

MAX_KEY_CHARS = 128
"""Workspace keys and API keys are shorter. A longer text is not looked up."""
_DUMMY_SECRET = b"no workspace has this secret"
_REFUSED = "Not Authenticated - could not find Workspace details"
"""The vendor's wording."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that a request acts for."""

    workspace_id: int
    workspace_uid: str
    workspace_key: str

    def owns_env(self, env: str) -> bool:
        """Tell whether `env` of an event names this workspace (scheme A writes the key, scheme B the uid)."""
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
class Identity:
    """The authenticated sender of a request: its workspace, its kind and name, and its scopes."""

    workspace: Workspace
    kind: ActorKind
    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class _Credential:
    """The result of a look-up. `secrets` is empty for an API key, and has two entries during a rotation."""

    identity: Identity
    limit: RateLimit | None
    is_disabled: bool
    max_clock_skew_s: int
    secrets: Sequence[tuple[bytes, datetime | None]] = field(repr=False)
    """Each with the end of its validity, or None if it has none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The sender that a request claims. `signature` is None for an API key, which is proof enough."""

    credential: _Credential | None
    signature: str | None = field(repr=False)

    @property
    def may_hold(self) -> bool:
        """Tell whether the credentials exist. If not, the request will be refused, whatever its body is."""
        return self.credential is not None


class CredentialService:
    """Authenticates requests. One instance per process."""

    def __init__(
        self,
        database: Database,
        secrets: SecretBox,
        rate_limits: RateLimits,
        *,
        now: Callable[[], datetime],
        database_patience_s: float = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secrets
        self._rate_limits = rate_limits
        self._outage = OutageLog("workspace secrets", monotonic=monotonic)
        self._lookup = PatientLookup[_Credential](database, patience_s=database_patience_s, monotonic=monotonic)
        self._now = now

    async def look_up(self, authorization: str | None, *, patiently: bool = False) -> Claim:
        """Return what the head of a request claims.

        `patiently`: wait for the database during a short outage, as edits do.
        Raises Unavailable if the database does not answer and nothing is remembered.
        """
        text = (authorization or "").strip()
        scheme, _, rest = text.partition(" ")
        if scheme.lower() == "bearer":
            return Claim(await self._find("bearer", rest.strip(), patiently=patiently), None)
        if scheme.lower() == "servicetoken":
            return Claim(None, None)
        key, _, signature = text.rpartition(":")
        return Claim(await self._find("key", key, patiently=patiently), signature)

    def confirm(self, claim: Claim, request: SignedRequest) -> Identity:
        """Return the sender of the request.

        The write path learns the workspace's rate limit, which is as recent as the credentials.

        Raises:
            Unauthenticated: with the same text for all causes, except for a Date out of range, which it names.
            Forbidden: the credentials are valid, but the workspace is disabled.
        """
        credential = claim.credential
        if claim.signature is not None and not self._is_signed(credential, claim.signature, request):
            credential = None
        if credential is None:
            raise Unauthenticated(_REFUSED, code=Code.UNAUTHORIZED, detail="Authentication failed")
        if claim.signature is not None and credential.max_clock_skew_s:
            self._check_date(request.date, credential.max_clock_skew_s)
        if credential.is_disabled:
            raise Forbidden("this workspace has been disabled by the operator of the hub", code=Code.WORKSPACE_DISABLED)
        self._rate_limits.learn(credential.identity.workspace.workspace_id, credential.limit)
        return credential.identity

    def _is_signed(self, credential: _Credential | None, signature: str, request: SignedRequest) -> bool:
        secrets = [_DUMMY_SECRET] if credential is None else self._valid_secrets(credential)
        return any(
            verify(
                secret,
                signature,
                method=request.method,
                raw_path=request.raw_path,
                query=request.query,
                body=request.body,
                content_type=request.content_type,
                date=request.date,
            )
            for secret in secrets
        )

    def _valid_secrets(self, credential: _Credential) -> list[bytes]:
        return [secret for secret, until in credential.secrets if until is None or self._now() < until]

    def _check_date(self, date: str, max_skew_s: int) -> None:
        """Refuse a request whose Date is out of range: it may be a replay of an old request."""
        moment = parse_request_date(date)
        away_s = 0.0 if moment is None else abs((self._now() - moment).total_seconds())
        if moment is not None and away_s <= max_skew_s:
            return
        what = "cannot be read" if moment is None else f"is {away_s:.0f} seconds away from the hub's clock"
        raise Unauthenticated(
            f"{_REFUSED}: the Date of the request {what}; this workspace allows {max_skew_s}",
            code=Code.DATE_OUT_OF_RANGE,
        )

    async def _find(self, kind: str, key: str, *, patiently: bool) -> _Credential | None:
        if not key or len(key) > MAX_KEY_CHARS or "\x00" in key:
            return None
        digest = hashlib.sha256(f"{kind}:{key}".encode()).digest()
        fetch = self._by_api_key if kind == "bearer" else self._by_workspace_key
        return await self._lookup.find(digest, partial(fetch, key), patiently=patiently)

    async def _by_api_key(self, api_key: str, connection: Connection) -> _Credential | None:
        found = await workspaces.find_by_api_key_hash(connection, hash_api_key(api_key))
        if found is None:
            return None
        row, name, scopes = found
        return _credential(row, Identity(_workspace(row), ActorKind.API_KEY, name, scopes), ())

    async def _by_workspace_key(self, workspace_key: str, connection: Connection) -> _Credential | None:
        row = await workspaces.find_by_key(connection, workspace_key)
        if row is None:
            return None
        identity = Identity(_workspace(row), ActorKind.SIGNED_CLIENT, row.workspace_key, DEFAULT_SCOPES)
        return _credential(row, identity, self._decrypted(row))

    def _decrypted(self, row: WorkspaceRow) -> Sequence[tuple[bytes, datetime | None]]:
        try:
            secret = self._secrets.decrypt(row.secret_encrypted).encode()
        except Unavailable as error:
            self._outage.note(error)
            raise
        self._outage.end()
        secrets: list[tuple[bytes, datetime | None]] = [(secret, None)]
        if row.previous_secret is not None:
            with suppress(Unavailable):  # without its master key the old secret ends early; the current one still works
                secrets.append((self._secrets.decrypt(row.previous_secret).encode(), row.previous_secret_until))
        return secrets


def _workspace(row: WorkspaceRow) -> Workspace:
    return Workspace(row.workspace_id, row.workspace_uid, row.workspace_key)


def _credential(row: WorkspaceRow, identity: Identity, secrets: Sequence[tuple[bytes, datetime | None]]) -> _Credential:
    return _Credential(
        identity,
        RateLimit(row.edits_per_second, row.burst_edits) if row.edits_per_second else None,
        row.disabled_at is not None,
        row.max_clock_skew_s,
        secrets,
    )
