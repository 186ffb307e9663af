"""Random requests made from the OpenAPI document: every answer is one that the document describes, and none is a 5xx."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
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

schema = schemathesis.openapi.from_path(DOCUMENT).exclude(path="/openapi.yaml")
"""All operations but the document itself, whose text schemathesis would read as data."""


@schema.parametrize()
@settings(settings.get_profile("fuzz"))
def test_every_answer_is_one_that_the_document_describes(hub: LiveHub, case: schemathesis.Case) -> None:
    """With credentials, for every operation, with data that fits the document and data that does not."""
    headers = {"Authorization": f"Bearer {hub.credentials['API key']}"}
    answer = case.call(base_url=hub.base_url.rstrip("/"), headers=headers, timeout=ANSWER_S)
    case.validate_response(answer, checks=CHECKS)


def test_the_database_is_in_order_after_all_that(hub: LiveHub) -> None:
    assert hub.run("db", "check") == "No faults found.\n"
    assert "Traceback" not in hub.complaints.read_text()
