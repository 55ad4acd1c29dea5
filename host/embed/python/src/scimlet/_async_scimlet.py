"""scimlet over an application's database, with an asynchronous driver.

A run of the module cannot wait for the event loop. It could stop at each question and begin anew
with the answers so far; to wait in a thread costs an eighth of that, keeps long runs off the event
loop, and executes nothing twice by its nature."""

from __future__ import annotations

import asyncio
import copy
import queue
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from . import _asgi, drivers
from ._application import Application, Follows
from ._async_tables import AsyncTables
from ._base import IDLE, Base, returned
from ._errors import Error
from ._http import WhichTenant
from ._port import Port

#: So many calls run at once, each in a thread.
THREADS = 32
GIVEN_UP = "the task that called was cancelled"


class AsyncScimlet(Base, AsyncTables):
    """SCIM 2.0 provisioning over an asynchronous driver, for one event loop.

    `connect` is what gives connections: a coroutine function that opens one, a pool of asyncpg, an
    `AsyncConnectionPool` of psycopg, an `AsyncEngine` of SQLAlchemy, or a single connection.

    `application` is as that of Scimlet, and may be a coroutine function.

    The module runs in a thread, which waits while the task that called awaits the driver."""

    def __init__(
        self,
        connect: Any,
        *,
        application: Application | Follows | None = None,
        idle_instances: int = IDLE,
        threads: int = THREADS,
    ) -> None:
        super().__init__(application, idle_instances)
        self._threads = ThreadPoolExecutor(threads, "scimlet")
        self._running: set[asyncio.Future[Any]] = set()
        self._connect, self._opening = connect, asyncio.Lock()
        self._driver = drivers.of_source(connect, asyncio.Lock())
        if self._driver is not None and not drivers.is_asynchronous(connect):
            raise TypeError("this is of a synchronous driver: give it to Scimlet")

    def on(self, connection: Any) -> AsyncScimlet:
        """The same over this connection of the application's. Where that is in a transaction, what
        is done here becomes part of it; it is the application's to commit."""
        joined = copy.copy(self)
        joined._joined, joined._driver = connection, drivers.to_join(connection)
        return joined

    def asgi(
        self,
        application: _asgi.Application | None = None,
        *,
        at: str = "",
        tenant: WhichTenant = None,
        base_url: str | None = None,
    ) -> _asgi.Application:
        """SCIM as an ASGI application. It answers the paths below `at`, and hands all others to
        `application`. `tenant` is a tenant's name, or a function that returns it from the scope;
        without it the credential names the tenant. `base_url` is SCIM's URL as clients see it;
        without it the request says."""
        return _asgi.Asgi(self._mount(at, tenant, base_url), self.tenant, awaited, application)

    async def call(self, tenant: str, function: str, arguments: Mapping[str, Any]) -> Any:
        """What a function of `wit/` returned, in JSON.

        Where the task is cancelled, the driver is not interrupted: it ends what it does, and then
        what was not committed is undone; a task that joined a transaction waits for that."""
        given_up = asyncio.Event()
        running = asyncio.ensure_future(self._call(tenant, function, arguments, given_up))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            given_up.set()
            running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            if self._joined is not None:
                await asyncio.wait([running])
            raise

    async def _call(
        self, tenant: str, function: str, arguments: Mapping[str, Any], given_up: asyncio.Event
    ) -> Any:
        async with self._opening:
            driver = self._driver or await drivers.of_function(self._connect)
            self._driver = driver
        joins = self._joined is not None
        connection = self._joined if joins else await drivers.acquired(driver)
        port = Port(driver, connection, joins, tenant, self._application)
        try:
            text = self._text(tenant, function, arguments, driver)
            return returned(await self._in_thread(tenant, text, port, given_up))
        except asyncio.CancelledError:
            # The event loop ends.
            port.interrupted()
            raise
        finally:
            await port.close()

    async def _in_thread(
        self, tenant: str, text: bytes, port: Port, given_up: asyncio.Event
    ) -> bytes:
        """Runs a call in a thread, and answers what it asks in this task: nothing else uses the
        connection."""
        loop = asyncio.get_running_loop()
        questions: asyncio.Queue[bytes | None] = asyncio.Queue()
        answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

        def tell(question: bytes | None) -> None:
            loop.call_soon_threadsafe(questions.put_nowait, question)

        def ask(question: bytes) -> bytes:
            tell(question)
            answer = answers.get()
            if answer is None:
                raise Error(GIVEN_UP)
            return answer

        def run() -> bytes:
            try:
                return self._pool.call(tenant, text, ask)
            finally:
                with suppress(RuntimeError):  # The loop is closed.
                    tell(None)

        running = self._threads.submit(run)
        try:
            while (question := await questions.get()) is not None:
                if given_up.is_set():
                    raise Error(GIVEN_UP)
                answers.put(await port.answer(question))
            return await asyncio.wrap_future(running)
        except BaseException:
            answers.put(None)
            running.cancel()
            raise


async def awaited(function: Callable[..., Awaitable[Any]], *given: Any, **more: Any) -> Any:
    """What a coroutine function returns."""
    return await function(*given, **more)
