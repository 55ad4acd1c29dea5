"""The mount in ASGI: FastAPI, Starlette, Django, or any server by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ._http import BODY_BYTES, Mount, decoded, encoded, failed, finished, too_large
from ._problem import Problem
from ._types import Request, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
#: Answers a request of a tenant: its name, the request, the base URL, the client's address.
Handle = Callable[[str, Request, str, "str | None"], Awaitable[Response]]


class Asgi:
    """Answers what is below the mount, and hands all else to `application`."""

    def __init__(self, mount: Mount, handle: Handle, application: Application | None) -> None:
        self._mount, self._handle, self._application = mount, handle, application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_http = scope["type"] == "http"
        root = scope.get("root_path", "") if is_http else ""
        path: str = scope["path"] if is_http else ""
        # Some servers have the root in the path too.
        below = self._mount.below(path[len(root) :] if path.startswith(root) else path)
        if not is_http or (below is None and self._application is not None):
            if self._application is None:
                raise RuntimeError(f"scimlet does not answer {scope['type']}")
            return await self._application(scope, receive, send)
        try:
            if below is None:
                raise Problem(404, "there is nothing here")
            response = await self._answered(scope, receive, root, below)
        except Exception as error:
            response = failed(scope["method"], error)
        headers, body = finished(response)
        start = {"type": "http.response.start", "status": response.status}
        start["headers"] = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        await send(start)
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body})

    async def _answered(self, scope: Scope, receive: Receive, root: str, below: str) -> Response:
        headers = [
            (name.decode("latin-1"), value.decode(errors="replace"))
            for name, value in scope["headers"]
        ]
        tenant = self._mount.found_tenant(scope, headers)
        prefix = root + self._mount.at
        raw = scope.get("raw_path")
        request = Request(
            scope["method"],
            encoded(raw and raw.decode("latin-1"), prefix, below),
            scope.get("query_string", b"").decode("latin-1"),
            headers,
            decoded(await body_of(receive)),
        )
        client = scope.get("client")
        base = self._mount.base_url or origin_of(scope, headers) + prefix
        address = client[0] if client else None
        response = await self._handle(tenant, request, base, address)
        return self._mount.rates.settle(tenant, response)


async def body_of(receive: Receive) -> bytes:
    """The whole body."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the body could not be read")
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            raise too_large()
        if not message.get("more_body"):
            return bytes(body)


def origin_of(scope: Scope, headers: list[tuple[str, str]]) -> str:
    """The URL before the path, as the client says."""
    host = dict(headers).get("host")
    if host is None:
        name, port = scope.get("server") or ("localhost", None)
        host = name if port is None else f"{name}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}"
