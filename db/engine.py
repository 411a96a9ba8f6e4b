"""The database: engine, transactions, and the schema brought up to date in process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from portfolio.errors import AlphaFlowError, InvalidValue

BUSY_TIMEOUT_MS = 10_000
POOL_SIZE = 10
POOL_OVERFLOW = 30
_UPGRADE_LOCK = 0x616C7068
"""Advisory lock that lets one process upgrade a PostgreSQL database at a time ("alph")."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "alphaflow_writes"
_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}


class DatabaseUnreachable(AlphaFlowError):
    """A database that can't be opened or written.

    Args:
        url: which, its password hidden.
        words: the driver's.
    """

    def __init__(self, url: str, words: str) -> None:
        super().__init__(url, words)
        self.url = url
        self.words = words

    def __str__(self) -> str:
        return f"DATABASE_URL={self.url} can't be used: {self.words}"


class Database:
    """A SQLite file or a PostgreSQL database. Thread-safe.

    SQLite runs with a write-ahead log and ``synchronous=NORMAL``: what was
    committed survives a crash of the process; after a power cut the newest
    commits may be missing (the file stays whole), and the broker is asked for
    them at the next start. PostgreSQL keeps its own, stricter promise.

    Args:
        url: ``sqlite:///path/to/file`` or ``postgresql://user:password@host/name``.

    Raises:
        InvalidValue: another kind of database, or SQLite in memory.
    """

    def __init__(self, url: str) -> None:
        self.url = checked_url(url)
        self.is_sqlite = self.url.drivername == "sqlite"
        self.engine = create_engine(
            self.url,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=not self.is_sqlite,
        )
        if self.is_sqlite:
            _prepare_file(Path(self.url.database or ""))
            _use_sqlite_transactions(self.engine)
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        writing = self.engine.execution_options(**{_WRITES: True})
        self._writing = sessionmaker(writing, expire_on_commit=False)

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)!r})"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for reading; it sees one consistent state."""
        with self._reading() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction for writing: committed at the end, rolled back on an error.

        SQLite takes its write lock at once, so two writers wait for each other
        instead of failing halfway.
        """
        with self._writing.begin() as session:
            yield session

    def upgrade(self) -> None:
        """Bring the schema up to date. Safe when several processes start at once.

        Raises:
            DatabaseUnreachable: it can't be opened or written.
        """
        try:
            self._upgrade()
        except OperationalError as error:
            shown = self.url.render_as_string(hide_password=True)
            raise DatabaseUnreachable(shown, " ".join(str(error.orig).split())) from error

    def _upgrade(self) -> None:
        writing = self.engine.execution_options(**{_WRITES: True})
        with writing.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _UPGRADE_LOCK})
            _run_migrations(connection)

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def checked_url(url: str) -> URL:
    """Return the parsed URL of a database that AlphaFlow can use.

    Raises:
        InvalidValue: another kind of database, SQLite in memory, or no URL at all.
    """
    allowed = "sqlite:///path/to/file.db or postgresql://user:password@host/name"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidValue("DATABASE_URL", "…", allowed) from None
    if parsed.drivername in _POSTGRES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise InvalidValue("DATABASE_URL", parsed.render_as_string(hide_password=True), allowed)


def _prepare_file(path: Path) -> None:
    """Create the file readable by its owner only: it holds password hashes and sealed keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _use_sqlite_transactions(engine: Engine) -> None:
    """Let SQLAlchemy begin transactions instead of the driver, which begins too late."""

    @event.listens_for(engine, "connect")
    def _configure(connection: SqliteConnection, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _run_migrations(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
