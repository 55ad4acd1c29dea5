"""Tests of programs over HTTP: the README's first example, and servers that are killed under load.

`BUILD` is the folder with the programs, `SCIMLET_ROUNDS` how often a server is killed."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import re
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cluster import Cluster, programs
from first_example import PATCH, USER, first_example, run

HERE = Path(__file__).parent
BUILD = Path(os.environ.get("BUILD", HERE.parent / "build"))
ROUNDS = int(os.environ.get("SCIMLET_ROUNDS", "3"))
CLIENTS = 4
MOST_LINES = 200


class Library(unittest.TestCase):
    def test_all_that_it_gives_to_the_linker_has_its_prefix(self) -> None:
        command = ["nm", "-g", "--defined-only", BUILD / "libscimlet.a"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        names = [line.split()[2] for line in listed.splitlines() if len(line.split()) == 3]
        self.assertIn("scimlet_open", names)
        # On macOS, and where sanitizers add names, they begin with underscores.
        given = {name.lstrip("_") for name in names if not name.startswith("__")}
        self.assertEqual([name for name in given if not name.startswith("scimlet")], [])


INTERFACES = HERE.parent.parent.parent.parent / "wit"


class Readme(unittest.TestCase):
    @unittest.skipUnless(INTERFACES.exists(), "the interfaces are not in the archive")
    def test_its_table_has_all_functions_with_their_arguments(self) -> None:
        wanted = {}
        for interface in ("admin", "directory", "tables"):
            text = re.sub("///.*", "", (INTERFACES / f"{interface}.wit").read_text())
            for name, given in re.findall(r"^  ([a-z-]+): func\((.*?)\)", text, re.M | re.S):
                wanted[f"{interface}.{name}"] = re.findall(r"([a-z-]+): ", given)
        readme = (HERE.parent / "README.md").read_text()
        rows = re.findall(r"^\| `([a-z]+\.[a-z-]+)` \| (.*?) \|", readme, re.M)
        told = {name: re.findall(r"`([a-z-]+)`: ", given) for name, given in rows}
        self.assertEqual(told, wanted)


class FirstExample(unittest.TestCase):
    def test_it_is_as_short_as_it_says(self) -> None:
        self.assertLessEqual(len(first_example().splitlines()), MOST_LINES)

    def test_it_is_the_one_that_is_compiled(self) -> None:
        self.assertEqual(first_example(), (HERE.parent / "examples" / "app.c").read_text())

    def test_it_holds(self) -> None:
        run(str(BUILD / "app"))


class Client(threading.Thread):
    """Creates users and deactivates some, until the server does not answer."""

    def __init__(self, tenant: dict[str, str], names: itertools.count[int]) -> None:
        super().__init__()
        self._tenant, self._names = tenant, names
        #: What was acknowledged: whether the user of this name is active.
        self.acknowledged: dict[str, bool] = {}
        #: What was not answered, and so may have happened.
        self.unknown: set[str] = set()
        #: Answers that are neither good nor say that it was busy.
        self.others: list[str] = []

    def run(self) -> None:
        while True:
            name = f"user{next(self._names)}"
            self.unknown.add(name)
            try:
                made = self._ask("POST", "/Users", {"schemas": [USER], "userName": name})
                if made is None:
                    continue
                self.acknowledged[name] = True
                self.unknown.discard(name)
                if random.random() < 0.5:
                    self.unknown.add(name)
                    change = [{"op": "replace", "value": {"active": False}}]
                    patch = {"schemas": [PATCH], "Operations": change}
                    if self._ask("PATCH", f"/Users/{made['id']}", patch) is not None:
                        self.acknowledged[name] = False
                        self.unknown.discard(name)
            except (OSError, ValueError, http.client.HTTPException):  # Also half an answer.
                return

    def _ask(self, method: str, path: str, document: Any) -> Any:
        """The document of a good answer; None if it was busy."""
        where = urlsplit(self._tenant["url"])
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        headers = {
            "authorization": "Bearer " + self._tenant["secret"],
            "content-type": "application/scim+json",
        }
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, where.path + path, body, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status in (200, 201):
            return found
        if answer.status != 503:
            self.others.append(f"{answer.status}: {found}")
        return None

    def users(self) -> dict[str, bool]:
        """userName and active of all users, as SCIM shows them."""
        found, start = {}, 1
        while True:
            query = f"attributes=userName,active&startIndex={start}&count=200"
            page = self._ask("GET", f"/Users?{query}", None)
            for user in page.get("Resources", []):
                found[user["userName"]] = bool(user.get("active", True))
            start += len(page.get("Resources", []))
            if start > page["totalResults"]:
                return found


class Server:
    """A running server with one tenant."""

    def __init__(self, database: str) -> None:
        self._process = subprocess.Popen(
            [BUILD / "serve", database, "--users"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("listening on http://127.0.0.1:")
        asked = {"tenant": "t0", "profile": '{"extends": "okta"}'}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        self.tenant: dict[str, str] = json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> int:
        self._process.communicate()
        return self._process.returncode


class Killed(unittest.TestCase):
    """kill -9 under load: nothing that was acknowledged is lost, and the application's table
    agrees."""

    def killed(self, database: str, rows: Callable[[], dict[str, bool]]) -> None:
        names: itertools.count[int] = itertools.count()
        acknowledged: dict[str, bool] = {}
        for _ in range(ROUNDS):
            server = Server(database)
            clients = [Client(server.tenant, names) for _ in range(CLIENTS)]
            for one in clients:
                one.start()
            time.sleep(random.uniform(0.1, 1.0))
            server.kill()
            for one in clients:
                one.join()
                self.assertEqual(one.others, [])
                acknowledged.update(one.acknowledged)
            unknown = set().union(*[one.unknown for one in clients])
            own, again = rows(), Server(database)
            self.assertEqual(own, Client(again.tenant, names).users())
            self.assertEqual(again.end(), 0)
            certain = {name: acknowledged[name] for name in acknowledged.keys() - unknown}
            self.assertEqual(certain, {name: own.get(name) for name in certain})
            acknowledged.update({name: own[name] for name in unknown if name in own})
        self.assertTrue(acknowledged)

    def test_over_sqlite(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/app.db"

            def rows() -> dict[str, bool]:
                connection = sqlite3.connect(path)
                found = connection.execute("SELECT name, active FROM users").fetchall()
                connection.close()
                return {name: bool(active) for name, active in found}

            self.killed(f"sqlite:{path}", rows)

    def test_over_postgresql(self) -> None:
        found = programs()
        if found is None:
            self.skipTest("there is no PostgreSQL")
        cluster = Cluster(found)
        try:
            database = cluster.database()

            def rows() -> dict[str, bool]:
                # A commit of the process that was killed may still run.
                sessions = "FROM pg_stat_activity WHERE datname = current_database()"
                others = f"{sessions} AND pid <> pg_backend_pid()"
                cluster.rows(database, f"SELECT pg_terminate_backend(pid) {others}")
                while cluster.rows(database, f"SELECT COUNT(*) {others}") != [["0"]]:
                    pass
                there = cluster.rows(database, "SELECT name, active FROM users")
                return {name: active == "t" for name, active in there}

            self.killed(database, rows)
        finally:
            cluster.remove()


if __name__ == "__main__":
    unittest.main()
