"""Rate limits over HTTP: 429 with Retry-After for every way to edit, for that workspace alone, and soon in force."""

import pytest
from cast import TESTER
from suprsend_hub.app import utc_now
from suprsend_hub.domain.errors import InvalidRequest, RateLimited
from suprsend_hub.service.credentials import CredentialService, SignedRequest
from suprsend_hub.service.lookup import CACHE_S
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.settings import Settings

from .support import ApiClient

pytestmark = pytest.mark.anyio


async def test_every_way_to_edit_is_limited_and_nothing_else(a: ApiClient, b: ApiClient, hub: Services) -> None:
    await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=1, burst_edits=2)
    event = {
        "$insert_id": "1",
        "$time": 1,
        "event": "$identify",
        "env": "x",
        "distinct_id": "ada",
        "$user_operations": [],
    }
    assert (await a.post("/v1/object/teams/core/")).status_code == 201
    assert (await a.post("/v1/user/ada/")).status_code == 201
    refused = [
        await a.post("/v1/user/ada/"),
        await a.patch("/v1/user/ada/", {"operations": [{"$set": {"a": 1}}]}),
        await a.post("/event/", [event]),
        await a.patch("/v1/object/teams/core/", {"operations": [{"$set": {"a": 1}}]}),
        await a.post("/v1/object/teams/core/subscription/", {"recipients": ["bo"]}),
    ]
    for answer in refused:
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["error_code"] == "rate_limited"
    assert (await a.get("/v1/user/ada/")).json()["properties"] == {}
    assert (await a.get("/v1/user/bo/")).status_code == 404
    for _ in range(5):
        assert (await b.post("/v1/user/ada/")).status_code == 201


async def test_a_limit_is_in_force_when_the_cached_credentials_are_read_again(
    hub: Services, workspace_a: NewWorkspace, settings: Settings
) -> None:
    """Set, changed or lifted: within CACHE_S seconds."""
    now = 0.0
    limits = RateLimits(monotonic=lambda: now)
    assert settings.master_key is not None
    secrets = SecretBox(settings.master_key.get_secret_value())
    credentials = CredentialService(hub.database, secrets, limits, now=utc_now, monotonic=lambda: now)
    request = SignedRequest("GET", b"/", b"", b"", None, "")

    async def admitted() -> int:
        """How many edits a workspace may make at once after its limits have been read again."""
        nonlocal now
        now += CACHE_S + 0.1
        claim = await credentials.look_up(f"Bearer {workspace_a.api_key}")
        workspace_id = credentials.confirm(claim, request).workspace.workspace_id
        for count in range(100):
            try:
                limits.admit(workspace_id, 1)
            except RateLimited:
                return count
        return 100

    assert await admitted() == 100
    await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=3, burst_edits=7)
    assert await admitted() == 7
    await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=3)
    assert await admitted() == 3
    await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=0)
    assert await admitted() == 100


@pytest.mark.parametrize("limit", [(-1, None), (5, 0), (2**40, None), (5, 2**40)])
async def test_an_impossible_limit_is_refused(hub: Services, workspace_a: NewWorkspace, limit: tuple) -> None:
    with pytest.raises(InvalidRequest):
        await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=limit[0], burst_edits=limit[1])
