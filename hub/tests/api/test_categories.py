"""The management interface of preference categories: documents, commits, translations, and the channels in use."""

import asyncio
from collections.abc import Callable

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import RESERVED_NAMES, NewWorkspace

from .categories import category, document
from .support import ApiClient, assert_error, bearer, segment

pytestmark = pytest.mark.anyio


async def manager(hub: Services, client: ApiClient, workspace: NewWorkspace) -> ApiClient:
    created = await hub.workspaces.create_api_key(
        TESTER, workspace.name, "manager", frozenset({Scope.MANAGE, Scope.READ, Scope.WRITE})
    )
    return ApiClient(client.http, bearer(created.api_key))


@pytest.fixture
async def m(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> ApiClient:
    """Workspace A, with a key that may manage it."""
    return await manager(hub, a, workspace_a)


@pytest.fixture
def path(workspace_a: NewWorkspace) -> str:
    return f"/v1/{segment(workspace_a.name)}/preference_category/"


async def slugs(client: ApiClient, path: str, mode: str = "live") -> list[str]:
    body = (await client.get(f"{path}?mode={mode}")).json()
    return [
        each["category"] for root in body["root_categories"] for part in root["sections"] for each in part["categories"]
    ]


async def test_a_document_is_a_draft_until_it_is_committed(m: ApiClient, path: str) -> None:
    empty = (await m.get(f"{path}?mode=live")).json()
    assert [root["root_category"] for root in empty["root_categories"]] == ["system", "transactional", "promotional"]
    assert (empty["version_no"], empty["status"], empty["committed_at"]) == (None, "active", None)
    saved = await m.post(path, document(category("news")))
    assert (saved.status_code, saved.json()["status"], saved.json()["version_no"]) == (200, "draft", None)
    assert saved.json()["validation_result"] == {"is_valid": True, "errors": []}
    assert await slugs(m, path) == []
    assert await slugs(m, path, "draft") == ["news"]
    committed = (await m.patch(f"{path}commit/?commit_message=first", None)).json()
    assert (committed["version_no"], committed["status"], committed["commit_message"]) == (1, "active", "first")
    assert committed["committed_at"].endswith("Z")
    assert committed["hash"] == saved.json()["hash"]
    assert (await m.get(f"{path}?mode=live")).json() == committed
    again = (
        await m.post(f"{path}?commit=true&commit_message=second", document(category("news"), category("tips")))
    ).json()
    assert (again["version_no"], again["status"]) == (2, "active")
    assert await slugs(m, path) == ["news", "tips"]


async def test_what_is_pulled_can_be_pushed_again(m: ApiClient, path: str) -> None:
    """The CLI sends the fields around the document back."""
    whole = document(
        category("news", tags=["a"], is_commercial=True, default_opt_in_channels=["email"]), name="All", tags=["b"]
    )
    pulled = (await m.post(f"{path}?commit=true&commit_message=x", whole)).json()
    pushed = (await m.post(path, pulled)).json()
    assert (pushed["root_categories"], pushed["hash"]) == (pulled["root_categories"], pulled["hash"])


async def test_every_mistake_of_a_document_is_named_and_nothing_is_saved(m: ApiClient, path: str) -> None:
    await m.post(path, document(category("kept")))
    wrong = document(category("News"), category("ok", default_preference="maybe", colour="red"))
    error = assert_error(await m.post(f"{path}?commit=true&commit_message=x", wrong), 400, "invalid_categories")
    at = "root_categories[0].sections[0].categories"
    assert set(error["detail"]) == {f"{at}[0].category", f"{at}[1].default_preference", f"{at}[1].colour"}
    assert f"{at}[0].category: " in error["message"]
    assert await slugs(m, path, "draft") == ["kept"]
    assert_error(await m.get(path), 400, "invalid_categories")
    assert_error(await m.patch(f"{path}commit/", None), 400, "invalid_categories")
    assert_error(await m.post(f"{path}?commit=true", document()), 400, "invalid_categories")


async def test_a_category_with_choices_is_removed_only_by_force_and_the_choices_come_back(
    m: ApiClient, path: str
) -> None:
    await m.post(f"{path}?commit=true&commit_message=x", document(category("news"), category("tips")))
    for user in ("u1", "u2"):
        await m.upsert(user, {})
        chosen = await m.patch(f"/v1/user/{user}/preference/category/news/", {"preference": "opt_out"})
        assert chosen.status_code == 202
    saved = await m.post(f"{path}?commit=true&commit_message=y", document(category("tips")))
    result = saved.json()["validation_result"]
    assert (saved.status_code, saved.json()["status"], result["is_valid"]) == (200, "draft", False)
    assert result["errors"] == ["category 'news' is removed, but has choices: 2 by recipients, 0 by tenants"]
    error = assert_error(await m.patch(f"{path}commit/?commit_message=y", None), 400, "invalid_categories")
    assert error["detail"] == {"errors": result["errors"]}
    assert await slugs(m, path) == ["news", "tips"]
    forced = await m.patch(f"{path}commit/?commit_message=y&force=true", None)
    assert forced.json()["version_no"] == 2
    assert_error(await m.get("/v1/user/u1/preference/category/news/"), 404, "category_not_found")
    await m.post(f"{path}?commit=true&commit_message=z", document(category("news")))
    assert (await m.get("/v1/user/u1/preference/category/news/")).json()["preference"] == "opt_out"


async def test_translations_apply_at_once_and_fall_back(m: ApiClient, path: str) -> None:
    await m.post(f"{path}?commit=true&commit_message=x", document(category("news", description="All of it")))
    await m.upsert("u", {})
    where = "/v1/user/u/preference/category/news/?locale=es-AR"
    assert (await m.get(where)).json()["name"] == "News"
    content = f"{path}translation/content/"
    assert (await m.get(f"{content}es/")).json() == {"sections": {}, "categories": {}}
    texts = {"sections": {}, "categories": {"news": {"name": "Noticias", "description": None}}}
    assert (await m.post(f"{content}es/", texts)).json() == texts
    assert (await m.get(f"{content}es/")).json() == texts
    found = (await m.get(where)).json()
    assert (found["name"], found["description"]) == ("Noticias", "All of it")
    assert (await m.get("/v1/user/u/preference/?locale=fr")).json()["sections"][0]["subcategories"][0]["name"] == "News"
    await m.post(f"{content}es_ar/", {"categories": {"news": {"name": "Novedades"}}})
    assert (await m.get(where)).json()["name"] == "Novedades"
    assert [each["locale"] for each in (await m.get(f"{path}translation/locale/")).json()["results"]] == ["es", "es-AR"]
    assert_error(await m.post(f"{content}es/", {"news": {}}), 400, "invalid_categories")
    assert_error(await m.get(f"{content}!/"), 400, "invalid_language")


async def test_only_a_key_that_may_manage_reaches_its_own_workspace(
    m: ApiClient, a: ApiClient, a_signing: ApiClient, b: ApiClient, stranger: ApiClient, path: str, hub: Services,
    workspace_a: NewWorkspace, workspace_b: NewWorkspace,
) -> None:  # fmt: skip
    """By name or uid; another workspace is not even told to exist."""
    for client in (a, a_signing):
        assert_error(await client.get(f"{path}?mode=live"), 403, "missing_scope")
    error = assert_error(await stranger.get(f"{path}?mode=live"), 401, "unauthorized")
    assert error["message"] == "ServiceToken not found"
    mb = await manager(hub, b, workspace_b)
    for name in (workspace_a.name, workspace_a.workspace_uid, "nobody"):
        error = assert_error(
            await mb.get(f"/v1/{segment(name)}/preference_category/?mode=live"), 404, "workspace_not_found"
        )
        assert error["message"] == f"workspace not found for slug/uid: {name}"
    assert (await m.get(f"/v1/{workspace_a.workspace_uid}/preference_category/?mode=live")).status_code == 200


async def test_service_tokens_are_taken_on_these_paths_only(
    m: ApiClient, path: str, workspace_a: NewWorkspace, hub: Services
) -> None:
    created = await hub.workspaces.create_api_key(
        TESTER, workspace_a.name, "token", frozenset({Scope.MANAGE, Scope.READ})
    )
    token = ApiClient(m.http, lambda *_: {"authorization": f"ServiceToken {created.api_key}"})
    assert (await token.get(f"{path}?mode=live")).status_code == 200
    assert_error(await token.get("/v1/user/"), 401, "unauthorized")


async def test_changes_are_in_the_audit_log(m: ApiClient, path: str) -> None:
    await m.post(f"{path}?commit=true&commit_message=why", document(category("news")))
    await m.post(f"{path}translation/content/es/", {})
    await m.send("PUT", "/hub/v1/active_channels/", {"channels": ["email"]})
    entries = (await m.get("/hub/v1/audit/")).json()["results"]
    found = {entry["action"]: entry["detail"] for entry in entries}
    assert found["category.commit"]["message"] == "why"
    assert {"category.save", "category.translate", "workspace.channels"} <= set(found)
    assert all(entry["actor"] == {"kind": "api_key", "name": "manager"} for entry in entries[:4])


async def test_channels_that_a_workspace_does_not_use_are_not_shown(m: ApiClient, path: str) -> None:
    await m.post(f"{path}?commit=true&commit_message=x", document(category("news")))
    await m.upsert("u", {})
    assert len((await m.get("/hub/v1/active_channels/")).json()["channels"]) == 9
    assert (await m.send("PUT", "/hub/v1/active_channels/", {"channels": ["sms", "email"]})).json() == {
        "channels": ["email", "sms"]
    }
    found = (await m.get("/v1/user/u/preference/")).json()
    assert [each["channel"] for each in found["channel_preferences"]] == ["email", "sms"]
    assert [each["channel"] for each in found["sections"][0]["subcategories"][0]["channels"]] == ["email", "sms"]
    assert len((await m.send("PUT", "/hub/v1/active_channels/", {"channels": None})).json()["channels"]) == 9
    for wrong in ({}, {"channels": ["pigeon"]}, []):
        assert_error(await m.send("PUT", "/hub/v1/active_channels/", wrong), 400, "invalid_value")


async def test_another_process_follows_a_commit_at_once(
    hub: Services, make_hub: Callable[[], Services], m: ApiClient, path: str, workspace_a: NewWorkspace
) -> None:
    """It has read the version before, and keeps it."""
    other = make_hub()
    workspace_id = workspace_a.workspace_id
    await m.post(f"{path}?commit=true&commit_message=x", document(category("news")))
    async with other.database:
        first = (await other.preferences.tenant_view(workspace_id, None)).document
        assert first.find("news")
        assert (await other.preferences.tenant_view(workspace_id, None)).document is first, "read once"
        await m.post(f"{path}?commit=true&commit_message=y", document(category("tips")))
        assert (await other.preferences.tenant_view(workspace_id, None)).document.find("tips")


async def test_commits_at_once_get_different_versions(m: ApiClient, path: str) -> None:
    answers = await asyncio.gather(
        *(m.post(f"{path}?commit=true&commit_message={n}", document(category(f"c{n}"))) for n in range(8))
    )
    assert sorted(answer.json()["version_no"] for answer in answers) == list(range(1, 9))
    last = max((answer.json() for answer in answers), key=lambda body: body["version_no"])
    assert await slugs(m, path) == [f"c{last['commit_message']}"]


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
async def test_a_workspace_is_not_named_like_the_beginning_of_a_path(hub: Services, name: str) -> None:
    from suprsend_hub.domain.errors import InvalidRequest

    with pytest.raises(InvalidRequest, match="cannot be named"):
        await hub.workspaces.create(TESTER, name)


def test_the_reserved_names_are_those_of_the_paths(hub: Services) -> None:
    from suprsend_hub.app import build_app

    heads = {route.path.split("/")[2] for route in build_app(hub).routes if route.path.startswith("/v1/")}
    assert {head for head in heads if not head.startswith("{")} <= RESERVED_NAMES
