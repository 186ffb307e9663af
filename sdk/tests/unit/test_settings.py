"""How a client is made: credentials, base URL, options, what it shows of itself."""

import logging
import uuid
from typing import Any

import pytest
import suprsend
from suprsend import AsyncSuprsend, Suprsend, SuprsendConfigError, SuprsendError, SuprsendValidationError


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Suprsend("", "s"), "Missing workspace_key"),
        (lambda: Suprsend("k", ""), "Missing workspace_secret"),
        (lambda: Suprsend.with_workspace_api_key("", "a"), "Missing workspace_uid"),
        (lambda: Suprsend.with_workspace_api_key("w", ""), "Missing api_key"),
        (lambda: AsyncSuprsend("k", ""), "Missing workspace_secret"),
        (lambda: Suprsend("k", "top\nsecret"), "workspace_secret contains a line break"),
        (lambda: Suprsend("k", 5), "workspace_secret must be a string"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", " secret-of-marge"), "workspace_secret starts or ends with a blank"),
        (lambda: Suprsend("k\u200b", "s"), "workspace_key contains a line break or another invisible character"),
        (lambda: Suprsend("k", "s", timeout=0), "timeout must be"),
        (lambda: Suprsend("k", "s", timeout=-1), "timeout must be"),
        (lambda: Suprsend("k", "s", timeout="5"), "timeout must be"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", "s", timeout=float("nan")), "timeout must be"),
        (lambda: Suprsend("k", "s", timeout=float("inf")), "timeout must be"),
        (lambda: Suprsend("k", "s", timeout=(1, 2, 3)), "timeout must be"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", "s", max_retries=-1), "max_retries must be"),
        (lambda: Suprsend("k", "s", max_retries=None), "max_retries must be"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", "s").with_options(max_retries=1.5), "max_retries must be"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", "s", base_url=5), "base_url must be a string, not int"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", "s", app_info="shop"), "app_info must be"),  # type: ignore[arg-type]
        (lambda: Suprsend("k", "s", app_info={"name": 5}), "app_info must be"),  # type: ignore[typeddict-item]
    ],
)
def test_a_wrong_credential_or_option_is_named_and_not_shown(make: Any, message: str) -> None:
    with pytest.raises(SuprsendConfigError, match=message) as caught:
        make()
    assert "top" not in str(caught.value)
    assert "marge" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (None, "http://127.0.0.1:7877/"),
        ("  http://hub.example/x  ", "http://hub.example/x/"),
        ("https://hub.example", "https://hub.example/"),
    ],
)
def test_base_url_is_trimmed_completed_and_local_by_default(given: str | None, url: str) -> None:
    with Suprsend("k", "s", base_url=given) as client:
        assert client.base_url == url
        assert client.users.detail_url("a b") == url + "v1/user/a%20b/"
        assert client.users.detail_url_for_tenant("a", "b") == url + "v1/user/a/tenant/b/"
        assert client.objects.detail_url("a", "b/c") == url + "v1/object/a/b%2Fc/"


