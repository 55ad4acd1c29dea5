"""Each driver by itself, as the module uses it (`wit/sql.wit`)."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy

from scimlet import AsyncScimlet, Scimlet, Unavailable
from scimlet._port import Port
from scimlet.drivers import of_function

WIDE = 2**53 + 1
TYPES = {"I": "BIGINT", "T": "TEXT", "B": "BYTEA"}


class Asking:
    """Asks a port what the module asks."""

    def __init__(self, scimlet: Any) -> None:
        self._scimlet = scimlet
        self.driver: Any = None

    async def __aenter__(self) -> Asking:
        self.driver = self._scimlet._driver or await of_function(self._scimlet._connect)
        self.port = Port(self.driver, await self.driver.acquire(), False, "acme")
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.port.close()

    async def call(self, name: str, **arguments: Any) -> Any:
        text = json.dumps({"call": f"sql.{name}", "arguments": arguments})
        return json.loads(await self.port.answer(text.encode()))["return"]

    async def execute(self, *statements: tuple[Any, ...]) -> Any:
        """The rows of each statement, whose parameters are `?` and a letter of TYPES."""
        asked = []
        for text, *parameters in statements:
            if self.driver.dialect == "postgres":
                for place in range(1, len(parameters) + 1):
                    kind = TYPES[text[text.index("?") + 1]]
                    text = re.sub(r"\?.", f"${place}::{kind}", text, count=1)
            else:
                text = re.sub(r"\?.", "?", text)
            asked.append({"text": text, "parameters": parameters})
        return await self.call("execute", statements=asked)


async def make_table(asking: Asking) -> None:
    kind = "BYTEA" if asking.driver.dialect == "postgres" else "BLOB"
    made = await asking.execute((f"CREATE TABLE kept(number BIGINT, word TEXT, bytes {kind})",))
    assert made == {"ok": [[]]}


async def values_come_back(asking: Asking) -> None:
    await asking.call("begin", mode="write")
    await make_table(asking)
    word, blob = {"text": "a%b ñ"}, {"blob": "AAH/"}
    written = await asking.execute(
        (
            "INSERT INTO kept VALUES (?I, ?T, ?B) RETURNING number",
            {"integer": str(WIDE)},
            word,
            blob,
        ),
        ("INSERT INTO kept VALUES (?I, ?T, ?B)", {"integer": 5}, "null", "null"),
        ("SELECT number, word, bytes FROM kept WHERE word LIKE '%b%'",),
        ("SELECT 1.5 + SUM(number) IS NULL FROM kept WHERE number < ?I", {"integer": 0}),
    )
    wide = {"integer": str(WIDE)}
    assert written["ok"][:3] == [[[wide]], [], [[wide, word, blob]]]
    assert written["ok"][3] in ([[{"integer": 1}]], [[{"boolean": True}]])
    assert await asking.call("commit") == {"ok": None}
    assert await asking.execute(("SELECT COUNT(*) FROM kept",)) == {"ok": [[[{"integer": 2}]]]}


async def what_is_undone_is_undone(asking: Asking) -> None:
    await asking.call("begin", mode="write")
    await asking.execute(("DELETE FROM kept",))
    assert await asking.call("roll-back") is None
    await asking.call("begin", mode="write")
    failed = await asking.execute(("DELETE FROM kept",), ("SELECT nothing FROM nowhere",))
    assert "failed" in failed["err"]
    await asking.call("roll-back")
    await asking.call("begin", mode="read")
    assert await asking.execute(("SELECT COUNT(*) FROM kept",)) == {"ok": [[[{"integer": 2}]]]}
    await asking.call("commit")
    # What is begun and left is undone too.
    await asking.call("begin", mode="write")
    await asking.execute(("DELETE FROM kept",))


async def what_is_in_the_way_may_be_tried_again(asking: Asking, other: Asking) -> None:
    assert await other.call("begin", mode="write") == {"ok": None}
    if asking.driver.dialect == "sqlite":
        assert "again" in (await asking.call("begin", mode="write"))["err"]
    else:
        await asking.call("begin", mode="write")
        await other.execute(("LOCK TABLE kept",))
        refused = await asking.execute(("LOCK TABLE kept NOWAIT",))
        assert "again" in refused["err"]
        await asking.call("roll-back")
    await other.call("roll-back")


async def a_lost_connection_is_said_to_be(scimlet: Any) -> None:
    """Whether a commit happened is unknown then, and the connection is not used again."""
    lost = []
    for call in ("execute", "commit"):
        async with Asking(scimlet) as asking:
            if asking.driver.dialect == "sqlite":
                return
            await asking.call("begin", mode="write")
            pid = await asking.execute(("SELECT pg_backend_pid()::BIGINT",))
            async with Asking(scimlet) as other:
                end = ("SELECT pg_terminate_backend(?I::INT)", pid["ok"][0][0][0])
                await other.execute(end)
            if call == "commit":
                failed = await asking.call("commit")
            else:
                failed = await asking.execute(("SELECT 1",))
            lost.append(next(iter(failed["err"])))
        async with Asking(scimlet) as asking:
            assert "ok" in await asking.execute(("SELECT COUNT(*) FROM kept",))
    assert lost == ["failed", "unknown"]


async def an_unknown_completion_is_said_to_be(scimlet: Any) -> None:
    """SQLSTATE 40003, which databases raise at a commit that only speak the SQL of PostgreSQL."""
    async with Asking(scimlet) as asking:
        if asking.driver.dialect == "sqlite":
            return
        await asking.call("begin", mode="write")
        fails = "BEGIN RAISE 'who knows' USING ERRCODE = '40003'; END"
        trigger = (
            "CREATE CONSTRAINT TRIGGER fails AFTER DELETE ON kept DEFERRABLE INITIALLY DEFERRED"
        )
        await asking.execute(
            (f"CREATE FUNCTION fails() RETURNS TRIGGER LANGUAGE plpgsql AS $${fails}$$",),
            (f"{trigger} FOR EACH ROW EXECUTE FUNCTION fails()",),
            ("DELETE FROM kept",),
        )
        assert list((await asking.call("commit"))["err"]) == ["unknown"]


async def check(scimlet: Any) -> None:
    async with Asking(scimlet) as asking:
        await values_come_back(asking)
    async with Asking(scimlet) as asking:
        await what_is_undone_is_undone(asking)
    async with Asking(scimlet) as asking:
        assert await asking.execute(("SELECT COUNT(*) FROM kept",)) == {"ok": [[[{"integer": 2}]]]}
    await a_lost_connection_is_said_to_be(scimlet)
    await an_unknown_completion_is_said_to_be(scimlet)


async def check_two(scimlet: Any) -> None:
    async with Asking(scimlet) as asking, Asking(scimlet) as other:
        await asking.call("begin", mode="write")
        await make_table(asking)
        await asking.call("commit")
        await what_is_in_the_way_may_be_tried_again(asking, other)


async def test_synchronous_drivers(given: Any) -> None:
    await check(Scimlet(given))


async def test_asynchronous_drivers(async_given: Any) -> None:
    await check(AsyncScimlet(async_given))


async def test_two_transactions(given: Any) -> None:
    if not isinstance(given, sqlite3.Connection):
        await check_two(Scimlet(given))


async def test_two_asynchronous_transactions(async_given: Any) -> None:
    await check_two(AsyncScimlet(async_given))


def in_another_thread(scim: Scimlet) -> str:
    """How a call ended."""
    ended = ["it hangs"]

    def call() -> None:
        try:
            scim.migrate()
            ended[0] = "well"
        except Unavailable:
            ended[0] = "Unavailable"

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(10)
    return ended[0]


def test_a_connection_of_another_thread_is_given_back(tmp_path: Path) -> None:
    only = Scimlet(sqlite3.connect(tmp_path / "app.db"))
    assert [in_another_thread(only) for _ in range(2)] == ["Unavailable", "Unavailable"]
    only.migrate()
    # The one that the main thread has opened is thrown away.
    opening = Scimlet(lambda: sqlite3.connect(tmp_path / "app.db"))
    assert [in_another_thread(opening) for _ in range(2)] == ["Unavailable", "well"]


def test_a_connection_that_cannot_be_prepared_goes_back_to_its_pool(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(
        f"sqlite:///{tmp_path / 'app.db'}", pool_size=1, max_overflow=0, pool_timeout=1
    )

    def fails(*_arguments: Any) -> None:
        raise OSError("not now")

    sqlalchemy.event.listen(engine, "set_connection_execution_options", fails)
    with pytest.raises(Unavailable, match="not now") as failed:
        Scimlet(engine).migrate()
    sqlalchemy.event.remove(engine, "set_connection_execution_options", fails)
    Scimlet(engine).migrate()
    # Nothing has collected the connection: the exception's frames hold it.
    assert failed.tb is not None
    engine.dispose()


NOWHERE = "postgresql://postgres@/app?host=/nowhere"


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_without_a_database_calls_are_unavailable(driver: str) -> None:
    engine = sqlalchemy.create_engine(NOWHERE.replace("postgresql", f"postgresql+{driver}"))
    with pytest.raises(Unavailable, match="there is no connection"):
        Scimlet(engine).migrate()
    with pytest.raises(Unavailable, match="there is no connection"):
        Scimlet(lambda: psycopg.connect(NOWHERE))


async def test_without_a_database_asynchronous_calls_are_unavailable() -> None:
    with pytest.raises(Unavailable, match="there is no connection"):
        await AsyncScimlet(lambda: asyncpg.connect(NOWHERE)).migrate()
    async with asyncpg.create_pool(NOWHERE, min_size=0) as pool:
        with pytest.raises(Unavailable, match="there is no connection"):
            await AsyncScimlet(pool).migrate()
