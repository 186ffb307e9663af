"""Clients and edits are copied and pickled like other values, whether or not a call has been made."""

import asyncio
import copy
import multiprocessing
import pickle
from typing import Any

import pytest
import suprsend
from suprsend import AsyncSuprsend, Suprsend

COPIES = [
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    pytest.param(lambda value: pickle.loads(pickle.dumps(value)), id="pickle"),
]


@pytest.fixture(params=["before a call", "after a call"])
def client(request: Any, sender: Suprsend) -> Suprsend:
    if request.param == "after a call":
        sender.users.get("u")
    return sender


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_a_client_calls_like_the_client(copied: Any, client: Suprsend, stub: Any) -> None:
    other = copied(client)
    assert other.users.get("u")["distinct_id"] == "x"
    assert other.with_options(timeout=3).users.list()["results"] == []
    assert (other.base_url, other.workspace_secret, other.strict) == (
        client.base_url,
        client.workspace_secret,
        client.strict,
    )
    assert client.users.get("u")["distinct_id"] == "x"
    if copied is not copy.copy:  # that one shares the connections
        other.close()
    assert client.users.get("u")["distinct_id"] == "x"


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("kind", ["user", "object", "subscriber"])
@pytest.mark.filterwarnings("ignore:client.user is deprecated:DeprecationWarning")
def test_a_copy_of_an_edit_has_operations_of_its_own(copied: Any, kind: str, client: Suprsend, stub: Any) -> None:
    """And belongs to the same client: copying thousands of edits copies no client."""
    edit: Any = {
        "user": lambda: client.users.get_edit_instance("u", "acme"),
        "object": lambda: client.objects.get_edit_instance("teams", "core"),
        "subscriber": lambda: client.user.get_instance("u"),
    }[kind]()
    edit.set("tags", ["a"])
    edit.set("k", None)
    other = copied(edit)
    other.set("b", 2)
    other.add_email("nonsense")
    edit.set("c", 3)
    assert other.operations == [{"$set": {"tags": ["a"]}}, {"$set": {"b": 2}}, {"$append": {"$email": "nonsense"}}]
    assert edit.operations == [{"$set": {"tags": ["a"]}}, {"$set": {"c": 3}}]
    assert (len(edit.errors), len(other.errors)) == (1, 1)
    assert type(other) is type(edit)
    assert repr(other).replace("operations=3", "operations=2") == repr(edit)
    if copied is copy.deepcopy:
        assert other.config is client
        edit.operations[0]["$set"]["tags"].append("changed")
        assert other.operations[0] == {"$set": {"tags": ["a"]}}
    if kind == "user":
        assert other.config.workspace_identifier() == client.workspace_identifier()
        client.users.async_edit(other)
        assert stub.requests[-1].json()["tenant_id"] == "acme"
    if kind == "subscriber":
        assert other.save()["success"]


@pytest.mark.parametrize("copied", COPIES[1:])
def test_a_copy_of_a_collector_holds_the_same_records(copied: Any, client: Suprsend, stub: Any) -> None:
    bulk = client.users.get_bulk_edit_instance()
    bulk.append(client.users.get_edit_instance("u1"), client.users.get_edit_instance("u2"))
    other = copied(bulk)
    other.append(client.users.get_edit_instance("u3"))
    assert (bulk.save().success, other.save().success) == (2, 3)


def test_a_bound_method_goes_through_a_pool_of_processes(client: Suprsend, stub: Any) -> None:
    """``Pool.map(client.users.get, ids)``, with an interpreter of its own in each process."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        answers = pool.map(client.users.get, [f"u{n}" for n in range(4)])
    assert [answer["distinct_id"] for answer in answers] == ["x"] * 4
    targets = {request.target for request in stub.requests}
    assert targets >= {f"/v1/user/u{n}/" for n in range(4)}


@pytest.mark.parametrize("copied", COPIES)
def test_a_closed_client_stays_closed_in_its_copies(copied: Any, client: Suprsend) -> None:
    client.close()
    with pytest.raises(suprsend.SuprsendConfigError, match="closed"):
        copied(client).users.get("u")


@pytest.mark.parametrize("copied", COPIES)
def test_asyncio_clients_are_copied_alike(copied: Any, stub: Any) -> None:
    async def main() -> None:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:
            await client.users.get("u")
            async with copied(client) as other:
                edit = copied(other.users.get_edit_instance("u"))
                edit.set("a", 1)
                assert (await other.users.async_edit(edit))["success"]

    asyncio.run(main())


def test_a_client_with_an_ssl_context_can_be_copied_but_not_pickled() -> None:
    import ssl

    with Suprsend("k", "s", base_url="https://hub.example/", verify=ssl.create_default_context()) as client:
        copy.deepcopy(client).close()
        with pytest.raises(TypeError, match="SSLContext"):
            pickle.dumps(client)