def test_base_url_comes_from_the_environment_if_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPRSEND_BASE_URL", "http://from.environment:1/")
    assert Suprsend("k", "s").base_url == "http://from.environment:1/"
    assert Suprsend("k", "s", base_url="http://given").base_url == "http://given/"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("hub.example", "the scheme is missing"),
        ("ftp://x/", "the scheme is missing or wrong"),
        ("http://", "the host is missing"),
        ("http://:80/", "the host is missing"),
        ("http:/x", "the host is missing"),
        ("http://u:p@x/", "must not contain a user name"),
        ("http://@x/", "must not contain a user name"),
        ("http://u:p#x@y/", "must not contain a user name"),
        ("http://x/?a=1", "must not contain"),
        ("http://x/?", "must not contain"),
        ("http://x#", "must not contain"),
        ("http://x:99999/", "the port is not a number"),
        ("http://x:u:p/", "the port is not a number"),
        ("http://x:\uff10/", "the port is not a number"),
        ("http://x:0/", "the port is not a number"),
        ("http://x:-1/", "the port is not a number"),
        ("http://x..y/", "the host is missing or invalid"),
        ("http://.x/", "the host is missing or invalid"),
        (f"http://{'a' * 64}.x/", "the host is missing or invalid"),
        (f"http://{'ä' * 64}.x/", "the host is missing or invalid"),
        (f"http://{'a.' * 200}x/", "the host is missing or invalid"),
        ("http://a,b/", "the host is missing or invalid"),
        ("http://x\\y/", "the host is missing or invalid"),
        ("http://%41/", "the host is missing or invalid"),
        ("http://[::1/", "it is not a URL"),
        ("http://[::1%25]/", "not a valid IPv6 address"),
        ("http://℀.example/", "it is not a URL"),
        ("http://x/prüfix/", "the path must be percent-encoded ASCII"),
        ("http://x/a b/", "U\\+0020"),
        ("http://x y/", "U\\+0020"),
        ("http://x\u00a0/", "U\\+00A0"),
        ("http://x\u200b/", "U\\+200B"),
        ("\ufeffhttp://x/", "U\\+FEFF"),
        ("http://x/\u2060", "U\\+2060"),
        ("http://x/a\tb", "U\\+0009"),
        ("http://x/\ud800", "U\\+D800"),
    ],
)
def test_a_base_url_to_which_no_request_can_be_sent_is_refused_at_once(
    url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason, without repeating it, and with the name of the variable that it came from."""
    with pytest.raises(SuprsendConfigError, match=reason) as caught:
        Suprsend("k", "s", base_url=url)
    assert "u:p" not in str(caught.value)
    if "\ud800" not in url:
        monkeypatch.setenv("SUPRSEND_BASE_URL", url)
        with pytest.raises(SuprsendConfigError, match="SUPRSEND_BASE_URL"):
            AsyncSuprsend("k", "s")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://MÜNCHEN.example/x", "http://xn--mnchen-3ya.example"),
        ("HTTPS://Hub.Example:8443", "https://hub.example:8443"),
        ("http://[::1]:7/", "http://[::1]:7"),
        ("http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]"),
        ("http://hub.example./", "http://hub.example."),
        ("http://my_hub/", "http://my_hub"),
        ("http://x:/", "http://x"),
    ],
)
def test_requests_go_to_the_host_in_ascii(url: str, origin: str) -> None:
    urls: list[str] = []

    class Fake:
        def send(self, method: str, url: str, *rest: object) -> suprsend.Response:
            urls.append(url)
            return suprsend.Response(200, {}, b'{"distinct_id": "x"}')

        def close(self) -> None:
            pass

    Suprsend("k", "s", base_url=url, transport=Fake()).users.get("u")
    assert urls[0].startswith(origin + "/")
    assert urls[0].endswith("/v1/user/u/")


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.request("GET", None),
        lambda c: c.request("GET", c.base_url + "ü"),
        lambda c: c.request("GET", c.base_url + "a b"),
        lambda c: c.request("GE T", c.base_url),
        lambda c: c.request(5, c.base_url),
        lambda c: c.prepare_request("GET", "http://elsewhere.example/"),
    ],
)
def test_a_request_that_cannot_be_built_is_refused(call: Any, client: Suprsend) -> None:
    with pytest.raises(SuprsendValidationError):
        call(client)


def test_nothing_printed_of_a_client_shows_a_secret() -> None:
    for client in (Suprsend("the-key", "top-secret"), Suprsend.with_workspace_api_key("the-uid", "top-secret")):
        edit = client.users.get_edit_instance("u")
        assert "top-secret" not in repr(client) + str(client) + repr(edit) + repr(client.users)


def test_attributes_are_those_of_the_official_client() -> None:
    client = Suprsend("the-key", "secret", app_info={"name": "shop", "version": "2"})
    assert (client.auth_method, client.workspace_key, client.workspace_secret) == ("ws_key_secret", "the-key", "secret")
    assert (client.workspace_uid, client.api_key, client.debug) == (None, None, False)
    assert client.workspace_identifier() == "the-key"
    assert client.user_agent.startswith("suprsend-sdk/")
    assert client.user_agent.endswith(" (shop/2)")
    assert list(client.default_headers()) == ["Content-Type", "User-Agent", "X-Suprsend-Client-User-Agent"]
    other = Suprsend.with_workspace_api_key("the-uid", "key")
    assert (other.auth_method, other.workspace_uid, other.api_key) == ("api_key", "the-uid", "key")
    assert other.workspace_identifier() == "the-uid"


def test_unknown_arguments_warn_or_raise_in_strict_mode(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "suprsend"):
        Suprsend("k", "s", is_uat=True)
    assert "is_uat" in caplog.text
    with pytest.raises(SuprsendConfigError, match="is_uat"):
        Suprsend("k", "s", is_uat=True, strict=True)


@pytest.mark.parametrize(
    "use",
    [
        lambda client: client.track_event(object()),
        lambda client: client.track("u", "event"),
        lambda client: client.trigger_workflow({}),
        lambda client: client.add_attachment({}, "file"),
        lambda client: client.messages.list(),
        lambda client: client.workflows.trigger(object()),
        lambda client: client.bulk_events.new_instance(),
        lambda client: client.bulk_workflows.new_instance(),
        lambda client: client.subscriber_lists.broadcast(object()),
    ],
)
def test_what_only_sends_says_that_this_hub_sends_nothing(use: Any, client: Suprsend) -> None:
    with pytest.raises(SuprsendError, match="stores recipients and sends nothing"):
        use(client)


@pytest.mark.parametrize("name", ["Event", "Workflow", "WorkflowTriggerRequest", "SubscriberListBroadcast"])
def test_classes_of_sending_can_be_imported_and_say_so_when_used(name: str) -> None:
    import suprsend

    with pytest.raises(SuprsendError, match=f"{name} is not available"):
        getattr(suprsend, name)("u", "event")


class Table:
    """As a table of pandas: walking it gives the names of its columns."""

    ndim = 2

    def __iter__(self) -> Any:
        return iter(["id", "name"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.users.get_edit_instance("u", " "), "missing tenant_id"),
        (lambda c: c.users.edit("u", {}, ""), "missing tenant_id"),
        (lambda c: c.users.edit(c.users.get_edit_instance("u"), tenant_id="t"), "pass tenant_id to get_edit_instance"),
        (lambda c: c.users.merge("u", None), "missing from_user_id"),
        (lambda c: c.users.get(None), "missing distinct_id"),
        (lambda c: c.users.get_edit_instance(42), r"distinct_id must be a string, not int: pass str\(pk\)"),
        (lambda c: c.users.get(uuid.uuid4()), r"distinct_id must be a string, not UUID: pass str\(pk\)"),
        (lambda c: c.users.delete(True), "distinct_id must be a string, not bool$"),
        (lambda c: c.users.get(b"u"), "distinct_id must be a string, not bytes$"),
        (lambda c: c.users.get_edit_instance("u", 7), r"tenant_id must be a string, not int: pass str\(pk\)"),
        (lambda c: c.users.iter_lists_subscribed_to(7), "distinct_id must be a string, not int"),
        (lambda c: c.objects.get("teams", 7), r"object_id must be a string, not int: pass str\(pk\)"),
        (lambda c: c.objects.get_edit_instance(7, "x"), "object_type must be a string, not int"),
        (lambda c: c.users.upsert("u", [1]), "payload must be a dict, not list"),
        (lambda c: c.users.list("limit"), "options must be a dict"),
        (lambda c: c.users.get("\ud800"), "lone surrogate"),
        (lambda c: c.users.async_edit("u"), "instance must be a UserEdit, not str"),
        (lambda c: c.objects.get("", "x"), "missing object_type"),
        (lambda c: c.objects.get("x", ".."), "object_id must not be"),
        (lambda c: c.tenants.get(5), r"tenant_id must be a string, not int: pass str\(pk\)"),
        (lambda c: c.tenants.get(" "), "missing tenant_id"),
        (lambda c: c.tenants.get_preference_category("t", ""), "missing category"),
        (lambda c: c.brands.get(None), "brand_id must be a string"),
        (lambda c: c.subscriber_lists.create(None), "missing payload"),
        (lambda c: c.subscriber_lists.create({"a": 1}), "missing list_id is payload"),
        (lambda c: c.subscriber_lists.create({"list_id": 5}), "list_id must be a string"),
        (lambda c: c.subscriber_lists.create({"list_id": " "}), "missing list_id"),
        (
            lambda c: c.subscriber_lists.add("l", ["u", 1]),
            r"must be list of strings: distinct_ids\[1\] must be a string, not int: pass str",
        ),
        (lambda c: c.subscriber_lists.add("l", "user-1"), r"strings, not str: pass \[distinct_id\]"),
        (lambda c: c.subscriber_lists.add("l", {"u": 1}), "must be list of strings, not dict: pass a list"),
        (lambda c: c.subscriber_lists.remove("l", b"user-1"), "must be list of strings, not bytes"),
        (lambda c: c.subscriber_lists.add_to_version("l", "v", None), "must be list of strings, not NoneType"),
        (lambda c: c.subscriber_lists.remove_from_version("l", "v", Table()), "must be list of strings, not Table"),
        (lambda c: c.users.read_many("user-1"), r"strings, not str: pass \[distinct_id\]"),
        (lambda c: c.users.resolve({"u": 1}, "news"), "must be list of strings, not dict"),
        (lambda c: c.users.resolve(["u"], "news", channels="sms"), r"channels must .*not str: pass \[channel\]"),
        (lambda c: c.users.set_channel_status({"channel": "sms"}), "reports must be a list of dicts, not dict"),
        (lambda c: c.subscriber_lists.get_version("l", ""), "missing version_id"),
        (lambda c: c.subscriber_lists.get_version("l", 5), "version_id must be a string"),
        (lambda c: c.users.bulk_edit([], max_in_flight=0), "max_in_flight"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(call: Any, message: str, client: Suprsend) -> None:
    with pytest.raises(SuprsendValidationError, match=message):
        call(client)


def test_create_does_not_change_the_payload_of_the_caller(sender: Suprsend) -> None:
    payload = {"list_id": " my-list "}
    sender.subscriber_lists.create(payload)
    assert payload == {"list_id": " my-list "}


def test_a_wrong_id_of_the_deprecated_api_raises_the_official_messages(client: Suprsend) -> None:
    with (
        pytest.warns(DeprecationWarning, match="client.users"),
        pytest.raises(ValueError, match="distinct_id must be a string"),
    ):
        client.user.get_instance(5)  # type: ignore[arg-type]
    with (
        pytest.warns(DeprecationWarning, match="client.users"),
        pytest.raises(ValueError, match="distinct_id must be passed"),
    ):
        client.user.new(" ")
