"""The drivers, by what the application gives: none is imported before it is needed."""

from __future__ import annotations

import sqlite3
from typing import Any

from .base import Driver, connecting
from .kept import Kept, Only, Source, waited

#: The packages whose asynchronous classes begin with `Async`.
PREFIXED = ("psycopg", "psycopg_pool", "sqlalchemy")


def is_asynchronous(given: Any) -> bool:
    """Whether this is of an asynchronous driver."""
    return any(
        root == "asyncpg" or (root in PREFIXED and name.startswith("Async"))
        for root, name in names(given)
    )


def of_source(given: Any, lock: Any) -> Driver | None:
    """The driver for a connection, a pool or an engine; None for anything else. `lock` is for a
    single connection, whose users take turns."""
    for root, name in names(given):
        if root == "sqlalchemy" and name in ("Engine", "AsyncEngine"):
            from .sqlalchemy import SqlAlchemy

            return SqlAlchemy(given)
        if root == "sqlalchemy":
            raise TypeError("give the engine: a connection of SQLAlchemy is for on()")
        if root == "psycopg_pool":
            from . import psycopg

            return psycopg.Psycopg(psycopg.Pool(given))
        if root == "asyncpg" and name == "Pool":
            from . import asyncpg

            return asyncpg.Asyncpg(asyncpg.Pool(given))
    return of_connection(given, Only(given, lock))


async def acquired(driver: Driver) -> Any:
    """A connection of the driver's."""
    with connecting():
        return await driver.acquire()


async def of_function(connect: Any) -> Driver:
    """The driver of the connections that a function opens, which is called once to see."""
    if not callable(connect):
        raise TypeError(f"scimlet has no driver for {type(connect).__name__}")
    with connecting():
        first = await waited(connect())
    found = of_connection(first, Kept(connect, first))
    if found is None:
        raise TypeError(f"scimlet has no driver for {type(first).__name__}")
    return found


def of_connection(connection: Any, source: Source) -> Driver | None:
    """The driver for connections like this one, which `source` lends."""
    if isinstance(connection, sqlite3.Connection):
        from .sqlite import Sqlite

        return Sqlite(source)
    roots = {root for root, _ in names(connection)}
    if "psycopg" in roots:
        from .psycopg import Psycopg

        return Psycopg(source)
    if "asyncpg" in roots:
        from .asyncpg import Asyncpg

        return Asyncpg(source)
    return None


def to_join(connection: Any) -> Driver:
    """The driver for a connection that is the application's, and may be in a transaction."""
    if any(root == "sqlalchemy" for root, _ in names(connection)):
        from .sqlalchemy import SqlAlchemy

        return SqlAlchemy(connection)
    found = of_connection(connection, Only(connection, None))
    if found is None:
        raise TypeError(f"scimlet has no driver for {type(connection).__name__}")
    return found


def names(given: Any) -> list[tuple[str, str]]:
    """The package and the name of each class of the object."""
    return [(one.__module__.partition(".")[0], one.__name__) for one in type(given).__mro__]
