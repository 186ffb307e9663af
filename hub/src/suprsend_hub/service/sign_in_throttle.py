"""Limit how many passwords can be guessed, without locking out those who know theirs.

A browser that has signed in before keeps a token, and has a count of its own, so that nobody else's guesses concern it.
Other browsers share counts: of a name from one address, of an address, and of a name from everywhere. A one-time link
is not counted at all. Attempts are counted in the database, so that all workers share the counts.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import RateLimited
from suprsend_hub.store import console_users
from suprsend_hub.store.database import Connection, Database

WINDOW = timedelta(minutes=15)
"""Attempts are counted over this time."""
MAX_ATTEMPTS_PER_BROWSER = 10
"""Of a browser that has signed in before, with its own name."""
MAX_ATTEMPTS_PER_NAME_AND_ADDRESS = 10
MAX_ATTEMPTS_PER_ADDRESS = 50
"""Higher than per name: a company may sit behind one address."""
MAX_ATTEMPTS_PER_NAME = 100
"""From everywhere, so that many addresses do not help to guess one password."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted, under these subjects."""

    shared: Sequence[bytes]
    own: bytes


class SignInThrottle:
    """Counts attempts. One instance per process."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def count(self, name: str, address: str, browser: str | None) -> Attempt:
        """Count an attempt; RateLimited if it is one too many. `browser`: the id of one that has signed in before."""
        if browser is not None:
            own = _subject("browser", browser)
            await self._count(own, MAX_ATTEMPTS_PER_BROWSER)
            return Attempt((), own)
        network = _network(address)
        by_address, by_name = _subject("address", network), _subject("name", name)
        own = _subject("name and address", f"{name}\0{network}")
        await self._count(by_address, MAX_ATTEMPTS_PER_ADDRESS)
        await self._count(own, MAX_ATTEMPTS_PER_NAME_AND_ADDRESS)
        await self._count(by_name, MAX_ATTEMPTS_PER_NAME)
        return Attempt((by_address, by_name), own)

    async def succeeded(self, connection: Connection, attempt: Attempt) -> None:
        """Count an attempt no longer, because the password was right."""
        await console_users.forget_attempts(connection, attempt.own)
        for subject in attempt.shared:
            await console_users.take_back_attempt(connection, subject)

    async def _count(self, subject: bytes, limit: int) -> None:
        now = self._now()
        async with self._database.connection() as connection:
            attempts, since = await console_users.count_attempt(
                connection, subject, now=now, oldest_window=now - WINDOW
            )
            if attempts == 1:
                await console_users.delete_stale_attempts(connection, now - WINDOW)
        if attempts > limit:
            wait_s = max(1.0, (since + WINDOW - now).total_seconds())
            raise RateLimited(
                f"Too many attempts. Try again in {max(1, round(wait_s / 60))} minutes, or ask the operator of the hub "
                "for a one-time link.",
                code=Code.TOO_MANY_ATTEMPTS,
                retry_after_s=wait_s,
            )


def _subject(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).digest()


def _network(address: str) -> str:
    """Return what one visitor can have many addresses of: of IPv6, the /64 that a provider gives to each customer."""
    try:
        parsed = ip_address(address)
    except ValueError:  # the server did not say
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return address
