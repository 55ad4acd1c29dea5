"""`sqlite3` of the standard library."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from .._values import Row
from .base import Driver, InUse, Kind, Statement
from .kept import Source, guarded

SQLITE_BUSY, SQLITE_LOCKED = 5, 6


class Sqlite(Driver):
    """Connections of `sqlite3`."""

    dialect = "sqlite"

    def __init__(self, source: Source) -> None:
        self._source = source
        #: How the connections that are lent began transactions before.
        self._was: dict[int, tuple[Any, Any]] = {}

    async def acquire(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = await self._source.acquire()
        async with guarded(self._source, connection):
            # Refused in a thread that is not the connection's. Before Python 3.11 attributes are
            # given also there.
            connection.cursor().close()
            autocommit = getattr(connection, "autocommit", None)
            if connection.in_transaction and autocommit is not False:
                # To change how transactions begin would commit it.
                raise InUse
            before = connection.isolation_level, autocommit
            if autocommit is False:
                connection.autocommit = True  # type: ignore[attr-defined]
            connection.isolation_level = None
        self._was[id(connection)] = before
        return connection

    async def release(self, connection: sqlite3.Connection, usable: bool) -> None:
        level, autocommit = self._was.pop(id(connection))
        async with guarded(self._source, connection):
            connection.isolation_level = level
            if autocommit is False and usable:
                connection.autocommit = False  # type: ignore[attr-defined]
        await self._source.release(connection, usable)

    async def join(self, connection: sqlite3.Connection) -> bool:
        if connection.in_transaction:
            return True
        if connection.isolation_level is None or getattr(connection, "autocommit", None) is True:
            return False
        # As Python does before the first statement that writes.
        connection.execute(f"BEGIN {connection.isolation_level}")
        return True

    async def command(self, connection: sqlite3.Connection, text: str) -> None:
        connection.execute(text)

    async def rows(
        self, connection: sqlite3.Connection, statements: Sequence[Statement]
    ) -> Sequence[Sequence[Row]]:
        cursor = connection.cursor()
        cursor.row_factory = None
        return [
            cursor.execute(statement.text, statement.parameters).fetchall()
            for statement in statements
        ]

    def kind(self, error: BaseException) -> Kind:
        return sqlite_kind(error)


def sqlite_kind(error: BaseException) -> Kind:
    """What an exception of `sqlite3` says. A commit that failed has not happened."""
    # An attribute since Python 3.11.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        is_busy = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        return "again" if is_busy else "failed"
    return "again" if code & 0xFF in (SQLITE_BUSY, SQLITE_LOCKED) else "failed"
