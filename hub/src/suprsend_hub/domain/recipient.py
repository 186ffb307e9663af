"""Keys of recipients: a user or an object of one workspace."""

from typing import NamedTuple

USERS = ""
"""The `object_type` of users, because users and objects share one table, one fold and one write path."""


class RecipientKey(NamedTuple):
    """The key of a profile.

    Keys sort in the order in which the database locks rows: COLLATE "C" compares UTF-8 bytes, which have the same order
    as the code points that Python compares.
    """

    workspace_id: int
    object_type: str
    recipient_id: str

    @classmethod
    def user(cls, workspace_id: int, distinct_id: str) -> "RecipientKey":
        """Return the key of the user with that `distinct_id`."""
        return cls(workspace_id, USERS, distinct_id)

    @property
    def is_user(self) -> bool:
        """Tell whether this is a user and not an object."""
        return self.object_type == USERS

    @property
    def label(self) -> str:
        """Return the id, for an object after its type, as lists of mixed recipients show it."""
        return self.recipient_id if self.is_user else f"{self.object_type}/{self.recipient_id}"

    def describe(self) -> str:
        """Return the name of the recipient in error messages, as upstream writes it."""
        if self.is_user:
            return f"user [distinct_id: '{self.recipient_id}']"
        return f"object '{self.object_type}/{self.recipient_id}'"
