"""Each driver by itself, as the module uses it (`wit/sql.wit`)."""

from __future__ import annotations

import json
import re
from typing import Any

from scimlet import AsyncScimlet, Scimlet
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


async def check(scimlet: Any) -> None:
    async with Asking(scimlet) as asking:
        await values_come_back(asking)
    async with Asking(scimlet) as asking:
        await what_is_undone_is_undone(asking)
    async with Asking(scimlet) as asking:
        assert await asking.execute(("SELECT COUNT(*) FROM kept",)) == {"ok": [[[{"integer": 2}]]]}


async def test_synchronous_drivers(given: Any) -> None:
    await check(Scimlet(given))


async def test_asynchronous_drivers(async_given: Any) -> None:
    await check(AsyncScimlet(async_given))
