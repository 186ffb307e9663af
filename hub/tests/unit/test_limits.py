"""Every limit of the interface is data of the contract, with unit and reason; the hub's constants agree with it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

from suprsend_hub.domain.codes import Code

LIMITS = {
    limit["name"]: limit
    for limit in json.loads((Path(__file__).parents[3] / "contract/limits.json").read_text())["limits"]
}
CONSTANTS = {
    "distinct_id_chars": "domain.limits.MAX_DISTINCT_ID_CHARS",
    "slug_chars": "domain.limits.MAX_SLUG_CHARS",
    "key_chars": "domain.limits.MAX_KEY_CHARS",
    "value_depth": "domain.limits.MAX_VALUE_DEPTH",
    "integer_min": "domain.limits.MIN_INTEGER",
    "integer_max": "domain.limits.MAX_INTEGER",
    "companion_chars": "domain.limits.MAX_COMPANION_CHARS",
    "email_bytes": "domain.limits.MAX_EMAIL_BYTES",
    "email_local_bytes": "domain.limits.MAX_EMAIL_LOCAL_BYTES",
    "phone_text_chars": "domain.limits.MAX_PHONE_TEXT_CHARS",
    "searched_chars": "domain.limits.MAX_SEARCHED_CHARS",
    "operations": "domain.limits.MAX_OPERATIONS",
    "identities": "domain.limits.MAX_IDENTITIES",
    "properties": "domain.limits.MAX_PROPERTIES",
    "profile_bytes": "domain.limits.MAX_PROFILE_BYTES",
    "edit_work": "domain.limits.MAX_EDIT_WORK",
    "sure_work": "domain.limits.SURE_WORK",
    "request_work": "domain.limits.MAX_REQUEST_WORK",
    "subscription_bytes": "domain.limits.MAX_SUBSCRIPTION_BYTES",
    "page_bytes": "domain.limits.MAX_PAGE_BYTES",
    "lists": "domain.limits.MAX_LISTS",
    "drafts": "domain.limits.MAX_DRAFTS",
    "object_types": "domain.limits.MAX_OBJECT_TYPES",
    "logged_refusals": "domain.limits.MAX_LOGGED_REFUSALS",
    "logged_bytes": "domain.limits.MAX_LOGGED_BYTES",
    "listed_refusals": "domain.limits.MAX_REFUSALS",
    "refused_bytes": "domain.limits.MAX_REFUSED_BYTES",
    "reported_refusals_of_event": "domain.limits.MAX_REPORTED_OF_EVENT",
    "reported_refusals": "domain.limits.MAX_REPORTED_IN_ANSWER",
    "event_bytes": "api.bodies.event.MAX_EVENT_BYTES",
    "events_per_request": "api.bodies.event.MAX_EVENTS",
    "event_body_bytes": "api.requests.MAX_EVENT_BODY_BYTES",
    "body_bytes": "api.requests.MAX_BODY_BYTES",
    "insert_id_chars": "api.bodies.event.MAX_INSERT_ID_CHARS",
    "idempotency_key_chars": "api.requests._MAX_IDEMPOTENCY_KEY_CHARS",
    "page_size": "api.bodies.page.MAX_LIMIT",
    "page_offset": "api.bodies.page._MAX_OFFSET",
    "bulk_delete_ids": "api.bodies.profile.MAX_BULK_DELETE",
    "subscription_recipients": "domain.subscription.MAX_RECIPIENTS",
    "object_nesting": "domain.subscription.MAX_NESTING",
    "list_text_chars": "domain.subscriber_list.MAX_TEXT_CHARS",
    "tenant_name_chars": "domain.limits.MAX_TENANT_NAME_CHARS",
    "tenant_text_chars": "domain.limits.MAX_TENANT_TEXT_CHARS",
    "tenant_bytes": "domain.limits.MAX_TENANT_BYTES",
    "categories": "domain.limits.MAX_CATEGORIES",
    "category_chars": "domain.limits.MAX_CATEGORY_CHARS",
    "description_chars": "domain.limits.MAX_DESCRIPTION_CHARS",
    "tags": "domain.limits.MAX_TAGS",
    "digest_options": "domain.limits.MAX_DIGEST_OPTIONS",
    "bulk_choices": "domain.limits.MAX_BULK_CHOICES",
    "locales": "domain.limits.MAX_LOCALES",
    "tag_filter_depth": "domain.limits.MAX_TAG_FILTER_DEPTH",
    "reports": "api.bodies.sending.MAX_REPORTS",
    "reported_profiles": "domain.feedback.MAX_REPORTED_PROFILES",
    "mistakes": "domain.limits.MAX_MISTAKES",
}
INTERNAL = {
    "domain.ids._MAX_CLOCK_MS",
    "domain.ids._MAX_ULID",
    "domain.digest._MAX_POSITION",
    "domain.phones._MAX_DIGITS_BEFORE_SLASH",
    "domain.values._MAX_TAG_CHARS",
    "domain.emails._MAX_GIVEN_CHARS",
    "domain.emails._MAX_REASON_CHARS",
    "domain.fold._MAX_CACHED_KEY_CHARS",
    "domain.masking._MAX_DEPTH",
    "domain.profile._MAX_UTF8_BYTES_PER_CHAR",
    "api.bodies.flaws.MAX_MARKS",
    "api.bodies.flaws._MAX_DIGITS",
}
"""Constants that bound work of the hub's own; no client meets them as a limit."""


def constants() -> dict[str, int]:
    """Every constant of rules and API that is named as a limit, where it is defined."""
    found = {}
    for package in ("domain", "api"):
        root = importlib.import_module(f"suprsend_hub.{package}")
        for info in pkgutil.walk_packages(root.__path__, f"suprsend_hub.{package}."):
            module = importlib.import_module(info.name)
            source = Path(str(module.__file__)).read_text()
            for name in re.findall(r"^(_?(?:MAX|MIN|SURE)_\w+)(?:: Final)? *=", source, re.MULTILINE):
                found[f"{info.name.removeprefix('suprsend_hub.')}.{name}"] = getattr(module, name)
    return found


def test_every_limit_is_that_of_the_contract():
    """A limit that is changed, added or removed here must be so in the contract as well."""
    found = constants()
    assert {name: found[constant] for name, constant in CONSTANTS.items()} == {
        name: limit["value"] for name, limit in LIMITS.items() if "hub" in limit["checked_by"]
    }
    assert found.keys() - set(CONSTANTS.values()) == INTERNAL


def test_every_limit_says_what_it_counts_and_why():
    codes = {str(code) for code in Code}
    for limit in LIMITS.values():
        assert limit["unit"]
        assert limit["reason"].endswith(".")
        assert limit["imposed_by"] in ("hub", "upstream")
        assert limit["error_code"] is None or limit["error_code"] in codes
        assert set(limit["checked_by"]) <= {"hub", "sdk"}
