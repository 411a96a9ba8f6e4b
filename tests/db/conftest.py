"""Every test of the record runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from db.accounts import AccountStore
from db.engine import Database
from db.passwords import Passwords
from db.records import Records
from db.sealed import BrokerKeys, Sealer
from db.sessions import SessionStore
from db.users import User, UserStore
from portfolio.ids import AccountId
from tests.postgres import Postgres, running_postgres

NOW = datetime(2026, 1, 5, 15, 0, 0, 123456, tzinfo=UTC)
PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of this process, with a database that has the schema."""
    with running_postgres() as server:
        prepared = Database(server.url(server.create()))
        prepared.upgrade()
        prepared.dispose()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind with the schema in place."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'test.db'}")
        opened.upgrade()
        yield opened
        opened.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create(template="test_1")
    opened = Database(server.url(name))
    yield opened
    opened.dispose()
    server.drop(name)


@pytest.fixture
def sessions(database: Database) -> SessionStore:
    return SessionStore(database)


@pytest.fixture
def users(database: Database, sessions: SessionStore) -> UserStore:
    return UserStore(database, sessions, Passwords(CHEAP))


@pytest.fixture
def accounts(database: Database) -> AccountStore:
    return AccountStore(database, Sealer(b"a key for tests only"))


@pytest.fixture
def records(database: Database) -> Records:
    return Records(database)


@pytest.fixture
def trader(users: UserStore) -> User:
    return users.create("trader", PASSWORD, "trader", NOW)


@pytest.fixture
def account_id(accounts: AccountStore, trader: User) -> AccountId:
    return accounts.link(trader.user_id, "Main", BrokerKeys("KEY", "SECRET"), "exchange", NOW)
