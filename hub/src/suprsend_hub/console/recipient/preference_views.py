"""Show the preferences of a user or object: what is in force globally or for a tenant, and why."""

from litestar import Response, get
from litestar.di import NamedDependency

from suprsend_hub.console.recipient.preferences import orphans, restrictions, section_rows
from suprsend_hub.console.recipient.shared import both, read_recipient, recipient_page
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.domain.ids import check_tenant_id
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenant import DEFAULT_TENANT
from suprsend_hub.service.pages import PageRequest

_OFFERED = 8
"""How many of a user's tenants the page offers; others are typed."""


@get(both("preferences/"))
async def show_preferences(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show what is in force for each category and channel, which rule decided, and what was chosen."""
    stored = await read_recipient(desk)
    typed = desk.request.query_params.get("tenant", "").strip()
    offered = await _tenants_of(desk, stored.key)
    try:
        tenant_id = check_tenant_id(typed) if typed else DEFAULT_TENANT
        found = await desk.services.preferences.view(stored.key, tenant_id)
    except (InvalidRequest, NotFound) as error:
        return recipient_page(
            desk, stored, "recipient/preferences.html", tab="preferences", typed=typed, tenant_id=None,
            offered=offered, error=error.message, status=404 if isinstance(error, NotFound) else 400,
        )  # fmt: skip
    view = found.viewpoint
    return recipient_page(
        desk, stored, "recipient/preferences.html", tab="preferences", typed=typed, tenant_id=tenant_id,
        offered=offered, error="", sections=section_rows(found.document, view), restrictions=restrictions(view),
        inactive=[channel for channel in Channel if channel not in view.policy.active],
        orphans=orphans(found.document, view),
    )  # fmt: skip


async def _tenants_of(desk: Desk, key: RecipientKey) -> list[str]:
    """Return the first tenants that the recipient is linked with."""
    found = await desk.services.tenant_profiles.page_of_user(key, PageRequest(_OFFERED))
    return [each.tenant_id for each in found.rows if each.tenant_id != DEFAULT_TENANT]


HANDLERS = (show_preferences,)
