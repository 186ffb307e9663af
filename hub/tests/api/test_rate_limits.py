"""Rate limits over HTTP: 429 with Retry-After for every way to edit, for that workspace alone, and soon in force."""

import pytest
from cast import TESTER
from suprsend_hub.app import utc_now
from suprsend_hub.domain.actor import ActorKind, Scope
from suprsend_hub.domain.errors import InvalidRequest, RateLimited
from suprsend_hub.service.credentials import CredentialService, Presented
from suprsend_hub.service.lookup import CACHE_S
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.settings import Settings

from .routes import READS_BY_POST
from .support import METHODS, ApiClient, bearer, document, encode

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

    async def admitted() -> int:
        """How many edits a workspace may make at once after its limits have been read again."""
        nonlocal now
        now += CACHE_S + 0.1
        claim = await credentials.look_up(Presented(ActorKind.API_KEY, workspace_a.api_key))
        workspace_id = credentials.confirm(claim, None).workspace.workspace_id
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


CATEGORIES = {
    "root_categories": [
        {
            "root_category": "promotional",
            "sections": [
                {
                    "name": None,
                    "categories": [{"category": "news", "name": "News", "default_preference": "opt_in"}],
                }
            ],
        }
    ]
}
WRITES = {
    ("post", "/event/"): ("/event/", {"distinct_id": "ada", "$user_operations": []}),
    ("post", "/v1/user/{distinct_id}/"): ("/v1/user/ada/", {}),
    ("patch", "/v1/user/{distinct_id}/"): ("/v1/user/ada/", {"operations": []}),
    ("delete", "/v1/user/{distinct_id}/"): ("/v1/user/ada/", None),
    ("delete", "/v1/bulk/user/"): ("/v1/bulk/user/", {"distinct_ids": ["ada"]}),
    ("post", "/v1/object/{object_type}/{object_id}/"): ("/v1/object/teams/core/", {}),
    ("patch", "/v1/object/{object_type}/{object_id}/"): ("/v1/object/teams/core/", {"operations": []}),
    ("delete", "/v1/object/{object_type}/{object_id}/"): ("/v1/object/teams/core/", None),
    ("delete", "/v1/bulk/object/{object_type}/"): ("/v1/bulk/object/teams/", {"object_ids": ["core"]}),
    ("post", "/v1/object/{object_type}/{object_id}/subscription/"): (
        "/v1/object/teams/core/subscription/", {"recipients": ["ada"]}),
    ("delete", "/v1/object/{object_type}/{object_id}/subscription/"): (
        "/v1/object/teams/core/subscription/", {"recipients": ["ada"]}),
    ("post", "/v1/subscriber_list/"): ("/v1/subscriber_list/", {"list_id": "vip"}),
    ("delete", "/v1/subscriber_list/{list_id}/"): ("/v1/subscriber_list/vip/", None),
    ("patch", "/v1/subscriber_list/{list_id}/delete/"): ("/v1/subscriber_list/vip/delete/", {}),
    ("post", "/v1/subscriber_list/{list_id}/subscriber/add/"): (
        "/v1/subscriber_list/vip/subscriber/add/", {"distinct_ids": ["ada"]}),
    ("post", "/v1/subscriber_list/{list_id}/subscriber/remove/"): (
        "/v1/subscriber_list/vip/subscriber/remove/", {"distinct_ids": ["ada"]}),
    ("post", "/v1/subscriber_list/{list_id}/start_sync/"): ("/v1/subscriber_list/vip/start_sync/", {}),
    ("post", "/v1/subscriber_list/{list_id}/version/{version_id}/subscriber/add/"): (
        f"/v1/subscriber_list/vip/version/{'0' * 26}/subscriber/add/", {"distinct_ids": ["ada"]}),
    ("post", "/v1/subscriber_list/{list_id}/version/{version_id}/subscriber/remove/"): (
        f"/v1/subscriber_list/vip/version/{'0' * 26}/subscriber/remove/", {"distinct_ids": ["ada"]}),
    ("patch", "/v1/subscriber_list/{list_id}/version/{version_id}/finish_sync/"): (
        f"/v1/subscriber_list/vip/version/{'0' * 26}/finish_sync/", {}),
    ("delete", "/v1/subscriber_list/{list_id}/version/{version_id}/"): (
        f"/v1/subscriber_list/vip/version/{'0' * 26}/", None),
    ("patch", "/v1/subscriber_list/{list_id}/version/{version_id}/delete/"): (
        f"/v1/subscriber_list/vip/version/{'0' * 26}/delete/", {}),
    ("post", "/v1/user/{distinct_id}/merge/"): ("/v1/user/ada/merge/", {"from_user_id": "u1"}),
    ("post", "/hub/v1/user/{distinct_id}/unmerge/"): ("/hub/v1/user/ada/unmerge/", {"from_user_id": "u1"}),
    ("post", "/hub/v1/user/{distinct_id}/rename/"): ("/hub/v1/user/u1/rename/", {"to": "new"}),
    ("post", "/hub/v1/channel_status/"): ("/hub/v1/channel_status/", {"reports": [
        {"channel": "sms", "value": "+15550100100", "event": "stop", "distinct_id": "u1"}]}),
    ("put", "/hub/v1/after_merge/"): ("/hub/v1/after_merge/", {"after_merge": "alias"}),
    ("patch", "/hub/v1/tenancy/"): ("/hub/v1/tenancy/", {"user_tenancy_mode": "shared"}),
    ("put", "/hub/v1/active_channels/"): ("/hub/v1/active_channels/", {"channels": ["email"]}),
    ("post", "/v1/tenant/{tenant_id}/"): ("/v1/tenant/acme/", {"tenant_name": "Acme"}),
    ("delete", "/v1/tenant/{tenant_id}/"): ("/v1/tenant/acme/", None),
    ("post", "/v1/brand/{brand_id}/"): ("/v1/brand/acme/", {"brand_name": "Acme"}),
    ("delete", "/v1/brand/{brand_id}/"): ("/v1/brand/acme/", None),
    ("post", "/v1/user/{distinct_id}/tenant/{tenant_id}/"): ("/v1/user/u1/tenant/default/", {}),
    ("patch", "/v1/user/{distinct_id}/tenant/{tenant_id}/"): ("/v1/user/u1/tenant/default/", {"operations": []}),
    ("delete", "/v1/user/{distinct_id}/tenant/{tenant_id}/"): ("/v1/user/u1/tenant/default/", None),
    **{
        ("patch", f"{path}preference/{part}"): (f"{target}preference/{sent}", body)
        for path, target in (
            ("/v1/user/{distinct_id}/", "/v1/user/u1/"),
            ("/v1/object/{object_type}/{object_id}/", "/v1/object/teams/core/"),
        )
        for part, sent, body in (
            ("", "", {"categories": [{"category": "news", "preference": "opt_out"}]}),
            ("channel_preference/", "channel_preference/", {"channel_preferences": [{"channel": "sms", "is_restricted": True}]}),
            ("category/{category}/", "category/news/", {"preference": "opt_out"}),
        )
    },
    ("patch", "/v1/bulk/user/preference/"): (
        "/v1/bulk/user/preference/",
        {"distinct_ids": ["u1"], "categories": [{"category": "news", "preference": "opt_out"}]}),
    ("patch", "/v1/bulk/user/preference/reset/"): (
        "/v1/bulk/user/preference/reset/", {"distinct_ids": ["u1"], "reset_categories": True}),
    ("patch", "/v1/tenant/{tenant_id}/preference/category/{category}/"): (
        "/v1/tenant/default/preference/category/news/", {"preference": "opt_out"}),
    ("patch", "/v1/tenant/{tenant_id}/category/{category}/"): (
        "/v1/tenant/default/category/news/", {"preference": "opt_out"}),
    ("post", "/v1/{workspace}/preference_category/"): (
        "/v1/workspace%20A/preference_category/", CATEGORIES),
    ("patch", "/v1/{workspace}/preference_category/commit/"): (
        "/v1/workspace%20A/preference_category/commit/?commit_message=x", {}),
    ("post", "/v1/{workspace}/preference_category/translation/content/{locale}/"): (
        "/v1/workspace%20A/preference_category/translation/content/de/", {}),
}  # fmt: skip


