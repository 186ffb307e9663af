"""The error tree."""

import pickle

import pytest
import suprsend
from suprsend import (
    InputValueError,
    Response,
    SuprsendConfigError,
    SuprsendError,
    SuprsendResponseError,
    SuprsendTransportError,
    SuprsendValidationError,
)
from suprsend._errors import api_error


def test_text_and_fields_are_the_official_ones() -> None:
    assert str(SuprsendError("a")) == "[code: 500] a"
    assert str(SuprsendError("x", message="m", status_code=3)) == "[code: 3] m"
    assert str(SuprsendError()) == "[code: 500] None"
    assert str(SuprsendValidationError()) == "[code: 400] validation error"
    assert SuprsendValidationError("x").error_type == "SuprsendValidationError"
    assert (SuprsendConfigError("x").message, SuprsendConfigError("x").status_code) == ("x", 500)
    assert str(InputValueError("plain")) == "plain"


def test_everything_raised_is_a_suprsend_error_and_wrong_values_are_value_errors_too() -> None:
    kinds = [kind for kind in vars(suprsend).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) == 15
    assert all(issubclass(kind, SuprsendError) for kind in kinds)
    assert issubclass(InputValueError, ValueError)


@pytest.mark.parametrize(
    "error",
    [
        SuprsendError("a", status_code=7),
        InputValueError("v"),
        SuprsendTransportError("gone", maybe_applied=False),
        suprsend.SuprsendNotFoundError(
            suprsend.Response(404, {"content-type": "application/json"}, b'{"message":"no"}')
        ),
        suprsend.SuprsendRefusedError(
            suprsend.Response(202, {}, b"{}"), "no", 404, [{"error_code": "c", "key": "k", "message": "m"}]
        ),
    ],
)
def test_errors_survive_pickling(error: SuprsendError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy).keys()) == (type(error), str(error), vars(error).keys())
    assert copy.status_code == error.status_code


UNREADABLE = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"message": ' + b"9" * 5_000 + b"}",
    b'{"message": "\\ud800"}',
    b'{"message": "\xe4"}',
    b'{"message": NaN}',
    b"\xef\xbb\xbf{}",
    b'{"message": {"a": [1]}, "error_code": 5, "code": "x"}',
    b'{"message": "a", "message": "b"}',
    b"[1]",
]


@pytest.mark.parametrize("status", [200, 301, 400, 404, 429, 503])
@pytest.mark.parametrize("content", UNREADABLE, ids=range(len(UNREADABLE)))
def test_an_answer_that_is_no_proper_json_becomes_an_error_all_the_same(content: bytes, status: int) -> None:
    """Whatever a server sends as the body of an error."""
    response = Response(status, {"Content-Type": "application/json", "Retry-After": "Wed, 99 Oct"}, content)
    error = api_error(response) if status != 200 else SuprsendResponseError(response)
    assert isinstance(str(error), str)
    assert error.code is None
    assert getattr(error, "retry_after_s", None) is None
