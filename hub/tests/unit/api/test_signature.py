"""The signature check agrees with every official SDK's vectors, accepting and refusing."""

import hmac
import json
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from suprsend_hub.api.signature import SignedRequest, read_authorization, sign, verify

VECTORS = Path(__file__).parents[4] / "contract" / "vectors"


def _load(name: str) -> dict:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


PYTHON = _load("hmac_python.json")
OTHERS = _load("hmac_other_sdks.json")


def _verifies(vector: dict, secret: str, *, is_go: bool = False) -> bool:
    if "request_target_on_the_wire" in vector:
        path, _, query = vector["request_target_on_the_wire"].partition("?")
    else:
        parts = urlsplit(vector["url"])
        path, query = parts.path, parts.query
    return verify(
        secret.encode(),
        vector["authorization"].rpartition(":")[2],
        method=vector["method"],
        raw_path=path.encode(),
        query=query.encode(),
        body=vector["body"].encode(),
        content_type=vector["content_type"],
        date=vector["date"],
        is_go=is_go,
    )


@pytest.mark.parametrize("vector", PYTHON["vectors"], ids=lambda v: v["name"])
def test_accepts_what_the_python_sdk_signed(vector: dict) -> None:
    assert _verifies(vector, PYTHON["workspace_secret"])


@pytest.mark.parametrize("vector", PYTHON["must_not_verify"], ids=lambda v: v["name"])
def test_refuses_what_was_changed_after_signing(vector: dict) -> None:
    assert not _verifies(vector, PYTHON["workspace_secret"])


@pytest.mark.parametrize(
    ("sdk", "vector"),
    [
        pytest.param(sdk, vector, id=f"{sdk}: {vector['name']}")
        for sdk in ("node", "go", "java")
        for vector in OTHERS[sdk]["vectors"]
    ],
)
def test_accepts_what_the_other_sdks_signed(sdk: str, vector: dict) -> None:
    assert _verifies(vector, OTHERS["workspace_secret"], is_go=sdk == "go")


@pytest.mark.parametrize(
    "vector",
    [*PYTHON["vectors"], *OTHERS["node"]["vectors"], *OTHERS["go"]["vectors"]],
    ids=lambda v: v["name"],
)
def test_refuses_every_vector_under_another_secret(vector: dict) -> None:
    assert not _verifies(vector, "another secret")


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("/v1/user/a%40b/", "/v1/user/a%2540b/"),
        ("/v1/object/T/ID/subscription/", "/v1/object/T/ID%2Fsubscription/"),
        ("/v1/user/?search=x/", "/v1/user/%3Fsearch=x/"),
        ("/v1/user/a/b/?limit=1", "/v1/user/a%2Fb/?limit=1"),
        ("/v1/user/a%2fb/", "/v1/user/a%252fb/"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_signature_for_one_target_is_not_valid_for_another(method: str, signed: str, sent: str) -> None:
    """Not even through the decoded path that Go's SDK signs, unless the client says that it is Go's."""
    signature = sign(b"s", method=method, body=b"", content_type="", date="d", path=signed.encode()).decode()
    for target, right in ((sent, False), (signed, True)):
        path, _, query = target.encode().partition(b"?")
        assert verify(
            b"s", signature, method=method, raw_path=path, query=query, body=b"", content_type="", date="d"
        ) is right  # fmt: skip


@pytest.mark.parametrize("date", ["Mi, 04 Mär 2026 10:00:00 GMT", "mar., 04 août 2026 10:00:00 GMT", "févr."])
@pytest.mark.parametrize("content_type", ["application/json", "application/jsön"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_head_with_other_letters_may_be_signed_in_either_encoding(
    date: str, content_type: str, encoding: str
) -> None:
    """A program whose locale names the months: its SDK sends them in Latin-1 and signs them in UTF-8."""
    text = f"GET\n\n{content_type}\n{date}\n/v1/user/ada/".encode(encoding)
    signature = b64encode(hmac.digest(b"s", text, "sha256")).decode()
    request = {"method": "GET", "raw_path": b"/v1/user/ada/", "query": b"", "body": b"", "content_type": content_type}
    assert verify(b"s", signature, **request, date=date)
    assert not verify(b"s", signature, **request, date=date + "x")


@pytest.mark.parametrize("header", ["Bearer top-secret", "workspace_key:top-secret"])
def test_the_secret_part_of_a_header_is_not_shown(header: str) -> None:
    """A repr may end up in a log."""
    presented, signature = read_authorization(header, takes_service_tokens=False)
    assert "top-secret" in (presented.key if presented else "", signature)
    request = SignedRequest(signature, "GET", b"/v1/user/", b"", b"", None, "")
    assert "top-secret" not in repr((presented, request))


@pytest.mark.parametrize("header", [None, "", "Bearer", "bearer ", "ServiceToken x:y", "servicetoken", ":", "no-colon"])
def test_a_header_without_a_key_names_nothing(header: str | None) -> None:
    presented, _ = read_authorization(header, takes_service_tokens=False)
    assert presented is None or not presented.key


def test_secrets_do_not_sign_for_each_other() -> None:
    """What is prepared for a secret is kept, and belongs to that secret alone."""
    for _ in range(2):
        for secret in (b"one", b"two", b""):
            made = sign(secret, method="GET", body=b"", content_type="", date="d", path=b"/p")
            assert made == b64encode(hmac.digest(secret, b"GET\n\n\nd\n/p", "sha256"))
