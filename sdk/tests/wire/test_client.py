"""Life of a client on the wire: retries, idempotency, timeouts, connections, forks, threads, logs, pages."""

import asyncio
import base64
import json
import logging
import multiprocessing
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import suprsend
from suprsend import AsyncSuprsend, Response, Suprsend, SuprsendConfigError, SuprsendTransportError

SECRET = "SECRET_example_000000000000"


# -- retries


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.users.get("u"),
        lambda c: c.users.list(),
        lambda c: c.users.async_edit(c.users.get_edit_instance("u")),
        lambda c: c.users.edit(c.users.get_edit_instance("u")),
        lambda c: c.users.upsert("u", {"a": 1}),
        lambda c: c.users.delete("u"),
        lambda c: c.objects.edit("teams", "core", {"operations": []}),
        lambda c: c.objects.create_subscriptions("teams", "core", {"recipients": ["u"]}),
        lambda c: c.subscriber_lists.add("l", ["u"]),
        lambda c: c.subscriber_lists.finish_sync("l", "v"),
        lambda c: c.tenants.upsert("t", {"tenant_name": "T"}),
        lambda c: c.users.update_category_preference("u", "news", {"preference": "opt_in"}),
        lambda c: c.objects.update_global_channels_preference("teams", "core", {"channel_preferences": []}),
        lambda c: c.tenants.update_preference_category("t", "news", {"preference": "opt_in"}),
    ],
)
def test_calls_that_may_be_repeated_survive_a_lost_answer_and_a_busy_hub(
    call: Any, stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    stub.reply(dropped, reply(503), reply(202, "OK") if "async_edit" in call.__code__.co_names else reply(200))
    call(sender)
    assert len(stub.requests) == 3
    assert (
        len({(request.target, request.body, request.headers.get("idempotency-key")) for request in stub.requests}) == 1
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.users.merge("u", "v"),
        lambda c: c.subscriber_lists.start_sync("l"),
    ],
)
def test_calls_that_could_double_are_not_repeated_after_a_lost_answer(
    call: Any, stub: Any, dropped: Any, sender: Suprsend
) -> None:
    stub.reply(dropped)
    with pytest.raises(SuprsendTransportError, match="may have been applied") as caught:
        call(sender)
    assert caught.value.maybe_applied
    assert len(stub.requests) == 1


def test_synchronous_edits_carry_an_idempotency_key_and_reads_do_not(stub: Any, sender: Suprsend) -> None:
    edit = sender.users.get_edit_instance("u", "acme")
    sender.users.edit(edit)
    sender.users.edit(edit)
    sender.users.upsert("u")
    sender.users.upsert_for_tenant("u", "acme", {})
    sender.objects.upsert("t", "o")
    for api, recipient in ((sender.users, ("u",)), (sender.objects, ("t", "o"))):
        api.update_category_preference(*recipient, "news", {"preference": "opt_in"})
        api.update_global_channels_preference(*recipient, {"channel_preferences": []})
    keys = [request.headers["idempotency-key"] for request in stub.requests]
    assert len(set(keys)) == 9
    assert all(len(key) == 36 for key in keys)
    sender.users.get("u")
    sender.users.async_edit(edit)
    assert not any("idempotency-key" in request.headers for request in stub.requests[9:])


