"""An `Idempotency-Key` belongs to one request: with another method, path or body it is refused, and nothing is applied."""

import asyncio
import re

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import FAST_PATH_EDITS

from .routes import READS_BY_POST
from .support import ApiClient, assert_error, bearer, document, encode

pytestmark = pytest.mark.anyio

KEY = {"idempotency-key": "key-1"}
ADA = "/v1/user/ada/"
FIRST = ("PATCH", ADA, {"operations": [{"$set": {"n": 1}}]})
OTHERS = [
    ("PATCH", ADA, {"operations": [{"$set": {"n": 2}}]}),
    ("PATCH", ADA, {"operations": [{"$set": {"n": 1}}, {"$set": {"m": 1}}]}),
    ("POST", ADA, {"operations": [{"$set": {"n": 1}}]}),
    ("PATCH", "/v1/user/bo/", {"operations": [{"$set": {"n": 1}}]}),
    ("PATCH", "/v1/object/teams/ada/", {"operations": [{"$set": {"n": 1}}]}),
]


@pytest.fixture(params=[FAST_PATH_EDITS, 1], ids=["slow", "fast"])
def fast_path_edits(request: pytest.FixtureRequest) -> int:
    """Whichever path a batch takes."""
    return request.param


async def send(a: ApiClient, method: str, path: str, body: object, key: dict[str, str] = KEY):
    return await a.request(method, path, encode(body), key)


@pytest.mark.parametrize(("method", "path", "body"), OTHERS)
async def test_a_key_reused_for_another_request_is_refused_and_changes_nothing(
    a: ApiClient, method: str, path: str, body: object
) -> None:
    assert (await send(a, *FIRST)).status_code == 202
    before = await a.properties("ada")
    assert_error(await send(a, method, path, body), 422, "idempotency_key_reused")
    assert await a.properties("ada") == before == {"n": 1}
    assert await a.properties("bo") is None
    assert (await a.get("/v1/object/teams/ada/")).status_code == 404
    assert (await send(a, *FIRST)).status_code == 202, "the request itself may still be repeated"
    assert (await send(a, method, path, body, {"idempotency-key": "key-2"})).status_code < 300


async def test_a_missing_slash_is_the_same_path(a: ApiClient) -> None:
    assert (await send(a, *FIRST)).status_code == 202
    assert (await send(a, "PATCH", ADA.rstrip("/"), FIRST[2])).status_code == 202


async def test_of_concurrent_requests_with_one_key_one_is_applied(a: ApiClient) -> None:
    """Different bodies and recipients at once, in one batch and over several."""
    for round_number in range(5):
        key = {"idempotency-key": f"round-{round_number}"}
        answers = await asyncio.gather(
            *(
                send(a, "PATCH", f"/v1/user/r{round_number}-{n % 3}/", {"operations": [{"$add": {"n": 1}}]}, key)
                for n in range(12)
            )
        )
        applied = {n % 3 for n, answer in enumerate(answers) if answer.status_code == 202}
        assert len(applied) == 1
        assert all(answer.status_code == 422 for n, answer in enumerate(answers) if n % 3 not in applied)
        found = [await a.properties(f"r{round_number}-{n}") for n in range(3)]
        assert found == [{"n": 1} if n in applied else None for n in range(3)]


async def test_a_refused_request_leaves_its_key_to_the_corrected_one(a: ApiClient) -> None:
    refused = await send(a, "PATCH", ADA, {"operations": [{"$append": {"$email": "no address"}}]})
    assert_error(refused, 400, "invalid_channel_value")
    assert (await send(a, *FIRST)).status_code == 202
    assert_error(await send(a, *OTHERS[0]), 422, "idempotency_key_reused")


async def test_a_key_belongs_to_a_workspace(a: ApiClient, b: ApiClient) -> None:
    assert (await send(a, *FIRST)).status_code == 202
    assert (await send(b, *OTHERS[0])).status_code == 202
    assert await a.properties("ada") == {"n": 1}


async def test_deletion_scrubs_the_digest_and_the_key_stays_known(a: ApiClient, hub: Services) -> None:
    assert (await send(a, *FIRST)).status_code == 202
    await a.delete(ADA)
    async with hub.database.connection() as connection:
        assert [row["digest"] for row in await connection.fetch("SELECT digest FROM idempotency_key")] == [None]
    assert_error(await send(a, *FIRST), 404, "user_not_found")
    assert await a.properties("ada") is None


async def test_the_key_of_a_deleted_recipient_fits_no_request_for_another(a: ApiClient) -> None:
    assert (await send(a, *FIRST)).status_code == 202
    await a.delete(ADA)
    for number in (1, 2):
        again = await send(a, "POST", "/v1/user/bo/", {"x": number})
        assert_error(again, 422, "idempotency_key_reused")
    assert await a.properties("bo") is None


