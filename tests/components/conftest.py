"""A server with pages, and a visitor of choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from components import visitor
from components.dash_app import create_dash
from web.services import EXTENSION

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


@dataclass
class Who:
    """Who is signed in; role None: nobody."""

    role: str | None = None
    accounts: list[Any] = field(default_factory=list)
    parts: Any = None

    def grant(self, account_id: str, permission: str = "trade") -> None:
        """Give an account."""
        self.accounts.append(
            SimpleNamespace(
                account_id=account_id,
                name=account_id.title(),
                account_number="PA3XYZ017Q",
                permission=permission,
            )
        )


@pytest.fixture
def who(monkeypatch: pytest.MonkeyPatch) -> Who:
    """Return who is signed in, to be set by the test."""
    signed_in = SimpleNamespace(
        current_user_id=lambda: None if who.role is None else "user-1",
        current_user_name=lambda: "kim.miller",
        current_role=lambda: who.role,
        current_accounts=lambda: who.accounts,
    )
    clock = SimpleNamespace(is_open=True, next_open=NOW, next_close=NOW)
    parts = SimpleNamespace(
        gateway=SimpleNamespace(feed_name="synthetic", clock=lambda _: clock),
        stream=SimpleNamespace(enabled=True),
        demo_users=(SimpleNamespace(username="trader", label=""),),
    )
    monkeypatch.setattr(visitor, "session", signed_in)
    who = Who(parts=parts)
    monkeypatch.setattr(visitor, "services", lambda: parts)
    return who


def a_server(who: Who) -> Flask:
    """Return a fresh server with all pages."""
    server = Flask(__name__)
    server.extensions[EXTENSION] = who.parts
    create_dash(server)
    return server


@pytest.fixture
def client(who: Who) -> Iterator[FlaskClient]:
    """Return a client of a fresh server with all pages."""
    with a_server(who).test_client() as client:
        yield client


Visit = Callable[[str], Any]


@pytest.fixture
def visit(client: FlaskClient) -> Visit:
    """Return ``visit(path)``: what Dash puts on the page at that path, and its status."""

    def ask(path: str) -> Any:
        pathname, _, search = path.partition("?")
        client.get(pathname)
        return client.post("/_dash-update-component", json=routing(pathname, search))

    return ask


def routing(pathname: str, search: str = "") -> dict[str, Any]:
    """Return the callback by which Dash asks for a page."""
    outputs = [("_pages_content", "children"), ("_pages_store", "data")]
    inputs = {"pathname": pathname, "search": f"?{search}" if search else ""}
    return {
        "output": ".." + "...".join(f"{one}.{prop}" for one, prop in outputs) + "..",
        "outputs": [{"id": one, "property": prop} for one, prop in outputs],
        "inputs": [
            {"id": "_pages_location", "property": prop, "value": value}
            for prop, value in inputs.items()
        ],
        "changedPropIds": ["_pages_location.pathname"],
    }
