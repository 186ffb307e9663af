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

import msgspec

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


class Presented(msgspec.Struct, frozen=True):
    """A key that a request names: an API key, or the workspace key whose secret signs the request."""

    kind: Literal[ActorKind.API_KEY, ActorKind.SIGNED_CLIENT]
    key: str

    def __repr__(self) -> str:
        return f"Presented(kind={self.kind!r})"  # an API key is a secret


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
class Claim:
    """What a request claims: the result of a look-up. Without an API key, it takes a proof to confirm that.

    `secrets` is empty for an API key, and has two entries during a rotation.
    """

    identity: Identity
    needs_proof: bool
    limit: RateLimit | None
    is_disabled: bool
    max_clock_skew_s: int
    secrets: Sequence[tuple[bytes, datetime | None]] = field(repr=False)
    """Each with the end of its validity, or None if it has none."""


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
        self._lookup = PatientLookup[Claim](database, patience_s=database_patience_s, monotonic=monotonic)
        self._now = now

    def recall(self, presented: Presented | None) -> Claim | None:
        """Return what `look_up` would return without asking the database, or None. Raises the same as `look_up`."""
        claim = None if presented is None else self._lookup.remembered(_digest(presented))
        if claim is not None and not claim.needs_proof:
            _check_enabled(claim)
        return claim

    async def look_up(self, presented: Presented | None, *, patiently: bool = False) -> Claim:
        """Return what a request claims with the key that it names, unless nothing can make that good.


        `patiently`: wait out a short absence of the database, as an edit does.

        Raises:
            Unauthenticated: there is no such key.
            Forbidden: an API key of a workspace that is disabled.
            Unavailable: the database does not answer and nothing is remembered.
        """
        claim = None if presented is None else await self._find(presented, patiently=patiently)
        if claim is None:
            raise _refused()
        if not claim.needs_proof:
            _check_enabled(claim)
        return claim

    def confirm(self, claim: Claim, proof: Proof | None) -> Identity:
        """Return who sends the request.

        The workspace's rate limit, as fresh as its credentials, is made known to the write path.

        Raises:
            Unauthenticated: with one text for all causes; with the reason if only the Date of a signature is wrong.
            Forbidden: the credentials are good and the workspace is disabled.
        """
        if claim.needs_proof:
            if proof is None or not self._is_proved(claim, proof):
                raise _refused()
            if claim.max_clock_skew_s:
                self._check_date(proof.made_at(), claim.max_clock_skew_s)
        _check_enabled(claim)
        self._rate_limits.learn(claim.identity.workspace.workspace_id, claim.limit)
        return claim.identity

    def _is_proved(self, claim: Claim, proof: Proof) -> bool:
        for secret, until in claim.secrets:
            if (until is None or self._now() < until) and proof.is_made_with(secret):
                return True
        return False

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

    async def _find(self, presented: Presented, *, patiently: bool) -> Claim | None:
        key = presented.key
        if not key or len(key) > MAX_KEY_CHARS or not storable(key):
            return None
        fetch = self._by_api_key if presented.kind is ActorKind.API_KEY else self._by_workspace_key
        return await self._lookup.find(_digest(presented), partial(fetch, key), patiently=patiently)

    async def _by_api_key(self, api_key: str, connection: Connection) -> Claim | None:
        found = await workspaces.find_by_api_key_hash(connection, hash_api_key(api_key))
        if found is None:
            return None
        row, name, scopes = found
        return _claim(row, Identity(_workspace(row), ActorKind.API_KEY, name, scopes), ())

    async def _by_workspace_key(self, workspace_key: str, connection: Connection) -> Claim | None:
        row = await workspaces.find_by_key(connection, workspace_key)
        if row is None:
            return None
        identity = Identity(_workspace(row), ActorKind.SIGNED_CLIENT, row.workspace_key, DEFAULT_SCOPES)
        return _claim(row, identity, self._decrypted(row))

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


def _digest(presented: Presented) -> bytes:
    return hashlib.sha256(f"{presented.kind}:{presented.key}".encode("utf-8", "surrogatepass")).digest()


def _refused() -> Unauthenticated:
    return Unauthenticated(_REFUSED, code=Code.UNAUTHORIZED, detail="Authentication failed")


def _check_enabled(claim: Claim) -> None:
    if claim.is_disabled:
        raise Forbidden("this workspace has been disabled by the operator of the hub", code=Code.WORKSPACE_DISABLED)


def _workspace(row: WorkspaceRow) -> Workspace:
    return Workspace(row.workspace_id, row.workspace_uid, row.workspace_key, row.name, decode_tenancy(row.tenancy))


def _claim(row: WorkspaceRow, identity: Identity, secrets: Sequence[tuple[bytes, datetime | None]]) -> Claim:
    return Claim(
        identity,
        identity.kind is ActorKind.SIGNED_CLIENT,
        RateLimit(row.edits_per_second, row.burst_edits) if row.edits_per_second else None,
        row.disabled_at is not None,
        row.max_clock_skew_s,
        secrets,
    )
