"""Runs the README's first example with this interpreter, and is Okta to it over HTTP."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_LINES = 25


def first_example() -> str:
    """The first block of Python in the README."""
    match = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


def lines_of_code(text: str) -> int:
    """Lines that are neither empty nor comments."""
    lines = [line.strip() for line in text.splitlines()]
    return sum(1 for line in lines if line and not line.startswith("#"))


class Okta:
    """A client of the running example."""

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret

    def ask(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        """The status and the document of the answer."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self._url + path, body, method=method)
        request.add_header("Authorization", f"Bearer {self._secret}")
        request.add_header("Content-Type", "application/scim+json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def create(self, name: str) -> tuple[int, Any]:
        """Creates a user."""
        document = {"schemas": [USER], "userName": name, "name": {"givenName": name[:2].title()}}
        return self.ask("POST", "/Users", document)

    def set_active(self, id: str, active: bool) -> tuple[int, Any]:
        """Deactivates or reactivates a user as Okta does."""
        operations = [{"op": "replace", "value": {"active": active}}]
        return self.ask("PATCH", f"/Users/{id}", {"schemas": [PATCH], "Operations": operations})


def checked(okta: Okta, database: Path) -> None:
    """Provisions as Okta does, and looks at the application's own tables."""
    rows = lambda sql: sqlite3.connect(database).execute(sql).fetchall()  # noqa: E731
    status, ada = okta.create("ada@example.com")
    assert status == 201, ada
    assert rows("SELECT id, email, given, active FROM users") == [(1, "ada@example.com", "Ad", 1)]
    assert okta.ask("GET", f"/Users/{ada['id']}")[1]["userName"] == "ada@example.com"
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO sessions VALUES (1, 'cookie')")
    status, answer = okta.set_active(ada["id"], False)
    assert (status, answer["active"]) == (200, False), answer
    assert rows("SELECT id, active FROM users") == [(1, 0)]
    assert rows("SELECT COUNT(*) FROM sessions") == [(0,)]
    # Two seats: the third user has none, and nothing of it stays.
    assert okta.set_active(ada["id"], True)[0] == 200
    assert okta.create("bo@example.com")[0] == 201
    status, refused = okta.create("cy@example.com")
    assert status in (400, 403, 409), refused
    assert rows("SELECT email FROM users WHERE active ORDER BY id") == [
        ("ada@example.com",),
        ("bo@example.com",),
    ]


def run(path: str = "") -> None:
    """Starts the example in an empty folder; `path` is for a package that is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(first_example())
        command = [sys.executable, "-u", "-m", "flask", "run", "--port", "0"]
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert server.stdout is not None
            secret = address = None
            while secret is None or address is None:
                line = server.stdout.readline()
                assert line, "the example ended"
                secret = secret or re.search(r"secret: (\S+)", line)
                address = address or re.search(r"Running on (http://\S+)", line)
            checked(Okta(address[1] + "/scim/v2", secret[1]), Path(folder) / "app.db")
        finally:
            server.terminate()
            server.communicate()


if __name__ == "__main__":
    run()
    print(f"the first example holds: {lines_of_code(first_example())} lines")
