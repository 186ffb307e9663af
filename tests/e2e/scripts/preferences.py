"""Preferences of users, objects and tenants, printed as JSON: one answer by step.

Run unchanged by the vendor's SDK and by ours, with the same arguments as `ordinary_use.py`. The hub has the categories
of `tests/e2e/categories/`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import suprsend

PREFIX, _API_KEY = sys.argv[1:]
ACME, ADA, UNKNOWN = (f"{PREFIX}{name}" for name in ("acme", "ada/zoë", "unknown"))
TEAM = ("teams", f"{PREFIX}core")
WITHIN = {"tenant_id": ACME}
RESTRICT = {"channel_preferences": [{"channel": "sms", "is_restricted": True}]}

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


def of_recipients(kind: str, api: Any, recipient: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    """Every preference method of `users`, or of `objects`."""
    get, choose = api.get_category_preference, api.update_category_preference
    step(f"{kind}: full", api.get_full_preference, *recipient)
    step(f"{kind}: tagged", api.get_full_preference, *recipient, {"tags": "work", "show_opt_out_channels": True})
    step(f"{kind}: full in Spanish", api.get_full_preference, *recipient, {"locale": "es-MX"})
    step(f"{kind}: default", get, *recipient, "news")
    step(f"{kind}: opt out", choose, *recipient, "news", {"preference": "opt_out"})
    step(f"{kind}: shown", get, *recipient, "news", {"show_opt_out_channels": True})
    step(f"{kind}: opt in", choose, *recipient, "news", {"preference": "opt_in", "opt_out_channels": ["email"]})
    step(f"{kind}: within a tenant", choose, *recipient, "news", {"preference": "opt_out"}, WITHIN)
    step(f"{kind}: still", get, *recipient, "news", {"tenant_id": "default"})
    step(f"{kind}: restrict", api.update_global_channels_preference, *recipient, RESTRICT)
    step(f"{kind}: restrict within a tenant", api.update_global_channels_preference, *recipient, RESTRICT, WITHIN)
    step(f"{kind}: restricted", get, *recipient, "news")
    step(f"{kind}: full afterwards", api.get_full_preference, *recipient, WITHIN)
    step(f"{kind}: mandatory", choose, *recipient, "alerts", {"preference": "opt_out"})
    step(f"{kind}: no body", choose, *recipient, "news", {})
    step(f"{kind}: unknown category", get, *recipient, "nothing")
    step(f"{kind}: blank category", get, *recipient, " ")
    step(f"{kind}: unknown tenant", get, *recipient, "news", {"tenant_id": UNKNOWN})
    step(f"{kind}: unknown", api.get_full_preference, *unknown)
    wrong = {"channel_preferences": [{"channel": "fax", "is_restricted": True}]}
    step(f"{kind}: bad channel", api.update_global_channels_preference, *recipient, wrong)


def users() -> None:
    """A user."""
    client.users.upsert(ADA, {"name": "Ada"})
    of_recipients("user", client.users, (ADA,), (UNKNOWN,))


def objects() -> None:
    """An object."""
    client.objects.upsert(*TEAM, {"name": "Core"})
    of_recipients("object", client.objects, TEAM, ("teams", UNKNOWN))


def tenants() -> None:
    """Every preference method of `tenants`."""
    api = client.tenants
    step("tenant: list", api.list_preference_categories, ACME, {"limit": 2, "offset": 1})
    step("tenant: get", api.get_preference_category, ACME, "alerts")
    body = {"preference": "opt_out", "blocked_channels": ["slack"], "visible_to_subscriber": True}
    step("tenant: update", api.update_preference_category, ACME, "tips", body)
    step(
        "tenant: in force", client.users.get_category_preference, ADA, "tips", {**WITHIN, "show_opt_out_channels": True}
    )
    step("tenant: elsewhere", client.users.get_category_preference, ADA, "tips")
    step("tenant: disable", api.update_preference_category, ACME, "news", {"enabled_for_tenant": False})
    step("tenant: list enabled", api.list_preference_categories, ACME)
    step("tenant: list all", api.list_preference_categories, ACME, {"include_disabled": True})
    step("tenant: unknown category", api.get_preference_category, ACME, "nothing")
    step("tenant: unknown", api.update_preference_category, UNKNOWN, "news", body)
    step("tenant: blank", api.list_preference_categories, " ")


if __name__ == "__main__":
    client.tenants.upsert(ACME, {"tenant_name": "Acme"})
    for part in (users, objects, tenants):
        step(part.__name__, part)
    json.dump(answers, sys.stdout, ensure_ascii=True, indent=1)
