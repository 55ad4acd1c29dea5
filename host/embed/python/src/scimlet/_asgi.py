"""The mount in ASGI: FastAPI, Starlette, Django, or any server by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from ._http import Mount, decoded, encoded, failed, finished, most_bytes, too_large
from ._problem import Problem
from ._tenant import Tenant
from ._types import Request, Response

if TYPE_CHECKING:
    from ._async_tenant import AsyncTenant

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
#: Calls a function of a tenant with what follows it, and waits for what that returns.
Run = Callable[..., Awaitable[Any]]


class Asgi:
    """Answers what is below the mount, and hands all else to `application`."""

    def __init__(
        self,
        mount: Mount,
        tenant: Callable[[str], Tenant | AsyncTenant],
        run: Run,
        application: Application | None,
    ) -> None:
        self._mount, self._tenant, self._application = mount, tenant, application
        self._run = run

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
        path = encoded(raw and raw.decode("latin-1"), prefix, below)
        client = scope.get("client")
        base = self._mount.base_url or origin_of(scope, headers) + prefix
        address = client[0] if client else None
        method = scope["method"]
        most = most_bytes(method, path)
        if self._mount.authorizes_first(tenant, most, headers):
            authorize = self._tenant(tenant).authorize
            admitted = await self._run(authorize, headers, base, client_address=address)
            if isinstance(admitted, Response):
                return admitted
            self._mount.rates.admit(tenant)
        request = Request(
            method,
            path,
            scope.get("query_string", b"").decode("latin-1"),
            headers,
            decoded(await body_of(receive, most)),
        )
        handle = self._tenant(tenant).handle
        response = await self._run(handle, request, base, client_address=address)
        return self._mount.rates.settle(tenant, response)


async def body_of(receive: Receive, most: int) -> bytes:
    """The whole body, of so many bytes at most."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the body could not be read")
        body += message.get("body", b"")
        if len(body) > most:
            raise too_large(most)
        if not message.get("more_body"):
            return bytes(body)


def origin_of(scope: Scope, headers: list[tuple[str, str]]) -> str:
    """The URL before the path, as the client says."""
    host = dict(headers).get("host")
    if host is None:
        name, port = scope.get("server") or ("localhost", None)
        host = name if port is None else f"{name}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}"
