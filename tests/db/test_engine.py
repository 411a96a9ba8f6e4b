"""The database itself: schema, start-up, transactions, what survives a crash."""

from __future__ import annotations

import multiprocessing
import os
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from db.accounts import AccountStore
from db.engine import Database
from db.passwords import Passwords
from db.sealed import BrokerKeys, Sealer
from db.sessions import SessionStore
from db.tables import Base, UserRow
from db.users import UserStore
from portfolio.errors import InvalidValue
from tests.db.conftest import CHEAP, NOW

_SPAWN = multiprocessing.get_context("spawn")
TABLES = {
    "users", "sessions", "accounts", "grants", "positions", "orders", "order_events", "trades",
    "equity_samples",
}  # fmt: skip


def _upgrade(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.dispose()


def test_upgrade_creates_every_table_the_models_name(database: Database) -> None:
    """O5: the migrations lead to exactly the schema that the models describe."""
    with database.engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        tables = set(inspect(connection).get_table_names())
    assert ([], TABLES) == (difference, tables - {"alembic_version"})


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """A second start finds the schema in place."""
    _upgrade(database_url)
    database = Database(database_url)
    database.upgrade()
    with database.read() as session:
        versions = session.execute(text("SELECT version_num FROM alembic_version")).all()
    database.dispose()
    assert [("0001",)] == [tuple(row) for row in versions]


def test_processes_that_start_at_once_upgrade_in_turn(database_url: str) -> None:
    """Four processes that start on an empty database all come up."""
    starting = [_SPAWN.Process(target=_upgrade, args=(database_url,)) for _ in range(4)]
    for process in starting:
        process.start()
    for process in starting:
        process.join(60)
    assert [0, 0, 0, 0] == [process.exitcode for process in starting]


def test_writers_wait_for_each_other(database: Database) -> None:
    """Concurrent read-then-write transactions all get through, none on stale data."""
    users = UserStore(database, SessionStore(database), Passwords(CHEAP))
    user = users.create("counter", "long enough", "trader", NOW)

    def add_one() -> None:
        for _ in range(5):
            with database.write() as session:
                row = session.get(UserRow, user.user_id, with_for_update=True)
                assert row is not None
                row.password_hash = str(int(row.password_hash) + 1)

    with database.write() as session:
        row = session.get(UserRow, user.user_id)
        assert row is not None
        row.password_hash = "0"
    threads = [Thread(target=add_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        row = session.get(UserRow, user.user_id)
        assert row is not None
        assert "30" == row.password_hash


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """What was written before an error in the same transaction is not kept."""
    users = UserStore(database, SessionStore(database), Passwords(CHEAP))
    user = users.create("whole", "long enough", "trader", NOW)

    def fail() -> None:
        with database.write() as session:
            row = session.get(UserRow, user.user_id)
            assert row is not None
            row.role = "admin"
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert "trader" == getattr(users.by_id(user.user_id), "role", None)


def _write_and_die(url: str) -> None:
    database = Database(url)
    users = UserStore(database, SessionStore(database), Passwords(CHEAP))
    users.create("survivor", "long enough", "trader", NOW)
    os._exit(9)


def test_what_was_committed_survives_a_crash_of_the_process(database_url: str) -> None:
    """O5: a process that dies right after a commit loses nothing of it."""
    _upgrade(database_url)
    dying = _SPAWN.Process(target=_write_and_die, args=(database_url,))
    dying.start()
    dying.join(60)
    database = Database(database_url)
    found = UserStore(database, SessionStore(database), Passwords(CHEAP)).by_name("survivor")
    database.dispose()
    assert (9, True) == (dying.exitcode, found is not None)


def test_sqlite_runs_with_the_pragmas_that_matter(tmp_path: Path) -> None:
    """Write-ahead log, foreign keys, a patient lock; the file is its owner's alone."""
    path = tmp_path / "new folder" / "x.db"
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        names = ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        pragmas = [session.execute(text(f"PRAGMA {name}")).scalar() for name in names]
    database.dispose()
    mode = stat.S_IMODE(path.stat().st_mode)
    assert (["wal", 1, 10_000, 1], 0o600) == (pragmas, mode)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused_in_words(url: str) -> None:
    """DATABASE_URL: what was wrong and what is allowed."""
    with pytest.raises(InvalidValue, match=r"DATABASE_URL.*allowed: sqlite:///"):
        Database(url)


def test_a_database_does_not_show_its_password() -> None:
    """Neither repr nor a refusal contains the password of the URL."""
    database = Database("postgresql://user:hunter2@localhost/x")
    database.dispose()
    with pytest.raises(InvalidValue) as refusal:
        Database("mysql://user:hunter2@localhost/x")
    assert "hunter2" not in f"{database!r}{refusal.value}"


def test_naive_times_are_refused_and_others_come_back_in_utc(
    users: UserStore, database: Database
) -> None:
    """Times are stored to the microsecond and come back aware, whatever their offset was."""
    local = datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    user = users.create("late", "long enough", "trader", local)
    stored = users.by_id(user.user_id)
    assert stored is not None
    assert (NOW, timedelta(0)) == (stored.created_at, stored.created_at.utcoffset())
    with pytest.raises(Exception, match="no time zone"):
        users.create("naive", "long enough", "trader", datetime(2026, 1, 5))  # noqa: DTZ001


def test_an_account_of_nobody_is_refused(database: Database) -> None:
    """Foreign keys are enforced on both databases."""
    accounts = AccountStore(database, Sealer(b"a key for tests only"))
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        accounts.link("nobody", "x", BrokerKeys("K", "S"), "paper", NOW)  # type: ignore[arg-type]
