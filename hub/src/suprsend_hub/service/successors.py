"""Say what became of a user that does not exist: merged into another one, or renamed."""

from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.recipient import RecipientKey, not_found
from suprsend_hub.store import aliases
from suprsend_hub.store.database import Connection


async def gone(connection: Connection, key: RecipientKey) -> NotFound:
    """Return the error for an unknown recipient, with `merged_into` or `renamed_to` in its detail if that is known."""
    error = not_found(key)
    detail: dict[str, str] = {}
    if key.is_user:
        found = await aliases.find_successor(connection, key)
        if found.merged_into is not None:
            detail = {"merged_into": found.merged_into}
        elif found.leads_to is not None:
            detail = {"renamed_to": found.leads_to}
    return NotFound(error.message, code=error.code, detail=detail or None)
