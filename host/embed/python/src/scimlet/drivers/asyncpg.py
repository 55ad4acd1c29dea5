"""asyncpg."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from asyncpg import InterfaceError

from .._values import Row
from .base import Driver, InUse, Kind, Statement, kind_of
from .kept import Source, guarded


class Pool:
    """A pool of asyncpg."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def acquire(self) -> Any:
        return await self._pool.acquire()

    async def release(self, connection: Any, usable: bool) -> None:
        # What the server has closed has gone back by itself.
        with suppress(InterfaceError):
            if not usable or connection.is_closed():
                connection.terminate()
        await self._pool.release(connection)


class Asyncpg(Driver):
    """Connections of asyncpg."""

    dialect = "postgres"

    def __init__(self, source: Source) -> None:
        self._source = source

    async def acquire(self) -> Any:
        connection = await self._source.acquire()
        async with guarded(self._source, connection):
            if connection.is_in_transaction():
                raise InUse
        return connection

    async def release(self, connection: Any, usable: bool) -> None:
        await self._source.release(connection, usable)

    async def join(self, connection: Any) -> bool:
        return bool(connection.is_in_transaction())

    async def command(self, connection: Any, text: str) -> None:
        await connection.execute(text)

    async def rows(
        self, connection: Any, statements: Sequence[Statement]
    ) -> Sequence[Sequence[Row]]:
        return [
            [tuple(row) for row in await connection.fetch(statement.text, *statement.parameters)]
            for statement in statements
        ]

    def kind(self, error: BaseException) -> Kind:
        return kind_of(getattr(error, "sqlstate", None))
