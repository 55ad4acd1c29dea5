"""What scimlet's functions take and return. All times are milliseconds since 1970."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

#: A JSON document: a mapping, or its text.
Document = Mapping[str, Any] | str
Headers = Sequence[tuple[str, str]]
T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """A request as the HTTP server received it. `path` is below the base URL and, like `query`,
    still percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: str = ""


@dataclass(frozen=True)
class Response:
    """The answer. Header names are in lower case; there is no `content-length`."""

    status: int
    headers: Headers
    body: str


@dataclass(frozen=True)
class Client:
    """A provisioning client that the application has authenticated itself."""

    name: str


@dataclass(frozen=True)
class User:
    """An end user of the application, by SCIM's id: may use only `/Me`."""

    id: str


#: Who asks; None lets scimlet check the Authorization header.
Caller = Client | User | None


@dataclass(frozen=True)
class Admitted:
    """A client whose credential is good."""

    actor: str
    rate: int | None
    open: bool
    by_address: bool


@dataclass(frozen=True)
class Credential:
    """A credential of a client; nothing here is secret."""

    id: str
    label: str
    scheme: str
    scopes: list[str]
    role: str | None
    target_group: str | None
    created: int
    expires: int | None
    revoked: int | None
    last_used: int | None


@dataclass(frozen=True)
class Issued:
    """A credential with its secret, which cannot be read again."""

    credential: Credential
    username: str | None
    secret: str = field(repr=False)


@dataclass(frozen=True)
class IdentityProvider:
    """An identity provider of the product."""

    name: str
    auto_provisioning: bool
    credential: str | None
    created: int


@dataclass(frozen=True)
class Imported:
    """What became of one user of an import: its id, or why it was skipped."""

    id: str | None
    skipped: str | None


@dataclass(frozen=True)
class Assignment:
    """The roles and seats that membership in a group gives."""

    roles: list[str]
    seat_type: str | None = None


@dataclass(frozen=True)
class Reference:
    """A reference from an object of the application to a person's e-mail address."""

    email: str
    kind: str
    id: str
    user: str | None


@dataclass(frozen=True)
class Webhook:
    """A receiver of the tenant's events, to which the application delivers them."""

    url: str
    secret: str = field(repr=False)
    events: list[str]
    retry_seconds: int
    since: int


@dataclass(frozen=True)
class TenantRecord:
    """A tenant's name, and when it was made."""

    name: str
    created: int


@dataclass(frozen=True)
class Subject:
    """What an event is about: its kind, such as `User`, and its id."""

    kind: str
    id: str


@dataclass(frozen=True)
class Event:
    """What a commit did, as it is stored. `sequence` counts from 1, in the order of commits."""

    sequence: int
    at: int
    actor: str
    channel: str
    name: str
    subject: Subject | None
    body: dict[str, Any]


#: Members that have a type of their own.
NESTED: dict[str, Any] = {"credential": Credential, "subject": Subject}


def made(kind: type[T], record: Mapping[str, Any]) -> T:
    """The record of the module as this type. Members that it does not have are ignored."""
    values: dict[str, Any] = {}
    for one in dataclasses.fields(kind):  # type: ignore[arg-type]
        value = record[one.name.replace("_", "-")]
        nested = NESTED.get(one.name)
        if nested is not None and isinstance(value, Mapping):
            value = made(nested, value)
        elif isinstance(value, str) and str(one.type).startswith("int"):
            value = int(value)  # Beyond 2^53 numbers are text.
        values[one.name] = value
    return kind(**values)


def event(record: Mapping[str, Any]) -> Event:
    """An event of the module. An erasure empties bodies."""
    return made(Event, {**record, "body": json.loads(record["body"] or "{}")})


def text(document: Document) -> str:
    """The document's text."""
    return document if isinstance(document, str) else json.dumps(document)
