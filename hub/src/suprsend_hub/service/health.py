"""Whether this process can serve: the database answers and has a schema that this version works on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from suprsend_hub.domain.errors import DomainError
from suprsend_hub.store.database import Database
from suprsend_hub.store.schema_version import HEAD, read_schema

_ANSWER_S = 2
"""Seconds that the database has for an answer: readiness is asked for again soon."""


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

    async def check(self, *, answer_s: float = _ANSWER_S) -> HealthReport:
        """Ask the database, which has `answer_s` seconds for an answer; never raises.

        `writes` tells what became of the latest edits and decides nothing: with a full disk, reads still work, and it
        takes another write to find out that there is room again.
        """
        checks = {"queued_edits": str(self._queued_edits()), "writes": self._write_trouble() or "ok"}
        try:
            async with (
                self._database.connection(acquire_timeout_s=answer_s) as connection,
                asyncio.timeout(answer_s),
            ):
                schema = await read_schema(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that the hub is not ready
            checks["database"] = error.for_operator if isinstance(error, DomainError) else type(error).__name__
            return HealthReport(ready=False, checks=checks)
        checks["database"] = "ok"
        trouble = schema.trouble(HEAD)
        checks["schema"] = trouble or "ok"
        return HealthReport(ready=trouble is None, checks=checks)
