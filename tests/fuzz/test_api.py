"""Random requests made from the OpenAPI document: every answer is one that the document describes, and none is a 5xx."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import schemathesis
from fuzzing import FUZZ, KNOWN
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_hub import LiveHub

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[2] / "contract" / "openapi.yaml"
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
ANSWER_S = 10
MANAGEMENT = re.compile("preference_category|active_channels")
"""Paths that need the scope `manage`, and change nothing that the other tests of this folder rely on."""

schema = schemathesis.openapi.from_path(DOCUMENT).exclude(path="/openapi.yaml")
"""All operations but the document itself, whose text schemathesis would read as data."""


def answers_of(method: str, path: str) -> Callable[..., None]:
    """Return the test of one operation: with credentials, with data that fits the document and data that does not."""

    @schema.include(method=method, path=path).parametrize()
    def test(hub: LiveHub, case: schemathesis.Case) -> None:
        aim(case)
        key = hub.credentials["Management key" if MANAGEMENT.search(path) else "API key"]
        headers = {"Authorization": f"Bearer {key}"}
        answer = case.call(base_url=hub.base_url.rstrip("/"), headers=headers, timeout=ANSWER_S)
        case.validate_response(answer, checks=CHECKS)

    return FUZZ(test)


def aim(case: schemathesis.Case) -> None:
    """Let requests about preferences find what they are about, so that their bodies and queries are read."""
    parameters = case.path_parameters
    if "preference" in case.path and isinstance(parameters, dict):
        parameters.update((name, value) for name, value in KNOWN.items() if name in parameters)


# A function for each, by name: `schema.parametrize()` on a single function gives all operations the same node id, and
# pytest-xdist runs an id once.
OPERATIONS = {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}
for label, operation in OPERATIONS.items():
    name = re.sub(r"\W+", "_", label).strip("_").lower()
    globals()[f"test_answers_of_{name}"] = answers_of(operation.method, operation.path)


def test_every_operation_of_the_document_has_a_test_of_its_own() -> None:
    """Two operations whose names fold to the same word would share one."""
    tests = [name for name in globals() if name.startswith("test_answers_of_")]
    assert len(tests) == len(OPERATIONS) > 30


def test_the_database_is_in_order_after_all_that(hub: LiveHub) -> None:
    assert hub.run("db", "check") == "No faults found.\n"
    assert "Traceback" not in hub.complaints.read_text()
