"""Writes `_async_tenant.py` from `_tenant.py` and `_async_tables.py` from `_tables.py`: the same
functions, as coroutines."""

import re
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "src" / "scimlet"

CHANGES = [
    (r'^"""A tenant', '"""An asynchronous tenant'),
    (r"(class |: |\()Calls\b", r"\1AsyncCalls"),
    (
        r"^from \._tenant import Calls, Tenant, ",
        "from ._async_tenant import AsyncCalls, AsyncTenant\nfrom ._tenant import ",
    ),
    (r"(class |-> |return )Tenant\b", r"\1AsyncTenant"),
    (r"\bclass Tables\b", "class AsyncTables"),
    (r"^(    )def (?!_origin\b|__init__\b|tenant\b)", r"\1async def "),
    (r"(self\._(?:admin|directory|result)\()", r"await \1"),
    (r"(self\.(?:_calls\.)?call\()", r"await \1"),
    (r"(self\.events\()", r"await \1"),
    (r"time\.sleep", "await asyncio.sleep"),
    (r"^import json\nimport time$", "import asyncio\nimport json"),
    (r"\bIterator\b", "AsyncIterator"),
    (r"^def succeeded.*\Z", ""),
    (r"^from \._errors import CASES, Error\n", ""),
    (r"^(from \._types import \(\n(?:    .*\n)+\)\n)", "from ._tenant import succeeded\n\\1"),
]


def asynchronous(name: str) -> str:
    """The text of the asynchronous counterpart."""
    text = (SOURCES / f"_{name}.py").read_text()
    for pattern, replacement in CHANGES:
        flags = re.MULTILINE | (re.DOTALL if r"\Z" in pattern else 0)
        text = re.sub(pattern, replacement, text, flags=flags)
    return f"# Made from _{name}.py by tools/make_async.py.\n{text.rstrip()}\n"


if __name__ == "__main__":
    for name in ("tenant", "tables"):
        target = SOURCES / f"_async_{name}.py"
        if sys.argv[1:] != ["--check"]:
            target.write_text(asynchronous(name))
        elif target.read_text() != asynchronous(name):
            sys.exit(f"{target.name} is not what tools/make_async.py makes")
