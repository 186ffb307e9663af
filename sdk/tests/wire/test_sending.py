"""What a sender asks and reports: the requests on the wire, and how long lists of them are cut."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from suprsend import AsyncSuprsend, Suprsend, SuprsendResponseError, SuprsendValidationError

PAGES = {
    None: {"results": [{"distinct_id": "a"}, {"distinct_id": "b"}], "meta": {"has_next": True, "after": "X"}},
    "X": {"results": [], "meta": {"has_next": True, "after": "Y"}},
    "Y": {"results": [{"object_type": "teams", "id": "c"}], "meta": {"has_next": False, "after": None}},
}


def test_resolving_users_asks_once(stub: Any, sender: Suprsend, reply: Any) -> None:
    """What is not given is left out; the answer is handed on as it is."""
    stub.rule = lambda _request: reply(200, {"results": [], "not_read": ["a"]})
    assert sender.users.resolve(["a"], " news ") == {"results": [], "not_read": ["a"]}
    sender.users.resolve(["a", "b"], "news", channels=["sms"], tenant_id="acme")
    assert [(request.method, request.target, request.json()) for request in stub.requests] == [
        ("POST", "/hub/v1/resolve/", {"distinct_ids": ["a"], "category": "news"}),
        (
            "POST",
            "/hub/v1/resolve/",
            {"distinct_ids": ["a", "b"], "category": "news", "channels": ["sms"], "tenant_id": "acme"},
        ),
    ]


@pytest.mark.parametrize(
    ("walk", "whom"),
    [
        (lambda client, **more: client.subscriber_lists.iter_resolutions("l", "news", **more), {"list_id": "l"}),
        (
            lambda client, **more: client.objects.iter_resolutions("teams", "core", "news", **more),
            {"object": {"object_type": "teams", "id": "core"}},
        ),
    ],
    ids=["list", "object"],
)
def test_members_are_resolved_page_by_page(
    walk: Callable[..., Any], whom: dict[str, Any], stub: Any, sender: Suprsend, reply: Any
) -> None:
    """One request per page, none before the first member is wanted, empty pages included."""
    stub.rule = lambda request: reply(200, PAGES[request.json().get("after")])
    members = walk(sender, channels=["email"])
    assert not stub.requests
    assert [each.get("distinct_id") or each["id"] for each in members] == ["a", "b", "c"]
    question = {"limit": 100, **whom, "category": "news", "channels": ["email"]}
    assert [request.json() for request in stub.requests] == [
        question,
        question | {"after": "X"},
        question | {"after": "Y"},
    ]


def test_a_page_that_leads_to_itself_ends_the_walk(stub: Any, sender: Suprsend, reply: Any) -> None:
    stub.rule = lambda _request: reply(200, {"results": [], "meta": {"after": "X"}})
    with pytest.raises(SuprsendResponseError):
        list(sender.subscriber_lists.iter_resolutions("l", "news"))


def test_reports_are_cut_and_their_results_joined(stub: Any, sender: Suprsend, reply: Any) -> None:
    """Each report has an id of its own, unless the caller gave it one."""

    def rule(request: Any) -> Any:
        reports = request.json()["reports"]
        return reply(200, {"results": [{"outcome": "applied", "profiles": len(reports)} for _ in reports]})

    stub.rule = rule
    report = {"channel": "email", "value": "a@b.io", "event": "stop"}
    answer = sender.users.set_channel_status([{**report, "insert_id": "mine"}, *[report] * 2_000])
    assert [each["profiles"] for each in answer["results"]] == [1000] * 2000 + [1]
    sent = [each for request in stub.requests for each in request.json()["reports"]]
    assert sent[0]["insert_id"] == "mine"
    assert len({each["insert_id"] for each in sent}) == 2001
    assert {name: value for name, value in sent[1].items() if name != "insert_id"} == report
    assert sender.users.set_channel_status([]) == {"results": []}


def test_a_request_that_is_repeated_has_the_same_ids(stub: Any, sender: Suprsend, reply: Any) -> None:
    """So a report counts once after a lost answer."""
    answers = iter([reply(503, {"message": "later"}), reply(200, {"results": [{"outcome": "applied", "profiles": 1}]})])
    stub.rule = lambda _request: next(answers)
    sender.users.set_channel_status([{"channel": "email", "value": "a@b.io", "event": "stop"}])
    assert len(stub.requests) == 2
    assert stub.requests[0].body == stub.requests[1].body


def test_an_address_is_looked_up_encoded(stub: Any, sender: Suprsend, reply: Any) -> None:
    stub.rule = lambda _request: reply(200, {"results": [], "not_read": []})
    assert sender.users.find_by_address("+1 555 0100")["results"] == []
    assert stub.requests[0].target == "/hub/v1/users/by_address/?address=%2B1+555+0100"


@pytest.mark.parametrize(
    "call",
    [
        lambda users: users.resolve("ada", "news"),
        lambda users: users.resolve(["ada"], " "),
        lambda users: users.resolve([5], "news"),
        lambda users: users.set_channel_status({"channel": "email"}),
        lambda users: users.set_channel_status(["ada@example.com"]),
        lambda users: users.find_by_address(""),
        lambda users: users.read_many("ada"),
    ],
)
def test_wrong_arguments_send_nothing(call: Callable[[Any], Any], stub: Any, sender: Suprsend) -> None:
    with pytest.raises(SuprsendValidationError):
        call(sender.users)
    assert not stub.requests


@pytest.mark.anyio
async def test_the_asyncio_client_sends_the_same(stub: Any, reply: Any) -> None:
    stub.rule = lambda request: reply(200, PAGES[request.json().get("after")])
    async with AsyncSuprsend("key", "secret", stub.url) as client:
        members = client.objects.iter_resolutions("teams", "core", "news", tenant_id="acme")
        assert [each.get("distinct_id") or each["id"] async for each in members] == ["a", "b", "c"]
    assert json.loads(stub.requests[0].body)["tenant_id"] == "acme"
