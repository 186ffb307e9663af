"""Ordinary use of the users API, printed as JSON: one answer by step.

Run unchanged by the vendor's SDK and by ours; only the standard library, `suprsend` and modules of this
folder are imported. Arguments: the
prefix of all distinct_ids, and an API key. The hub's address comes in SUPRSEND_BASE_URL; the vendor's SDK does not know
that variable, so it is handed over as an argument.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

import suprsend
from every_edit import every_method

PREFIX, API_KEY = sys.argv[1:]
BASE_URL = os.environ["SUPRSEND_BASE_URL"]
HARD_IDS = [
    "a b/c?d#e%f+g@h.io",
    "zoë",
    "💡🚀",
    "%2F",
    "x/../y",
    "a&b=c;d,e'f\"g",
    "日本語",
]

# What a program written for the vendor's SDK can catch, most special first.
EXCEPTIONS = (
    suprsend.SuprsendConfigError,
    suprsend.SuprsendAPIException,
    suprsend.InputValueError,
    suprsend.SuprsendValidationError,
    suprsend.SuprsendError,
    Exception,
)

answers: dict[str, Any] = {}
client = suprsend.Suprsend("workspace_key", "workspace_secret", base_url=BASE_URL)


def said(error: Exception) -> str:
    """Return the text of an error, without the request id that our SDK adds."""
    return str(error).partition(" [request_id: ")[0]


def step(name: str, call: Any, *arguments: Any) -> Any:
    """Keep what the call returned, or what it raised."""
    try:
        answer = call(*arguments)
    except Exception as error:  # noqa: BLE001 - what is raised is an answer like any other
        answer = {"raised": caught_as(error), "text": said(error)}
    if isinstance(answer, suprsend.BulkResponse):
        codes = [record["code"] for record in answer.failed_records]
        answer = {"text": str(answer), "status": answer.status, "failed": codes, "warnings": answer.warnings}
    answers[name] = answer
    return answer


def caught_as(error: Exception) -> str:
    """Return the name by which ordinary programs catch the error."""
    return next(kind.__name__ for kind in EXCEPTIONS if isinstance(error, kind))


def edit_and_read() -> None:
    """A user's life: event, read, synchronous edits, upsert, deletion."""
    distinct_id = f"{PREFIX}life"
    step("async_edit", client.users.async_edit, every_method(client.users.get_edit_instance(distinct_id)))
    step("get", client.users.get, distinct_id)
    step("edit with all methods", client.users.edit, every_method(client.users.get_edit_instance(f"{PREFIX}sync")))
    user = client.users.get_edit_instance(distinct_id)
    user.increment("logins", 4)
    user.unset("$email")
    user.append("$email", "new@example.com")
    step("edit an instance", client.users.edit, user)
    step("edit by id", client.users.edit, distinct_id, {"operations": [{"$set": {"plan": "free"}}]})
    step("edit by id with nothing", client.users.edit, distinct_id, {})
    bad = client.users.get_edit_instance(distinct_id)
    bad.set("plan", "never stored")
    bad.add_email("no address")
    step("edit with a bad value", client.users.edit, bad)
    step("event with a bad value", client.users.async_edit, bad_event(distinct_id))
    step("get after bad values", client.users.get, distinct_id)
    step("upsert", client.users.upsert, distinct_id, {"$sms": ["+15550100099"], "city": "Springfield"})
    step("upsert a new one", client.users.upsert, f"{PREFIX}upserted", {"$email": ["u@example.com"]})
    step("delete", client.users.delete, distinct_id)
    step("delete again", client.users.delete, distinct_id)
    step("get after delete", client.users.get, distinct_id)
    again = client.users.get_edit_instance(distinct_id)
    again.set("name", "Again")
    step("edit after delete", client.users.edit, again)


def bad_event(distinct_id: str) -> Any:
    """Build an edit of which one operation can be applied and one cannot."""
    user = client.users.get_edit_instance(distinct_id)
    user.set("from_event", "stored")
    user.add_email("no address either")
    return user


