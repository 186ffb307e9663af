"""What the console asks about tenants and former ids: search by prefix, numbers of linked users, ids that lead to a user."""

import pytest
from cast import TESTER
from suprsend_hub.domain.merging import ALIAS, RECREATE
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenancy import SHARED
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

pytestmark = pytest.mark.anyio


async def test_tenants_are_found_by_prefix_page_by_page_in_both_directions(
    hub: Services, workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> None:
    """Those of another workspace are neither found nor counted."""
    for number in range(7):
        await hub.tenants.save(TESTER, workspace_a.workspace_id, f"acme-{number}", TenantChange(tenant_name="Acme"))
    await hub.tenants.save(TESTER, workspace_b.workspace_id, "acme-b", TenantChange(tenant_name="Other"))
    search = hub.tenants.search
    first = await search(workspace_a.workspace_id, "acme-", PageRequest(3))
    assert ([row.tenant_id for row in first.rows], first.count) == (["acme-0", "acme-1", "acme-2"], 7)
    second = await search(workspace_a.workspace_id, "acme-", PageRequest(3, after=first.after))
    assert [row.tenant_id for row in second.rows] == ["acme-3", "acme-4", "acme-5"]
    back = await search(workspace_a.workspace_id, "acme-", PageRequest(3, before=second.before))
    assert (back.rows, back.before) == (first.rows, None)
    everything = await search(workspace_a.workspace_id, "", PageRequest(50))
    assert [row.tenant_id for row in everything.rows] == [*(f"acme-{number}" for number in range(7)), "default"]
    assert (await search(workspace_a.workspace_id, "b", PageRequest(3))).rows == []


async def test_linked_users_are_counted_for_several_tenants_at_once(hub: Services, workspace_a: NewWorkspace) -> None:
    workspace_id = workspace_a.workspace_id
    rows = [
        await hub.tenants.save(TESTER, workspace_id, name, TenantChange(tenant_name=name)) for name in ("acme", "bolt")
    ]
    for name in ("ada", "bo"):
        user = RecipientKey.user(workspace_id, name)
        await hub.recipients.edit(TESTER, user, [])
        await hub.tenant_profiles.edit(
            TESTER, user, "acme", [{"$set": {"a": 1}}], tenancy=SHARED, request=lambda _key: None, size_bytes=0
        )
    found = await hub.tenant_profiles.counts(workspace_id, [row.tenant_no for row in rows])
    assert found == {rows[0].tenant_no: 2, rows[1].tenant_no: 0}


async def test_former_ids_say_which_of_them_lead_to_the_user(hub: Services, workspace_a: NewWorkspace) -> None:
    """An id that has a new user is not one of them any more."""
    keys = {
        name: RecipientKey.user(workspace_a.workspace_id, name)
        for name in ("ada", "old", "merged", "followed", "again", "fresh")
    }
    for name in ("old", "merged", "followed", "again"):
        await hub.recipients.edit(TESTER, keys[name], [])
    await hub.renaming.rename(TESTER, keys["old"], keys["ada"])
    for name, after in (("merged", RECREATE), ("again", RECREATE), ("followed", ALIAS)):
        await hub.workspaces.set_after_merge(TESTER, workspace_a.name, after)
        await hub.merging.merge(TESTER, keys["ada"], keys[name])
    await hub.workspaces.set_after_merge(TESTER, workspace_a.name, RECREATE)
    await hub.recipients.edit(TESTER, keys["again"], [{"$set": {"a": 1}}])
    assert await hub.recipients.former_ids(keys["ada"]) == [("followed", True), ("merged", False), ("old", True)]
    assert await hub.recipients.former_ids(keys["again"]) == []
