"""Every table that names a recipient, and what deletion, merge, export, erasure and `db check` do with it.

This is one list for all of them. If you add a table or a column that names a user or an object, add a line here; a test
fails until you do. Merge, export and erasure are not implemented yet; their columns say what they will have to do.
"""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What happens to rows that name a recipient."""

    GOES = "goes"
    """The row is deleted in the same transaction."""
    IS_SWEPT = "is swept"
    """The row is no longer shown, and the sweeper deletes it in small steps."""
    IS_SCRUBBED = "is scrubbed"
    """The row keeps its keys and loses its content."""
    STAYS = "stays"
    """The row is kept until its own retention ends."""
    MOVES = "moves"
    """The row is moved to the other recipient, or joined with that recipient's row."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Columns of a table that name a recipient.

    `type_column` is None if the recipient is always a user. `content` names the columns that a scrubbed row loses.
    `checks` are the checks of `db check` that cover the rows.
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
    # No check: a row whose subscriptions are gone hides nothing, and the sweeper deletes it.
    Naming("dead_object", "object_type", "object_id", Fate.IS_SWEPT, Fate.STAYS, exported=False,
           erasure=Fate.IS_SWEPT),
    Naming("list_member", None, "distinct_id", Fate.GOES, Fate.MOVES, exported=False, erasure=Fate.GOES,
           checks=(*_MEMBER_CHECKS, "counters")),
    Naming("list_membership", None, "distinct_id", Fate.GOES, Fate.MOVES, exported=True, erasure=Fate.GOES,
           checks=_MEMBER_CHECKS),
)  # fmt: skip
"""In the order in which a deletion reaches them, if it does."""

COUNTERS_NAMED_AFTER_OBJECTS = "subscribers:"
"""Values of `counter.name` with this prefix end with the type and id of an object and are deleted with it."""

WITHOUT_RECIPIENTS = frozenset(
    {
        "workspace", "api_key", "list", "list_draft", "dead_list_version", "counter", "console_user", "console_grant",
        "console_link", "console_attempt", "console_ended_session", "schema_support", "alembic_version",
    }
)  # fmt: skip
"""Tables that do not name recipients, apart from the counters above."""
