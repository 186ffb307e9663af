"""JSON in and out."""

import contextlib
import enum
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend import InputValueError, Suprsend
from suprsend._encoding import encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_survives(value: Any) -> None:
    assert json.loads(encode(value, "value")) == value


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"birthday": datetime(2000, 1, 1, tzinfo=UTC)}, "payload.birthday: datetime"),
        ({"price": Decimal(1)}, "payload.price: Decimal"),
        ({"tags": {"a"}}, "payload.tags: set"),
        ({"raw": b"x"}, "payload.raw: bytes"),
        ({"n": [1, math.nan]}, r"payload.n\[1\]: nan"),
        ({"n": -math.inf}, "payload.n: -inf"),
        ({"t": "\ud800"}, "payload.t: text contains a lone surrogate"),
        ({"\udfff": 1}, "payload: a key contains a lone surrogate"),
        ({None: 1}, "payload: key None"),
        ({True: 1}, "payload: key True"),
        ({"o": object()}, "payload.o: object"),
    ],
)
def test_what_json_cannot_express_is_refused_by_name(value: Any, where: str) -> None:
    with pytest.raises(InputValueError, match=where):
        encode(value, "payload")


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InputValueError, match="nested too deeply"):
        encode(loop, "payload")


class Broken(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("the session is closed")


def test_a_value_that_raises_when_it_is_read_is_refused() -> None:
    """As lazy objects of an ORM do; the cause is named and attached."""
    with pytest.raises(
        InputValueError, match=r"payload: has no JSON form \(RuntimeError: the session is closed\)"
    ) as caught:
        encode({"user": Broken(a=1)}, "payload")
    assert isinstance(caught.value.__cause__, RuntimeError)


class Color(str, enum.Enum):  # noqa: UP042  # the old spelling is what callers have
    RED = "red"


class Name(str):
    __slots__ = ()


class Count(int):
    pass


def test_subclasses_of_text_and_numbers_are_written_as_their_value() -> None:
    value = {"color": Color.RED, "name": Name("Ada"), "n": Count(3), "pair": (1, 2), 7: "seven"}
    assert json.loads(encode(value, "payload")) == json.loads(json.dumps(value))


def deep() -> Any:
    value: Any = []
    for _ in range(5_000):
        value = [value]
    return value


class Odd(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise OSError("odd")

    def __str__(self) -> str:
        raise ValueError("odd")

    __repr__ = __str__


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("method", ["set", "set_once", "increment", "append", "remove", "unset"])
@pytest.mark.parametrize("value", [deep(), {"a": deep()}, Odd(a=1), [Odd(a=1)], {(1, (2,)): 3}], ids=range(5))
def test_values_that_cannot_be_shown_or_walked_end_in_an_error_of_the_family(
    value: Any, method: str, strict: bool
) -> None:
    """Nested too deeply for their text, or with methods that raise: in the message is the type instead."""
    with Suprsend("k", "s", strict=strict) as client:
        for arguments in ([value],) if method == "unset" else ((value,), ("k", value), ({"k": value},)):
            edit = client.users.get_edit_instance("u")
            with contextlib.suppress(InputValueError):
                getattr(edit, method)([value] if method == "unset" else arguments[0], *arguments[1:])
            with contextlib.suppress(InputValueError):
                edit.encode_event()
            assert all(isinstance(text, str) for text in edit.mistakes())
