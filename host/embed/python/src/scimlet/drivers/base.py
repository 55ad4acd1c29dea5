"""What scimlet needs of a database driver.

Transactions are begun and ended by the statements of `wit/sql.wit`, so a driver only carries text.
Its methods are coroutines; those of a synchronous driver never wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from .._errors import Error, Unavailable
from .._values import Row

Dialect = Literal["sqlite", "postgres"]
Kind = Literal["again", "failed", "lost"]

#: SQLSTATEs of transactions that were in each other's way.
IN_THE_WAY = ("40001", "40P01", "55P03")
#: How SQLSTATEs begin that end a session (the connection, the operator), or leave open whether the
#: statement was completed.
ENDED = ("08", "57P", "40003")


class Statement(NamedTuple):
    """A statement, with `?` or `$1` for its first parameter."""

    text: str
    parameters: Sequence[Any]


class InUse(Unavailable):
    """The connection is in a transaction of the application's."""

    def __init__(self) -> None:
        super().__init__("the connection is in a transaction: join it with `on(connection)`")


class Driver(ABC):
    """A way to connections of one kind, and what is done with them."""

    dialect: Dialect

    @abstractmethod
    async def acquire(self) -> Any:
        """A connection that nobody else uses, which begins a transaction only when told to."""

    @abstractmethod
    async def release(self, connection: Any, usable: bool) -> None:
        """Takes back a connection of `acquire`, with its settings as they were."""

    @abstractmethod
    async def join(self, connection: Any) -> bool:
        """Whether this connection of the application's is in a transaction. Where its driver would
        begin one before the next statement, it is begun."""

    @abstractmethod
    async def command(self, connection: Any, text: str) -> None:
        """Executes a statement that begins or ends a transaction."""

    @abstractmethod
    async def rows(
        self, connection: Any, statements: Sequence[Statement]
    ) -> Sequence[Sequence[Row]]:
        """Executes statements in their order; the rows of each."""

    @abstractmethod
    def kind(self, error: BaseException) -> Kind:
        """What an exception of the driver says."""


@contextmanager
def connecting() -> Iterator[None]:
    """Turns what goes wrong on the way to a connection into Unavailable."""
    try:
        yield
    except Error:
        raise
    except Exception as error:
        raise Unavailable(f"there is no connection: {sentence(error)}") from error


def sentence(error: Exception) -> str:
    """What an exception says, for the operator. The values of a statement are personal data:
    SQLAlchemy adds them to what the driver said, and PostgreSQL names some in further lines."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).partition(chr(10))[0]}"


def kind_of(sqlstate: str | None) -> Kind:
    """What a SQLSTATE says. An exception without one did not come from the server."""
    if sqlstate in IN_THE_WAY:
        return "again"
    return "lost" if sqlstate is None or sqlstate.startswith(ENDED) else "failed"
