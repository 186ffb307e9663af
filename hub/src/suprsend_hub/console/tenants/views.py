"""Show tenants by prefix, and one tenant: its fields and properties, its users, what it sets for categories."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.console.paths import segment
from suprsend_hub.console.rendering import page
from suprsend_hub.console.rows import ROWS, name_of, table_row
from suprsend_hub.console.tenants.fields import shown_fields
from suprsend_hub.console.tenants.overrides import override_rows
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.ids import check_tenant_id
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.preference_terms import ordered
from suprsend_hub.domain.records import TenantRow
from suprsend_hub.domain.tenant import DEFAULT_TENANT, decode_properties, decode_settings

_MAX_PREFIX_CHARS = 64
_PROPERTIES = 500
"""How many properties the page shows."""


@get("/w/{workspace:str}/tenants/")
async def tenants_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the tenants in order of id, or those whose id begins with the text of the search box."""
    prefix = desk.request.query_params.get("q", "").strip()[:_MAX_PREFIX_CHARS].replace("\x00", "").lower()
    found = await desk.services.tenants.search(desk.workspace_id, prefix, desk.page_request(ROWS))
    counts = await desk.services.tenant_profiles.counts(desk.workspace_id, [row.tenant_no for row in found.rows])
    only_default = not prefix and found.count == 1 and [row.tenant_id for row in found.rows] == [DEFAULT_TENANT]
    return page(
        desk, "tenants/tenants.html", section="tenants", prefix=prefix, found=found, counts=counts,
        only_default=only_default, notice=None,
    )  # fmt: skip


async def _read_tenant(desk: Desk, tenant_id: str) -> TenantRow:
    return await desk.services.tenants.get(desk.workspace_id, check_tenant_id(segment(tenant_id)))


async def _tenant_page(desk: Desk, tenant: TenantRow, template: str, *, tab: str, **context: Any) -> Response[bytes]:
    """Return a page about a tenant, with the values of its header."""
    counts = await desk.services.tenant_profiles.counts(desk.workspace_id, [tenant.tenant_no])
    return page(
        desk, template, section="tenants", tenant=tenant, tab=tab, linked=counts[tenant.tenant_no], notice=None,
        **context,
    )  # fmt: skip


@get("/w/{workspace:str}/tenants/{tenant_id:str}/")
async def tenant_page(desk: NamedDependency[Desk], tenant_id: FromPath[str]) -> Response[bytes]:
    """Show the fields and properties of a tenant."""
    tenant = await _read_tenant(desk, tenant_id)
    properties: dict[str, Any] = mask_secrets(decode_properties(tenant.properties))
    return await _tenant_page(
        desk, tenant, "tenants/fields.html", tab="", fields=shown_fields(decode_settings(tenant.settings)),
        properties=dict(list(properties.items())[:_PROPERTIES]), more=max(0, len(properties) - _PROPERTIES),
    )  # fmt: skip


@get("/w/{workspace:str}/tenants/{tenant_id:str}/users/")
async def users_of_tenant(desk: NamedDependency[Desk], tenant_id: FromPath[str]) -> Response[bytes]:
    """Show the users that are linked with a tenant, those linked last first."""
    tenant = await _read_tenant(desk, tenant_id)
    profiles, request = desk.services.tenant_profiles, desk.page_request(ROWS)
    found = await profiles.page_of_tenant(desk.workspace_id, tenant.tenant_id, request)
    return await _tenant_page(
        desk, tenant, "tenants/users.html", tab="users", found=found,
        rows=[
            (within.user.key, name_of(within.own_profile().properties) or table_row(within.user).name, within.own)
            for within in found.rows
        ],
    )  # fmt: skip


@get("/w/{workspace:str}/tenants/{tenant_id:str}/categories/")
async def categories_of_tenant(desk: NamedDependency[Desk], tenant_id: FromPath[str]) -> Response[bytes]:
    """Show what a tenant sets for preference categories next to the workspace's defaults."""
    tenant = await _read_tenant(desk, tenant_id)
    view = await desk.services.preferences.tenant_view(desk.workspace_id, tenant.tenant_id)
    rows = override_rows(view.document, view.overrides)
    return await _tenant_page(
        desk, tenant, "tenants/categories.html", tab="categories", rows=rows, others=len(view.document) - len(rows),
        orphans=[slug for slug in view.overrides.categories if view.document.find(slug) is None],
        blocked=ordered(view.policy.blocked),
        example=next((each.category.category for each in view.document), ""),
    )  # fmt: skip


HANDLERS = (tenants_page, tenant_page, users_of_tenant, categories_of_tenant)
