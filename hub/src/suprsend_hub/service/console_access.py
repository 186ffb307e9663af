"""Sign in to the console: passwords, one-time links and sessions.

A wrong name and a wrong password give the same answer after the same work.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from msgspec.structs import replace

from suprsend_hub.domain.actor import Actor, ActorKind
from suprsend_hub.domain.audit import HUB_WIDE, Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.console import ConsoleUser, Grant
from suprsend_hub.domain.errors import RateLimited, Unauthenticated
from suprsend_hub.domain.ids import storable
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.console_tokens import Session, TokenSigner
from suprsend_hub.service.console_users import MAX_PASSWORD_CHARS, hash_link
from suprsend_hub.service.sign_in_throttle import SignInThrottle
from suprsend_hub.store import console_users
from suprsend_hub.store.database import Connection, Database

_HASHES_AT_ONCE = 2
"""Argon2 takes 64 MiB and a core each time. With more at once, attackers could exhaust the process."""

_log = structlog.get_logger("suprsend_hub.console")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session, its console user, and the workspaces that they may see."""

    session: Session
    user: ConsoleUser
    grants: Sequence[Grant]


@dataclass(frozen=True, slots=True)
class Admission:
    """What a browser gets when it has signed in: its session, and a token by which it is known at the next sign-in."""

    session: str
    browser: str


class ConsoleAccessService:
    """Sign-in and sessions. One instance per process."""

    def __init__(
        self, database: Database, signer: TokenSigner, audit: AuditLog, *, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._audit = audit
        self._now = now
        self._hasher = PasswordHasher()
        self._throttle = SignInThrottle(database, now=now)
        self._dummy_hash: str | None = None  # made when first needed, because it costs as much as a check
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self.signer = signer

    async def sign_in(self, visitor: Actor, name: str, password: str, *, browser: str = "") -> Admission:
        """Admit a visitor with the right password. `browser`: the token that the browser got with an earlier admission.

        Raises:
            Unauthenticated: wrong name or password, in one text.
            RateLimited: too many attempts by this browser, or by unknown ones with this name or from this address.
        """
        known = self.signer.read_browser(browser, name.strip())
        async with self._database.connection() as connection:
            user = await console_users.find_by_name(connection, name.strip()) if storable(name) else None
        try:
            attempt = await self._throttle.count(name.strip(), visitor.address, known)
        except RateLimited:
            await self._refuse(visitor, user)
            raise
        known_hash = None if user is None else user.password_hash
        right = await self._verify(known_hash, password)
        if user is None or known_hash is None or not right:
            await self._refuse(visitor, user)
            raise Unauthenticated("Wrong name or password.", code=Code.WRONG_PASSWORD)
        async with self._database.transaction() as connection:
            await self._throttle.succeeded(connection, attempt)
            return await self._admit(connection, visitor, user, "password")

    async def _admit(self, connection: Connection, visitor: Actor, user: ConsoleUser, how: str) -> Admission:
        """Record a sign-in."""
        actor = replace(visitor, kind=ActorKind.CONSOLE_USER, name=user.name)
        change = Change(Action.CONSOLE_USER_SIGN_IN, user.name, detail={"by": how})
        await self._audit.record(connection, actor, HUB_WIDE, change)
        _log.info("signed in", console_user=user.name, address=visitor.address, by=how)
        session = self.signer.session(user.console_user_id, user.session_epoch, self._now())
        return Admission(session, self.signer.browser(user.name))

    async def _refuse(self, visitor: Actor, user: ConsoleUser | None = None) -> None:
        """Record a refused sign-in. What was typed as a name is kept only if it is one; it may be a password."""
        _log.warning("sign-in refused", address=visitor.address)
        async with self._database.transaction() as connection:
            await self._audit.record_refused_sign_in(connection, visitor, user.name if user else "", self._now())

    async def _verify(self, known_hash: str | None, password: str) -> bool:
        if len(password) > MAX_PASSWORD_CHARS:
            return False
        async with self._hashing:
            return await asyncio.to_thread(self._matches, known_hash, password)

    def _matches(self, known_hash: str | None, password: str) -> bool:
        if known_hash is None:
            self._dummy_hash = self._dummy_hash or self._hasher.hash("no console user has this password")
        try:
            return self._hasher.verify(known_hash or self._dummy_hash or "", password.encode("utf-8", "surrogatepass"))
        except VerificationError:
            return False

    async def use_link(self, visitor: Actor, token: str) -> Admission:
        """Admit a visitor with a one-time link; Unauthenticated if it has been used or has expired.

        Attempts are not counted: 256 bits cannot be guessed, and a link must work while an attacker guesses passwords
        from behind the same proxy.
        """
        async with self._database.transaction() as connection:
            console_user_id = await console_users.use_link(connection, hash_link(token), self._now())
            user = None if console_user_id is None else await console_users.find(connection, console_user_id)
            if user is not None:
                return await self._admit(connection, visitor, user, "link")
        await self._refuse(visitor)
        raise Unauthenticated("This link has been used or has expired.", code=Code.LINK_USED)

    async def sign_out(self, actor: Actor, session: Session) -> None:
        """End a session at once, for every browser that has its cookie."""
        expires_at = datetime.fromtimestamp(session.expires_at_s, UTC)
        async with self._database.transaction() as connection:
            await console_users.end_session(connection, session.nonce, expires_at=expires_at, now=self._now())
            change = Change(Action.CONSOLE_USER_SIGN_OUT, actor.name)
            await self._audit.record(connection, actor, HUB_WIDE, change)

    async def resolve(self, token: str) -> SignedIn | None:
        """Return the session of a token, without disabled workspaces; None if the token is not valid."""
        session = self.signer.read_session(token, self._now())
        if session is None:
            return None
        async with self._database.connection() as connection:
            user = await console_users.find_of_session(
                connection, session.console_user_id, epoch=session.epoch, nonce=session.nonce
            )
            if user is None:
                return None
            grants = await console_users.read_grants(connection, user.console_user_id, with_disabled=False)
        return SignedIn(session, user, grants)