def in_bulk() -> None:
    """A thousand users in one save, walked page by page."""
    bulk = client.users.get_bulk_edit_instance()
    for number in range(1000):
        user = client.users.get_edit_instance(f"{PREFIX}bulk-{number:04}")
        user.set("number", number)
        user.add_email(f"u{number}@example.com")
        bulk.append(user)
    step("bulk save", bulk.save)
    step("bulk save of nothing", client.users.get_bulk_edit_instance().save)
    seen: list[str] = []
    options: dict[str, Any] = {"search": f"{PREFIX}bulk-", "limit": 300}
    while True:
        page = client.users.list(options)
        seen += [user["distinct_id"] for user in page["results"]]
        if not page["meta"]["has_next"]:
            break
        options["after"] = page["meta"]["after"]
    answers["bulk walked"] = {"users": len(seen), "distinct": len(set(seen))}
    answers["list"] = sorted(client.users.list({"limit": 1}))
    step("get one of the bulk", client.users.get, f"{PREFIX}bulk-0999")


def hard_ids() -> None:
    """Ids that a router, a signature or a database might trip over."""
    for hard in [*HARD_IDS, "x" * (255 - len(PREFIX))]:
        distinct_id = PREFIX + hard
        user = client.users.get_edit_instance(distinct_id)
        user.set("id", distinct_id)
        step(f"event {hard}", client.users.async_edit, user)
        step(f"edit {hard}", client.users.edit, user)
        step(f"get {hard}", client.users.get, distinct_id)
        step(f"delete {hard}", client.users.delete, distinct_id)
    step("edit a too long id", edit_too_long_id)


def edit_too_long_id() -> object:
    """Edit a user whose id no hub accepts."""
    too_long = client.users.get_edit_instance(PREFIX + "x" * (256 - len(PREFIX)))
    too_long.set("never", "stored")
    return client.users.edit(too_long)


def deprecated() -> None:
    """The older interface that the documentation still names."""
    user = client.user.get_instance(f"{PREFIX}old")
    user.add_email("old@example.com")
    step("user.save", user.save)
    bulk = client.bulk_users.new_instance()
    for number in range(3):
        one = client.user.get_instance(f"{PREFIX}old-{number}")
        one.set("number", number)
        bulk.append(one)
    step("bulk_users.save", bulk.save)
    again = client.bulk_users.new_instance()
    again.append(client.user.new(f"{PREFIX}old-triggered"))
    step("bulk_users.trigger", again.trigger)
    every = every_method(client.user.new(f"{PREFIX}old-every"))
    step("user: errors of a body", every.validate_body)
    step("user: as JSON", every.as_json)
    answers["user: event"] = without_random(every.get_event())
    step("user: size", every.validate_event_size, {"text": "ü" * 100})
    step("user: save with all methods", every.save)
    step("get user with all methods", client.users.get, f"{PREFIX}old-every")
    step("get user.save", client.users.get, f"{PREFIX}old")
    step("get bulk_users.save", client.users.get, f"{PREFIX}old-2")


