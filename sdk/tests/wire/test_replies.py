"""What an answer means: to a repeated call, from something that is not a hub, from a proxy in between."""

import asyncio
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import suprsend
from suprsend import (
    AsyncSuprsend,
    Suprsend,
    SuprsendNotFoundError,
    SuprsendResponseError,
    SuprsendTransportError,
    _answers,
    _preference_answers,
)
from suprsend._shapes import ALWAYS

PACKAGE = Path(suprsend.__file__).parent
UNKNOWN = {"code": 404, "error_code": "user_not_found", "message": "user [distinct_id: 'u'] not found"}
UNKNOWN_AS_PUBLISHED = {"code": 404, "message": "user [distinct_id: 'u'] not found"}
NO_SUCH_PATH = {"code": 404, "error_code": "no_such_path", "message": "there is nothing at DELETE this path"}
PAGE = "<!doctype html><html><head><title>Sign in to the network</title></head><body>Welcome!</body></html>"


# -- the answer to a repeated call


DELETIONS = [
    lambda c: c.users.delete("u"),
    lambda c: c.users.unlink_tenant("u", "t"),
    lambda c: c.objects.delete("teams", "core"),
    lambda c: c.subscriber_lists.delete("l"),
    lambda c: c.subscriber_lists.delete_version("l", "v"),
    lambda c: c.tenants.delete("t"),
]


