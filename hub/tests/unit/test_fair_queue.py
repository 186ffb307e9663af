"""The queue of the write path: bounded, first come first served within a workspace, fair between workspaces."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.service.writing.queue import FairQueue

A, B, C = 1, 2, 3


@dataclass(frozen=True)
class Item:
    name: str
    weight: int = 1
    size_bytes: int = 0
    work: float = 0.0


def queue(max_edits: int = 10, max_bytes: int = 1000) -> FairQueue[Item]:
    return FairQueue(max_edits=max_edits, max_bytes=max_bytes)


def names(items: object) -> list[str]:
    return [item.name for item in items]  # type: ignore[attr-defined]


def take(waiting: FairQueue[Item], max_edits: int = 100, max_bytes: int = 1000) -> list[str]:
    return names(waiting.take(max_edits=max_edits, max_bytes=max_bytes, max_work=1000, wanted=lambda _: True))


def test_workspaces_take_turns_and_keep_their_own_order() -> None:
    waiting = queue()
    for name in ("a1", "a2", "a3"):
        waiting.offer(A, Item(name))
    for name in ("b1", "b2"):
        waiting.offer(B, Item(name))
    assert take(waiting) == ["a1", "b1", "a2", "b2", "a3"]
    assert not waiting


def test_turns_go_on_from_batch_to_batch() -> None:
    waiting = queue()
    for number in range(3):
        waiting.offer(A, Item(f"a{number}"))
        waiting.offer(B, Item(f"b{number}"))
    assert [take(waiting, max_edits=1) for _ in range(6)] == [["a0"], ["b0"], ["a1"], ["b1"], ["a2"], ["b2"]]


def test_a_batch_ends_before_it_is_too_heavy_and_one_request_always_goes() -> None:
    waiting = queue(max_edits=100, max_bytes=2000)
    for name, weight in (("heavy", 50), ("light", 1), ("next", 9)):
        waiting.offer(A, Item(name, weight))
    assert [take(waiting, max_edits=10) for _ in range(2)] == [["heavy"], ["light", "next"]]
    for name in ("x", "y"):
        waiting.offer(A, Item(name, 1, 600))
    assert [take(waiting) for _ in range(2)] == [["x"], ["y"]]


def test_costly_edits_do_not_hold_up_those_of_others() -> None:
    """A batch closes when its work is used up: what is expected to cost more gets one of its own."""
    waiting = queue()
    for name, work in (("cheap", 0.0), ("costly", 5000.0), ("later", 10.0)):
        waiting.offer(A, Item(name, work=work))
    waiting.offer(B, Item("other"))
    assert [take(waiting) for _ in range(3)] == [["cheap", "other"], ["costly"], ["later"]]


def test_a_full_queue_refuses_whoever_fills_it() -> None:
    waiting = queue()
    assert waiting.offer(A, Item("a", 10)) == ()
    assert waiting.offer(A, Item("more")) is None
    assert (waiting.edits, take(waiting)) == (10, ["a"])


def test_an_empty_queue_takes_what_is_larger_than_the_queue() -> None:
    waiting = queue()
    assert waiting.offer(A, Item("huge", 11, 2000)) == ()
    assert waiting.offer(A, Item("more")) is None
    assert take(waiting) == ["huge"]


def test_the_newest_of_the_largest_share_gives_way_to_a_smaller_one() -> None:
    waiting = queue()
    for number in range(8):
        waiting.offer(A, Item(f"a{number}"))
    for number in range(2):
        waiting.offer(B, Item(f"b{number}"))
    assert names(waiting.offer(C, Item("c", 2)) or ()) == ["a7", "a6"]
    assert waiting.edits == 10
    assert take(waiting) == ["a0", "b0", "c", "a1", "b1", "a2", "a3", "a4", "a5"]


def test_nobody_gives_way_to_a_share_as_large_as_its_own() -> None:
    waiting = queue()
    for number in range(5):
        waiting.offer(A, Item(f"a{number}"))
        waiting.offer(B, Item(f"b{number}"))
    assert waiting.offer(A, Item("a5")) is None
    assert waiting.offer(B, Item("b5")) is None
    assert waiting.offer(C, Item("c", 6)) is None
    assert waiting.edits == 10


def test_bytes_count_as_edits_do() -> None:
    waiting = queue(max_bytes=100)
    for number in range(5):
        waiting.offer(A, Item(f"a{number}", 1, 20))
    assert waiting.offer(A, Item("a5", 1, 1)) is None
    assert names(waiting.offer(B, Item("b", 1, 30)) or ()) == ["a4", "a3"]
    assert waiting.size_bytes == 90


def test_what_is_wanted_no_more_is_dropped_and_makes_room() -> None:
    waiting = queue()
    for name in ("keep", "drop", "keep too"):
        waiting.offer(A, Item(name, 3))
    taken = waiting.take(max_edits=100, max_bytes=100, max_work=0, wanted=lambda item: item.name != "drop")
    assert names(taken) == ["keep", "keep too"]
    assert (waiting.edits, bool(waiting)) == (0, False)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(0, 60)),
            st.integers(1, 8),
        ),
        max_size=60,
    )
)
def test_the_queue_accounts_for_every_request_and_stays_in_bounds(steps: list) -> None:
    """Any mixture of offers and takes: each request is refused, pushed out or taken, once, and never too many wait."""
    waiting = queue(max_edits=12, max_bytes=100)
    inside: dict[str, Item] = {}
    for number, step in enumerate(steps):
        if isinstance(step, int):
            for name in take(waiting, max_edits=step):
                del inside[name]
        else:
            workspace, weight, size = step
            item = Item(str(number), weight, size)
            was_empty = not waiting
            pushed_out = waiting.offer(workspace, item)
            if pushed_out is not None:
                for gone in pushed_out:
                    del inside[gone.name]
                inside[item.name] = item
                assert was_empty or (waiting.edits <= 12 and waiting.size_bytes <= 100)
        assert waiting.edits == sum(item.weight for item in inside.values())
        assert waiting.size_bytes == sum(item.size_bytes for item in inside.values())
    assert set(take(waiting, max_edits=10_000, max_bytes=10**9)) == set(inside)
