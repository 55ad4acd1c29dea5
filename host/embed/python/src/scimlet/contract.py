"""The contract of stores, run over a database and its driver: whether they carry statements and
transactions as scimlet needs them. For tests of drivers, proxies and databases of another make.

    python -m scimlet.contract --wasm scimlet-contract-module.wasm sqlite:test.db
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._base import code
from ._instance import Pool
from ._scimlet import Scimlet

#: The cases use tenants whose names begin so, and remove them.
TENANT = "scimlet-contract"


class Contract(Scimlet):
    """The cases, over what `Scimlet` takes as `connect`: a database for tests. `wasm` is the file
    `scimlet-contract-module.wasm` of a release of the package's version."""

    def __init__(self, connect: Any, wasm: str | Path) -> None:
        super().__init__(connect)
        self._pool = Pool(code(Path(wasm)), 1)

    def cases(self) -> list[str]:
        """The names of all cases."""
        return list(self.call(TENANT, "contract.cases", {}))

    def run(self, cases: Sequence[str] = ()) -> list[str]:
        """A sentence for each rule that is broken; none if all is as it should be. Runs the cases
        of these names, or all, which takes minutes."""
        told: list[str] = []
        for case in cases or self.cases():
            told += self.call(TENANT, "contract.run", {"cases": [case]})
        return told


def connecting(database: str) -> Any:
    """What gives connections to `sqlite:PATH`, or to a URL of PostgreSQL."""
    kind, _, path = database.partition(":")
    if kind == "sqlite":
        return lambda: sqlite3.connect(path, check_same_thread=False)
    import psycopg

    return lambda: psycopg.connect(database)


def main() -> int:
    """Prints a line for each rule that is broken, and returns the status to exit with."""
    parser = argparse.ArgumentParser(prog="scimlet.contract", description=__doc__)
    parser.add_argument("--wasm", required=True, help="scimlet-contract-module.wasm")
    parser.add_argument("database", help="sqlite:PATH, or a URL of PostgreSQL: one for tests")
    options = parser.parse_args()
    contract = Contract(connecting(options.database), options.wasm)
    cases = contract.cases()
    broken = 0
    for case in cases:
        for sentence in contract.run([case]):
            broken += 1
            print(sentence, flush=True)
    print(f"{broken} rules broken, of {len(cases)} cases")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
