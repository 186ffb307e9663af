"""Find the fold that takes the most time for its units of work, so that the costs in `domain/work.py` stay honest.

    python bench/work_units.py

Each case is a stored profile and one edit that touches as much of it as it may. The table has its time, its units, and
the time of the largest request that consists of such edits: the budget of a request, or 400 edits of the sure budget.
The last line is the worst; the reason of `request_work` in contract/limits.json states it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from suprsend_hub.api.bodies.event import MAX_EVENT_BYTES, MAX_EVENTS
from suprsend_hub.api.requests import MAX_EVENT_BODY_BYTES
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Profile, decode_profile, encode_channels, encode_properties
from suprsend_hub.domain.work import work_of_each

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNLIMITED = 10**12
_ROUNDS = 3


class Case(NamedTuple):
    """A stored profile and the operations of an edit."""

    name: str
    stored: dict[str, Any]
    operations: list[Any]
    channel: bool = False


class Found(NamedTuple):
    """What a case took: seconds of the edit alone and of the largest request, and units of work."""

    name: str
    edit_s: float
    units: int
    request_s: float


def _nested(depth: int, inner: object) -> object:
    for _ in range(depth):
        inner = [inner]
    return inner


def cases() -> Iterator[Case]:
    """Yield edits that are costly for what they send."""
    deep = {"a": [1] * 100_000, "z": _nested(63, 1)}
    yield Case("append to a deep object", {"k": deep}, [{"$append": {"k": 1}}] * 1000)
    yield Case("append to a deep object of objects", {"k": deep | {"a": [{}] * 60_000}}, [{"$append": {"k": 1}}] * 1000)
    yield Case("append to an object", {"k": {"a": [1] * 100_000}}, [{"$append": {"k": 1}}])
    yield Case("append to a long text", {"k": "\u00e9" * 120_000}, [{"$append": {"k": 1}}] * 1000)
    yield Case("remove, again and again", {"a": [1.5] * 60_000}, [{"$remove": {"a": 0}}] * 1000)
    yield Case("append and remove in turn", {"a": [1.5] * 60_000}, [{"$append": {"a": 1}}, {"$remove": {"a": 0}}] * 500)
    yield Case("append, then remove", {"a": [1] * 120_000}, [{"$append": {"a": 7}}, {"$remove": {"a": 7}}])
    yield Case("remove half of the elements", {"a": [1, 2] * 60_000}, [{"$remove": {"a": 1}}])
    yield Case("remove the last element", {"a": [*[1] * 120_000, 2]}, [{"$remove": {"a": 2}}])
    yield Case(
        "remove and append an equal one", {"a": [*[1] * 120_000, 2]}, [{"$remove": {"a": 2}, "$append": {"a": 2}}]
    )
    yield Case("append to a long array", {"a": [1] * 120_000}, [{"$append": {"a": 2}}])
    for name, stored, unwanted in _composites():
        yield Case(f"remove {name}", {"a": stored}, [{"$remove": {"a": unwanted}}])
    yield from _channels()


def _composites() -> Iterator[tuple[str, list[Any], list[Any]]]:
    yield "an array, of empty ones", [[]] * 80_000, [[1]]
    yield "an equal array", [[1]] * 60_000, [[1]]
    yield "an array that is equal to Python", [[1]] * 60_000, [[True]]
    yield "the same array eight times", [[1]] * 60_000, [[True]] * 8
    yield "eight arrays", [[1]] * 60_000, [[n] for n in range(8)]
    yield "nine arrays", [[1]] * 60_000, [[n] for n in range(9)]
    yield "many arrays of different ones", [[n] for n in range(33_000)], [[n] for n in range(50)]
    yield "objects that are equal to Python", [{"a": 1}] * 28_000, [{"a": True}, {"a": 2}]
    alike = [[1] * n + [True] * (31 - n) for n in range(23, 31)]
    yield "long arrays that are equal to Python", [[1] * 31] * 3_800, alike
    yield "one long array that is equal to Python", [[1] * 31] * 3_800, alike[:1]
    yield "a deep array that is equal to Python", [_nested(60, 1)] * 1_900, [_nested(60, True)]
    yield "deep arrays", [_nested(60, 1)] * 1_900, [_nested(60, n) for n in (True, 2)]
    spellings = [[[(1, True, 1.0)[(n >> (2 * i)) % 3] for i in range(8)] for n in range(6_500)]]
    yield "an array of many spellings", spellings[0], [[True] * 8]
    yield "objects with keys in any order", [{"b": 1, "a": 2}] * 16_000, [{"a": True}, {"a": 2, "b": True}]


def _channels() -> Iterator[Case]:
    for channel, address in (
        ("$email", lambda n: f"\u00fc{n}@ex\u00e4mple{n}.com"),
        ("$slack", lambda n: {"email": f"\u00fc{n}@ex\u00e4mple{n}.com"}),
        ("$email", lambda n: f"u{n}@e.com"),
        ("$sms", lambda n: f"+3906{n:08}"),
        ("$sms", lambda n: f"+1 (555) 01{n:05}"),
        ("$androidpush", lambda n: f"token{n}"),
        ("$webpush", lambda n: {"endpoint": f"https://x/{n}", "keys": {"p256dh": "a", "auth": "b"}}),
        ("$ms_teams", lambda n: {"user_id": f"u{n}", "tenant_id": "t", "service_url": "https://x"}),
    ):
        stored = {channel: [address(n) for n in range(100)]}
        for operator in ("$append", "$remove"):
            for start in (0, 50_000):
                operations = [{operator: {channel: address(start + n)}} for n in range(600)]
                kind = "stored" if start == 0 else "new"
                yield Case(f"{operator} {kind} {str(address(0))[:32]}", stored, operations, channel=True)
    for stored in ({}, {"$androidpush": [f"t{n}" for n in range(100)]}):
        for operator in ("$append", "$remove"):
            yield Case(f"{operator} wrong tokens", stored, [{operator: {"$androidpush": [1] * 16_000}}], channel=True)
    yield Case("$append numbers with extension", {}, [{"$append": {"$sms": f"+15550100100x{n}"}} for n in range(600)])
    wrong = [{"$append": {"$email": f"\u00fc{n}@ex\u00e4mple..com"}} for n in range(600)]
    yield Case("$append wrong e-mail addresses", {}, wrong, channel=True)
    yield Case(
        "$append the longest e-mail addresses", {}, [{"$append": {"$email": _long(n)}} for n in range(90)], channel=True
    )


def _long(number: int) -> str:
    labels = ["\u00e4" * 18] * 7
    return f"\u00fc{number}@{'.'.join(labels)}.com"


def stored_profile(case: Case) -> Profile:
    """Return the profile of a case as it is when it was read from the database."""
    operation = {"$append" if case.channel else "$set": case.stored}
    result = fold(None, [operation], max_work=_UNLIMITED)
    if result.refusals:
        raise ValueError(f"{case.name}: {result.refusals[0].message}")
    return decode_profile(encode_properties(result.profile), encode_channels(result.profile))


def measure(case: Case) -> Found:
    """Return what an edit takes within the budget that it has among as many of its kind as fit in a request."""
    size = len(msgspec.json.encode(case.operations))
    operations = case.operations[: max(1, len(case.operations) * MAX_EVENT_BYTES // max(size, MAX_EVENT_BYTES))]
    size = len(msgspec.json.encode(operations))
    many = min(MAX_EVENTS, MAX_EVENT_BODY_BYTES // (size + 150))
    edit_s, units = _fastest(case, operations, size, 1)
    worst = max(count * _fastest(case, operations, size, count)[0] for count in {min(64, many), many})
    return Found(case.name, edit_s, units, max(worst, edit_s))


def _fastest(case: Case, operations: list[Any], size: int, count: int) -> tuple[float, int]:
    times, units = [], 0
    for _ in range(_ROUNDS):
        profile = stored_profile(case)
        start = time.process_time()
        result = fold(profile, operations, edit_bytes=size, max_work=work_of_each(count))
        times.append(time.process_time() - start)
        units = result.work
    return min(times), units


def main() -> None:
    """Print the table."""
    found = [measure(case) for case in cases()]
    print(f"{'case':62} {'ms/edit':>8} {'units':>9} {'ns/unit':>8} {'s/request':>9}")
    for each in sorted(found, key=lambda each: each.request_s):
        per_unit = each.edit_s / each.units * 1e9 if each.units else 0
        print(f"{each.name:62} {each.edit_s * 1e3:8.1f} {each.units:9} {per_unit:8.1f} {each.request_s:9.2f}")


if __name__ == "__main__":
    main()
