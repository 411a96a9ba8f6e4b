"""A private PostgreSQL server for tests: in a folder of its own, over a socket file, no port."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_USERS = ("postgres", "nobody")
_OPTIONS = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
WHAT_TO_INSTALL = "PostgreSQL is missing; install it with: apt-get install postgresql"


class Postgres:
    """A running server that hands out databases.

    Args:
        folder: where its socket is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def create(self, template: str = "template1") -> str:
        """Create a database and return its name."""
        self._count += 1
        name = f"test_{self._count}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        """Return a database's SQLAlchemy URL."""
        return f"postgresql://alphaflow@/{name}?host={self._folder}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self._folder), user="alphaflow", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def skip_or_fail(reason: str) -> None:
    """Skip a test for want of a program; fail where a skipped test would go unnoticed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs, None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).parent


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server for the length of the block."""
    folder = programs()
    if folder is None:
        skip_or_fail(WHAT_TO_INSTALL)
        return
    home = Path(tempfile.mkdtemp(prefix="alphaflow-pg-"))
    home.chmod(0o755)
    data = home / "data"
    data.mkdir()
    user = _ordinary_user(data, home)
    try:
        _run(user, str(folder / "initdb"), "-D", str(data), "-U", "alphaflow", "-A", "trust")
        control = [str(folder / "pg_ctl"), "-D", str(data), "-w", "-l", f"{data}/log"]
        _run(user, *control, "-o", f"{_OPTIONS} -k {home}", "start")
        try:
            yield Postgres(home)
        finally:
            _run(user, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _ordinary_user(*folders: Path) -> str | None:
    """Return whom to run the server as, since PostgreSQL refuses root; None: as we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in _USERS if name in known), getpass.getuser())
    for folder in folders:
        shutil.chown(folder, user)
    return user


def _run(user: str | None, *command: str) -> None:
    done = subprocess.run(command, cwd="/", user=user, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed: {done.stdout}{done.stderr}"
