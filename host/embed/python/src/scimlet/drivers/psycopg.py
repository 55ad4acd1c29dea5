"""psycopg 3, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from .._values import Row
from .base import Driver, InUse, Kind, Statement, kind_of
from .kept import Source, guarded, waited


class Pool:
    """A `ConnectionPool` or an `AsyncConnectionPool` of psycopg_pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def acquire(self) -> Any:
        return await waited(self._pool.getconn())

    async def release(self, connection: Any, usable: bool) -> None:
        if not usable:
            await waited(connection.close())
        await waited(self._pool.putconn(connection))


class Psycopg(Driver):
    """Connections of psycopg."""

    dialect = "postgres"

    def __init__(self, source: Source) -> None:
        self._source = source
        #: The connections that are lent and were not in autocommit mode.
        self._changed: set[int] = set()

    async def acquire(self) -> Any:
        connection = await self._source.acquire()
        async with guarded(self._source, connection):
            if connection.closed:
                raise psycopg.OperationalError("the connection is closed")
            if connection.info.transaction_status != TransactionStatus.IDLE:
                raise InUse
            changes = not connection.autocommit
            if changes:
                await set_autocommit(connection, True)
        if changes:
            self._changed.add(id(connection))
        return connection

    async def release(self, connection: Any, usable: bool) -> None:
        usable = usable and not connection.broken
        if id(connection) in self._changed:
            self._changed.discard(id(connection))
            if usable:
                async with guarded(self._source, connection):
                    await set_autocommit(connection, False)
        await self._source.release(connection, usable)

    async def join(self, connection: Any) -> bool:
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        # Where it is not autocommit, psycopg begins a transaction by itself.
        return not (idle and connection.autocommit)

    async def command(self, connection: Any, text: str) -> None:
        await waited(raw_cursor(connection).execute(text))

    async def rows(
        self, connection: Any, statements: Sequence[Statement]
    ) -> Sequence[Sequence[Row]]:
        if len(statements) > 1 and psycopg.Pipeline.is_supported():
            cursors = await pipelined(connection, statements)
        else:
            cursors = await executed(connection, statements)
        return [await fetched(cursor) for cursor in cursors]

    def kind(self, error: BaseException) -> Kind:
        return kind_of(getattr(error, "sqlstate", None))


async def set_autocommit(connection: Any, value: bool) -> None:
    """Sends nothing: it is the driver's own setting."""
    if isinstance(connection, psycopg.AsyncConnection):
        await connection.set_autocommit(value)
    else:
        connection.autocommit = value


def raw_cursor(connection: Any) -> Any:
    """A cursor that takes `$1` and returns tuples, whatever the connection's own ones do."""
    if isinstance(connection, psycopg.AsyncConnection):
        return psycopg.AsyncRawCursor(connection, row_factory=tuple_row)
    return psycopg.RawCursor(connection, row_factory=tuple_row)


async def executed(connection: Any, statements: Sequence[Statement]) -> list[Any]:
    """A cursor for each statement."""
    cursors = []
    for statement in statements:
        cursor = raw_cursor(connection)
        await waited(cursor.execute(statement.text, statement.parameters))
        cursors.append(cursor)
    return cursors


async def pipelined(connection: Any, statements: Sequence[Statement]) -> list[Any]:
    """Sends all before it waits for the first."""
    if isinstance(connection, psycopg.AsyncConnection):
        async with connection.pipeline():
            return await executed(connection, statements)
    with connection.pipeline():
        return await executed(connection, statements)


async def fetched(cursor: Any) -> Sequence[Row]:
    """All rows, if the statement returns any."""
    return [] if cursor.description is None else await waited(cursor.fetchall())
