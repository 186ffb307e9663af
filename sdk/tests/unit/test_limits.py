"""The limits and the refusals of the contract, as the SDK knows them: read from the same files as the hub's tests."""

import json
from pathlib import Path
from typing import Any

import pytest
from suprsend import InputValueError, Suprsend, SuprsendValidationError, _limits

CONTRACT = Path(__file__).parents[3] / "contract"
LIMITS = json.loads((CONTRACT / "limits.json").read_text())["limits"]
VECTORS = json.loads((CONTRACT / "vectors/refusals.json").read_text())
CONSTANTS = {
    "distinct_id_chars": _limits.MAX_ID_CHARS,
    "key_chars": _limits.MAX_KEY_CHARS,
    "value_depth": _limits.MAX_VALUE_DEPTH,
    "integer_min": _limits.MIN_INTEGER,
    "integer_max": _limits.MAX_INTEGER,
    "companion_chars": _limits.MAX_COMPANION_CHARS,
    "email_bytes": _limits.MAX_EMAIL_BYTES,
    "phone_text_chars": _limits.MAX_PHONE_TEXT_CHARS,
    "client_event_bytes": _limits.MAX_EVENT_BYTES,
    "events_per_request": _limits.MAX_CHUNK_RECORDS,
    "client_request_bytes": _limits.MAX_CHUNK_BYTES,
    "reports": _limits.MAX_REPORTS,
}
METHODS = {"$set": "set", "$set_once": "set_once", "$add": "increment", "$append": "append", "$remove": "remove"}


@pytest.fixture
def client() -> Suprsend:
    return Suprsend("key", "secret", "http://127.0.0.1:9/")


@pytest.fixture
def strict() -> Suprsend:
    return Suprsend("key", "secret", "http://127.0.0.1:9/", strict=True)


def fill(edit: Any, operations: list[dict[str, Any]]) -> None:
    for operation in operations:
        for operator, operand in operation.items():
            getattr(edit, METHODS.get(operator, "unset"))(operand)


def test_every_limit_is_that_of_the_contract() -> None:
    assert {limit["name"]: limit["value"] for limit in LIMITS if "sdk" in limit["checked_by"]} == CONSTANTS


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_refusals(client: Suprsend, strict: Suprsend, case: dict[str, Any]) -> None:
    """What the hub accepts raises nothing and warns of nothing; what the SDK can see raises in strict mode."""
    edit = strict.users.get_edit_instance("ada")
    if case["seen_by_sdk"]:
        with pytest.raises(InputValueError, match=r"^\[distinct_id: ada\]\["):
            fill(edit, case["operations"])
    else:
        fill(edit, case["operations"])
    if not case["refused"]:
        assert edit.mistakes() == []
        lenient = client.users.get_edit_instance("ada")
        fill(lenient, case["operations"])
        assert lenient.mistakes() == []


def test_distinct_ids(client: Suprsend) -> None:
    """An id that no hub accepts raises at once, strict or not: nothing can come of it."""
    for distinct_id in VECTORS["distinct_ids"]["accepted"]:
        assert client.users.get_edit_instance(distinct_id).distinct_id == distinct_id.strip()
    for distinct_id in VECTORS["distinct_ids"]["refused"]:
        with pytest.raises(SuprsendValidationError, match="distinct_id"):
            client.users.get_edit_instance(distinct_id)


def test_a_number_of_another_type_is_no_integer(strict: Suprsend) -> None:
    """Floats of any size are stored; so are booleans."""
    edit = strict.users.get_edit_instance("ada")
    edit.set({"float": 1e300, "yes": True, "none": None})
    assert edit.errors == edit.warnings == []