def without_random(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without what is different each time, and for each SDK."""
    return {key: value for key, value in event.items() if key not in {"$insert_id", "$time", "properties"}}


def helpers() -> None:
    """What the SDK offers besides requests, and the deletion of many users."""
    users, ids = client.users, [f"{PREFIX}many-{number}" for number in range(3)]
    step("detail_url", users.detail_url, f"{PREFIX}a b/c")
    step("detail_url of no user", users.detail_url, " ")
    step("detail_url_for_tenant", users.detail_url_for_tenant, f"{PREFIX}a", "acme/berlin")
    edit = every_method(users.get_edit_instance(ids[0], "acme"))
    step("errors of a body", edit.validate_body)
    step("payload", edit.get_payload)
    answers["payload of an event"] = without_random(edit.get_async_payload())
    step("payload in short", edit.as_json_async)
    step("payload with its size", edit.validate_payload_size, {"text": "ü" * 100})
    step("payload that is too big", edit.validate_payload_size, {"text": "x" * 11_000})
    for distinct_id in ids:
        users.upsert(distinct_id)
    step("bulk delete", users.bulk_delete, {"distinct_ids": [*ids, f"{PREFIX}unknown"]})
    step("get after bulk delete", users.get, ids[2])
    step("bulk delete of nobody", users.bulk_delete, None)


def merging() -> None:
    """One user becomes part of another."""
    users, ada, anon = client.users, f"{PREFIX}merge ada", f"{PREFIX}merge/anon"
    users.upsert(ada, {"name": "Ada", "$email": ["ada@example.com"]})
    users.upsert(anon, {"name": "?", "city": "Paris", "$email": ["anon@example.com"]})
    client.objects.upsert(f"{PREFIX}merged", "team")
    client.objects.create_subscriptions(f"{PREFIX}merged", "team", {"recipients": [anon]})
    client.subscriber_lists.create({"list_id": f"{PREFIX}merged"})
    client.subscriber_lists.add(f"{PREFIX}merged", [anon])
    client.tenants.upsert(f"{PREFIX}merged", {"tenant_name": "Merged"})
    users.upsert_for_tenant(anon, f"{PREFIX}merged", {"role": "guest"})
    step("merge", users.merge, ada, anon)
    step("objects of the primary", users.get_objects_subscribed_to, ada)
    step("lists of the primary", users.get_lists_subscribed_to, ada)
    step("tenants of the primary", users.list_associated_tenants, ada)
    step("subscriptions after the merge", client.objects.get_subscriptions, f"{PREFIX}merged", "team")
    step("list after the merge", client.subscriber_lists.get, f"{PREFIX}merged")
    step("objects of the merged one", users.get_objects_subscribed_to, anon)
    step("get the primary", users.get, ada)
    step("get the merged one", users.get, anon)
    step("merge again", users.merge, ada, anon)
    step("merge into nobody", users.merge, f"{PREFIX}nobody", ada)
    step("merge with itself", users.merge, ada, ada)
    edit = users.get_edit_instance(anon)
    edit.set("n", 1)
    users.async_edit(edit)
    step("get the merged one after an event", users.get, anon)


def mistakes() -> None:
    """Local mistakes and refused credentials."""
    step("no id", client.users.get_edit_instance, " ")
    step("no id to get", client.users.get, "")
    step("nothing to edit", client.users.async_edit, None)
    big = client.users.get_edit_instance(f"{PREFIX}big")
    big.set("text", "x" * 11_000)
    answers["too big"] = type_of_error(client.users.async_edit, big)
    wrong = suprsend.Suprsend("workspace_key", "not the secret", base_url=BASE_URL)
    step("wrong secret", wrong.users.get, f"{PREFIX}x")
    step("wrong secret, event", wrong.users.async_edit, wrong.users.get_edit_instance(f"{PREFIX}x"))
    unknown = suprsend.Suprsend("another_workspace_key", "workspace_secret", base_url=BASE_URL)
    step("unknown key", unknown.users.get, f"{PREFIX}x")
    no_key = suprsend.Suprsend.with_workspace_api_key("workspace_key", "SS.wrong", base_url=BASE_URL)
    step("wrong API key", no_key.users.get, f"{PREFIX}x")
    step("no workspace", suprsend.Suprsend, "", "workspace_secret")


def type_of_error(call: Any, *arguments: Any) -> str:
    """Return the name of the exception that the call raises."""
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001
        return caught_as(error)
    return "none"


def with_api_key() -> None:
    """The same with an API key in place of signatures."""
    other = suprsend.Suprsend.with_workspace_api_key("workspace_key", API_KEY, base_url=BASE_URL)
    user = other.users.get_edit_instance(f"{PREFIX}key")
    user.set("by", "API key")
    step("API key: async_edit", other.users.async_edit, user)
    step("API key: get", other.users.get, f"{PREFIX}key")
    bulk = other.users.get_bulk_edit_instance()
    bulk.append(user)
    step("API key: bulk", bulk.save)
    step("API key: delete", other.users.delete, f"{PREFIX}key")


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    for part in (edit_and_read, in_bulk, hard_ids, deprecated, helpers, merging, mistakes, with_api_key):
        step(part.__name__, part)
    json.dump(answers, sys.stdout, ensure_ascii=True, indent=1)
