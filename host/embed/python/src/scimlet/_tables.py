"""The tables, and the tenants that are in them: `wit/tables.wit`."""

from __future__ import annotations

from ._tenant import Calls, Tenant, succeeded
from ._types import TenantRecord, made


class Tables(Calls):
    """What there is beside a single tenant."""

    def tenant(self, name: str) -> Tenant:
        """The tenant of this name. Whether there is one shows when it is used."""
        return Tenant(self, name)

    def migrate(self) -> None:
        """Makes the tables, or brings older ones up to date. Of many processes one does it."""
        succeeded(self.call("", "tables.migrate", {}))

    def tenants(self) -> list[TenantRecord]:
        """All tenants in the order of their names."""
        found = succeeded(self.call("", "tables.tenants", {}))
        return [made(TenantRecord, one) for one in found]

    def create_tenant(self, name: str) -> bool:
        """Makes a tenant; False if there is one of this name."""
        return bool(succeeded(self.call("", "tables.create-tenant", {"name": name})))

    def delete_tenant(self, name: str) -> bool:
        """Removes a tenant and all that it has; False if there is none of this name."""
        return bool(succeeded(self.call("", "tables.delete-tenant", {"name": name})))