@pytest.mark.parametrize("request_", [FIRST, OTHERS[0], OTHERS[2]], ids=["the same", "another body", "another method"])
async def test_no_request_with_the_key_of_an_earlier_life_succeeds_without_effect(
    a: ApiClient, request_: tuple[str, str, object]
) -> None:
    """Its digest is gone with the recipient, so nobody can tell whether it is the request that was applied."""
    assert (await send(a, *FIRST)).status_code == 202
    await a.delete(ADA)
    assert_error(await send(a, *request_), 404, "user_not_found")
    assert (await a.post(ADA, {"life": 2})).status_code == 201
    assert_error(await send(a, *request_), 422, "idempotency_key_reused")
    assert await a.properties("ada") == {"life": 2}
    assert_error(await send(a, *request_), 422, "idempotency_key_reused")


@pytest.mark.parametrize("text", ["key-1", "0192f0c5-6f4e-7cc2-9d5e-111111111111"])
@pytest.mark.parametrize("order", ["event first", "request first"])
async def test_an_event_and_a_request_may_have_the_same_key(a: ApiClient, order: str, text: str) -> None:
    """Neither counts as a repetition of the other, and each counts once."""
    event = {"distinct_id": "ada", "$insert_id": text, "$user_operations": [{"$add": {"n": 1}}]}
    request = {"operations": [{"$add": {"n": 10}}]}
    for kind in ["event", "request"] * 2 if order == "event first" else ["request", "event"] * 2:
        if kind == "event":
            assert (await a.post("/event/", event)).status_code == 202
        else:
            assert (await send(a, "PATCH", ADA, request, {"idempotency-key": text})).status_code == 202
    assert await a.properties("ada") == {"n": 11}


async def test_events_bind_no_keys(a: ApiClient, hub: Services) -> None:
    event = {"distinct_id": "ada", "$insert_id": "key-1", "$user_operations": [{"$set": {"n": 7}}]}
    assert (await a.post("/event/", [event, event])).status_code == 202
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM idempotency_key") == 0


def writes(*, binding: bool) -> list[tuple[str, str]]:
    """Return method and path of every documented write that binds a key, or of every one that does not."""
    found = []
    for path, item in document()["paths"].items():
        for method in () if path in READS_BY_POST else {"post", "patch", "put", "delete"} & set(item):
            names = [each.get("$ref", "") for each in item[method].get("parameters", [])]
            if any(name.endswith("/IdempotencyKey") for name in names) is binding:
                found.append((method.upper(), re.sub(r"\{[^}]+\}", "x", path)))
    return sorted(found)


async def test_a_key_that_belongs_to_an_edit_is_refused_by_every_other_write(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    """Whatever the request would do: it is refused before that, and nobody is deleted, subscribed or merged."""
    everything = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "all", frozenset(Scope))
    manager = ApiClient(a.http, bearer(everything.api_key))
    assert (await send(a, *FIRST)).status_code == 202
    others = writes(binding=False)
    assert ("DELETE", "/v1/user/x/") in others
    assert ("POST", "/event/") in others
    for method, path in others:
        answer = await manager.request(method, path, b"{}", KEY)
        assert_error(answer, 422, "idempotency_key_reused")
    assert_error(await send(a, "DELETE", ADA, {}), 422, "idempotency_key_reused")
    assert await a.properties("ada") == {"n": 1}
    assert (await a.request("GET", ADA, b"", KEY)).status_code == 200
    for path in READS_BY_POST:
        assert (await a.request("POST", path.replace("{distinct_id}", "ada"), b"{}", KEY)).status_code != 422, path


async def test_every_documented_edit_binds_its_key(a: ApiClient) -> None:
    """Those who bind a key answer a repetition of their own request; a bound key of another request they refuse."""
    assert (await send(a, *FIRST)).status_code == 202
    await a.post("/v1/tenant/x/", {"tenant_name": "X"})
    for number, (method, path) in enumerate(writes(binding=True)):
        answers = [await a.request(method, path, b"{}", {"idempotency-key": f"own-{number}"}) for _ in range(2)]
        assert 422 not in [answer.status_code for answer in answers], path
        assert answers[0].status_code == answers[1].status_code


async def test_a_write_that_binds_no_key_may_be_repeated(a: ApiClient) -> None:
    """Its key stays free."""
    for _ in range(2):
        answer = await a.request("POST", "/v1/subscriber_list/", encode({"list_id": "news"}), KEY)
        assert answer.status_code < 300
    assert (await send(a, *FIRST)).status_code == 202
