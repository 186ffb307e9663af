"""The request signature against the golden vectors, and its properties."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend._signature import http_date, sign

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "contract" / "vectors" / "hmac_python.json").read_text(encoding="utf-8")
)


def authorization(vector: dict[str, Any], secret: str) -> str:
    parts = urlsplit(vector["url"])
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    signature = sign(secret, vector["method"], target, vector["body"].encode(), vector["content_type"], vector["date"])
    return f"{VECTORS['workspace_key']}:{signature}"


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_signature_equals_the_official_one(vector: dict[str, Any]) -> None:
    assert authorization(vector, VECTORS["workspace_secret"]) == vector["authorization"]


@pytest.mark.parametrize("vector", VECTORS["must_not_verify"], ids=lambda vector: vector["name"])
def test_what_must_not_verify_differs_from_our_signature(vector: dict[str, Any]) -> None:
    assert authorization(vector, VECTORS["workspace_secret"]) != vector["authorization"]


FIELDS = st.tuples(st.text(max_size=20), st.sampled_from(["GET", "POST"]), st.text(max_size=20), st.binary(max_size=20))


@given(FIELDS, FIELDS)
def test_signature_depends_on_every_field(one: tuple[str, str, str, bytes], other: tuple[str, str, str, bytes]) -> None:
    def signature(fields: tuple[str, str, str, bytes]) -> str:
        secret, method, path, body = fields
        # HMAC pads short keys with zero bytes, so keys that differ in trailing zeros only are one key.
        return sign("k" + secret.encode("utf-8", "replace").hex(), method, "/" + path.encode().hex(), body, "c", "d")

    assert (signature(one) == signature(other)) == (one == other)


def test_date_header_is_an_english_http_date() -> None:
    assert http_date(1748944800) == "Tue, 03 Jun 2025 10:00:00 GMT"
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
