"""Authenticate requests: workspace key with HMAC signature, or Bearer API key.

The head of a request contains all of an API key, and of a signed request the name of the secret. Credentials are
therefore looked up before the body is read, and a request without valid ones is refused then. A signature covers the
body, so it is verified afterwards.

A wrong key and a wrong signature give the same answer. Look-ups are cached for a few seconds, so a revoked key stops
working within that time, on every worker; a little longer while the database is away (`lookup.py`).
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, Protocol

from suprsend_hub.domain.actor import DEFAULT_SCOPES, ActorKind, Scope
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Forbidden, Unauthenticated, Unavailable
from suprsend_hub.domain.ids import storable
from suprsend_hub.domain.records import WorkspaceRow
from suprsend_hub.domain.tenancy import SHARED, Tenancy
from suprsend_hub.domain.tenancy import decode as decode_tenancy
from suprsend_hub.service.lookup import PatientLookup
from suprsend_hub.service.secrets import SecretBox, hash_api_key
from suprsend_hub.service.writing import RateLimit, RateLimits
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.outage import OutageLog

MAX_KEY_CHARS = 128
"""Workspace keys and API keys are shorter; a longer text is not looked up."""
_REFUSED = "Not Authenticated - could not find Workspace details"
"""The vendor's wording."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that a request acts for."""

    workspace_id: int
    workspace_uid: str
    workspace_key: str
    name: str
    tenancy: Tenancy = SHARED

    def is_called(self, name: str) -> bool:
        """Tell whether `name` is the workspace's name or uid, by which paths of the management interface name it."""
        return name in (self.name, self.workspace_uid)

    def owns_env(self, env: str) -> bool:
        """Tell whether `env` of an event names this workspace (scheme A writes the key, scheme B the uid)."""
        return env in (self.workspace_key, self.workspace_uid)


@dataclass(frozen=True, slots=True)
class Presented:
    """A key that a request names: an API key, or the workspace key whose secret signs the request."""

    kind: Literal[ActorKind.API_KEY, ActorKind.SIGNED_CLIENT]
    key: str = field(repr=False)


class Proof(Protocol):
    """The signature of a request."""

    def is_made_with(self, secret: bytes) -> bool:
        """Tell whether the secret signed the request as it was received."""

    def made_at(self) -> datetime | None:
        """Return when the client says that it signed the request; None if that cannot be read."""


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
    """What a request claims. Unless it comes with an API key, it takes a proof to confirm that."""

    credential: _Credential
    needs_proof: bool


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

    async def look_up(self, presented: Presented | None, *, patiently: bool = False) -> Claim:
        """Return what a request claims with the key that it names, unless nothing can make that good.


        `patiently`: wait out a short absence of the database, as an edit does.

        Raises:
            Unauthenticated: there is no such key.
            Forbidden: an API key of a workspace that is disabled.
            Unavailable: the database does not answer and nothing is remembered.
        """
        credential = None if presented is None else await self._find(presented, patiently=patiently)
        if presented is None or credential is None:
            raise _refused()
        needs_proof = presented.kind is ActorKind.SIGNED_CLIENT
        if not needs_proof:
            _check_enabled(credential)
        return Claim(credential, needs_proof)

    def confirm(self, claim: Claim, proof: Proof | None) -> Identity:
        """Return who sends the request.

        The workspace's rate limit, as fresh as its credentials, is made known to the write path.

        Raises:
            Unauthenticated: with one text for all causes; with the reason if only the Date of a signature is wrong.
            Forbidden: the credentials are good and the workspace is disabled.
        """
        credential = claim.credential
        if claim.needs_proof:
            if proof is None or not any(map(proof.is_made_with, self._valid_secrets(credential))):
                raise _refused()
            if credential.max_clock_skew_s:
                self._check_date(proof.made_at(), credential.max_clock_skew_s)
        _check_enabled(credential)
        self._rate_limits.learn(credential.identity.workspace.workspace_id, credential.limit)
        return credential.identity

    def _valid_secrets(self, credential: _Credential) -> list[bytes]:
        return [secret for secret, until in credential.secrets if until is None or self._now() < until]

    def _check_date(self, moment: datetime | None, max_skew_s: int) -> None:
        """Refuse a request whose Date is out of range: it may be a replay of an old request."""
        away_s = 0.0 if moment is None else abs((self._now() - moment).total_seconds())
        if moment is not None and away_s <= max_skew_s:
            return
        what = "cannot be read" if moment is None else f"is {away_s:.0f} seconds away from the hub's clock"
        raise Unauthenticated(
            f"{_REFUSED}: the Date of the request {what}; this workspace allows {max_skew_s}",
            code=Code.DATE_OUT_OF_RANGE,
        )

    async def _find(self, presented: Presented, *, patiently: bool) -> _Credential | None:
        key = presented.key
        if not key or len(key) > MAX_KEY_CHARS or not storable(key):
            return None
        digest = hashlib.sha256(f"{presented.kind}:{key}".encode()).digest()
        fetch = self._by_api_key if presented.kind is ActorKind.API_KEY else self._by_workspace_key
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
            self._outage.note(error.code, error.for_operator)
            raise
        self._outage.end()
        secrets: list[tuple[bytes, datetime | None]] = [(secret, None)]
        if row.previous_secret is not None:
            with suppress(Unavailable):  # without its master key the old secret ends early; the current one still works
                secrets.append((self._secrets.decrypt(row.previous_secret).encode(), row.previous_secret_until))
        return secrets


def _refused() -> Unauthenticated:
    return Unauthenticated(_REFUSED, code=Code.UNAUTHORIZED, detail="Authentication failed")


def _check_enabled(credential: _Credential) -> None:
    if credential.is_disabled:
        raise Forbidden("this workspace has been disabled by the operator of the hub", code=Code.WORKSPACE_DISABLED)


def _workspace(row: WorkspaceRow) -> Workspace:
    return Workspace(row.workspace_id, row.workspace_uid, row.workspace_key, row.name, decode_tenancy(row.tenancy))


def _credential(row: WorkspaceRow, identity: Identity, secrets: Sequence[tuple[bytes, datetime | None]]) -> _Credential:
    return _Credential(
        identity,
        RateLimit(row.edits_per_second, row.burst_edits) if row.edits_per_second else None,
        row.disabled_at is not None,
        row.max_clock_skew_s,
        secrets,
    )
