"""Every driver over an empty database, as an application gives it to scimlet."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

import asyncpg
import psycopg
import psycopg_pool
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine


class Backend(NamedTuple):
    """What to give to Scimlet or AsyncScimlet, and how to end it."""

    given: Any
    close: Callable[[], Any]


def nothing() -> None:
    """There is nothing to close."""


def sqlite(path: str) -> Backend:
    return Backend(lambda: sqlite3.connect(path, check_same_thread=False), nothing)


def sqlite_only(path: str) -> Backend:
    connection = sqlite3.connect(path, check_same_thread=False)
    return Backend(connection, connection.close)


def alchemy_sqlite(path: str) -> Backend:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    return Backend(engine, engine.dispose)


def psycopg_function(url: str) -> Backend:
    return Backend(lambda: psycopg.connect(url), nothing)


def psycopg_pooled(url: str) -> Backend:
    pool = psycopg_pool.ConnectionPool(url, min_size=1, max_size=20, open=True)
    return Backend(pool, pool.close)


def alchemy(driver: str) -> Callable[[str], Backend]:
    def made(url: str) -> Backend:
        engine = sqlalchemy.create_engine(url.replace("postgresql", driver), pool_size=20)
        return Backend(engine, engine.dispose)

    return made


async def asyncpg_pool(url: str) -> Backend:
    pool = await asyncpg.create_pool(url, min_size=1, max_size=20)
    return Backend(pool, pool.close)


async def asyncpg_function(url: str) -> Backend:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url)

    return Backend(connect, nothing)


async def psycopg_async_pool(url: str) -> Backend:
    pool = psycopg_pool.AsyncConnectionPool(url, min_size=1, max_size=20, open=False)
    await pool.open()
    return Backend(pool, pool.close)


def alchemy_async(driver: str) -> Callable[[str], Any]:
    async def made(url: str) -> Backend:
        engine = create_async_engine(url.replace("postgresql", driver), pool_size=20)
        return Backend(engine, engine.dispose)

    return made


async def alchemy_aiosqlite(path: str) -> Backend:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    return Backend(engine, engine.dispose)


SQLITE: dict[str, Callable[[str], Backend]] = {
    "sqlite3": sqlite,
    "sqlite3-connection": sqlite_only,
    "sqlalchemy-sqlite3": alchemy_sqlite,
}
POSTGRES: dict[str, Callable[[str], Backend]] = {
    "psycopg": psycopg_function,
    "psycopg-pool": psycopg_pooled,
    "sqlalchemy-psycopg": alchemy("postgresql+psycopg"),
    "sqlalchemy-psycopg2": alchemy("postgresql+psycopg2"),
}
ASYNC_SQLITE: dict[str, Callable[[str], Any]] = {"sqlalchemy-aiosqlite": alchemy_aiosqlite}
ASYNC_POSTGRES: dict[str, Callable[[str], Any]] = {
    "asyncpg": asyncpg_function,
    "asyncpg-pool": asyncpg_pool,
    "psycopg-async-pool": psycopg_async_pool,
    "sqlalchemy-asyncpg": alchemy_async("postgresql+asyncpg"),
    "sqlalchemy-psycopg-async": alchemy_async("postgresql+psycopg"),
}
