"""A tenant: its SCIM service, and what the application may do to it: `wit/admin.wit` and
`wit/directory.wit`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from . import _types
from ._errors import CASES, Error
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


class Calls(Protocol):
    """Calls functions of the module for a tenant."""

    def call(self, tenant: str, function: str, arguments: Mapping[str, Any]) -> Any:
        """What the function returned."""


class Tenant:
    """One tenant. Every function is a call of its own, and a change one commit.

    Users, groups and profiles are JSON documents in the forms of RFC 7643. Functions raise an
    exception of this package: NotFound, Stale, Invalid, Refused, Unavailable."""

    def __init__(self, calls: Calls, name: str) -> None:
        self._calls = calls
        #: The tenant's name.
        self.name = name

    def handle(
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
        return made(Response, self._calls.call(self.name, "provider.handle", arguments))

    def authorize(
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
        result = self._calls.call(self.name, "provider.authorize", arguments)
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

    def _admin(self, function: str, **arguments: Any) -> Any:
        return self._result("admin." + function, arguments)

    def _directory(self, function: str, **arguments: Any) -> Any:
        return self._result("directory." + function, arguments)

    def _result(self, function: str, arguments: Mapping[str, Any]) -> Any:
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        return succeeded(self._calls.call(self.name, function, named))

    def configure(self, profile: Document, *, expected: int | None = None) -> int:
        """Sets the tenant's profile, such as `{"extends": "okta"}`, and returns its new version.
        The first call sets up the tenant. `expected` is the version that it replaces."""
        text = _types.text(profile)
        return int(self._admin("configure", profile=text, expected=expected))

    def profile(self) -> tuple[dict[str, Any], int]:
        """The profile as it was set, and its version. It contains the secrets of webhooks."""
        profile, version = self._admin("profile")
        return json.loads(profile), int(version)

    def set(self, settings: Mapping[str, Any]) -> int:
        """Changes settings of the profile, each named by a path such as `users.seats`: all of them,
        or none. Returns the profile's new version."""
        pairs = [(path, json.dumps(value)) for path, value in settings.items()]
        return int(self._admin("set", settings=pairs))

    def explain(self, profile: Document) -> list[str]:
        """Explains a profile in sentences. A problem names the field that is wrong."""
        return str(self._admin("explain", profile=_types.text(profile))).splitlines()

    def webhooks(self) -> list[Webhook]:
        """The webhooks of the profile."""
        return [made(Webhook, one) for one in self._admin("webhooks")]

    def issue_credential(
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
        return made(Issued, self._admin("issue-credential", request=request))

    def rotate_credential(self, id: str) -> Issued:
        """Gives a credential a new secret, whose lifetime starts now."""
        return made(Issued, self._admin("rotate-credential", id=id))

    def revoke_credential(self, id: str) -> None:
        """Revokes a credential from the next request on."""
        self._admin("revoke-credential", id=id)

    def credentials(self) -> list[Credential]:
        """All credentials in order of creation, including revoked and expired ones."""
        return [made(Credential, one) for one in self._admin("credentials")]

    def add_identity_provider(self, name: str, *, auto_provisioning: bool) -> Issued | None:
        """Adds an identity provider of the product, with a credential if it provisions users."""
        issued = self._admin(
            "add-identity-provider",
            tenant=self.name,
            name=name,
            auto_provisioning=auto_provisioning,
        )
        return None if issued is None else made(Issued, issued)

    def identity_providers(self) -> list[IdentityProvider]:
        """The identity providers of the product."""
        return [made(IdentityProvider, one) for one in self._admin("identity-providers")]

    def import_users(self, users: Sequence[Document]) -> list[Imported]:
        """Imports at most 500 users that no client has provisioned yet. A user that is wrong, or
        whose userName is in use, is skipped."""
        documents = [_types.text(user) for user in users]
        outcomes = self._admin("import-users", users=documents)
        return [Imported(one.get("made"), one.get("skipped")) for one in outcomes]

    def users(
        self, filter: str | None = None, *, cursor: str = "", count: int = 100
    ) -> dict[str, Any]:
        """A page of users as a ListResponse, as the product sees them. `filter` is one of RFC 7644;
        `cursor` is the `nextCursor` of the page before."""
        page = self._admin("users", filter=filter, cursor=cursor, count=count)
        return dict(json.loads(page))

    def user(self, id: str) -> dict[str, Any]:
        """One user as the product sees it."""
        return dict(json.loads(self._admin("user", id=id)))

    def create_user(self, user: Document, *, product_id: str | None = None) -> str:
        """Creates a user of the product, with the product's own id of it if one is given, and
        returns SCIM's."""
        document = _types.text(user)
        return str(self._directory("create-user", user=document, product_id=product_id))

    def patch_user(self, id: str, patch: Document) -> None:
        """Changes a user by a PatchOp document, whose `schemas` may be absent, by the rules that
        the profile has for the product."""
        self._directory("patch-user", id=id, patch=_types.text(patch))

    def create_group(self, group: Document, *, product_id: str | None = None) -> str:
        """Creates a group, like `create_user`; its members have to exist."""
        document = _types.text(group)
        return str(self._directory("create-group", group=document, product_id=product_id))

    def patch_group(self, id: str, patch: Document) -> None:
        """Changes a group, like `patch_user`."""
        self._directory("patch-group", id=id, patch=_types.text(patch))

    def delete_group(self, id: str) -> None:
        """Deletes a group. Roles and seats that it gives are withdrawn from its members."""
        self._directory("delete-group", id=id)

    def group(self, id: str) -> dict[str, Any]:
        """One group with its members, as the product sees it."""
        return dict(json.loads(self._directory("group", id=id)))

    def set_product_id(self, resource_type: str, id: str, product_id: str | None) -> None:
        """Sets the product's own id of the resource of this type, such as `User`, or removes it.
        Refused if it is in use."""
        self._directory("set-product-id", resource_type=resource_type, id=id, product_id=product_id)

    def find_by_product_id(self, resource_type: str, product_id: str) -> str:
        """SCIM's id of the resource of this type, such as `User`, that has this id of the
        product's."""
        found = self._directory(
            "find-by-product-id", resource_type=resource_type, product_id=product_id
        )
        return str(found)

    def link_user(self, id: str, external_id: str | None = None) -> None:
        """Links an imported user to the identity provider."""
        self._admin("link-user", id=id, external_id=external_id)

    def deactivate_user(self, id: str) -> None:
        """Deactivates a user, as a client does with `active: false`."""
        self._admin("deactivate-user", id=id)

    def reactivate_user(self, id: str) -> None:
        """Reactivates a user, also one that a client removed. Refused if no seat is left."""
        self._admin("reactivate-user", id=id)

    def erase_user(self, id: str) -> None:
        """Removes the user and all personal data, in events too."""
        self._admin("erase-user", id=id)

    def assign_roles(self, user: str, roles: Sequence[str]) -> None:
        """Replaces the roles that are assigned to the user directly."""
        self._admin("assign-roles", user=user, roles=list(roles))

    def assign_group(self, group: str, assignment: Assignment) -> None:
        """Replaces the roles and seats that membership in a group, by its id or its name, gives."""
        given = {"roles": assignment.roles, "seat-type": assignment.seat_type}
        self._admin("assign-group", group=group, assignment=given)

    def assignments(self) -> dict[str, Assignment]:
        """The groups that give roles or seats, by their ids."""
        return {group: made(Assignment, given) for group, given in self._admin("assignments")}

    def add_reference(self, email: str, kind: str, id: str) -> None:
        """Records that an object of the product refers to a person by e-mail address."""
        self._admin("add-reference", email=email, kind=kind, id=id)

    def references(self, email: str) -> list[Reference]:
        """The objects that refer to this address."""
        return [made(Reference, one) for one in self._admin("references", email=email)]

    def maintain(self) -> int | None:
        """Does the maintenance that is due, and returns the latest time of the next call."""
        due = self._admin("maintain")
        return None if due is None else int(due)

    def events(self, after: int = 0, limit: int = 100) -> list[Event]:
        """The events after this number, oldest first. An empty list says that there are no more."""
        found = self._result("tables.events", {"after": after, "limit": limit})
        return [_types.event(one) for one in found]

    def follow(self, after: int = 0, *, every: float = 1.0) -> Iterator[Event]:
        """The events after this number, and then each new one, which it looks for every so many
        seconds. Does not end."""
        while True:
            found = self.events(after)
            for event in found:
                after = event.sequence
                yield event
            if not found:
                time.sleep(every)


def succeeded(result: Any) -> Any:
    """The value of a result; raises its error."""
    if "ok" in result:
        return result["ok"]
    error = result["err"]
    case, sentence = (error, error) if isinstance(error, str) else next(iter(error.items()))
    raise CASES.get(case, Error)(sentence)
