"""Tenants, brands and users within tenants, printed as JSON: one answer by step.

Run unchanged by the vendor's SDK and by ours, with the same arguments as `ordinary_use.py`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import suprsend

PREFIX, _API_KEY = sys.argv[1:]
ACME, OTHER, GONE = (f"{PREFIX}{name}" for name in ("acme", "other", "gone"))
ADA, BO, UNKNOWN = (f"{PREFIX}{name}" for name in ("ada/zoë", "bo", "unknown"))

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
    if isinstance(answer, suprsend.BulkResponse):
        answer = {"text": str(answer)}
    answers[name] = answer
    return answer


def tenants() -> None:
    """A tenant's life: every method of `tenants`, and of `brands`."""
    fields = {
        "tenant_name": "Acme",
        "logo": "https://acme.example/logo.png",
        "timezone": "Europe/Berlin",
        "blocked_channels": ["sms"],
        "social_links": {"website": "https://acme.example"},
        "properties": {"plan": "pro"},
    }
    step("upsert a tenant", client.tenants.upsert, ACME, fields)
    step("update a tenant", client.tenants.upsert, ACME.upper(), {"properties": {"seats": 3}})
    step("get a tenant", client.tenants.get, ACME)
    step("upsert another", client.tenants.upsert, OTHER, {"tenant_name": "Other"})
    step("upsert without a name", client.tenants.upsert, GONE, {})
    step("upsert with HTML", client.tenants.upsert, GONE, {"tenant_name": "<b>Bold</b>"})
    step("URL of a tenant", client.tenants.detail_url, ACME)
    step("cleaned limit and offset", client.tenants.cleaned_limit_offset, 2_000, None)
    step("list tenants", client.tenants.list, 2, 0)
    step("get default", client.tenants.get, "default")
    step("delete default", client.tenants.delete, "default")
    step("upsert a brand", client.brands.upsert, GONE, {"brand_name": "Gone"})
    step("get a brand", client.brands.get, GONE)
    step("URL of a brand", client.brands.detail_url, GONE)
    step("cleaned limit and offset of brands", client.brands.cleaned_limit_offset, 5, 2)
    step("list brands", client.brands.list, 1, 0)
    step("delete a tenant", client.tenants.delete, GONE)
    step("delete it again", client.tenants.delete, GONE)
    step("get a deleted tenant", client.tenants.get, GONE)
    step("get no tenant", client.tenants.get, " ")


def users() -> None:
    """A user within tenants: every method of `users` that names a tenant."""
    step("upsert for a tenant before the user", client.users.upsert_for_tenant, ADA, ACME, {"role": "admin"})
    step("upsert a user", client.users.upsert, ADA, {"name": "Ada", "role": "member", "$email": ["ada@example.com"]})
    payload = {"role": "admin", "$email": ["ada@acme.example"]}
    step("upsert for a tenant", client.users.upsert_for_tenant, ADA, ACME, payload)
    step("get for a tenant", client.users.get_for_tenant, ADA, ACME)
    step("get for another tenant", client.users.get_for_tenant, ADA, OTHER)
    step("get for no tenant", client.users.get_for_tenant, ADA, GONE)
    step("get globally", client.users.get, ADA)
    edit = client.users.get_edit_instance(ADA, ACME)
    edit.increment("logins", 2)
    edit.unset("role")
    step("edit an instance", client.users.edit, edit)
    step("edit by id", client.users.edit, ADA, {"operations": [{"$set": {"floor": 3}}]}, OTHER)
    event = client.users.get_edit_instance(ADA, ACME)
    event.increment("logins", 1)
    step("event", client.users.async_edit, event)
    step("event for no tenant", client.users.async_edit, client.users.get_edit_instance(ADA, GONE))
    bulk = client.users.get_bulk_edit_instance()
    for distinct_id, tenant_id in ((BO, ACME), (BO, OTHER), (ADA, GONE), (ADA, ACME)):
        one = client.users.get_edit_instance(distinct_id, tenant_id)
        one.set("bulk", tenant_id)
        bulk.append(one)
    step("bulk", bulk.save)
    step("get after events", client.users.get_for_tenant, ADA, ACME)
    step("get a user whom an event created", client.users.get, BO)
    step("tenants of a user", client.users.list_associated_tenants, ADA, {"limit": 1})
    step("tenants of an unknown user", client.users.list_associated_tenants, UNKNOWN)
    step("users of a tenant", client.users.list, {"tenant_id": ACME, "limit": 5})
    step("users of no tenant", client.users.list, {"tenant_id": GONE})
    step("unlink", client.users.unlink_tenant, ADA, OTHER)
    step("unlink again", client.users.unlink_tenant, ADA, OTHER)
    step("get after unlinking", client.users.get_for_tenant, ADA, OTHER)
    step("no tenant id", client.users.get_for_tenant, ADA, " ")
    step("delete the user", client.users.delete, ADA)
    step("users of the tenant then", client.users.list, {"tenant_id": ACME})
    step("delete the tenant", client.tenants.delete, ACME)
    step("get within a deleted tenant", client.users.get_for_tenant, BO, ACME)


if __name__ == "__main__":
    for part in (tenants, users):
        step(part.__name__, part)
    json.dump(answers, sys.stdout, ensure_ascii=True, indent=1)
