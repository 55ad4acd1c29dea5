"""Changes of the application's and of scimlet's in one transaction: `on(connection)`."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy
from postgres import Cluster
from sqlalchemy.ext.asyncio import create_async_engine
from support import answered, ask, create

from scimlet import AsyncScimlet, Invalid, Scimlet, Unavailable

PROFILE = {"extends": "okta"}


class GoneBack(Exception):
    """Rolls a transaction back."""


def prepared(scim: Scimlet) -> Scimlet:
    scim.migrate()
    scim.create_tenant("acme")
    scim.tenant("acme").configure(PROFILE)
    return scim


def names(scim: Scimlet) -> list[str]:
    return [user["userName"] for user in scim.tenant("acme").users()["Resources"]]


def joins_and_undoes(
    scim: Scimlet,
    begun: Callable[[], Any],
    write: Callable[[Any, str], Any],
    own: Callable[[], list[str]],
) -> None:
    """`begun` opens a transaction that an exception rolls back; `write` is the application's."""
    with begun() as connection:
        write(connection, "ada")
        scim.on(connection).tenant("acme").create_user({"userName": "ada"})
    assert (names(scim), own()) == (["ada"], ["ada"])
    # In either order, and what scimlet refuses leaves the application's part.
    with begun() as connection:
        joined = scim.on(connection).tenant("acme")
        joined.create_user({"userName": "bo"})
        write(connection, "bo")
        with pytest.raises(Invalid):
            joined.create_user({"userName": 5})
        assert len(joined.users()["Resources"]) == 2
    assert (names(scim), own()) == (["ada", "bo"], ["ada", "bo"])
    with pytest.raises(GoneBack), begun() as connection:
        scim.on(connection).tenant("acme").create_user({"userName": "cy"})
        write(connection, "cy")
        raise GoneBack
    assert (names(scim), own()) == (["ada", "bo"], ["ada", "bo"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "app.db") as connection:
        connection.execute("CREATE TABLE own(name TEXT)")
    connection.close()
    return tmp_path / "app.db"


@pytest.fixture
def url(cluster: Cluster) -> str:
    made = cluster.url(cluster.database())
    with psycopg.connect(made) as connection:
        connection.execute("CREATE TABLE own(name TEXT)")
    return made


def own_in(path: Path) -> Callable[[], list[str]]:
    def own() -> list[str]:
        rows = sqlite3.connect(path).execute("SELECT name FROM own ORDER BY name")
        return [name for (name,) in rows]

    return own


def write(connection: Any, name: str) -> None:
    connection.execute(f"INSERT INTO own VALUES ('{name}')")


def write_text(connection: Any, name: str) -> None:
    connection.execute(sqlalchemy.text(f"INSERT INTO own VALUES ('{name}')"))


@pytest.mark.parametrize("isolation", ["", "IMMEDIATE", "explicit"])
def test_sqlite3(file: Path, isolation: str) -> None:
    level = None if isolation == "explicit" else isolation
    scim = prepared(Scimlet(lambda: sqlite3.connect(file, check_same_thread=False)))
    connection = sqlite3.connect(file, isolation_level=level)

    @contextmanager
    def begun() -> Iterator[sqlite3.Connection]:
        if level is None:
            connection.execute("BEGIN")
        with connection:
            yield connection

    joins_and_undoes(scim, begun, write, own_in(file))
    # A setting of the application's stays as it was.
    assert connection.isolation_level == level


def test_sqlite3_in_autocommit_mode_joins_nothing(file: Path) -> None:
    scim = prepared(Scimlet(lambda: sqlite3.connect(file, check_same_thread=False)))
    connection = sqlite3.connect(file, isolation_level=None)
    scim.on(connection).tenant("acme").create_user({"userName": "ada"})
    assert not connection.in_transaction
    assert names(scim) == ["ada"]


def test_a_connection_in_a_transaction_serves_nobody_else(file: Path) -> None:
    connection = sqlite3.connect(file)
    scim = prepared(Scimlet(connection))
    connection.execute("INSERT INTO own VALUES ('ada')")
    with pytest.raises(Unavailable):
        scim.tenant("acme").create_user({"userName": "ada"})
    connection.rollback()
    assert own_in(file)() == []
    scim.tenant("acme").create_user({"userName": "ada"})
    assert connection.isolation_level == ""


def test_sqlalchemy_with_sqlite3(file: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    joins_and_undoes(prepared(Scimlet(engine)), engine.begin, write_text, own_in(file))


def own_at(url: str) -> Callable[[], list[str]]:
    def own() -> list[str]:
        with psycopg.connect(url) as connection:
            return [name for (name,) in connection.execute("SELECT name FROM own ORDER BY name")]

    return own


@pytest.mark.parametrize("autocommit", [False, True])
def test_psycopg(url: str, autocommit: bool) -> None:
    scim = prepared(Scimlet(lambda: psycopg.connect(url)))
    connection = psycopg.connect(url, autocommit=autocommit)

    @contextmanager
    def begun() -> Iterator[psycopg.Connection]:
        with connection.transaction():
            yield connection

    joins_and_undoes(scim, begun, write, own_at(url))
    connection.close()


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_sqlalchemy_with_postgresql(url: str, driver: str) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql", f"postgresql+{driver}"))
    joins_and_undoes(prepared(Scimlet(engine)), engine.begin, write_text, own_at(url))
    engine.dispose()


async def joins_and_undoes_async(
    scim: AsyncScimlet, begun: Callable[[], Any], write: Callable[[Any, str], Any]
) -> list[str]:
    """The names of all users at the end."""
    await scim.migrate()
    await scim.create_tenant("acme")
    await scim.tenant("acme").configure(PROFILE)
    async with begun() as connection:
        await scim.on(connection).tenant("acme").create_user({"userName": "ada"})
        await write(connection, "ada")
    with pytest.raises(GoneBack):
        async with begun() as connection:
            await write(connection, "bo")
            await scim.on(connection).tenant("acme").create_user({"userName": "bo"})
            raise GoneBack
    users = await scim.tenant("acme").users()
    return [user["userName"] for user in users["Resources"]]


async def write_async(connection: Any, name: str) -> None:
    write_it = f"INSERT INTO own VALUES ('{name}')"
    is_alchemy = hasattr(connection, "sync_connection")
    await connection.execute(sqlalchemy.text(write_it) if is_alchemy else write_it)


async def test_asyncpg(url: str) -> None:
    async with asyncpg.create_pool(url, min_size=1) as pool:

        @asynccontextmanager
        async def begun() -> AsyncIterator[Any]:
            async with pool.acquire() as connection, connection.transaction():
                yield connection

        found = await joins_and_undoes_async(AsyncScimlet(pool), begun, write_async)
    assert (found, own_at(url)()) == (["ada"], ["ada"])


async def test_psycopg_async(url: str) -> None:
    async def connect() -> Any:
        return await psycopg.AsyncConnection.connect(url)

    @asynccontextmanager
    async def begun() -> AsyncIterator[Any]:
        async with await connect() as connection:
            yield connection

    found = await joins_and_undoes_async(AsyncScimlet(connect), begun, write_async)
    assert (found, own_at(url)()) == (["ada"], ["ada"])


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
async def test_sqlalchemy_asyncio(url: str, driver: str) -> None:
    engine = create_async_engine(url.replace("postgresql", f"postgresql+{driver}"))
    found = await joins_and_undoes_async(AsyncScimlet(engine), engine.begin, write_async)
    await engine.dispose()
    assert (found, own_at(url)()) == (["ada"], ["ada"])


async def test_sqlalchemy_with_aiosqlite(file: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
    found = await joins_and_undoes_async(AsyncScimlet(engine), engine.begin, write_async)
    await engine.dispose()
    assert (found, own_in(file)()) == (["ada"], ["ada"])


@contextmanager
def blocked(url: str, mode: str = "ACCESS EXCLUSIVE") -> Iterator[None]:
    """Another transaction has all tables locked: even for reads, unless another mode is given."""
    with psycopg.connect(url) as other:
        tables = other.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'scimlet_%'")
        names = ", ".join(name for (name,) in tables)
        other.execute(f"LOCK TABLE {names} IN {mode} MODE")
        yield


@pytest.mark.parametrize("mode", ["ACCESS EXCLUSIVE", "EXCLUSIVE"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_statement_that_takes_too_long_leaves_the_rest_of_a_joined_transaction(
    url: str, driver: str, mode: str
) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql", f"postgresql+{driver}"))
    scim = prepared(Scimlet(engine))
    with engine.begin() as connection, blocked(url, mode):
        write_text(connection, "before")
        connection.execute(sqlalchemy.text("SET LOCAL statement_timeout = 200"))
        with pytest.raises(Unavailable):
            scim.on(connection).tenant("acme").create_user({"userName": "ada"})
        write_text(connection, "after")
    assert (names(scim), own_at(url)()) == ([], ["after", "before"])
    engine.dispose()


async def test_a_driver_that_gives_up_leaves_the_rest_of_a_joined_transaction(url: str) -> None:
    scim = prepared(Scimlet(lambda: psycopg.connect(url)))
    connection = await asyncpg.connect(url, command_timeout=0.3)
    with blocked(url):
        async with connection.transaction():
            await write_async(connection, "before")
            with pytest.raises(Unavailable):
                acme = AsyncScimlet(connection).on(connection).tenant("acme")
                await acme.create_user({"userName": "ada"})
            await write_async(connection, "after")
    assert (names(scim), own_at(url)()) == ([], ["after", "before"])
    await connection.close()


async def test_a_driver_that_gives_up_leaves_an_only_connection_as_it_was(url: str) -> None:
    prepared(Scimlet(lambda: psycopg.connect(url)))
    connection = await asyncpg.connect(url, command_timeout=0.3)
    acme = AsyncScimlet(connection).tenant("acme")
    with blocked(url, "EXCLUSIVE"), pytest.raises(Unavailable):
        await acme.create_user({"userName": "ada"})
    assert not connection.is_in_transaction()
    await acme.create_user({"userName": "ada"})
    await connection.close()


def test_a_busy_database_is_tried_again(file: Path) -> None:
    scim = prepared(Scimlet(lambda: sqlite3.connect(file, check_same_thread=False, timeout=0.01)))
    other = sqlite3.connect(file)
    other.execute("BEGIN IMMEDIATE")
    response = ask(scim.tenant("acme"), create("ada"))
    assert response.status == 503
    other.rollback()
    answered(ask(scim.tenant("acme"), create("ada")), 201)
