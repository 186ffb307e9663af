"""Long lists of ids and recipients: cut into requests, counted together. Short ones are sent as they are."""

from collections import deque
from typing import Any

import pytest
from suprsend import Suprsend, SuprsendAPIException
from suprsend._pieces import pieces

IDS = [f"user-{number}" for number in range(25_000)]


@pytest.fixture
def counting(stub: Any, reply: Any) -> Any:
    """A hub that counts what it is sent."""

    def rule(request: Any) -> Any:
        [items] = [value for value in request.json().values() if isinstance(value, list)]
        if request.method == "DELETE":
            return reply(204, b"")
        if "recipients" in request.json():
            return reply(200, {"results": [{"user": {"distinct_id": item}} for item in items]})
        return reply(201, {"success": True, "affected_count": len(items)})

    stub.rule = rule
    return stub


def sent(stub: Any, key: str) -> list[list[Any]]:
    """The lists that were sent, in order."""
    return [request.json()[key] for request in stub.requests]


@pytest.mark.parametrize(
    "change",
    [
        lambda lists, ids: lists.add("l", ids),
        lambda lists, ids: lists.remove("l", ids),
        lambda lists, ids: lists.add_to_version("l", "v", ids),
        lambda lists, ids: lists.remove_from_version("l", "v", ids),
    ],
    ids=["add", "remove", "add_to_version", "remove_from_version"],
)
def test_changes_of_lists_are_cut_and_their_counts_added(change: Any, counting: Any, sender: Suprsend) -> None:
    assert change(sender.subscriber_lists, IDS) == {"success": True, "affected_count": 25_000}
    parts = sent(counting, "distinct_ids")
    assert [len(part) for part in parts] == [10_000, 10_000, 5_000]
    assert [id_ for part in parts for id_ in part] == IDS


def test_deletions_and_subscriptions_are_cut(counting: Any, sender: Suprsend) -> None:
    assert sender.users.bulk_delete({"distinct_ids": IDS[:2_001]}) == {"success": True, "status_code": 204}
    assert sender.objects.bulk_delete("teams", {"object_ids": IDS[:1_001]})["success"]
    recipients = {"recipients": IDS[:201], "properties": {"role": "x"}}
    answer = sender.objects.create_subscriptions("teams", "core", recipients)
    assert [item["user"]["distinct_id"] for item in answer["results"]] == IDS[:201]
    sender.objects.delete_subscriptions("teams", "core", {"recipients": IDS[:101]})
    sizes = [
        len(value) for request in counting.requests for value in request.json().values() if isinstance(value, list)
    ]
    assert sizes == [1000, 1000, 1, 1000, 1, 100, 100, 1, 100, 1]
    assert [request.json()["properties"] for request in counting.requests if b"role" in request.body] == [
        {"role": "x"}
    ] * 3
    assert recipients["recipients"] == IDS[:201], "what the caller has is left alone"


def test_what_fits_is_one_request_and_a_refusal_ends_the_rest(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.reply(reply(201, {"success": True, "affected_count": 1}), reply(404, {"message": "list not found"}))
    assert sender.subscriber_lists.add("l", IDS[:10_000])["affected_count"] == 1
    with pytest.raises(SuprsendAPIException, match="list not found"):
        sender.subscriber_lists.add("l", IDS)
    assert len(stub.requests) == 2


def test_a_warning_of_any_part_is_kept(stub: Any, reply: Any, dropped: Any, sender: Suprsend) -> None:
    """The answer to the first part is lost once, so that the sum may be too low."""
    counted = reply(201, {"success": True, "affected_count": 5})
    stub.reply(dropped, counted, counted)
    answer = sender.subscriber_lists.add("l", IDS[:10_001])
    assert answer["affected_count"] == 10
    assert len(answer["warnings"]) == 1


def test_pieces_are_cut_by_bytes_too() -> None:
    """The hub takes 1 MiB in a body: 255 characters of four bytes each, 10,000 times, are ten times as much."""
    ids = ["\U0001f600" * 255] * 2_000
    parts = list(pieces(ids, 10_000))
    assert [id_ for part in parts for id_ in part] == ids
    assert all(sum(len(id_.encode()) + 4 for id_ in part) <= 900_000 for part in parts)
    assert len(parts) == 3
    assert [len(part) for part in pieces(["x" * 1_000_000, "y"], 10)] == [1, 1]


@pytest.mark.parametrize("payload", [None, {}, {"distinct_ids": []}, {"distinct_ids": "u"}])
def test_a_payload_without_a_list_is_for_the_hub_to_judge(payload: Any, stub: Any, sender: Suprsend) -> None:
    sender.users.bulk_delete(payload)
    assert [request.json() for request in stub.requests] == [payload or {}]


class Column:
    """As a column of pandas or an array of numpy: it can be walked, has keys, and its truth is ambiguous."""

    ndim = 1

    def __init__(self, items: list[str]) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return iter(self.items)

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    def keys(self) -> Any:
        return range(len(self.items))


ITERABLES: list[Any] = [
    list,
    tuple,
    lambda ids: dict.fromkeys(ids).keys(),
    lambda ids: dict(enumerate(ids)).values(),
    lambda ids: (id_ for id_ in ids),
    iter,
    Column,
    set,
    frozenset,
    deque,
]


@pytest.mark.parametrize("kind", ITERABLES)
def test_any_iterable_of_ids_counts_as_a_list(kind: Any, counting: Any, sender: Suprsend) -> None:
    """In every method that takes a list; a long one is cut."""
    ids = IDS[:1_001]
    lists, users, objects = sender.subscriber_lists, sender.users, sender.objects
    assert lists.add("l", kind(ids))["affected_count"] == 1_001
    lists.remove("l", kind(ids))
    lists.add_to_version("l", "v", kind(ids))
    lists.remove_from_version("l", "v", kind(ids))
    users.bulk_delete({"distinct_ids": kind(ids)})
    objects.bulk_delete("teams", {"object_ids": kind(ids)})
    objects.create_subscriptions("teams", "core", {"recipients": kind(ids)})
    objects.delete_subscriptions("teams", "core", {"recipients": kind(ids)})
    sent_ids = [value for request in counting.requests for value in request.json().values()]
    assert [len(part) for part in sent_ids] == [1_001] * 4 + [1_000, 1] * 2 + ([100] * 10 + [1]) * 2
    assert {id_ for part in sent_ids for id_ in part} == set(ids)
    edit = users.get_edit_instance("u")
    edit.unset(kind(["a", "b"]))
    assert (sorted(edit.operations[0]["$unset"]), edit.errors) == (["a", "b"], [])
    assert lists.add("l", kind([])) == {"success": True}
    assert len(counting.requests) == 30


@pytest.mark.parametrize("kind", [tuple, iter, Column, set])
def test_any_iterable_of_ids_is_asked_about(kind: Any, stub: Any, sender: Suprsend) -> None:
    sender.users.read_many(kind(["a"]))
    sender.users.resolve(kind(["a"]), "news", channels=kind(["sms"]))
    assert [request.json()["distinct_ids"] for request in stub.requests] == [["a"], ["a"]]
    assert stub.requests[1].json()["channels"] == ["sms"]
