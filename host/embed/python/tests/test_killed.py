"""kill -9 under load: nothing that was acknowledged is lost, and the application's table agrees.

`SCIMLET_ROUNDS` says how often."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from support import PATCH, USER

ROUNDS = int(os.environ.get("SCIMLET_ROUNDS", "3"))
CLIENTS = 4
SERVE = Path(__file__).parent / "serve.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SERVE.parents[1] / "src")}


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
        where = urlsplit(self._tenant["url"])
        while True:
            name = f"user{next(self._names)}"
            self.unknown.add(name)
            try:
                made = self._ask(where, "POST", "/Users", {"schemas": [USER], "userName": name})
                if made is None:
                    continue
                self.acknowledged[name] = True
                self.unknown.discard(name)
                if random.random() < 0.5:
                    self.unknown.add(name)
                    change = [{"op": "replace", "value": {"active": False}}]
                    patch = {"schemas": [PATCH], "Operations": change}
                    if self._ask(where, "PATCH", f"/Users/{made['id']}", patch) is not None:
                        self.acknowledged[name] = False
                        self.unknown.discard(name)
            except (OSError, ValueError, http.client.HTTPException):  # Also half an answer.
                return

    def _ask(self, where, method: str, path: str, document) -> dict | None:
        """The document of a good answer; None if it was busy."""
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        headers = {
            "authorization": "Bearer " + self._tenant["secret"],
            "content-type": "application/scim+json",
        }
        connection.request(method, where.path + path, json.dumps(document), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        if answer.status in (200, 201):
            return body
        if answer.status != 503:
            self.others.append(f"{answer.status}: {body}")
        return None


def scims_view(path: str) -> dict[str, bool]:
    """userName and active of all users, from scimlet's own tables."""
    import scimlet

    scim = scimlet.Scimlet(lambda: sqlite3.connect(path, check_same_thread=False))
    users, cursor = {}, ""
    while True:
        page = scim.tenant("t0").users(cursor=cursor, count=500)
        for user in page.get("Resources", []):
            users[user["userName"]] = bool(user.get("active", True))
        cursor = page.get("nextCursor", "")
        if not cursor:
            return users


def test_killed_under_load(tmp_path: Path) -> None:
    database = str(tmp_path / "app.db")
    command = [sys.executable, str(SERVE), f"sqlite:{database}", "--users"]
    asked = json.dumps({"tenant": "t0", "profile": '{"extends": "okta"}'})
    names, acknowledged = itertools.count(), {}
    for _ in range(ROUNDS):
        server = subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline().startswith("listening on http://127.0.0.1:")
        print(asked, file=server.stdin, flush=True)
        tenant = json.loads(server.stdout.readline())
        clients = [Client(tenant, names) for _ in range(CLIENTS)]
        for one in clients:
            one.start()
        time.sleep(random.uniform(0.1, 1.0))
        server.kill()
        server.wait()
        for one in clients:
            one.join()
            assert one.others == []
            acknowledged.update(one.acknowledged)
        unknown = set().union(*[one.unknown for one in clients])
        with sqlite3.connect(database) as connection:
            rows = connection.execute("SELECT name, active FROM users").fetchall()
        own = {name: bool(active) for name, active in rows}
        assert own == scims_view(database)
        certain = {name: acknowledged[name] for name in acknowledged.keys() - unknown}
        assert certain == {name: own.get(name) for name in certain}
        acknowledged.update({name: own[name] for name in unknown if name in own})
    assert acknowledged
