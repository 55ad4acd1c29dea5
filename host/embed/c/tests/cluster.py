"""A private cluster of PostgreSQL in a folder of its own, reached through a socket there."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
fsync = off
full_page_writes = off
deadlock_timeout = 100ms
"""


def programs() -> Path | None:
    """The folder with PostgreSQL's programs: of the PATH, or Debian's newest."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((one.parent for one in folders), default=None, key=lambda one: int(one.parent.name))


class Cluster:
    """A running cluster with trust for everyone who reaches its folder."""

    def __init__(self, folder_of_programs: Path) -> None:
        self._programs = folder_of_programs
        self.folder = Path(tempfile.mkdtemp(prefix="scimlet-pg-"))
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self.folder / "data"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        self._run("initdb", "-D", self._data, *options)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(folder=self.folder))
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-w", "-t", "60", "-s", "start")
        self._made = 0

    def remove(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "-s", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"db{self._made}"
        self.rows("postgres", f"CREATE DATABASE {name}")
        return f"postgres://postgres@{str(self.folder).replace('/', '%2F')}/{name}"

    def rows(self, database: str, sql: str) -> list[list[str]]:
        """What a statement returns, as psql prints it. A URL names its database at the end."""
        command = [self._programs / "psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        where = ["-h", self.folder, "-U", "postgres", "-d", database.rpartition("/")[2]]
        run = subprocess.run(
            [*command, *where, "-c", sql], check=True, capture_output=True, text=True
        )
        return [line.split("\t") for line in run.stdout.splitlines()]

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        ids = {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid}
        subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **ids,
        )
