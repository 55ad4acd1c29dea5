"""The mount in WSGI (PEP 3333): Flask, Django, or any server by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from ._http import Mount, decoded, encoded, failed, finished, most_bytes, too_large
from ._problem import Problem
from ._tenant import Tenant
from ._types import Request, Response

#: Between two credentials.
JOINED = re.compile(r"\s*,\s*(?=(?:bearer|basic)\s)", re.IGNORECASE)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Wsgi:
    """Answers what is below the mount, and hands all else to `application`."""

    def __init__(
        self, mount: Mount, tenant: Callable[[str], Tenant], application: Application | None
    ) -> None:
        self._mount, self._tenant, self._application = mount, tenant, application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        below = self._mount.below(text_of(environ.get("PATH_INFO", "")))
        if below is None and self._application is not None:
            return self._application(environ, start_response)
        try:
            if below is None:
                raise Problem(404, "there is nothing here")
            response = self._answered(environ, below)
        except Exception as error:
            response = failed(environ["REQUEST_METHOD"], error)
        headers, body = finished(response)
        status = response.status
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        start_response(f"{status} {phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answered(self, environ: Environ, below: str) -> Response:
        headers = headers_of(environ)
        tenant = self._mount.found_tenant(environ, headers)
        prefix = environ.get("SCRIPT_NAME", "") + self._mount.at
        # How gunicorn, uWSGI and Werkzeug give the path as it came.
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        path = encoded(raw and raw.partition("?")[0], prefix, below)
        base = self._mount.base_url or origin_of(environ) + prefix
        address = environ.get("REMOTE_ADDR") or None
        method = environ["REQUEST_METHOD"]
        most = most_bytes(method, path)
        if self._mount.authorizes_first(tenant, most, headers):
            admitted = self._tenant(tenant).authorize(headers, base, client_address=address)
            if isinstance(admitted, Response):
                return admitted
            self._mount.rates.admit(tenant)
        request = Request(
            method,
            path,
            environ.get("QUERY_STRING", ""),
            headers,
            decoded(body_of(environ, most)),
        )
        response = self._tenant(tenant).handle(request, base, client_address=address)
        return self._mount.rates.settle(tenant, response)


def text_of(value: str) -> str:
    """The text whose bytes WSGI has as Latin-1."""
    return value.encode("latin-1").decode(errors="replace")


def headers_of(environ: Environ) -> list[tuple[str, str]]:
    """The headers."""
    headers = [
        (name[5:].replace("_", "-").lower(), text_of(value))
        for name, value in environ.items()
        if name.startswith("HTTP_") and name != "HTTP_AUTHORIZATION"
    ]
    # Servers join headers of one name. No credential of ours has a comma.
    credentials = JOINED.split(text_of(environ.get("HTTP_AUTHORIZATION", "")))
    headers += [("authorization", one) for one in credentials if one]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers.append((name.replace("_", "-").lower(), text_of(environ[name])))
    return headers


def body_of(environ: Environ, most: int) -> bytes:
    """The whole body, of so many bytes at most."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        if int(length) > most:
            raise too_large(most)
        body: bytes = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise Problem(400, "the body could not be read")
        return body
    if not environ.get("wsgi.input_terminated"):
        if environ.get("HTTP_TRANSFER_ENCODING"):
            raise Problem(411, "this server needs the body's length")
        return b""
    body = environ["wsgi.input"].read(most + 1)
    if len(body) > most:
        raise too_large(most)
    return body


def origin_of(environ: Environ) -> str:
    """The URL before the path, as the client says."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}"