@pytest.mark.parametrize("first", ["lost", "502"])
@pytest.mark.parametrize("body", [UNKNOWN, UNKNOWN_AS_PUBLISHED])
@pytest.mark.parametrize("delete", DELETIONS)
def test_a_deletion_whose_answer_was_lost_succeeds_though_the_repetition_finds_nothing(
    delete: Any, body: Any, first: str, stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    """The first attempt deleted, so the second is told 404: that is what the caller asked for."""
    stub.reply(dropped if first == "lost" else reply(502, "Bad Gateway"), reply(404, body))
    assert delete(sender) == {"success": True, "status_code": 204}
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (lambda reply, dropped: [reply(404, UNKNOWN)], SuprsendNotFoundError),
        (lambda reply, dropped: [reply(429), reply(404, UNKNOWN)], SuprsendNotFoundError),
        (lambda reply, dropped: [dropped, reply(404, NO_SUCH_PATH)], SuprsendResponseError),
        (lambda reply, dropped: [dropped, reply(404, "not found")], SuprsendResponseError),
        (lambda reply, dropped: [dropped, reply(409, UNKNOWN)], suprsend.SuprsendConflictError),
    ],
    ids=["first attempt", "refused before any effect", "wrong path", "not a hub", "another refusal"],
)
def test_any_other_404_of_a_deletion_stays_an_error(
    answers: Any, kind: Any, stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    stub.reply(*answers(reply, dropped))
    with pytest.raises(kind):
        sender.users.delete("u")


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.users.get("u"),
        lambda c: c.users.bulk_delete({"distinct_ids": ["u"]}),
        lambda c: c.objects.delete_subscriptions("teams", "core", {"recipients": ["u"]}),
        lambda c: c.subscriber_lists.add("l", ["u"]),
    ],
)
def test_a_404_of_a_call_that_removes_nothing_named_in_its_path_stays_an_error(
    call: Any, stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    """The earlier attempt cannot have made the object or list disappear."""
    stub.reply(dropped, reply(404, UNKNOWN))
    with pytest.raises(SuprsendNotFoundError):
        call(sender)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.subscriber_lists.add("l", ["u"]),
        lambda c: c.subscriber_lists.remove("l", ["u"]),
        lambda c: c.subscriber_lists.add_to_version("l", "v", ["u"]),
        lambda c: c.subscriber_lists.remove_from_version("l", "v", ["u"]),
    ],
)
def test_a_count_after_a_lost_answer_says_what_it_does_not_count(
    change: Any, stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    counted = {"success": True, "affected_count": 0}
    stub.reply(dropped, reply(201, counted))
    answer = change(sender)
    assert answer.items() > counted.items()
    assert "an earlier attempt" in answer["warnings"][0]
    stub.reply(reply(201, counted))
    assert change(sender) == counted


def test_finishing_a_draft_whose_answer_was_lost_returns_the_list(
    stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    """The draft is gone because the first attempt finished it; the list is read back, and the answer says so."""
    answers = iter([dropped, reply(404, UNKNOWN)])
    live = {"list_id": "l", "subscribers_count": 2}
    stub.rule = lambda request: reply(200, live) if request.method == "GET" else next(answers)
    answer = sender.subscriber_lists.finish_sync("l", "v")
    assert answer.items() > live.items()
    assert "counts as finished" in answer["warnings"][0]
    assert [request.method for request in stub.requests] == ["PATCH", "PATCH", "GET"]


def test_finishing_a_draft_that_never_was_is_an_error(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.reply(reply(404, UNKNOWN))
    with pytest.raises(SuprsendNotFoundError):
        sender.subscriber_lists.finish_sync("l", "v")


def test_a_lost_answer_is_remembered_when_the_last_attempt_finds_no_connection(quick: Any) -> None:
    """``maybe_applied`` is about the call, not about its last attempt."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65_536)
            listener.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with (
            Suprsend("k", "s", base_url=url) as client,
            pytest.raises(
                SuprsendTransportError, match=r"no connection.*earlier attempt.*may have been applied"
            ) as caught,
        ):
            quick(client).users.delete("u")
        thread.join(10)
    assert caught.value.maybe_applied


# -- answers of something else than a hub


WRITES = [
    lambda c: c.users.async_edit(c.users.get_edit_instance("u")),
    lambda c: c.users.edit(c.users.get_edit_instance("u")),
    lambda c: c.users.upsert("u", {}),
    lambda c: c.users.delete("u"),
    lambda c: c.users.bulk_delete({"distinct_ids": ["u"]}),
    lambda c: c.users.merge("u", "v"),
    lambda c: c.objects.upsert("teams", "core", {}),
    lambda c: c.objects.create_subscriptions("teams", "core", {"recipients": ["u"]}),
    lambda c: c.objects.delete_subscriptions("teams", "core", {"recipients": ["u"]}),
    lambda c: c.subscriber_lists.create({"list_id": "l"}),
    lambda c: c.subscriber_lists.add("l", ["u"]),
    lambda c: c.subscriber_lists.start_sync("l"),
    lambda c: c.subscriber_lists.finish_sync("l", "v"),
    lambda c: c.subscriber_lists.delete("l"),
    lambda c: c.tenants.upsert("t", {}),
    lambda c: c.brands.upsert("b", {}),
]


@pytest.mark.parametrize("body", [PAGE, "", "welcome", b"\xff\xfe", "[1"])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_something_else_than_a_hub_accepts_is_an_error(
    write: Any, body: Any, sender: Suprsend, stub: Any, reply: Any
) -> None:
    """A captive portal, or a web application that answers each path with its page, stores nothing."""
    stub.reply(reply(200, body, Content_Type="text/html"))
    with pytest.raises(SuprsendResponseError, match=r"text/html, \d+ bytes.*does base_url point to a hub\?"):
        write(sender)


@pytest.mark.parametrize("body", [PAGE, "", {}, {"status": "ok"}, "ok then"])
def test_events_that_something_else_than_a_hub_accepts_are_failures_in_bulk_and_in_the_deprecated_save(
    body: Any, sender: Suprsend, stub: Any, reply: Any
) -> None:
    stub.reply(reply(200, body))
    edit = sender.users.get_edit_instance("u")
    response = sender.users.bulk_edit([edit]).result()
    assert (response.status, response.failure, response.failed_records[0]["code"]) == ("fail", 1, 500)
    assert "does base_url point to a hub?" in response.failed_records[0]["error"]
    with pytest.warns(DeprecationWarning, match="client.users"):
        user = sender.user.get_instance("u")
    answer = user.save()
    assert (answer["success"], answer["status_code"]) == (False, 500)


@pytest.mark.parametrize("body", ["OK", '"OK"', "OK\n"])
@pytest.mark.parametrize("status", [200, 202, 207])
def test_events_are_taken_over_with_the_word_ok_and_any_status_that_accepts(
    status: int, body: str, sender: Suprsend, stub: Any, reply: Any
) -> None:
    stub.reply(reply(status, body))
    assert sender.users.async_edit(sender.users.get_edit_instance("u"))["status_code"] == status


@pytest.mark.parametrize(("status", "body"), [(204, None), (200, {"success": True}), (202, {"success": True, "n": 1})])
def test_deletions_are_done_with_204_or_the_json_of_a_success(
    status: int, body: Any, sender: Suprsend, stub: Any, reply: Any
) -> None:
    stub.reply(reply(status, body))
    assert sender.users.delete("u") == {"success": True, "status_code": status}


# -- JSON of something else


READS = [
    lambda c: c.users.get("u"),
    lambda c: c.users.list(),
    lambda c: c.users.list_associated_tenants("u"),
    lambda c: c.users.get_for_tenant("u", "t"),
    lambda c: c.users.get_objects_subscribed_to("u"),
    lambda c: c.users.get_lists_subscribed_to("u"),
    lambda c: c.users.get_full_preference("u"),
    lambda c: c.users.get_category_preference("u", "c"),
    lambda c: c.users.read_many(["u"]),
    lambda c: c.users.find_by_address("a@b.io"),
    lambda c: c.users.resolve(["u"], "c"),
    lambda c: c.objects.list("teams"),
    lambda c: c.objects.get("teams", "core"),
    lambda c: c.objects.get_subscriptions("teams", "core"),
    lambda c: c.objects.get_objects_subscribed_to("teams", "core"),
    lambda c: c.objects.get_full_preference("teams", "core"),
    lambda c: c.objects.get_category_preference("teams", "core", "c"),
    lambda c: c.subscriber_lists.get("l"),
    lambda c: c.subscriber_lists.get_all(),
    lambda c: c.subscriber_lists.get_subscribers("l"),
    lambda c: c.subscriber_lists.get_version("l", "v"),
    lambda c: c.tenants.get("t"),
    lambda c: c.tenants.list(),
    lambda c: c.tenants.list_preference_categories("t"),
    lambda c: c.tenants.get_preference_category("t", "c"),
    lambda c: c.brands.get("b"),
    lambda c: c.brands.list(),
    lambda c: next(c.users.iter_users()),
    lambda c: next(c.users.iter_associated_tenants("u")),
    lambda c: next(c.objects.iter_objects("teams")),
    lambda c: next(c.subscriber_lists.iter_lists()),
    lambda c: next(c.subscriber_lists.iter_resolutions("l", "c")),
    lambda c: next(c.tenants.iter_tenants()),
]
OTHER_WRITES = [
    lambda c: c.users.edit("u", {"operations": []}),
    lambda c: c.users.edit("u", {"operations": []}, "t"),
    lambda c: c.users.upsert_for_tenant("u", "t", {}),
    lambda c: c.users.unlink_tenant("u", "t"),
    lambda c: c.users.unmerge("u", "v"),
    lambda c: c.users.rename("u", "v"),
    lambda c: c.users.set_channel_status([{"channel": "email", "value": "a@b.io", "event": "stop"}]),
    lambda c: c.users.update_global_channels_preference("u", {}),
    lambda c: c.users.update_category_preference("u", "c", {}),
    lambda c: c.objects.edit("teams", "core", {"operations": []}),
    lambda c: c.objects.delete("teams", "core"),
    lambda c: c.objects.bulk_delete("teams", {"object_ids": ["core"]}),
    lambda c: c.objects.update_global_channels_preference("teams", "core", {}),
    lambda c: c.objects.update_category_preference("teams", "core", "c", {}),
    lambda c: c.subscriber_lists.remove("l", ["u"]),
    lambda c: c.subscriber_lists.add_to_version("l", "v", ["u"]),
    lambda c: c.subscriber_lists.remove_from_version("l", "v", ["u"]),
    lambda c: c.subscriber_lists.delete_version("l", "v"),
    lambda c: c.tenants.update_preference_category("t", "c", {}),
    lambda c: c.tenants.delete("t"),
]
FOREIGN: list[Any] = [
    (200, {}),
    (200, {"status": "ok"}),
    (200, {"error": "login required"}),
    (200, {"success": False}),
    (200, {"data": {"distinct_id": "u"}, "id": 5, "results": {}, "meta": []}),
    (201, "null"),
    (200, "[]"),
    (200, '[{"distinct_id": "u"}]'),
    (200, '"OK"'),
    (202, ""),
    (200, '{"distinct_id": ' * 100_000),
]


@pytest.mark.parametrize("call", [*WRITES[1:], *OTHER_WRITES, *READS])
def test_json_that_is_not_a_hubs_is_not_a_success(call: Any, sender: Suprsend, stub: Any, reply: Any) -> None:
    """A gateway that answers everything with 200 and JSON of its own stores nothing."""
    for status, body in FOREIGN:
        stub.reply(reply(status, body, Content_Type="application/json"))
        with pytest.raises(SuprsendResponseError, match=r"does base_url point to a hub\?"):
            call(sender)


PUBLISHED = {
    "get": {"distinct_id": "u", "properties": {}, "created_at": "…", "updated_at": "…", "$email": []},
    "upsert_for_tenant": {"distinct_id": "u", "properties": {}, "tenant": {"tenant_id": "t", "properties": {}}},
    "list": {"meta": {"count": 0, "limit": 10, "has_prev": False, "before": None, "after": None}, "results": []},
    "list_associated_tenants": {"meta": {"count": 0}, "results": []},
    "get_full_preference": {"sections": [], "channel_preferences": [{"channel": "email", "is_restricted": False}]},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_the_hosted_service_answers_is_a_success(name: str, sender: Suprsend, stub: Any, reply: Any) -> None:
    """Its published samples lack some keys that ours always has."""
    stub.reply(reply(200, PUBLISHED[name]))
    arguments = {"list": [], "upsert_for_tenant": ["u", "t"]}.get(name, ["u"])
    assert getattr(sender.users, name)(*arguments) == PUBLISHED[name]


def test_each_answer_that_a_method_returns_has_a_shape() -> None:
    """Every kind that the shells pass to ``call_json`` is in the table, so that no new endpoint goes unchecked."""
    source = "".join(path.read_text() for path in (PACKAGE / "_async").glob("*.py"))
    kinds = set(re.findall(r"(\w+)(?:\[\w+\])?,?\s*\)", "".join(re.findall(r"call_json\(.*?\n\n", source, re.DOTALL))))
    kinds &= {name for module in (_answers, _preference_answers) for name in vars(module)}
    assert kinds - {getattr(kind, "__name__", "") for kind in ALWAYS} == set()
    assert len(kinds) > 15


@pytest.mark.parametrize("body", [{}, {"results": []}, {"meta": {}, "results": None}, {"meta": [], "results": []}])
@pytest.mark.parametrize("walk", [lambda c: c.users.iter_users(), lambda c: c.subscriber_lists.iter_lists()])
def test_an_answer_that_is_not_a_page_ends_a_walk_with_an_error(
    walk: Any, body: Any, sender: Suprsend, stub: Any, reply: Any
) -> None:
    stub.reply(reply(200, body))
    with pytest.raises(SuprsendResponseError, match="base_url"):
        next(walk(sender))


# -- 404


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (NO_SUCH_PATH, "the hub does not have this path"),
        ("<html>404</html>", "404 from something that does not look like a hub"),
        ("", "404 from something that does not look like a hub"),
        ({"detail": "Not Found"}, "404 from something that does not look like a hub"),
        ({"message": "no Route matched with those values"}, "404 from something that does not look like a hub"),
    ],
)
def test_a_404_that_is_not_about_the_user_is_not_a_not_found_error(
    body: Any, text: str, sender: Suprsend, stub: Any, reply: Any
) -> None:
    """A job that erases users takes "not found" for done; a wrong base_url must not look like it."""
    stub.reply(reply(404, body))
    for call in (lambda: sender.users.delete("u"), lambda: sender.users.get("u")):
        with pytest.raises(SuprsendResponseError, match=f"{text}.*does base_url point to a hub") as caught:
            call()
        assert not isinstance(caught.value, SuprsendNotFoundError)
        assert caught.value.status_code == 404
    response = sender.users.bulk_edit([sender.users.get_edit_instance("u")]).result()
    assert response.failed_records[0]["code"] == 404
    assert "does base_url point to a hub?" in response.failed_records[0]["error"]


@pytest.mark.parametrize("body", [UNKNOWN, UNKNOWN_AS_PUBLISHED])
def test_a_404_of_a_hub_is_a_not_found_error(body: Any, sender: Suprsend, stub: Any, reply: Any) -> None:
    stub.reply(reply(404, body))
    with pytest.raises(SuprsendNotFoundError, match=r"^\[code: 404\] user \[distinct_id: 'u'\] not found$"):
        sender.users.delete("u")


# -- texts


def test_the_page_of_a_proxy_is_not_the_text_of_the_error(sender: Suprsend, stub: Any, reply: Any) -> None:
    """The text says what it was; the page is in the response."""
    page = PAGE * 30
    stub.reply(reply(502, page, Content_Type="text/html"))
    client = sender.with_options(max_retries=0)
    with pytest.raises(suprsend.SuprsendUnavailableError) as caught:
        client.users.get("u")
    assert str(caught.value) == (
        f"[code: 502] Bad Gateway (an HTML page of {len(page)} characters, see error.response)"
    )
    assert caught.value.response.text == page
    response = client.users.bulk_edit([client.users.get_edit_instance("u")]).result()
    assert response.failed_records[0]["error"].startswith("Bad Gateway (an HTML page of")


def test_a_long_text_is_cut_and_an_empty_one_named(sender: Suprsend, stub: Any, reply: Any) -> None:
    stub.reply(reply(500, "x" * 5000))
    with pytest.raises(suprsend.SuprsendAPIException, match=r"x{1000}… \(5000 characters, see") as caught:
        sender.users.get("u")
    assert len(str(caught.value)) < 1100
    stub.reply(reply(500, ""))
    with pytest.raises(suprsend.SuprsendAPIException, match=r"Internal Server Error \(no body\)"):
        sender.users.get("u")
    stub.reply(reply(599, ""))
    with pytest.raises(suprsend.SuprsendAPIException, match=r"Unknown status \(no body\)"):
        sender.users.get("u")


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id", "X-REQUEST-ID"])
def test_the_request_id_is_shown_however_the_header_is_spelled(
    name: str, sender: Suprsend, stub: Any, reply: Any
) -> None:
    """It is what an operator looks for in the hub's log; the SDK sends none of its own."""
    stub.reply(reply(400, {"message": "no"}, **{name: "01J-req"}))
    with pytest.raises(suprsend.SuprsendAPIException) as caught:
        sender.users.get("u")
    assert caught.value.request_id == "01J-req"
    assert str(caught.value) == "[code: 400] no [request_id: 01J-req]"
    assert caught.value.message == "no"
    assert "x-request-id" not in stub.requests[0].headers


def test_json_that_is_nested_too_deeply_is_an_error_of_the_family(sender: Suprsend, stub: Any, reply: Any) -> None:
    stub.reply(reply(200, "[" * 100_000 + "]" * 100_000))
    with pytest.raises(SuprsendResponseError):
        sender.users.get("u")


def test_the_asyncio_half_judges_answers_alike(stub: Any, reply: Any, dropped: Any, quick: Any) -> None:
    async def main() -> None:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:
            quick(client)
            stub.reply(dropped, reply(404, UNKNOWN))
            assert (await client.users.delete("u"))["success"]
            stub.reply(reply(200, PAGE))
            with pytest.raises(SuprsendResponseError):
                await client.users.async_edit(client.users.get_edit_instance("u"))

    asyncio.run(main())
