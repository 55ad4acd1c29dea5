# Made from _tables.py by tools/make_async.py.
"""The tables, and the tenants that are in them: `wit/tables.wit`."""

from __future__ import annotations

from ._async_tenant import AsyncCalls, AsyncTenant
from ._tenant import succeeded
from ._types import TenantRecord, made


class AsyncTables(AsyncCalls):
    """What there is beside a single tenant."""

    def tenant(self, name: str) -> AsyncTenant:
        """The tenant of this name. Whether there is one shows when it is used."""
        return AsyncTenant(self, name)

    async def migrate(self) -> None:
        """Makes the tables, or brings older ones up to date. Of many processes one does it."""
        succeeded(await self.call("", "tables.migrate", {}))

    async def tenants(self) -> list[TenantRecord]:
        """All tenants in the order of their names."""
        found = succeeded(await self.call("", "tables.tenants", {}))
        return [made(TenantRecord, one) for one in found]

    async def create_tenant(self, name: str) -> bool:
        """Makes a tenant; False if there is one of this name."""
        return bool(succeeded(await self.call("", "tables.create-tenant", {"name": name})))

    async def delete_tenant(self, name: str) -> bool:
        """Removes a tenant and all that it has; False if there is none of this name."""
        return bool(succeeded(await self.call("", "tables.delete-tenant", {"name": name})))
