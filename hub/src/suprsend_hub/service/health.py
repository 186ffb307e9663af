"""Whether this process can serve: the database answers and has the schema that this version needs."""

from collections.abc import Callable
from dataclasses import dataclass

from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.store.database import Database
from suprsend_hub.store.migrate import HEAD, current_revision


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`checks` maps the name of a check to `ok` or to what is wrong."""

    ready: bool
    checks: dict[str, str]


class HealthService:
    """Runs the readiness checks."""

    def __init__(self, database: Database, *, queued_edits: Callable[[], int]) -> None:
        self._database = database
        self._queued_edits = queued_edits

    async def check(self) -> HealthReport:
        """Ask the database; never raises."""
        checks = {"queued_edits": str(self._queued_edits())}
        try:
            async with self._database.connection(acquire_timeout_s=2) as connection:
                revision = await current_revision(connection)
        except Unavailable as error:
            checks["database"] = error.message
            return HealthReport(ready=False, checks=checks)
        checks["database"] = "ok"
        if revision != HEAD:
            checks["schema"] = f"is at {revision or 'nothing'}, needs {HEAD}: run `suprsend-hub db migrate`"
            return HealthReport(ready=False, checks=checks)
        checks["schema"] = "ok"
        return HealthReport(ready=True, checks=checks)
