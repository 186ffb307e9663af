"""Objects, subscriber lists and both ends of a subscription, printed as JSON: one answer by step.

Run unchanged by the vendor's SDK and by ours, with the same arguments as `ordinary_use.py`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import suprsend
from every_edit import every_method

PREFIX, _API_KEY = sys.argv[1:]
CATALOGUE = f"{PREFIX}teams"
LIST_ID = f"{PREFIX}news"
ADA, BO, CY, UNKNOWN = (f"{PREFIX}{name}" for name in ("ada", "bo", "cy", "unknown"))
HARD = "a b/c?d#e%f+g"

answers: dict[str, Any] = {}
client = suprsend.Suprsend("workspace_key", "workspace_secret", base_url=os.environ["SUPRSEND_BASE_URL"])


def said(error: Exception) -> str:
    """Return the text of an error, without the request id that our SDK adds."""
    return str(error).partition(" [request_id: ")[0]


def step(name: str, call: Any, *arguments: Any) -> Any:
    """Keep what the call returned, or what it raised."""
    try:
        answer = call(*arguments)
    except suprsend.SuprsendAPIException as error:
        answer = {"raised": "SuprsendAPIException", "text": said(error)}
    except Exception as error:  # noqa: BLE001 - what is raised is an answer like any other
        answer = {"raised": type(error).__name__, "text": said(error)}
    answers[name] = answer
    return answer


def objects() -> None:
    """An object's life: every method of `objects`."""
    step("upsert", client.objects.upsert, CATALOGUE, "web", {"$email": ["web@example.com"], "name": "Web"})
    step("upsert nothing", client.objects.upsert, CATALOGUE, "empty")
    step("get", client.objects.get, CATALOGUE, "web")
    edit = client.objects.get_edit_instance(CATALOGUE, "web")
    edit.set("floor", 3)
    edit.increment("desks", 12)
    edit.append("tags", "blue")
    edit.add_slack({"channel_id": "C1", "access_token": "xoxb-1"})
    edit.remove_email("web@example.com")
    step("edit an instance", client.objects.edit, edit)
    step("edit by id", client.objects.edit, CATALOGUE, "web", {"operations": [{"$unset": ["floor"]}]})
    step("edit by id with nothing", client.objects.edit, CATALOGUE, "web", {})
    step("upsert a hard id", client.objects.upsert, CATALOGUE, HARD, {"hard": True})
    step("get a hard id", client.objects.get, CATALOGUE, HARD)
    every = every_method(client.objects.get_edit_instance(CATALOGUE, "every"))
    step("errors of a body", every.validate_body)
    step("payload", every.get_payload)
    step("edit with all methods", client.objects.edit, every)
    client.objects.delete(CATALOGUE, "every")
    step("detail_url", client.objects.detail_url, CATALOGUE, HARD)
    step("list", client.objects.list, CATALOGUE, {"limit": 2})
    step("delete", client.objects.delete, CATALOGUE, "empty")
    step("get after delete", client.objects.get, CATALOGUE, "empty")
    for number in range(3):
        client.objects.upsert(CATALOGUE, f"bulk-{number}")
    step("bulk delete", client.objects.bulk_delete, CATALOGUE, {"object_ids": [f"bulk-{n}" for n in range(3)]})
    step("get after bulk delete", client.objects.get, CATALOGUE, "bulk-1")
    step("no type", client.objects.get, " ", "web")
    step("no id", client.objects.get, CATALOGUE, "")


