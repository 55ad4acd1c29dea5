"""What Scimlet and AsyncScimlet have in common."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ._application import Application, Follows
from ._code import MODULE, Code
from ._errors import Error, Invalid
from ._http import Mount, WhichTenant
from ._instance import Pool
from ._rates import Rates
from ._types import Headers
from .drivers.base import Driver

#: So many idle instances are kept, of all tenants together. Each has some MiB.
IDLE = 32
CODE_LOCK = threading.Lock()


class Base:
    """Instances of the module, and the texts of calls."""

    def __init__(self, application: Application | Follows | None, idle_instances: int) -> None:
        with CODE_LOCK:
            self._pool = Pool(code(), idle_instances)
        self._application = application
        self._rates = Rates()
        #: The connection that `on` was given.
        self._joined: Any = None

    def tenant_of(self, headers: Headers) -> str | None:
        """The tenant that the Authorization header claims, unverified; None if it names none.
        Needs no database."""
        call = {"call": "provider.tenant-of", "arguments": {"headers": list(headers)}}
        name = returned(self._pool.call("", json.dumps(call).encode(), bytes))
        return None if name is None else str(name)

    def _text(
        self, tenant: str, function: str, arguments: Mapping[str, Any], driver: Driver
    ) -> bytes:
        """The text of a call. Its random bytes are used once."""
        call = {
            "call": function,
            "arguments": arguments,
            "now": time.time_ns() // 1_000_000,
            "seed": os.urandom(32).hex(),
            "database": {"dialect": driver.dialect, "tenant": tenant},
        }
        if self._application is not None:
            call["application"] = True
        try:
            # Escapes would make text of other alphabets three times as long.
            return json.dumps(call, separators=(",", ":"), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Invalid("a text has half of a character") from None

    def _mount(self, at: str, tenant: WhichTenant, base_url: str | None) -> Mount:
        base_url = base_url and base_url.rstrip("/")
        return Mount(at.rstrip("/"), tenant, base_url, self.tenant_of, self._rates)


@cache
def code(wasm: Path = MODULE) -> Code:
    """The compiled module of this process."""
    return Code(wasm)


def returned(answer: bytes) -> Any:
    """The value of the module's answer."""
    value = json.loads(answer)
    if "error" in value:
        raise Error(value["error"])
    return value["return"]
