"""Pages of users: both directions, limits, cursors that are none, and search by prefix."""

import itertools
from base64 import urlsafe_b64encode

import pytest

from .support import ApiClient, assert_error, segment

pytestmark = pytest.mark.anyio


async def page(client: ApiClient, query: str = "") -> tuple[dict, list[str]]:
    answer = await client.get(f"/v1/user/?{query}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    meta = body["meta"]
    assert meta["has_prev"] == (meta["before"] is not None)
    assert meta["has_next"] == (meta["after"] is not None)
    return meta, [user["distinct_id"] for user in body["results"]]


async def walk(client: ApiClient, query: str) -> tuple[list[list[str]], list[list[str]]]:
    """The pages forward from the first to the last, and from there backward to the first."""
    meta, ids = await page(client, query)
    assert not meta["has_prev"]
    forward = [ids]
    while meta["has_next"]:
        meta, ids = await page(client, f"{query}&after={meta['after']}")
        assert meta["has_prev"]
        forward.append(ids)
    backward = [ids]
    while meta["has_prev"]:
        meta, ids = await page(client, f"{query}&before={meta['before']}")
        assert meta["has_next"]
        backward.append(ids)
    return forward, backward


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
@pytest.mark.parametrize("search", ["", "&search=u"], ids=["all", "search"])
async def test_walking_forward_and_back_shows_every_user_once_in_order(a: ApiClient, limit: int, search: str) -> None:
    for n in range(7):
        await a.upsert(f"u-{n}")
    await a.upsert("other") if search else None
    expected = [f"u-{n}" for n in (range(7) if search else reversed(range(7)))]
    forward, backward = await walk(a, f"limit={limit}{search}")
    assert list(itertools.chain(*forward)) == expected
    assert backward == forward[::-1]
    assert [len(ids) for ids in forward[:-1]] == [limit] * (len(forward) - 1)


async def test_counts_are_exact_and_follow_creation_and_deletion(a: ApiClient) -> None:
    assert (await page(a))[0]["count"] == 0
    for n in range(4):
        await a.upsert(f"u-{n}")
        await a.upsert(f"u-{n}")
    assert (await page(a, "limit=2"))[0]["count"] == 4
    await a.delete("/v1/user/u-1/")
    await a.delete("/v1/user/u-1/")
    await a.delete("/v1/bulk/user/", {"distinct_ids": ["u-2", "u-2", "nobody"]})
    meta, ids = await page(a)
    assert (meta["count"], ids) == (2, ["u-3", "u-0"])


async def test_a_limit_is_cut_to_1000_and_nonsense_means_the_default(a: ApiClient) -> None:
    for n in range(12):
        await a.upsert(f"u-{n}")
    for limit, in_force in (
        ("1", 1), ("1000", 1000), ("1001", 1000), ("999999999", 1000), ("99999999999999999999", 10),
        ("0", 10), ("-1", 10), ("", 10), ("ten", 10), ("1.5", 10), ("%20", 10), ("1e3", 10), ("%D9%A3", 10), ("+5", 10),
    ):  # fmt: skip
        meta, ids = await page(a, f"limit={limit}")
        assert (limit, meta["limit"], len(ids)) == (limit, in_force, min(12, in_force))


async def test_after_wins_over_before_and_empty_cursors_are_none(a: ApiClient) -> None:
    for n in range(5):
        await a.upsert(f"u-{n}")
    meta, _ = await page(a, "limit=2")
    second, ids = await page(a, f"limit=2&after={meta['after']}&before={meta['after']}")
    assert ids == ["u-2", "u-1"]
    assert (await page(a, f"limit=2&after=&before={second['before']}"))[1] == ["u-4", "u-3"]
    assert (await page(a, "limit=2&after=&before="))[1] == ["u-4", "u-3"]


async def test_the_documentations_own_cursor_is_one(a: ApiClient) -> None:
    """It has a character less than a ULID; as a time in 2025 it lies before users that are created now."""
    await a.upsert("u")
    documented = "01JXXXX99APxxxxxx8Wxxxx1B"
    assert (await page(a, f"after={documented}"))[1] == []
    assert (await page(a, f"before={documented}"))[1] == ["u"]


async def test_a_cursor_survives_the_deletion_of_its_user(a: ApiClient) -> None:
    for n in range(6):
        await a.upsert(f"u-{n}")
    meta, ids = await page(a, "limit=2")
    await a.delete(f"/v1/user/{ids[-1]}/")
    assert (await page(a, f"limit=2&after={meta['after']}"))[1] == ["u-3", "u-2"]


async def test_users_created_while_paging_do_not_shift_the_pages(a: ApiClient) -> None:
    for n in range(4):
        await a.upsert(f"u-{n}")
    meta, first = await page(a, "limit=2")
    await a.upsert("late")
    _, second = await page(a, f"limit=2&after={meta['after']}")
    assert first + second == ["u-3", "u-2", "u-1", "u-0"]


NO_CURSORS = {
    "": ["x", "01JR0WV5DG8W1Q2JB3N4M5P6R77", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
         "01JR0WV5DG8W1Q2JB3N4M5P6RU", "%00", "%F0%9F%99%82", "null", "1%20OR%201=1", "%ff"],
    "search=u": ["x", "!!!!", "dQ==", "dR", "%00", "%F0%9F%99%82", "AA",
                 urlsafe_b64encode(b"\xff\xfe").decode().rstrip("=")],
}  # fmt: skip


@pytest.mark.parametrize("query", NO_CURSORS, ids=["all", "search"])
async def test_what_is_no_cursor_is_refused(a: ApiClient, query: str) -> None:
    await a.upsert("u")
    for cursor in NO_CURSORS[query]:
        for direction in ("after", "before"):
            answer = await a.get(f"/v1/user/?{query}&{direction}={cursor}")
            assert (cursor, direction, answer.status_code) == (cursor, direction, 400)
            assert_error(answer, 400, "invalid_cursor")


IDS = [
    "%", "%a", "_", "_a", "A", "a", "a%b", "a_b", "ab", "abc", "a\u0301", "b\\", "b\\c", "é", "éa", "🙂", "🙂🙂",
    "\ud7ff", "\ud7ffx", "\ue000", "\U0010fffe", "\U0010ffff", "\U0010ffffx", "\U0010ffff\U0010ffff",
]  # fmt: skip


async def test_search_finds_exactly_the_ids_with_that_beginning_in_bytewise_order(a: ApiClient) -> None:
    """Wildcards and escapes of SQL mean nothing, and the last code point has no successor to stop at."""
    events = [{"distinct_id": distinct_id, "$user_operations": []} for distinct_id in IDS]
    assert (await a.post("/event/", events)).status_code == 202
    for prefix in [*IDS, "zzz", "\ud7ff\ud7ff", "🙂🙂🙂"]:
        expected = sorted((i for i in IDS if i.startswith(prefix)), key=str.encode)
        meta, ids = await page(a, f"limit=100&search={segment(prefix)}")
        assert (prefix, ids) == (prefix, expected)
        assert meta["count"] == len(expected)
        assert meta["count_capped"] is False
        if expected:
            forward, backward = await walk(a, f"limit=1&search={segment(prefix)}")
            assert list(itertools.chain(*forward)) == expected
            assert backward == forward[::-1]


async def test_a_cursor_of_another_search_stays_within_the_prefix(a: ApiClient) -> None:
    for distinct_id in ("a1", "b1", "b2", "c1"):
        await a.upsert(distinct_id)
    beyond = urlsafe_b64encode(b"c1").decode().rstrip("=")
    in_front = urlsafe_b64encode(b"a1").decode().rstrip("=")
    assert (await page(a, f"search=b&after={in_front}"))[1] == ["b1", "b2"]
    assert (await page(a, f"search=b&after={beyond}"))[1] == []
    assert (await page(a, f"search=b&before={beyond}"))[1] == ["b1", "b2"]
    assert (await page(a, f"search=b&before={in_front}"))[1] == []


async def test_a_search_that_no_id_can_match_is_refused(a: ApiClient) -> None:
    for search in ("x" * 256, "%00", "a%00"):
        assert_error(await a.get(f"/v1/user/?search={search}"), 400, "invalid_search")


async def test_a_search_with_undecodable_bytes_is_answered_and_finds_nothing(a: ApiClient) -> None:
    await a.upsert("u")
    for search in ("%ff%fe", "%ed%a0%80"):
        answer = await a.get(f"/v1/user/?search={search}")
        assert answer.status_code in (200, 400)
        assert "distinct_id" not in answer.text


async def test_the_count_of_a_search_stops_at_1000_and_says_so(a: ApiClient) -> None:
    for start in range(0, 1200, 400):
        events = [{"distinct_id": f"u-{n:04}", "$user_operations": []} for n in range(start, start + 400)]
        assert (await a.post("/event/", events)).status_code == 202
    meta, ids = await page(a, "search=u&limit=5")
    assert (meta["count"], meta["count_capped"]) == (1000, True)
    assert ids == [f"u-{n:04}" for n in range(5)]
    meta, _ = await page(a, "limit=1000")
    assert meta["count"] == 1200
    assert "count_capped" not in meta
