"""Keys of recipients: a user or an object of one workspace."""

from typing import NamedTuple

from .codes import Code
from .errors import NotFound

USERS = ""
"""The `object_type` of users, because users and objects share one table, one fold and one write path."""


GLOBAL = 0
"""The `tenant_no` of a recipient's global profile. Each life of a tenant has a number of its own, from 1."""


class RecipientKey(NamedTuple):
    """The key of a profile: a recipient's global one, or that for a tenant.

    Subscriptions, lists, audit and deletion are about the recipient, so their keys have the `tenant_no` GLOBAL.

    Keys sort in the order in which the database locks rows: COLLATE "C" compares UTF-8 bytes, which have the same order
    as the code points that Python compares.
    """

    workspace_id: int
    object_type: str
    recipient_id: str
    tenant_no: int = GLOBAL

    @classmethod
    def user(cls, workspace_id: int, distinct_id: str) -> "RecipientKey":
        """Return the key of the user with that `distinct_id`."""
        return cls(workspace_id, USERS, distinct_id)

    @property
    def is_user(self) -> bool:
        """Tell whether this is a user and not an object."""
        return self.object_type == USERS

    @property
    def recipient(self) -> "RecipientKey":
        """Return the key of the recipient, which is that of the global profile."""
        return self._replace(tenant_no=GLOBAL)

    @property
    def label(self) -> str:
        """Return the id, for an object after its type, as lists of mixed recipients show it."""
        return self.recipient_id if self.is_user else f"{self.object_type}/{self.recipient_id}"

    def describe(self) -> str:
        """Return the name of the recipient in error messages, as upstream writes it."""
        if self.is_user:
            return f"user [distinct_id: '{self.recipient_id}']"
        return f"object '{self.object_type}/{self.recipient_id}'"


def not_found(key: RecipientKey) -> NotFound:
    """Return the error for an unknown recipient, in upstream's words."""
    return NotFound(f"{key.describe()} not found", code=Code.USER_NOT_FOUND if key.is_user else Code.OBJECT_NOT_FOUND)
