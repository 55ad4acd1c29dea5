# Made from _tenant.py by tools/make_async.py.
"""An asynchronous tenant: its SCIM service, and what the application may do to it: `wit/admin.wit` and
`wit/directory.wit`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from . import _types
from ._tenant import succeeded
from ._types import (
    Admitted,
    Assignment,
    Caller,
    Client,
    Credential,
    Document,
    Event,
    Headers,
    IdentityProvider,
    Imported,
    Issued,
    Reference,
    Request,
    Response,
    Webhook,
    made,
)


class AsyncCalls(Protocol):
    """Calls functions of the module for a tenant."""

    async def call(self, tenant: str, function: str, arguments: Mapping[str, Any]) -> Any:
        """What the function returned."""


class AsyncTenant:
    """One tenant. Every function is a call of its own, and a change one commit.

    Users, groups and profiles are JSON documents in the forms of RFC 7643. Functions raise an
    exception of this package: NotFound, Stale, Invalid, Refused, Unavailable."""

    def __init__(self, calls: AsyncCalls, name: str) -> None:
        self._calls = calls
        #: The tenant's name.
        self.name = name

    async def handle(
        self,
        request: Request,
        base_url: str,
        *,
        client_address: str | None = None,
        caller: Caller = None,
    ) -> Response:
        """Answers a request, also a wrong one. `base_url` is what its path is relative to."""
        arguments = {
            "origin": self._origin(base_url, client_address, caller),
            "request": {
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "headers": request.headers,
                "body": request.body,
            },
        }
        return made(Response, await self._calls.call(self.name, "provider.handle", arguments))

    async def authorize(
        self,
        headers: Headers,
        base_url: str,
        *,
        scope: str | None = None,
        client_address: str | None = None,
    ) -> Admitted | Response:
        """Authenticates a client by its Authorization header, for what the application serves
        itself; returns the client, or the response to send."""
        arguments = {
            "origin": self._origin(base_url, client_address, None),
            "headers": headers,
            "scope": scope,
        }
        result = await self._calls.call(self.name, "provider.authorize", arguments)
        return made(Admitted, result["ok"]) if "ok" in result else made(Response, result["err"])

    def _origin(self, base_url: str, client_address: str | None, caller: Caller) -> Any:
        said: Any = "unknown"
        if caller is not None:
            is_client = isinstance(caller, Client)
            said = {"client": {"name": caller.name}} if is_client else {"user": caller.id}  # type: ignore[union-attr]
        return {
            "tenant": self.name,
            "base-url": base_url.rstrip("/"),
            "client-address": client_address,
            "caller": said,
        }

    async def _admin(self, function: str, **arguments: Any) -> Any:
        return await self._result("admin." + function, arguments)

    async def _directory(self, function: str, **arguments: Any) -> Any:
        return await self._result("directory." + function, arguments)

    async def _result(self, function: str, arguments: Mapping[str, Any]) -> Any:
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        return succeeded(await self._calls.call(self.name, function, named))

    async def configure(self, profile: Document, *, expected: int | None = None) -> int:
        """Sets the tenant's profile, such as `{"extends": "okta"}`, and returns its new version.
        The first call sets up the tenant. `expected` is the version that it replaces."""
        text = _types.text(profile)
        return int(await self._admin("configure", profile=text, expected=expected))

    async def profile(self) -> tuple[dict[str, Any], int]:
        """The profile as it was set, and its version. It contains the secrets of webhooks."""
        profile, version = await self._admin("profile")
        return json.loads(profile), int(version)

    async def set(self, settings: Mapping[str, Any]) -> int:
        """Changes settings of the profile, each named by a path such as `users.seats`: all of them,
        or none. Returns the profile's new version."""
        pairs = [(path, json.dumps(value)) for path, value in settings.items()]
        return int(await self._admin("set", settings=pairs))

    async def explain(self, profile: Document) -> list[str]:
        """Explains a profile in sentences. A problem names the field that is wrong."""
        return str(await self._admin("explain", profile=_types.text(profile))).splitlines()

    async def webhooks(self) -> list[Webhook]:
        """The webhooks of the profile."""
        return [made(Webhook, one) for one in await self._admin("webhooks")]

    async def issue_credential(
        self,
        label: str,
        *,
        scheme: str = "bearer",
        lifetime_seconds: int | None = None,
        scopes: Sequence[str] = (),
        role: str | None = None,
        target_group: str | None = None,
    ) -> Issued:
        """Issues a credential for a client, such as `Okta production`. Without scopes it may do
        everything but read `events`; `users`, `groups`, `events`, `read-only` and `bulk` limit
        it."""
        request = {
            "tenant": self.name,
            "label": label,
            "scheme": scheme,
            "lifetime-seconds": lifetime_seconds,
            "scopes": list(scopes),
            "role": role,
            "target-group": target_group,
        }
        return made(Issued, await self._admin("issue-credential", request=request))

    async def rotate_credential(self, id: str) -> Issued:
        """Gives a credential a new secret, whose lifetime starts now."""
        return made(Issued, await self._admin("rotate-credential", id=id))

    async def revoke_credential(self, id: str) -> None:
        """Revokes a credential from the next request on."""
        await self._admin("revoke-credential", id=id)

    async def credentials(self) -> list[Credential]:
        """All credentials in order of creation, including revoked and expired ones."""
        return [made(Credential, one) for one in await self._admin("credentials")]

    async def add_identity_provider(self, name: str, *, auto_provisioning: bool) -> Issued | None:
        """Adds an identity provider of the product, with a credential if it provisions users."""
        issued = await self._admin(
            "add-identity-provider",
            tenant=self.name,
            name=name,
            auto_provisioning=auto_provisioning,
        )
        return None if issued is None else made(Issued, issued)

    async def identity_providers(self) -> list[IdentityProvider]:
        """The identity providers of the product."""
        return [made(IdentityProvider, one) for one in await self._admin("identity-providers")]

    async def import_users(self, users: Sequence[Document]) -> list[Imported]:
        """Imports at most 500 users that no client has provisioned yet. A user that is wrong, or
        whose userName is in use, is skipped."""
        documents = [_types.text(user) for user in users]
        outcomes = await self._admin("import-users", users=documents)
        return [Imported(one.get("made"), one.get("skipped")) for one in outcomes]

    async def users(
        self, filter: str | None = None, *, cursor: str = "", count: int = 100
    ) -> dict[str, Any]:
        """A page of users as a ListResponse, as the product sees them. `filter` is one of RFC 7644;
        `cursor` is the `nextCursor` of the page before."""
        page = await self._admin("users", filter=filter, cursor=cursor, count=count)
        return dict(json.loads(page))

    async def user(self, id: str) -> dict[str, Any]:
        """One user as the product sees it."""
        return dict(json.loads(await self._admin("user", id=id)))

    async def create_user(self, user: Document, *, product_id: str | None = None) -> str:
        """Creates a user of the product, with the product's own id of it if one is given, and
        returns SCIM's."""
        document = _types.text(user)
        return str(await self._directory("create-user", user=document, product_id=product_id))

    async def patch_user(self, id: str, patch: Document) -> None:
        """Changes a user by a PatchOp document, whose `schemas` may be absent, by the rules that
        the profile has for the product."""
        await self._directory("patch-user", id=id, patch=_types.text(patch))

    async def create_group(self, group: Document, *, product_id: str | None = None) -> str:
        """Creates a group, like `create_user`; its members have to exist."""
        document = _types.text(group)
        return str(await self._directory("create-group", group=document, product_id=product_id))

    async def patch_group(self, id: str, patch: Document) -> None:
        """Changes a group, like `patch_user`."""
        await self._directory("patch-group", id=id, patch=_types.text(patch))

    async def delete_group(self, id: str) -> None:
        """Deletes a group. Roles and seats that it gives are withdrawn from its members."""
        await self._directory("delete-group", id=id)

    async def group(self, id: str) -> dict[str, Any]:
        """One group with its members, as the product sees it."""
        return dict(json.loads(await self._directory("group", id=id)))

    async def set_product_id(self, resource_type: str, id: str, product_id: str | None) -> None:
        """Sets the product's own id of the resource of this type, such as `User`, or removes it.
        Refused if it is in use."""
        await self._directory("set-product-id", resource_type=resource_type, id=id, product_id=product_id)

    async def find_by_product_id(self, resource_type: str, product_id: str) -> str:
        """SCIM's id of the resource of this type, such as `User`, that has this id of the
        product's."""
        found = await self._directory(
            "find-by-product-id", resource_type=resource_type, product_id=product_id
        )
        return str(found)

    async def link_user(self, id: str, external_id: str | None = None) -> None:
        """Links an imported user to the identity provider."""
        await self._admin("link-user", id=id, external_id=external_id)

    async def deactivate_user(self, id: str) -> None:
        """Deactivates a user, as a client does with `active: false`."""
        await self._admin("deactivate-user", id=id)

    async def reactivate_user(self, id: str) -> None:
        """Reactivates a user, also one that a client removed. Refused if no seat is left."""
        await self._admin("reactivate-user", id=id)

    async def erase_user(self, id: str) -> None:
        """Removes the user and all personal data, in events too."""
        await self._admin("erase-user", id=id)

    async def assign_roles(self, user: str, roles: Sequence[str]) -> None:
        """Replaces the roles that are assigned to the user directly."""
        await self._admin("assign-roles", user=user, roles=list(roles))

    async def assign_group(self, group: str, assignment: Assignment) -> None:
        """Replaces the roles and seats that membership in a group, by its id or its name, gives."""
        given = {"roles": assignment.roles, "seat-type": assignment.seat_type}
        await self._admin("assign-group", group=group, assignment=given)

    async def assignments(self) -> dict[str, Assignment]:
        """The groups that give roles or seats, by their ids."""
        return {group: made(Assignment, given) for group, given in await self._admin("assignments")}

    async def add_reference(self, email: str, kind: str, id: str) -> None:
        """Records that an object of the product refers to a person by e-mail address."""
        await self._admin("add-reference", email=email, kind=kind, id=id)

    async def references(self, email: str) -> list[Reference]:
        """The objects that refer to this address."""
        return [made(Reference, one) for one in await self._admin("references", email=email)]

    async def maintain(self) -> int | None:
        """Does the maintenance that is due, and returns the latest time of the next call."""
        due = await self._admin("maintain")
        return None if due is None else int(due)

    async def events(self, after: int = 0, limit: int = 100) -> list[Event]:
        """The events after this number, oldest first. An empty list says that there are no more."""
        found = await self._result("tables.events", {"after": after, "limit": limit})
        return [_types.event(one) for one in found]

    async def follow(self, after: int = 0, *, every: float = 1.0) -> AsyncIterator[Event]:
        """The events after this number, and then each new one, which it looks for every so many
        seconds. Does not end."""
        while True:
            found = await self.events(after)
            for event in found:
                after = event.sequence
                yield event
            if not found:
                await asyncio.sleep(every)
