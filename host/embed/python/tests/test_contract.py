"""The contract of stores over the drivers, and over a connection that breaks it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scimlet.contract import Contract

#: The cases of each kind that are quick.
CASES = [
    "get_commit::an_inserted_entry_is_read_back",
    "get_commit::a_refused_commit_leaves_no_trace",
    "unique::types_are_kept_apart",
    "links::pages_of_links_join_up",
    "find::text_operators_take_any_character",
    "pages::a_deep_filter",
    "times::times_never_go_back",
    "limits::nul_is_kept_or_invalid",
    "isolation::tenants_share_nothing",
]


@pytest.fixture
def wasm() -> Path:
    """The file of the contract, which the environment names."""
    named = os.environ.get("SCIMLET_CONTRACT_MODULE")
    if named is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI=true demands SCIMLET_CONTRACT_MODULE")
        pytest.skip("SCIMLET_CONTRACT_MODULE names no file")
    return Path(named)


def test_drivers_hold_the_contract(given: Any, wasm: Path) -> None:
    contract = Contract(given, wasm)
    assert set(CASES) <= set(contract.cases())
    assert contract.run(CASES) == []


class Forgetful(sqlite3.Connection):
    """Says that it has committed, and has not."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute("ROLLBACK" if sql == "COMMIT" else sql, *parameters)


def test_a_connection_that_commits_nothing_is_found_out(tmp_path: Path, wasm: Path) -> None:
    path = tmp_path / "app.db"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False, factory=Forgetful)

    told = Contract(connect, wasm).run(CASES[:1])
    assert len(told) == 1
    assert told[0].startswith("get_commit: an inserted entry is read back")


def test_the_command_says_what_is_broken(tmp_path: Path, wasm: Path) -> None:
    command = [sys.executable, "-m", "scimlet.contract", "--wasm", str(wasm)]
    broken = subprocess.run([*command, f"sqlite:{tmp_path}"], capture_output=True, text=True)
    assert broken.returncode != 0, "a folder is no database"
