"""The audit log: every change but profile edits, by whom, from where, in which request; and who may read it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cast import TESTER, VISITOR
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.audit import HUB_WIDE, AuditEntry
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.errors import RateLimited, Unauthenticated
from suprsend_hub.service import audit as audit_service
from suprsend_hub.service.audit import AuditFilter
from suprsend_hub.service.services import Services
from suprsend_hub.service.sign_in_throttle import MAX_ATTEMPTS_PER_NAME_AND_ADDRESS
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error, bearer

pytestmark = pytest.mark.anyio

EVERYTHING = AuditFilter()


async def entries(hub: Services, workspace_id: int, wanted: AuditFilter = EVERYTHING) -> Sequence[AuditEntry]:
    """Oldest first."""
    return (await hub.audit.page(workspace_id, wanted, limit=1000)).entries[::-1]


async def done(hub: Services, workspace: NewWorkspace) -> list[tuple[str, str, dict]]:
    found = await entries(hub, workspace.workspace_id, AuditFilter(actor="api_key:first key"))
    return [(entry.action, entry.target_id, json.loads(entry.detail)) for entry in found]


@pytest.fixture
async def manager(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> ApiClient:
    """Workspace A, with a key that may read the audit log."""
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "auditor", frozenset({Scope.MANAGE}))
    return ApiClient(a.http, bearer(created.api_key))


async def test_each_deleted_recipient_has_an_entry_and_edits_have_none(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace
) -> None:
    for name in ("ada", "bo", "cy"):
        await a.patch(f"/v1/user/{name}/", {"operations": [{"$set": {"n": 1}}]})
    await a.patch("/v1/object/teams/core/", {"operations": []})
    assert await done(hub, workspace_a) == []
    await a.delete("/v1/user/ada/")
    await a.delete("/v1/bulk/user/", {"distinct_ids": ["bo", "nobody", "cy"]})
    await a.delete("/v1/object/teams/core/")
    assert await done(hub, workspace_a) == [
        ("user.delete", "ada", {}), ("user.delete", "bo", {}), ("user.delete", "cy", {}), ("object.delete", "core", {}),
    ]  # fmt: skip
    [*_, last] = await entries(hub, workspace_a.workspace_id)
    assert last.target_type == "teams"


async def test_a_call_on_many_records_has_one_entry_with_their_number_and_the_first_of_them(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace
) -> None:
    names = [f"user-{n:02d}" for n in range(30)]
    for name in names:
        await a.post(f"/v1/user/{name}/", {})
    await a.post("/v1/subscriber_list/", {"list_id": "news", "list_name": "News"})
    await a.post("/v1/subscriber_list/news/subscriber/add/", {"distinct_ids": [*names, "unknown"]})
    await a.post("/v1/subscriber_list/news/subscriber/remove/", {"distinct_ids": names[:2]})
    await a.post("/v1/object/teams/core/", {})
    await a.post("/v1/object/teams/core/subscription/", {"recipients": names})
    await a.delete("/v1/object/teams/core/subscription/", {"recipients": names[:3]})
    first = sorted([*names, "unknown"])[:20]
    assert await done(hub, workspace_a) == [
        ("list.save", "news", {"list_name": "News"}),
        ("list.add", "news", {"count": 31, "ids": first, "affected": 30}),
        ("list.remove", "news", {"count": 2, "ids": names[:2], "affected": 2}),
        ("object.subscribe", "core", {"count": 30, "ids": names[:20]}),
        ("object.unsubscribe", "core", {"count": 3, "ids": names[:3]}),
    ]


async def test_drafts_of_lists_are_recorded_with_their_version(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace
) -> None:
    await a.post("/v1/subscriber_list/", {"list_id": "news"})
    versions = [(await a.post("/v1/subscriber_list/news/start_sync/", {})).json()["version_id"] for _ in range(2)]
    await a.patch(f"/v1/subscriber_list/news/version/{versions[0]}/finish_sync/", {})
    await a.delete(f"/v1/subscriber_list/news/version/{versions[1]}/")
    await a.delete("/v1/subscriber_list/news/")
    assert [(action, detail) for action, _, detail in (await done(hub, workspace_a))[1:]] == [
        ("list.start_sync", {"version_id": versions[0]}),
        ("list.start_sync", {"version_id": versions[1]}),
        ("list.finish_sync", {"version_id": versions[0]}),
        ("list.delete_draft", {"version_id": versions[1]}),
        ("list.delete", {}),
    ]


async def test_a_refused_change_leaves_no_entry(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> None:
    for method, path, body in (
        ("DELETE", "/v1/user/nobody/", b""),
        ("POST", "/v1/subscriber_list/nothing/subscriber/add/", {"distinct_ids": ["ada"]}),
        ("DELETE", "/v1/subscriber_list/nothing/", b""),
        ("DELETE", "/v1/object/teams/core/subscription/", {"recipients": ["ada"]}),
    ):
        assert (await a.send(method, path, body)).status_code == 404
    assert await done(hub, workspace_a) == []


async def test_keys_grants_limits_and_console_users_are_recorded_without_their_secrets(
    hub: Services, workspace_a: NewWorkspace
) -> None:
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "nightly")
    await hub.workspaces.set_api_key_scopes(TESTER, workspace_a.name, created.api_key_id, frozenset({Scope.READ}))
    await hub.workspaces.revoke_api_key(TESTER, workspace_a.name, created.api_key_id)
    await hub.workspaces.limit(TESTER, workspace_a.name, edits_per_second=5)
    await hub.console_users.create(TESTER, "erin", "a long password")
    await hub.console_users.grant(TESTER, "erin", workspace_a.name, Role.EDITOR)
    await hub.console_users.revoke(TESTER, "erin", workspace_a.name)
    token = await hub.console_users.one_time_link(TESTER, "erin")
    await hub.console_users.set_password(TESTER, "erin", "another password")
    await hub.console_users.sign_out(TESTER, "erin")
    await hub.console_users.delete(TESTER, "erin")
    of_workspace = await entries(hub, workspace_a.workspace_id)
    assert [entry.action for entry in of_workspace] == [
        "workspace.create", "api_key.create", "api_key.create", "api_key.scopes", "api_key.revoke", "workspace.limit",
        "console_user.grant", "console_user.revoke",
    ]  # fmt: skip
    of_hub = await entries(hub, HUB_WIDE)
    assert [entry.action for entry in of_hub] == [
        "console_user.create", "console_user.link", "console_user.password", "console_user.sign_out_everywhere",
        "console_user.delete",
    ]  # fmt: skip
    everything = str([*of_workspace, *of_hub])
    for secret in (
        created.api_key,
        workspace_a.workspace_secret,
        workspace_a.api_key,
        token,
        "a long password",
        "another password",
    ):
        assert secret not in everything
    assert {entry.actor.label for entry in (*of_workspace, *of_hub)} == {TESTER.label}


async def test_refused_sign_ins_of_an_address_share_an_entry_a_minute(hub: Services) -> None:
    await hub.console_users.create(TESTER, "erin", "a long password")

    async def guess(name: str) -> None:
        with pytest.raises(Unauthenticated):
            await hub.console_access.sign_in(VISITOR, name, "a guess")

    before = datetime.now(UTC).minute
    for name in ("erin", "root", "erin"):
        await guess(name)
    await hub.console_access.sign_in(VISITOR, "erin", "a long password")
    refused = await entries(hub, HUB_WIDE, AuditFilter(action="console_user.sign_in_refused"))
    if datetime.now(UTC).minute == before:
        assert [(entry.count, entry.target_id) for entry in refused] == [(3, VISITOR.address)]
    assert sum(entry.count for entry in refused) == 3
    assert refused[0].actor.kind == "nobody"
    [signed_in] = await entries(hub, HUB_WIDE, AuditFilter(actor="console_user:erin"))
    assert (signed_in.action, signed_in.actor.address) == ("console_user.sign_in", VISITOR.address)


async def test_refused_sign_ins_are_counted_also_above_the_limit(hub: Services) -> None:
    """An operator must see an attack that goes on, not only its first minute."""
    await hub.console_users.create(TESTER, "erin", "a long password")
    refusals = []
    for _ in range(MAX_ATTEMPTS_PER_NAME_AND_ADDRESS + 5):
        with pytest.raises((Unauthenticated, RateLimited)) as refused:
            await hub.console_access.sign_in(VISITOR, "erin", "a guess")
        refusals.append(refused.type)
    assert RateLimited in refusals
    found = await entries(hub, HUB_WIDE, AuditFilter(action="console_user.sign_in_refused"))
    assert sum(entry.count for entry in found) == len(refusals)
    assert json.loads(found[0].detail) == {"name": "erin"}


@pytest.mark.parametrize("typed", ["my secret password", "\x00", "\ud800", "x" * 5000])
async def test_what_is_typed_as_a_name_is_kept_only_if_it_is_one(hub: Services, typed: str) -> None:
    """People type their password into the first field."""
    with pytest.raises(Unauthenticated):
        await hub.console_access.sign_in(VISITOR, typed, "")
    [entry] = await entries(hub, HUB_WIDE)
    assert json.loads(entry.detail) == {}


async def test_an_entry_says_from_where_and_in_which_request(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace
) -> None:
    await a.post("/v1/user/ada/", {})
    await a.request("DELETE", "/v1/user/ada/", headers={"x-request-id": "trace-7", "user-agent": "nightly/1.0"})
    [entry] = await entries(hub, workspace_a.workspace_id, AuditFilter(target_id="ada"))
    assert entry.actor.label == "api_key:first key"
    assert (entry.actor.user_agent, entry.actor.request_id) == ("nightly/1.0", "trace-7")
    assert entry.actor.address == "127.0.0.1"


async def test_an_entry_commits_with_its_change_or_not_at_all(hub: Services, workspace_a: NewWorkspace) -> None:
    """The log cannot be written: then nothing is deleted."""
    from suprsend_hub.domain.recipient import RecipientKey

    key = RecipientKey.user(workspace_a.workspace_id, "ada")
    await hub.recipients.edit(TESTER, key, [])
    async with hub.database.connection() as connection:
        await connection.execute("ALTER TABLE audit ADD CONSTRAINT closed CHECK (false) NOT VALID")
    with pytest.raises(Exception, match="closed"):
        await hub.recipients.delete(TESTER, key)
    assert (await hub.recipients.get(key)).key == key


async def test_the_log_is_read_in_pages_and_by_filters(manager: ApiClient, a: ApiClient) -> None:
    names = [f"user-{n}" for n in range(5)]
    for name in names:
        await a.post(f"/v1/user/{name}/", {})
        await a.delete(f"/v1/user/{name}/")
    await a.post("/v1/subscriber_list/", {"list_id": "news"})
    seen: list[str] = []
    after = ""
    while True:
        answer = (await manager.get(f"/hub/v1/audit/?action=user&limit=2&after={after}")).json()
        seen += [entry["target"]["id"] for entry in answer["results"]]
        after = answer["meta"]["after"]
        if not answer["meta"]["has_next"]:
            break
    assert seen == names[::-1]

    async def actions(query: str) -> list[str]:
        return [entry["action"] for entry in (await manager.get(f"/hub/v1/audit/?{query}")).json()["results"]]

    assert await actions("target=user-3") == ["user.delete"]
    assert await actions("actor=first+key&action=list.save") == ["list.save"]
    assert await actions("actor=api_key:auditor") == []
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    assert await actions(f"since={tomorrow}") == []
    assert len(await actions("since=2020-01-01")) == 9  # the workspace and two keys as well
    for early in ("1969-12-31", "0001-01-01T00:00:00%2B14:00", "1970-01-01T00:00:00%2B01:00"):
        assert len(await actions(f"since={early}")) == 9
    for target in ("nobody", "%00", "a%00b", "%ED%A0%80", "x" * 5000):
        assert await actions(f"target={target}") == []
    for bad in ("yesterday", "2026-01-31T08:00:00+01:00"):  # in a query, a plus sign is a space
        assert_error(await manager.get(f"/hub/v1/audit/?since={bad}"), 400, "invalid_since")
    assert "%2B" in (await manager.get("/hub/v1/audit/?since=2026-01-31T08:00:00+01:00")).text
    assert_error(await manager.get("/hub/v1/audit/?before=01KAZ3J7T9Q5W0M4V8X2C6B1NE"), 400, "invalid_cursor")
    assert (await manager.get("/hub/v1/audit/?after=zzz")).status_code == 400


async def test_a_filter_that_nothing_passes_costs_a_bounded_look(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_service, "STEP", 2)
    monkeypatch.setattr(audit_service, "MAX_EXAMINED", 4)
    for n in range(6):
        await a.post("/v1/subscriber_list/", {"list_id": f"list-{n}"})
    wanted = AuditFilter(action="workspace.create")
    first = await hub.audit.page(workspace_a.workspace_id, wanted, limit=10)
    assert (first.entries, first.after is None) == ([], False)
    second = await hub.audit.page(workspace_a.workspace_id, wanted, after=first.after, limit=10)
    assert [entry.action for entry in second.entries] == ["workspace.create"]


async def test_a_workspace_reads_its_own_log_only(
    hub: Services, manager: ApiClient, b: ApiClient, workspace_b: NewWorkspace
) -> None:
    await b.post("/v1/user/bea/", {})
    await b.delete("/v1/user/bea/")
    assert "bea" not in (await manager.get("/hub/v1/audit/?limit=1000")).text
    assert len(await entries(hub, workspace_b.workspace_id, AuditFilter(target_id="bea"))) == 1


async def test_old_entries_go_with_the_clean_up(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> None:
    await a.post("/v1/subscriber_list/", {"list_id": "news"})
    assert (await hub.maintenance.clean(TESTER, history_days=1, rejected_days=1, audit_days=1)).audit == 0
    async with hub.database.connection() as connection:
        await connection.execute(
            "UPDATE audit SET audit_id = ('00000000-0000-0000-0000-00000000000' || n)::uuid "
            "FROM (SELECT audit_id AS old, row_number() OVER () AS n FROM audit) AS k WHERE audit_id = old"
        )
    cleaned = await hub.maintenance.clean(TESTER, history_days=1, rejected_days=1, audit_days=1)
    assert cleaned.audit == 5  # the workspace, its key, the list; of the hub: begin and end of the first clean-up
    assert await entries(hub, workspace_a.workspace_id) == []
    begun, finished = await entries(hub, HUB_WIDE)
    assert {begun.action, finished.action} == {"database.clean"}
    assert json.loads(begun.detail) == {"state": "begun", "history_days": 1, "rejected_days": 1, "audit_days": 1}
    assert json.loads(finished.detail) == {"state": "finished", "history": 0, "rejected": 0, "audit": 5}
