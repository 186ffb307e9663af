"""Ordinary use of one of the vendor's SDKs, old or new: `ordinary_use.py BASE_URL PREFIX PART…` prints answers as JSON.

Each part uses what came into the SDK at the same time. `ordinary_use.cjs` does the same with the Node SDK, step by step.
Nothing but the standard library and `suprsend` is imported.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import suprsend

BASE_URL, PREFIX, *PARTS = sys.argv[1:]
client = suprsend.Suprsend("workspace_key", "workspace_secret", base_url=BASE_URL)
WEBPUSH = {"endpoint": "https://push.example.com/1", "expirationTime": None, "keys": {"p256dh": "p", "auth": "a"}}


def channels() -> Any:
    """All channels, and the two operations on properties that every version has."""
    user = client.user.get_instance(f"{PREFIX}channels")
    user.add_email("a@example.com")
    user.add_email("b@example.com")
    user.remove_email("b@example.com")
    user.add_sms("+15550100042")
    user.add_sms("+15550100043")
    user.remove_sms("+15550100043")
    user.add_whatsapp("+15550100042")
    user.add_androidpush("android-1")
    user.add_androidpush("android-2", "xiaomi")
    user.remove_androidpush("android-2", "xiaomi")
    user.add_iospush("ios-1")
    user.add_webpush(WEBPUSH)
    user.append("tags", "a")
    user.append({"tags": "b", "more": 1})
    user.remove("tags", "a")
    user.append("gone", 1)
    user.unset("gone")
    user.append("gone1", 1)
    user.append("gone2", 1)
    user.unset(["gone1", "gone2"])
    return user.save()["success"]


def slack_by_words() -> Any:
    """Slack as the first versions have it."""
    user = client.user.get_instance(f"{PREFIX}words")
    user.add_slack_email("a@example.com")
    user.add_slack_userid("U1")
    user.remove_slack_userid("U1")
    return user.save()["success"]


def language() -> Any:
    """The language."""
    user = client.user.get_instance(f"{PREFIX}language")
    user.set_preferred_language("en")
    return user.save()["success"]


def properties() -> Any:
    """Operations on properties, Slack and Teams by their values."""
    user = client.user.get_instance(f"{PREFIX}properties")
    user.set("name", "Marge")
    user.set({"plan": "pro", "nested": {"a": [1, 2.5, None, True, "ü"]}})
    user.set_once("first", "kept")
    user.set_once({"first": "ignored", "second": 2})
    user.increment("logins", 5)
    user.increment({"logins": -2, "score": 1.5})
    user.add_slack({"email": "marge@example.com", "access_token": "xoxb-1"})
    user.add_ms_teams({"tenant_id": "t", "service_url": "https://teams.example.com", "user_id": "29:1"})
    return user.save()["success"]


def timezone() -> Any:
    """The time zone."""
    user = client.user.get_instance(f"{PREFIX}timezone")
    user.set_timezone("America/New_York")
    return user.save()["success"]


def locale() -> Any:
    """The locale."""
    user = client.user.get_instance(f"{PREFIX}locale")
    user.set_locale("en_GB")
    return user.save()["success"]


def bulk() -> Any:
    """Nine hundred users in one call, which takes several requests."""
    users = client.bulk_users.new_instance()
    for number in range(900):
        user = client.user.get_instance(f"{PREFIX}bulk-{number:04}")
        user.append("number", number)
        users.append(user)
    return figures(users.save())


def lists() -> Any:
    """A list: create, fill, take from it, read."""
    api, list_id = client.subscriber_lists, f"{PREFIX}list"
    api.create({"list_id": list_id, "list_name": "A list"})
    api.add(list_id, [f"{PREFIX}bulk-{number:04}" for number in range(3)])
    api.remove(list_id, [f"{PREFIX}bulk-0001"])
    found = api.get(list_id)
    return [found["list_id"], found["list_name"], found["subscribers_count"], "results" in api.get_all(limit=1)]


def list_versions() -> Any:
    """A list replaced as a whole, and deleted."""
    api, list_id = client.subscriber_lists, f"{PREFIX}versions"
    api.create({"list_id": list_id})
    draft = api.start_sync(list_id)["version_id"]
    api.add_to_version(list_id, draft, [f"{PREFIX}bulk-{number:04}" for number in range(5)])
    api.remove_from_version(list_id, draft, [f"{PREFIX}bulk-0000"])
    in_draft = api.get_version(list_id, draft)["subscribers_count"]
    api.finish_sync(list_id, draft)
    return [in_draft, api.get(list_id)["subscribers_count"], api.delete(list_id)["success"]]


def users() -> Any:
    """The API of users: both kinds of edits, upsert, read, page, subscriptions, delete; ids that need care in a path."""
    api, ids = client.users, [f"{PREFIX}{name}" for name in ("plain", "a/b", "a+b", "a%2Fb", "ü?#&")]
    answers: list[Any] = []
    for distinct_id in ids:
        edit = api.get_edit_instance(distinct_id)
        edit.set("n", 1)
        answers.append(api.async_edit(edit)["success"])
        edit = api.get_edit_instance(distinct_id)
        edit.increment("n", 1)
        answers.append(api.edit(edit)["properties"]["n"])
        answers.append(api.edit(distinct_id, {"operations": [{"$add": {"n": 1}}]})["properties"]["n"])
        api.upsert(distinct_id, {"$email": ["a@example.com"], "m": 1})
        answers.append(api.get(distinct_id)["distinct_id"] == distinct_id)
    page = api.list({"limit": 2, "search": PREFIX})
    answers += [len(page["results"]), page["meta"]["has_next"]]
    answers += [
        len(api.get_objects_subscribed_to(ids[0])["results"]),
        len(api.get_lists_subscribed_to(ids[0])["results"]),
    ]
    answers.append(api.delete(ids[0])["success"])
    answers.append(refused(api.get, ids[0]))
    return answers


def users_bulk() -> Any:
    """Nine hundred users by the API of users."""
    edits = client.users.get_bulk_edit_instance()
    for number in range(900):
        edit = client.users.get_edit_instance(f"{PREFIX}many-{number:04}")
        edit.set("number", number)
        edits.append(edit)
    return figures(edits.save())


def objects() -> Any:
    """An object, and a user who is subscribed to it."""
    api, name, user = client.objects, ("teams", f"{PREFIX}a/b"), f"{PREFIX}member"
    edit = api.get_edit_instance(*name)
    edit.set("name", "Core")
    api.edit(edit)
    api.upsert(*name, {"plan": "pro"})
    api.create_subscriptions(*name, {"recipients": [user]})
    subscribed = [row["user"]["distinct_id"] for row in api.get_subscriptions(*name)["results"]]
    api.delete_subscriptions(*name, {"recipients": [user]})
    found = api.get(*name)
    return [found["properties"], subscribed == [user], found["subscriptions_count"], api.delete(*name)["success"]]


def spaces() -> Any:
    """Ids with a space in a path, of a user and of an object, next to ids with a plus in its place."""
    user = f"{PREFIX}c d"
    client.users.upsert(f"{PREFIX}c+d", {"n": 7})
    edit = client.users.get_edit_instance(user)
    edit.set("n", 1)
    client.users.async_edit(edit)
    answers = [client.users.get(user)["distinct_id"] == user]
    edit = client.users.get_edit_instance(user)
    edit.increment("n", 1)
    answers.append(client.users.edit(edit)["properties"]["n"])
    client.objects.upsert("the teams", user, {"n": 1})
    answers.append(client.objects.get("the teams", user)["id"] == user)
    answers.append(client.users.get(f"{PREFIX}c+d")["properties"]["n"])
    return answers


def figures(response: Any) -> Any:
    """What a bulk call says of itself."""
    return [response.status, response.success, response.failure]


def refused(call: Any, *arguments: Any) -> Any:
    """The status with which the hub refuses the call."""
    try:
        call(*arguments)
    except suprsend.SuprsendAPIException as error:
        return error.status_code


def answer_of(part: str) -> Any:
    """What the part of that name returns; what it raises is an answer as well."""
    try:
        return globals()[part]()
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump({part: answer_of(part) for part in PARTS}, sys.stdout)
