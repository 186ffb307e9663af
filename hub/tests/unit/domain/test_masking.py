"""Masking of secrets in what is logged and shown."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from suprsend_hub.domain.masking import mask_secrets

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts

SECRET = "s3cr3t-s3cr3t-s3cr3t"


@pytest.mark.parametrize(
    "value",
    [
        {"$append": {"$slack": {"user_id": "U1", "access_token": SECRET}}},
        {"$append": {"$slack": SECRET}},
        {"$append": {"$slack": {"incoming_webhook": {"url": f"http{SECRET}"}}}},
        {"$append": {"$ms_teams": [{"incoming_webhook": {"url": SECRET}}]}},
        {"$append": {"$androidpush": [SECRET, SECRET]}},
        {"$set": {"$iospush": {"token": SECRET}}},
        {"$append": {"$webpush": {"endpoint": SECRET, "keys": {"p256dh": SECRET, "auth": SECRET}}}},
        {"$webpush": [{"value": {"endpoint": SECRET}, "id_provider": "vapid"}]},
        {"properties": {"nested": [{"access_token": SECRET}]}},
    ],
    ids=repr,
)
def test_secrets_are_cut(value):
    """Tokens, webhook URLs and push keys never survive beyond their first four characters."""
    assert "s3cr3t-s" not in json.dumps(mask_secrets(value))
    assert "…" in json.dumps(mask_secrets(value), ensure_ascii=False)


def test_the_rest_stays_legible():
    """Names, providers and ordinary values are left as they are: they say which identity was meant."""
    value = {
        "$append": {"$slack": {"user_id": "U1234567890123"}, "$email": "a@example.com", "$id_provider": "fcm"},
        "n": [1, None],
    }
    assert mask_secrets(value) == value


@given(any_json)
def test_masked_values_can_be_stored(value):
    """Whatever came in, what comes out is JSON that encodes to UTF-8 and has no NUL."""
    assert b"\\u0000" not in msgspec.json.encode(mask_secrets(value))


def test_bottomless_nesting_is_cut():
    """Nesting beyond any storable value becomes an ellipsis instead of a crash."""
    value: object = 1
    for _ in range(100_000):
        value = {"a": value}
    assert "…" in json.dumps(mask_secrets(value), ensure_ascii=False)
