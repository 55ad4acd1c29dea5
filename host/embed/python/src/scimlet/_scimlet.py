"""scimlet over an application's database, with a synchronous driver."""

from __future__ import annotations

import copy
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from . import _asgi, _wsgi, drivers
from ._application import Application, Follows
from ._base import IDLE, Base, returned
from ._http import WhichTenant
from ._port import Port
from ._tables import Tables

T = TypeVar("T")


class Scimlet(Base, Tables):
    """SCIM 2.0 provisioning over a synchronous driver. Many threads may use one at once.

    `connect` is what gives connections: a function that opens one, a `ConnectionPool` of psycopg,
    an `Engine` of SQLAlchemy, or a single connection, on which calls take turns.

    `application` hears of each change before its commit, with the connection that it happens on: a
    function of a Change and the connection, or an object with `before_commit`. What it does on the
    connection happens if the commit does. It may return its own id of the resource, and raise
    InvalidChange or ForbiddenChange."""

    def __init__(
        self,
        connect: Any,
        *,
        application: Application | Follows | None = None,
        idle_instances: int = IDLE,
    ) -> None:
        if drivers.is_asynchronous(connect):
            raise TypeError("this is of an asynchronous driver: give it to AsyncScimlet")
        super().__init__(application, idle_instances)
        found = drivers.of_source(connect, threading.RLock())
        self._driver = found or now(drivers.of_function(connect))

    def on(self, connection: Any) -> Scimlet:
        """The same over this connection of the application's. Where that is in a transaction, what
        is done here becomes part of it; it is the application's to commit."""
        joined = copy.copy(self)
        joined._joined, joined._driver = connection, drivers.to_join(connection)
        return joined

    def wsgi(
        self,
        application: _wsgi.Application | None = None,
        *,
        at: str = "",
        tenant: WhichTenant = None,
        base_url: str | None = None,
    ) -> _wsgi.Application:
        """SCIM as a WSGI application. It answers the paths below `at`, and hands all others to
        `application`. `tenant` is a tenant's name, or a function that returns it from the environ;
        without it the credential names the tenant. `base_url` is SCIM's URL as clients see it;
        without it the request says."""
        return _wsgi.Wsgi(self._mount(at, tenant, base_url), self.tenant, application)

    def asgi(
        self,
        application: _asgi.Application | None = None,
        *,
        at: str = "",
        tenant: WhichTenant = None,
        base_url: str | None = None,
    ) -> _asgi.Application:
        """SCIM as an ASGI application, which runs each request in a thread. Like `wsgi`; a function
        gets the scope."""
        from asyncio import to_thread  # Only here is asyncio needed.

        mount = self._mount(at, tenant, base_url)
        return _asgi.Asgi(mount, self.tenant, to_thread, application)

    def call(self, tenant: str, function: str, arguments: Mapping[str, Any]) -> Any:
        """What a function of `wit/` returned, in JSON."""
        return now(self._call(tenant, function, arguments))

    async def _call(self, tenant: str, function: str, arguments: Mapping[str, Any]) -> Any:
        joins = self._joined is not None
        connection = self._joined if joins else await drivers.acquired(self._driver)
        port = Port(self._driver, connection, joins, tenant, self._application)
        try:
            text = self._text(tenant, function, arguments, self._driver)
            return returned(self._pool.call(tenant, text, lambda asked: now(port.answer(asked))))
        finally:
            await port.close()


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that waits for nothing, as those of synchronous drivers."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    coroutine.close()
    raise TypeError("a synchronous driver waited: give asynchronous ones to AsyncScimlet")
