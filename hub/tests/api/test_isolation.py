"""Every route of the API, with the credentials of another workspace or none: nothing is shown and nothing changes."""

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .categories import category, document, put_into_force
from .routes import routes
from .support import ApiClient, assert_error, bearer

pytestmark = pytest.mark.anyio

MARK = "only-of-a"
NAMES = {
    "distinct_id": "ada", "object_type": "teams", "object_id": "core", "list_id": "readers", "tenant_id": "acme",
    "category": "news", "locale": "es", "workspace": "workspace A", "version_id": "01JR0WV5DG8W1Q2JB3N4M5P6R7",
    "brand_id": "acme",
}  # fmt: skip
SEEN = [
    "/v1/user/", "/v1/user/ada/", "/v1/user/ada/tenant/", "/v1/user/ada/subscribed_to/list/",
    "/v1/user/ada/subscribed_to/object/", "/v1/user/ada/preference/", "/v1/user/ada/preference/?tenant_id=acme",
    "/v1/object/teams/core/", "/v1/object/teams/core/preference/", "/v1/object/teams/core/subscription/",
    "/v1/subscriber_list/readers/", "/v1/subscriber_list/readers/subscriber/", "/v1/tenant/",
    "/v1/tenant/acme/preference/", "/v1/workspace%20A/preference_category/?mode=live",
    "/v1/workspace%20A/preference_category/?mode=draft", "/hub/v1/tenancy/", "/hub/v1/after_merge/",
    "/hub/v1/active_channels/",
]  # fmt: skip
"""What is compared before and after: all that workspace A has."""


async def admin(hub: Services, client: ApiClient, workspace: NewWorkspace) -> ApiClient:
    """A client that may do everything in its workspace."""
    created = await hub.workspaces.create_api_key(TESTER, workspace.name, "admin", frozenset(Scope))
    return ApiClient(client.http, bearer(created.api_key))


@pytest.fixture
async def full(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> ApiClient:
    """Workspace A with something behind every route, all of it recognizable."""
    client = await admin(hub, a, workspace_a)
    await put_into_force(hub, workspace_a, document(category("news", description=MARK)))
    for method, target, body in (
        ("POST", "/v1/tenant/acme/", {"tenant_name": MARK}),
        ("POST", "/v1/user/ada/", {"name": MARK, "$email": [f"{MARK}@example.com"]}),
        ("POST", "/v1/user/user-1/", {"name": MARK}),
        ("POST", "/v1/user/ada/tenant/acme/", {"role": MARK}),
        ("POST", "/v1/object/teams/core/", {"name": MARK}),
        ("POST", "/v1/object/teams/core/subscription/", {"recipients": ["ada"], "properties": {"role": MARK}}),
        ("POST", "/v1/subscriber_list/", {"list_id": "readers", "list_name": MARK}),
        ("POST", "/v1/subscriber_list/readers/subscriber/add/", {"distinct_ids": ["ada"]}),
        ("PATCH", "/v1/tenant/acme/preference/category/news/", {"blocked_channels": ["slack"]}),
        ("PATCH", "/v1/user/ada/preference/category/news/", {"opt_in_channels": ["sms"]}),
        ("PATCH", "/v1/user/ada/preference/category/news/?tenant_id=acme", {"preference": "opt_out"}),
        ("PATCH", "/v1/object/teams/core/preference/category/news/", {"preference": "opt_out"}),
        ("POST", "/v1/workspace%20A/preference_category/translation/content/es/", {"categories": {"news": {"name": MARK}}}),
    ):  # fmt: skip
        answer = await client.send(method, target, body)
        assert answer.status_code < 300, answer.text
    return client


async def everything(client: ApiClient) -> dict[str, str]:
    return {target: (await client.get(target)).text for target in SEEN}


async def test_no_route_shows_or_changes_anything_of_another_workspace(
    hub: Services, full: ApiClient, b: ApiClient, workspace_b: NewWorkspace
) -> None:
    """By the same ids, with all scopes; the second time, B has recipients of its own with these ids."""
    before = await everything(full)
    unmarked = {target for target, text in before.items() if MARK not in text}
    assert unmarked == {target for target in SEEN if "/hub/" in target or target.endswith("readers/subscriber/")}
    other = await admin(hub, b, workspace_b)
    for _ in range(2):
        for route in routes():
            answer = await other.request(route.method, route.target(NAMES), route.content)
            assert MARK not in answer.text, f"{route.method} {route.template}"
            assert answer.status_code != 403, f"{route.method} {route.template}"
        await other.upsert("ada")
        await put_into_force(hub, workspace_b, document(category("news")))
        assert (await other.post("/v1/tenant/acme/", {"tenant_name": "B"})).status_code == 201
    assert await everything(full) == before


async def test_every_route_needs_credentials(full: ApiClient, stranger: ApiClient) -> None:
    before = await everything(full)
    for route in routes():
        assert_error(await stranger.request(route.method, route.target(NAMES), route.content), 401, "unauthorized")
    assert await everything(full) == before
