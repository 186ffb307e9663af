"""Fixtures of all SDK tests. The environment is scrubbed, so that no variable of the machine changes a result."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from suprsend import Suprsend

VECTORS = Path(__file__).parents[2] / "contract" / "vectors"
KEY = "WSKEY_example_0000000000"
SECRET = "SECRET_example_000000000000"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SUPRSEND_BASE_URL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client() -> Iterator[Suprsend]:
    """A client that never sends."""
    with Suprsend(KEY, SECRET) as made:
        yield made


@pytest.fixture
def strict_client() -> Iterator[Suprsend]:
    """A client in strict mode that never sends."""
    with Suprsend(KEY, SECRET, strict=True) as made:
        yield made


def load_vectors(name: str) -> dict[str, Any]:
    """Return one file of the wire contract's golden vectors."""
    data: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="session")
def vectors() -> Any:
    return load_vectors
