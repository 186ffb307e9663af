"""Columns of statements and fields of rows: taken by name where that costs nothing, else held against each other here."""

import ast
from dataclasses import dataclass, fields
from pathlib import Path

import asyncpg
import pytest
import suprsend_hub.store
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import HistoryEntry, StoredProfile, Subscription
from suprsend_hub.store.queries import names, sql
from suprsend_hub.store.rows import keyed_row, row

STORE = Path(suprsend_hub.store.__file__).parent
UNPACKING = {"deletion.py", "profiles.py", "sending.py", "subscriptions.py"}
KEY = RecipientKey._fields
CHILD = ("subscriber_type", "subscriber_id")
OBJECT = ("object_type", "object_id")


def of(kind: type) -> tuple[str, ...]:
    """The fields of a row, in order."""
    return kind.__struct_fields__ if kind is StoredProfile else tuple(field.name for field in fields(kind))


BY_POSITION: dict[str, tuple[str, ...]] = {
    "read_profiles": ("position", *of(StoredProfile)[1:]),
    "find_profile": of(StoredProfile)[1:],
    "read_small_profiles": ("position", "bytes", *of(StoredProfile)[1:]),
    "read_tombstones": ("position", "merged_into"),
    "find_profiles_by_addresses": (*KEY[1:], "addresses"),
    "find_profiles_with_channels": ("position", "tenant_no"),
    **dict.fromkeys(
        ("page_recipient_ids_newest_first", "page_recipient_ids_oldest_first"),
        ("member_id", "distinct_id", "created_at"),
    ),
    **dict.fromkeys(
        ("page_subscriber_ids_newest_first", "page_subscriber_ids_oldest_first"), ("subscription_id", *CHILD)
    ),
    **dict.fromkeys(
        (
            "page_profiles_newest_first",
            "page_profiles_oldest_first",
            "search_profiles_forward",
            "search_profiles_backward",
        ),
        ("recipient_id", "profile_id", *of(StoredProfile)[3:7]),
    ),
    "page_history": of(HistoryEntry),
    **dict.fromkeys(
        ("upsert_subscriptions", "page_subscriptions_newest_first", "page_subscriptions_oldest_first"),
        (*CHILD, *of(Subscription)[2:]),
    ),
    "read_subscriptions_of_subscriber": (*OBJECT, *of(Subscription)[3:]),
    "upsert_subscribed_to": (*CHILD, "subscription_id"),
    **dict.fromkeys(
        ("page_subscribed_to_newest_first", "page_subscribed_to_oldest_first"), (*OBJECT, "subscription_id")
    ),
    **dict.fromkeys(("find_child_objects", "find_dead_subscribers", "delete_subscribed_to"), CHILD),
    "find_parent_objects": OBJECT,
    "lock_profiles": KEY[1:3],
    "delete_profiles": (*KEY[1:], "linked"),
    "find_parents": OBJECT,
    "lock_objects": (*KEY[1:3], "is_deleted", "dead_until"),
    "find_by_address": KEY[1:3],
    "hold_profiles": KEY,
    "lock_profiles_to_write": ("position", "version"),
    "hold_parents": (*KEY[1:3], "dead_until"),
    "read_updated_at": (*KEY[1:3], "updated_at"),
    "claim_dead_object": ("workspace_id", *OBJECT, "last_subscription_id"),
    "delete_subscriptions_of_subscribers": (*OBJECT, *CHILD, "subscription_id"),
    "delete_former_ids": ("object_type", "former_id"),
    "delete_own_tombstones": ("merged_into", "object_type", "recipient_id"),
    "delete_memberships_of_users": ("list_id", "version_id", "distinct_id"),
}


@pytest.mark.anyio
async def test_columns_that_are_unpacked_by_position_are_the_fields_they_become(database_url: str) -> None:
    """PostgreSQL says what a statement answers; two texts in each other's place would pass every type check."""
    connection = await asyncpg.connect(database_url)
    try:
        found = {}
        for name in set(names()) - {"allow_scans"}:  # several statements, without an answer
            found[name] = tuple(column.name for column in (await connection.prepare(sql(name))).get_attributes())
    finally:
        await connection.close()
    used = {text for module in UNPACKING for text in texts(STORE / module) if text in found}
    several = {name: columns for name, columns in found.items() if name in used and len(columns) > 1}
    assert several == BY_POSITION


def test_only_modules_on_the_write_path_and_pages_unpack_records_by_position() -> None:
    """Others name the columns, with `row`: what they answer cannot go to the wrong field."""
    unpacking = {
        file.name
        for file in STORE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id[:1].isupper()
        and any(isinstance(argument, ast.Starred) for argument in node.args)
    }
    assert unpacking == UNPACKING


def texts(file: Path) -> set[str]:
    """The literal texts of a module, and the two names that `walk` makes of each."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found | {f"{text}_{order}" for text in found for order in ("newest_first", "oldest_first")}


@dataclass(frozen=True, slots=True)
class Sample:
    """A row made up for the tests below."""

    key: RecipientKey
    name: str
    hint: str


@dataclass(frozen=True, slots=True)
class Named:
    """Two texts, as easily confused as any."""

    name: str
    hint: str


@pytest.mark.anyio
async def test_a_row_takes_columns_by_name_whatever_their_order(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        turned = await connection.fetchrow("SELECT 'h' AS hint, 'n' AS name")
        assert row(Named, turned) == Named(name="n", hint="h")
        for wrong in (
            "SELECT 'n' AS name",
            "SELECT 'n' AS name, 'h' AS hint, 1 AS more",
            "SELECT 'n' AS name, 'h' AS hnit",
        ):
            with pytest.raises(TypeError):
                row(Named, await connection.fetchrow(wrong))
        keyed = await connection.fetchrow(
            "SELECT 'n' AS name, 'r' AS recipient_id, 'h' AS hint, 'o' AS object_type, 7 AS workspace_id"
        )
        assert keyed_row(Sample, keyed) == Sample(RecipientKey(7, "o", "r"), "n", "h")
        of_one = await connection.fetchrow("SELECT 'r' AS recipient_id, 'o' AS object_type, 'h' AS hint, 'n' AS name")
        assert keyed_row(Sample, of_one, workspace_id=7) == Sample(RecipientKey(7, "o", "r"), "n", "h")
    finally:
        await connection.close()
