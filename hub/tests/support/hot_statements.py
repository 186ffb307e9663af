"""The statements that run for every request, each with arguments for one key; tests ask PostgreSQL for their plans."""

import uuid
from datetime import UTC, datetime

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NIL, TOP = uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)
DISTRIBUTION_COLUMN = {
    "profile": "recipient_id",
    "history": "recipient_id",
    "rejected": "recipient_id",
    "subscription": "object_id",
    "subscribed_to": "subscriber_id",
    "list_member": "list_id",
    "list_membership": "distinct_id",
    "list_draft": "list_id",
    "counter": "name",
}

KEY = (1, "", "ada")
BATCH = ([1], [""], ["ada"])
STATEMENTS: dict[str, tuple] = {
    "read_profiles": BATCH,
    "find_known_edits": (*BATCH, [NIL]),
    "insert_history": (*BATCH, [NIL], [NIL], ["x"], ["[]"], [None], ["x"]),
    "update_profiles": (*BATCH, [1], ["{}"], ["{}"], [""], NOW),
    "upsert_profiles": (*BATCH, [NIL], [1], ["{}"], ["{}"], [""], NOW),
    "find_profile": KEY,
    "hold_profiles": BATCH,
    "scrub_keys": (1, [""], ["ada"]),
    "lock_profiles": (1, [""], ["ada"]),
    "delete_profiles": (1, [""], ["ada"]),
    "scrub_history": (1, [""], ["ada"]),
    "delete_rejected_of_recipients": (1, [""], ["ada"]),
    "delete_subscriptions_of_subscribers": (1, [""], ["ada"]),
    "hold_parents": (1, ["teams"], ["core"]),
    "delete_subscription_rows": (1, ["teams"], ["core"], [""], ["ada"]),
    "delete_memberships_of_users": (1, ["ada"]),
    "delete_member_rows": (1, ["news"], [NIL], ["ada"]),
    "bury_objects": (1, ["teams"], ["core"]),
    "find_dead_object": (1, "teams", "core"),
    "find_dead_subscribers": (1, "teams", "core", TOP, 10),
    "page_history": (*KEY, TOP, 10),
    "page_rejected_of_recipient": (*KEY, TOP, 10),
    "add_to_counters": ([1], ["users"], [1], [1]),
    "read_counter": (1, "users"),
    "upsert_subscribed_to": (1, "teams", "core", [""], ["ada"], [NIL], NIL),
    "upsert_subscriptions": (1, "teams", "core", [""], ["ada"], [NIL], "{}", NOW),
    "delete_subscriptions": (1, "teams", "core", [""], ["ada"], NIL, TOP),
    "delete_subscribed_to": (1, "teams", "core", [""], ["ada"], NIL, TOP),
    "find_parent_objects": (1, ["teams"], ["core"]),
    "find_child_objects": (1, ["teams"], ["core"]),
    "sweep_members": (1, "news", NIL, 10),
    "page_subscriptions_newest_first": (1, "teams", "core", TOP, 10),
    "page_subscriptions_oldest_first": (1, "teams", "core", NIL, 10),
    "page_subscribed_to_newest_first": (1, "", "ada", TOP, 10),
    "page_subscribed_to_oldest_first": (1, "", "ada", NIL, 10),
    "count_subscribed_to": KEY,
    "read_subscriptions_of_subscriber": (1, "", "ada", ["teams"], ["core"], [NIL]),
    "read_updated_at": (1, [""], ["ada"]),
    "add_members": (1, "news", None, ["ada"], [NIL], NOW, 1),
    "remove_members": (1, "news", None, ["ada"], 1),
    "page_members_newest_first": (1, "news", TOP, TOP, 10),
    "page_members_oldest_first": (1, "news", TOP, NIL, 10),
    "page_memberships_newest_first": (1, "ada", TOP, 10),
    "page_memberships_oldest_first": (1, "ada", NIL, 10),
    "count_memberships": (1, "ada"),
}


def nodes(plan: dict) -> list[dict]:
    """All nodes of a plan of EXPLAIN (FORMAT JSON)."""
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
