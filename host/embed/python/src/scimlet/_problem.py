"""SCIM errors (RFC 7644 section 3.12) of the mounts themselves."""

from __future__ import annotations

import json

from ._types import Response

#: As the module has them.
HEADERS = [
    ("content-type", "application/scim+json"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
]


class Problem(Exception):
    """A request that scimlet's module does not see; has the response."""

    def __init__(self, status: int, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        error = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": str(status),
            "detail": detail,
        }
        self.response = Response(status, [*HEADERS, *headers], json.dumps(error))
