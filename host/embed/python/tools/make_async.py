"""Writes `_async_tenant.py` from `_tenant.py`: the same functions, as coroutines."""

import re
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "src" / "scimlet"

CHANGES = [
    (r'^"""A tenant', '"""An asynchronous tenant'),
    (r"\bclass Calls\b", "class AsyncCalls"),
    (r"calls: Calls\b", "calls: AsyncCalls"),
    (r"\bclass Tenant\b", "class AsyncTenant"),
    (r"^(    )def (?!_origin\b|__init__\b)", r"\1async def "),
    (r"(self\._(?:admin|directory|result)\()", r"await \1"),
    (r"(self\._calls\.call\()", r"await \1"),
    (r"(self\.events\()", r"await \1"),
    (r"time\.sleep", "await asyncio.sleep"),
    (r"^import json\nimport time$", "import asyncio\nimport json"),
    (r"\bIterator\b", "AsyncIterator"),
    (r"^def succeeded.*\Z", ""),
    (r"^from \._errors import CASES, Error\n", ""),
    (r"^(from \._types import \(\n(?:    .*\n)+\)\n)", "from ._tenant import succeeded\n\\1"),
]


def asynchronous() -> str:
    """The text of `_async_tenant.py`."""
    text = (SOURCES / "_tenant.py").read_text()
    for pattern, replacement in CHANGES:
        flags = re.MULTILINE | (re.DOTALL if r"\Z" in pattern else 0)
        text = re.sub(pattern, replacement, text, flags=flags)
    note = "# Made from _tenant.py by tools/make_async.py.\n"
    return note + text.rstrip() + "\n"


if __name__ == "__main__":
    target = SOURCES / "_async_tenant.py"
    if sys.argv[1:] == ["--check"]:
        sys.exit(target.read_text() != asynchronous())
    target.write_text(asynchronous())
