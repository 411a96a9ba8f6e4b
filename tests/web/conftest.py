"""A server with a real database and every door, people, and clients that are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from db.accounts import AccountStore
from db.engine import Database
from db.passwords import Passwords
from db.records import Records
from db.sealed import BrokerKeys, Sealer
from db.sessions import SessionStore
from db.users import Role, User, UserStore
from portfolio.ids import AccountId
from tests.web.doubles import NOW, InMemoryGateway, QuietStream
from web.app import create_flask
from web.services import DemoUser, Services, WebSettings

PASSWORD = "correct horse battery"
PEOPLE: dict[str, Role] = {
    "trader": "trader", "other": "trader", "viewer": "viewer", "admin": "admin", "reader": "trader",
    "nobody": "trader",
}  # fmt: skip


@dataclass
class Site:
    """Everything behind the doors, and ways to knock.

    Attributes:
        mine: the trader's account; the viewer (with ``trade``) and the reader see it too.
        theirs: the other trader's account.
        now: what the server's clock says.
    """

    database: Database
    services: Services
    app: Flask
    gateway: InMemoryGateway
    stream: QuietStream
    mine: AccountId
    theirs: AccountId
    now: datetime = NOW
    people: dict[str, User] = field(default_factory=dict)

    def client(self, name: str | None = None) -> FlaskClient:
        """Return a client, signed in as name."""
        client = self.app.test_client()
        if name is not None:
            assert 200 == self.login(client, name).status_code
        return client

    def login(
        self, client: FlaskClient, name: str, password: str = PASSWORD, **more: object
    ) -> TestResponse:
        """Try to sign in by JSON."""
        body = {"username": name, "password": password}
        return client.post("/login", json=body, **more)  # type: ignore[arg-type]

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


Build = Callable[..., Site]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Return what builds a site; keyword arguments are WebSettings, and demo_users."""
    with closing(_Builder(tmp_path)) as builder:
        yield builder.build


class _Builder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: list[Database] = []

    def close(self) -> None:
        for database in self._opened:
            database.dispose()

    def build(self, demo_users: tuple[DemoUser, ...] = (), **settings: object) -> Site:
        database = Database(f"sqlite:///{self._folder / f'{len(self._opened)}.db'}")
        database.upgrade()
        self._opened.append(database)
        sessions = SessionStore(database)
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        users = UserStore(database, sessions, cheap)
        accounts = AccountStore(database, Sealer(b"a key for tests only"))
        records = Records(database)
        gateway, stream = InMemoryGateway(records), QuietStream()
        people = {name: users.create(name, PASSWORD, role, NOW) for name, role in PEOPLE.items()}
        mine, theirs = _link(accounts, people)
        for account_id in (mine, theirs):
            gateway.open(account_id)
        web = WebSettings(version="1.2.3", secret_key="for tests", **settings)  # type: ignore[arg-type]
        services = Services(
            users=users, sessions=sessions, accounts=accounts, records=records, gateway=gateway,
            stream=stream, settings=web, demo_users=demo_users, clock=lambda: site.now,
        )  # fmt: skip
        app = create_flask(services)
        app.testing = True
        site = Site(database, services, app, gateway, stream, mine, theirs, people=people)
        return site


def _link(accounts: AccountStore, people: dict[str, User]) -> tuple[AccountId, AccountId]:
    keys = BrokerKeys("K", "S")
    mine, theirs = (
        accounts.link(
            people[name].user_id, f"{name}'s", keys, "exchange", NOW, account_number=number
        )
        for name, number in (("trader", "PA3XYZ7Q"), ("other", "PA4ABC1R"))
    )
    accounts.grant(people["viewer"].user_id, mine, "trade", NOW)
    accounts.grant(people["reader"].user_id, mine, "read", NOW)
    return mine, theirs


@pytest.fixture
def site(build: Build) -> Site:
    """A site with default settings, on which anybody may fail to log in often."""
    return build(login_attempts_per_minute=1000)


@pytest.fixture
def trader(site: Site) -> FlaskClient:
    return site.client("trader")


def problem_of(response: TestResponse) -> tuple[int, str]:
    """Return status and code of a problem document, after checking its form."""
    assert "application/problem+json" == response.mimetype
    body = response.get_json()
    assert response.status_code == body["status"]
    assert body["title"]
    assert body["detail"]
    prefix, _, code = body["type"].rpartition(":")
    assert "urn:alphaflow:problem" == prefix
    return response.status_code, code


def fields_of(response: TestResponse) -> list[str]:
    """Return the fields that a problem document complains of, after checking their form."""
    errors = response.get_json()["errors"]
    assert all(set(each) == {"field", "got", "allowed"} and each["allowed"] for each in errors)
    return [each["field"] for each in errors]