def test_retry_after_is_waited_for(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.reply(reply(429, Retry_After="0.2"), reply(200))
    started = time.monotonic()
    sender.users.get("u")
    assert time.monotonic() - started >= 0.2


def test_a_pause_longer_than_a_minute_is_left_to_the_caller(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.reply(reply(429, Retry_After="3600"))
    with pytest.raises(suprsend.SuprsendRateLimitError) as caught:
        sender.users.get("u")
    assert caught.value.retry_after_s == 3600
    assert len(stub.requests) == 1


def test_with_options_changes_one_call_and_shares_the_connections(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.reply(reply(503))
    with pytest.raises(suprsend.SuprsendUnavailableError):
        sender.with_options(max_retries=0).users.get("u")
    assert len(stub.requests) == 1
    with pytest.raises(suprsend.SuprsendUnavailableError):
        sender.users.get("u")
    assert len(stub.requests) == 5
    assert stub.connections == 1


# -- no answer


def test_a_stalled_hub_ends_in_a_timeout_error(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.rule = lambda request: time.sleep(0.5) or reply(200)
    with pytest.raises(SuprsendTransportError, match=r"ReadTimeout after 0\.05 s") as caught:
        sender.with_options(timeout=0.05, max_retries=0).users.get("u")
    assert caught.value.maybe_applied


def test_no_hub_at_the_address_is_said_plainly(quick: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with Suprsend("k", SECRET, base_url=url) as client:
            quick(client)
            with pytest.raises(
                SuprsendTransportError, match=r"no connection to http://127.*is the hub running\?"
            ) as caught:
                client.users.get("u")
    assert not caught.value.maybe_applied
    assert SECRET not in str(caught.value)


# -- connections


def test_one_connection_serves_many_calls(stub: Any, sender: Suprsend) -> None:
    for _ in range(20):
        sender.users.get("u")
    assert stub.connections == 1


def test_a_small_request_travels_in_one_piece() -> None:
    pieces: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as connection:
            pieces.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b'{"distinct_id": "x"}')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with Suprsend("k", "s", base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/") as client:
            client.users.upsert("u", {"name": "Ada"})
        thread.join(10)
    assert pieces[0].startswith(b"POST /v1/user/u/ HTTP/1.1\r\n")
    assert pieces[0].endswith(b'{"name":"Ada"}')


def test_a_closed_client_says_so(stub: Any) -> None:
    with Suprsend("k", "s", base_url=stub.url) as client:
        client.users.get("u")
    with pytest.raises(SuprsendConfigError, match="closed"):
        client.users.get("u")


def test_threads_share_a_client(stub: Any, sender: Suprsend) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sender.users.get(f"u{n}"), range(200)))
    assert sorted(request.target for request in stub.requests) == sorted(f"/v1/user/u{n}/" for n in range(200))
    assert stub.connections <= 8


def _child(client: Suprsend, out: Any) -> None:
    out.put(client.users.get("child"))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own(stub: Any, sender: Suprsend) -> None:
    sender.users.get("parent")
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    process = context.Process(target=_child, args=(sender, out))
    process.start()
    assert out.get(timeout=20)["distinct_id"] == "x"
    process.join(20)
    assert process.exitcode == 0
    sender.users.get("parent")
    assert stub.connections == 2


def test_asyncio_calls_run_side_by_side(stub: Any, reply: Any) -> None:
    barrier = threading.Barrier(5, timeout=10)

    def rule(request: Any) -> Any:
        barrier.wait()  # broken, and the test with it, unless five requests are under way together
        return reply(200)

    stub.rule = rule

    async def main() -> None:
        async with AsyncSuprsend("k", "s", base_url=stub.url, max_retries=0) as client:
            await asyncio.gather(*[client.users.get(f"u{n}") for n in range(5)])

    asyncio.run(main())


def test_every_asyncio_method_has_a_twin_with_the_same_arguments() -> None:
    import inspect

    from suprsend._async import _lists, _objects, _subscribers, _tenants, _users
    from suprsend._sync import _lists as s_lists
    from suprsend._sync import _objects as s_objects
    from suprsend._sync import _subscribers as s_subscribers
    from suprsend._sync import _tenants as s_tenants
    from suprsend._sync import _users as s_users

    pairs = [
        (AsyncSuprsend, Suprsend),
        (_users.AsyncUsersApi, s_users.UsersApi),
        (_objects.AsyncObjectsApi, s_objects.ObjectsApi),
        (_lists.AsyncSubscriberListsApi, s_lists.SubscriberListsApi),
        (_tenants.AsyncTenantsApi, s_tenants.TenantsApi),
        (_subscribers.AsyncSubscriber, s_subscribers.Subscriber),
        (suprsend.AsyncBulkUsersEdit, suprsend.BulkUsersEdit),
    ]
    for asynchronous, synchronous in pairs:
        names = [name for name in vars(asynchronous) if not name.startswith("_")]
        assert {name.replace("aclose", "close") for name in names} == {n for n in vars(synchronous) if n[0] != "_"}
        for name in names:
            one, other = getattr(asynchronous, name), getattr(synchronous, name.replace("aclose", "close"))
            if callable(one):
                assert list(inspect.signature(one).parameters) == list(inspect.signature(other).parameters), name
                assert not inspect.iscoroutinefunction(other)


# -- logs


def test_debug_logs_each_exchange_without_bodies_and_credentials(stub: Any, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("suprsend")
    level, handlers = logger.level, list(logger.handlers)
    try:
        with Suprsend("the-key", SECRET, base_url=stub.url, debug=True) as client:
            edit = client.users.get_edit_instance("u")
            edit.add_slack({"email": "private@example.com", "access_token": "xoxb-token"})
            client.users.async_edit(edit)
        with Suprsend.with_workspace_api_key("uid", "api-secret", base_url=stub.url, debug=True) as client:
            client.users.get("u")
    finally:
        logger.setLevel(level)
        logger.handlers[:] = handlers
    assert "POST /event/ attempt 1: sent" in caplog.text
    assert "GET /v1/user/u/ attempt 1: sent 0 bytes, answer 200 with " in caplog.text
    for private in (SECRET, "api-secret", "xoxb-token", "private@example.com", "Authorization"):
        assert private not in caplog.text


def test_mistakes_are_in_the_answer_and_in_the_log(sender: Suprsend, caplog: pytest.LogCaptureFixture) -> None:
    edit = sender.users.get_edit_instance("u")
    edit.set("k", None)
    edit.add_email("nonsense")
    answer = sender.users.async_edit(edit)
    assert answer["warnings"] == [
        "[distinct_id: u][set] if arg1 is a string, then arg2 must be passed",
        "[distinct_id: u][add_email] $email: the value does not look like an e-mail address",
    ]
    assert caplog.text.count("WARNING") == 2


def test_the_deprecated_save_never_raises(stub: Any, reply: Any, sender: Suprsend) -> None:
    with pytest.warns(DeprecationWarning, match="client.users"):
        user = sender.user.get_instance("u")
    user.set("a", 1)
    stub.reply(reply(403, "gone"))
    assert user.save() == {"success": False, "status": "fail", "status_code": 403, "message": "gone"}
    user.set("blob", "x" * 10_240)
    answer = user.save()
    assert (answer["success"], answer["status_code"]) == (False, 500)
    assert answer["message"].startswith("User Event size too big")


# -- pages


def paged(stub: Any, reply: Any, total: int) -> None:
    """Let the stub serve a cursor-paged collection of numbers."""

    def rule(request: Any) -> Any:
        from urllib.parse import parse_qs, urlsplit

        query = parse_qs(urlsplit(request.target).query)
        first, limit = int(query.get("after", query.get("offset", ["0"]))[0]), int(query["limit"][0])
        last = min(total, first + limit)
        more = last < total
        meta = {"count": total, "limit": limit, "has_next": more, "after": str(last) if more else None}
        return reply(200, {"meta": meta, "results": [{"n": n} for n in range(first, last)]})

    stub.rule = rule


@pytest.mark.parametrize("total", [0, 1, 100, 101, 250])
@pytest.mark.parametrize(
    "walk",
    [
        lambda c: c.users.iter_users(),
        lambda c: c.users.iter_users({"limit": 7}),
        lambda c: c.users.iter_objects_subscribed_to("u"),
        lambda c: c.users.iter_lists_subscribed_to("u"),
        lambda c: c.users.iter_associated_tenants("u"),
        lambda c: c.objects.iter_objects("teams"),
        lambda c: c.objects.iter_subscriptions("teams", "core"),
        lambda c: c.objects.iter_objects_subscribed_to("teams", "core"),
        lambda c: c.subscriber_lists.iter_subscribers("l"),
        lambda c: c.subscriber_lists.iter_lists(),
        lambda c: c.tenants.iter_tenants(),
    ],
)
def test_iterators_walk_all_pages_without_gap_or_repeat(
    walk: Any, total: int, stub: Any, reply: Any, sender: Suprsend
) -> None:
    paged(stub, reply, total)
    items = walk(sender)
    assert stub.requests == []
    assert [item["n"] for item in items] == list(range(total))


def test_iterators_fetch_a_page_only_when_it_is_needed(stub: Any, reply: Any, sender: Suprsend) -> None:
    paged(stub, reply, 1000)
    items = sender.users.iter_users({"limit": 10})
    for _ in range(11):
        next(items)
    assert len(stub.requests) == 2


def test_asyncio_iterators_walk_all_pages(stub: Any, reply: Any) -> None:
    paged(stub, reply, 250)

    async def main() -> list[int]:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:
            return [item["n"] async for item in client.users.iter_users()]

    assert asyncio.run(main()) == list(range(250))


def test_a_transport_can_be_given_for_tests_without_sockets() -> None:
    class Fake:
        closed = False

        def send(self, method: str, url: str, headers: Any, body: bytes, timeout_s: tuple[float, float]) -> Response:
            assert "Authorization" in headers
            return Response(200, {"Content-Type": "application/json"}, json.dumps([method, url, timeout_s]).encode())

        def close(self) -> None:
            self.closed = True

    fake = Fake()
    with Suprsend("k", "s", base_url="http://hub.example/", transport=fake, timeout=(1, 2)) as client:
        response = client.request("GET", "http://hub.example/v1/user/u/")
    assert response.json() == ["GET", "http://hub.example/v1/user/u/", [1, 2]]
    assert response.headers["content-TYPE"] == "application/json"
    assert fake.closed


def test_the_proxy_of_the_environment_is_used(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", stub.url.replace("http://", "http://user:pass%40word@"))
    with Suprsend("k", "s", base_url="http://hub.example/") as client:
        client.users.get("u")
    (request,) = stub.requests
    assert request.target == "http://hub.example/v1/user/u/"
    assert request.headers["host"] == "hub.example"
    assert request.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:pass@word").decode()
