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
    "counter": "place",
    "alias": "alias_id",
    "tombstone": "recipient_id",
    "former_id": "recipient_id",
}

RECIPIENT = (1, "", "ada")
KEY = (*RECIPIENT, 0)
TENANT_KEY = (*RECIPIENT, 7)
TENANT_BATCH = ([1], [""], ["ada"], [7])
BATCH = ([1], [""], ["ada"], [0])
STATEMENTS: dict[str, tuple] = {
    "read_profiles": BATCH,
    "insert_history": (*BATCH, [NIL], [NIL], [1], [0], ["x"], ["x"], ["[]"], [None]),
    "update_profiles": (*BATCH, [1], ["{}"], ["{}"], [""], [None], [True], NOW),
    "upsert_profiles": (*BATCH, [NIL], [1], ["{}"], ["{}"], [""], [None], [True], NOW),
    "find_profile": KEY,
    "hold_profiles": BATCH,
    "hold_users_of_tenants": TENANT_BATCH,
    "find_living_tenants": ([1], [7]),
    "find_tenant": (1, "acme"),
    "find_tenant_numbers": (1, ["acme"]),
    "lock_users_of_links": BATCH,
    "find_links": BATCH[:3],
    "page_links_forward": (*RECIPIENT, 0, 10),
    "page_links_backward": (*RECIPIENT, 9, 10),
    "count_links": RECIPIENT,
    "find_profile_to_unlink": TENANT_KEY,
    "delete_linked_profile": TENANT_KEY,
    "unlink_profile": TENANT_KEY,
    "scrub_history_of_profile": TENANT_KEY,
    "scrub_keys_of_profile": TENANT_KEY,
    "delete_profiles_of_tenant": (1, 7, [""], ["ada"]),
    "delete_history_of_tenant": (1, 7, [""], ["ada"]),
    "scrub_keys_of_tenant": (1, 7, [""], ["ada"]),
    "scrub_keys": (1, [""], ["ada"]),
    "lock_profiles": (1, [""], ["ada"]),
    "delete_profiles": (1, [""], ["ada"]),
    "scrub_history": (1, [""], ["ada"]),
    "delete_former_ids": (1, [""], ["ada"]),
    "delete_aliases": (1, [""], ["old"]),
    "delete_tombstones": (1, [""], ["old"]),
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
    "page_rejected_of_recipient": (*RECIPIENT, TOP, 10),
    "add_to_counters": ([1], ["users"], [""], [1], [1]),
    "read_counter": (1, "users", ""),
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
    "count_subscribed_to": RECIPIENT,
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
