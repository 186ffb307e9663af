"""The signature check agrees with every official SDK's vectors, accepting and refusing."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from suprsend_hub.service.signature import verify

VECTORS = Path(__file__).parents[3] / "contract" / "vectors"


def _load(name: str) -> dict:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


PYTHON = _load("hmac_python.json")
OTHERS = _load("hmac_other_sdks.json")


def _verifies(vector: dict, secret: str) -> bool:
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
    )


@pytest.mark.parametrize("vector", PYTHON["vectors"], ids=lambda v: v["name"])
def test_accepts_what_the_python_sdk_signed(vector: dict) -> None:
    assert _verifies(vector, PYTHON["workspace_secret"])


@pytest.mark.parametrize("vector", PYTHON["must_not_verify"], ids=lambda v: v["name"])
def test_refuses_what_was_changed_after_signing(vector: dict) -> None:
    assert not _verifies(vector, PYTHON["workspace_secret"])


@pytest.mark.parametrize(
    "vector",
    [vector for sdk in ("node", "go", "java") for vector in OTHERS[sdk]["vectors"]],
    ids=lambda v: v["name"],
)
def test_accepts_what_the_other_sdks_signed(vector: dict) -> None:
    assert _verifies(vector, OTHERS["workspace_secret"])


@pytest.mark.parametrize(
    "vector",
    [*PYTHON["vectors"], *OTHERS["node"]["vectors"], *OTHERS["go"]["vectors"]],
    ids=lambda v: v["name"],
)
def test_refuses_every_vector_under_another_secret(vector: dict) -> None:
    assert not _verifies(vector, "another secret")
