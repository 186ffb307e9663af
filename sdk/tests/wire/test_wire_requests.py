"""Every API method against a live stub: what travels, what comes back, and that the signature covers it."""

import base64
import hashlib
import hmac
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import suprsend
from suprsend import Suprsend, SuprsendResponseError, SuprsendValidationError

from ..conftest import WHOLE  # noqa: TID252 - the absolute name depends on the start

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "contract" / "vectors" / "wire_requests.json").read_text(encoding="utf-8")
)
KEY, SECRET = "WSKEY_example_0000000000", "SECRET_example_000000000000"
UID, API_KEY = "wksp_example_000000000000", "SS.example_api_key"

# Where we differ on purpose, and the error that is raised instead of a request.
REFUSED_HERE = {
    'client.users.get(".")': "must not be '.'",
    'client.users.get("..")': "must not be '.'",
    'client.users.update_category_preference("user-1", "", {"preference": "opt_in"})': "missing category",
}
# A tuple of ids, which the official SDK refuses.
ACCEPTED_HERE = {'client.subscriber_lists.remove("my-list", ("u1",))'}
# Where the same exception says more.
SAID_HERE = {"client.users.get(5)": "[code: 400] distinct_id must be a string, not int: pass str(pk)"}
SENDING = ("track event", "track event, bulk", "broadcast", "messages")
ROWS = [
    row
    for row in VECTORS["requests"]
    if row["group"] not in (*SENDING, "errors") and row["call"] not in {*REFUSED_HERE, *ACCEPTED_HERE}
]


def client_for(row: dict[str, Any], url: str) -> Suprsend:
    if "(API key)" in row["group"]:
        return Suprsend.with_workspace_api_key(UID, API_KEY, base_url=url)
    return Suprsend(KEY, SECRET, base_url=url)


def stub_body(row: dict[str, Any]) -> Any:
    if "raised" in row:
        return {"code": row["stub_status"], "message": row["raised"].split("] ", 1)[1]}
    return "OK" if row["target"] == "/event/" else WHOLE


def expected_signature(request: Any) -> str:
    """Computed apart from the SDK's own code."""
    digest = hashlib.md5(request.body).hexdigest() if request.body else ""
    text = "\n".join([request.method, digest, request.headers["content-type"], request.headers["date"], request.target])
    return KEY + ":" + base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()


