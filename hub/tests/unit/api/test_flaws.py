"""Texts that are nearly JSON: arrays are split without reading them, and the flaw is named."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from suprsend_hub.api.bodies.event import split_events
from suprsend_hub.api.bodies.flaws import MAX_MARKS, find_flaw, split_array
from suprsend_hub.domain.errors import InvalidRequest

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts


@given(any_json, any_json)
def test_an_array_is_split_as_a_decoder_splits_it(first: object, second: object):
    """Whatever the elements are: texts with brackets, escaped quotation marks, NaN, lone surrogates."""
    elements = [first, second, float("nan"), '"]},\\"', "\ud83d"]
    for separators in ((", ", ": "), (",", ":"), (" ,\n", "\t:")):
        body = json.dumps(elements, separators=separators).encode()
        texts = split_array(body)
        assert texts is not None
        assert [text.decode() for text in texts] == [json.dumps(part, separators=separators) for part in elements]


@pytest.mark.parametrize(
    "body",
    [b"[1", b'["a]', b"[1]]", b"[1] x", b"[}", b"[{]}", b"[1,]", b"[,1]", b"[[1]", b'["\\"]', b"[1][2]"],
)
def test_an_array_that_does_not_end_is_not_split(body: bytes):
    assert split_array(body) is None


@pytest.mark.parametrize(
    "body", [b"[" * 2_600_000, b"[" + b'"' * 2_600_000, b"[" + b'\\"' * 1_300_000, b"[" + b"[]," * 900_000]
)
def test_a_hostile_array_costs_little(body: bytes):
    """A body of the largest size takes less than a second, whatever it does to the splitter."""
    started = time.process_time()
    assert split_array(body) is None
    assert time.process_time() - started < 1
    assert len(body) > MAX_MARKS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a": 1, "price": NaN}', "it contains NaN under the key 'price'"),
        (b'{"b": [1, -Infinity]}', "it contains -Infinity under the key 'b'"),
        (b'{"NaN": "NaN", "c\\"": Infinity}', "it contains Infinity under the key"),
        (b'{"d": "half \\ud83d"}', "a text contains a lone surrogate"),
    ],
)
def test_a_flaw_is_named(text: bytes, reason: str):
    flaw = find_flaw(text)
    assert flaw is not None
    assert flaw.reason.startswith(reason)
    assert isinstance(flaw.record, dict)


@pytest.mark.parametrize(
    "text", [b'{"a": nan}', b'{"a": 1', b"", b'{"a": "\x01"}', b'{"a": "\xff"}', b"[" * 5000, b'{"a": NaN, }']
)
def test_what_no_sdk_writes_is_not_a_flaw(text: bytes):
    assert find_flaw(text) is None


def test_only_the_flawed_events_are_told_apart_and_only_while_there_are_others():
    """With another fault in it, or with nothing but flawed events, the array is rejected as a whole."""
    good, bad = b'{"distinct_id": "a"}', b'{"distinct_id": "b", "n": NaN}'
    deep = b'{"n": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert split_events(b"[" + b", ".join([good, bad, deep, good]) + b"]") == [good, bad, deep, good]
    with pytest.raises(InvalidRequest, match=r"event 0 .* NaN under the key 'n'"):
        split_events(b"[" + bad + b"]")
    with pytest.raises(InvalidRequest, match="the body is not valid JSON"):
        split_events(b"[" + b", ".join([good, bad, b'{"a": nonsense}']) + b"]")
