"""Tenants, and their old name, brands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suprsend import _requests
from suprsend._answers import Brand, OffsetPage, Tenant
from suprsend._async._caller import AsyncApi
from suprsend._async._pages import walk_offsets
from suprsend._preference_answers import TenantCategory
from suprsend._requests import PagedByOffset, clean_id, page_window, tenant_path, text_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from suprsend._answers import Done
    from suprsend._types import JSONObject

Options = dict[str, Any] | None


class AsyncTenantsApi(PagedByOffset, AsyncApi):
    """``client.tenants``. Errors are as in ``client.users``."""

    def detail_url(self, tenant_id: str) -> str:
        """Return the URL of a tenant."""
        return self.config.base_url + tenant_path(tenant_id)

    async def list(self, limit: int = 20, offset: int = 0) -> OffsetPage[Tenant]:
        """Return a page of tenants; ``limit`` 1 to 1000, else 20; ``offset`` from 0, else 0."""
        return await self._caller.call_json(_requests.get("v1/tenant/", page_window(limit, offset)), OffsetPage[Tenant])

    def iter_tenants(self) -> AsyncIterator[Tenant]:
        """Iterate over all tenants, one page at a time."""
        return walk_offsets(self._caller, "v1/tenant/", Tenant)

    async def get(self, tenant_id: str) -> Tenant:
        """Return a tenant."""
        return await self._caller.call_json(_requests.get(tenant_path(tenant_id)), Tenant)

    async def upsert(self, tenant_id: str, tenant_payload: JSONObject | None) -> Tenant:
        """Create or update a tenant and return it. Creating a tenant requires ``tenant_name``."""
        return await self._caller.call_json(_requests.post(tenant_path(tenant_id), tenant_payload), Tenant)

    async def delete(self, tenant_id: str) -> Done:
        """Delete a tenant and the user profiles within it."""
        return await self._caller.call_done(_requests.delete(tenant_path(tenant_id)))

    async def list_preference_categories(self, tenant_id: str, options: Options = None) -> OffsetPage[TenantCategory]:
        """Return a page of what the tenant sets for categories.

        Options ``limit``, ``offset``, ``locale``, ``tags``, ``include_disabled``.
        """
        path = _named_path(tenant_id, "preference", "category")
        return await self._caller.call_json(_requests.get(path, options), OffsetPage[TenantCategory])

    async def get_preference_category(self, tenant_id: str, category: str, options: Options = None) -> TenantCategory:
        """Return what the tenant sets for a category."""
        request = _requests.get(_category_path(tenant_id, category), options)
        return await self._caller.call_json(request, TenantCategory)

    async def update_preference_category(
        self, tenant_id: str, category: str, payload: JSONObject, options: Options = None
    ) -> TenantCategory:
        """Set what holds for a category within the tenant: ``{"preference": "opt_in"}``. Return the category.

        What the payload does not name stays as it is.
        """
        request = _requests.patch(_category_path(tenant_id, category), payload, options)
        return await self._caller.call_json(request, TenantCategory)


class AsyncBrandsApi(PagedByOffset, AsyncApi):
    """``client.brands``: tenants under their old name."""

    def detail_url(self, brand_id: str) -> str:
        """Return the URL of a brand."""
        return self.config.base_url + _brand_path(brand_id)

    async def list(self, limit: int = 20, offset: int = 0) -> OffsetPage[Brand]:
        """Return a page of brands."""
        return await self._caller.call_json(_requests.get("v1/brand/", page_window(limit, offset)), OffsetPage[Brand])

    async def get(self, brand_id: str) -> Brand:
        """Return a brand."""
        return await self._caller.call_json(_requests.get(_brand_path(brand_id)), Brand)

    async def upsert(self, brand_id: str, brand_payload: JSONObject | None) -> Brand:
        """Create or update a brand and return it."""
        return await self._caller.call_json(_requests.post(_brand_path(brand_id), brand_payload), Brand)


def _brand_path(brand_id: str) -> str:
    return _requests.path("v1", "brand", text_id(brand_id, "brand_id"))


def _named_path(tenant_id: str, *rest: str) -> str:
    # In the official SDK, the preference methods report every unusable id as missing.
    return tenant_path(clean_id(tenant_id, "tenant_id"), *rest)


def _category_path(tenant_id: str, category: str) -> str:
    return _named_path(tenant_id, "preference", "category", clean_id(category, "category"))
