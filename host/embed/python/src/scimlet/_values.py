"""Values of SQL in the JSON of the module: the image of `value` in `wit/sql.wit`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

#: The greatest integer that is written as a number.
EXACT = 1 << 53

Row = Sequence[Any]


def decoded(value: Any) -> Any:
    """The Python value of a parameter."""
    if value == "null":
        return None
    ((kind, content),) = value.items()
    if kind == "integer":
        return int(content)
    if kind == "blob":
        return base64.b64decode(content)
    return content


def encoded(value: Any) -> Any:
    """The value of a column in JSON."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, bool):
        return {"boolean": value}
    if isinstance(value, int):
        return {"integer": value if -EXACT <= value <= EXACT else str(value)}
    if isinstance(value, float):
        return {"real": value}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"blob": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Decimal):
        # PostgreSQL's sum of integers is one.
        return {"text": str(value)}
    raise TypeError(f"a column has a {type(value).__name__}")


def encoded_rows(rows: Iterable[Row]) -> list[list[Any]]:
    """Rows in JSON."""
    return [[encoded(value) for value in row] for row in rows]