def normal(value: Any, user_agent: str) -> Any:
    """Replace what differs from call to call by the placeholders of the vectors."""
    if isinstance(value, list):
        return [normal(item, user_agent) for item in value]
    if not isinstance(value, dict):
        return "<user agent>" if value == user_agent else value
    out = {key: normal(item, user_agent) for key, item in value.items()}
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", out.get("$insert_id", "")):
        out["$insert_id"] = "<uuid4>"
    if isinstance(out.get("$time"), int):
        out["$time"] = "<epoch ms>"
    return out


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["call"][:100])
def test_a_call_sends_returns_and_raises_what_the_official_sdk_does(row: dict[str, Any], stub: Any, reply: Any) -> None:
    if not row.get("no_request_sent"):
        stub.reply(reply(row["stub_status"], None if row["stub_status"] == 204 else stub_body(row)))
    returned, raised = None, None
    with client_for(row, stub.url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            returned = str(eval(row["call"], {"client": client}))  # the vectors are Python calls
        except suprsend.SuprsendError as error:
            raised = error
        agent = client.user_agent
    if "raised" in row:
        name, text = row["raised"].split(": ", 1)
        text = SAID_HERE.get(row["call"], text)
        assert isinstance(raised, getattr(suprsend, name))
        # The size counts the user agent, which is ours.
        assert re.sub(r"\d{5} Bytes", "N Bytes", str(raised)) == re.sub(r"\d{5} Bytes", "N Bytes", text)
    else:
        assert raised is None
        # The stub that made the vectors answered {}, which no hub does.
        assert returned == (str(WHOLE) if row["returned"] == "{}" else row["returned"])
    if row.get("no_request_sent"):
        assert stub.requests == []
        return
    (request,) = stub.requests
    assert (request.method, request.target) == (row["method"], row["target"])
    if row["body"]:
        assert normal(request.json(), agent) == json.loads(row["body"])
    else:
        assert request.body == b""
        assert request.headers.get("content-length") == row["content_length_header"]
    if "authorization" in row:
        assert request.headers["authorization"] == row["authorization"]
        assert ("date" in request.headers) == row["has_date_header"]
    else:
        assert request.headers["authorization"] == expected_signature(request)
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["user-agent"] == agent
    assert json.loads(request.headers["x-suprsend-client-user-agent"])["platform"] == "server"


@pytest.mark.parametrize(("call", "message"), REFUSED_HERE.items())
def test_ids_that_would_address_something_else_are_refused_before_sending(
    call: str, message: str, sender: Suprsend, stub: Any
) -> None:
    with pytest.raises(SuprsendValidationError, match=message):
        eval(call, {"client": sender})
    assert stub.requests == []


ERRORS = [
    (404, {"code": 404, "message": "user not found"}, "[code: 404] user not found"),
    (401, {"message": "Not Authenticated"}, "[code: 401] Not Authenticated"),
    (401, '"Not Authenticated"', '[code: 401] "Not Authenticated"'),
    (403, {"detail": "forbidden"}, "[code: 403] forbidden"),
    (500, "<html>oops</html>", "[code: 500] <html>oops</html>"),
    (409, {"error_code": "conflict", "message": "busy"}, "[code: 409] busy"),
]


@pytest.mark.parametrize(("status", "body", "text"), ERRORS)
def test_a_refusal_raises_the_official_exception_with_its_text(
    status: int, body: Any, text: str, sender: Suprsend, stub: Any, reply: Any
) -> None:
    stub.reply(reply(status, body, X_Request_ID="req-1"))
    with pytest.raises(suprsend.SuprsendAPIException) as caught:
        sender.users.get("user-1")
    error = caught.value
    assert str(error) == f"{text} [request_id: req-1]"
    assert f"[code: {status}] {error.message}" == text
    assert error.status_code == error.response.status_code == status
    assert error.request_id == "req-1"
    assert error.code == ("conflict" if status == 409 else None)
    assert SECRET not in repr(error) + str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, suprsend.SuprsendAuthenticationError),
        (403, suprsend.SuprsendPermissionError),
        (404, suprsend.SuprsendNotFoundError),
        (409, suprsend.SuprsendConflictError),
        (413, suprsend.SuprsendTooLargeError),
        (429, suprsend.SuprsendRateLimitError),
        (503, suprsend.SuprsendUnavailableError),
        (418, suprsend.SuprsendAPIException),
    ],
)
def test_the_status_chooses_the_exception(status: int, kind: type, sender: Suprsend, stub: Any, reply: Any) -> None:
    stub.reply(reply(status, {"code": status, "message": "no"}))
    with pytest.raises(kind) as caught:
        sender.users.get("user-1")
    assert type(caught.value) is kind


@pytest.mark.parametrize("body", ["", "<html>", b"\xff", "[]", '"OK"'])
def test_an_accepted_answer_that_is_no_json_object_is_an_error(
    body: Any, sender: Suprsend, stub: Any, reply: Any
) -> None:
    stub.reply(reply(200, body))
    with pytest.raises(SuprsendResponseError, match="base_url"):
        sender.users.get("user-1")


def test_redirects_are_not_followed_but_reported(sender: Suprsend, stub: Any, reply: Any) -> None:
    stub.reply(reply(301, "", Location="https://elsewhere.example/"))
    with pytest.raises(suprsend.SuprsendAPIException, match="redirect to https://elsewhere"):
        sender.users.delete("user-1")
    assert len(stub.requests) == 1


def test_the_path_prefix_of_the_base_url_is_sent_and_signed(stub: Any) -> None:
    with Suprsend(KEY, SECRET, base_url=stub.url + "suprsend") as client:
        client.users.get("a/b c")
    (request,) = stub.requests
    assert request.target == "/suprsend/v1/user/a%2Fb%20c/"
    assert request.headers["authorization"] == expected_signature(request)


def test_request_sends_anything_below_the_base_url_and_returns_the_response(sender: Suprsend, stub: Any) -> None:
    response = sender.request("POST", stub.url + "v1/user/x/?a=1", {"a": 1})
    assert response.status_code == 200
    assert stub.requests[0].json() == {"a": 1}
    headers, body = sender.prepare_request("POST", stub.url + "v1/user/x/", {"a": 1})
    assert headers["Authorization"].startswith(KEY + ":")
    assert json.loads(body) == {"a": 1}
    with pytest.raises(SuprsendValidationError, match="base_url"):
        sender.request("GET", "http://elsewhere.example/")
