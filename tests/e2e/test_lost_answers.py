"""Our SDK against a live hub whose answers get lost on the way, and at an address with a wrong path."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import suprsend

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def swallowing(hub_url: str) -> Iterator[str]:
    """Forward each request to the hub, one per connection, and swallow every other answer, the first one too."""
    target = urlsplit(hub_url)
    count = 0

    def serve() -> None:
        nonlocal count
        with contextlib.suppress(OSError):
            while True:
                near = listener.accept()[0]
                with near, socket.create_connection((target.hostname, target.port)) as far:
                    request = near.recv(1_000_000)
                    far.sendall(request.replace(b"\r\nHost:", b"\r\nConnection: close\r\nHost:", 1))
                    answer = b"".join(iter(lambda far=far: far.recv(65_536), b""))
                    if count % 2:
                        near.sendall(answer)
                    count += 1

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.fixture
def client(hub) -> Iterator[suprsend.Suprsend]:
    with suprsend.Suprsend("workspace_key", "workspace_secret", hub.base_url) as direct:
        yield direct


def test_calls_whose_answer_is_lost_are_repeated_and_judged_by_what_they_did(hub, client, prefix):
    """The hub tells the repetition that the user, the object, the list or the draft is unknown: the call has succeeded."""
    list_id = prefix.rstrip("-")
    with (
        swallowing(hub.base_url) as lossy,
        suprsend.Suprsend("workspace_key", "workspace_secret", lossy) as unlucky,
    ):
        user = unlucky.users.get_edit_instance(f"{prefix}1")
        user.increment("n", 1)
        unlucky.users.async_edit(user)
        assert unlucky.users.edit(user)["properties"] == {"n": 2}
        client.objects.upsert("teams", f"{prefix}1")
        unlucky.subscriber_lists.create({"list_id": list_id})
        answer = unlucky.subscriber_lists.add(list_id, [f"{prefix}1"])
        assert answer["affected_count"] == 0
        assert "counts only what the last attempt changed" in answer["warnings"][0]
        assert client.subscriber_lists.get(list_id)["subscribers_count"] == 1
        draft = client.subscriber_lists.start_sync(list_id)
        finished = unlucky.subscriber_lists.finish_sync(list_id, draft["version_id"])
        assert (finished["subscribers_count"], finished["drafts"]) == (0, None)
        assert "counts as finished" in finished["warnings"][0]
        for delete in (
            lambda c: c.subscriber_lists.delete(list_id),
            lambda c: c.objects.delete("teams", f"{prefix}1"),
            lambda c: c.users.delete(f"{prefix}1"),
        ):
            assert delete(unlucky) == {"success": True, "status_code": 204}
            with pytest.raises(suprsend.SuprsendNotFoundError):
                delete(client)


def test_a_wrong_path_in_the_base_url_does_not_look_like_an_unknown_user(hub, client, prefix):
    """A job that erases users takes "not found" for done; here the user is still there."""
    client.users.upsert(f"{prefix}1")
    with (
        suprsend.Suprsend("workspace_key", "workspace_secret", f"{hub.base_url}api/") as lost,
        pytest.raises(suprsend.SuprsendResponseError, match="does base_url point to a hub") as caught,
    ):
        lost.users.delete(f"{prefix}1")
    assert not isinstance(caught.value, suprsend.SuprsendNotFoundError)
    assert client.users.get(f"{prefix}1")["distinct_id"] == f"{prefix}1"
