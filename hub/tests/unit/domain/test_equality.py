"""Equality of values in `$remove`, and keys of sets whose hashes no caller can choose."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from hypothesis import given
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.values import equality_key
from suprsend_hub.service.writing.batch import EditKey

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


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0), (0.0, -0.0), (2**53, 2.0**53), (-(2**63), -(2.0**63)), ([1, [2.0]], [1.0, [2]]),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}), ("1", "1"), (None, None),
    ],
)  # fmt: skip
def test_equal(a, b):
    """Numbers are equal by value at any depth, and the order of keys does not matter."""
    assert equality_key(a) == equality_key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, True), (0, False), (1, "1"), (None, "null"), (None, False), ([], {}), ([1], "[1]"), ([[]], []), ([1], [True]),
        (2**63 - 1, 2.0**63), (2**53 + 1, 2.0**53), (1e300, 1e301), ({"a": 1}, {"a": True}),
    ],
)  # fmt: skip
def test_different(a, b):
    """Types other than the two of numbers differ, and so do large numbers that are close to each other."""
    assert equality_key(a) != equality_key(b)


@given(storable_json, storable_json)
def test_equality_is_deep_equality(a, b):
    """Keys are equal exactly if the values are."""
    assert (equality_key(a) == equality_key(b)) == deep_equal(a, b)


def spread(values) -> float:
    keys = {equality_key(value) for value in values}
    return len({hash(key) for key in keys}) / len(keys)


def test_no_hash_is_chosen_by_the_caller():
    """Values built to share one hash get as many hashes as there are values, so sets of them stay fast."""
    pairs = colliding_pairs(4000)
    assert len({hash(tuple(pair)) for pair in pairs}) == 1, "the construction no longer fits this Python"
    assert spread(pairs) > 0.99
    assert spread([{"k": pair} for pair in pairs]) > 0.99
    assert spread([[pair] for pair in pairs]) > 0.99
    assert spread([(2**61 - 1) * i for i in range(-3, 4)]) > 0.99
    assert spread([2.0 ** (61 * i) for i in range(16)]) > 0.99


def test_colliding_removals_apply():
    """What was built to collide is removed like anything else."""
    pairs = colliding_pairs(500)
    profile = Profile({"a": [*pairs, [1, 2]]})
    assert fold(profile, [{"$remove": {"a": pairs}}]).profile.properties == {"a": [[1, 2]]}


def test_keys_of_edits_do_not_collide():
    """A canonical UUID as `$insert_id` is its own key; UUIDs that share one hash do not share it as keys of edits."""
    uuids = [UUID(int=7 + i * (2**61 - 1)) for i in range(400)]
    assert len({hash(each) for each in uuids}) == 1
    key = RecipientKey.user(1, "u")
    assert len({hash(EditKey(key, each.bytes)) for each in uuids}) == 400