def subscriptions() -> None:
    """Users and objects subscribe to an object, and both ends show it."""
    client.objects.upsert(CATALOGUE, "company", {"name": "Company"})
    client.users.upsert(ADA, {"name": "Ada"})
    payload = {
        "recipients": [ADA, {"distinct_id": BO, "$email": ["bo@example.com"], "name": "Bo"}],
        "properties": {"role": "developer"},
    }
    step("subscribe", client.objects.create_subscriptions, CATALOGUE, "web", payload)
    child = {"recipients": [{"object_type": CATALOGUE, "id": "web"}]}
    step("subscribe an object", client.objects.create_subscriptions, CATALOGUE, "company", child)
    step("subscribe to itself", client.objects.create_subscriptions, CATALOGUE, "web", child)
    step("subscribe to nothing", client.objects.create_subscriptions, CATALOGUE, "nothing", payload)
    step("subscriptions of web", client.objects.get_subscriptions, CATALOGUE, "web")
    step("subscriptions of the company", client.objects.get_subscriptions, CATALOGUE, "company")
    step("parents", client.objects.get_objects_subscribed_to, CATALOGUE, "web")
    step("counted", client.objects.get, CATALOGUE, "web")
    step("inline user", client.users.get, BO)
    client.objects.create_subscriptions(CATALOGUE, "company", {"recipients": [ADA]})
    page = step("objects of a user, page 1", client.users.get_objects_subscribed_to, ADA, {"limit": 1})
    options = {"limit": 1, "after": page["meta"]["after"]}
    page = step("objects of a user, page 2", client.users.get_objects_subscribed_to, ADA, options)
    options = {"limit": 1, "before": page["meta"]["before"]}
    step("objects of a user, back to page 1", client.users.get_objects_subscribed_to, ADA, options)
    step("objects of nobody", client.users.get_objects_subscribed_to, UNKNOWN)
    recipients = {"recipients": [ADA, UNKNOWN, {"object_type": CATALOGUE, "id": "other"}]}
    step("unsubscribe", client.objects.delete_subscriptions, CATALOGUE, "web", recipients)
    step("objects of a user after unsubscribing", client.users.get_objects_subscribed_to, ADA)
    step("counted after unsubscribing", client.objects.get, CATALOGUE, "web")
    client.objects.delete(CATALOGUE, "company")
    step("objects of a user after deletion", client.users.get_objects_subscribed_to, ADA)


def lists() -> None:
    """A list's life: every method of `subscriber_lists` but broadcast."""
    for distinct_id in (ADA, BO, CY):
        client.users.upsert(distinct_id, {})
    api = client.subscriber_lists
    step("create", api.create, {"list_id": LIST_ID, "list_name": "News", "list_description": "Weekly"})
    step("create again", api.create, {"list_id": LIST_ID, "list_name": "Weekly news"})
    step("create without id", api.create, {"list_name": "News"})
    step("create with a bad id", api.create, {"list_id": "not allowed!"})
    step("cleaned limit and offset", api.cleaned_limit_offset, 0, -1)
    step("add", api.add, LIST_ID, [ADA, BO, UNKNOWN])
    step("add again", api.add, LIST_ID, [ADA])
    step("add nobody", api.add, LIST_ID, [])
    step("get a list", api.get, LIST_ID)
    step("lists of a user", client.users.get_lists_subscribed_to, ADA)
    step("lists of nobody", client.users.get_lists_subscribed_to, UNKNOWN)
    step("remove", api.remove, LIST_ID, [BO, CY])
    step("lists of a user after removal", client.users.get_lists_subscribed_to, BO)
    draft = step("start_sync", api.start_sync, LIST_ID)
    version = draft["version_id"]
    step("add to a version", api.add_to_version, LIST_ID, version, [BO, CY])
    step("remove from a version", api.remove_from_version, LIST_ID, version, [BO])
    step("get a version", api.get_version, LIST_ID, version)
    step("get a list with a draft", api.get, LIST_ID)
    step("finish_sync", api.finish_sync, LIST_ID, version)
    step("lists of a user left out by the new version", client.users.get_lists_subscribed_to, ADA)
    step("lists of a user in the new version", client.users.get_lists_subscribed_to, CY)
    step("get a finished version", api.get_version, LIST_ID, version)
    other = client.subscriber_lists.start_sync(LIST_ID)["version_id"]
    step("delete a version", api.delete_version, LIST_ID, other)
    client.users.delete(CY)
    step("get a list after its user is deleted", api.get, LIST_ID)
    answers["get all"] = sorted(api.get_all(limit=5))
    step("all users", api.get, "all_users")
    step("add to all users", api.add, "all_users", [ADA])
    step("delete a list", api.delete, LIST_ID)
    step("get a deleted list", api.get, LIST_ID)


if __name__ == "__main__":
    for part in (objects, subscriptions, lists):
        step(part.__name__, part)
    json.dump(answers, sys.stdout, ensure_ascii=True, indent=1)
