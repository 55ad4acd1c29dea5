"""Processor time of a request over SQLite, start, and many requests in flight: `bench/bench.py`.

Each figure is the median of the rounds, with the least and the greatest. What is wanted is printed
beside it, and fails nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scimlet import AsyncScimlet, Client, Request, Scimlet, Tenant
from scimlet.drivers.base import Statement
from scimlet.drivers.kept import Kept
from scimlet.drivers.sqlite import Sqlite

BASE = "https://scim.example.com/acme"
OKTA = Client("okta")
JSON = [("content-type", "application/scim+json")]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
MEMBERS = 1_000
STATEMENT_SECONDS = 0.005
IN_FLIGHT = 32

START = """
import sqlite3, sys, time
from scimlet import Client, Request, Scimlet
scim = Scimlet(lambda: sqlite3.connect(sys.argv[1], check_same_thread=False))
request = Request("GET", sys.argv[2])
answer = scim.tenant("acme").handle(request, "https://x.example.com", caller=Client("okta"))
assert answer.status == 200
"""


def connect(path: Path) -> Callable[[], sqlite3.Connection]:
    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        return connection

    return opened


def ask(acme: Tenant, method: str, path: str, document: Any = None) -> Any:
    body = "" if document is None else json.dumps(document)
    answer = acme.handle(Request(method, path, "", JSON, body), BASE, caller=OKTA)
    assert answer.status < 300, answer
    return json.loads(answer.body)


def measured(times: int, run: Callable[[int], Any], clock: Callable[[], float]) -> float:
    """Milliseconds for each run."""
    began = clock()
    for number in range(times):
        run(number)
    return (clock() - began) / times * 1000


def show(name: str, wanted: str, figures: Sequence[float], unit: str = "ms") -> None:
    middle, least, most = statistics.median(figures), min(figures), max(figures)
    print(
        f"{name:38} {middle:8.2f} {unit}  ({least:.2f} to {most:.2f}; wanted {wanted})", flush=True
    )


def requests(path: Path, rounds: int) -> str:
    """Kept instances, one request at a time."""
    scim = Scimlet(connect(path))
    scim.migrate()
    scim.create_tenant("acme")
    acme = scim.tenant("acme")
    acme.configure({"extends": "okta"})
    users = [
        ask(acme, "POST", "/Users", {"schemas": [USER], "userName": f"user{number}"})["id"]
        for number in range(MEMBERS)
    ]
    members = [{"value": id} for id in users]
    group = {"schemas": [GROUP], "displayName": "all", "members": members}
    group_path = "/Groups/" + ask(acme, "POST", "/Groups", group)["id"]
    other = {**group, "members": [*members[1:], {"value": users[0]}]}
    made = iter(range(10_000_000))

    def create(_number: int) -> None:
        ask(acme, "POST", "/Users", {"schemas": [USER], "userName": f"new{next(made)}"})

    def put(number: int) -> None:
        document = {**other, "members": other["members"][number % 2 :]}
        ask(acme, "PUT", group_path, document)

    user_path = f"/Users/{users[0]}"
    cases: list[tuple[str, str, int, Callable[[int], Any]]] = [
        ("GET by id", "< 2", 200, lambda _: ask(acme, "GET", user_path)),
        ("create", "-", 50, create),
        ("a group of 1,000: GET", "< 40", 10, lambda _: ask(acme, "GET", group_path)),
        ("a group of 1,000: PUT", "< 80", 10, put),
    ]
    for name, wanted, times, run in cases:
        run(0)
        show(name, wanted, [measured(times, run, time.process_time) for _ in range(rounds)])
    return user_path


def start(path: Path, user_path: str, rounds: int) -> None:
    """A process from its start to the first answer, with cached code, less Python's own start."""

    def run(script: str) -> Callable[[int], Any]:
        command = [sys.executable, "-c", script, str(path), user_path]
        return lambda _: subprocess.run(command, check=True)

    run(START)(0)
    clock = time.perf_counter
    own = statistics.median(measured(1, run("import sqlite3"), clock) for _ in range(rounds))
    figures = [measured(1, run(START), clock) - own for _ in range(rounds)]
    show("start to first answer", "< 300", figures)


class Slow(Sqlite):
    """A database that takes its time for each statement."""

    async def command(self, connection: sqlite3.Connection, text: str) -> None:
        await asyncio.sleep(STATEMENT_SECONDS)
        await super().command(connection, text)

    async def rows(self, connection: sqlite3.Connection, statements: Sequence[Statement]) -> Any:
        await asyncio.sleep(STATEMENT_SECONDS * len(statements))
        return await super().rows(connection, statements)


async def in_flight(path: Path, user_path: str, rounds: int) -> None:
    """Requests a second, one at a time and many at once."""
    scim = AsyncScimlet(None)
    scim._driver = Slow(Kept(connect(path)))
    acme = scim.tenant("acme")

    async def get() -> None:
        assert (await acme.handle(Request("GET", user_path), BASE, caller=OKTA)).status == 200

    async def each_second(at_once: int) -> float:
        began, times = time.perf_counter(), 4
        for _ in range(times):
            await asyncio.gather(*[get() for _ in range(at_once)])
        return times * at_once / (time.perf_counter() - began)

    await each_second(IN_FLIGHT)
    ratios = []
    for _ in range(rounds):
        one, many = await each_second(1), await each_second(IN_FLIGHT)
        ratios.append(many / one)
    show(f"asyncio, {IN_FLIGHT} in flight against one", ">= 4", ratios, "x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        user_path = requests(path, rounds)
        start(path, user_path, rounds)
        asyncio.run(in_flight(path, user_path, rounds))


if __name__ == "__main__":
    main()