def test_every_write_of_the_document_is_tried_below() -> None:
    """A new operation that writes has to be counted, too."""
    operations = {
        (method, path) for path, item in document()["paths"].items() for method in item if method in METHODS[1:]
    }
    assert set(WRITES) == operations - {("post", path) for path in READS_BY_POST}


async def test_every_write_counts(a: ApiClient, hub: Services) -> None:
    """With an exhausted limit, no write of any kind is accepted, and reads are."""
    all_scopes = frozenset(Scope)
    first, second = [
        ApiClient(
            a.http, bearer((await hub.workspaces.create_api_key(TESTER, "workspace A", name, all_scopes)).api_key)
        )
        for name in ("first", "second")
    ]
    saved = await first.post("/v1/workspace%20A/preference_category/?commit=true&commit_message=x", CATEGORIES)
    assert saved.status_code == 200
    await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=1, burst_edits=1)
    assert (
        await a.post("/event/", [{"distinct_id": f"u{i}", "$user_operations": []} for i in range(400)])
    ).status_code == 202
    for (method, _), (target, body) in WRITES.items():
        answer = await second.request(method.upper(), target, b"" if body is None else encode(body))
        assert (answer.status_code, target, method) == (429, target, method)
    assert (await a.get("/v1/user/")).status_code == 200


async def test_calls_are_counted_by_what_they_change(a: ApiClient, hub: Services) -> None:
    """A call that adds eight members counts like eight edits, one without members like one."""
    await hub.workspaces.limit(TESTER, "workspace A", edits_per_second=1, burst_edits=11)
    await a.post("/v1/subscriber_list/", {"list_id": "vip"})
    add = "/v1/subscriber_list/vip/subscriber/add/"
    for _ in range(2):
        assert (await a.post(add, {"distinct_ids": []})).status_code == 201
    assert (await a.post(add, {"distinct_ids": [f"u{i}" for i in range(8)]})).status_code == 201
    assert (await a.post(add, {"distinct_ids": []})).status_code == 429
