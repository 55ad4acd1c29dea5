"""Runs the README's first example, compiled, and is Okta to it over HTTP: `first_example.py
PROGRAM`.
`first_example.py --print README.md` prints the example."""

from __future__ import annotations

import json
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


def first_example(readme: Path = README) -> str:
    """The first block of C in the README."""
    match = re.search(r"```c\n(.*?)```", readme.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


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
            with error:
                return error.code, json.load(error)

    def create(self, name: str) -> tuple[int, Any]:
        """Creates a user."""
        document = {"schemas": [USER], "userName": name, "name": {"givenName": name[:2].title()}}
        return self.ask("POST", "/Users", document)

    def set_active(self, id: str, active: bool) -> tuple[int, Any]:
        """Deactivates or reactivates a user as Okta does."""
        operations = [{"op": "replace", "value": {"active": active}}]
        return self.ask("PATCH", f"/Users/{id}", {"schemas": [PATCH], "Operations": operations})


def checked(okta: Okta, stranger: Okta, database: Path) -> None:
    """Provisions as Okta does, and looks at the application's own tables."""

    def rows(sql: str) -> list[Any]:
        connection = sqlite3.connect(database)
        try:
            found = connection.execute(sql).fetchall()
            connection.commit()
            return found
        finally:
            connection.close()

    status, ada = okta.create("ada@example.com")
    assert status == 201, ada
    assert rows("SELECT id, email, given, active FROM users") == [(1, "ada@example.com", "Ad", 1)]
    assert okta.ask("GET", f"/Users/{ada['id']}")[1]["userName"] == "ada@example.com"
    assert stranger.ask("GET", f"/Users/{ada['id']}")[0] == 401
    rows("INSERT INTO sessions VALUES (1, 'cookie')")
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


def run(program: str) -> None:
    """Starts the example in an empty folder, on any port; starts it again over what it made."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "0"]
        secret = None
        for _ in range(2):
            server = subprocess.Popen(
                command,
                cwd=folder,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            assert server.stdout is not None
            address = None
            while address is None:
                line = server.stdout.readline()
                assert line, "the example ended"
                found = re.search(r"secret: (\S+)", line)
                secret = found[1] if found else secret
                address = re.search(r"listening on (http://\S+)", line)
            assert secret is not None
            url = address[1] + "/scim/v2"
            okta = Okta(url, secret)
            try:
                if okta.ask("GET", "/Users")[1]["totalResults"] == 0:
                    checked(okta, Okta(url, secret[:-1]), Path(folder) / "app.db")
                assert okta.ask("GET", "/Users")[1]["totalResults"] == 2
            finally:
                server.terminate()
                server.communicate()
            assert server.returncode == 0


if __name__ == "__main__":
    if sys.argv[1] == "--print":
        sys.stdout.write(first_example(Path(sys.argv[2])))
    else:
        run(str(Path(sys.argv[1]).resolve()))
        print("the first example holds")
