"""SQLAlchemy, synchronous and with asyncio, over the drivers that it has for the two dialects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from .._values import Row
from .base import Dialect, Driver, Kind, Statement, kind_of
from .kept import guarded, waited
from .sqlite import sqlite_kind

DIALECTS: dict[str, Dialect] = {"sqlite": "sqlite", "postgresql": "postgres"}
PLACEHOLDER = re.compile(r"\$(\d+)")


class SqlAlchemy(Driver):
    """Connections of an Engine or an AsyncEngine, or one that is only joined."""

    def __init__(self, bind: Any) -> None:
        self._bind = bind
        name = bind.dialect.name
        if name not in DIALECTS:
            raise TypeError(f"scimlet has no SQL for {name}")
        self.dialect = DIALECTS[name]
        #: `qmark` and `numeric_dollar` are what scimlet writes.
        self._style = bind.dialect.paramstyle

    async def acquire(self) -> Any:
        connection = await waited(self._bind.connect())
        async with guarded(self, connection):
            # scimlet begins and ends transactions itself.
            return await waited(connection.execution_options(isolation_level="AUTOCOMMIT"))

    async def release(self, connection: Any, usable: bool) -> None:
        try:
            if not usable:
                await waited(connection.invalidate())
        finally:
            await waited(connection.close())

    async def join(self, connection: Any) -> bool:
        synchronous = getattr(connection, "sync_connection", connection)
        if synchronous.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return False
        if self.dialect == "postgres":
            return True
        # The drivers of SQLite begin a transaction only before a statement that writes.
        raw = await waited(
            getattr(connection, "get_raw_connection", lambda: connection.connection)()
        )
        if not raw.driver_connection.in_transaction:
            if raw.driver_connection.isolation_level is None:
                return False
            await self.command(connection, "BEGIN")
        return True

    async def command(self, connection: Any, text: str) -> None:
        await waited(connection.exec_driver_sql(text))

    async def rows(
        self, connection: Any, statements: Sequence[Statement]
    ) -> Sequence[Sequence[Row]]:
        return [await self._rows(connection, statement) for statement in statements]

    async def _rows(self, connection: Any, statement: Statement) -> Sequence[Row]:
        text, parameters = self._translated(statement)
        result = await waited(connection.exec_driver_sql(text, parameters))
        return result.fetchall() if result.returns_rows else []

    def _translated(self, statement: Statement) -> tuple[str, Any]:
        """The statement in the driver's style of parameters."""
        text, parameters = statement
        if not self._style.endswith("format"):
            return text, tuple(parameters)
        text = text.replace("%", "%%")
        if self._style == "pyformat":
            named = {f"p{place}": value for place, value in enumerate(parameters, 1)}
            return PLACEHOLDER.sub(r"%(p\1)s", text), named
        places = [int(place) - 1 for place in PLACEHOLDER.findall(text)]
        return PLACEHOLDER.sub("%s", text), tuple(parameters[place] for place in places)

    def kind(self, error: BaseException) -> Kind:
        original = error.orig if isinstance(error, DBAPIError) else error
        if self.dialect == "sqlite":
            return sqlite_kind(original or error)
        state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
        return kind_of(state)
