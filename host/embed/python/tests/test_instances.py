"""Instances, their pool, and the compiled code on disk."""

from __future__ import annotations

import gc
import json
import os
import pwd
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from scimlet import Fault, Scimlet, _code, _instance
from scimlet._base import code
from scimlet._instance import Instance, Pool

PROFILE = '{"extends": "okta"}'


def call(function: str, **arguments: Any) -> bytes:
    text = {"call": function, "arguments": arguments, "now": 1, "seed": "00" * 32}
    return json.dumps(text).encode()


def explain() -> bytes:
    return call("admin.explain", profile=PROFILE)


def unanswered(_question: bytes) -> bytes:
    return b'{"error":"nobody answers"}'


def test_an_instance_from_the_image_answers_as_the_first_did() -> None:
    first, second = Instance(code()), Instance(code())
    assert first.call(explain(), unanswered) == second.call(explain(), unanswered)
    assert b'{"return":{"ok"' in second.call(explain(), unanswered)


def test_an_instance_whose_call_raised_is_thrown_away() -> None:
    pool = Pool(code(), 4)

    def fails(_question: bytes) -> bytes:
        raise KeyError("the application's")

    with pytest.raises(KeyError, match="the application's"):
        pool.call("acme", call("admin.profile"), fails)
    assert pool._idle == []
    pool.call("acme", explain(), unanswered)
    assert len(pool._idle) == 1


def test_instances_serve_one_tenant_and_the_oldest_goes() -> None:
    pool = Pool(code(), 2)
    for tenant in ("a", "b", "a", "c"):
        pool.call(tenant, explain(), unanswered)
    assert [tenant for tenant, _ in pool._idle] == ["a", "c"]


def test_sixteen_threads_get_their_own_answers() -> None:
    pool = Pool(code(), 16)
    seen: dict[int, set[str]] = {}

    def ask(number: int) -> None:
        def answer(_question: bytes) -> bytes:
            if number % 2:
                raise KeyError(number)
            return b'{"error":"nobody answers"}'

        for _ in range(20):
            try:
                outcome = pool.call("acme", call("admin.profile"), answer).decode()
            except KeyError as error:
                outcome = repr(error)
            seen.setdefault(number, set()).add(outcome)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert all(seen[number] == {f"KeyError({number})"} for number in range(1, 16, 2))
    assert all(len(seen[number]) == 1 and "unavailable" in str(seen[number]) for number in (0, 14))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_instance, "MEMORY_BYTES", 4 << 20)
    with pytest.raises(Fault):
        Instance(code()).call(call("admin.explain", profile=" " * (8 << 20)), unanswered)


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_instance, "SECONDS", 0.0)
    instance, ended = Instance(code()), threading.Event()

    def hurry() -> None:
        while not ended.is_set():
            code().engine.increment_epoch()

    long = call("admin.explain", profile=json.dumps({"extends": ["okta"] * 500_000}))
    clock = threading.Thread(target=hurry)
    clock.start()
    try:
        with pytest.raises(Fault):
            instance.call(long, unanswered)
    finally:
        ended.set()
        clock.join()


def test_waiting_for_the_database_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_instance, "SECONDS", 1.0)

    def wait(_question: bytes) -> bytes:
        for _ in range(20):
            code().engine.increment_epoch()
        return b'{"error":"nobody answers"}'

    assert b"unavailable" in Instance(code()).call(call("admin.profile"), wait)


def test_compiled_code_is_kept_and_only_read_where_nobody_else_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SCIMLET_CACHE", str(folder))
    config = wasmtime.Config()
    config.epoch_interruption = True
    engine = wasmtime.Engine(config)
    _code.load(engine)
    (file,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o077 == 0
    written = file.stat().st_mtime_ns
    _code.load(engine)
    assert file.stat().st_mtime_ns == written
    # Another build's, or damaged: it is written anew.
    file.write_bytes(b"nothing")
    _code.load(engine)
    assert file.stat().st_size > 1 << 20
    # What others can write is not executed, and not replaced in a folder that others can write.
    os.chmod(folder, 0o777)
    assert _code.cached_file(b"") is None


def test_without_a_folder_it_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SCIMLET_CACHE", str(tmp_path / "file" / "cache"))
    assert _code.cached_file(b"") is None


def test_without_a_home_it_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_user: Any) -> None:
        raise KeyError("there is no such user")

    for name in ("SCIMLET_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert _code.cached_file(b"") is None


def in_a_child(work: Callable[[], bool]) -> bool:
    """What a function returns in a process that was forked."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        is_good = False
        try:
            is_good = work()
        finally:
            os._exit(0 if is_good else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_time_is_bounded_after_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    long = call("admin.explain", profile=json.dumps({"extends": ["okta"] * 500_000}))
    pool = Pool(code(), 4)
    pool.call("acme", explain(), unanswered)
    monkeypatch.setattr(_instance, "SECONDS", 0.0)
    monkeypatch.setattr(_code, "TICK_SECONDS", 0.01)

    def ends() -> bool:
        with pytest.raises(Fault):
            pool.call("acme", long, unanswered)
        return True

    assert in_a_child(ends)


def test_a_fork_leaves_connections_to_the_parent(tmp_path: Path) -> None:
    closed = tmp_path / "closed"

    class Connection(sqlite3.Connection):
        def __del__(self) -> None:
            with closed.open("a") as file:
                file.write(f"{os.getpid()} ")

    def connect() -> Connection:
        path = tmp_path / "app.db"
        return sqlite3.connect(path, check_same_thread=False, factory=Connection)

    scim = Scimlet(connect)
    scim.migrate()

    def uses_its_own() -> bool:
        is_made = scim.create_tenant("acme")
        gc.collect()
        return is_made

    assert in_a_child(uses_its_own)
    assert not closed.exists()
    assert [one.name for one in scim.tenants()] == ["acme"]
