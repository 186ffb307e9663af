"""Whether this process can serve: the database answers and has a schema that this version works on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.store.database import Database
from suprsend_hub.store.schema_version import HEAD, read_schema

_ANSWER_S = 2
"""Seconds that the database has for an answer: who asks for readiness asks again soon."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`checks` maps the name of a check to `ok` or to what is wrong."""

    ready: bool
    checks: dict[str, str]


class HealthService:
    """Runs the readiness checks."""

    def __init__(
        self, database: Database, *, queued_edits: Callable[[], int], write_trouble: Callable[[], str | None]
    ) -> None:
        self._database = database
        self._queued_edits = queued_edits
        self._write_trouble = write_trouble

    async def check(self) -> HealthReport:
        """Ask the database; never raises.

        `writes` tells what became of the latest edits and decides nothing: with a full disk, reads still work, and it
        takes another write to find out that there is room again.
        """
        checks = {"queued_edits": str(self._queued_edits()), "writes": self._write_trouble() or "ok"}
        try:
            async with (
                self._database.connection(acquire_timeout_s=_ANSWER_S) as connection,
                asyncio.timeout(_ANSWER_S),
            ):
                schema = await read_schema(connection)
        except Unavailable as error:
            checks["database"] = error.message
            return HealthReport(ready=False, checks=checks)
        checks["database"] = "ok"
        trouble = schema.trouble(HEAD)
        checks["schema"] = trouble or "ok"
        return HealthReport(ready=trouble is None, checks=checks)
