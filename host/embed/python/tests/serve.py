"""A server over a database, for tests that are clients over HTTP: over WSGI for `sqlite:PATH`, over
ASGI for `postgres://…`.

Its first line says where it listens. For each line that it reads, such as
`{"tenant": "t1", "profile": "{…}"}`, it makes a tenant, and prints what a client needs:
`{"url": …, "secret": …}`. It ends with its input."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import socketserver
import sqlite3
import sys
import threading
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


#: The mount of each tenant, by its name, with which the path begins.
MOUNTS: dict[str, Any] = {}


def base_of(name: str) -> str:
    return f"/{name}/scim/v2"


def mount_of(path: str) -> Any:
    return MOUNTS[path.split("/")[1]]


def say_root(port: int) -> str:
    """Says where the server listens."""
    root = f"http://127.0.0.1:{port}"
    print(f"listening on {root}", flush=True)
    return root


def say_tenant(root: str, name: str, secret: str) -> None:
    """Says how a client reaches the tenant."""
    print(json.dumps({"url": root + base_of(name), "secret": secret}), flush=True)


class Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        """With the path as it came, as gunicorn, uWSGI and Werkzeug have it."""
        return {**super().get_environ(), "REQUEST_URI": self.path}

    def log_message(self, *_: Any) -> None:
        pass


class Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


def over_wsgi(path: str, follows: bool) -> None:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False)

    def served(environ: dict[str, Any], start_response: Any) -> Any:
        return mount_of(environ["PATH_INFO"])(environ, start_response)

    opened = connect()
    opened.execute("PRAGMA journal_mode = WAL")
    opened.execute(TABLE)
    scim = Scimlet(connect, application=follow if follows else None)
    scim.migrate()
    server = make_server("127.0.0.1", 0, served, Threads, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = say_root(server.server_port)
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["tenant"]
        if scim.create_tenant(name):
            scim.tenant(name).configure(json.loads(asked["profile"]))
        MOUNTS[name] = scim.wsgi(at=base_of(name), tenant=name)
        say_tenant(root, name, scim.tenant(name).issue_credential("test").secret)


async def over_asgi(url: str) -> None:
    import asyncpg
    import uvicorn

    async def served(scope: Any, receive: Any, send: Any) -> None:
        await mount_of(scope["path"])(scope, receive, send)

    async with asyncpg.create_pool(url, min_size=1, max_size=8) as pool:
        scim = AsyncScimlet(pool)
        await scim.migrate()
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(served, log_level="error", lifespan="off"))
        serving = asyncio.ensure_future(server.serve([listener]))
        root = say_root(listener.getsockname()[1])
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            name = asked["tenant"]
            if await scim.create_tenant(name):
                await scim.tenant(name).configure(json.loads(asked["profile"]))
            MOUNTS[name] = scim.asgi(at=base_of(name), tenant=name)
            say_tenant(root, name, (await scim.tenant(name).issue_credential("test")).secret)
        server.should_exit = True
        await serving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", help="sqlite:PATH, or a URL of PostgreSQL")
    parser.add_argument("--users", action="store_true", help="keep a table of users in step")
    options = parser.parse_args()
    kind, _, path = options.database.partition(":")
    if kind == "sqlite":
        over_wsgi(path, options.users)
    else:
        asyncio.run(over_asgi(options.database))


if __name__ == "__main__":
    sys.exit(main())
