"""Say what became of a user that does not exist (merged or renamed), and which ids a user had before."""

from collections.abc import Sequence
from typing import NamedTuple

from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.recipient import RecipientKey, not_found
from suprsend_hub.store import aliases, profiles
from suprsend_hub.store.database import Connection

MAX_FORMER_IDS = 100
"""How many former ids are shown of a recipient; more than a handful is unusual."""


class FormerId(NamedTuple):
    """An id that a recipient, or another one that was merged into it, had before.

    `leads_here`: edits for the id reach the recipient. Otherwise they create a new one.
    """

    recipient_id: str
    leads_here: bool


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


async def former_ids(connection: Connection, key: RecipientKey) -> Sequence[FormerId]:
    """Return up to MAX_FORMER_IDS former ids of a recipient, without those that a new recipient has."""
    ids = (await aliases.former_ids(connection, key))[:MAX_FORMER_IDS]
    if not ids:
        return []
    keys = [key._replace(recipient_id=former) for former in ids]
    leading, taken = await aliases.read(connection, keys), await profiles.read(connection, keys)
    return [FormerId(each.recipient_id, each in leading) for each in keys if each not in taken]
