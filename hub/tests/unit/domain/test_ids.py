"""Ids: what callers may choose, ULIDs, and deduplication keys."""

from __future__ import annotations

import itertools
import json
import os
import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import (
    UlidFactory,
    check_distinct_id,
    check_list_id,
    check_new_id,
    check_object_type,
    insert_key,
    parse_ulid,
    ulid_text,
)


@pytest.mark.parametrize("name", ["u", "a/b", "Ünï", "a b", "...", "x" * 255])
def test_distinct_ids_are_kept(name):
    """Any Unicode up to 255 characters is an id, with surrounding blanks trimmed."""
    assert check_distinct_id(f" {name}\n") == name


@pytest.mark.parametrize("bad", [None, 5, True, "", " \t", "x" * 256, ".", "..", "a\0b", "a\nb", "a\x9fb", "\ud800"])
def test_bad_distinct_ids_are_refused(bad):
    """What cannot be stored or sent in a path is refused under the name of the field."""
    with pytest.raises(InvalidRequest, match=r"^object_type ") as caught:
        check_object_type(bad)
    assert caught.value.code == "invalid_id"
    caught.value.message.encode()


VECTORS = json.loads((Path(__file__).parents[4] / "contract" / "vectors" / "distinct_ids.json").read_text())


@pytest.mark.parametrize("name", VECTORS["accepted"] + VECTORS["suspicious"], ids=ascii)
def test_vectors_that_are_accepted(name):
    """These ids are kept as they are, also for a new user; the hub does not mind suspicious ones."""
    assert check_new_id(check_distinct_id(name)) == name


@pytest.mark.parametrize(("name", "kept"), VECTORS["trimmed"], ids=ascii)
def test_vectors_that_are_trimmed(name, kept):
    """Blanks around an id are taken off."""
    assert check_new_id(check_distinct_id(name)) == kept


@pytest.mark.parametrize("bad", VECTORS["refused"], ids=ascii)
def test_vectors_that_are_refused(bad):
    """These are ids of nobody."""
    with pytest.raises(InvalidRequest):
        check_distinct_id(bad)


@pytest.mark.parametrize("bad", VECTORS["refused_when_new"], ids=ascii)
def test_invisible_ends_of_new_ids(bad):
    """A zero-width character at an end is named in the refusal of a new id; what exists under such an id is found."""
    with pytest.raises(
        InvalidRequest, match=r"^object_id must not (start|end) with the invisible character U\+"
    ) as caught:
        check_new_id(check_distinct_id(bad), "object_id")
    assert caught.value.code == "invalid_id"


@pytest.mark.parametrize("bad", [None, "", "a b", "ä", "a/b", "x" * 65])
def test_list_ids(bad):
    """List ids are 64 characters of a-z 0-9 _ -, case-insensitive."""
    assert check_list_id(" Product_Update-1 ") == "product_update-1"
    with pytest.raises(InvalidRequest, match=r"^list_id "):
        check_list_id(bad)


@given(st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=20), st.lists(st.integers(0, 3), max_size=20))
def test_ulids_strictly_increase(clock, batches):
    """Ids increase whatever the clock does, single or in batches, and so do their texts."""
    ticks = iter(clock * 50)
    factory = UlidFactory(lambda: next(ticks), lambda n: b"\xff" * n)
    ids = [factory.new()]
    for n in batches:
        ids += [*factory.batch(n), factory.new()]
    assert all(a.int < b.int for a, b in itertools.pairwise(ids))
    texts = [ulid_text(ulid) for ulid in ids]
    assert texts == sorted(texts)


def test_ulids_carry_the_clock():
    """The first 48 bits are the milliseconds of the clock."""
    assert UlidFactory(lambda: 1469918176385, bytes).new().int >> 80 == 1469918176385


def test_ulids_of_threads_are_distinct():
    """Threads sharing a factory never draw the same id."""
    factory = UlidFactory(lambda: 1, os.urandom)
    ids: list[uuid.UUID] = []
    threads = [
        threading.Thread(target=lambda: ids.extend([factory.new() for _ in range(500)] + factory.batch(500)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 4000


@given(st.integers(0, 2**128 - 1))
def test_ulid_text_round_trip(number):
    """Text and id are two forms of one ULID; the text is read in any case."""
    ulid = uuid.UUID(int=number)
    text = ulid_text(ulid)
    assert len(text) == 26
    assert parse_ulid(text) == parse_ulid(text.lower()) == ulid


def test_ulid_text_is_crockford():
    """The text form follows the published example of the ULID specification."""
    assert ulid_text(uuid.UUID("01563df3-6481-7f41-4ff2-d4ab6db2b5a1")) == "01ARYZ6S41FX0MZWPMNDPV5DD1"


@pytest.mark.parametrize("bad", ["", "0" * 25, "0" * 27, "U" * 26, "8" + "0" * 25, "0" * 25 + "İ", None])
def test_garbage_is_no_ulid(bad):
    """A garbled cursor is an error of the request, not of the server."""
    with pytest.raises(InvalidRequest):
        parse_ulid(bad)


@given(st.uuids())
def test_uuid_insert_ids_are_their_own_key(value):
    """A canonical UUID is its key, in any case of its digits."""
    assert insert_key(str(value)) == insert_key(str(value).upper()) == value


@given(st.text(st.characters(exclude_categories=()), min_size=1).filter(lambda text: not text.isspace()))
def test_other_insert_ids_are_hashed(text):
    """Any other text has a stable key that no SDK's random UUID can equal."""
    key = insert_key(text)
    assert key == insert_key(text)
    assert key.version == 8
    assert key != insert_key(text + "x")


@pytest.mark.parametrize("bad", ["", "  ", None, 7])
def test_blank_insert_ids_are_refused(bad):
    """A blank id would make all events that carry it duplicates of one another."""
    with pytest.raises(InvalidRequest):
        insert_key(bad)
