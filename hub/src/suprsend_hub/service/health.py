"""Check whether this process can serve: the database answers, this version works on its schema, and its secrets can
be decrypted.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, Unavailable
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Database
from suprsend_hub.store.schema_version import HEAD, read_schema

_ANSWER_S = 2
"""Seconds that the database has for an answer. Readiness is checked again soon."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`checks` maps the name of a check to `ok` or to what is wrong."""

    ready: bool
    checks: dict[str, str]


class HealthService:
    """Runs the readiness checks."""

    def __init__(
        self,
        database: Database,
        secrets: SecretBox,
        *,
        queued_edits: Callable[[], int],
        write_trouble: Callable[[], Unavailable | None],
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._queued_edits = queued_edits
        self._write_trouble = write_trouble

    async def check(self, *, answer_s: float = _ANSWER_S) -> HealthReport:
        """Ask the database, which has `answer_s` seconds for an answer; never raise.

        `writes` is about the latest edits and does not affect readiness: with a full disk, reads still work, and only
        another write shows that there is room again.
        """
        trouble_of_writes = self._write_trouble()
        checks = {
            "queued_edits": str(self._queued_edits()),
            "writes": "ok" if trouble_of_writes is None else trouble_of_writes.message,
        }
        try:
            async with (
                self._database.connection(acquire_timeout_s=answer_s) as connection,
                asyncio.timeout(answer_s),
            ):
                trouble = (await read_schema(connection)).trouble(HEAD)
                samples = [] if trouble else await workspaces.sample_secrets(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that the hub is not ready
            checks["database"] = error.for_operator if isinstance(error, DomainError) else type(error).__name__
            return HealthReport(ready=False, checks=checks)
        if trouble_of_writes is not None and trouble_of_writes.code is Code.DATABASE_UNAVAILABLE:
            checks["writes"] = "ok"  # it did not answer then, and does now
        wrong_key = self._wrong_key(samples)
        checks |= {"database": "ok", "schema": trouble or "ok", "master_key": wrong_key or "ok"}
        return HealthReport(ready=not trouble and not wrong_key, checks=checks)

    def _wrong_key(self, samples: Sequence[tuple[str, bytes]]) -> str | None:
        """Return why some stored secret cannot be decrypted; None if there is none."""
        try:
            self._secrets.check(samples)
        except Unavailable as error:
            return error.for_operator
        return None
