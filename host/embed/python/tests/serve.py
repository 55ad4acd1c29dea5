"""Serves tenants from a database, over WSGI or ASGI, and says in a line of JSON how to reach them.

For tests that are clients over HTTP: the recorded exchanges, and those that kill it."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import socketserver
import sqlite3
import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from scimlet import AsyncScimlet, Change, Scimlet

TABLE = "CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, name TEXT UNIQUE, active INTEGER)"


def follow(change: Change, db: sqlite3.Connection) -> int | None:
    """Keeps the application's table in step."""
    if change.resource_type != "User":
        return None
    if change.after is None:
        db.execute("DELETE FROM users WHERE id = ?", [change.product_id])
        return None
    row = change.product_id, change.after["userName"], change.after.get("active", True)
    written = db.execute("REPLACE INTO users VALUES (?, ?, ?) RETURNING id", row)
    return int(written.fetchone()[0])


def base_of(number: int) -> str:
    return f"/t{number}/scim/v2"


def said(port: int, secrets: list[str]) -> None:
    """How clients reach the tenants, in their order."""
    base = f"http://127.0.0.1:{port}"
    tenants = [
        {"url": base + base_of(number), "secret": secret} for number, secret in enumerate(secrets)
    ]
    print(json.dumps(tenants), flush=True)


class Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        """With the path as it came, as gunicorn, uWSGI and Werkzeug have it."""
        return {**super().get_environ(), "REQUEST_URI": self.path}

    def log_message(self, *_: Any) -> None:
        pass


class Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


def over_wsgi(path: str, profiles: list[Any], follows: bool) -> None:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False)

    opened = connect()
    opened.execute("PRAGMA journal_mode = WAL")
    opened.execute(TABLE)
    scim = Scimlet(connect, application=follow if follows else None)
    scim.migrate()
    secrets, served = [], None
    for number, profile in enumerate(profiles):
        name = f"t{number}"
        scim.create_tenant(name)
        scim.tenant(name).configure(profile)
        secrets.append(scim.tenant(name).issue_credential("test").secret)
        served = scim.wsgi(served, at=base_of(number), tenant=name)
    server = make_server("127.0.0.1", 0, served, Threads, Handler)
    said(server.server_port, secrets)
    server.serve_forever()


async def over_asgi(url: str, profiles: list[Any]) -> None:
    import asyncpg
    import uvicorn

    async with asyncpg.create_pool(url, min_size=1, max_size=8) as pool:
        scim = AsyncScimlet(pool)
        await scim.migrate()
        secrets, served = [], None
        for number, profile in enumerate(profiles):
            name = f"t{number}"
            await scim.create_tenant(name)
            await scim.tenant(name).configure(profile)
            secrets.append((await scim.tenant(name).issue_credential("test")).secret)
            served = scim.asgi(served, at=base_of(number), tenant=name)
        listener = socket.create_server(("127.0.0.1", 0))
        said(listener.getsockname()[1], secrets)
        config = uvicorn.Config(served, log_level="error", lifespan="off")
        await uvicorn.Server(config).serve([listener])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="a path, or a URL of PostgreSQL")
    parser.add_argument("--profiles", required=True, type=Path, help="a file with a list of them")
    parser.add_argument("--follow", action="store_true", help="keep a table of users in step")
    options = parser.parse_args()
    profiles = json.loads(options.profiles.read_text())
    if options.database.startswith("postgres"):
        asyncio.run(over_asgi(options.database, profiles))
    else:
        over_wsgi(options.database, profiles, options.follow)


if __name__ == "__main__":
    sys.exit(main())
