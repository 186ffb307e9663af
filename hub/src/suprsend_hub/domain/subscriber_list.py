"""Definitions of subscriber lists, and the list that the hub maintains itself."""

from dataclasses import dataclass

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest

ALL_USERS = "all_users"
"""The read-only list of all users, which every workspace has."""
MAX_TEXT_CHARS = 1024
"""Characters of a list's name or description."""


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """The fields of a list to save; None keeps a stored value."""

    list_id: str
    list_name: str | None
    list_description: str | None
    track_user_entry: bool | None
    track_user_exit: bool | None


def check_writable(list_id: str) -> None:
    """Raise InvalidRequest for the list that the hub maintains itself."""
    if list_id == ALL_USERS:
        raise InvalidRequest(
            f"the list {ALL_USERS} is read-only, because it always contains every user; use another list",
            code=Code.LIST_IS_READONLY,
        )
