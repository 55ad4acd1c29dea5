"""A driver that fails, or a task that is cancelled, at every point of a change in turn: the change
happens once or not at all, and the application's table agrees."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import GROUP, answered, ask, ask_async, create, name_of, request

from scimlet import AsyncScimlet, Change, Request, Scimlet
from scimlet.drivers.base import Kind, Statement
from scimlet.drivers.kept import Kept
from scimlet.drivers.sqlite import Sqlite


class Lost(Exception):
    """The connection broke."""


class Faulty(Sqlite):
    """Breaks at one point: before what it is asked for, or after it was done."""

    def __init__(self, path: Path, how: str, point: int) -> None:
        super().__init__(Kept(lambda: sqlite3.connect(path, check_same_thread=False)))
        self._how, self._point = how, point
        self._asked = 0
        #: The task that is cancelled.
        self.task: asyncio.Future[Any] | None = None
        #: The transactions that were committed and wrote.
        self.committed = 0
        self._writes = False
        #: Whether the task was cancelled before the commit was asked for.
        self.was_early = False

    @property
    def has_failed(self) -> bool:
        return self._asked >= self._point

    async def _passes(self, when: str, commits: bool = False) -> None:
        if when == "before":
            self._asked += 1
        if self._asked != self._point:
            return
        if self._how == f"cancelled {when}":
            assert self.task is not None
            self.was_early = not commits and not self.committed
            self.task.cancel()
            await asyncio.sleep(0)
        elif self._how == when:
            raise Lost

    async def command(self, connection: sqlite3.Connection, text: str) -> None:
        await self._passes("before", text == "COMMIT" and self._writes)
        await super().command(connection, text)
        if text.startswith("BEGIN"):
            self._writes = text == "BEGIN IMMEDIATE"
        self.committed += text == "COMMIT" and self._writes
        await self._passes("after")

    async def rows(self, connection: sqlite3.Connection, statements: Sequence[Statement]) -> Any:
        await self._passes("before")
        rows = await super().rows(connection, statements)
        await self._passes("after")
        return rows

    def kind(self, error: BaseException) -> Kind:
        return "lost" if isinstance(error, Lost) else super().kind(error)


def keep(change: Change, db: sqlite3.Connection) -> int:
    added = db.execute("INSERT INTO own(name) VALUES (?) RETURNING id", [name_of(change)])
    return int(added.fetchone()[0])


def database(path: Path) -> Path:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("CREATE TABLE own(id INTEGER PRIMARY KEY, name TEXT)")
    scim = Scimlet(connection)
    scim.migrate()
    scim.create_tenant("acme")
    scim.tenant("acme").configure({"extends": "okta"})
    connection.close()
    return path


#: What is created. Nothing but the commit itself keeps a group from being created twice.
USER = create("ada")
STAFF = request("POST", "/Groups", {"schemas": [GROUP], "displayName": "ada"})


def own_and_scims(path: Path, asked: Request) -> tuple[list[str], list[str]]:
    connection = sqlite3.connect(path, check_same_thread=False)
    own = [name for (name,) in connection.execute("SELECT name FROM own")]
    found = answered(ask(Scimlet(connection).tenant("acme"), request("GET", asked.path)), 200)
    connection.close()
    return own, ["ada" for _ in found["Resources"]]


def judged(path: Path, driver: Faulty, asked: Request, status: int | None) -> None:
    """None is a cancelled task's status."""
    own, scims = own_and_scims(path, asked)
    assert own == scims
    assert len(own) == driver.committed <= 1
    if driver.has_failed:
        assert status in (None, 201, 503)
    if status == 201:
        assert driver.committed == 1
    if driver.was_early:
        assert own == []
    # The client repeats it, over a database that is back.
    back = Scimlet(lambda: sqlite3.connect(path, check_same_thread=False), application=keep)
    assert ask(back.tenant("acme"), asked).status == (409 if own and asked is USER else 201)


@pytest.mark.parametrize("asked", [USER, STAFF])
@pytest.mark.parametrize("how", ["before", "after"])
def test_a_driver_fails_at_every_point(tmp_path: Path, how: str, asked: Request) -> None:
    point, driver = 0, None
    while driver is None or driver.has_failed:
        point += 1
        path = database(tmp_path / f"{point}.db")
        scim = Scimlet(lambda: sqlite3.connect(":memory:"), application=keep)
        scim._driver = driver = Faulty(path, how, point)
        judged(path, driver, asked, ask(scim.tenant("acme"), asked).status)
    assert point > 5


@pytest.mark.parametrize("how", ["before", "after", "cancelled before", "cancelled after"])
async def test_an_asynchronous_one_fails_at_every_point(tmp_path: Path, how: str) -> None:
    point, driver = 0, None
    while driver is None or driver.has_failed:
        point += 1
        path = database(tmp_path / f"{point}.db")
        scim = AsyncScimlet(None, application=keep)
        scim._driver = driver = Faulty(path, how, point)
        task = asyncio.ensure_future(ask_async(scim.tenant("acme"), STAFF))
        driver.task = task
        await asyncio.wait([task])
        # What was given up is undone behind it.
        if scim._running:
            await asyncio.wait(scim._running)
        judged(path, driver, STAFF, None if task.cancelled() else task.result().status)
    assert point > 5


def test_a_connection_lost_before_the_application_is_asked_is_not_its_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Losing(Faulty):
        async def command(self, connection: sqlite3.Connection, text: str) -> None:
            if text == "SAVEPOINT scimlet_application":
                lost.append(connection)
                raise Lost
            await super().command(connection, text)

    lost: list[sqlite3.Connection] = []
    path = database(tmp_path / "app.db")
    scim = Scimlet(lambda: sqlite3.connect(":memory:"), application=keep)
    scim._driver = Losing(path, "never", 0)
    assert ask(scim.tenant("acme"), USER).status == 503
    assert "acme: the application failed" not in caplog.text
    # Nobody gets the connection again.
    for connection in lost:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
    assert own_and_scims(path, USER) == ([], [])
    assert lost


async def test_cancelled_at_any_time(async_given: Any) -> None:
    """Over real drivers: connections come back, and nothing is half done."""
    scim = AsyncScimlet(async_given)
    await scim.migrate()
    await scim.create_tenant("acme")
    acme = scim.tenant("acme")
    await acme.configure({"extends": "okta"})
    acknowledged = []

    async def work(number: int) -> None:
        with suppress(TimeoutError, asyncio.TimeoutError):
            asked = ask_async(acme, create(f"user{number}"))
            response = await asyncio.wait_for(asked, number * 0.002)
            acknowledged.append((f"user{number}", response.status))

    for first in range(0, 40, 8):
        await asyncio.gather(*[work(number) for number in range(first, first + 8)])
    users = [user["userName"] for user in (await acme.users(count=500))["Resources"]]
    assert {name for name, status in acknowledged if status == 201} <= set(users)
    assert len(users) == len(set(users))
    # More calls than any pool has connections.
    await asyncio.gather(*[ask_async(acme, request("GET", "/Users?count=1")) for _ in range(64)])
    answered(await ask_async(acme, create("last")), 201)
