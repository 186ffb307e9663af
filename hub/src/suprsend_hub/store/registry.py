"""Every table that names a recipient, and what deletion, merge, export, erasure and `db check` do with it.

One list for all of them: who adds a table or a column that names a user or an object adds a line here, and a test fails
until then. Merge, export and erasure are not written yet; their columns are what they will have to do.
"""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of rows that name a recipient."""

    GOES = "goes"
    """The row is deleted in the same transaction."""
    IS_SWEPT = "is swept"
    """Nobody sees the row any more, and the sweeper deletes it in small steps."""
    IS_SCRUBBED = "is scrubbed"
    """The row keeps its keys and loses its content."""
    STAYS = "stays"
    """The row is kept until its own retention ends."""
    MOVES = "moves"
    """The row is written under the other recipient, or joined with what that one has."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Columns of a table that name a recipient.

    `type_column` is None where the recipient is always a user. `content` are the columns that a scrubbed row loses.
    `checks` are the findings of `db check` that watch over the rows.
    """

    table: str
    type_column: str | None
    id_column: str
    deletion: Fate
    merge: Fate
    exported: bool
    erasure: Fate
    content: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


_SUBSCRIPTION_CHECKS = (
    "subscriptions_of_nobody",
    "subscriptions_without_other_end",
    "subscribed_to_without_other_end",
)
_MEMBER_CHECKS = ("members_who_are_nobody", "members_without_other_end", "memberships_without_other_end")

NAMINGS = (
    Naming("profile", "object_type", "recipient_id", Fate.GOES, Fate.MOVES, exported=True, erasure=Fate.GOES,
           checks=("profiles", "addresses", "counters")),
    Naming("history", "object_type", "recipient_id", Fate.IS_SCRUBBED, Fate.STAYS, exported=True,
           erasure=Fate.IS_SCRUBBED, content=("operations", "before")),
    Naming("idempotency_key", "object_type", "recipient_id", Fate.IS_SCRUBBED, Fate.STAYS, exported=False,
           erasure=Fate.IS_SCRUBBED, content=("digest",)),
    Naming("rejected", "object_type", "recipient_id", Fate.GOES, Fate.MOVES, exported=True, erasure=Fate.GOES),
    # An entry outlives what it is about. Entries of calls on many records name ids in `detail` as well.
    Naming("audit", "target_type", "target_id", Fate.STAYS, Fate.STAYS, exported=False, erasure=Fate.STAYS),
    Naming("subscription", "subscriber_type", "subscriber_id", Fate.GOES, Fate.MOVES, exported=True, erasure=Fate.GOES,
           checks=(*_SUBSCRIPTION_CHECKS, "counters")),
    Naming("subscription", "object_type", "object_id", Fate.IS_SWEPT, Fate.MOVES, exported=True, erasure=Fate.IS_SWEPT,
           checks=(*_SUBSCRIPTION_CHECKS, "counters")),
    Naming("subscribed_to", "subscriber_type", "subscriber_id", Fate.GOES, Fate.MOVES, exported=False,
           erasure=Fate.GOES, checks=_SUBSCRIPTION_CHECKS),
    Naming("subscribed_to", "object_type", "object_id", Fate.IS_SWEPT, Fate.MOVES, exported=False,
           erasure=Fate.IS_SWEPT, checks=_SUBSCRIPTION_CHECKS),
    Naming("dead_object", "object_type", "object_id", Fate.IS_SWEPT, Fate.STAYS, exported=False,
           erasure=Fate.IS_SWEPT),
    Naming("list_member", None, "distinct_id", Fate.GOES, Fate.MOVES, exported=False, erasure=Fate.GOES,
           checks=(*_MEMBER_CHECKS, "counters")),
    Naming("list_membership", None, "distinct_id", Fate.GOES, Fate.MOVES, exported=True, erasure=Fate.GOES,
           checks=_MEMBER_CHECKS),
)  # fmt: skip
"""In the order in which a deletion comes to them, as far as it does."""

COUNTERS_NAMED_AFTER_OBJECTS = "subscribers:"
"""`counter.name` that begin so end with the type and id of an object; they go with it."""

WITHOUT_RECIPIENTS = frozenset(
    {
        "workspace", "api_key", "list", "list_draft", "dead_list_version", "counter", "console_user", "console_grant",
        "console_link", "console_attempt", "console_ended_session", "schema_support", "alembic_version",
    }
)  # fmt: skip
"""Tables that name no recipient, apart from the counters above."""
