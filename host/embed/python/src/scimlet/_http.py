"""What the mounts in WSGI and ASGI have in common."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ._errors import Unavailable
from ._problem import Problem
from ._rates import Rates
from ._types import Headers, Response

LOGGER = logging.getLogger("scimlet")
#: The most bytes of a body.
BODY_BYTES = 1 << 20
#: The same where a client with a good credential writes a group: 100,000 members have some 20 MiB.
GROUP_BODY_BYTES = 24 << 20
GROUPS = re.compile(r"/Groups(/|$)")
WRITES = ("POST", "PUT", "PATCH")
#: What need not be encoded in a path (RFC 3986 section 3.3), beside what `quote` knows.
SEGMENT = "/:@!$&'()*+,;="
RETRY_SECONDS = "5"

#: A tenant's name, or how to find it from what WSGI or ASGI give of a request; None finds it in the
#: credential.
WhichTenant = str | Callable[[Any], str | None] | None


@dataclass(frozen=True)
class Mount:
    """Where SCIM is, below what the server or framework has taken of the path already."""

    at: str
    tenant: WhichTenant
    base_url: str | None
    tenant_of: Callable[[Headers], str | None]
    rates: Rates

    def below(self, path: str) -> str | None:
        """The decoded path below the base URL; None if it is not ours."""
        rest = path[len(self.at) :]
        is_ours = path.startswith(self.at) and (not rest or rest.startswith("/"))
        return rest if is_ours else None

    def found_tenant(self, given: Any, headers: Headers) -> str:
        """The tenant's name."""
        tenant = self.tenant
        if tenant is None:
            tenant = self.tenant_of(headers)
            if tenant is None:
                raise Problem(401, "there is no credential", ("www-authenticate", "Bearer"))
        elif callable(tenant):
            tenant = tenant(given)
            if tenant is None:
                raise Problem(404, "there is nothing here")
        return tenant

    def authorizes_first(self, tenant: str, most: int, headers: Headers) -> bool:
        """Whether the credential has to be good before the body, of `most` bytes at most, is read:
        where it may be large, and where requests are counted, so that clients without one use
        nothing up."""
        return self.rates.has_limit(tenant) or (most > BODY_BYTES and may_be_large(headers))


def most_bytes(method: str, path: str) -> int:
    """The most bytes that a body may have here."""
    return GROUP_BODY_BYTES if method in WRITES and GROUPS.match(path) else BODY_BYTES


def may_be_large(headers: Headers) -> bool:
    """Whether the body may have more than BODY_BYTES."""
    found = {name.lower(): value for name, value in headers}
    length = found.get("content-length", "")
    # Some servers let a request have both, and then the length says nothing.
    is_chunked = "transfer-encoding" in found
    return is_chunked or not length.isdecimal() or int(length) > BODY_BYTES


def encoded(raw: str | None, prefix: str, below: str) -> str:
    """The path below the prefix as it came, where the server says so."""
    if raw is not None and raw.startswith(prefix):
        return raw[len(prefix) :]
    return quote(below, safe=SEGMENT)


def decoded(body: bytes) -> str:
    """The body as text."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Problem(400, "the body is no UTF-8") from None


def too_large(most: int) -> Problem:
    """For bodies of more bytes."""
    return Problem(413, f"a body may have {most} bytes here")


def failed(method: str, error: Exception) -> Response:
    """The response where an exception took the place of one."""
    if isinstance(error, Problem):
        return error.response
    LOGGER.error("%s was given up", method, exc_info=error)
    if isinstance(error, Unavailable):
        detail = "the service is busy, try again later"
        return Problem(503, detail, ("retry-after", RETRY_SECONDS)).response
    return Problem(500, "internal error").response


def finished(response: Response) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body as they are sent."""
    headers = [
        (name, value) for name, value in response.headers if not name.startswith("x-scimlet-")
    ]
    body = response.body.encode()
    if response.status not in (204, 304):
        headers.append(("content-length", str(len(body))))
    return headers, body
