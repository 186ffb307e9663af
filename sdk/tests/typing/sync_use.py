"""Ordinary use of the client; checked by mypy --strict, never run."""

from collections.abc import Iterator
from typing import Any, assert_type

import suprsend
from suprsend import (
    Affected,
    Brand,
    BulkProgress,
    BulkResponse,
    CategoryPreference,
    ChannelPreferences,
    ChannelStatusResults,
    DeliveryReport,
    Done,
    EventAnswer,
    FoundUsers,
    FullPreference,
    Identity,
    ManyUsers,
    Membership,
    ObjectProfile,
    OffsetPage,
    Outcome,
    Page,
    Resolution,
    ResolvedUsers,
    SubscribedTo,
    SubscriberList,
    Suprsend,
    Tenant,
    TenantCategory,
    TenantUser,
    UserEdit,
    UserProfile,
)

client = Suprsend(
    "workspace_key", "workspace_secret", app_info={"name": "shop", "version": "2"}, strict=True, timeout=5
)
assert_type(Suprsend.with_workspace_api_key("uid", "key", timeout=(1, 10)), Suprsend)

user = client.users.get_edit_instance("user-1", "acme")
assert_type(user, UserEdit)
user.set("name", "Ada")
user.set({"age": 30, "tags": ["a"]})
user.set_once("source", "ads")
user.increment({"logins": 1, "spent": 0.5})
user.append("tags", "red")
user.remove({"tags": "blue"})
user.unset(["old", "older"])
user.unset({"old"})
user.set_timezone("Europe/Paris")
user.add_email("a@example.com")
user.add_androidpush("token", provider="fcm")
user.add_slack({"email": "a@example.com", "access_token": "xoxb"})
assert_type(user.warnings, list[str])

assert_type(client.users.async_edit(user), EventAnswer)
assert_type(client.users.edit(user), UserProfile)
client.users.edit("user-1", {"operations": []}, tenant_id="acme")
profile = client.users.get("user-1")
assert_type([identity["status"] for identity in profile.get("$email", [])], list[str])
assert_type(profile["created_at"], str)
page = client.users.list({"limit": 10})
assert_type(page, Page[UserProfile])
assert_type(page["meta"]["after"], str | None)
assert_type(client.users.get_objects_subscribed_to("user-1"), Page[SubscribedTo])
assert_type(client.users.get_lists_subscribed_to("user-1"), Page[Membership])
assert_type(client.users.delete("user-1"), Done)
assert_type(client.objects.get("teams", "core"), ObjectProfile)
assert_type(client.subscriber_lists.get("my-list"), SubscriberList)
assert_type(client.subscriber_lists.get_all(), OffsetPage[SubscriberList])
assert_type(client.subscriber_lists.add("my-list", ["user-1"]), Affected)
client.users.get_objects_subscribed_to("user-1", {"limit": 1, "after": "01J"})

bulk = client.users.get_bulk_edit_instance()
bulk.append(user, user)
assert_type(bulk.save(), BulkResponse)


def edits() -> Iterator[UserEdit]:
    yield client.users.get_edit_instance("user-1")


def show(progress: BulkProgress) -> None:
    assert_type(progress.success, int)


for outcome in client.users.bulk_edit(edits(), max_in_flight=2, on_progress=show):
    assert_type(outcome, Outcome)
    assert_type(outcome.error, str | None)
    assert_type(outcome.warnings, tuple[str, ...])
assert_type(client.users.bulk_edit([user]).result(), BulkResponse)
for item in client.users.iter_users({"limit": 50}):
    assert_type(item, UserProfile)

client.objects.create_subscriptions("teams", "core", {"recipients": ["user-1"]})
client.subscriber_lists.add("my-list", ["user-1"])
tenant = client.tenants.upsert("acme", {"tenant_name": "Acme"})
assert_type(tenant, Tenant)
assert_type(tenant["social_links"]["website"], str)
assert_type(client.tenants.list(limit=5), OffsetPage[Tenant])
assert_type(client.brands.get("acme"), Brand)
for each in client.tenants.iter_tenants():
    assert_type(each, Tenant)
within = client.users.upsert_for_tenant("user-1", "acme", {"role": "admin"})
assert_type(within, TenantUser)
assert_type(within["tenant"]["properties"], dict[str, Any])
assert_type(client.users.get_for_tenant("user-1", "acme"), TenantUser)
assert_type(client.users.list_associated_tenants("user-1"), Page[TenantUser])
assert_type(client.users.unlink_tenant("user-1", "acme"), Done)
resolved = client.users.resolve(["user-1"], "news", channels=["email"], tenant_id="acme")
assert_type(resolved, ResolvedUsers)
assert_type(resolved["results"][0]["channels"][0]["addresses"], list[Identity])
assert_type(client.subscriber_lists.iter_resolutions("my-list", "news"), Iterator[Resolution])
assert_type(client.objects.iter_resolutions("teams", "core", "news"), Iterator[Resolution])
report: DeliveryReport = {"channel": "email", "value": "ada@example.com", "event": "hard_bounce"}
assert_type(client.users.set_channel_status([report, {**report, "time": 0}]), ChannelStatusResults)
assert_type(client.users.find_by_address("ada@example.com"), FoundUsers)
assert_type(client.users.read_many(["user-1"]), ManyUsers)
full = client.users.get_full_preference("user-1", {"tenant_id": "acme", "show_opt_out_channels": True})
assert_type(full, FullPreference)
assert_type(full["sections"][0]["subcategories"][0], CategoryPreference)
assert_type(full["channel_preferences"][0]["is_restricted"], bool)
restrict = {"channel_preferences": [{"channel": "email", "is_restricted": True}]}
assert_type(client.users.update_global_channels_preference("user-1", restrict), ChannelPreferences)
assert_type(client.users.get_category_preference("user-1", "news"), CategoryPreference)
chosen = client.users.update_category_preference("user-1", "news", {"preference": "opt_out"})
assert_type(chosen["channels"][0]["preference"], str)
assert_type(client.objects.get_full_preference("teams", "core"), FullPreference)
assert_type(client.objects.update_global_channels_preference("teams", "core", restrict), ChannelPreferences)
assert_type(client.objects.get_category_preference("teams", "core", "news"), CategoryPreference)
assert_type(
    client.objects.update_category_preference("teams", "core", "news", {"preference": "opt_in"}), CategoryPreference
)
assert_type(client.tenants.list_preference_categories("acme", {"limit": 5}), OffsetPage[TenantCategory])
assert_type(client.tenants.get_preference_category("acme", "news"), TenantCategory)
setting = client.tenants.update_preference_category("acme", "news", {"preference": "opt_in"})
assert_type(setting["blocked_channels"], list[str] | None)
with client.with_options(timeout=1) as quick:
    try:
        quick.users.delete("user-1")
    except suprsend.SuprsendNotFoundError as error:
        assert_type(error.status_code, int)
        assert_type(error.code, str | None)
    except suprsend.SuprsendRateLimitError as error:
        assert_type(error.retry_after_s, float | None)
