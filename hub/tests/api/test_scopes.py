"""What credentials may do: scopes of API keys, and that every route asks for one."""

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .routes import Route, routes
from .support import ApiClient, bearer

pytestmark = pytest.mark.anyio

CATEGORIES = {
    "root_categories": [
        {
            "root_category": "promotional",
            "sections": [{"categories": [{"category": "news", "name": "News", "default_preference": "opt_in"}]}],
        }
    ]
}
READING = [
    ("GET", "/v1/user/", b""),
    ("GET", "/v1/user/ada/", b""),
    ("GET", "/v1/subscriber_list/", b""),
    ("POST", "/hub/v1/user/read_many/", {"distinct_ids": ["ada"]}),
    ("GET", "/hub/v1/users/by_address/?address=ada@example.com", b""),
    ("POST", "/hub/v1/resolve/", {"category": "news", "distinct_ids": ["ada"]}),
]
WRITING = [
    ("POST", "/event/", {"distinct_id": "ada", "$user_operations": []}),
    ("PATCH", "/v1/user/ada/", {"operations": []}),
    ("DELETE", "/v1/user/ada/", b""),
    ("POST", "/v1/subscriber_list/", {"list_id": "news"}),
    ("POST", "/hub/v1/channel_status/", {"reports": []}),
]
MANAGING = [
    ("GET", "/hub/v1/audit/", b""),
    ("GET", "/hub/v1/tenancy/", b""),
    ("PATCH", "/hub/v1/tenancy/", {"user_tenancy_mode": "shared"}),
    ("PUT", "/hub/v1/after_merge/", {"after_merge": "alias"}),
    ("POST", "/hub/v1/user/ada/rename/", {"to": "ada lovelace"}),
]

# Where the method does not say which scope a route needs.
NEEDS = {
    "/hub/v1/resolve/": Scope.READ,
    "/hub/v1/user/read_many/": Scope.READ,
    "/hub/v1/user/{distinct_id}/merge_preview/": Scope.READ,
    "/hub/v1/user/{distinct_id}/unmerge_preview/": Scope.READ,
    "/hub/v1/user/{distinct_id}/rename/": Scope.MANAGE,
    "/hub/v1/audit/": Scope.MANAGE,
    "/hub/v1/tenancy/": Scope.MANAGE,
    "/hub/v1/after_merge/": Scope.MANAGE,
    "/hub/v1/active_channels/": Scope.MANAGE,
    "/v1/{workspace}/preference_category/": Scope.MANAGE,
    "/v1/{workspace}/preference_category/commit/": Scope.MANAGE,
    "/v1/{workspace}/preference_category/translation/locale/": Scope.MANAGE,
    "/v1/{workspace}/preference_category/translation/content/{locale}/": Scope.MANAGE,
}


class _Names(dict[str, str]):
    """Names that nothing has."""

    def __missing__(self, key: str) -> str:
        return "none"


def needed(route: Route) -> Scope:
    return NEEDS.get(route.template, Scope.READ if route.method == "GET" else Scope.WRITE)


async def key_with(hub: Services, a: ApiClient, workspace: NewWorkspace, *scopes: Scope) -> ApiClient:
    created = await hub.workspaces.create_api_key(TESTER, workspace.name, "narrow", frozenset(scopes))
    return ApiClient(a.http, bearer(created.api_key))


@pytest.mark.parametrize(
    ("scope", "allowed", "refused"),
    [
        (Scope.READ, READING, WRITING + MANAGING),
        (Scope.WRITE, WRITING, READING + MANAGING),
        (Scope.MANAGE, MANAGING, READING + WRITING),
        (Scope.PRIVACY, [], READING + WRITING + MANAGING),
    ],
)
async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace, scope: Scope, allowed: list, refused: list
) -> None:
    await a.patch("/v1/user/ada/", {"operations": []})
    manager = await key_with(hub, a, workspace_a, *Scope)
    await manager.post("/v1/workspace%20A/preference_category/?commit=true&commit_message=x", CATEGORIES)
    narrow = await key_with(hub, a, workspace_a, scope)
    for method, path, body in refused:
        answer = await narrow.send(method, path, body)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "missing_scope"), (method, path)
    assert (await a.get("/v1/user/ada/")).status_code == 200, "nothing was deleted"
    for method, path, body in allowed:
        assert (await narrow.send(method, path, body)).status_code < 300, (method, path)


async def test_signed_clients_and_first_keys_read_and_write_and_manage_nothing(
    a: ApiClient, a_signing: ApiClient
) -> None:
    for client in (a, a_signing):
        assert (await client.patch("/v1/user/ada/", {"operations": []})).status_code == 202
        assert (await client.get("/v1/user/ada/")).status_code == 200
        assert (await client.get("/hub/v1/audit/")).status_code == 403


async def test_a_wrong_key_is_told_nothing_about_scopes(a: ApiClient) -> None:
    wrong = ApiClient(a.http, bearer("SS.wrong"))
    assert (await wrong.get("/hub/v1/audit/")).status_code == 401


def test_the_routes_with_a_scope_of_their_own_exist() -> None:
    assert NEEDS.keys() <= {route.template for route in routes()}


@pytest.mark.parametrize("scope", Scope)
async def test_every_route_asks_for_its_scope_and_no_other(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace, scope: Scope
) -> None:
    """A new route that is not in the table needs the scope of its method."""
    narrow = await key_with(hub, a, workspace_a, scope)
    answered = {}
    for route in routes():
        answer = await narrow.request(route.method, route.target(_Names()), route.content)
        answered[route.method, route.template] = answer.status_code != 403
    assert answered == {(route.method, route.template): needed(route) is scope for route in routes()}
