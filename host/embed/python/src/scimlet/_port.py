"""Answers the calls that the module makes while it runs: `sql`, `application`, `journal`."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from . import _values
from ._application import (
    Application,
    Follows,
    ForbiddenChange,
    InvalidChange,
    change,
    own_ids,
)
from .drivers.base import Driver, Kind, Statement, sentence

LOGGER = logging.getLogger("scimlet")
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

#: What begins a transaction of our own.
BEGIN = {
    ("sqlite", "read"): "BEGIN",
    ("sqlite", "write"): "BEGIN IMMEDIATE",
    ("postgres", "read"): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    ("postgres", "write"): "BEGIN ISOLATION LEVEL READ COMMITTED",
}


class Port:
    """One connection, for the time of one call of the module."""

    def __init__(
        self,
        driver: Driver,
        connection: Any,
        joins: bool,
        tenant: str,
        application: Application | Follows | None = None,
    ) -> None:
        self._driver, self._connection, self._joins = driver, connection, joins
        self._tenant, self._application = tenant, application
        #: `None` outside a transaction; else whether it is a savepoint in the application's.
        self._savepoint: bool | None = None
        #: False after a failure that leaves the connection in an unknown state.
        self._usable = True

    async def answer(self, text: bytes) -> bytes:
        """The answer to a call of the module. No exception of a driver leaves it."""
        call = json.loads(text)
        name, arguments = call["call"], call.get("arguments") or {}
        if name == "journal.write":
            self._write(arguments["note"])
            return b""
        method = self._methods.get(name)
        if method is None:
            return b'{"error":"there is no such function"}'
        answer = {"return": await method(self, **arguments)}
        return json.dumps(answer, separators=(",", ":")).encode()

    def interrupted(self) -> None:
        """Says that the driver was interrupted: the connection is of no use any more."""
        self._usable, self._savepoint = False, None

    async def close(self) -> None:
        """Undoes what was not committed, as after a call that was given up, and gives back the
        connection."""
        if self._savepoint is not None:
            await self._roll_back()
        if self._joins:
            return
        try:
            await self._driver.release(self._connection, self._usable)
        except Exception as error:
            LOGGER.warning("%s: a connection was lost: %r", self._tenant, sentence(error))

    async def _begin(self, mode: str) -> Any:
        try:
            joined = self._joins and await self._driver.join(self._connection)
            begin = "SAVEPOINT scimlet" if joined else BEGIN[self._driver.dialect, mode]
            await self._driver.command(self._connection, begin)
        except Exception as error:
            return self._failed(error)
        self._savepoint = joined
        return {"ok": None}

    async def _execute(self, statements: list[dict[str, Any]]) -> Any:
        if self._savepoint is not None or not self._joins or self._driver.dialect == "sqlite":
            return await self._rows(statements)
        # Where a statement fails outside a savepoint, PostgreSQL gives up the whole transaction.
        begun = await self._begin("read")
        if "err" in begun:
            return begun
        answer = await self._rows(statements)
        if "err" in answer:
            await self._roll_back()
            return answer
        ended = await self._commit()
        return ended if "err" in ended else answer

    async def _rows(self, statements: list[dict[str, Any]]) -> Any:
        asked = [
            Statement(one["text"], [_values.decoded(value) for value in one["parameters"]])
            for one in statements
        ]
        try:
            answers = await self._driver.rows(self._connection, asked)
            return {"ok": [_values.encoded_rows(rows) for rows in answers]}
        except Exception as error:
            return self._failed(error)

    async def _commit(self) -> Any:
        own = not self._savepoint
        commit = "COMMIT" if own else "RELEASE SAVEPOINT scimlet"
        try:
            await self._driver.command(self._connection, commit)
        except Exception as error:
            return self._failed(error, committing=own)
        self._savepoint = None
        return {"ok": None}

    async def _roll_back(self) -> None:
        savepoint, self._savepoint = self._savepoint, None
        if savepoint is None:
            return
        try:
            if not savepoint:
                await self._driver.command(self._connection, "ROLLBACK")
                return
            await self._driver.command(self._connection, "ROLLBACK TO SAVEPOINT scimlet")
            await self._driver.command(self._connection, "RELEASE SAVEPOINT scimlet")
        except Exception as error:
            # Nothing more is to be said of a connection that was lost before.
            if self._usable:
                text = sentence(error)
                LOGGER.warning("%s: a transaction was not undone: %r", self._tenant, text)
            self._usable = False

    async def _before_commit(self, changes: list[dict[str, Any]]) -> Any:
        assert self._application is not None, "the call said that there is one"
        try:
            # To release it fails if the application ended the transaction, or left it aborted.
            await self._driver.command(self._connection, "SAVEPOINT scimlet_application")
        except Exception as error:
            return self._failed(error)
        try:
            told = [change(one) for one in changes]
            ids = await own_ids(self._application, told, self._connection)
            await self._driver.command(self._connection, "RELEASE SAVEPOINT scimlet_application")
            return {"ok": ids}
        except InvalidChange as error:
            return {"err": {"invalid": str(error)}}
        except ForbiddenChange as error:
            return {"err": {"forbidden": str(error)}}
        except Exception as error:
            if self._driver.kind(error) == "again":
                return {"err": {"again": sentence(error)}}
            where = "".join(traceback.format_tb(error.__traceback__))
            LOGGER.error("%s: the application failed: %s\n%s", self._tenant, sentence(error), where)
            return {"err": {"failed": sentence(error)}}

    def _failed(self, error: Exception, committing: bool = False) -> Any:
        """A `failure` of `wit/sql.wit`."""
        kind: Kind = self._driver.kind(error)
        if kind != "lost":
            return {"err": {kind: sentence(error)}}
        self._usable = False
        return {"err": {"unknown" if committing else "failed": sentence(error)}}

    def _write(self, note: dict[str, str]) -> None:
        # As %r, because a line break in a note must not begin a line of the log.
        level = LEVELS.get(note["level"], logging.INFO)
        LOGGER.log(level, "%s: %s: %r", self._tenant, note["topic"], note["text"])

    _methods: ClassVar[dict[str, Callable[..., Awaitable[Any]]]] = {
        "sql.begin": _begin,
        "sql.execute": _execute,
        "sql.commit": _commit,
        "sql.roll-back": _roll_back,
        "application.before-commit": _before_commit,
    }
