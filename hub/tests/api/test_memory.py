"""What strangers send stays in no memory: neither their headers nor their bodies."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator

import httpx2
import pytest
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, Authorize, bearer, signed

pytestmark = pytest.mark.anyio

MIB = 1_048_576


@pytest.fixture
def traced() -> object:
    """Bytes that Python holds since the test began."""
    gc.collect()
    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0]

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - base

    yield held
    tracemalloc.stop()


async def test_headers_of_any_length_are_forgotten(a: ApiClient, stranger: ApiClient, traced) -> None:
    """The longest that a server hands over, each another one: as key, as signature, as name of a program."""
    await a.get("/v1/user/")
    for number in range(100):
        long = f"{number}-" + "x" * 100_000
        for authorization in (f"{long}:signature", f"Bearer {long}", f"key:{long}", long):
            await stranger.http.get("/v1/user/", headers={"authorization": authorization})
        headers = {**a.authorize("GET", "/v1/user/", b""), "user-agent": long}
        assert (await a.http.get("/v1/user/", headers=headers)).status_code == 200
    assert traced() < 2 * MIB


@pytest.mark.parametrize("scheme", ["API key", "signature", "nothing"])
async def test_bodies_of_strangers_are_not_kept(
    http: httpx2.AsyncClient, workspace_a: NewWorkspace, traced, scheme: str
) -> None:
    """They have been answered already: what they still send is thrown away as it arrives."""
    authorize: Authorize = {
        "API key": bearer("SS.nobody"),
        "signature": signed("WK_nobody_0123456789abcdef", "secret"),
        "nothing": lambda *_: {},
    }[scheme]
    go_on = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536
        await go_on.wait()
        yield b""

    headers = dict(authorize("POST", "/event/", b""))
    sending = [asyncio.create_task(http.post("/event/", content=body(), headers=headers)) for _ in range(40)]
    await asyncio.sleep(1)
    assert traced() < 20 * MIB  # 40 of 2.5 MiB each would be 100
    assert not any(task.done() for task in sending)
    go_on.set()
    assert {answer.status_code for answer in await asyncio.gather(*sending)} == {401}
