"""A real PostgreSQL server for tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PROGRAMS = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])


def postgresql_programs() -> tuple[str, str] | None:
    """Return the paths of `initdb` and `postgres`, or None if PostgreSQL is not installed."""
    initdb, postgres = (shutil.which(program, path=PROGRAMS) for program in ("initdb", "postgres"))
    return (initdb, postgres) if initdb and postgres else None


class PostgreSQLServer:
    """A context manager that runs a new, empty server. It listens only on a Unix socket.

    Args:
        initdb: Path of the program `initdb`.
        postgres: Path of the program `postgres`.

    Attributes:
        folder: Folder with the socket and the data.
    """

    def __init__(self, initdb: str, postgres: str) -> None:
        self._initdb, self._postgres = initdb, postgres

    def __enter__(self) -> PostgreSQLServer:
        self._folder = TemporaryDirectory(prefix="postgresql-")
        self.folder = self._folder.name
        account: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = {"user": pwd.getpwnam("postgres").pw_uid}
            os.chown(self.folder, account["user"], -1)
        data = f"{self.folder}/data"
        create = [self._initdb, "--pgdata", data, "--auth", "trust", "--username", "postgres", "--no-sync"]
        subprocess.run(create, check=True, capture_output=True, **account)
        serve = [self._postgres, "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        self._process = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True, **account)
        assert self._process.stderr
        assert any("ready to accept connections" in line for line in self._process.stderr)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.communicate()
        self._folder.cleanup()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"
