"""Where connections come from that no pool lends."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from .base import InUse

#: So many idle connections are kept.
MOST_IDLE = 16


class Source(Protocol):
    """Lends connections, each to one borrower at a time."""

    async def acquire(self) -> Any:
        """A connection."""

    async def release(self, connection: Any, usable: bool) -> None:
        """Takes it back; one that is not usable is lent to nobody."""


class Kept:
    """Opens connections by a function of the application's, and keeps idle ones. Each process has
    its own: a fork leaves them to the one that opened them."""

    def __init__(self, connect: Callable[[], Any], first: Any = None) -> None:
        self._connect = connect
        self._idle: list[Any] = [] if first is None else [first]
        #: What a parent has opened: to let go of it here would close it.
        self._inherited: list[Any] = []
        self._process = os.getpid()
        self._lock = threading.Lock()

    async def acquire(self) -> Any:
        with self._lock:
            if self._process != os.getpid():
                self._inherited += self._idle
                self._process, self._idle = os.getpid(), []
            if self._idle:
                return self._idle.pop()
        return await waited(self._connect())

    async def release(self, connection: Any, usable: bool) -> None:
        with self._lock:
            if usable and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        await waited(connection.close())


class Only:
    """One connection, which its users take in turns. It stays the application's: it is not closed.
    `lock` is of `threading` or of `asyncio`."""

    def __init__(self, connection: Any, lock: Any) -> None:
        self._connection, self._lock = connection, lock

    async def acquire(self) -> Any:
        await waited(self._lock.acquire())
        return self._connection

    async def release(self, connection: Any, usable: bool) -> None:
        self._lock.release()


@asynccontextmanager
async def guarded(source: Source, connection: Any) -> AsyncIterator[None]:
    """Gives back a lent connection if the block fails."""
    try:
        yield
    except BaseException as error:
        with suppress(Exception):
            await source.release(connection, isinstance(error, InUse))
        raise


async def waited(value: Any) -> Any:
    """The value; what an asynchronous driver gives in its place is awaited first."""
    return await value if inspect.isawaitable(value) else value
