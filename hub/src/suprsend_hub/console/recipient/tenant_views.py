"""Show the tenants that a user is linked with, and a user within one of them."""

from dataclasses import dataclass

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.console.paths import segment
from suprsend_hub.console.recipient.differences import change_of
from suprsend_hub.console.recipient.overlay import channel_overlays, property_overlays
from suprsend_hub.console.recipient.shared import read_recipient, recipient_page
from suprsend_hub.console.rows import ROWS, Row, table_row
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.ids import check_tenant_id
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.service.tenant_profiles import TenantUser

_EDITS = 20


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A row of the table of tenants: what the tenant sets for the user."""

    tenant_id: str
    row: Row
    properties: int


@get("/w/{workspace:str}/users/{recipient_id:str}/tenants/")
async def show_tenants(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the tenants that a user is linked with, in the order of their creation."""
    stored = await read_recipient(desk)
    found = await desk.services.tenant_profiles.page_of_user(stored.key, desk.page_request(ROWS))
    return recipient_page(
        desk, stored, "recipient/tenants.html", tab="tenants", found=found,
        rows=[_link_row(each) for each in found.rows],
    )  # fmt: skip


def _link_row(within: TenantUser) -> LinkRow:
    assert within.own is not None, "a page of links has only linked users"
    return LinkRow(within.tenant_id, table_row(within.own), len(within.own_profile().properties))


@get("/w/{workspace:str}/users/{recipient_id:str}/tenants/{tenant_id:str}/")
async def show_tenant(desk: NamedDependency[Desk], tenant_id: FromPath[str]) -> Response[bytes]:
    """Show what a tenant sets for a user next to what applies there, and the latest edits of that."""
    stored = await read_recipient(desk)
    name = check_tenant_id(segment(tenant_id))
    within = await desk.services.tenant_profiles.get(stored.key, name)
    base, own = decode_profile(stored.properties, stored.channels), within.own_profile()
    merged = within.merged(await desk.services.tenancy.get(desk.workspace_id))
    edits = [] if within.own is None else await desk.services.recipients.history(within.own.key, limit=_EDITS)
    return recipient_page(
        desk, stored, "recipient/tenant.html", tab="tenants", tenant_id=name, own=within.own,
        channels=channel_overlays(base, own, merged),
        properties=property_overlays(base, own, merged), changes=[change_of(entry) for entry in edits],
    )  # fmt: skip


HANDLERS = (show_tenants, show_tenant)
