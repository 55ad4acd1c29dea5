"""What tests share: a tenant, requests as Okta sends them, and an application with a table."""

from __future__ import annotations

import json
from typing import Any

from scimlet import AsyncTenant, Change, Client, Request, Response, Tenant

BASE = "https://scim.example.com/acme"
OKTA = Client("okta")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
HEADERS = [("content-type", "application/scim+json")]


def request(method: str, path: str, document: Any = None) -> Request:
    """A request of Okta's."""
    path, _, query = path.partition("?")
    body = "" if document is None else json.dumps(document)
    return Request(method, path, query, HEADERS, body)


def create(name: str) -> Request:
    """Creates a user."""
    return request("POST", "/Users", {"schemas": [USER], "userName": name})


def set_active(id: str, active: bool) -> Request:
    """Deactivates or reactivates a user."""
    operations = [{"op": "replace", "value": {"active": active}}]
    return request("PATCH", f"/Users/{id}", {"schemas": [PATCH], "Operations": operations})


def answered(response: Response, status: int) -> Any:
    """The document of an answer with this status."""
    assert response.status == status, response
    return json.loads(response.body) if response.body else None


def ask(tenant: Tenant, asked: Request) -> Response:
    return tenant.handle(asked, BASE, caller=OKTA)


async def ask_async(tenant: AsyncTenant, asked: Request) -> Response:
    return await tenant.handle(asked, BASE, caller=OKTA)


def name_of(change: Change) -> str:
    """The name of the user or group that the change is about."""
    document = change.after or change.before
    assert document is not None
    return str(document.get("userName") or document["displayName"])
