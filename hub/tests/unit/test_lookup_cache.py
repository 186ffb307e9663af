"""The memory of look-ups is bounded, whatever is looked up."""

import hashlib

from suprsend_hub.service.lookup_cache import Entry, LookupCache


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def test_guesses_push_out_other_guesses_and_nothing_that_exists() -> None:
    cache = LookupCache[str](lambda: 0.0, known=10, absent=5)
    for number in range(10):
        cache.put(digest(number), f"credential {number}")
    for number in range(100, 1100):
        cache.put(digest(number), None)
    assert [cache.find(digest(number)) for number in range(10)] == [Entry(f"credential {n}", 0) for n in range(10)]
    assert [number for number in range(100, 1100) if cache.find(digest(number))] == list(range(1095, 1100))


def test_the_oldest_goes_when_there_is_no_room_and_using_it_anew_makes_it_young() -> None:
    cache = LookupCache[str](lambda: 0.0, known=3, absent=1)
    for number in (1, 2, 3, 1, 4):
        cache.put(digest(number), str(number))
    assert [number for number in range(10) if cache.find(digest(number))] == [1, 3, 4]


def test_what_comes_into_being_or_goes_is_remembered_as_it_was_last() -> None:
    now = 0.0
    cache = LookupCache[str](lambda: now)
    assert cache.find(digest(1)) is None
    cache.put(digest(1), None)
    now = 2.0
    assert cache.find(digest(1)) == Entry(None, 2.0)
    cache.put(digest(1), "there")
    now = 3.0
    assert cache.find(digest(1)) == Entry("there", 1.0)
    cache.put(digest(1), None)
    assert cache.find(digest(1)) == Entry(None, 0.0)


def test_only_what_exists_and_was_looked_up_lately_is_fresh() -> None:
    now = 0.0
    cache = LookupCache[str](lambda: now)
    cache.put(digest(1), "there")
    cache.put(digest(2), None)
    assert [cache.find_fresh(digest(number), 5) for number in (1, 2, 3)] == ["there", None, None]
    now = 4.9
    assert cache.find_fresh(digest(1), 5) == "there"
    now = 5.0
    assert cache.find_fresh(digest(1), 5) is None
