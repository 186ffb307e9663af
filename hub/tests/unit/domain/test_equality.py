"""Equality of values in `$remove`, and keys of sets whose hashes no caller can choose."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.actor import hub_actor
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.removal import FEW, Unwanted, canonical
from suprsend_hub.service.writing.edit import Edit
from suprsend_hub.service.writing.group import edit_key

from ...strategies import storable_json  # noqa: TID252 - the absolute name depends on where pytest starts

WORD = 2**64
PRIME_1, PRIME_2, PRIME_5 = 11400714785074694791, 14029467366897019727, 2870177450012600261  # of xxHash, as in CPython
ROOM = 2**61 - 2  # within it, the hash of an integer is the integer


def step(state: int, lane: int) -> int:
    state = (state + lane * PRIME_2) % WORD
    return (state << 31 | state >> 33) % WORD * PRIME_1 % WORD


def colliding_pairs(count: int) -> list[list[int]]:
    """Pairs of integers whose tuples all have one hash: the second solves the last step of the hash for the first."""
    chance, pairs = random.Random(1), []
    while len(pairs) < count:
        first = chance.randrange(ROOM)
        second = (12345 - step(PRIME_5, first)) * pow(PRIME_2, -1, WORD) % WORD
        second -= WORD if second >= WORD // 2 else 0
        if abs(second) < ROOM:
            pairs.append([first, second])
    return pairs


def deep_equal(a, b) -> bool:
    """JSON equality, written out: numbers by value, nothing else equals a number."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(deep_equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(deep_equal(a[key], b[key]) for key in a)
    return a == b


def removes(unwanted, stored) -> bool:
    """Whether `$remove` takes `stored` out of an array, which is the same for one unwanted value and for many."""
    others = [[f"other {i}"] for i in range(FEW)]
    few, many = (Unwanted(values).take_from([stored, "kept"]) for values in ([unwanted], [unwanted, *others]))
    assert few == many
    assert few[1] in ([], [stored])
    return bool(few[1])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0), (0.0, -0.0), (2**53, 2.0**53), (-(2**63), -(2.0**63)), ([1, [2.0]], [1.0, [2]]),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}), ("1", "1"), (None, None), (True, True), ([True], [True]),
    ],
)  # fmt: skip
def test_equal(a, b):
    """Numbers are equal by value at any depth, and the order of keys does not matter."""
    assert removes(a, b)
    assert removes(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, True), (0, False), (1, "1"), (None, "null"), (None, False), ([], {}), ([1], "[1]"), ([[]], []), ([1], [True]),
        (2**63 - 1, 2.0**63), (2**53 + 1, 2.0**53), (1e300, 1e301), ({"a": 1}, {"a": True}), ([{"a": 0}], [{"a": False}]),
    ],
)  # fmt: skip
def test_different(a, b):
    """Types other than the two of numbers differ, and so do large numbers that are close to each other."""
    assert not removes(a, b)
    assert not removes(b, a)


@given(st.lists(storable_json, max_size=4), st.lists(storable_json, max_size=12))
def test_equality_is_deep_equality(stored, unwanted):
    """What equals an unwanted value goes, everything else stays, in order."""
    kept, removed = Unwanted(unwanted).take_from([*stored, *unwanted])
    goes = [any(deep_equal(element, each) for each in unwanted) for element in stored]
    assert list(map(repr, kept)) == [repr(element) for element, gone in zip(stored, goes, strict=True) if not gone]
    assert len(removed) == sum(goes) + len(unwanted)


def test_no_hash_is_chosen_by_the_caller():
    """Values built to share one hash are looked up by texts, which have as many hashes as there are values."""
    pairs = colliding_pairs(4000)
    assert len({hash(tuple(pair)) for pair in pairs}) == 1, "the construction no longer fits this Python"
    for values in (pairs, [{"k": pair} for pair in pairs], [[pair] for pair in pairs]):
        assert len({hash(canonical(value)) for value in values}) > 0.99 * len(values)


class Counting(int):
    """A number that counts its comparisons."""

    compared = 0

    def __eq__(self, other):
        Counting.compared += 1
        return int(self) == other

    __hash__ = int.__hash__


def test_single_numbers_collide_a_few_ways():
    """Of integers of 64 bits eight share a hash, so as many comparisons are the worst that the caller can cause."""
    numbers = [Counting(i % 1000 + (2**61 - 1) * (i // 1000 - 3)) for i in range(7000)]
    Counting.compared = 0
    assert len(set(numbers)) == 7000
    assert Counting.compared < 8 * len(numbers)


def test_colliding_removals_apply():
    """What was built to collide is removed like anything else, with the same work."""
    pairs, others = colliding_pairs(500), [[10**18 + i, 10**18] for i in range(500)]
    profile = Profile({"a": [*pairs, [1, 2]]})
    result = fold(profile, [{"$remove": {"a": pairs}}])
    assert result.profile.properties == {"a": [[1, 2]]}
    assert result.work == fold(profile, [{"$remove": {"a": others}}]).work


def test_keys_of_edits_do_not_collide():
    """A canonical UUID as `$insert_id` is its own key; UUIDs that share one hash do not share it as keys of edits."""
    uuids = [UUID(int=7 + i * (2**61 - 1)) for i in range(400)]
    assert len({hash(each) for each in uuids}) == 1
    edits = [Edit(RecipientKey.user(1, "u"), each, [], hub_actor("test")) for each in uuids]
    assert len({hash(edit_key(edit)) for edit in edits}) == 400
