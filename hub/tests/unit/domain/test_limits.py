"""The reference page of limits says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from suprsend_hub.api.bodies import event, page
from suprsend_hub.api.requests import MAX_BODY_BYTES, MAX_EVENT_BODY_BYTES
from suprsend_hub.domain import limits, subscriber_list, subscription

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "limits.md"
ROWS = [line.split("|")[1:3] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
CODES = Path(__file__).parents[4] / "docs" / "reference" / "error-codes.md"

WORDS = {
    "MAX_DISTINCT_ID_CHARS": "characters of a `distinct_id`", "MAX_SLUG_CHARS": "characters of a list id",
    "MAX_KEY_CHARS": "characters of a property key", "MAX_VALUE_DEPTH": "nested in a value", "MIN_INTEGER": "integers",
    "MAX_INTEGER": "integers", "MAX_OPERATIONS": "operations in one edit", "MAX_IDENTITIES": "identities of one channel",
    "MAX_PROPERTIES": "properties of a profile", "MAX_PROFILE_BYTES": "a profile",
    "MAX_COMPANION_CHARS": "device id", "MAX_EMAIL_BYTES": "bytes of an e-mail address",
    "MAX_EMAIL_LOCAL_BYTES": "before the `@`", "MAX_PHONE_TEXT_CHARS": "phone number as it is written",
    "MAX_SEARCHED_CHARS": "a searched address",
    "MAX_REFUSED_BYTES": "a rejected part in an answer", "MAX_REFUSALS": "refusals listed", "MAX_EDIT_WORK": "one edit",
    "SURE_WORK": "but each edit", "MAX_REQUEST_WORK": "all edits of one request",
    "MAX_SUBSCRIPTION_BYTES": "properties of a subscription", "MAX_PAGE_BYTES": "stored JSON of a page",
    "MAX_LISTS": "subscriber lists", "MAX_DRAFTS": "drafts of one list", "MAX_OBJECT_TYPES": "object types of a workspace",
    "MAX_LOGGED_REFUSALS": "entries in the log", "MAX_LOGGED_BYTES": "a rejected record in the log",
}  # fmt: skip
ELSEWHERE = {
    "body of `/event/`": MAX_EVENT_BODY_BYTES, "any other body": MAX_BODY_BYTES, "events in one request": event.MAX_EVENTS,
    "one event": event.MAX_EVENT_BYTES, "records of a page": page.MAX_LIMIT,
    "recipients in one": subscription.MAX_RECIPIENTS, "subscriptions in a chain": subscription.MAX_NESTING,
    "list's name": subscriber_list.MAX_TEXT_CHARS,
}  # fmt: skip


def numbers_at(words: str) -> list[int]:
    """The numbers of the rows that have these words."""
    found = [text for what, text in ROWS if words in what]
    assert found, f"no row says {words!r}"
    return [int(number.replace(",", "")) for text in found for number in re.findall(r"-?\d[\d,]*", text)]


def test_every_limit_has_a_row() -> None:
    """A limit that is added, renamed or dropped needs a line here and a row there."""
    assert {name for name in vars(limits) if name.startswith(("MAX_", "MIN_", "SURE_"))} == set(WORDS)


@pytest.mark.parametrize("name", sorted(WORDS))
def test_the_page_has_the_values_of_the_domain(name: str) -> None:
    """The number itself is in the row."""
    assert getattr(limits, name) in numbers_at(WORDS[name])


@pytest.mark.parametrize("words", sorted(ELSEWHERE))
def test_the_page_has_the_values_of_other_modules(words: str) -> None:
    """Limits of requests are defined where requests are read."""
    assert ELSEWHERE[words] in numbers_at(words)


def test_the_codes_exist() -> None:
    """Every error code that the page names is in the reference of error codes."""
    known = CODES.read_text(encoding="utf-8")
    for code in re.findall(r"\b4\d\d `(\w+)`", PAGE.read_text(encoding="utf-8")):
        assert f"`{code}`" in known
