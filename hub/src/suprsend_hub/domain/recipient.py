"""Which profile an edit or a page speaks of: a user or an object of one workspace."""

from typing import NamedTuple

USERS = ""
"""The `object_type` under which users are kept: users and objects share one table, one fold and one write path."""


class RecipientKey(NamedTuple):
    """Identity of a profile.

    Sorts in the order in which rows are locked, which is the database's: COLLATE "C" compares UTF-8 bytes, and their
    order is that of the code points by which Python compares.
    """

    workspace_id: int
    object_type: str
    recipient_id: str

    @classmethod
    def user(cls, workspace_id: int, distinct_id: str) -> "RecipientKey":
        """The key of the user with that `distinct_id`."""
        return cls(workspace_id, USERS, distinct_id)

    @property
    def is_user(self) -> bool:
        """Whether this is a user and not an object."""
        return self.object_type == USERS

    @property
    def label(self) -> str:
        """Return the id, of an object behind its type: what lists of mixed recipients show."""
        return self.recipient_id if self.is_user else f"{self.object_type}/{self.recipient_id}"

    def describe(self) -> str:
        """How error messages name the recipient, as upstream does."""
        if self.is_user:
            return f"user [distinct_id: '{self.recipient_id}']"
        return f"object '{self.object_type}/{self.recipient_id}'"
