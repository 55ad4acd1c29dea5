"""The application, which hears of each change before its commit (`wit/application.wit`)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ._errors import Error
from .drivers.kept import waited

Step = Literal["created", "linked", "updated", "deactivated", "reactivated", "removed", "erased"]


class InvalidChange(Error):
    """Raised by the application: the client gets 400 with this sentence, and nothing happens."""


class ForbiddenChange(Error):
    """Raised by the application: the client gets 403 with this sentence, and nothing happens."""


@dataclass(frozen=True)
class Identity:
    """A resource, by the id that clients know and by the application's own one."""

    resource_type: str
    id: str
    product_id: str | None


@dataclass(frozen=True)
class Effect:
    """An instruction of the profile, such as `revoke-sessions`."""

    name: str
    group: Identity | None
    roles: list[str]
    seat_type: str | None
    groups: list[Identity]
    references: list[tuple[str, str]]


@dataclass(frozen=True)
class Change:
    """What is about to happen to a resource. Documents have the product's view, without members
    and groups; `before` is None for a new one, `after` where nothing remains."""

    resource_type: str
    id: str
    product_id: str | None
    step: Step
    attributes: list[str]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    members_added: list[Identity]
    members_removed: list[Identity]
    effects: list[Effect]


#: The application's own id of a resource, or None to leave it as it is.
ProductId = str | int | None
#: Called for each change of a commit with the connection that it happens on.
Follows = Callable[[Change, Any], ProductId | Awaitable[ProductId]]


class Application(Protocol):
    """Hears of all changes of a commit at once."""

    def before_commit(
        self, changes: Sequence[Change], connection: Any
    ) -> Sequence[ProductId] | Awaitable[Sequence[ProductId]]:
        """The application's own ids in the order of the changes, or none at all."""


async def own_ids(
    application: Application | Follows, changes: Sequence[Change], connection: Any
) -> list[str | None]:
    """What the application says to the changes."""
    ids: list[Any]
    if callable(application):
        ids = [await waited(application(change, connection)) for change in changes]
    else:
        ids = list(await waited(application.before_commit(changes, connection)))
    return [None if one is None else str(one) for one in ids]


def change(record: Mapping[str, Any]) -> Change:
    """A change as the module tells it."""
    return Change(
        resource_type=record["resource-type"],
        id=record["id"],
        product_id=record["product-id"],
        step=record["step"],
        attributes=record["attributes"],
        before=document(record["before"]),
        after=document(record["after"]),
        members_added=[identity(one) for one in record["members-added"]],
        members_removed=[identity(one) for one in record["members-removed"]],
        effects=[effect(one) for one in record["effects"]],
    )


def document(text: str | None) -> dict[str, Any] | None:
    """A document of a change."""
    return None if text is None else dict(json.loads(text))


def identity(record: Mapping[str, Any]) -> Identity:
    """A resource's names."""
    return Identity(record["resource-type"], record["id"], record["product-id"])


def effect(record: Mapping[str, Any]) -> Effect:
    """An effect of a change."""
    return Effect(
        name=record["name"],
        group=record["group"] and identity(record["group"]),
        roles=record["roles"],
        seat_type=record["seat-type"],
        groups=[identity(one) for one in record["groups"]],
        references=[(kind, id) for kind, id in record["references"]],
    )
