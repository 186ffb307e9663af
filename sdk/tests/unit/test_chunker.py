"""Cutting events into bodies: golden vectors and properties."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend import InputValueError
from suprsend._chunker import Chunk, Chunker
from suprsend._encoding import fits_spaced, spaced_size

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "contract" / "vectors" / "bulk_chunking.json").read_text(encoding="utf-8")
)


def cut(sizes: list[int]) -> list[Chunk]:
    chunker = Chunker()
    closed = [chunker.feed(str(index).encode(), size, f"u{index}") for index, size in enumerate(sizes)]
    return [chunk for chunk in [*closed, chunker.flush()] if chunk is not None]


@pytest.mark.parametrize("case", VECTORS["chunking"], ids=lambda case: case["name"])
def test_chunks_are_those_of_the_official_sdk(case: dict[str, Any]) -> None:
    sizes = [size for count, size in case["sizes_run_length"] for _ in range(count)]
    chunks = [{"records": len(chunk), "apparent_size": chunk.size} for chunk in cut(sizes)]
    assert chunks == case["chunks"]


def test_an_oversize_event_is_refused() -> None:
    case = VECTORS["oversize_record_inside_a_chunk"]
    with pytest.raises(InputValueError) as caught:
        Chunker().feed(b"{}", case["size"], "u")
    assert str(caught.value) == case["message"]


@pytest.mark.parametrize("case", VECTORS["apparent_size_examples"], ids=lambda case: str(case["apparent_size"]))
def test_apparent_size_is_measured_on_the_spaced_form(case: dict[str, Any]) -> None:
    assert spaced_size(case["record"]) == case["apparent_size"]


@given(st.lists(st.integers(1, 10_240), max_size=900))
def test_chunks_join_to_the_input_and_fit(sizes: list[int]) -> None:
    chunks = cut(sizes)
    assert [item for chunk in chunks for item in json.loads(chunk.body)] == list(range(len(sizes)))
    assert [item for chunk in chunks for item in chunk.distinct_ids] == [f"u{n}" for n in range(len(sizes))]
    assert all(0 < len(chunk) <= 400 and chunk.size <= 819_200 for chunk in chunks)


@given(st.lists(st.integers(), min_size=2, max_size=50))
def test_halves_join_to_the_chunk(values: list[int]) -> None:
    chunker = Chunker()
    for value in values:
        chunker.feed(str(value).encode(), 1, str(value))
    chunk = chunker.flush()
    assert chunk is not None
    first, second = chunk.halves()
    assert json.loads(first.body) + json.loads(second.body) == values
    assert first.distinct_ids + second.distinct_ids == chunk.distinct_ids
    assert abs(len(first) - len(second)) <= 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_the_spaced_form_is_at_most_half_as_long_again(value: Any) -> None:
    compact = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    assert fits_spaced(compact, spaced_size(value)) or spaced_size(value) <= compact * 1.5
    assert not fits_spaced(compact, spaced_size(value) - 1) or compact * 1.5 < spaced_size(value)
