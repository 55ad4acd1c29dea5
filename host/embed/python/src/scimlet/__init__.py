"""SCIM 2.0 provisioning inside an application, over its own database connection."""

from typing import TYPE_CHECKING, Any

from ._application import (
    Application,
    Change,
    Effect,
    ForbiddenChange,
    Identity,
    InvalidChange,
)
from ._errors import (
    Error,
    Fault,
    Invalid,
    NotFound,
    Refused,
    Stale,
    Unavailable,
    Unsuitable,
)
from ._scimlet import Scimlet
from ._tenant import Tenant
from ._types import (
    Admitted,
    Assignment,
    Caller,
    Client,
    Credential,
    Document,
    Event,
    IdentityProvider,
    Imported,
    Issued,
    Reference,
    Request,
    Response,
    Subject,
    TenantRecord,
    User,
    Webhook,
)

__all__ = [
    "Admitted",
    "Application",
    "Assignment",
    "AsyncScimlet",
    "AsyncTenant",
    "Caller",
    "Change",
    "Client",
    "Credential",
    "Document",
    "Effect",
    "Error",
    "Event",
    "Fault",
    "ForbiddenChange",
    "Identity",
    "IdentityProvider",
    "Imported",
    "Invalid",
    "InvalidChange",
    "Issued",
    "NotFound",
    "Reference",
    "Refused",
    "Request",
    "Response",
    "Scimlet",
    "Stale",
    "Subject",
    "Tenant",
    "TenantRecord",
    "Unavailable",
    "Unsuitable",
    "User",
    "Webhook",
]

if TYPE_CHECKING:
    from ._async_scimlet import AsyncScimlet
    from ._async_tenant import AsyncTenant


def __getattr__(name: str) -> Any:
    """Imports asyncio only where it is used."""
    if name == "AsyncScimlet":
        from ._async_scimlet import AsyncScimlet

        return AsyncScimlet
    if name == "AsyncTenant":
        from ._async_tenant import AsyncTenant

        return AsyncTenant
    raise AttributeError(name)
