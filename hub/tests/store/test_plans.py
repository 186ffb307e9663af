"""Plans that are made while tables are empty stay right when they grow.

A hub caches prepared statements, and a new database has no statistics: the plan of that moment is used until the first
ANALYZE. It has to find single keys by the whole primary key and pages by the order of creation.
"""

import json

import asyncpg
import pytest
from hot_statements import EVERYWHERE, STATEMENTS, nodes
from suprsend_hub.store.connect import SERVER_SETTINGS
from suprsend_hub.store.queries import sql

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

PAGES = {name for name in STATEMENTS if name.startswith("page_") and name.endswith("_first")}
BY_CREATION = PAGES | {"bury_objects", "find_dead_subscribers"}
"""Statements that walk rows in the order of their creation."""
WHOLE_KEY = {
    "count_links",
    "delete_history_of_tenant",
    "find_links",
    "find_profiles_with_channels",
    "scrub_history_of_profile",
    "count_memberships",
    "count_subscribed_to",
    "copy_history",
    "copy_insert_keys",
    "copy_rejected",
    "delete_former_ids",
    "find_related_ids",
    "has_history_entry",
    "lock_memberships",
    "lock_profiles_of_recipient",
    "lock_subscribed_to",
    "read_former_ids",
    "read_profiles_of_recipient",
    "delete_profiles",
    "lock_profiles",
    "delete_memberships_of_users",
    "delete_rejected_of_recipients",
    "delete_subscriptions_of_subscribers",
    "find_child_objects",
    "find_parent_objects",
    "find_parents",
    "lock_objects",
    "page_history",
    "page_rejected_of_recipient",
    "scrub_history",
    "find_dead_members",
}
"""Statements over all rows of one recipient or list: a prefix of the primary key is what they want."""
LAST_KEY_COLUMN = {
    "profile": "tenant_no",
    "alias": "alias_id",
    "tombstone": "recipient_id",
    "former_id": "former_id",
    "history": "insert_key",
    "counter": "place",
    "idempotency_key": "recipient_id",
    "dead_object": "object_id",
    "subscription": "subscriber_id",
    "subscribed_to": "object_id",
    "list": "list_id",
    "workspace": "workspace_id",
    "category_document": "version_no",
    "category_translation": "locale",
    "tenant": "tenant_id",
    "list_draft": "version_id",
    "list_member": "distinct_id",
    "list_membership": "version_id",
}

BY_NUMBER = {"find_living_tenants", "find_users_of_tenants", "page_links_forward", "page_links_backward"}
"""Statements that find tenants by the numbers of their lives."""
BY_KEY = {"is_key_bound": ("idempotency_key_pkey", "key")}
BY_RECIPIENT = {"idempotency_key": "idempotency_key_by_recipient"}
"""Tables whose primary key does not begin with the recipient that a deletion looks for."""


async def test_single_keys_are_found_by_the_primary_key_and_pages_in_order_of_creation(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, server_settings=SERVER_SETTINGS)
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        wrong = {}
        for name in sorted(set(STATEMENTS) - WHOLE_KEY):
            rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {sql(name)}", *STATEMENTS[name])
            found = nodes(json.loads(rows[0][0])[0]["Plan"])
            for node in found:
                table = node.get("Relation Name")
                if table is None or node["Node Type"] in ("ModifyTable", "Bitmap Index Scan"):
                    continue
                by_creation = name in BY_CREATION and table not in ("list", "dead_object")
                if table == "tenant" and name in BY_NUMBER:
                    assert (node["Index Name"], "tenant_no" in node["Index Cond"]) == ("tenant_by_number", True), name
                    continue
                index = f"{table}_by_creation" if by_creation else BY_RECIPIENT.get(table, f"{table}_pkey")
                column = "_id" if by_creation else LAST_KEY_COLUMN[table]
                index, column = BY_KEY.get(name, (index, column))
                if node.get("Index Name") != index or column not in node.get("Index Cond", ""):
                    wrong[name] = {
                        key: node.get(key) for key in ("Node Type", "Relation Name", "Index Name", "Index Cond")
                    }
            if name in PAGES and any(node["Node Type"] == "Sort" for node in found):
                wrong[name] = "sorts"
        assert wrong == {}
    finally:
        await connection.close()


async def test_statements_about_all_recipients_use_the_index_made_for_them(database_url: str) -> None:
    """Pages by creation in its order, and addresses by their own index, never by reading the workspace."""
    connection = await asyncpg.connect(database_url, server_settings=SERVER_SETTINGS)
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for name, arguments in EVERYWHERE.items():
            rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {sql(name)}", *arguments)
            found = nodes(json.loads(rows[0][0])[0]["Plan"])
            indexes = {
                node["Index Name"] for node in found if "Index Name" in node and "dead" not in node["Index Name"]
            }
            if name.startswith("page_"):
                assert indexes == {"profile_by_creation"}, name
                assert not any(node["Node Type"] == "Sort" for node in found), name
            else:
                assert indexes == {"profile_by_address"}, name
    finally:
        await connection.close()
