"""What is to be saved of a subscriber list, and the list that the hub keeps itself."""

from dataclasses import dataclass

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest

ALL_USERS = "all_users"
"""The list that every workspace has: all its users, read-only."""
MAX_TEXT_CHARS = 1024
"""Characters of a list's name or description."""


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """What is to be saved of a list; None leaves a stored value as it is."""

    list_id: str
    list_name: str | None
    list_description: str | None
    track_user_entry: bool | None
    track_user_exit: bool | None


def check_writable(list_id: str) -> None:
    """InvalidRequest for the list that the hub keeps itself."""
    if list_id == ALL_USERS:
        raise InvalidRequest(
            f"the list {ALL_USERS} is read-only: it always holds every user", code=Code.LIST_IS_READONLY
        )
